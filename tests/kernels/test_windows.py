"""Sliding sums: exact against a recomputation, whatever the order of arrival."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fangxian.kernels.common.windows import SlidingSums, sums_afresh
from fangxian.kernels.hydro.typhoon_rain import cascade_m3_s, rain_rate_mm_h

WINDOWS = (6, 12, 36)


def test_by_hand():
    sums = SlidingSums(n=1, windows=(2, 3), head=0)
    one = np.array([0])
    for step, value in enumerate([5, 0, 7, 1], 1):
        sums.put(rows=one, steps=one + step, values=one + value)
    assert sums.sums.tolist() == [[8, 8]]
    sums.put(rows=one, steps=one + 3, values=one, present=np.array([False]))
    assert (sums.sums.tolist(), sums.counts.tolist()) == ([[1, 1]], [[1, 2]])


@settings(max_examples=60)
@given(st.data())
def test_any_order_of_late_corrected_and_lost_readings_gives_the_same_sums(data):
    n, steps = 3, 60
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    values = rng.integers(0, 300, (n, steps))
    present = rng.random((n, steps)) < 0.8
    sums = SlidingSums(n=n, windows=WINDOWS, head=-1, lookback=steps)
    rows, cols = np.nonzero(present)
    order = rng.permutation(rows.size)
    for part in np.array_split(order, data.draw(st.integers(1, 9))):
        wrong = rng.integers(0, 300, part.size)
        sums.put(rows=rows[part], steps=cols[part], values=wrong)
        sums.put(rows=rows[part], steps=cols[part], values=values[rows[part], cols[part]])
    sums.advance(steps - 1)
    expected, counts = sums_afresh(np.where(present, values, 0), present, windows=WINDOWS)
    assert np.array_equal(sums.sums, expected)
    assert np.array_equal(sums.counts, counts)
    past, _ = sums.at(rows=np.arange(n), since=steps - 20)
    for k in range(20):
        end = steps - 20 + k + 1
        here = present[:, :end]
        again, _ = sums_afresh(np.where(here, values[:, :end], 0), here, windows=WINDOWS)
        assert np.array_equal(past[:, k], again)


def test_a_state_built_afresh_is_the_same_to_the_bit():
    rng = np.random.default_rng(1)
    rows, steps = rng.integers(0, 5, 400), rng.integers(0, 90, 400)
    values = rng.integers(0, 99, 400)
    one, other = (SlidingSums(n=5, windows=WINDOWS, head=89) for _ in range(2))
    one.put(rows=rows, steps=steps, values=values)
    for k in range(400):
        other.put(rows=rows[k : k + 1], steps=steps[k : k + 1], values=values[k : k + 1])
    assert np.array_equal(one.sums, other.sums)


def test_rcliper_published_shape():
    u = 1 + (64 - 35) / 33
    peak = (-1.60 + 4.80 * u) * 25.4 / 24
    at_peak = rain_rate_mm_h(distance_km=np.array(64.5 - 13 * u), wind_kt=np.array(64.0))
    assert np.isclose(at_peak, peak)
    far = rain_rate_mm_h(distance_km=np.array([100.0, 300.0, 900.0]), wind_kt=np.array(64.0))
    assert (np.diff(far) < 0).all()


def test_the_cascade_keeps_its_water():
    rain = np.zeros((1, 4000))
    rain[0, 10:30] = 5.0
    flow = cascade_m3_s(
        rain_mm=rain, area_km2=np.array([100.0]), hours=np.array([4.0]), step_h=0.25
    )
    assert np.isclose(flow.sum() * 900, 100.0 * 100e3, rtol=1e-9)
