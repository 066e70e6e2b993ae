"""Times, units and states of the files of `fangxian forecast`."""

import json

import pytest
from floods import make_basin, make_forcing, observed_too, rows, run


@pytest.fixture
def files(tmp_path):
    """Basin, forcing with the observed flow, and a simulation of it."""
    basin, forcing, told = make_basin(tmp_path), make_forcing(tmp_path), tmp_path / "q.csv"
    observed_too(tmp_path, basin, forcing)
    run("simulate", "--model", "xaj", "--basin", basin, "--forcing", forcing, "--out", told)
    return basin, forcing, told


def without(path, first, last):
    """The same file without some of its rows."""
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:first] + lines[last:]))


def test_missing_rows_are_missing_values_not_other_times(tmp_path, files):
    _, forcing, told = files
    out = tmp_path / "c.csv"
    without(forcing, 601, 621)  # the observed of days 601 to 620
    words = ["correct", "--observed", forcing, "--forecast", told, "--to", 500, "--leads", 3]
    assert run(*words, "--out", out).exit_code == 0
    raw = {int(r["day"] if "day" in r else r["time"]): r["flow_m3s"] for r in rows(told)}
    for row in rows(out):
        assert row["raw"] == raw[int(row["issued"]) + int(row["lead"])]
    assert {int(r["issued"]) for r in rows(out)} >= set(range(500, 700))
    result = run("verify", "--observed", forcing, "--forecast", told, "--json")
    (one,) = json.loads(result.stdout)["leads"]
    assert one["dc"] == pytest.approx(1, abs=1e-9)
    assert one["pairs"] == 729 - 21  # 20 days without a value, and the day after without its issue


def test_a_forecast_goes_on_where_the_observed_end(tmp_path, files):
    _, forcing, told = files
    out = tmp_path / "c.csv"
    without(forcing, 601, 731)
    words = ["correct", "--observed", forcing, "--forecast", told, "--to", 500, "--leads", 5]
    assert run(*words, "--out", out).exit_code == 0
    assert [int(r["lead"]) for r in rows(out) if r["issued"] == "600"] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("row", "text"), [("30,1,1,3,2", "line 41"), ("40,1,1,3,2", "line 42")])
def test_a_time_that_repeats_or_goes_back_is_named(tmp_path, files, row, text):
    basin, forcing, _ = files
    lines = forcing.read_text().splitlines()
    lines.insert(40 if row.startswith("30") else 41, row)
    forcing.write_text("\n".join(lines))
    result = run(
        "simulate",
        "--model",
        "xaj",
        "--basin",
        basin,
        "--forcing",
        forcing,
        "--out",
        tmp_path / "x.csv",
    )
    assert result.exit_code == 1
    assert text in result.output
    assert "repeats or goes back" in result.output


def test_a_jump_in_the_forcing_is_told(tmp_path, files):
    basin, forcing, _ = files
    without(forcing, 101, 111)
    result = run(
        "simulate",
        "--model",
        "xaj",
        "--basin",
        basin,
        "--forcing",
        forcing,
        "--out",
        tmp_path / "x.csv",
    )
    assert result.exit_code == 0
    assert "time jumps at line 102" in result.output


def test_observed_millimetres_are_converted_by_the_area(tmp_path, files):
    basin, forcing, _ = files
    lines = forcing.read_text().splitlines()
    head, *body = (line.split(",") for line in lines)
    per_mm = 200 / (3.6 * 24)
    head[-1] = "Qmm"
    body = [[*row[:-1], str(float(row[-1]) / per_mm)] for row in body]
    forcing.write_text("\n".join(",".join(row) for row in [head, *body]))
    words = ["simulate", "--model", "xaj", "--basin", basin, "--forcing", forcing]
    result = run(*words, "--out", tmp_path / "x.csv", "--json")
    assert json.loads(result.stdout)["dc"] == pytest.approx(1, abs=1e-5)
    result = run("verify", "--observed", forcing, "--forecast", tmp_path / "x.csv")
    assert result.exit_code == 1
    assert "is in mm, it must be in m3s" in result.output
    basin.write_text('{"params": {"X1": 300, "X2": 0.5, "X3": 60, "X4": 2}}')
    forcing.write_text(forcing.read_text().replace("Qmm", "Qobs"))
    words[2] = "gr4j"
    result = run(*words, "--out", tmp_path / "y.csv")
    assert result.exit_code == 1
    assert "needs area_km2" in result.output


