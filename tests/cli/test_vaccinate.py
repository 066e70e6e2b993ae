"""`fangxian vaccinate evaluate` as a program would call it."""

import json

import pytest
from click.testing import CliRunner

from fangxian.cli.main import root

pytestmark = pytest.mark.django_db
HEAD = "case_id,vaccine_group,dob,sex,assessment_date,dose1_date,dose1_cvx,dose2_date,dose2_cvx\n"
GOOD = "a,COVID-19,1960-01-01,F,2021-09-01,2021-06-22,510,2021-06-01,510\n"


def run(tmp_path, rows, *told, rules="nhc", language="en_GB.UTF-8"):
    path = tmp_path / "cases.csv"
    path.write_text(rows, encoding="utf-8")
    words = ["vaccinate", "evaluate", "--rules", rules, "--cases", str(path), *told]
    return CliRunner(env={"LC_ALL": language}).invoke(root, words)


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
    line = run(tmp_path, HEAD + GOOD, language="zh_CN.UTF-8").output
    assert "1 有效；2 有效  已全程" in line
    unknown = run(tmp_path, HEAD + GOOD, rules="nobody")
    assert (unknown.exit_code, "ice, nhc" in unknown.output) == (1, True)


def test_records_that_contradict_are_named(tmp_path):
    head = HEAD.replace("dose2_date", "dose1_record,dose2_record,dose2_date")
    row = "a,COVID-19,1960-01-01,F,2021-09-01,2021-06-01,510,福建,浙江,2021-06-01,511\n"
    assert json.loads(run(tmp_path, head + row, "--json").output)["contradictions"] == [[1, 2]]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("a,COVID-19,1960-01-01,X,2021-09-01,,,,\n", "sex: 'X'"),
        ("a,COVID-19,1960-01-01,F,1959-09-01,,,,\n", "before dob"),
        ("a,COVID-19,1960-01-01,F,20210901,,,,\n", "assessment_date: '20210901'"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(tmp_path, row, why):
    done = run(tmp_path, HEAD + row, "--json")
    assert (done.exit_code, why in done.output) == (3, True)


def test_an_empty_table_and_one_in_another_encoding_are_said(tmp_path):
    assert "no case" in run(tmp_path, HEAD).output
    (tmp_path / "cases.csv").write_bytes((HEAD + GOOD.replace("a", "张")).encode("gbk"))
    words = ["vaccinate", "evaluate", "--rules", "nhc", "--cases", str(tmp_path / "cases.csv")]
    done = CliRunner(env={"LC_ALL": "en_GB.UTF-8"}).invoke(root, words)
    assert (done.exit_code, "not UTF-8 (from byte" in done.output) == (1, True)
