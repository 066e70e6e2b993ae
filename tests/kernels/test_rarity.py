"""How rarely chance brings a count: quiet cities stay quiet, true rises are found."""

import numpy as np
import pytest

from fangxian.kernels.epi.rarity import Usual, rarity, usual

SITES, COUNTIES, HISTORY = 60, 11, 56
USUAL = np.array([9, 0.7, 4.5, 1.3, 0.9])  # cases a day of five syndromes
WEEK = np.array([1.2, 1.05, 1.05, 1.05, 1.05, 0.85, 0.75])
GROUP = np.tile(np.arange(5), SITES + COUNTIES + 1)
REPORTER = np.arange(len(GROUP)) < SITES * 5
# dispersion, and the swing of the season (its log)
CITIES = ((1.0, 0.0), (1.5, 0.5), (2.5, 0.5), (2.5, 0.0))


def _city(rng, phi, season, days):
    size = np.exp(rng.normal(0, 0.5, SITES))
    mean = (size[:, None] * USUAL)[:, :, None] * WEEK[np.arange(days) % 7]
    mean = mean * np.exp(season * np.sin(2 * np.pi * np.arange(days) / 365))
    if phi == 1:
        return mean, rng.poisson(mean).astype(float)
    return mean, rng.negative_binomial(mean / (phi - 1), 1 / phi).astype(float)


def _series(counts):
    """Sites, then the sums of counties and of the city."""
    days = counts.shape[2]
    counties = np.stack([counts[k::COUNTIES].sum(axis=0) for k in range(COUNTIES)])
    return np.concatenate([part.reshape(-1, days) for part in (counts, counties)] + [counts.sum(0)])


def _days(series, first):
    """Once in how many days chance brings it, by series and day from ``first`` on."""
    found = []
    for day in range(first, series.shape[1]):
        rows = series[:, day - HISTORY + 1 : day + 1]
        p = rarity(rows, GROUP, usual(rows, GROUP, REPORTER)).p
        found.append(1 / (p * len(p)))
    return np.stack(found, axis=1)


@pytest.mark.parametrize(("phi", "season"), CITIES)
def test_quiet_cities_are_red_no_oftener_than_said(phi, season):
    """360 quiet days of three cities: what is called once in so many days comes no oftener."""
    red = {30: 0, 100: 0}
    for seed in (901, 902, 903):
        rng = np.random.default_rng([seed, int(10 * phi), int(10 * season)])
        _, counts = _city(rng, phi, season, HISTORY + 120)
        often = _days(_series(counts), HISTORY)
        for days in red:
            red[days] += int((often >= days).any(axis=0).sum())
    assert red[30] <= 360 / 30
    assert red[100] <= 360 / 100


@pytest.mark.parametrize(("phi", "least"), [(1.0, 0.8), (1.5, 0.65), (2.5, 0.45)])
def test_a_site_that_trebles_for_a_week_is_found(phi, least):
    """The site, its county or the city speaks at least once in nine days."""
    curve = 2 * np.array([0.4, 0.8, 1.2, 1.5, 1.5, 1.2, 0.8])
    hits, n = 0, 0
    for seed in (911, 912, 913):
        rng = np.random.default_rng([seed, int(10 * phi)])
        mean, counts = _city(rng, phi, 0.0, HISTORY + 120)
        starts = []
        for start in range(HISTORY + 4, counts.shape[2] - 10, 20):
            site, syndrome = int(rng.integers(SITES)), int(rng.choice([0, 2]))
            more = rng.poisson(mean[site, syndrome].mean() * curve)
            counts[site, syndrome, start : start + 7] += more
            starts.append((start, site, syndrome))
        often = _days(_series(counts), HISTORY)
        for start, site, syndrome in starts:
            county = (SITES + site % COUNTIES) * 5 + syndrome
            own = [site * 5 + syndrome, county, (SITES + COUNTIES) * 5 + syndrome]
            hits += bool((often[own, start - HISTORY : start - HISTORY + 9] >= 100).any())
            n += 1
    assert hits >= least * n


def _one(last, *, past=6.0, days=HISTORY):
    counts = np.full((1, days), past)
    counts[0, -1] = last
    return counts


def _p(counts, weight=None, **more):
    one, flat = np.zeros(1, np.int64), Usual(np.ones((1, counts.shape[1])), np.ones(1))
    return rarity(counts, one, flat, weight=weight, windows=(1,), **more)


def test_a_count_has_the_tail_of_its_mean():
    from scipy import special

    found = _p(_one(15.0))
    mean = (6.0 * (HISTORY - 7) + 0.5) / (HISTORY - 7)
    assert found.expected[0] == pytest.approx(mean)
    plain = special.gammainc(15, mean)
    assert plain < found.p[0] < 1.2 * plain  # a little wider: the mean itself is counted
    assert (found.observed[0], found.window[0]) == (15, 1)


def test_half_a_sum_is_judged_as_half():
    whole, half = np.ones((1, HISTORY)), np.ones((1, HISTORY))
    half[0, -1] = 0.5
    assert _p(_one(15.0), whole).p[0] < _p(_one(15.0), half).p[0]
    assert _p(_one(15.0), half).expected[0] == pytest.approx(3, rel=0.01)