def test_a_state_of_other_parameters_is_refused(tmp_path, files):
    basin, forcing, _ = files
    state = tmp_path / "s.json"
    words = ["simulate", "--model", "xaj", "--forcing", forcing, "--out", tmp_path / "x.csv"]
    assert run(*words, "--basin", basin, "--save-state", state).exit_code == 0
    assert json.loads(state.read_text())["time"] == "730"
    result = run(*words, "--basin", basin, "--state", state)
    assert "within this forcing" in result.output
    other = json.loads(basin.read_text())
    other["params"]["KC"] = 1.1
    basin.write_text(json.dumps(other))
    result = run(*words, "--basin", basin, "--state", state)
    assert result.exit_code == 1
    assert "another model or other parameters" in result.output


def test_a_period_turned_round_is_a_wrong_call(tmp_path, files):
    _, forcing, told = files
    result = run(
        "correct",
        "--observed",
        forcing,
        "--forecast",
        told,
        "--from",
        500,
        "--to",
        100,
        "--out",
        tmp_path / "c.csv",
    )
    assert result.exit_code == 2
    assert "comes after" in result.output


def test_a_score_that_cannot_be_is_null_in_json(tmp_path, files):
    basin, forcing, _ = files
    lines = forcing.read_text().splitlines()
    flat = [",".join([*line.split(",")[:-1], "5.0"]) for line in lines[601:]]
    forcing.write_text("\n".join(lines[:601] + flat))
    result = run(
        "calibrate",
        "--model",
        "xaj",
        "--basin",
        basin,
        "--forcing",
        forcing,
        "--to",
        400,
        "--check-from",
        650,
        "--check-to",
        730,
        "--max-evals",
        60,
        "--out",
        tmp_path / "c.json",
        "--json",
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["dc_check"] is None


def test_ranges_with_unstable_reaches_are_searched_around(tmp_path, files):
    basin, forcing, _ = files
    wide = json.loads(basin.read_text())
    wide["params"] |= {"KE": 72.0}
    wide["sce_ranges"] = {"XE": [0.0, 0.5], "KC": [0.8, 1.1]}
    basin.write_text(json.dumps(wide))
    result = run(
        "calibrate",
        "--model",
        "xaj",
        "--basin",
        basin,
        "--forcing",
        forcing,
        "--max-evals",
        100,
        "--out",
        tmp_path / "c.json",
    )
    assert result.exit_code == 0, result.output


def test_gates_must_be_whole(tmp_path):
    dam, inflow = tmp_path / "d.json", tmp_path / "i.csv"
    gate = {"levels": [85, 95], "openings": [0, 1], "flows": [[0, 0], [0, 50]]}
    dam.write_text(
        json.dumps(
            {
                "levels": [80, 90, 100, 110],
                "volumes": [0, 10, 40, 100],
                "outlet_levels": [80, 95, 110],
                "outlet_flows": [0, 300, 900],
                "dead": 85,
                "limit": 104,
                "release": 400,
                "top": 106,
                "dt_h": 6,
                "gates": [{"name": "g1", **gate}, {"name": "g2", **gate}],
            }
        )
    )
    inflow.write_text("time,flow,g1\n1,100,1\n")
    result = run(
        "reservoir",
        "--reservoir",
        dam,
        "--inflow",
        inflow,
        "--level",
        100,
        "--out",
        tmp_path / "o.csv",
    )
    assert result.exit_code == 1
    assert "['g2'] are missing" in result.output


def test_now_writes_one_forecast_and_says_what_it_comes_to(tmp_path, files):
    _, forcing, told = files
    out = tmp_path / "c.csv"
    without(forcing, 601, 731)
    result = run(
        "correct",
        "--observed",
        forcing,
        "--forecast",
        told,
        "--to",
        500,
        "--leads",
        9,
        "--now",
        "--mark",
        "low=0.001",
        "--mark",
        "high=9999",
        "--out",
        out,
        "--plot",
        tmp_path / "c.png",
        "--json",
    )
    assert result.exit_code == 0, result.output
    assert {r["issued"] for r in rows(out)} == {"600"}
    bulletin = json.loads(result.stdout)
    flows = {str(600 + int(r["lead"])): float(r["corrected"]) for r in rows(out)}
    assert bulletin["peak_at"] == max(flows, key=flows.get)
    assert bulletin["peak_q05"] <= bulletin["peak"] <= bulletin["peak_q95"]
    low, high = bulletin["marks"]
    assert low == {"mark": "low", "at": "601", "possible_at": "601"}
    assert high["at"] is None


def test_the_step_is_that_of_the_times(tmp_path, files):
    basin, forcing, told = files
    events = tmp_path / "e.csv"
    for path in (forcing, told):
        head, *lines = path.read_text().splitlines()
        times = [f"2024-01-{k // 24 + 1:02d} {k % 24:02d}:00" for k in range(700)]
        body = [f"{t},{line.split(',', 1)[1]}" for t, line in zip(times, lines, strict=False)]
        path.write_text("\n".join([head.replace("day", "time"), *body]))
    events.write_text("start,end\n2024-01-02 00:00,2024-01-05 00:00\n")
    words = ["verify", "--observed", forcing, "--forecast", told, "--events", events, "--area", 200]
    assert run(*words).exit_code == 0
    assert "not the 1 h" in run(*words, "--dt-h", 24).output
    result = run(
        "simulate",
        "--model",
        "xaj",
        "--basin",
        basin,
        "--forcing",
        forcing,
        "--out",
        tmp_path / "x.csv",
    )
    assert result.exit_code == 1
    assert "1 h, that of the model 24 h" in result.output


@pytest.mark.parametrize(
    "change",
    [
        {"params": [1, 2]},
        {"params": None},
        {"initial": 5},
        {"sub_areas_km2": [[1], [2, 3]]},
        {"thiessen_rows_sub_cols_gauge": [[1, 4], [0.4, 0.6]]},
        {"dt_h": 0},
        {"dt_h": "x"},
        {"sce_ranges": {"KC": [0.8]}},
        {"sce_ranges": {"KC": [1.2, 0.7]}},
        {"sce_ranges": 5},
    ],
)
def test_a_basin_file_that_cannot_be_is_one_sentence(tmp_path, files, change):
    basin, forcing, _ = files
    basin.write_text(json.dumps(json.loads(basin.read_text()) | change))
    out = tmp_path / "kept.json"
    out.write_text("as it was")
    result = run(
        "calibrate",
        "--model",
        "xaj",
        "--basin",
        basin,
        "--forcing",
        forcing,
        "--max-evals",
        50,
        "--out",
        out,
    )
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert len(result.output.strip().splitlines()) == 1
    assert out.read_text() == "as it was"


@pytest.mark.parametrize(
    "change",
    [
        {"reach": [[[0.0]]]},
        {"late": [[[0.0]]]},
        {"land": None},
        {"land": "a"},
        {"land": [1, 2]},
        {"land": [[[float("nan")] * 9] * 2]},
    ],
)
def test_a_damaged_state_is_refused(tmp_path, files, change):
    basin, forcing, _ = files
    state = tmp_path / "s.json"
    words = [
        "simulate",
        "--model",
        "xaj",
        "--basin",
        basin,
        "--forcing",
        forcing,
        "--out",
        tmp_path / "x.csv",
    ]
    run(*words, "--save-state", state)
    state.write_text(json.dumps(json.loads(state.read_text()) | change))
    result = run(*words, "--state", state)
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    "words",
    [
        ["--plot", "x.jpg"],
        ["--plot", "none/x.png"],
        ["--save-state", "none/s.json"],
        ["--mark", "a=inf"],
        ["--plot-from", "never", "--plot", "x.png"],
    ],
)
def test_what_cannot_be_written_or_drawn_is_told(tmp_path, files, words, monkeypatch):
    basin, forcing, _ = files
    monkeypatch.chdir(tmp_path)
    result = run(
        "simulate",
        "--model",
        "xaj",
        "--basin",
        basin,
        "--forcing",
        forcing,
        "--out",
        "x.csv",
        *words,
    )
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit)
    assert not list(tmp_path.glob("*.part"))


