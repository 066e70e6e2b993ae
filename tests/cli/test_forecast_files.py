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
    result = run("simulate", "--model", "xaj", "--basin", basin, "--forcing", forcing,
                 "--out", tmp_path / "x.csv")  # fmt: skip
    assert result.exit_code == 1
    assert text in result.output
    assert "repeats or goes back" in result.output


def test_a_jump_in_the_forcing_is_told(tmp_path, files):
    basin, forcing, _ = files
    without(forcing, 101, 111)
    result = run("simulate", "--model", "xaj", "--basin", basin, "--forcing", forcing,
                 "--out", tmp_path / "x.csv")  # fmt: skip
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
    assert "in mm, that of the other file in m3s" in result.output
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
    result = run("correct", "--observed", forcing, "--forecast", told, "--from", 500, "--to", 100,
                 "--out", tmp_path / "c.csv")  # fmt: skip
    assert result.exit_code == 2
    assert "comes after" in result.output


def test_a_score_that_cannot_be_is_null_in_json(tmp_path, files):
    basin, forcing, _ = files
    lines = forcing.read_text().splitlines()
    flat = [",".join([*line.split(",")[:-1], "5.0"]) for line in lines[601:]]
    forcing.write_text("\n".join(lines[:601] + flat))
    result = run("calibrate", "--model", "xaj", "--basin", basin, "--forcing", forcing,
                 "--to", 400, "--check-from", 650, "--check-to", 730, "--max-evals", 60,
                 "--out", tmp_path / "b.json", "--json")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["dc_check"] is None


def test_ranges_with_unstable_reaches_are_searched_around(tmp_path, files):
    basin, forcing, _ = files
    wide = json.loads(basin.read_text())
    wide["params"] |= {"KE": 72.0}
    wide["sce_ranges"] = {"XE": [0.0, 0.5], "KC": [0.8, 1.1]}
    basin.write_text(json.dumps(wide))
    result = run("calibrate", "--model", "xaj", "--basin", basin, "--forcing", forcing,
                 "--max-evals", 100, "--out", tmp_path / "b.json")  # fmt: skip
    assert result.exit_code == 0, result.output


def test_gates_must_be_whole(tmp_path):
    dam, inflow = tmp_path / "d.json", tmp_path / "i.csv"
    gate = {"levels": [85, 95], "openings": [0, 1], "flows": [[0, 0], [0, 50]]}
    dam.write_text(json.dumps({
        "levels": [80, 90, 100, 110], "volumes": [0, 10, 40, 100], "outlet_levels": [80, 95, 110],
        "outlet_flows": [0, 300, 900], "dead": 85, "limit": 104, "release": 400, "top": 106,
        "dt_h": 6, "gates": [{"name": "g1", **gate}, {"name": "g2", **gate}],
    }))  # fmt: skip
    inflow.write_text("time,flow,g1\n1,100,1\n")
    result = run("reservoir", "--reservoir", dam, "--inflow", inflow, "--level", 100,
                 "--out", tmp_path / "o.csv")  # fmt: skip
    assert result.exit_code == 1
    assert "['g2'] are missing" in result.output
