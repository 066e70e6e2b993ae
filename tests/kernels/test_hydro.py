"""Hydrology kernels: mass balance, restart, a slow reference, absurd inputs, hand-worked cases."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fangxian.hazards.flood.forecast_rules import grading_rules
from fangxian.kernels.hydro import ensemble, gr4, indices, scores, xaj
from fangxian.kernels.hydro.calibrate import sce_ua
from fangxian.kernels.hydro.correct import apply_correction, fit_correction
from fangxian.kernels.hydro.grade import grade, judge_event, judge_routing, qualified_rate
from fangxian.kernels.hydro.reservoir import Rating, Reservoir, route

GIVEN = dict(KC=0.93, UM=20.0, LM=60.0, C=0.18, WM=120.0, B=0.3, IM=0.01, SM=30.0, EX=1.5, KG=0.13,
             KI=0.57, CS=0.2, CI=0.76, CG=0.98, CR=0.21, KE=24.0, XE=0.4)  # fmt: skip


def weather(days, seed=1, columns=1):
    rng = np.random.default_rng(seed)
    wet = rng.random((days, columns)) < 0.4
    return np.where(wet, rng.gamma(0.6, 14, (days, columns)), 0.0), np.full((days, columns), 3.0)


def sets(n, seed):
    """Parameter sets over the whole widest ranges, feasible."""
    rng = np.random.default_rng(seed)
    low, high = np.array([row[1:3] for row in xaj.PARAMETERS.values()]).T
    p = low + (high - low) * rng.random((n, 17))
    p[:, xaj.WM] = np.maximum(p[:, xaj.WM], p[:, xaj.UM] + p[:, xaj.LM])
    p[:, xaj.KG] *= np.minimum(1, 0.98 / (p[:, xaj.KG] + p[:, xaj.KI]))
    p[:, xaj.KI] = np.minimum(p[:, xaj.KI], 0.99 - p[:, xaj.KG])
    p[:, xaj.KE] = 24.0 * rng.integers(0, 3, n)
    x = 0.5 - rng.random(n) * 0.5
    p[:, xaj.XE] = np.where(p[:, xaj.KE] == 24, x, 0.5 - (0.5 - x) / 2)
    return p


def land_balance(p, told, first):
    """Relative error of P = E + runoff + change of storage, all over the run, mm."""
    e, w, s, fr, r = (told[:, 0, xaj.FLUXES.index(n)] for n in ("E", "W", "S", "FR", "R"))
    sources = told[:, 0, 6:9].sum()
    rain = told[:, 0, 0].sum()
    tension = w[-1] - first.land[0, 0, :3].sum()
    free = s[-1] * fr[-1] - first.land[0, 0, 3] * first.land[0, 0, 4]
    return abs(rain - e.sum() - r.sum() - tension) / rain, abs(r.sum() - sources - free) / rain


def test_no_parameter_set_makes_a_nan_and_water_is_kept():
    """10^5 sets in all ranges for NaN and negative flow; balance on some of them."""
    rain, pan = weather(60)
    rain[::17] = 180.0
    where = xaj.Basin([250.0], 24)
    p = sets(100_000, 1)
    first = xaj.start(len(p), where, wu=1, wl=5, wd=2, reaches=2)
    flow, after = xaj.run(where, rain, pan, p, first)
    assert np.isfinite(flow).all()
    assert np.isfinite(after.land).all()
    assert (flow >= -1e-9 * flow.max()).all()
    for k in range(0, 400):
        one = xaj.start(1, where, wu=1, wl=5, wd=0, reaches=2)
        _, _, told = xaj.trace(where, rain, pan, p[k], one)
        assert max(land_balance(p[k], told, one)) <= 1e-9, dict(zip(xaj.NAMES, p[k], strict=True))


def test_what_runs_off_arrives():
    """After a long dry end all runoff has left the reservoirs and reaches."""
    rain, pan = weather(200, columns=3)
    rain = np.vstack([rain, np.zeros((4000, 3))])
    pan = np.vstack([pan, np.zeros((4000, 3))])
    where = xaj.Basin([120.0, 310.0, 45.0], 24)
    named = {**GIVEN, "CG": 0.9, "KE": 48.0, "XE": 0.3}
    flow, _, told = xaj.trace(where, rain, pan, xaj.by_name(named),
                              xaj.start(1, where, wu=10, wl=30, wd=20, reaches=2))  # fmt: skip
    kinds = {n: k for k, n in enumerate(xaj.FLUXES)}
    pervious = told[:, :, kinds["RS"] : kinds["RG"] + 1].sum(axis=2) * (1 - GIVEN["IM"])
    sealed = np.maximum(told[:, :, kinds["P"]] - told[:, :, kinds["E"]], 0) * GIVEN["IM"]
    volume = ((pervious + sealed) * where.areas).sum() / 86.4
    assert flow.sum() == pytest.approx(volume, rel=1e-9)


@given(st.integers(1, 199), st.integers(0, 1000))
@settings(max_examples=20)
def test_a_restart_changes_no_bit(cut, seed):
    rain, pan = weather(200, seed, columns=2)
    where = xaj.Basin([100.0, 300.0], 6)
    p = np.repeat(xaj.by_name({**GIVEN, "KE": 12.0, "XE": 0.3}), 3, axis=0)
    first = xaj.start(3, where, wu=10, wl=30, wd=20, reaches=2)
    whole, end = xaj.run(where, rain, pan, p, first)
    a, middle = xaj.run(where, rain[:cut], pan[:cut], p, first)
    b, end2 = xaj.run(where, rain[cut:], pan[cut:], p, middle)
    assert (np.concatenate([a, b], axis=1) == whole).all()
    assert (end2.land == end.land).all()
    assert (end2.reach == end.reach).all()
    x = np.array([[300.0, 0.5, 60, 3.3]])
    whole, _ = gr4.run_gr4(rain[:, 0], pan[:, 0], x)
    a, middle = gr4.run_gr4(rain[:cut, 0], pan[:cut, 0], x)
    b, _ = gr4.run_gr4(rain[cut:, 0], pan[cut:, 0], x, state=middle)
    assert (np.concatenate([a, b], axis=1) == whole).all()


def slow_runoff(p, w, net):
    """Runoff of one step by summing the tension-water curve over 200,000 strips of the basin: each
    strip stores what it has room for."""
    wmm = p["WM"] * (1 + p["B"])
    share = (np.arange(200_000) + 0.5) / 200_000
    room = wmm * (1 - (1 - share) ** (1 / p["B"]))
    low, high = 0.0, wmm
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(room, middle).mean() < w else (low, middle)
    return (net - (np.minimum(room, low + net) - np.minimum(room, low))).mean()


@pytest.mark.parametrize("rain", [5.0, 30.0, 90.0])
def test_runoff_against_strips_of_the_basin(rain):
    named = {**GIVEN, "IM": 0.0}
    where = xaj.Basin([100.0], 24)
    first = xaj.start(1, where, wu=15, wl=40, wd=30)
    _, _, told = xaj.trace(where, [[rain]], [[0.0]], xaj.by_name({**named, "KE": 0.0}), first)
    assert told[0, 0, xaj.FLUXES.index("R")] == pytest.approx(
        slow_runoff(named, 85.0, rain), abs=1e-3
    )


def test_evaporation_by_hand():
    where = xaj.Basin([100.0], 24)
    p = xaj.by_name({**GIVEN, "KC": 1.0, "KE": 0.0})
    first = xaj.start(1, where, wu=2.0, wl=30.0, wd=20.0)
    _, _, told = xaj.trace(where, [[1.0]], [[9.0]], p, first)
    assert told[0, 0, 1] == pytest.approx(3.0 + 6.0 * 30 / 60)  # upper layer, then by WL/LM
    first = xaj.start(1, where, wu=0.0, wl=5.0, wd=20.0)
    _, _, told = xaj.trace(where, [[0.0]], [[9.0]], p, first)
    assert told[0, 0, 1] == pytest.approx(0.18 * 9.0)  # below C LM


def test_members_and_their_own_rain():
    rain, pan = weather(80, columns=2)
    where = xaj.Basin([100.0, 50.0], 24)
    own = rain * np.array([0.8, 1.0, 1.2])[:, None, None]
    p = np.repeat(xaj.by_name(GIVEN), 3, axis=0)
    first = xaj.start(3, where, wu=10, wl=30, wd=20, reaches=1)
    many, _ = xaj.run(where, own, pan, p, first)
    one, _ = xaj.run(where, own[2], pan, p[:1], xaj.start(1, where, wu=10, wl=30, wd=20, reaches=1))
    assert (many[2] == one[0]).all()
    assert (many[2].sum(), many[0].sum()) > (many[1].sum(), 0)


@pytest.mark.parametrize("days", [0, 1])
def test_no_days_and_one_day(days):
    where = xaj.Basin([100.0], 24)
    first = xaj.start(1, where, wu=10, wl=30, wd=20, reaches=1)
    flow, _ = xaj.run(where, np.zeros((days, 1)), np.zeros((days, 1)), xaj.by_name(GIVEN), first)
    assert flow.shape == (1, days)
    assert (flow == 0).all()


@pytest.mark.parametrize(
    ("change", "text"),
    [({"UM": 90.0}, "UM \\+ LM"), ({"KI": 0.89, "KG": 0.2}, "below 1"), ({"KC": 9.0}, "KC"),
     ({"KE": 240.0, "XE": 0.0}, "unstable")],
)  # fmt: skip
def test_parameters_that_cannot_be_are_named(change, text):
    where = xaj.Basin([100.0], 24)
    with pytest.raises(ValueError, match=text):
        xaj.run(where, np.zeros((3, 1)), np.zeros((3, 1)), xaj.by_name({**GIVEN, **change}),
                xaj.start(1, where, wu=1, wl=1, wd=1, reaches=10))  # fmt: skip


@pytest.mark.parametrize("bad", [np.nan, -1.0, np.inf])
def test_one_bad_value_of_rain_is_refused(bad):
    where = xaj.Basin([100.0], 24)
    rain, pan = weather(10)
    rain[4] = bad
    with pytest.raises(ValueError, match="finite"):
        xaj.run(
            where, rain, pan, xaj.by_name(GIVEN), xaj.start(1, where, wu=1, wl=1, wd=1, reaches=1)
        )
    with pytest.raises(ValueError, match="finite"):
        gr4.run_gr4(rain[:, 0], pan[:, 0], [300, 0, 50, 2])


def test_gr4_keeps_its_water_without_exchange():
    rain, _ = weather(3000)
    rain[1000:] = 0
    x = np.array([[200.0, 0.0, 50.0, 2.0]])
    flow, state = gr4.run_gr4(rain[:, 0], np.zeros(3000), x)
    left = state.stores.sum() + state.first.sum() + state.second.sum()
    first = 0.3 * 200 + 0.5 * 50
    # the unit hydrographs' head has already left: their first ordinate is in the flow
    left -= state.first[0, 0] + state.second[0, 0]
    assert flow.sum() + left == pytest.approx(rain.sum() + first, rel=1e-9)


def test_gr4_of_a_dry_century_and_a_first_rain():
    dry = np.zeros(36_500)
    flow, _ = gr4.run_gr4(dry, np.full(36_500, 4.0), [300, 0, 50, 2])
    assert np.isfinite(flow).all()
    assert flow[0, -1] < 1e-3
    dry[-1] = 200
    again, _ = gr4.run_gr4(dry, np.full(36_500, 4.0), [300, 0, 50, 2])
    assert again[0, -1] > flow[0, -1]


def test_sce_ua_finds_known_minima_and_tells_bounds():
    def rosenbrock(x):
        return 100 * (x[:, 1] - x[:, 0] ** 2) ** 2 + (1 - x[:, 0]) ** 2

    told = []
    setting = dict(seed=3, tolerance=1e-12, told=lambda n, v: told.append((n, v)))
    found = sce_ua(rosenbrock, np.array([-5.0, -5]), np.array([5.0, 5]), **setting)
    np.testing.assert_allclose(found.best, [1, 1], atol=1e-3)
    assert found.on_bound == []
    assert [v for _, v in told] == sorted((v for _, v in told), reverse=True)
    again = sce_ua(rosenbrock, np.array([-5.0, -5]), np.array([5.0, 5]), **setting)
    assert (again.best == found.best).all()
    edge = sce_ua(lambda x: x[:, 0] + x[:, 1] ** 2, np.array([2.0, -1]), np.array([9.0, 1]), seed=1)
    assert edge.on_bound == [0]
    warm = sce_ua(rosenbrock, np.array([-5.0, -5]), np.array([5.0, 5]), seed=1,
                  first=np.array([1.0, 1.0]), max_evaluations=60)  # fmt: skip
    assert warm.value == 0
    with pytest.raises(ValueError, match="no point"):
        sce_ua(lambda x: np.full(len(x), np.nan), np.zeros(2), np.ones(2), seed=1)
    with pytest.raises(ValueError, match="below"):
        sce_ua(rosenbrock, np.ones(2), np.ones(2), seed=1)


def test_scores_by_hand():
    o = np.array([1.0, 2, 3, np.nan])
    assert scores.nse(np.array([1.0, 2, 3, 9]), o)[0] == 1
    assert scores.nse(np.full(4, 2.0), o)[0] == 0
    assert scores.kge(o[:3], o[:3])[0] == 1
    assert scores.persistence_index(np.array([0.0, 2, 3]), o[:3], 1) == 1
    members = np.array([[0.0], [2.0]])
    assert scores.crps(members, np.array([1.0]))[0] == pytest.approx(1 - 0.5)
    assert scores.rank_histogram(members, np.array([1.0])).tolist() == [0, 1, 0]
    c = scores.crossings(np.array([0, 5, 5, 0, 0.0]), np.array([0, 0, 5, 5, 0.0]), 4.0)
    assert (c.hits, c.false_alarms, c.misses, c.pod, c.lead.tolist()) == (1, 1, 1, 0.5, [1.0])
    assert scores.peak_error(np.array([1.0, 4]), np.array([1.0, 5]), [(0, 1)])[0] == pytest.approx(
        0.2
    )


def test_crps_agrees_with_scoringrules():
    import scoringrules

    rng = np.random.default_rng(1)
    x, o = rng.gamma(3, 2, (30, 20)), rng.gamma(3, 2, 20)
    theirs = scoringrules.crps_ensemble(o, x.T, estimator="nrg")
    np.testing.assert_allclose(scores.crps(x, o), theirs, rtol=1e-12)


def test_a_correction_that_cannot_help_fades_out():
    rng = np.random.default_rng(1)
    truth = 10 + np.sin(np.arange(2000) / 20) + rng.normal(0, 0.3, 2000)
    raw = 10 + np.sin(np.arange(2000) / 20)
    made = fit_correction(raw, truth, leads=6)  # white errors: nothing to learn
    flow, band = apply_correction(made, raw, truth)
    for lead in range(1, 7):
        plain = ((raw[lead:] - truth[lead:]) ** 2).mean()
        assert ((flow[:-lead, lead - 1] - truth[lead:]) ** 2).mean() <= plain * 1.001
    assert (band[:-6, :, 0] <= band[:-6, :, 2]).all()
    with pytest.raises(ValueError, match="pairs"):
        fit_correction(raw[:50], truth[:50], leads=2)


def test_grading_by_hand():
    rules, _ = grading_rules(date(2026, 1, 1))
    observed = np.array([1.0, 5, 40, 20, 10, 5])
    simulated = np.array([1.0, 6, 20, 33, 12, 5])
    peak, time, depth = judge_event(simulated, observed, rules, dt_h=6, area_km2=50)
    assert (peak.error, peak.tolerance, peak.qualified) == (-7.0, 8.0, True)
    assert (time.error, time.tolerance) == (6.0, 6.0)  # 30 % of 12 h is less than the step
    seen = observed.sum() * 3.6 * 6 / 50
    assert seen > 3
    assert depth.tolerance == pytest.approx(0.2 * seen)
    big = judge_event(simulated * 20, observed * 20, rules, dt_h=6, area_km2=50)[2]
    assert big.tolerance == 20  # the cap
    small = judge_event(simulated / 20, observed / 20, rules, dt_h=6, area_km2=50)[2]
    assert small.tolerance == 3  # the floor
    assert judge_routing(10.3, 10.5, 9.0, rules).qualified
    assert not judge_routing(10.1, 10.5, 9.0, rules).qualified
    assert qualified_rate([peak, big]) in (0.5, 1.0)
    assert [grade(v, rules.dc) for v in (0.9, 0.89, 0.5, 0.49, np.nan)] == [
        "甲", "乙", "丙", "等外", "等外"]  # fmt: skip
    with pytest.raises(ValueError, match="gaps"):
        judge_event(simulated, observed * np.nan, rules, dt_h=6, area_km2=50)


def a_reservoir(limit=100.0):
    outlet = Rating([80.0, 95, 110], [0.0, 300, 900])
    return Reservoir([80.0, 90, 100, 110], [0.0, 10, 40, 100], outlet, dead=85.0, limit=limit,
                     release=400.0, top=106.0)  # fmt: skip


@given(st.lists(st.floats(0, 3000), min_size=1, max_size=60), st.floats(80, 110))
@settings(max_examples=60)
def test_reservoir_balance_closes(inflow, level):
    found = route(a_reservoir(), np.array(inflow), level=level, dt_h=1)
    assert found.balance <= 1e-9
    assert (found.outflow >= 0).all()
    assert (found.outflow <= 900 + 1e-9).all()


def test_reservoir_rules():
    calm = route(a_reservoir(), np.zeros(50), level=104.0, dt_h=6)
    assert calm.outflow[0] == 400  # release, not more
    assert calm.level[-1] == pytest.approx(100.0)  # back to the limit and no lower
    flood = route(a_reservoir(), np.full(30, 2000.0), level=100.0, dt_h=6)
    assert flood.outflow.max() > 400
    assert flood.beyond
    seasons = np.r_[np.full(20, 104.0), np.full(20, 96.0)]
    drawn = route(a_reservoir(seasons), np.full(40, 10.0), level=100.0, dt_h=6)
    assert drawn.level[19] > 100
    assert drawn.level[-1] == pytest.approx(96.0, abs=0.2)
    kept = route(a_reservoir(), np.full(5, 100.0), level=90.0, dt_h=1, plan=np.full(5, 9999.0))
    assert kept.level[-1] >= 85.0


@pytest.mark.parametrize(
    "call",
    [lambda: Rating([1.0, 1], [1.0, 2]), lambda: Rating([1.0, 2], [2.0, 1]),
     lambda: route(a_reservoir(), np.array([np.nan]), level=90, dt_h=1),
     lambda: route(a_reservoir(), np.ones(2), level=200, dt_h=1)],
)  # fmt: skip
def test_bad_curves_and_levels_are_refused(call):
    with pytest.raises(ValueError):
        call()


def test_a_rating_is_not_extended():
    curve = Rating([1.0, 2, 3], [0.0, 10, 40])
    assert curve.flow(np.array([2.5]))[0] == 25
    assert np.isnan(curve.flow(np.array([0.5, 3.5]))).all()
    assert curve.level(np.array([25.0]))[0] == 2.5


def test_unit_hydrograph_and_antecedent_rain_by_hand():
    np.testing.assert_allclose(
        indices.unit_hydrograph([1.0, 2, 0, 0], [0.5, 0.5]), [0.5, 1.5, 1, 0]
    )
    assert indices.nash_ordinates(3, 2, 100).sum() == pytest.approx(1)
    pa = indices.antecedent_rain([10.0, np.nan, 200], decay=0.85, cap=100)
    np.testing.assert_allclose(pa, [0, 8.5, 7.225])


def test_drought_indices_are_standard_normal_and_the_turn_has_its_sign():
    rng = np.random.default_rng(4)
    rain, pet = rng.gamma(2, 40, 12 * 60), rng.gamma(9, 8, 12 * 60)
    for index in (indices.spi(rain, 3), indices.spei(rain, pet, 3)):
        assert np.isnan(index[:2]).all()
        assert np.nanmean(index) == pytest.approx(0, abs=0.1)
        assert np.nanstd(index) == pytest.approx(1, abs=0.1)
    assert np.isnan(indices.spi(rain[:48], 1)).all()
    turn = indices.sudden_turn(np.array([-2.0, 2.0, 1.0]), np.array([2.0, -2.0, 1.0]))
    assert turn.tolist() == [16.0, -16.0, 0.0]


def test_the_filter_finds_the_states_of_a_twin():
    """The truth runs from wet states; the members start dry and see its flow."""
    rain, pan = weather(120, 5)
    where = xaj.Basin([250.0], 24)
    p = xaj.by_name(GIVEN)
    truth, _ = xaj.run(
        where, rain, pan, p, xaj.start(1, where, wu=20, wl=60, wd=40, s=8, fr=0.6, reaches=1)
    )
    members = xaj.start(50, where, wu=2, wl=10, wd=10, reaches=1)
    noise = ensemble.Noise(rain=0.3, flow=0.05)
    kept, after = ensemble.filter_states(where, rain, pan, p, members, truth[0], every=1,
                                         noise=noise, seed=2)  # fmt: skip
    blind = np.full(120, np.nan)
    free, _ = ensemble.filter_states(
        where, rain, pan, p, members, blind, every=1, noise=noise, seed=2
    )
    late = slice(20, 120)
    assert scores.nse(kept.mean(axis=0)[late], truth[0, late]) > scores.nse(
        free.mean(axis=0)[late], truth[0, late]
    )
    assert (after.land >= 0).all()
    again, _ = ensemble.filter_states(where, rain, pan, p, members, truth[0], every=1,
                                      noise=noise, seed=2)  # fmt: skip
    assert (again == kept).all()
    with pytest.raises(ValueError, match="ten members"):
        few = xaj.start(3, where, wu=1, wl=1, wd=1, reaches=1)
        ensemble.filter_states(where, rain, pan, p, few, truth[0], every=1, noise=noise, seed=2)
