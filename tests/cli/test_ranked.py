"""`surveil detect` over many series says which of them to look at first."""

import csv
import json

import pytest
from click.testing import CliRunner

from fangxian.cli.main import root


@pytest.fixture
def made(tmp_path):
    """Forty quiet series of sixty periods; one rises for two periods, one in the last."""
    rows = ["series,t,observed,completeness"]
    for s in range(40):
        for t in range(1, 61):
            n = 5 + (3 * s + 7 * t) % 4
            n = 40 if s == 7 and t >= 59 else 25 if s == 30 and t == 60 else n
            n = 90 if s == 12 and t == 50 else n  # long over
            rows.append(f"v{s},{t},{n},{0.6 if s == 7 else 0.9}")
    path = tmp_path / "many.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def detect(source, *more):
    words = ["surveil", "detect", "--method", "ears_c2", "--in", str(source), *more]
    done = CliRunner().invoke(root, [*words, "--out", str(source.with_name("o.csv"))])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_series_that_speak_now_are_ranked_with_since_size_and_reporters(made, tmp_path):
    table = tmp_path / "ranked.csv"
    answer = json.loads(detect(made, "--ranked", str(table), "--json"))
    told = answer["ranked"]
    assert answer["raising_now"] == 2
    assert [(r["series"], r["since"], r["periods"]) for r in told] == [
        ("v7", 59, 2),
        ("v30", 60, 1),
    ]
    assert (told[0]["observed"], told[0]["reporters"]) == (80, 0.6)
    assert told[0]["excess"] == pytest.approx(80 - told[0]["expected"])
    rows = list(csv.DictReader(table.open()))
    assert [r["series"] for r in rows] == ["v7", "v30"]
    assert "v7 80" in detect(made)


def test_without_reporters_there_is_no_share_and_one_series_has_no_ranking(made):
    lines = [row.rpartition(",")[0] for row in made.read_text().splitlines()]
    made.write_text("\n".join(lines) + "\n")
    told = json.loads(detect(made, "--json"))
    assert told["ranked"][0]["reporters"] is None
    one = [row for row in lines if row.split(",")[0] in ("series", "v3")]
    made.write_text("\n".join(one) + "\n")
    assert "ranked" not in json.loads(detect(made, "--json"))
