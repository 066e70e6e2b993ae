"""`fangxian vaccinate evaluate` as a program would call it."""

import json

import pytest
from click.testing import CliRunner

from fangxian.cli.main import root

pytestmark = pytest.mark.django_db
HEAD = "case_id,vaccine_group,dob,sex,assessment_date,dose1_date,dose1_cvx,dose2_date,dose2_cvx\n"
GOOD = "a,COVID-19,1960-01-01,F,2021-09-01,2021-06-22,510,2021-06-01,510\n"


def run(tmp_path, rows, *told, rules="nhc"):
    path = tmp_path / "cases.csv"
    path.write_text(rows, encoding="utf-8")
    words = ["vaccinate", "evaluate", "--rules", rules, "--cases", str(path), *told]
    return CliRunner().invoke(root, words)


def test_a_line_of_json_a_case_in_the_words_of_the_table(tmp_path):
    done = run(tmp_path, HEAD + GOOD, "--json")
    assert (done.exit_code, json.loads(done.output)) == (0, {
        "case_id": "a", "doses": [{"status": "Valid", "reason": ""}] * 2,
        "series_status": "Complete", "forecast_number": "-",
        "earliest_date": "", "recommended_date": "", "past_due_date": "",
    })  # fmt: skip


def test_a_bad_row_is_named_with_its_line_and_the_rest_goes_on(tmp_path):
    bad = "b,COVID-19,1960-13-01,F,2021-09-01,,,,\nc,Measles,1960-01-01,F,2021-09-01,,,,\n"
    done = run(tmp_path, HEAD + bad + GOOD, "--json")
    rows = [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]
    assert done.exit_code == 3
    assert "line 2: dob: '1960-13-01'" in rows[0]["problem"]
    assert "no vaccine group Measles" in rows[1]["problem"]
    assert rows[2]["series_status"] == "Complete"


def test_a_table_without_its_columns_is_refused(tmp_path):
    done = run(tmp_path, "case_id,dob\n1,2\n")
    assert done.exit_code == 1
    assert "cases.csv" in done.output
    assert "vaccine_group" in done.output


def test_words_for_people_and_an_unknown_authority(tmp_path):
    assert "Valid; Valid  Complete" in run(tmp_path, HEAD + GOOD).output
    unknown = run(tmp_path, HEAD + GOOD, rules="nobody")
    assert (unknown.exit_code, "ice, nhc" in unknown.output) == (1, True)
