"""A period that was not judged is never a period without alarm."""

import csv
import json
from datetime import UTC, datetime

import numpy as np
import pytest
from click.testing import CliRunner

from fangxian.cli.main import root
from fangxian.kernels.epi.registry import METHODS

ALWAYS = ("single_case", "linked_cases", "fixed_threshold", "outbreak_p")  # they need no history


@pytest.fixture(autouse=True)
def today(now):
    now.at = datetime(2026, 6, 1, tzinfo=UTC)


def run(*words):
    return CliRunner().invoke(root, ["--lang", "en", "surveil", *map(str, words)])


def series(path, counts, start="2015-01-05"):
    first = np.datetime64(start)
    lines = [f"{first + 7 * k},{'' if c is None else c}" for k, c in enumerate(counts)]
    path.write_text("date,observed\n" + "\n".join(lines) + "\n")
    return path


def rows(path):
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("length", [1, 3, 60])
def test_no_method_says_no_alarm_of_what_it_did_not_judge(tmp_path, method, length):
    source, out = series(tmp_path / "s.csv", [9] * length), tmp_path / "o.csv"
    result = run("detect", "--method", method, "--in", source, "--out", out, "--json")
    told, found = json.loads(result.stdout), rows(out)
    for row in found:
        assert (row["alarm"] == "") == (row["reason"] != "judged")
    assert told["reasons"]["judged"] == sum(row["alarm"] != "" for row in found)
    assert sum(told["reasons"].values()) == told["periods"] == length
    assert result.exit_code == (0 if found[-1]["alarm"] else 3)
    if length == 1 and method not in ALWAYS:
        assert (found[0]["reason"], result.exit_code) == ("short", 3)


def test_the_newest_period_of_each_series_must_be_judged(tmp_path):
    source, out = tmp_path / "s.csv", tmp_path / "o.csv"
    first = np.datetime64("2021-01-04")
    lines = [f"{name},{first + 7 * k},5" for name in "ab" for k in range(30)]
    source.write_text("series,date,observed\n" + "\n".join(lines[:-1]))
    result = run("detect", "--method", "ears_c2", "--in", source, "--out", out)
    assert result.exit_code == 3
    assert "the newest period of b, 2021-07-26, was not judged: missing" in result.output
    assert "reasons: judged 41, history too short 18, few 0, missing 1" in result.output
    source.write_text("series,date,observed\n" + "\n".join(lines))
    assert run("detect", "--method", "ears_c2", "--in", source, "--out", out).exit_code == 0


def test_few_cases_are_said_and_are_not_silence(tmp_path):
    source, out = series(tmp_path / "s.csv", [6] * 320 + [0] * 10), tmp_path / "o.csv"
    result = run("detect", "--method", "farrington_flexible", "--in", source, "--out", out)
    assert result.exit_code == 3
    assert (rows(out)[-1]["reason"], rows(out)[-1]["alarm"]) == ("few", "")


def test_a_window_that_begins_before_the_series_proves_an_alarm_alone(tmp_path):
    source, out = series(tmp_path / "s.csv", [1, 1, 1, 0]), tmp_path / "o.csv"
    run("detect", "--method", "linked_cases", "--in", source, "--out", out)
    assert [row["alarm"] for row in rows(out)] == ["", "1", "1", "0"]


def test_nothing_judged_at_all_ends_with_three(tmp_path):
    source, out = series(tmp_path / "s.csv", [9] * 20), tmp_path / "o.csv"
    words = ["detect", "--method", "ears_c2", "--in", source, "--out", out]
    result = run(*words, "--from", "2016-01-01")
    assert result.exit_code == 3
    assert "no period was judged" in result.output
