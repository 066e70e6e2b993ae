"""`forecast fill`: short gaps by a named method; long ones are left and named."""

import csv
import json

import pytest
from floods import make_basin, run

HEAD = "time,rain,流量"
LINES = [
    "2016-09-01 08:00,1,10",
    "2016-09-01 09:00,,20",
    "2016-09-01 11:00,4,40",
    "2016-09-01 12:00,NA,50",
    "2016-09-01 17:00,0,60",
]


@pytest.fixture
def filled(tmp_path):
    """Runs the word; gives exit code, rows and summary."""

    def made(*words, lines=LINES, head=HEAD):
        source, out = tmp_path / "s.csv", tmp_path / "o.csv"
        source.write_text("\n".join([head, *lines]) + "\n")
        out.unlink(missing_ok=True)
        result = run("fill", source, "--out", out, *words, "--json")
        if not out.exists():
            return result.exit_code, [], result.output
        with out.open() as file:
            return result.exit_code, list(csv.DictReader(file)), json.loads(result.stdout)

    return made


@pytest.mark.parametrize(
    ("method", "rain", "flow"),
    [("linear", ["2", "3"], "30"), ("last", ["1", "1"], "20"), ("zero", ["0", "0"], "0")],
)
def test_a_short_gap_is_filled_by_the_named_method(filled, method, rain, flow):
    code, rows, told = filled("--method", method)
    assert [r["rain"] for r in rows[1:3]] == rain
    assert (rows[2]["time"], rows[2]["流量"]) == ("2016-09-01 10:00", flow)
    assert rows[1]["filled"] == f"{method}: rain"
    assert rows[2]["filled"] == f"{method}: rain, 流量"
    assert (told["filled"], told["rows_added"]) == (3, 1)
    assert told["changes"][0] == {
        "time": "2016-09-01 09:00",
        "column": "rain",
        "now": float(rain[0]),
    }
    assert code == 3  # the long gap in the afternoon


def test_a_long_gap_is_left_and_named(filled):
    _, rows, told = filled("--method", "linear")
    assert [r["time"][11:13] for r in rows] == ["08", "09", "10", "11", "12", "17"]
    assert "4 steps missing from 2016-09-01 13:00 to 2016-09-01 16:00" in told["errors"][1]
    code, rows, told = filled("--method", "linear", "--most", 5)
    assert (code, len(rows), told["left"]) == (0, 10, 0)


def test_one_column_alone(filled):
    _, rows, told = filled("--method", "zero", "--column", "流量", "--most", 9)
    assert {c["column"] for c in told["changes"]} == {"流量"}
    assert rows[1]["rain"] == ""
    assert filled("--method", "zero", "--column", "Q")[0] == 2


def test_an_end_is_no_gap(filled):
    code, rows, told = filled(
        "--method", "last", lines=["1,,5", "2,3,", "3,1,"], head="day,rain,flow"
    )
    assert (code, told["filled"]) == (3, 0)
    assert [r["rain"] for r in rows] == ["", "3", "1"]


def test_times_without_a_step_are_refused(filled):
    code, _, told = filled("--method", "last", lines=["a,1,5", "b,3,2"])
    assert code == 1
    assert "no time with an even step" in told


def test_a_refusal_for_a_gap_names_this_door(tmp_path):
    make_basin(tmp_path)
    (tmp_path / "f.csv").write_text("day,p1_mm,p2_mm,em_mm\n1,1,,2\n2,1,1,2\n")
    words = ["--model", "xaj", "--basin", tmp_path / "b.json", "--forcing", tmp_path / "f.csv"]
    result = run("simulate", *words, "--out", tmp_path / "o.csv")
    assert result.exit_code == 1
    assert "fangxian forecast fill" in result.output
