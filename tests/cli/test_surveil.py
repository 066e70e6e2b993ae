"""`fangxian surveil`: files in, files out, exit codes."""

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
    """These files come from later years; a date after today is an error of its cell."""
    now.at = datetime(2026, 6, 1, tzinfo=UTC)


def run(*words):
    return CliRunner().invoke(root, ["--lang", "en", "surveil", *map(str, words)])


def weeks(n, value="10"):
    start = np.datetime64("2015-01-05")
    return "date,observed\n" + "".join(
        f"{start + 7 * k},{value if k < n - 1 else 60}\n" for k in range(n)
    )


def rows(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_detect_writes_one_row_a_period(tmp_path):
    source, out = tmp_path / "s.csv", tmp_path / "r.csv"
    source.write_text(weeks(330))
    result = run(
        "detect", "--method", "farrington_flexible", "--in", source, "--out", out, "--json"
    )
    told = json.loads(result.stdout)
    assert (result.exit_code, told["periods"], told["alarms"]) == (0, 330, 1)
    last = rows(out)[-1]
    assert (last["date"], last["alarm"], last["reason"]) == ("2021-04-26", "1", "judged")
    assert float(last["expected"]) == pytest.approx(10)
    assert rows(out)[0]["upperbound"] == "NA"
    assert rows(out)[0]["reason"] == "short"


def test_many_series_in_chunks_and_a_preset_of_parameters(tmp_path):
    lines = ["series,date,observed"]
    for k in range(3):
        for line in weeks(320).splitlines()[1:]:
            lines.append(f"county{k},{line}")
    source, out, params = tmp_path / "s.csv", tmp_path / "r.csv", tmp_path / "p.json"
    source.write_text("\n".join(lines))
    params.write_text('{"gap": 1}')
    assert (
        run(
            "detect", "--method", "ears_c1", "--params", params, "--in", source, "--out", out
        ).exit_code
        == 2
    )
    params.write_text('{"z": 4}')
    result = run(
        "detect",
        "--method",
        "ears_c1",
        "--params",
        params,
        "--in",
        source,
        "--out",
        out,
        "--from",
        "2021-01-01",
        "--json",
    )
    assert json.loads(result.stdout)["series"] == 3
    assert {r["series"] for r in rows(out)} == {"county0", "county1", "county2"}
    assert min(r["date"] for r in rows(out)) == "2021-01-04"


@pytest.mark.parametrize(
    ("dates", "periods"),
    [
        (["2021-01-01", "2021-01-02", "2021-01-05", "2021-01-06"], 6),
        (["2021-01-04", "2021-01-11", "2021-02-01", "2021-02-08"], 6),
        (["2021-01-01", "2021-02-01", "2021-04-01"], 4),
        (["2021-01-01", "2021-01-08", "2021-01-15", "2021-01-23"], 4),
    ],
)
def test_a_period_without_a_row_is_missing_not_skipped(tmp_path, dates, periods):
    source, out = tmp_path / "s.csv", tmp_path / "r.csv"
    source.write_text("date,observed\n" + "".join(f"{d},1\n" for d in reversed(dates)))
    assert run("detect", "--method", "single_case", "--in", source, "--out", out).exit_code == 0
    told = rows(out)
    assert len(told) == periods
    assert [r["date"] for r in told if r["reason"] != "missing"] == dates
    source.write_text("t,observed\n1,1\n2,1\n5,1\n")
    run("detect", "--method", "single_case", "--in", source, "--out", out)
    assert [r["observed"] for r in rows(out)] == ["1", "1", "NA", "NA", "1"]


def test_unreadable_cells_are_named_and_count_as_missing(tmp_path):
    source, out = tmp_path / "s.csv", tmp_path / "r.csv"
    good = weeks(60).splitlines()
    good[10] = "2015-03-09,ten"
    good[20] = "2015-13-45,5"
    good[30] = good[30].split(",")[0] + ",-4"
    source.write_text("\n".join(good))
    result = run("detect", "--method", "ears_c2", "--in", source, "--out", out, "--json")
    assert result.exit_code == 3
    errors = json.loads(result.stdout)["errors"]
    assert [e.split(":")[0] for e in sorted(errors)] == [
        "s.csv, line 11, column observed",
        "s.csv, line 21, column date",
        "s.csv, line 31, column observed",
    ]
    assert rows(out)[9]["reason"] == "missing"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["detect", "--method", "nonsense"], 2),
        (["detect", "--preset", "nonsense"], 2),
        (["detect"], 2),
        (["detect", "--method", "ears_c1", "--preset", "earsC1"], 2),
    ],
)
def test_wrong_words_end_with_two(tmp_path, words, code):
    source = tmp_path / "s.csv"
    source.write_text(weeks(60))
    result = run(*words, "--in", source, "--out", tmp_path / "r.csv")
    assert result.exit_code == code
    assert not (tmp_path / "r.csv").exists()


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "date,observed\n"])
def test_a_file_without_data_ends_with_one(tmp_path, text):
    source = tmp_path / "s.csv"
    source.write_text(text)
    assert (
        run("detect", "--method", "ears_c1", "--in", source, "--out", tmp_path / "r").exit_code == 1
    )