def test_what_was_not_reported_is_not_judged():
    assert np.isnan(_p(_one(np.nan)).p[0])
    short = np.full((1, HISTORY), np.nan)
    short[0, -8:] = 6.0  # the day itself, and too little even for a past that ends two days before
    assert np.isnan(_p(short).p[0])
    short[0, -15:] = 6.0
    assert _p(short).p[0] > 0.3


@pytest.mark.parametrize("days", [9, 10, 12, 13])
def test_a_new_series_is_not_deaf(days):
    """Fifty times as many on its tenth day is heard; as many as ever is not."""
    counts = np.full((1, HISTORY), np.nan)
    counts[0, -days - 1 :] = 8.0
    quiet = _p_windows(counts)
    counts[0, -1] = 400.0
    loud = _p_windows(counts)
    assert (quiet.window[0], loud.window[0]) == (1, 1)
    assert quiet.p[0] > 0.2
    assert loud.p[0] < 1e-12


def test_a_clinic_that_opens_on_few_days_is_not_red_on_each_of_them():
    """Twenty on three days of seven and none on the others is what it usually has."""
    week = np.array([20.0, 0, 20, 0, 20, 0, 0])
    counts = np.tile(week, HISTORY // 7 + 1)[None, : HISTORY - 6]
    shape = np.tile(week / week.mean(), HISTORY // 7 + 1)[None, : HISTORY - 6]
    one = np.zeros(1, np.int64)
    assert counts[0, -1] == 20
    assert rarity(counts, one, Usual(shape, np.ones(1))).p[0] > 0.05


def test_a_series_that_never_had_one_may_have_one():
    one, many = _p(_one(1.0, past=0.0)).p[0], _p(_one(6.0, past=0.0)).p[0]
    assert 0.005 < one < 0.05
    assert many < 1e-8


def test_nothing_to_judge_is_refused():
    one = np.zeros(1, np.int64)
    with pytest.raises(ValueError, match="fewer than 7"):
        _p_windows(np.ones((1, 5)))
    with pytest.raises(ValueError, match="no series"):
        usual(np.ones((0, 56)), one[:0], np.ones(0, bool))
    with pytest.raises(ValueError, match="fewer than 8"):
        usual(np.ones((1, 2)), one, np.ones(1, bool))


def _p_windows(counts):
    one, flat = np.zeros(1, np.int64), Usual(np.ones((1, counts.shape[1])), np.ones(1))
    return rarity(counts, one, flat)


def _found(counts, site, *, syndrome=0):
    """Once in how many days chance brings what a site has on the last day."""
    rows = _series(counts)[:, -HISTORY:]
    found = rarity(rows, GROUP, usual(rows, GROUP, REPORTER))
    return 1 / (found.p[site * 5 + syndrome] * len(found.p))


def _steady(seed=3):
    rng = np.random.default_rng(seed)
    return rng.poisson(8.0, (SITES, 5, HISTORY)).astype(float)


@pytest.mark.parametrize("wrong", [300.0, 800.0, 1e5])
def test_one_wrong_count_makes_nobody_deaf(wrong):
    counts = _steady()
    counts[1, 0, -1] = 30.0
    counts[0, 0, -20] = wrong
    assert _found(counts, 1) > 100


@pytest.mark.parametrize("n", [30, 60, 400])
def test_an_outbreak_at_one_site_hides_none_at_another(n):
    """Sixty schools with a rash in twenty days; one had an outbreak last week, one has its own."""
    rng = np.random.default_rng(4)
    counts = rng.poisson(0.05, (SITES, 5, HISTORY)).astype(float)
    counts[0, 0, -14:-7] += n / 7
    counts[1, 0, -2:] = 4.0
    assert _found(counts, 1) > 100


@pytest.mark.parametrize(("doubling", "least"), [(7, 100), (10, 100), (14, 30)])
def test_a_wave_of_the_whole_city_does_not_become_usual(doubling, least):
    """Two to five weeks into it the city still speaks."""
    for week in (2, 3, 4, 5):
        days = np.arange(HISTORY)
        rise = 2 ** (np.clip(days - (HISTORY - 1 - 7 * week), 0, None) / doubling)
        counts = np.random.default_rng(5).poisson(8.0 * rise, (SITES, 5, HISTORY)).astype(float)
        rows = _series(counts)
        found = rarity(rows, GROUP, usual(rows, GROUP, REPORTER))
        assert 1 / (found.p[-5] * len(found.p)) > least, week


def test_a_share_of_a_sum_is_no_case_more():
    """10 of a sum of which 0.54 was heard are 10, whatever the last digit of the product."""
    weight = np.ones((1, HISTORY))
    weight[0, -1] = 0.54
    counts = _one(10 / 0.54)
    above = np.nextafter(np.nextafter(counts, np.inf), np.inf)
    assert (above * weight)[0, -1] > 10
    assert _p(above, weight).p[0] == pytest.approx(_p(counts, weight).p[0], rel=1e-6)
    assert _p(counts, weight).p[0] == pytest.approx(_p(counts - 1e-8, weight).p[0], rel=1e-6)
