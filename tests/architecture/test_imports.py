"""The contracts of imports refuse what they claim to refuse: each forbidden import is planted and
seen refused, in a copy of the house."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fangxian

SRC = Path(fangxian.__file__).parent
ROOT = SRC.parents[1]
# All that a kernel may use besides its own family and kernels.common.
KERNELS_MAY = {
    "numpy", "numba", "llvmlite", "scipy", "math", "dataclasses", "typing", "collections",
    "functools", "itertools", "enum", "os", "concurrent", "fangxian", "threading",
}  # fmt: skip

PLANTED = {
    "a hazard in the spine": ("spine/core/clock.py", "fangxian.hazards.flood.tables"),
    "surfaces in a hazard": ("hazards/flood/tables.py", "fangxian.surfaces.web.policy"),
    "wiring in a hazard": ("hazards/flood/tables.py", "fangxian.wiring"),
    "one hazard in the other": ("hazards/epidemic/tables.py", "fangxian.hazards.flood.tables"),
    "a later room in an earlier one": ("spine/reach/models.py", "fangxian.spine.assess.models"),
    "registry in core": ("spine/core/rights.py", "fangxian.spine.registry.models"),
    "command in assess": ("spine/assess/rules.py", "fangxian.spine.command.rules"),
    "a service in a format": ("spine/observe/intake/rows.py", "fangxian.spine.observe.write"),
    "the store above its models": ("spine/observe/models.py", "fangxian.spine.observe.store"),
    "one surface in the other": ("surfaces/api/keys.py", "fangxian.surfaces.web.policy"),
    "ops in a surface": ("surfaces/web/policy.py", "fangxian.ops.worker"),
    "the command line in ops": ("ops/worker.py", "fangxian.cli.main"),
    "the spine in a kernel": ("kernels/hydro/gr4.py", "fangxian.spine.core.clock"),
    "django in a kernel": ("kernels/hydro/gr4.py", "django.db"),
    "one family of kernels in the other": ("kernels/epi/ears.py", "fangxian.kernels.hydro.gr4"),
    "a family in what families share": ("kernels/common/windows.py", "fangxian.kernels.epi.ears"),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the house with its contracts."""
    copy = tmp_path_factory.mktemp("house")
    shutil.copytree(SRC, copy / "fangxian", ignore=shutil.ignore_patterns("static", "data"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def contracts(house):
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=house,
        env={"PYTHONPATH": str(house), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_house_as_it_is_keeps_its_contracts(house):
    code, told = contracts(house)
    assert code == 0, told[-2000:]


@pytest.mark.parametrize("what", PLANTED)
def test_a_forbidden_import_is_refused(house, what):
    name, planted = PLANTED[what]
    path = house / "fangxian" / name
    before = path.read_text()
    path.write_text(f"{before}\n\nimport {planted}\n")
    try:
        code, told = contracts(house)
    finally:
        path.write_text(before)
    assert code == 1, what
    assert "BROKEN" in told


def strangers(tree):
    """Modules a kernel imports that are not on its list."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").split(".")[0])
    return found - KERNELS_MAY


def test_kernels_use_numbers_and_little_else():
    told = {str(p.relative_to(SRC)): strangers(ast.parse(p.read_text()))
            for p in SRC.glob("kernels/**/*.py")}  # fmt: skip
    assert {name: who for name, who in told.items() if who} == {}


@pytest.mark.parametrize(
    "module", ["sqlite3", "requests", "logging", "datetime", "pathlib", "time"]
)
def test_a_stranger_in_a_kernel_is_seen(module):
    assert strangers(ast.parse(f"import {module}")) == {module}
    assert strangers(ast.parse(f"def f():\n    from {module} import x")) == {module}
