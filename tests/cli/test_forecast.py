"""`fangxian forecast`: files in, files out, exit codes."""

import json

import numpy as np
import pytest
from floods import make_basin, make_forcing, observed_too, rows, run

from fangxian.spine.core.config import config


@pytest.fixture
def basin(tmp_path):
    return make_basin(tmp_path)


@pytest.fixture
def forcing(tmp_path):
    return make_forcing(tmp_path)


def test_simulate_in_two_parts_is_one_run(tmp_path, basin, forcing):
    whole, states = tmp_path / "q.csv", tmp_path / "all.csv"
    words = ["simulate", "--model", "xaj", "--basin", basin]
    result = run(
        *words,
        "--forcing",
        forcing,
        "--out",
        whole,
        "--all-states",
        states,
        "--plot",
        tmp_path / "q.svg",
        "--json",
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["steps"] == 730
    assert len(rows(states)) == 730 * 2
    assert (tmp_path / "q.svg").read_text().startswith("<?xml")
    lines = forcing.read_text().splitlines()
    parts = []
    for k, part in enumerate((lines[1:301], lines[301:])):
        file, out = tmp_path / f"f{k}.csv", tmp_path / f"q{k}.csv"
        file.write_text("\n".join([lines[0], *part]))
        more = ["--state", tmp_path / "s0.json"] if k else []
        assert (
            run(
                *words,
                "--forcing",
                file,
                *more,
                "--save-state",
                tmp_path / f"s{k}.json",
                "--out",
                out,
            ).exit_code
            == 0
        )
        parts += [r["flow_m3s"] for r in rows(out)]
    assert parts == [r["flow_m3s"] for r in rows(whole)]


def test_calibrate_finds_the_truth_and_reports_the_check(tmp_path, basin, forcing):
    observed_too(tmp_path, basin, forcing)
    start = json.loads(basin.read_text())
    start["params"] |= {"KC": 1.1, "CG": 0.96, "SM": 15}
    basin.write_text(json.dumps(start))
    out = tmp_path / "found.json"
    result = run(
        "calibrate",
        "--model",
        "xaj",
        "--basin",
        basin,
        "--forcing",
        forcing,
        "--from",
        1,
        "--to",
        365,
        "--check-from",
        366,
        "--check-to",
        730,
        "--objective",
        "mixed",
        "--max-evals",
        1500,
        "--out",
        out,
        "--json",
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["dc_fit"] > 0.999
    assert told["dc_check"] > 0.999
    assert told["gap_flagged"] is False
    assert json.loads(out.read_text())["params"]["KC"] == pytest.approx(0.93, abs=0.01)


def test_calibrate_for_the_peaks_of_events(tmp_path, basin, forcing):
    observed_too(tmp_path, basin, forcing)
    events, out, plot = tmp_path / "e.csv", tmp_path / "found.json", tmp_path / "q.png"
    events.write_text("start,end\n20,60\n100,160\n")
    words = [
        "calibrate",
        "--model",
        "xaj",
        "--basin",
        basin,
        "--forcing",
        forcing,
        "--to",
        365,
        "--objective",
        "peak",
        "--max-evals",
        400,
        "--warm",
        "--out",
        out,
    ]
    result = run(*words, "--events", events, "--plot", plot, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["value"] > 0.999  # it starts from the truth
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert run(*words).exit_code == 2
    events.write_text("start,end\n400,460\n")
    assert "within the period" in run(*words, "--events", events).output


def biased(tmp_path, basin, forcing):
    """The flow of a model that is off, beside a truth."""
    observed_too(tmp_path, basin, forcing)
    off = json.loads(basin.read_text())
    off["params"] |= {"KC": 1.05, "CG": 0.97}
    basin.write_text(json.dumps(off))
    told = tmp_path / "q.csv"
    run("simulate", "--model", "xaj", "--basin", basin, "--forcing", forcing, "--out", told)
    return told


def test_verify_grades_a_simulation_by_event(tmp_path, basin, forcing):
    told, events, out = biased(tmp_path, basin, forcing), tmp_path / "e.csv", tmp_path / "v.csv"
    events.write_text("start,end\n20,40\n100,130\n")
    words = ["verify", "--observed", forcing, "--forecast", told, "--events", events, "--dt-h", 24]
    result = run(*words, "--area", 200, "--mark", 10, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    (one,) = summary["leads"]
    assert one["grade_dc"] in "甲乙"
    assert summary["marks"][0]["pod"] > 0.5
    assert len(summary["events"]) == 2
    assert {"peak", "time", "depth", "dc"} < set(summary["events"][0]["leads"][0])
    assert summary["event_rates"][0]["qualified_rate"] > 0
    assert "dc_jia" in summary["unverified_clauses"]
    assert rows(out)[0]["lead"] == "1"
    assert run(*words).exit_code == 2  # events need the area
    assert run(*words, "--area", 0).exit_code == 2


def test_correct_learns_and_verify_judges_it_by_lead(tmp_path, basin, forcing):
    told, out, plot = biased(tmp_path, basin, forcing), tmp_path / "c.csv", tmp_path / "c.svg"
    result = run(
        "correct",
        "--observed",
        forcing,
        "--forecast",
        told,
        "--from",
        100,
        "--to",
        600,
        "--leads",
        5,
        "--equal-members",
        20,
        "--mark",
        "warning=30",
        "--plot",
        plot,
        "--issued",
        650,
        "--out",
        out,
        "--json",
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["left_off"] == []
    assert (rows(out)[0]["issued"], rows(out)[0]["lead"]) == ("600", "1")
    assert float(rows(out)[0]["m1"]) <= float(rows(out)[0]["m20"])
    assert "↑ warning 30" in plot.read_text()  # far above that week's flow
    result = run("verify", "--observed", forcing, "--forecast", out, "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert [row["lead"] for row in summary["leads"]] == [1, 2, 3, 4, 5]
    first = summary["leads"][0]
    assert first["crps"] < first["mae"]
    assert 0.8 <= first["coverage"] <= 1
    assert summary["effective_lead"] >= 1
    assert sum(summary["ranks"][0]["counts"]) > 10
    raw = tmp_path / "raw.csv"
    raw.write_text(
        "issued,lead,flow\n" + "".join(f"{r['issued']},{r['lead']},{r['raw']}\n" for r in rows(out))
    )
    plain = json.loads(run("verify", "--observed", forcing, "--forecast", raw, "--json").stdout)
    assert plain["leads"][0]["mae"] > first["mae"]
    assert plain["leads"][0]["crps"] == plain["leads"][0]["mae"]


def test_members_of_perturbed_rain_give_a_range(tmp_path, basin, forcing):
    out, plot = tmp_path / "q.csv", tmp_path / "q.svg"
    words = ["simulate", "--model", "xaj", "--basin", basin, "--forcing", forcing, "--out", out]
    result = run(*words, "--members", 40, "--rain-error", 0.4, "--plot", plot, "--mark", "警戒=20")
    assert result.exit_code == 0, result.output
    inside = [float(r["q05"]) <= float(r["flow_m3s"]) <= float(r["q95"]) for r in rows(out)[30:]]
    assert np.mean(inside) > 0.9
    assert "警戒" in plot.read_text()
    assert run(*words, "--mark", "twenty").exit_code == 2


def test_assimilate_issues_what_helps(tmp_path, basin, forcing):
    """Against a model that is off, the filter helps at one day; without a flow to see it cannot."""
    biased(tmp_path, basin, forcing)
    out = tmp_path / "a.csv"
    words = [
        "assimilate",
        "--basin",
        basin,
        "--forcing",
        forcing,
        "--leads",
        2,
        "--members",
        20,
        "--from",
        50,
        "--to",
        500,
        "--out",
        out,
        "--json",
    ]
    result = run(*words)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["left_off"] == []
    assert any(row["raw"] != row["corrected"] for row in rows(out))
    assert {"q05", "q95"} < set(rows(out)[0])
    result = run(*words, "--rain-error", 0)  # members that do not differ cannot be moved
    assert json.loads(result.stdout)["left_off"] == [1, 2]
    assert all(row["raw"] == row["corrected"] for row in rows(out))


def test_batch_gives_the_same_files_wherever_it_runs(tmp_path, basin, forcing, monkeypatch):
    jobs, made = tmp_path / "jobs.csv", []
    jobs.write_text("basin,forcing,out\n" + "".join(f"b.json,f.csv,o{k}.csv\n" for k in range(3)))
    for engine in ("here", "processes:2", "dask"):
        monkeypatch.setenv("FANGXIAN_COMPUTE", engine)
        config.cache_clear()
        result = run("batch", "--model", "xaj", "--list", jobs, "--json")
        assert result.exit_code == 0, result.output
        made.append((tmp_path / "o2.csv").read_bytes())
    assert made[0] == made[1] == made[2]
    monkeypatch.setenv("FANGXIAN_COMPUTE", "gpu")  # the setting is read
    config.cache_clear()
    assert run("batch", "--model", "xaj", "--list", jobs).exit_code == 2
    monkeypatch.delenv("FANGXIAN_COMPUTE")
    config.cache_clear()
    jobs.write_text("basin,forcing,out\nb.json,f.csv,o.csv\nb.json,none.csv,p.csv\n")
    result = run("batch", "--model", "xaj", "--list", jobs, "--json")
    assert result.exit_code == 3
    assert "line 3" in result.output
    assert (tmp_path / "o.csv").exists()


def test_gr4j_runs_from_its_columns(tmp_path):
    basin, forcing, out = tmp_path / "b.json", tmp_path / "f.csv", tmp_path / "q.csv"
    basin.write_text('{"params": {"X1": 300, "X2": 0.5, "X3": 60, "X4": 2}}')
    forcing.write_text(
        "DatesR,P,E,Qmm\n" + "".join(f"2020-01-{d:02d},5,1,NA\n" for d in range(1, 32))
    )
    result = run(
        "simulate", "--model", "gr4j", "--basin", basin, "--forcing", forcing, "--out", out
    )
    assert result.exit_code == 0, result.output
    assert float(rows(out)[-1]["flow_mm"]) > 0


def test_reservoir(tmp_path):
    dam, inflow, out = tmp_path / "d.json", tmp_path / "i.csv", tmp_path / "o.csv"
    dam.write_text(
        json.dumps(
            {
                "levels": [80, 90, 100, 110],
                "volumes": [0, 10, 40, 100],
                "outlet_levels": [80, 95, 110],
                "outlet_flows": [0, 300, 900],
                "dead": 85,
                "limit": 100,
                "release": 400,
                "top": 106,
                "dt_h": 6,
            }
        )
    )
    inflow.write_text("time,flow\n" + "".join(f"{k},{900 if k < 10 else 50}\n" for k in range(40)))
    result = run(
        "reservoir", "--reservoir", dam, "--inflow", inflow, "--level", 100, "--out", out, "--json"
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["balance"] < 1e-9
    assert told["largest_outflow"] >= 400
    assert (
        run(
            "reservoir", "--reservoir", dam, "--inflow", inflow, "--level", 300, "--out", out
        ).exit_code
        == 2
    )


def test_reservoir_with_gates_and_seasons(tmp_path):
    dam, inflow, out = tmp_path / "d.json", tmp_path / "i.csv", tmp_path / "o.csv"
    gate = {
        "levels": [85, 95, 105],
        "openings": [0, 1, 3],
        "flows": [[0, 0, 0], [0, 50, 120], [0, 80, 200]],
    }
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
                "seasons": [{"from": "0401", "to": "0714", "level": 98}],
                "gates": [{"name": "g1", **gate}, {"name": "g2", **gate}],
            }
        )
    )
    times = [f"2026-07-{10 + k // 4:02d} {k % 4 * 6:02d}:00" for k in range(36)]
    words = ["reservoir", "--reservoir", dam, "--inflow", inflow, "--level", 104, "--out", out]
    inflow.write_text("time,flow\n" + "".join(f"{t},100\n" for t in times))
    assert run(*words, "--plot", tmp_path / "o.png").exit_code == 0
    level = [float(r["level"]) for r in rows(out)]
    assert level[17] == pytest.approx(98)  # the season's limit until 14 July
    assert level[-1] > 98  # then it may rise
    inflow.write_text("time,flow,g1,g2\n" + "".join(f"{t},100,1,0\n" for t in times))
    result = run(*words, "--json")
    assert json.loads(result.stdout)["by"] == "gates"
    assert float(rows(out)[0]["outflow"]) == pytest.approx(77, abs=2)
    inflow.write_text("time,flow\nnoon,100\n")
    result = run(*words)
    assert result.exit_code == 1
    assert "line 2, column time" in result.output


def test_gaps_and_bad_files_are_named(tmp_path, basin, forcing):
    lines = forcing.read_text().splitlines()
    lines[5] = "5,,1.0,3"
    forcing.write_text("\n".join(lines))
    words = [
        "simulate",
        "--model",
        "xaj",
        "--basin",
        basin,
        "--forcing",
        forcing,
        "--out",
        tmp_path / "q",
    ]
    result = run(*words)
    assert result.exit_code == 1
    assert "line 6, column p1_mm" in result.output
    basin.write_text('{"params": {}}')
    assert run(*words).exit_code == 1
    basin.write_text("nonsense")
    assert run(*words).exit_code == 1
