"""Kernels of goods and of the sea against published values, scipy, other formulas and slow plain
references: samples of a lot, the sun, points at sea, the tide, rounds."""

from datetime import UTC, datetime
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, hypergeom

from fangxian.kernels.epi.sampling import possible_share, sample_size
from fangxian.kernels.geo import sea
from fangxian.kernels.geo.sun import CIVIL_DEG, sun_altitude

ZHANGZHOU, XIAMEN = (117.65, 24.51), (118.10, 24.48)


# samples of a lot: as tables have them for large populations since Cannon and Roe 1982


@pytest.mark.parametrize(
    ("sure", "prevalence", "n"),
    [
        *((0.95, p, n) for p, n in ((0.5, 5), (0.1, 29), (0.05, 59), (0.02, 149), (0.01, 299))),
        *((0.99, p, n) for p, n in ((0.5, 7), (0.1, 44), (0.05, 90), (0.02, 228), (0.01, 459))),
    ],
)
def test_as_many_samples_as_the_published_table(sure, prevalence, n):
    assert sample_size(sure=sure, prevalence=prevalence) == n


@given(st.floats(0.5, 0.999), st.floats(0.0005, 0.5))
def test_one_sample_fewer_would_not_be_sure_enough(sure, prevalence):
    n = sample_size(sure=sure, prevalence=prevalence)
    assert binom.pmf(0, n, prevalence) <= (1 - sure) * (1 + 1e-6)
    assert n == 1 or binom.pmf(0, n - 1, prevalence) > (1 - sure) * (1 - 1e-6)


def test_a_large_lot_is_the_limit_of_small_ones():
    for prevalence, n in ((0.1, 29), (0.05, 59), (0.01, 299)):
        lot = 1_000_000
        bad = int(lot * prevalence)
        assert hypergeom.pmf(0, lot, bad, n) == pytest.approx((1 - prevalence) ** n, abs=1e-4)
        assert hypergeom.pmf(0, 500, int(500 * prevalence), n) <= 0.05


@pytest.mark.parametrize("tubes", [30, 50, 100, 300, 3000])
def test_none_positive_allows_three_in_so_many(tubes):
    # the rule of three: Hanley and Lippman-Hand 1983
    found = possible_share(tubes=tubes)
    assert found == pytest.approx(1 - 0.05 ** (1 / tubes), rel=1e-9)
    assert 2.85 / tubes < found <= 3 / tubes


@given(st.integers(1, 400), st.data(), st.sampled_from([0.9, 0.95, 0.99]))
def test_the_share_that_is_possible_is_clopper_and_pearsons(tubes, data, sure):
    positives = data.draw(st.integers(0, tubes))
    test = binomtest(positives, tubes, alternative="less")
    theirs = test.proportion_ci(sure, method="exact").high
    ours = possible_share(tubes=tubes, positives=positives, sure=sure)
    assert ours == pytest.approx(theirs, rel=1e-7)
    assert ours == 1 or binom.cdf(positives, tubes, ours) == pytest.approx(1 - sure, rel=1e-6)


# the sun


def test_the_sun_of_13_october_1992():
    # Meeus, Astronomical Algorithms, example 25.a: declination -7.78507; at the pole she stands so
    at = datetime(1992, 10, 13, tzinfo=UTC).timestamp()
    assert sun_altitude(at_s=at, lon=0, lat=90) == pytest.approx(-7.785, abs=0.01)


def test_the_sun_over_golden_in_october_2003():
    # Reda and Andreas 2004 (NREL/TP-560-34302), worked example: 39.872 without refraction
    at = datetime(2003, 10, 17, 19, 30, 30, tzinfo=UTC).timestamp()
    found = sun_altitude(at_s=at, lon=-105.1786, lat=39.742476)
    assert found == pytest.approx(39.872, abs=0.02)


def almanac(day, lon, lat, degrees):
    """Rising and setting through an altitude, Unix seconds. Source: NOAA, General Solar Position
    Calculations: a Fourier series, none of the kernel's formulas."""
    start = datetime(2026, 1, 1, tzinfo=UTC).timestamp() + 86400 * day
    noon = 12 - lon / 15
    g = 2 * np.pi / 365 * (day + (noon - 12) / 24)
    cos, sin = np.cos, np.sin
    equation = 229.18 * (
        0.000075 + 0.001868 * cos(g) - 0.032077 * sin(g) - 0.014615 * cos(2 * g)
        - 0.040849 * sin(2 * g)
    )  # fmt: skip
    tilt = (
        0.006918 - 0.399912 * cos(g) + 0.070257 * sin(g) - 0.006758 * cos(2 * g)
        + 0.000907 * sin(2 * g) - 0.002697 * cos(3 * g) + 0.00148 * sin(3 * g)
    )  # fmt: skip
    high = np.radians(lat)
    over = (sin(np.radians(degrees)) - sin(high) * sin(tilt)) / (cos(high) * cos(tilt))
    half = np.degrees(np.arccos(over))
    return [start + 60 * (720 - 4 * (lon + side * half) - equation) for side in (1, -1)]


