"""`forecast verify --events` prints its floods."""

import json

import pytest
from floods import run

SEEN = [10, 10, 12, 40, 100, 60, 30, 15, 10, 10]
TOLD = [10, 10, 14, 50, 70, 85, 40, 15, 10, 10]


@pytest.fixture
def words(tmp_path):
    for name, flow in (("q", SEEN), ("f", TOLD)):
        lines = [f"2016-09-14 {8 + k:02d}:00,{q}" for k, q in enumerate(flow)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["time,flow_m3s", *lines]))
    (tmp_path / "e.csv").write_text("start,end\n2016-09-14 10:00,2016-09-14 16:00\n")
    files = {"--observed": "q.csv", "--forecast": "f.csv", "--events": "e.csv"}
    given = [x for key, name in files.items() for x in (key, tmp_path / name)]
    return ["verify", *given, "--area", 9]


def test_a_flood_is_a_row_worked_by_hand(words):
    (flood,) = json.loads(run(*words, "--json").stdout)["floods"]
    assert (flood["start"], flood["end"]) == ("2016-09-14 10:00", "2016-09-14 16:00")
    assert flood["peak_at"] == "2016-09-14 12:00"
    assert (flood["peak_observed"], flood["peak_simulated"]) == (100, 85)
    assert flood["peak_error_pct"] == -15
    assert flood["peak_time_error_h"] == 1
    assert flood["volume_error_pct"] == pytest.approx(100 * (284 - 267) / 267, abs=0.01)
    assert flood["peak_pass"] is True  # within 20 %


def test_the_floods_are_printed(words):
    lines = run(*words).stdout.splitlines()
    at = lines.index("floods:")
    assert "peak_observed" in lines[at + 1]
    assert "2016-09-14 12:00" in lines[at + 2]
    assert "✓" in lines[at + 2]
    assert "events:" not in lines


def test_a_flood_that_cannot_be_judged_is_named(words, tmp_path):
    text = (tmp_path / "q.csv").read_text().replace("13:00,60", "13:00,")
    (tmp_path / "q.csv").write_text(text)
    result = run(*words, "--json")
    assert (result.exit_code, json.loads(result.stdout)["floods"]) == (3, [])
