"""GR4, calibration, scores, grades, reservoir, indices: by hand, properties, bounds."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from water import weather

from fangxian.hazards.flood.forecast.rules import grading_rules
from fangxian.kernels.hydro import gr4, indices, scores
from fangxian.kernels.hydro.calibrate import sce_ua
from fangxian.kernels.hydro.grade import change_tolerance, grade, judge_event, qualified_rate
from fangxian.kernels.hydro.reservoir import Gate, Rating, Reservoir, limits_by_season, route


@given(st.integers(0, 200), st.integers(0, 1000))
@settings(max_examples=20)
def test_a_restart_of_gr4_changes_no_bit(cut, seed):
    rain, pan = (a[:, 0] for a in weather(200, seed))
    x = np.array([[300.0, 0.5, 60, 3.3]])
    whole, _ = gr4.run_gr4(rain, pan, x)
    a, middle = gr4.run_gr4(rain[:cut], pan[:cut], x)
    b, _ = gr4.run_gr4(rain[cut:], pan[cut:], x, state=middle)
    assert (np.concatenate([a, b], axis=1) == whole).all()


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
    warm = sce_ua(
        rosenbrock,
        np.array([-5.0, -5]),
        np.array([5.0, 5]),
        seed=1,
        first=np.array([1.0, 1.0]),
        max_evaluations=60,
    )
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
    levels = change_tolerance(np.array([10.5, 9.05]), 9.0, rules, level=True)
    np.testing.assert_allclose(levels, [0.3, 0.1])  # 20 % of the change; the floor, m
    assert change_tolerance(100.0, 98.0, rules, level=False) == 5.0  # 5 % of the flow
    assert qualified_rate([peak, replace(peak, error=9.0)]) == 0.5
    assert [grade(v, rules.dc) for v in (0.9, 0.89, 0.5, 0.49, np.nan)] == [
        "甲",
        "乙",
        "丙",
        "等外",
        "等外",
    ]
    with pytest.raises(ValueError, match="gaps"):
        judge_event(simulated, observed * np.nan, rules, dt_h=6, area_km2=50)


def a_reservoir(limit=100.0):
    outlet = Rating([80.0, 95, 110], [0.0, 300, 900])
    return Reservoir(
        [80.0, 90, 100, 110],
        [0.0, 10, 40, 100],
        outlet,
        dead=85.0,
        limit=limit,
        release=400.0,
        top=106.0,
    )


@given(st.lists(st.floats(0, 3000), min_size=1, max_size=60), st.floats(80, 110))
@settings(max_examples=60)
def test_reservoir_balance_closes(inflow, level):
    dam = a_reservoir()
    found = route(dam, np.array(inflow), level=level, dt_h=1)
    assert found.balance <= 1e-9
    first = np.interp(level, dam.levels, dam.volumes)
    held = first + (np.cumsum(inflow) - np.cumsum(found.outflow)) * 0.0036
    np.testing.assert_allclose(found.volume, held, rtol=1e-9)
    inside = found.volume <= 100
    back = np.interp(found.level, dam.levels, dam.volumes)
    np.testing.assert_allclose(back[inside], found.volume[inside], rtol=1e-9, atol=1e-12)
    assert (found.outflow >= 0).all()
    assert (found.outflow <= 900 + 1e-9).all()


def test_reservoir_rules():
    calm = route(a_reservoir(), np.zeros(50), level=104.0, dt_h=6)
    assert calm.outflow[0] == 400  # release, not more
    assert calm.level[-1] == pytest.approx(100.0)  # back to the limit and no lower
    flood = route(a_reservoir(), np.full(30, 2000.0), level=100.0, dt_h=6)
    assert flood.outflow.max() > 400
    assert flood.beyond
    # at the top with little coming: opened only as far as the limit needs
    brim = route(a_reservoir(), np.full(5, 100.0), level=106.0, dt_h=24)
    assert brim.level.min() >= 100 - 1e-9
    # above the top with little coming: the release, not whatever the outlets can
    above = route(a_reservoir(), np.full(24, 60.0), level=107.0, dt_h=1)
    assert above.outflow.max() <= 400
    assert above.level[-1] < 106
    # and with more coming than the river bears: what comes in, so that it does not rise
    full = route(a_reservoir(), np.full(24, 600.0), level=107.0, dt_h=1)
    np.testing.assert_allclose(full.outflow, 600.0, rtol=1e-9)
    # the release is kept while it holds the level below the top
    rising = route(a_reservoir(), np.full(1, 2000.0), level=100.0, dt_h=6)
    assert rising.outflow[0] == 400
    assert rising.level[0] < 106
    seasons = np.r_[np.full(20, 104.0), np.full(20, 96.0)]
    drawn = route(a_reservoir(seasons), np.full(40, 10.0), level=100.0, dt_h=6)
    assert drawn.level[19] > 100
    assert drawn.level[-1] == pytest.approx(96.0, abs=0.2)
    kept = route(a_reservoir(), np.full(5, 100.0), level=90.0, dt_h=1, plan=np.full(5, 9999.0))
    assert kept.level[-1] >= 85.0


def test_gates_by_table_and_a_plan_of_openings():
    gate = Gate([85.0, 95, 105], [0.0, 1, 3], [[0, 0, 0], [0, 50, 120], [0, 80, 200]])
    assert gate.flow(84.9, 3.0) == 0
    assert gate.flow(90.0, 1.0) == pytest.approx(25)
    assert gate.flow(100.0, 2.0) == pytest.approx((65 + 160) / 2)
    assert gate.flow(120.0, 9.0) == 200
    dam = replace(a_reservoir(), gates=(gate, gate))
    shut = route(dam, np.full(10, 100.0), level=100.0, dt_h=1, openings=np.zeros((10, 2)))
    assert (shut.outflow == 0).all()
    half = np.column_stack([np.full(10, 1.0), np.zeros(10)])
    one = route(dam, np.full(10, 100.0), level=100.0, dt_h=1, openings=half)
    assert one.outflow[0] == pytest.approx(65, abs=0.2)
    assert one.balance <= 1e-9
    with pytest.raises(ValueError, match="every gate"):
        route(dam, np.ones(3), level=100.0, dt_h=1, openings=np.zeros((3, 1)))
    with pytest.raises(ValueError, match="begin with 0"):
        Gate([85.0, 95], [0.5, 1], [[0, 0], [20, 50]])
    with pytest.raises(ValueError, match="must not fall"):
        Gate([1.0, 2], [0.0, 1], [[0, 5], [0, 4]])


def test_flood_limit_seasons():
    days = np.array(
        ["2026-03-31", "2026-04-01", "2026-07-15", "2026-12-31", "2027-01-31", "2027-02-01"],
        "datetime64[D]",
    )
    seasons = [("0401", "0714", 95.0), ("0715", "1015", 97.0), ("1216", "0131", 99.0)]
    assert limits_by_season(days, seasons, 100.0).tolist() == [100, 95, 97, 99, 99, 100]
    with pytest.raises(ValueError, match="two flood-limit"):
        limits_by_season(days, [*seasons, ("0401", "0402", 1.0)], 100.0)
    for wrong in ("1301", "41", "0432", "april"):
        with pytest.raises(ValueError, match="MMDD"):
            limits_by_season(days, [(wrong, "0714", 95.0)], 100.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Rating([1.0, 1], [1.0, 2]),
        lambda: Rating([1.0, 2], [2.0, 1]),
        lambda: route(a_reservoir(), np.array([np.nan]), level=90, dt_h=1),
        lambda: route(a_reservoir(), np.ones(2), level=200, dt_h=1),
    ],
)
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


@pytest.mark.parametrize("years", [12, 30, 60])
def test_spei_does_not_know_the_mean_of_the_balance(years):
    rng = np.random.default_rng(7)
    rain, pet = rng.gamma(2, 40, 12 * years), np.full(12 * years, 120.0)
    index = indices.spei(rain, pet, 3)
    for shift in (-200.0, 200.0, 1000.0):
        np.testing.assert_allclose(indices.spei(rain, pet + shift, 3), index, atol=1e-6)
    known = np.isfinite(index)
    total = np.convolve(rain, np.ones(3))[: len(rain)]
    assert np.corrcoef(index[known], total[known])[0, 1] > 0.9


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