def test_files_as_people_have_them(tmp_path, files):
    """A byte-order mark, GB18030, a column twice, a damaged archive, a number in another unit."""
    basin, forcing, _ = files
    text = basin.read_text()
    words = ["simulate", "--model", "xaj", "--forcing", forcing, "--out", tmp_path / "x.csv"]
    basin.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert run(*words, "--basin", basin).exit_code == 0
    basin.write_bytes(text.replace('{"', '{"流域": "呈村", "', 1).encode("gb18030"))
    assert run(*words, "--basin", basin).exit_code == 0
    good = forcing.read_text()
    forcing.write_text(good.replace("p2_mm", "p1_mm", 1))
    assert "columns twice: ['p1_mm']" in run(*words, "--basin", basin).output
    forcing.write_text(good.replace("\n5,", "\n5,9999", 1))
    result = run(*words, "--basin", basin)
    assert result.exit_code == 1
    assert "line 6, column p1_mm" in result.output
    damaged = tmp_path / "f.csv.gz"
    damaged.write_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\3" + b"\xff" * 40)
    words[4] = damaged
    assert run(*words, "--basin", basin).exit_code == 1


@pytest.mark.parametrize(
    "change",
    [
        {"dt_h": None},
        {"dt_h": 0},
        {"limit": None},
        {"release": -5},
        {"levels": {}},
        {"top": "x"},
        {"seasons": [1]},
        {"seasons": [{"from": "0231", "to": "0301", "level": 100}]},
        {"gates": 5},
        {"gates": [{"name": "a"}]},
        {"outlet_flows": [0, None, 900]},
    ],
)
def test_a_reservoir_file_that_cannot_be_is_told(tmp_path, change):
    dam, inflow = tmp_path / "d.json", tmp_path / "i.csv"
    dam.write_text(
        json.dumps(
            {
                "levels": [80, 90, 100, 110],
                "volumes": [0, 10, 40, 100],
                "outlet_levels": [80, 95, 110],
                "outlet_flows": [0, 300, 900],
                "dead": 85,
                "limit": 104,
                "release": 400,
                "top": 106,
                "dt_h": 6,
                **change,
            }
        )
    )
    inflow.write_text("time,flow_m3s\n2026-07-01 00:00,100\n2026-07-01 06:00,100\n")
    result = run(
        "reservoir",
        "--reservoir",
        dam,
        "--inflow",
        inflow,
        "--level",
        100,
        "--out",
        tmp_path / "o.csv",
    )
    assert result.exit_code in (1, 2), result.output
    assert isinstance(result.exception, SystemExit), result.exception