def test_the_percentile_of_a_disease_is_dated_data(tmp_path):
    source, out = tmp_path / "s.csv", tmp_path / "r.csv"
    source.write_text(weeks(330))
    words = ["detect", "--method", "moving_percentile", "--in", source, "--out", out, "--json"]
    for disease, area, percentile in (("mumps", "全国", 60), ("流行性腮腺炎", "上海松江", 80)):
        result = run(*words, "--disease", disease, "--area", area)
        assert json.loads(result.stdout)["parameters"]["percentile"] == percentile
    result = run(*words, "--disease", "fright")
    assert result.exit_code == 2
    assert "流行性腮腺炎" in result.output


def test_methods_tell_parameters():
    told = json.loads(run("methods", "--json").stdout)
    assert {"farrington_flexible", "pooled", "ears_c3_r"} <= {m["name"] for m in told["methods"]}
    assert "fflex_noufaily_nbPlugin_b5" in told["presets"]
    assert "excluded = 26" in run("methods").stdout


def test_rt_of_every_kind(tmp_path):
    cases, si, out = tmp_path / "i.csv", tmp_path / "w.csv", tmp_path / "r.csv"
    cases.write_text("t,I\n" + "".join(f"{t},{5 + t % 3}\n" for t in range(1, 41)))
    si.write_text("k,w\n0,0\n1,0.5\n2,0.5\n")
    for method, more in (
        ("nonparametric", ["--si", si]),
        ("cohort", ["--si", si]),
        ("parametric", ["--mean-si", 3, "--std-si", 1.5]),
        ("uncertain", ["--mean-si", 3, "--std-si", 1.5]),
    ):
        result = run("rt", "--method", method, "--incidence", cases, *more, "--out", out, "--json")
        assert result.exit_code == 0, result.output
        assert 0.7 < float(rows(out)[10]["Mean(R)"]) < 1.3
    assert run("rt", "--method", "cohort", "--incidence", cases, "--out", out).exit_code == 2
    cases.write_text("t,I\n1,3\n2,\n3,4\n")
    result = run("rt", "--method", "cohort", "--si", si, "--incidence", cases, "--out", out)
    assert result.exit_code == 1
    assert "line 3" in result.output


def test_scan_nowcast_simulate(tmp_path):
    rng = np.random.default_rng(1)
    places, cases, out = tmp_path / "p.csv", tmp_path / "c.csv", tmp_path / "o.csv"
    places.write_text(
        "place,latitude,longitude\n"
        + "".join(f"村{k},{24 + k % 5 / 50},{117 + k // 5 / 50}\n" for k in range(25))
    )
    lines = [f"村{rng.integers(25)},2021-09-{rng.integers(1, 29):02d}" for _ in range(80)]
    lines += ["村3,2021-09-28"] * 9 + ["无此村,2021-09-01"]
    cases.write_text("place,date\n" + "\n".join(lines))
    result = run(
        "scan", "--cases", cases, "--places", places, "--out", out, "--json", "--replicates", 99
    )
    assert result.exit_code == 3
    told = json.loads(result.stdout)
    assert told["best"]["p"] == 0.01
    assert "无此村" in told["errors"][0]
    assert rows(out)[0]["centre"] == "村3"
    line_list = tmp_path / "l.csv"
    line_list.write_text(
        "onset,report\n"
        + "".join(
            f"2021-09-{d:02d},2021-09-{d + rng.integers(0, 5):02d}\n"
            for d in range(1, 21)
            for _ in range(8)
        )
        + "2021-09-09,2021-09-01\n"
    )
    result = run("nowcast", "--linelist", line_list, "--now", "2021-09-20", "--out", out, "--json")
    assert (result.exit_code, json.loads(result.stdout)["now"]) == (3, "2021-09-20")
    assert float(rows(out)[-1]["mean"]) > float(rows(out)[-1]["reported"])
    result = run("simulate", "--days", 20, "--replicates", 20, "--out", out, "--json")
    assert result.exit_code == 0
    assert len(rows(out)) == 20
    assert run("simulate", "--traced", 3, "--out", out).exit_code == 2


def test_heavy_libraries_wait_for_their_command():
    code = (
        "import sys; from fangxian.cli.main import root; import fangxian.cli.surveil; "
        "print([m for m in ('numba', 'scipy', 'numpy') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_the_engine_changes_no_digit(tmp_path):
    """Many series through a pool of processes and through Dask, as by FANGXIAN_COMPUTE."""
    source = tmp_path / "s.csv"
    rng = np.random.default_rng(1)
    start = np.datetime64("2021-01-04")
    source.write_text(
        "series,date,observed\n"
        + "".join(f"s{k},{start + 7 * t},{rng.poisson(3)}\n" for k in range(600) for t in range(30))
    )
    made = []
    for engine in ("here", "processes:2", "dask"):
        out = tmp_path / f"{engine[:4]}.csv"
        words = [
            sys.executable,
            "-m",
            "fangxian.cli",
            "surveil",
            "detect",
            "--method",
            "ears_c2",
            "--in",
            str(source),
            "--out",
            str(out),
        ]
        subprocess.run(
            words, check=True, capture_output=True, env={**os.environ, "FANGXIAN_COMPUTE": engine}
        )
        made.append(out.read_bytes())
    assert made[0] == made[1] == made[2]
