"""Heads, dates and workbooks as the trade has them, in every word that reads tables."""

import csv
import json
from datetime import UTC, datetime

import numpy as np
import pytest
from click.testing import CliRunner
from floods import make_basin
from openpyxl import Workbook

from fangxian.cli.main import root


@pytest.fixture(autouse=True)
def today(now):
    now.at = datetime(2026, 6, 1, tzinfo=UTC)


def run(*words, lang="zh"):
    return CliRunner(env={"LC_ALL": f"{lang}.UTF-8"}).invoke(
        root, ["--lang", lang, *map(str, words)]
    )


def table(path, head, lines):
    """One table as CSV or xlsx, by the name."""
    if path.suffix == ".xlsx":
        book = Workbook()
        for line in [head, *lines]:
            book.active.append(list(line))
        book.save(path)
    else:
        path.write_text("\n".join(",".join(map(str, line)) for line in [head, *lines]) + "\n")
    return path


def compact(start, step, n):
    """Dates as 20220103, as whole numbers."""
    days = np.datetime64(start) + step * np.arange(n)
    return [int(str(d).replace("-", "")) for d in days]


ends = pytest.mark.parametrize("end", ["csv", "xlsx"])


@ends
def test_detect_and_rt(tmp_path, end):
    lines = [[d, 5 + k % 3] for k, d in enumerate(compact("2022-01-03", 1, 40))]
    source, out = table(tmp_path / f"s.{end}", ["日期", "病例数"], lines), tmp_path / "o.csv"
    words = ["surveil", "detect", "--method", "ears_c2", "--in", source, "--out", out]
    assert run(*words, "--from", "20220201").exit_code == 0
    with out.open() as file:
        assert next(csv.DictReader(file))["date"] == "2022-02-01"
    table(tmp_path / f"w.{end}", ["间隔", "权重"], [[1, 0.5], [2, 0.5]])
    words = ["surveil", "rt", "--method", "cohort", "--si", tmp_path / f"w.{end}"]
    assert run(*words, "--incidence", source, "--out", out).exit_code == 0


@ends
def test_scan_and_nowcast(tmp_path, end):
    days = compact("2022-01-03", 1, 20)
    places = [[f"村{k}", 24 + k / 50, 117.5, 900] for k in range(9)]
    table(tmp_path / f"p.{end}", ["地点", "纬度", "经度", "人口"], places)
    cases = [[f"村{k % 9}", d, 1 + k % 2] for k, d in enumerate(days)]
    table(tmp_path / f"c.{end}", ["地名", "发病日期", "病例数"], cases)
    out = tmp_path / "o.csv"
    words = ["surveil", "scan", "--cases", tmp_path / f"c.{end}", "--places", tmp_path / f"p.{end}"]
    words += ["--population", tmp_path / f"p.{end}", "--replicates", 19, "--out", out, "--json"]
    result = run(*words)
    assert (result.exit_code, json.loads(result.stdout)["cases"]) == (0, 30)
    lines = table(tmp_path / f"l.{end}", ["发病日期", "报告日期"], [[d, d + 1] for d in days[:20]])
    assert run("surveil", "nowcast", "--linelist", lines, "--days", 9, "--out", out).exit_code == 0


@ends
def test_forecast_words(tmp_path, end):
    basin, out = make_basin(tmp_path), tmp_path / f"q.{end}"
    rng, days = np.random.default_rng(1), compact("2022-01-03", 1, 500)
    rain = rng.gamma(0.4, 14, 500).round(1)
    given = json.loads(basin.read_text())
    del given["thiessen_rows_sub_cols_gauge"]
    basin.write_text(json.dumps(given | {"sub_areas_km2": [200]}))
    forcing = table(
        tmp_path / f"f.{end}",
        ["时间", "雨量(mm)", "蒸发", "实测流量(m³/s)"],
        [[d, float(p), 3, 20 + k % 7] for k, (d, p) in enumerate(zip(days, rain, strict=True))],
    )
    words = ["--model", "xaj", "--basin", basin, "--forcing", forcing]
    told = tmp_path / "told.csv"
    result = run("forecast", "simulate", *words, "--out", told, "--json")
    assert result.exit_code == 0, result.output
    assert "dc" in json.loads(result.stdout)
    flood = table(tmp_path / f"e.{end}", ["开始时间", "结束时间"], [[days[20], days[40]]])
    words = ["--observed", forcing, "--forecast", told]
    result = run("forecast", "verify", *words, "--events", flood, "--area", 200)
    assert result.exit_code == 0, result.output
    assert (
        run("forecast", "correct", *words, "--leads", 3, "--out", tmp_path / "c.csv").exit_code == 0
    )
    jobs = [["b.json", f"f.{end}", "a.csv"]]
    table(tmp_path / f"j.{end}", ["流域", "资料", "输出"], jobs)
    assert (
        run("forecast", "batch", "--model", "xaj", "--list", tmp_path / f"j.{end}").exit_code == 0
    )
    assert not out.exists()


@pytest.mark.parametrize(
    ("head", "near"), [("dat", "date"), ("日 期数", "日期"), ("报告日朝", "报告日期")]
)
def test_a_misspelt_head_is_named_with_the_nearest(tmp_path, head, near):
    source = table(tmp_path / "s.csv", [head, "病例数"], [["20220103", 4], ["20220104", 4]])
    words = ["surveil", "detect", "--method", "ears_c2", "--in", source, "--out", tmp_path / "o"]
    result = run(*words)
    assert result.exit_code == 1
    assert f"没有这一列“{head}”,最近的是“{near}”" in result.output


def test_a_misspelt_head_that_is_not_needed_is_said_too(tmp_path):
    lines = [["20220103", 4, 9], ["20220104", 4, 9]]
    source = table(tmp_path / "s.csv", ["date", "observed", "populaton"], lines)
    words = ["surveil", "detect", "--method", "single_case", "--in", source]
    result = run(*words, "--out", tmp_path / "o", lang="en")
    assert result.exit_code == 0
    assert "no such column 'populaton'; the nearest is 'population'" in result.output


@pytest.mark.parametrize("head", ["tiem,rain,pet", "time,rian,pet", "time,rain,eavporation"])
def test_a_forcing_with_a_misspelt_head_is_refused(tmp_path, head):
    forcing = tmp_path / "f.csv"
    forcing.write_text(head + "\n20220103,3,4\n20220104,3,4\n")
    given = {"area_km2": 9, "params": {"X1": 300, "X2": 0.5, "X3": 60, "X4": 2}}
    (tmp_path / "b.json").write_text(json.dumps(given))
    words = ["forecast", "simulate", "--model", "gr4j", "--basin", tmp_path / "b.json"]
    result = run(*words, "--forcing", forcing, "--out", tmp_path / "o.csv")
    assert result.exit_code == 1
    assert "最近的是" in result.output


def test_an_error_names_the_column_as_the_file_does(tmp_path):
    source = table(tmp_path / "s.csv", ["日期", "病例数"], [["20220103", 4], ["20220104", "x"]])
    words = ["surveil", "detect", "--method", "single_case", "--in", source]
    result = run(*words, "--out", tmp_path / "o.csv")
    assert result.exit_code == 3
    assert "第 3 行“病例数”列" in result.output