def test_batch_goes_on_past_what_cannot_be_done(tmp_path, files):
    basin, _, _ = files
    jobs = tmp_path / "jobs.csv"
    (tmp_path / "null.json").write_text(
        json.dumps(json.loads(basin.read_text()) | {"params": None})
    )
    jobs.write_text(
        "basin,forcing,out\nnull.json,f.csv,a.csv\nb.json,f.csv,none/b.csv\nb.json,f.csv,c.csv\n"
    )
    result = run("batch", "--model", "xaj", "--list", jobs, "--json")
    assert result.exit_code == 3
    assert (tmp_path / "c.csv").exists()
    assert "line 2" in result.output
    assert "line 3" in result.output
    jobs.write_text("basin,forcing,out\nb.json,f.csv,\n")
    assert run("batch", "--model", "xaj", "--list", jobs).exit_code == 1


def test_millimetres_give_a_depth_without_an_area(tmp_path):
    flow, told, events = (tmp_path / name for name in ("q.csv", "t.csv", "e.csv"))
    for path, peak in ((flow, 9), (told, 8)):
        lines = [f"{k},{v}" for k, v in enumerate([1, 2, peak, 4, 2, 1])]
        path.write_text("\n".join(["day,flow_mm", *lines]))
    events.write_text("start,end\n1,5\n")
    result = run(
        "verify", "--observed", flow, "--forecast", told, "--events", events, "--dt-h", 24, "--json"
    )
    assert result.exit_code == 0, result.output
    (event,) = json.loads(result.stdout)["events"]
    assert event["leads"][0]["depth"]["error"] == -1.0
    assert json.loads(result.stdout)["event_rates"][0]["rate_peak"] == 1.0


def test_levels_are_judged_by_their_own_floor_and_may_be_below_zero(tmp_path):
    seen, told, events = (tmp_path / name for name in ("z.csv", "f.csv", "e.csv"))
    seen.write_text("day,stage_m\n" + "".join(f"{k},{k * 0.01 - 0.5}\n" for k in range(60)))
    told.write_text("day,stage_m\n" + "".join(f"{k},{k * 0.01 - 0.42}\n" for k in range(60)))
    events.write_text("start,end\n5,20\n")
    words = ["verify", "--observed", seen, "--forecast", told]
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    (one,) = json.loads(result.stdout)["leads"]
    assert one["pairs"] == 59
    assert one["qualified_rate"] == 1  # 0.08 m off, within 0.10 m
    assert run(*words, "--events", events, "--area", 5).exit_code == 2


def test_an_inflow_in_millimetres_is_refused(tmp_path):
    dam, inflow = tmp_path / "d.json", tmp_path / "i.csv"
    dam.write_text("{}")
    inflow.write_text("time,flow_mm\n1,100\n2,100\n")
    result = run(
        "reservoir",
        "--reservoir",
        dam,
        "--inflow",
        inflow,
        "--level",
        100,
        "--out",
        tmp_path / "o.csv",
    )
    assert result.exit_code == 1
    assert "is in mm, it must be in m3s" in result.output
