"""Unit hydrograph, antecedent rain, SPI, rating, states of a batch, and the filter that goes on."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from floods import make_basin, make_forcing, observed_too, rows, run

GR4 = {"area_km2": 360, "params": {"X1": 300, "X2": 0.5, "X3": 60, "X4": 2}}


def table(path, head, lines):
    path.write_text("\n".join([head, *(",".join(map(str, line)) for line in lines)]) + "\n")
    return path


def months(years=14, seed=1):
    """Rain and evaporation by month from 2001 on."""
    rng = np.random.default_rng(seed)
    return [
        (f"{2001 + k // 12}-{k % 12 + 1:02d}", rng.gamma(2, 50).__round__(1), 60)
        for k in range(12 * years)
    ]


def test_a_unit_hydrograph_of_shares_is_worked_by_hand(tmp_path):
    net = table(tmp_path / "n.csv", "time,净雨", [(k, p) for k, p in enumerate([10, 20, 0, 0])])
    u, out = table(tmp_path / "u.csv", "share", [[0.5], [0.3], [0.2]]), tmp_path / "o.csv"
    words = ["uh", "--net", net, "--ordinates", u, "--out", out, "--plot", tmp_path / "q.svg"]
    assert run(*words).exit_code == 0
    assert [float(r["flow_mm"]) for r in rows(out)] == [5, 13, 8, 4]
    result = run(*words, "--area", 36, "--dt-h", 1, "--json")
    assert json.loads(result.stdout)["peak"] == 130
    assert [float(r["flow_m3s"]) for r in rows(out)] == [50, 130, 80, 40]


def test_ordinates_in_m3s_are_of_ten_millimetres(tmp_path):
    net = table(tmp_path / "n.csv", "time,net", [(1, 20), (2, 0)])
    u, out = table(tmp_path / "u.csv", "时段,单位线", [(1, 30), (2, 70)]), tmp_path / "o.csv"
    words = ["uh", "--net", net, "--ordinates", u, "--out", out, "--area", 36, "--dt-h", 1]
    assert run(*words).exit_code == 0
    assert [float(r["flow_m3s"]) for r in rows(out)] == [60, 140]
    assert "come to 20 mm" in run(*words, "--area", 18).output


def test_nash_tells_what_flows_after_the_end(tmp_path):
    net, out = table(tmp_path / "n.csv", "time,net", [(1, 20), (2, 0), (3, 0)]), tmp_path / "o.csv"
    words = ["uh", "--net", net, "--out", out, "--json"]
    told = json.loads(run(*words, "--nash", "3,2").stdout)
    flow = sum(float(r["flow_mm"]) for r in rows(out))
    assert told["share_after_the_end"] == pytest.approx(1 - flow / 20, abs=1e-4)
    assert "after the last row" in told["notes"][0]
    assert run(*words).exit_code == run(*words, "--nash", "3").exit_code == 2
    assert run(*words, "--nash", "3,0").exit_code == 2
    assert run(*words, "--nash", "3,2", "--area", 9).exit_code == 2  # hours of a step are needed


def test_a_jump_in_net_rain_is_named_by_its_line(tmp_path):
    net = table(tmp_path / "n.csv", "time,net", [(1, 20), (2, 0), (5, 0)])
    result = run("uh", "--net", net, "--nash", "3,2", "--out", tmp_path / "o.csv")
    assert result.exit_code == 1
    assert "n.csv, line 4, column net: time jumps" in result.output


def test_antecedent_rain_of_the_day_to_come(tmp_path):
    rain = table(tmp_path / "p.csv", "日期,雨量", [("2022-06-01", 50), ("2022-06-02", 80)])
    out = tmp_path / "o.csv"
    words = ["pa", rain, "--decay", 0.8, "--cap", 100, "--start", 20, "--out", out, "--json"]
    told = json.loads(run(*words).stdout)
    assert [float(r["pa_mm"]) for r in rows(out)] == [20, 56]
    assert told["pa"] == [{"column": "雨量", "missing": 0, "next_pa_mm": 100.0}]


def test_a_day_without_rain_data_decays_and_is_named(tmp_path):
    days = [("2022-06-01", 50), ("2022-06-03", 0), ("2022-06-04", 0)]
    rain = table(tmp_path / "p.csv", "date,P", days)
    words = ["pa", rain, "--decay", 0.8, "--cap", 100, "--out", tmp_path / "o.csv"]
    result = run(*words)
    assert result.exit_code == 3
    assert "1 days missing (2022-06-02)" in result.output
    assert [r["pa_mm"] for r in rows(tmp_path / "o.csv")] == ["0", "40", "32", "25.6"]
    table(rain, "time,P", [("2022-06-01 08:00", 5), ("2022-06-01 09:00", 5)])
    assert "the step is 1 h" in run(*words).output


def test_spi_is_that_of_the_kernel_and_its_turn_stands_in_the_late_month(tmp_path):
    from fangxian.kernels.hydro.indices import spi, sudden_turn

    lines, out = months(), tmp_path / "o.csv"
    words = ["spi", table(tmp_path / "m.csv", "month,P,E", lines), "--months", 2, "--out", out]
    assert run(*words, "--turn", "6,8").exit_code == 0
    index, made = spi(np.array([p for _, p, _ in lines]), 2), rows(out)
    assert float(made[20]["spi_2"]) == pytest.approx(index[20])
    assert made[0]["spi_2"] == made[18]["turn"] == "NA"
    assert float(made[19]["turn"]) == pytest.approx(float(sudden_turn(index[17], index[19])))
    assert run(*words, "--turn", "6,7").exit_code == run(*words, "--turn", "6,13").exit_code == 2


def test_spei_by_year_and_month_in_columns_needs_evaporation(tmp_path):
    lines = [[*m.split("-"), p, e] for m, p, e in months()]
    source, out = table(tmp_path / "m.csv", "年,月,雨量,蒸发", lines), tmp_path / "o.csv"
    result = run("spei", source, "--months", 3, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["spei"][0]["judged"] == 14 * 12 - 2
    table(source, "年,月,雨量", [line[:3] for line in lines])
    assert "evaporation" in run("spei", source, "--months", 3, "--out", out).output


def test_a_missing_month_is_named_and_moves_no_other(tmp_path):
    lines, out = months(), tmp_path / "o.csv"
    source = table(tmp_path / "m.csv", "month,P,E", [*lines[:30], *lines[31:]])
    result = run("spi", source, "--months", 1, "--out", out)
    assert result.exit_code == 3
    assert "1 months missing (2003-07)" in result.output
    assert (rows(out)[30]["spi_1"], len(rows(out))) == ("NA", len(lines))
    table(source, "month,P", [("2001-01", 5), ("2001-13", 5)])
    assert "line 3, column month" in run("spi", source, "--months", 1, "--out", out).output
    table(source, "date,P", [("2001-01-01", 5), ("2001-01-02", 5)])
    assert "monthly rain is needed" in run("spi", source, "--months", 1, "--out", out).output


def test_a_rating_goes_both_ways_and_ends_with_its_curve(tmp_path):
    curve = table(tmp_path / "c.csv", "水位,流量", [(10, 0), (12, 100), (13, 300)])
    source = table(tmp_path / "z.csv", "time,Z", [(1, 11), (2, 12.5), (3, 14), (4, "")])
    out, back = tmp_path / "q.csv", tmp_path / "b.csv"
    result = run("rating", curve, source, "--to", "flow", "--out", out)
    assert result.exit_code == 3
    assert "z.csv, line 4, column Z: 14 lies outside the curve (10 .. 13 m)" in result.output
    assert [r["flow_m3s"] for r in rows(out)] == ["50", "200", "NA", "NA"]
    assert run("rating", curve, out, "--to", "level", "--out", back).exit_code == 0
    assert [r["level_m"] for r in rows(back)] == ["11", "12.5", "NA", "NA"]


def test_a_curve_that_turns_back_is_refused_at_its_line(tmp_path):
    source = table(tmp_path / "z.csv", "time,level", [(1, 11)])
    words = ["rating", tmp_path / "c.csv", source, "--to", "flow", "--out", tmp_path / "q.csv"]
    curve = table(tmp_path / "c.csv", "level,flow", [(13, 300), (12, 100), (10, 0)])
    assert run(*words).exit_code == 0  # highest first is the same curve
    table(curve, "level,flow", [(10, 0), (12, 300), (13, 100)])
    assert "c.csv, line 4, column flow: the flow falls" in run(*words).output
    table(curve, "level,flow", [(10, 0), (12, "x")])
    assert run(*words).exit_code == 1


def halved(path, at):
    """The file in two, with its head."""
    lines = path.read_text().splitlines()
    for name, part in (("f0.csv", lines[1 : at + 1]), ("f1.csv", lines[at + 1 :])):
        (path.parent / name).write_text("\n".join([lines[0], *part]))


def test_a_batch_goes_on_from_its_states(tmp_path):
    make_basin(tmp_path)
    halved(make_forcing(tmp_path), 300)
    head = "流域,资料,输出,起始状态,期末状态"
    for line in ("f.csv,o.csv,,", "f0.csv,o0.csv,,s.json", "f1.csv,o1.csv,s.json,"):
        jobs = table(tmp_path / "j.csv", head, [["b.json", line]])
        assert run("batch", "--model", "xaj", "--list", jobs).exit_code == 0
    parts = [*rows(tmp_path / "o0.csv"), *rows(tmp_path / "o1.csv")]
    assert parts == rows(tmp_path / "o.csv")


def test_a_batch_never_writes_over_a_state_it_reads(tmp_path):
    make_basin(tmp_path)
    make_forcing(tmp_path)
    (tmp_path / "s.json").write_text("{}")
    jobs = table(
        tmp_path / "j.csv",
        "basin,forcing,out,state,save_state",
        [["b.json", "f.csv", "o.csv", "s.json", "s.json"]],
    )
    result = run("batch", "--model", "xaj", "--list", jobs)
    assert (result.exit_code, (tmp_path / "s.json").read_text()) == (2, "{}")
    table(jobs, "basin,forcing,out,state", [["b.json", "f.csv", "o.csv", "none.json"]])
    assert "line 2" in run("batch", "--model", "xaj", "--list", jobs).output


def gr4_year(tmp_path, n=400):
    """A basin of GR4J whose observed flow is of other rain than the gauge says."""
    rng, truth = np.random.default_rng(3), tmp_path / "t.csv"
    rain = np.where(rng.random(n) < 0.4, rng.gamma(0.6, 14, n), 0).round(1)
    fallen = (rain * rng.lognormal(-0.045, 0.3, n)).round(1)
    days = np.datetime64("2020-01-01") + np.arange(n)
    forcing = table(tmp_path / "f.csv", "time,P,E", zip(days, fallen, [2] * n, strict=True))
    basin = tmp_path / "b.json"
    basin.write_text(json.dumps(GR4))
    words = ["simulate", "--model", "gr4j", "--basin", basin, "--forcing", forcing]
    assert run(*words, "--out", truth).exit_code == 0
    flow = [r["flow_mm"] for r in rows(truth)]
    table(forcing, "time,P,E,Qmm", zip(days, rain, [2] * n, flow, strict=True))
    return basin, forcing


def filtering(model, basin, last):
    words = ["assimilate", "--model", model, "--basin", basin, "--leads", 3, "--members", 12]
    learn = ["--to", last]
    return lambda forcing, out, *more, learn=learn: run(
        *words, "--forcing", forcing, "--out", out, "--json", *learn, *more
    )


def test_the_filter_of_gr4_helps_against_wrong_rain(tmp_path):
    basin, forcing = gr4_year(tmp_path)
    told = filtering("gr4j", basin, "2020-10-01")(forcing, tmp_path / "a.csv", "--from", "2020-02")
    assert json.loads(told.stdout)["left_off"] == []
    made = [r for r in rows(tmp_path / "a.csv") if r["lead"] == "1"]
    seen = {r["time"]: float(r["Qmm"]) for r in rows(forcing)}
    due = [str(np.datetime64(r["issued"]) + 1) for r in made]
    raw, corrected = (
        sum((float(r[c]) - seen[day]) ** 2 for r, day in zip(made, due, strict=True))
        for c in ("raw", "corrected")
    )
    assert corrected < 0.8 * raw


def goes_on(tmp_path, model, basin, forcing, *, at, last):
    """What the second part issues, and what one long run does after the same time."""
    halved(forcing, at)
    filtered, state = filtering(model, basin, last), tmp_path / "s.json"
    assert filtered(forcing, tmp_path / "long.csv").exit_code == 0
    first = filtered(tmp_path / "f0.csv", tmp_path / "a.csv", "--save-state", state)
    told = json.loads(first.stdout)
    result = filtered(tmp_path / "f1.csv", tmp_path / "b.csv", "--state", state, learn=[])
    assert result.exit_code == 0, result.output
    second = rows(tmp_path / "b.csv")
    begin = second[0]["issued"]
    long = rows(tmp_path / "long.csv")
    at = next(k for k, r in enumerate(long) if r["issued"] == begin)
    return told, second, long[at:]


def test_the_filter_of_gr4_goes_on_to_the_last_bit(tmp_path):
    basin, forcing = gr4_year(tmp_path)
    told, second, long = goes_on(tmp_path, "gr4j", basin, forcing, at=330, last="2020-10-01")
    assert told["state_at"] == "2020-11-25"
    assert second[0]["issued"] == "2020-11-26"
    assert second == long


def test_the_filter_of_xinanjiang_goes_on_to_the_last_bit(tmp_path):
    basin, forcing = make_basin(tmp_path), make_forcing(tmp_path)
    observed_too(tmp_path, basin, forcing)
    off = json.loads(basin.read_text())
    basin.write_text(json.dumps(off | {"params": off["params"] | {"KC": 1.05}}))
    told, second, long = goes_on(tmp_path, "xaj", basin, forcing, at=300, last=250)
    assert (told["state_at"], second[0]["issued"]) == ("300", "301")
    assert second == long


def test_flat_free_water_is_another_run_and_its_states_are_its_own(tmp_path):
    basin, forcing = make_basin(tmp_path), make_forcing(tmp_path)
    observed_too(tmp_path, basin, forcing)
    words = ["--model", "xaj", "--basin", basin, "--forcing", forcing, "--out"]
    flows, wrong = {}, ("the state of a run with --flat", "the state of a run without --flat")
    for flat in ([], ["--flat"]):
        out, state = tmp_path / f"{len(flat)}.csv", tmp_path / f"{len(flat)}.json"
        more = [*flat, "--save-state", state, "--all-states", tmp_path / "t.csv"]
        assert run("simulate", *words, out, *more).exit_code == 0
        flows[len(flat)] = [float(r["flow_m3s"]) for r in rows(out)]
        traced = np.array([float(r["Q"]) for r in rows(tmp_path / "t.csv")]).reshape(-1, 2)
        np.testing.assert_allclose(traced.sum(axis=1), flows[len(flat)], rtol=1e-4, atol=1e-4)
    assert flows[0] != flows[1]
    for flat in (0, 1):
        again = ["simulate", *words, tmp_path / "x.csv", *["--flat"] * flat, "--state"]
        assert run(*again, tmp_path / f"{flat}.json").exit_code == 0
        result = run(*again, tmp_path / f"{1 - flat}.json")
        assert (result.exit_code, wrong[flat] in result.output) == (1, True)
    table(
        tmp_path / "l.csv",
        "basin,forcing,out,state",
        [("b.json", "f.csv", "k.csv", "1.json"), ("b.json", "f.csv", "j.csv", "0.json")],
    )
    result = run("batch", "--model", "xaj", "--list", tmp_path / "l.csv", "--flat", "--json")
    assert (result.exit_code, json.loads(result.stdout)["failed"]) == (3, 1)
    basin.write_text(json.dumps(GR4))
    result = run("simulate", "--model", "gr4j", *words[2:], tmp_path / "x.csv", "--flat")
    assert (result.exit_code, "--flat is for xaj only" in result.output) == (2, True)


def test_flat_free_water_is_calibrated_and_filtered(tmp_path):
    basin, forcing = make_basin(tmp_path), make_forcing(tmp_path)
    observed_too(tmp_path, basin, forcing)
    search = ["calibrate", "--model", "xaj", "--basin", basin, "--forcing", forcing, "--json"]
    search += ["--max-evals", 60, "--warm", "--out", tmp_path / "b2.json"]
    assert json.loads(run(*search).stdout)["value"] == 1.0  # the truth is not flat
    assert json.loads(run(*search, "--flat").stdout)["value"] < 0.9999
    halved(forcing, 300)
    filtered, state = filtering("xaj", basin, 250), tmp_path / "s.json"
    filtered(tmp_path / "f0.csv", tmp_path / "a.csv", "--flat", "--save-state", state)
    filtered(forcing, tmp_path / "long.csv", "--flat")
    filtered(forcing, tmp_path / "plain.csv")
    later = [tmp_path / "f1.csv", tmp_path / "b.csv", "--state", state]
    result = filtered(*later, learn=[])
    assert (result.exit_code, "a run with --flat" in result.output) == (1, True)
    assert filtered(*later, "--flat", learn=[]).exit_code == 0
    second = rows(tmp_path / "b.csv")
    assert second == rows(tmp_path / "long.csv")[-len(second) :]
    assert second != rows(tmp_path / "plain.csv")[-len(second) :]


def test_a_state_stands_at_the_last_observed_time_and_takes_no_row_twice(tmp_path):
    """Rows after it had rain that was only forecast; the next file may begin before it."""
    basin, forcing = gr4_year(tmp_path)
    lines, early = forcing.read_text().splitlines(), tmp_path / "early.csv"
    ahead = [f"{line.split(',')[0]},40,2," for line in lines[331:335]]
    early.write_text("\n".join([*lines[:331], *ahead]))
    filtered, state = filtering("gr4j", basin, "2020-10-01"), tmp_path / "s.json"
    filtered(early, tmp_path / "a.csv", "--save-state", state)
    filtered(forcing, tmp_path / "long.csv")
    result = filtered(forcing, tmp_path / "b.csv", "--state", state, learn=[])
    assert "330 rows up to the state's time" in json.loads(result.stdout)["notes"][0]
    second = rows(tmp_path / "b.csv")
    assert second == rows(tmp_path / "long.csv")[-len(second) :]


def test_new_rain_without_new_flow_is_issued_from_the_same_time(tmp_path):
    basin, forcing = gr4_year(tmp_path)
    halved(forcing, 330)
    filtered, state = filtering("gr4j", basin, "2020-10-01"), tmp_path / "s.json"
    filtered(tmp_path / "f0.csv", tmp_path / "a.csv", "--save-state", state)
    rain = table(tmp_path / "r.csv", "time,P,E,Qmm", [("2020-11-26", 90, 2, "")])
    result = filtered(rain, tmp_path / "b.csv", "--state", state, "--now", learn=[])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["peak_at"] == "2020-11-26"
    table(rain, "time,P,E,Qmm", [("2020-11-28", 90, 2, "")])
    result = filtered(rain, tmp_path / "b.csv", "--state", state, learn=[])
    assert "not one step later" in json.loads(result.stdout)["notes"][0]


def test_a_state_of_another_call_is_refused(tmp_path):
    basin, forcing = gr4_year(tmp_path)
    halved(forcing, 330)
    filtered, state = filtering("gr4j", basin, "2020-10-01"), tmp_path / "s.json"
    filtered(tmp_path / "f0.csv", tmp_path / "a.csv", "--save-state", state)
    again = [tmp_path / "f1.csv", tmp_path / "b.csv", "--state", state]
    assert filtered(*again).exit_code == 2  # it has learnt already
    result = filtered(*again, "--seed", 9, learn=[])
    assert (result.exit_code, "seed 1" in result.output) == (2, True)
    assert filtered(tmp_path / "f0.csv", *again[1:], learn=[]).exit_code == 1  # nothing after it
    state.write_text(json.dumps({"model": "gr4j", "params": [300, 0.5, 60, 2]}))
    assert "no state of assimilate" in filtered(*again, learn=[]).output


def test_words_on_files_need_no_data_folder_and_no_settings():
    """What `warm` runs after every set-up, in a process of its own."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("FANGXIAN", "DJANGO"))}
    done = subprocess.run(
        [sys.executable, "-m", "fangxian.cli", "warm"],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert (done.returncode, done.stderr.count(":")) == (0, 0), done.stderr