def crossing(near_s, lon, lat, degrees):
    """When the kernel's sun goes through an altitude, by seconds."""
    at = near_s + np.arange(-1200, 1201)
    high = sun_altitude(at_s=at, lon=lon, lat=lat) - degrees
    (found,) = np.flatnonzero(np.sign(high[:-1]) != np.sign(high[1:]))
    return at[found]


@pytest.mark.parametrize("degrees", [-0.833, CIVIL_DEG])
@pytest.mark.parametrize(("lon", "lat"), [ZHANGZHOU, XIAMEN])
def test_sunrise_and_darkness_are_the_almanacs_to_two_minutes(lon, lat, degrees):
    away = [
        crossing(one, lon, lat, degrees) - one
        for day in range(0, 365, 7)
        for one in almanac(day, lon, lat, degrees)
    ]
    assert max(map(abs, away)) <= 120


def test_the_sun_stands_overhead_where_and_when_it_should():
    # the June solstice of 2026 is on 21 June 08:24 UTC; the tropic lies at 23.436 degrees
    at = datetime(2026, 6, 21, tzinfo=UTC).timestamp() + np.arange(0, 86400, 10)
    high = sun_altitude(at_s=at, lon=117.65, lat=23.436)
    assert high.max() == pytest.approx(90, abs=0.1)
    assert high.min() == pytest.approx(-(90 - 2 * 23.436), abs=0.1)


# points at sea

POINTS = st.tuples(st.floats(-180, 180), st.floats(-89, 89))


def arc_km(a, b):
    """The great circle by the angle between two vectors."""
    u, v = (
        np.array([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)])
        for x, y in (np.radians(a), np.radians(b))
    )
    return sea.EARTH_KM * np.arctan2(np.linalg.norm(np.cross(u, v)), u @ v)


@given(POINTS, POINTS)
def test_distances_are_angles_between_vectors(a, b):
    ours = float(sea.apart_km(*a, *b))
    assume(ours < 19_900)  # near the other side of the earth the haversine is coarse
    assert ours == pytest.approx(arc_km(a, b), abs=1e-4)
    assert ours == pytest.approx(float(sea.apart_km(*b, *a)), abs=1e-9)


def test_a_minute_of_arc_and_a_step_over_the_date_line():
    assert float(sea.apart_km(0, 0, 0, 1 / 60)) == pytest.approx(1.8532, abs=1e-4)
    assert float(sea.apart_km(179.9, 0, -179.9, 0)) == pytest.approx(22.239, abs=1e-3)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.15, 0.5, 3.0, 20.0]))
def test_near_pairs_are_those_of_every_point_with_every_point(seed, km):
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(117, 117.5, 30), rng.uniform(23.4, 23.8, 30)
    apart = [
        (a, b, arc_km((lon[a], lat[a]), (lon[b], lat[b]))) for a, b in combinations(range(30), 2)
    ]
    assume(min(abs(d - km) for _, _, d in apart) > 1e-6)
    found = sea.near_pairs(lon=lon, lat=lat, km=km)
    assert sorted(map(tuple, found.tolist())) == [(a, b) for a, b, d in apart if d <= km]


def test_fewer_than_two_points_have_no_pairs_and_went_nowhere():
    for n in (0, 1):
        lon, lat = np.full(n, 117.0), np.full(n, 23.0)
        assert sea.near_pairs(lon=lon, lat=lat, km=1.0).shape == (0, 2)
        assert sea.wandering(lon=lon, lat=lat) == (0.0, 0.0)


@given(st.lists(st.tuples(st.floats(117, 118), st.floats(23, 24)), min_size=2, max_size=12))
def test_a_track_went_its_legs_and_came_as_far_as_its_farthest_point(track):
    lon, lat = np.array(track).T
    went, away = sea.wandering(lon=lon, lat=lat)
    assert went == pytest.approx(sum(arc_km(a, b) for a, b in pairwise(track)), abs=1e-6)
    assert away == pytest.approx(max(arc_km(track[0], b) for b in track), abs=1e-6)
    assert away <= went + 1e-9
