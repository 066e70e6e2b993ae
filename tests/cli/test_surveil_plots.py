"""Plots of `surveil`, and what every plot has: a title, times below, its peak written in."""

from datetime import UTC, datetime

import numpy as np
import pytest
from click.testing import CliRunner
from floods import make_basin, make_forcing
from floods import run as forecast

from fangxian.cli.main import root


@pytest.fixture(autouse=True)
def today(now):
    now.at = datetime(2026, 6, 1, tzinfo=UTC)


def run(*words):
    return CliRunner().invoke(root, ["--lang", "en", "surveil", *map(str, words)])


def days(n, count):
    first = np.datetime64("2022-01-03")
    return "date,observed\n" + "".join(f"{first + k},{count(k)}\n" for k in range(n))


@pytest.fixture
def counts(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text(days(60, lambda k: 90 if k == 40 else 5 + k % 4))
    return path


def test_detection_marks_alarms_and_the_peak(tmp_path, counts):
    plot = tmp_path / "d.svg"
    words = ["detect", "--method", "ears_c2", "--in", counts, "--out", tmp_path / "o.csv"]
    assert run(*words, "--plot", plot).exit_code == 0
    text = plot.read_text()
    for said in ("ears_c2: s.csv, 1 alarms", "threshold", "peak 90  2022-02-12", ">time<"):
        assert said in text
    assert run(*words, "--plot", tmp_path / "d.jpg").exit_code == 2


def test_rt_has_its_interval_and_its_newest_value(tmp_path, counts):
    plot = tmp_path / "r.svg"
    words = ["rt", "--method", "parametric", "--mean-si", 4, "--std-si", 2, "--incidence", counts]
    assert run(*words, "--out", tmp_path / "o.csv", "--plot", plot).exit_code == 0
    text = plot.read_text()
    for said in ("95 %", "reproduction number: s.csv, newest", "peak ", "2022-01-03"):
        assert said in text


def test_a_nowcast_stands_on_a_day(tmp_path):
    lines, plot = tmp_path / "l.csv", tmp_path / "n.svg"
    first = np.datetime64("2022-01-03")
    pairs = [f"{first + d},{first + d + k % 5}" for d in range(20) for k in range(8)]
    lines.write_text("onset,report\n" + "\n".join(pairs))
    words = ["nowcast", "--linelist", lines, "--now", "2022-01-22", "--out", tmp_path / "o.csv"]
    assert run(*words, "--days", 15, "--plot", plot).exit_code == 0
    text = plot.read_text()
    for said in ("standing on 2022-01-22", "reported", "estimated", "peak "):
        assert said in text


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_a_scan_is_a_map_and_a_course(tmp_path, kind):
    places, cases, plot = tmp_path / "p.csv", tmp_path / "c.csv", tmp_path / f"m.{kind}"
    rng = np.random.default_rng(1)
    spots = [f"v{k},{24 + k % 5 / 50},{117 + k // 5 / 50}" for k in range(25)]
    places.write_text("place,latitude,longitude\n" + "\n".join(spots))
    lines = [f"v{rng.integers(25)},2021-09-{rng.integers(1, 29):02d}" for _ in range(80)]
    cases.write_text("place,date\n" + "\n".join([*lines, *["v3,2021-09-28"] * 9]))
    words = ["scan", "--cases", cases, "--places", places, "--replicates", 19]
    assert run(*words, "--out", tmp_path / "o.csv", "--plot", plot).exit_code == 0
    if kind == "png":
        assert plot.read_bytes().startswith(b"\x89PNG")
        return
    text = plot.read_text()
    for said in ("space-time scan: c.csv", "most likely cluster: last", "peak ", "2021-09-28"):
        assert said in text


def test_a_hydrograph_has_title_time_and_peak(tmp_path):
    basin, forcing, plot = make_basin(tmp_path), make_forcing(tmp_path), tmp_path / "q.svg"
    words = ["simulate", "--model", "xaj", "--basin", basin, "--forcing", forcing, "--plot", plot]
    assert forecast(*words, "--out", tmp_path / "q.csv").exit_code == 0
    text = plot.read_text()
    for said in ("xaj, simulated flow: f.csv", ">time<", "peak ", "m³/s"):
        assert said in text
