"""Several files and methods in one call, what is imported for one, and kernels compiled early."""

import csv
import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest
from click.testing import CliRunner

from fangxian.cli.main import root


@pytest.fixture(autouse=True)
def today(now):
    now.at = datetime(2026, 6, 1, tzinfo=UTC)


def run(*words):
    return CliRunner().invoke(root, ["--lang", "en", "surveil", "detect", *map(str, words)])


@pytest.fixture
def files(tmp_path):
    first, found = np.datetime64("2021-01-04"), []
    for name, count in (("a", 5), ("b", 7)):
        path = tmp_path / f"{name}.csv"
        lines = [f"{first + 7 * k},{count + k % 3}" for k in range(60)]
        path.write_text("date,observed\n" + "\n".join(lines))
        found += ["--in", path]
    return found


def test_each_file_by_each_method_is_what_it_is_alone(tmp_path, files):
    ways = ["--method", "ears_c2", "--preset", "ewma"]
    result = run(*files, *ways, "--out", tmp_path / "{file}-{method}.out", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["done"], told["failed"]) == (0, 4, 0)
    assert {(r["file"], r["judged"] > 0) for r in told["runs"]} == {
        ("a.csv", True),
        ("b.csv", True),
    }
    for name in "ab":
        alone = tmp_path / "alone.csv"
        run("--in", tmp_path / f"{name}.csv", "--method", "ears_c2", "--out", alone)
        assert alone.read_bytes() == (tmp_path / f"{name}-ears_c2.out").read_bytes()


@pytest.mark.parametrize("out", ["o.csv", "{file}.csv", "{file}-{method}.csv"])
def test_two_outputs_of_one_name_or_an_input_are_refused(tmp_path, files, out):
    taken = tmp_path / "a-ewma.csv"
    taken.write_bytes((tmp_path / "a.csv").read_bytes())
    ways = ["--preset", "ewma", "--method", "ears_c2", "--in", taken]
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert run(*files, *ways, "--out", tmp_path / out).exit_code == 2
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_one_that_fails_is_named_and_the_others_are_done(tmp_path, files):
    (tmp_path / "b.csv").write_text("x,y\n1,2\n")
    result = run(*files, "--method", "ears_c2", "--out", tmp_path / "{file}.out", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["done"], told["failed"]) == (3, 1, 1)
    assert told["errors"][0].startswith("b.csv ears_c2: ")
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    result = run(*files, "--method", "ears_c2", "--out", tmp_path / "{file}.new")
    assert result.exit_code == 1


def test_the_series_to_draw_is_chosen(tmp_path):
    source, plot = tmp_path / "s.csv", tmp_path / "s.svg"
    first = np.datetime64("2021-01-04")
    lines = [f"{name},{first + 7 * k},5" for name in ("north", "south") for k in range(20)]
    source.write_text("series,date,observed\n" + "\n".join(lines))
    words = ["--in", source, "--method", "ears_c2", "--out", tmp_path / "o.csv", "--plot", plot]
    result = run(*words, "--plot-series", "south")
    assert result.exit_code == 0
    assert "south" in plot.read_text()
    with (tmp_path / "o.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 40
    assert run(*words, "--plot-series", "west").exit_code == 2


def test_only_the_method_asked_for_is_imported():
    code = (
        "import sys, numpy as np; from fangxian.kernels.epi.registry import detect_by_name; "
        "from fangxian.kernels.epi.detector import Series; "
        "before = 'numba' in sys.modules; "
        "detect_by_name('single_case', Series(np.ones((1, 9)))); "
        "print(before, sorted(m.rpartition('.')[2] for m in sys.modules if 'kernels.epi.' in m))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False ['cidars', 'detector', 'registry']"


def test_what_is_compiled_is_told_once(tmp_path, files):
    words = [sys.executable, "-m", "fangxian.cli", "--lang", "en", "surveil", "detect"]
    words += ["--method", "ears_c2", *map(str, files[:2]), "--out", str(tmp_path / "o.out")]
    fresh = {"NUMBA_CACHE_DIR": str(tmp_path / "loops")}
    for said in (1, 0):
        done = subprocess.run(
            words, env={**os.environ, **fresh}, capture_output=True, text=True, check=True
        )
        assert done.stderr.count("compiling once") == said
