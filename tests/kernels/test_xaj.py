"""Xinanjiang: against a slow reference, mass balance, restart, both drivers, absurd inputs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_xaj import simulate
from water import GIVEN, weather

from fangxian.kernels.hydro import xaj


def sets(n, seed):
    """Parameter sets over the whole widest ranges, feasible."""
    rng = np.random.default_rng(seed)
    low, high = np.array([row[1:3] for row in xaj.PARAMETERS.values()]).T
    p = low + (high - low) * rng.random((n, len(low)))
    p[:, xaj.WM] = np.maximum(p[:, xaj.WM], p[:, xaj.UM] + p[:, xaj.LM])
    p[:, xaj.KG] *= np.minimum(1, 0.98 / (p[:, xaj.KG] + p[:, xaj.KI]))
    p[:, xaj.KI] = np.minimum(p[:, xaj.KI], 0.99 - p[:, xaj.KG])
    p[:, xaj.KE] = 24.0 * rng.integers(0, 3, n)
    p[:, xaj.L] = 24.0 * rng.integers(0, 3, n)
    x = 0.5 - rng.random(n) * 0.5
    p[:, xaj.XE] = np.where(p[:, xaj.KE] == 24, x, 0.5 - (0.5 - x) / 2)
    return p


def column(told, name):
    return told[:, 0, xaj.FLUXES.index(name)]


def land_balance(told, first):
    """Relative error of P = E + runoff + change of storage, all over the run, mm."""
    layers = sum(column(told, n)[-1] for n in ("WU", "WL", "WD"))
    rain, r = column(told, "P").sum(), column(told, "R").sum()
    sources = sum(column(told, n).sum() for n in ("RS", "RI", "RG"))
    tension = layers - first.land[0, 0, :3].sum()
    free = column(told, "S")[-1] * column(told, "FR")[-1]
    free -= first.land[0, 0, 3] * first.land[0, 0, 4]
    return abs(rain - column(told, "E").sum() - r - tension) / rain, abs(r - sources - free) / rain


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize(("dt_h", "area", "seed"), [(24, 290, 1), (1, 120, 2), (6, 500, 3)])
def test_both_drivers_against_the_blackboard(dt_h, area, seed, flat):
    rain, pan = weather(300, seed)
    rain[::41] = 95.0
    named = {**GIVEN, "KE": 2.0 * dt_h, "XE": 0.3, "L": 3.0 * dt_h}
    where, p = xaj.Basin([area], dt_h), xaj.by_name(named)
    wet = dict(wu=10, wl=30, wd=20, s=6, fr=0.3)
    first = xaj.start(where, p, **wet)
    flow, _, told = xaj.trace(where, rain, pan, p, first, flat=flat)
    slow = simulate(named, area, dt_h, rain[:, 0], pan[:, 0], **wet, flat=flat)
    for name in xaj.FLUXES:
        expected = np.array([row[name] for row in slow])
        np.testing.assert_allclose(column(told, name), expected, rtol=1e-7, atol=1e-9, err_msg=name)
    quick, _ = xaj.run(where, rain, pan, p, first, flat=flat, float32=True)
    np.testing.assert_allclose(quick, flow, atol=2e-5 * flow.max())
    again, _ = xaj.run(where, rain, pan, p, first, flat=flat)
    assert (again == flow).all()


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("published", [False, True])
def test_side_by_side_is_one_after_the_other(published, flat):
    """Any number of members and sub-basins, own rain or not, to what float32 can hold."""
    rng = np.random.default_rng(8)
    for members, subs in ((1, 1), (3, 7), (64, 1), (50, 3), (2, 130)):
        rain, pan = weather(150, members, subs)
        rain[::31] = 140.0
        where = xaj.Basin(rng.uniform(20, 400, subs), 24)
        p = sets(members, members)
        own = rain * rng.uniform(0.5, 1.5, (members, 1, 1))
        first = xaj.start(where, p, wu=1, wl=5, wd=2, s=1, fr=0.1)
        for wet in (rain, own):
            how = {"published": published, "flat": flat}
            slow, end = xaj.run(where, wet, pan, p, first, **how)
            quick, end32 = xaj.run(where, wet, pan, p, first, **how, float32=True)
            far = np.abs(quick - slow) / slow.max(axis=1, keepdims=True)
            assert far.max() <= 3e-4
            np.testing.assert_allclose(end32.land[..., :3], end.land[..., :3], atol=0.02)


@pytest.mark.parametrize("dt_h", [24.0, 1.0, 1 / 12])
def test_how_far_float32_is_from_float64(dt_h):
    """2,000 sets over the widest ranges: nearly all within 2e-5 of the greatest flow; the rest have
    a net rain at the edge of a slice of 5 mm, where the model itself jumps."""
    rain, pan = weather(400, 2)
    where, p = xaj.Basin([250.0], dt_h), sets(2000, 9)
    p[:, [xaj.KE, xaj.L]] = 0
    first = xaj.start(where, p, wu=10, wl=30, wd=5, s=2, fr=0.2)
    slow, _ = xaj.run(where, rain * dt_h / 24, pan * dt_h / 24, p, first)
    quick, _ = xaj.run(where, rain * dt_h / 24, pan * dt_h / 24, p, first, float32=True)
    far = (np.abs(quick - slow) / slow.max(axis=1, keepdims=True)).max(axis=1)
    assert (far <= 2e-5).mean() >= 0.95, np.quantile(far, [0.5, 0.9, 0.95, 0.99])
    assert far.max() <= 5e-3


def test_no_parameter_set_makes_a_nan_and_water_is_kept():
    """10^5 sets in all ranges for NaN and negative flow, with both drivers; balance on some."""
    rain, pan = weather(60)
    rain[::17] = 180.0
    where, p = xaj.Basin([250.0], 24), sets(100_000, 1)
    first = xaj.start(where, p, wu=1, wl=5, wd=2)
    for float32 in (False, True):
        flow, after = xaj.run(where, rain, pan, p, first, float32=float32)
        assert np.isfinite(flow).all()
        assert np.isfinite(after.land).all()
        assert (flow >= -1e-9 * flow.max()).all()
    for k in range(0, 400):
        one = xaj.start(where, p[k], wu=1, wl=5, wd=0)
        _, _, told = xaj.trace(where, rain, pan, p[k], one)
        assert max(land_balance(told, one)) <= 1e-9, dict(zip(xaj.NAMES, p[k], strict=True))


def test_flat_free_water_keeps_its_water_and_holds_more_back():
    """Sets over all ranges: the balance closes, no spot holds more than SM on average; of a small
    area that runs off less leaves at once than where its capacity shrinks with it."""
    rain, pan = weather(120)
    rain[::17] = 180.0
    where, p, at_once = xaj.Basin([250.0], 24), sets(200, 4), []
    for one in p:
        first = xaj.start(where, one, wu=1, wl=5, wd=0)
        flat, plain = (xaj.trace(where, rain, pan, one, first, flat=f)[2] for f in (True, False))
        assert max(land_balance(flat, first)) <= 1e-9, dict(zip(xaj.NAMES, one, strict=True))
        assert column(flat, "S").max() <= one[xaj.SM] * (1 + 1e-9)
        np.testing.assert_array_equal(column(flat, "FR"), column(plain, "FR"))
        at_once.append(column(flat, "RS").sum() - column(plain, "RS").sum())
    assert max(at_once) <= 1e-6
    assert np.median(at_once) < -1


def test_what_runs_off_arrives():
    """Rain less evaporation and what the land still holds: all of it passes the outlet, with a
    large impervious share. After a long dry end nothing is on its way."""
    rain, pan = weather(200, columns=3)
    rain = np.vstack([rain, np.zeros((4000, 3))])
    pan = np.vstack([pan, np.zeros((4000, 3))])
    where = xaj.Basin([120.0, 310.0, 45.0], 24)
    p = xaj.by_name({**GIVEN, "CG": 0.9, "KE": 48.0, "XE": 0.3, "L": 72.0, "IM": 0.3})
    flow, _, told = xaj.trace(where, rain, pan, p, xaj.start(where, p, wu=10, wl=30, wd=20))
    kinds = {n: k for k, n in enumerate(xaj.FLUXES)}
    end = {n: told[-1, :, k] for n, k in kinds.items()}
    held = end["WU"] + end["WL"] + end["WD"] + end["S"] * end["FR"] - 60
    left = told[:, :, kinds["P"]].sum(axis=0) - told[:, :, kinds["E"]].sum(axis=0) - held
    volume = (left * where.areas).sum() / 86.4
    assert flow.sum() == pytest.approx(volume, rel=1e-9)


def test_a_lane_does_not_know_its_neighbours():
    """The same bits alone, among others, and in another order."""
    rain, pan = weather(200, 3, 2)
    where, p = xaj.Basin([90.0, 310.0], 24), sets(70, 5)

    def flow(p):
        return xaj.run(where, rain, pan, p, xaj.start(where, p, wu=5, wl=9, wd=2), float32=True)[0]

    together = flow(p)
    assert (flow(p[::-1])[::-1] == together).all()
    for k in (0, 31, 32, 69):
        assert (flow(p[k])[0] == together[k]).all()


@given(st.integers(0, 200), st.integers(0, 1000), st.booleans(), st.booleans())
@settings(max_examples=30)
def test_a_restart_changes_no_bit(cut, seed, float32, flat):
    rain, pan = weather(200, seed, columns=2)
    where = xaj.Basin([100.0, 300.0], 6)
    p = np.repeat(xaj.by_name({**GIVEN, "KE": 12.0, "XE": 0.3, "L": 18.0}), 3, axis=0)
    p[1, [xaj.KE, xaj.L]] = 6, 6
    first = xaj.start(where, p, wu=10, wl=30, wd=20)
    how = {"float32": float32, "flat": flat}
    whole, end = xaj.run(where, rain, pan, p, first, **how)
    a, middle = xaj.run(where, rain[:cut], pan[:cut], p, first, **how)
    b, end2 = xaj.run(where, rain[cut:], pan[cut:], p, middle, **how)
    assert (np.concatenate([a, b], axis=1) == whole).all()
    for name in ("land", "reach", "late"):
        assert (getattr(end2, name) == getattr(end, name)).all()


def test_a_lag_moves_the_flow_and_nothing_else():
    rain, pan = weather(100)
    where = xaj.Basin([100.0], 24)
    now, later = xaj.by_name({**GIVEN, "KE": 0.0}), xaj.by_name({**GIVEN, "KE": 0.0, "L": 96.0})
    a, _ = xaj.run(where, rain, pan, now, xaj.start(where, now, wu=10, wl=30, wd=20))
    b, _ = xaj.run(where, rain, pan, later, xaj.start(where, later, wu=10, wl=30, wd=20))
    assert (b[0, :4] == 0).all()
    assert (b[0, 4:] == a[0, :-4]).all()


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
    named = {**GIVEN, "IM": 0.0, "KE": 0.0}
    where, p = xaj.Basin([100.0], 24), xaj.by_name(named)
    first = xaj.start(where, p, wu=15, wl=40, wd=30)
    _, _, told = xaj.trace(where, [[rain]], [[0.0]], p, first)
    assert column(told, "R")[0] == pytest.approx(slow_runoff(named, 85.0, rain), abs=1e-3)


def test_evaporation_by_hand():
    where = xaj.Basin([100.0], 24)
    p = xaj.by_name({**GIVEN, "KC": 1.0, "KE": 0.0})
    first = xaj.start(where, p, wu=2.0, wl=30.0, wd=20.0)
    _, _, told = xaj.trace(where, [[1.0]], [[9.0]], p, first)
    assert told[0, 0, 1] == pytest.approx(3.0 + 6.0 * 30 / 60)  # upper layer, then by WL/LM
    first = xaj.start(where, p, wu=0.0, wl=5.0, wd=20.0)
    _, _, told = xaj.trace(where, [[0.0]], [[9.0]], p, first)
    assert told[0, 0, 1] == pytest.approx(0.18 * 9.0)  # below C LM


def test_members_and_their_own_rain():
    rain, pan = weather(80, columns=2)
    where = xaj.Basin([100.0, 50.0], 24)
    own = rain * np.array([0.8, 1.0, 1.2])[:, None, None]
    p = np.repeat(xaj.by_name(GIVEN), 3, axis=0)
    many, _ = xaj.run(where, own, pan, p, xaj.start(where, p, wu=10, wl=30, wd=20))
    one, _ = xaj.run(where, own[2], pan, p[:1], xaj.start(where, p[:1], wu=10, wl=30, wd=20))
    assert (many[2] == one[0]).all()
    assert many[2].sum() > many[1].sum() > many[0].sum() > 0


@pytest.mark.parametrize("float32", [False, True])
@pytest.mark.parametrize("days", [0, 1])
def test_no_days_and_one_day(days, float32):
    where, p = xaj.Basin([100.0], 24), xaj.by_name(GIVEN)
    none = np.zeros((days, 1))
    first = xaj.start(where, p, wu=10, wl=30, wd=20)
    flow, _ = xaj.run(where, none, none, p, first, float32=float32)
    assert flow.shape == (1, days)
    assert (flow == 0).all()


@pytest.mark.parametrize("float32", [False, True])
def test_a_century_without_rain_and_then_a_cloudburst(float32):
    dry, pan = np.zeros((36_500, 1)), np.full((36_500, 1), 4.0)
    where, p = xaj.Basin([300.0], 24), xaj.by_name({**GIVEN, "KE": 0.0})
    first = xaj.start(where, p, wu=20, wl=60, wd=40, s=10, fr=0.5)
    flow, _ = xaj.run(where, dry, pan, p, first, float32=float32)
    assert np.isfinite(flow).all()
    assert flow[0, -1] == 0  # nothing is left, not even a denormal number
    dry[-1] = 400
    again, end = xaj.run(where, dry, pan, p, first, float32=float32)
    assert again[0, -1] > 1
    assert np.isfinite(end.land).all()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"UM": 90.0}, "UM \\+ LM"),
        ({"KI": 0.89, "KG": 0.2}, "below 1"),
        ({"KC": 9.0}, "KC"),
        ({"KE": 240.0, "XE": 0.0}, "unstable"),
        ({"L": -1.0}, "L must"),
    ],
)
def test_parameters_that_cannot_be_are_named(change, text):
    where, p = xaj.Basin([100.0], 24), xaj.by_name({**GIVEN, **change})
    first = xaj.start(where, xaj.by_name({**GIVEN, "KE": 240.0}), wu=1, wl=1, wd=1)
    with pytest.raises(ValueError, match=text):
        xaj.run(where, np.zeros((3, 1)), np.zeros((3, 1)), p, first)


@pytest.mark.parametrize("bad", [np.nan, -1.0, np.inf])
def test_one_bad_value_of_rain_is_refused(bad):
    where, p = xaj.Basin([100.0], 24), xaj.by_name(GIVEN)
    rain, pan = weather(10)
    rain[4] = bad
    with pytest.raises(ValueError, match="finite"):
        xaj.run(where, rain, pan, p, xaj.start(where, p, wu=1, wl=1, wd=1))


@pytest.mark.parametrize(("state", "bad"), [("wu", np.nan), ("wl", -1.0), ("fr", 1.5)])
def test_a_state_that_cannot_be_is_refused(state, bad):
    where, p = xaj.Basin([100.0], 24), xaj.by_name(GIVEN)
    rain, pan = weather(10)
    first = xaj.start(where, p, **{"wu": 1.0, "wl": 1.0, "wd": 1.0, state: bad})
    with pytest.raises(ValueError, match="states must be finite"):
        xaj.run(where, rain, pan, p, first)
    with pytest.raises(ValueError, match="finite and >= 0"):
        xaj.run(where, rain, -pan, p, first)


def test_feasible_is_what_a_run_takes():
    where = xaj.Basin([100.0], 24)
    good = xaj.by_name(GIVEN)[0]
    p = np.repeat(good[None], 5, axis=0)
    p[1, xaj.UM], p[2, [xaj.KE, xaj.XE]], p[4, xaj.KI] = 90, (72, 0.0), 0.89
    assert xaj.feasible(where, p).tolist() == [True, False, False, True, False]


def test_a_state_of_another_run_is_refused():
    where, p = xaj.Basin([100.0], 24), xaj.by_name({**GIVEN, "L": 48.0})
    rain, pan = weather(5)
    other = xaj.start(where, xaj.by_name(GIVEN), wu=1, wl=1, wd=1)
    with pytest.raises(ValueError, match="state"):
        xaj.run(where, rain, pan, p, other)
    with pytest.raises(ValueError, match="missing: \\['KC'\\]; unknown: \\['K'\\]"):
        xaj.by_name({**{k: v for k, v in GIVEN.items() if k != "KC"}, "K": 1.0})
