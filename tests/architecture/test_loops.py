"""Compiled loops are never older than the kernel files they were made from."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fangxian

TELL = "import fangxian, os; print(os.environ['NUMBA_CACHE_DIR'])"


@pytest.fixture
def package(tmp_path):
    """A package with our first file and one kernel."""
    kernels = tmp_path / "fangxian/kernels"
    kernels.mkdir(parents=True)
    (tmp_path / "fangxian/__init__.py").write_text(Path(fangxian.__file__).read_text())
    (kernels / "one.py").write_text("A = 1")
    return tmp_path


def folder(package, **more):
    clean = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", TELL],
        capture_output=True,
        text=True,
        check=True,
        env={**clean, "PYTHONPATH": str(package), **more},
    )
    return done.stdout.strip()


def test_a_change_in_any_kernel_file_begins_anew(package):
    first = folder(package)
    assert folder(package) == first
    (package / "fangxian/kernels/two.py").write_text("B = 2")
    second = folder(package, NUMBA_CACHE_DIR=first)  # as a child of an older process
    assert second != first
    assert Path(second).is_dir()


def test_a_folder_of_somebody_else_is_left_to_them(package):
    assert folder(package, NUMBA_CACHE_DIR="/elsewhere") == "/elsewhere"


def test_old_folders_go(package):
    for k in range(7):
        (package / "fangxian/kernels/one.py").write_text(f"A = {k}")
        os.utime(package / "fangxian/kernels/one.py", ns=(k, k))
        newest = folder(package)
    kept = [p.name for p in Path(newest).parent.iterdir()]
    assert len(kept) == 4
    assert Path(newest).name in kept
