"""Detectors on cases worked by hand, against slow references written for clarity, and under
absurd inputs."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fangxian.kernels.epi.detector import Reason, Series
from fangxian.kernels.epi.distributions import count_cdf, count_quantile, count_tail
from fangxian.kernels.epi.farrington import references, same_weekday
from fangxian.kernels.epi.presets import PRESETS
from fangxian.kernels.epi.registry import METHODS, detect_by_name

NEWEST = np.array([299])


def noisy(n=4, length=300, seed=1, mean=8.0):
    return np.random.default_rng(seed).poisson(mean, (n, length)).astype(float)


def test_c1_by_hand():
    y = np.array([1, 2, 3, 4, 5, 6, 7, 9], float)
    found = detect_by_name("ears_c1", Series(y), {"z": 2.0}, np.array([7]))
    assert found.expected[0, 0] == 4
    assert found.threshold[0, 0] == pytest.approx(4 + 2 * np.std(y[:7], ddof=1))
    assert found.alarm[0, 0]


def test_c3_of_cdc_adds_the_excess_of_two_days():
    y = np.array([4, 6, 4, 6, 4, 6, 4, 5, 5, 9, 5.0])
    found = detect_by_name("ears_c3", Series(y), {"baseline": 7, "least": 7})
    m, s = y[:7].mean(), y[:7].std(ddof=1)
    c2 = (9 - m) / s
    m2, s2 = y[1:8].mean(), y[1:8].std(ddof=1)
    assert found.more["statistic"][0, 9] == pytest.approx(c2)
    assert found.more["statistic"][0, 10] == pytest.approx((5 - m2) / s2 + c2 - 1)


def test_cusum_by_hand():
    y = np.array([4, 4, 4, 4, 8, 8.0])
    found = detect_by_name("cusum", Series(y), {"k": 1.0, "h": 2.0}, np.array([4, 5]))
    assert found.more["statistic"][0].tolist() == [1.0, 2.0]
    assert found.alarm[0].tolist() == [False, True]


def test_bayes_is_the_negative_binomial_quantile():
    y = noisy(1, 120)
    found = detect_by_name("bayes", Series(y), None, np.array([110]))
    reference = np.concatenate([y[0, 104:110], y[0, 110 - 52 - 6 : 110 - 52 + 7]])
    n, total = len(reference), reference.sum()
    assert n == 19
    assert found.threshold[0, 0] == stats.nbinom.ppf(0.95, total + 0.5, n / (n + 1))


def test_outbreak_p_against_isotonic_regression():
    from scipy.optimize import isotonic_regression

    y = noisy(1, 40, mean=2.0)[0]
    found = detect_by_name("outbreak_p", Series(y))
    for t in (3, 10, 25, 39):
        level = isotonic_regression(y[: t + 1]).x
        mean = y[: t + 1].mean()
        positive = y[: t + 1] > 0
        expected = (y[: t + 1][positive] * np.log(level[positive] / mean)).sum()
        assert found.more["log_statistic"][0, t] == pytest.approx(expected, abs=1e-9)


def slow_glr(y, mu, limit):
    since, out = 0, []
    for t in range(len(y)):
        best = 0.0
        for start in range(since, t + 1):
            total, expected = y[start : t + 1].sum(), mu[start : t + 1].sum()
            kappa = max(0.0, np.log(total / expected)) if total > 0 else 0.0
            best = max(best, kappa * total - (np.exp(kappa) - 1) * expected)
        out.append(best)
        if best >= limit:
            since = t + 1
    return np.array(out)


def test_glr_against_the_definition():
    y = noisy(1, 200, seed=5)
    at = np.arange(104, 200)
    found = detect_by_name("glr_poisson", Series(y), {"limit": 3.0}, at)
    slow = slow_glr(y[0, at], found.expected[0], 3.0)
    np.testing.assert_allclose(found.more["statistic"][0], slow, rtol=1e-9, atol=1e-12)


def slow_farrington(y, t, b, w, seasons, excluded):
    """One period by weighted least squares with a full design matrix, as the paper says it."""
    series = Series(y)
    refs, groups = references(series, t, b, w, seasons, excluded)
    refs, groups = np.array(refs), np.array(groups)
    x = np.column_stack([(groups[:, None] == np.arange(seasons)).astype(float), refs - t])
    counts = y[refs]

    def fit(omega):
        mu = counts + 0.1
        eta, before = np.log(mu), 0.0
        for _ in range(25):
            weight, z = omega * mu, eta + (counts - mu) / mu
            normal = x.T @ (weight[:, None] * x)
            beta = np.linalg.solve(normal, x.T @ (weight * z))
            eta = x @ beta
            mu = np.exp(eta)
            part = np.where(counts > 0, counts * np.log(np.maximum(counts, 1e-300) / mu), 0)
            deviance = 2 * (omega * (part - (counts - mu))).sum()
            if abs(deviance - before) / (abs(deviance) + 0.1) < 1e-8:
                break
            before = deviance
        return beta, mu, weight, np.linalg.inv(normal)

    _, mu, weight, inverse = fit(np.ones(len(counts)))
    df = len(counts) - x.shape[1]
    phi = max(1.0, (weight * ((counts - mu) / mu) ** 2).sum() / df)
    hat = weight * np.einsum("ij,jk,ik->i", x, inverse, x)
    s = 1.5 * (counts ** (2 / 3) * mu ** (-1 / 6) - mu**0.5) / np.sqrt(phi * (1 - hat))
    omega = np.where(s > 2.58, 1 / np.maximum(s, 1) ** 2, 1.0)
    omega *= len(counts) / omega.sum()
    beta, mu, weight, inverse = fit(omega)
    phi = max(1.0, (weight * ((counts - mu) / mu) ** 2).sum() / df)
    return float(np.exp(beta[seasons - 1])), phi


def test_farrington_flexible_against_a_full_design_matrix():
    y = np.random.default_rng(3).negative_binomial(10, 0.5, (1, 320)).astype(float)
    at = np.array([290, 319])
    found = detect_by_name("farrington_flexible", Series(y), {"b": 5}, at)
    for j, t in enumerate(at):
        mean, phi = slow_farrington(y[0], int(t), 5, 3, 10, 26)
        refs, _ = references(Series(y), int(t), 5, 3, 10, 26)
        if mean <= y[0, refs].max():  # else the trend is dropped
            assert found.expected[0, j] == pytest.approx(mean, rel=1e-9)
            assert found.more["phi"][0, j] == pytest.approx(phi, rel=1e-9)


def test_seasons_cover_the_year_once():
    refs, groups = references(Series(noisy(1)), 299, 5, 3, 10, 26)
    assert refs == list(range(299 - 5 * 52 - 3, 299 - 26))
    assert set(groups) == set(range(10))
    assert groups.count(9) == 5 * 7  # the windows of five years; the present one is excluded


def test_same_weekday_of_a_leap_day():
    dates = np.array(["2020-02-29"], "datetime64[D]")
    assert str(same_weekday(dates, 0, 1)) == "2019-03-02"  # a Saturday, as the leap day was


def test_moving_percentile_by_hand():
    y = np.ones((1, 6 * 365 + 10))
    y[0, -7:] = 2
    for q, expected in ((50.0, 7.0), (100.0, 7.0)):
        found = detect_by_name(
            "moving_percentile", Series(y, freq=365), {"percentile": q}, np.array([y.shape[1] - 1])
        )
        assert found.threshold[0, 0] == expected
        assert found.more["sum"][0, 0] == 14
        assert found.alarm[0, 0]


@pytest.mark.parametrize(
    ("rule", "bound"),
    [("linear", 3.0), ("lower", 3.0), ("higher", 3.0), ("hazen", 3.0), ("weibull", 3.0)],
)
def test_percentile_rules_agree_on_the_middle_of_an_odd_number(rule, bound):
    y = np.zeros((1, 60))
    y[0, 52 - 52 + 3 : 52 - 52 + 8] = [1, 2, 3, 4, 5]
    y[0, 57] = 9
    found = detect_by_name(
        "moving_percentile",
        Series(y),
        {"interpolation": rule, "years": 1, "share": 1.0},
        np.array([57]),
    )
    assert found.threshold[0, 0] == bound


def test_case_rules():
    y = np.zeros((1, 40))
    y[0, [30, 33, 38]] = 1
    single = detect_by_name("single_case", Series(y, freq=365), {"quiet": 14})
    assert np.flatnonzero(single.alarm[0]).tolist() == [30]
    linked = detect_by_name("linked_cases", Series(y, freq=365))
    assert np.flatnonzero(linked.alarm[0]).tolist() == [33, 38]
    y[0, 20] = np.nan  # silence is not zero: the quiet before is not proved
    single = detect_by_name("single_case", Series(y, freq=365), {"quiet": 14})
    assert not single.alarm.any()


@given(st.floats(0.01, 1e6), st.floats(1.0, 1e4), st.sampled_from([0.5, 0.9, 0.995, 1 - 1e-9]))
def test_quantiles_are_the_smallest_count_that_reaches_q(mean, phi, q):
    x = count_quantile(q, np.array([mean]), np.array([phi]))
    assert count_cdf(x, mean, phi) >= q * (1 - 1e-12)
    assert x[0] == 0 or count_cdf(x - 1, mean, phi) < q


@pytest.mark.parametrize(("mean", "phi"), [(3.2, 1.0), (3.2, 2.5), (250.0, 1.3), (0.0, 1.0)])
def test_tails_agree_with_scipy(mean, phi):
    x = np.arange(0.0, 40.0)
    known = stats.poisson(mean) if phi == 1 else stats.nbinom(mean / (phi - 1), 1 / phi)
    np.testing.assert_allclose(count_cdf(x, mean, phi), known.cdf(x), rtol=1e-10, atol=1e-300)
    np.testing.assert_allclose(count_tail(x, mean, phi), known.sf(x - 1), rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("name", METHODS)
def test_order_of_series_changes_nothing(name):
    y = noisy(70)  # more than one part of threads
    whole = detect_by_name(name, Series(y), None, np.arange(290, 300))
    alone = detect_by_name(name, Series(y[[11]]), None, np.arange(290, 300))
    for part in ("expected", "threshold", "score", "p", "alarm", "reason"):
        a, b = getattr(whole, part)[[11]], getattr(alone, part)
        assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f"), part


@pytest.mark.parametrize("name", METHODS)
def test_a_missing_count_is_never_an_alarm_and_the_input_stays(name):
    y = noisy(6)
    y[:, 299] = np.nan
    y[::2, 100:140] = np.nan
    before = y.copy()
    found = detect_by_name(name, Series(y), None, NEWEST)
    assert not found.alarm.any()
    assert (found.reason == Reason.MISSING).all()
    assert np.array_equal(y, before, equal_nan=True)


@pytest.mark.parametrize("name", METHODS)
def test_the_future_changes_nothing(name):
    y = noisy(3)
    later = y.copy()
    later[:, 280:] += 100
    at = np.arange(270, 280)
    a, b = (detect_by_name(name, Series(v), None, at) for v in (y, later))
    assert np.array_equal(a.threshold, b.threshold, equal_nan=True)
    assert (a.alarm == b.alarm).all()


@pytest.mark.parametrize(
    "name",
    [
        "farrington_flexible",
        "farrington_1996",
        "ears_c1",
        "ears_c2",
        "bayes",
        "moving_percentile",
        "pooled",
        "outbreak_odds",
    ],
)
@given(extra=st.integers(1, 500))
@settings(max_examples=8)
def test_more_cases_today_never_end_an_alarm(name, extra):
    y = noisy(3, seed=9)
    more = y.copy()
    more[:, 299] += extra
    a, b = (detect_by_name(name, Series(v), {}, NEWEST) for v in (y, more))
    assert (b.alarm >= a.alarm).all()
    assert (b.p <= a.p + 1e-12).all() or np.isnan(a.p).all()


def test_a_lower_alpha_never_lowers_the_threshold():
    y = noisy(5)
    last = None
    for alpha in (0.1, 0.05, 0.01, 0.001):
        bound = detect_by_name("farrington_flexible", Series(y), {"alpha": alpha}, NEWEST).threshold
        assert last is None or (bound >= last).all()
        last = bound


@given(st.integers(2, 50))
@settings(max_examples=10)
def test_ears_scales_with_the_counts(factor):
    y = noisy(2)
    a, b = (detect_by_name("ears_c2", Series(v)).threshold for v in (y, y * factor))
    np.testing.assert_allclose(b, a * factor, rtol=1e-12)


def test_incomplete_reports_alarm_but_never_calm():
    y = noisy(2)
    y[1, 299] = 90
    heard = np.ones_like(y)
    heard[:, 299] = 0.4
    heard[:, 200] = 0.1
    series = Series(y, completeness=heard)
    found = detect_by_name("ears_c1", series, None, NEWEST, min_completeness=0.8)
    assert found.alarm[:, 0].tolist() == [False, True]
    assert found.reason[:, 0].tolist() == [Reason.INCOMPLETE, Reason.JUDGED]
    assert found.observed[1, 0] == 90


def test_population_offset_follows_the_people():
    y = np.full((1, 320), 10.0) + np.arange(320) % 3
    people = np.full((1, 320), 1e5)
    people[0, 319] = 2e5
    found = detect_by_name(
        "farrington_flexible",
        Series(y, population=people),
        {"population": True, "trend": False},
        np.array([318, 319]),
    )
    assert found.expected[0, 1] == pytest.approx(2 * found.expected[0, 0], rel=0.05)


@pytest.mark.parametrize(
    ("given_", "text"),
    [
        ({"nonsense": 1}, "no parameter"),
        ({"alpha": 2.0}, "outside"),
        ({"b": 2.5}, "whole"),
        ({"threshold": 3}, "word"),
        ({"reweight": 1}, "true or false"),
        ({"w": "x"}, "number"),
    ],
)
def test_bad_parameters_are_named(given_, text):
    with pytest.raises(ValueError, match=text):
        detect_by_name("farrington_flexible", Series(noisy(1)), given_)


@pytest.mark.parametrize(
    "bad",
    [[[-1.0, 2.0]], [[np.inf, 2.0]], [[[1.0]]]],
)
def test_bad_counts_are_refused(bad):
    with pytest.raises(ValueError, match="counts"):
        Series(np.array(bad))


def test_every_preset_and_method_runs_and_tells_its_source():
    for name, (method, parameters) in PRESETS.items():
        assert METHODS[method].settle(parameters), name
    for method in METHODS.values():
        assert method.source
        assert method.zh != ""


ABSURD = {
    "zeros": np.zeros((2, 300)),
    "all missing": np.full((2, 300), np.nan),
    "one huge": np.where(np.arange(300) == 250, 1e15, 0.0)[None].repeat(2, 0),
    "huge": np.full((2, 300), 1e14) + np.arange(300),
    "first case ever": np.where(np.arange(300) == 299, 1.0, 0.0)[None].repeat(2, 0),
    "explodes": np.round(1.2 ** np.minimum(np.arange(300), 150))[None].repeat(2, 0),
    "few and then a trend": np.where(np.arange(300) > 280, np.arange(300) - 280.0, 0.0)[None],
    "fractions": np.random.default_rng(0).random((2, 300)) / 3,
    "empty": np.zeros((1, 0)),
    "one period": np.ones((1, 1)),
    "no series": np.zeros((0, 300)),
    "every other missing": np.where(np.arange(300) % 2, np.nan, 3.0)[None],
}


@pytest.mark.parametrize("what", ABSURD)
def test_absurd_series_end_soon_and_stay_finite(what):
    y = ABSURD[what]
    started = time.monotonic()
    for name in METHODS:
        for freq in (365, 52, 12):
            found = detect_by_name(name, Series(y, freq=freq))
            assert not np.isinf(found.threshold).any(), (name, freq)
            assert not (found.alarm & np.isnan(found.observed)).any()
            assert found.alarm.shape == y.shape
    assert time.monotonic() - started < 60  # a loop that never ends, not speed, is meant


@given(
    st.lists(st.one_of(st.just(float("nan")), st.floats(0, 1e12)), min_size=1, max_size=140),
    st.sampled_from(sorted(METHODS)),
)
@settings(max_examples=120)
def test_fuzz(counts, name):
    found = detect_by_name(name, Series(np.array([counts]), freq=12))
    assert not np.isinf(found.threshold).any()
    assert not (found.alarm & np.isnan(found.observed)).any()
