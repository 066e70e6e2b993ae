"""`surveil tidy`: what is changed is chosen, and said in its row."""

import csv
import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from fangxian.cli.main import root


@pytest.fixture(autouse=True)
def today(now):
    now.at = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def tidied(tmp_path):
    """Runs the word over lines of day and count; gives exit code, rows and summary."""

    def run(lines, *words, head="date,observed"):
        source, out = tmp_path / "s.csv", tmp_path / "o.csv"
        source.write_text(head + "\n" + "\n".join(lines) + "\n")
        out.unlink(missing_ok=True)
        given = ["--lang", "en", "surveil", "tidy", str(source), "--out", str(out), *words]
        result = CliRunner().invoke(root, [*given, "--json"])
        if not out.exists():
            return result.exit_code, [], result.output
        with out.open() as file:
            return result.exit_code, list(csv.DictReader(file)), json.loads(result.stdout)

    return run


def counts(rows):
    return [row["observed"] for row in rows]


GAP = ["2022-01-01,3", "2022-01-02,", "2022-01-04,5", "2022-01-05,1"]


def test_without_a_choice_nothing_is_changed(tidied):
    code, rows, told = tidied(GAP)
    assert (code, counts(rows), told["changed"]) == (0, ["3", "", "5", "1"], 0)
    assert told["still_missing"] == 1


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--gaps", "missing"], ["3", "", "", "5", "1"]),
        (["--gaps", "zero"], ["3", "", "0", "5", "1"]),
        (["--gaps", "zero", "--empty", "zero"], ["3", "0", "0", "5", "1"]),
    ],
)
def test_dates_without_a_row_are_filled_as_chosen(tidied, words, found):
    _, rows, told = tidied(GAP, *words)
    assert counts(rows) == found
    assert told["changes"][-1]["date"] == "2022-01-03"
    assert rows[2]["change"].startswith("row added")


def test_dates_without_a_step_are_left_and_that_is_said(tidied):
    lines = ["2022-01-01,1", "2022-01-08,2", "2022-01-17,3", "2022-01-20,3"]
    _, rows, told = tidied(lines, "--gaps", "zero")
    assert len(rows) == 4
    assert told["notes"] == ["dates have no common step; none was added"]


def test_a_backlog_is_spread_in_whole_cases(tidied):
    lines = ["2022-01-01,1", "2022-01-02,0", "2022-01-03,", "2022-01-04,11", "2022-01-05,2"]
    _, rows, told = tidied(lines, "--spread", "2022-01-04:3")
    assert counts(rows) == ["1", "3", "4", "4", "2"]
    assert [r["was"] for r in rows] == ["", "0", "", "11", ""]
    assert rows[1]["change"] == "3 of 2022-01-04"
    assert rows[3]["change"] == "11 spread over 3"
    assert told["changed"] == 3


def test_a_negative_correction_comes_off_the_days_before(tidied):
    lines = ["2022-01-01,4", "2022-01-02,2", "2022-01-03,-3"]
    code, _, told = tidied(lines)
    assert code == 1
    assert "--negative back" in told
    _, rows, _ = tidied(lines, "--negative", "back")
    assert counts(rows) == ["3", "0", "0"]
    assert rows[1]["change"] == "2 taken off by 2022-01-03"
    assert tidied(["2022-01-01,1", "2022-01-02,-3"], "--negative", "back")[0] == 1


def test_one_series_alone_may_have_a_backlog(tidied):
    lines = [f"{name},2022-01-0{d},{4 * d}" for name in "ab" for d in (1, 2)]
    head = "series,date,observed"
    _, rows, _ = tidied(lines, "--spread", "b=2022-01-02:2", head=head)
    assert counts(rows) == ["4", "8", "8", "4"]


@pytest.mark.parametrize(
    "spread", ["2022-01-04", "2022-01-09:2", "c=2022-01-04:2", "x:2", "2022-01-01:3"]
)
def test_a_spread_that_cannot_be_is_a_wrong_call(tidied, spread):
    assert tidied(GAP, "--spread", spread)[0] == 2


def test_no_case_is_lost_or_made(tidied):
    lines = [f"2022-01-{d:02d},{n}" for d, n in enumerate([5, 0, 0, 17, -2, 9, 0, 31], 1)]
    _, rows, _ = tidied(lines, "--negative", "back", "--spread", "2022-01-08:5")
    assert sum(map(int, counts(rows))) == 60


def test_refusals_name_this_door(tmp_path):
    source, si = tmp_path / "i.csv", tmp_path / "w.csv"
    si.write_text("k,w\n1,1\n")
    words = ["--lang", "en", "surveil", "rt", "--method", "cohort", "--si", str(si)]
    words += ["--incidence", str(source), "--out", str(tmp_path / "o")]
    for text, door in (
        ("2022-01-01,3\n2022-01-03,2\n2022-01-04,2\n", "tidy --gaps zero"),
        ("2022-01-01,3\n2022-01-02,\n", "tidy --empty zero"),
        ("2022-01-01,3\n2022-01-02,-1\n", "tidy --negative back"),
    ):
        source.write_text("date,observed\n" + text)
        assert f"fangxian surveil {door}" in CliRunner().invoke(root, words).output
