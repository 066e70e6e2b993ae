"""Generalised likelihood ratio for a rise of the level, Poisson and negative binomial.

Shapes and errors as ``detector`` says: (series, time) in, (series, n) out, in cases a period; no
errors past those of ``detect``.
Source: Hoehle and Paul, Comput Stat Data Anal 52 (2008) 4357.
"""

import numpy as np
from numba import njit

from fangxian.kernels.common.threads import over_rows
from fangxian.kernels.epi.detector import Detection, Floats, Ints, Reason, Series, judge


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(a, c):
    """Solve the small symmetric system a x = c in place by Cholesky; False when not definite."""
    n = c.shape[0]
    for i in range(n):
        for j in range(i + 1):
            s = a[i, j]
            for k in range(j):
                s -= a[i, k] * a[j, k]
            if i == j:
                if not s > 0:
                    return False
                a[i, i] = np.sqrt(s)
            else:
                a[i, j] = s / a[j, j]
    for i in range(n):
        for k in range(i):
            c[i] -= a[i, k] * c[k]
        c[i] /= a[i, i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            c[i] -= a[k, i] * c[k]
        c[i] /= a[i, i]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _seasonal(y, x, alpha, beta):
    """Log-linear regression of y on x with variance mu + alpha mu^2. Fills beta; says if ok."""
    n, p = x.shape
    a, c = np.empty((p, p)), np.empty(p)
    before = 0.0
    for round_ in range(50):
        a[:] = 0.0
        c[:] = 0.0
        deviance = 0.0
        for i in range(n):
            if np.isnan(y[i]):
                continue
            if round_ == 0:
                mu = y[i] + 0.1
                eta = np.log(mu)
            else:
                eta = 0.0
                for j in range(p):
                    eta += x[i, j] * beta[j]
                mu = max(np.exp(eta), 2.2e-16)
            w = mu / (1.0 + alpha * mu)
            z = eta + (y[i] - mu) / mu
            for j in range(p):
                c[j] += w * x[i, j] * z
                for k in range(j + 1):
                    a[j, k] += w * x[i, j] * x[i, k]
            if y[i] > 0:
                deviance += y[i] * np.log(y[i] / mu)
            if alpha > 0:
                deviance -= (y[i] + 1.0 / alpha) * np.log((1.0 + alpha * y[i]) / (1.0 + alpha * mu))
            else:
                deviance -= y[i] - mu
        if not _solve(a, c):
            return False
        change = 0.0
        for j in range(p):
            change = max(change, abs(c[j] - beta[j]))
            beta[j] = c[j]
        if not np.isfinite(change):
            return False
        if round_ > 1 and change < 1e-10 * (1.0 + abs(beta[0])):
            return True
        before = deviance
    return abs(deviance - before) / (abs(deviance) + 0.1) < 1e-8


# Rises at which each period's part of the ratio is summed up beforehand: close where most lie.
RISES = np.concatenate(
    [np.arange(0.0, 1.0, 0.05), np.arange(1.0, 2.0, 0.1), np.arange(2.0, 4.1, 0.25)]
)
ROUNDING = 1e-9  # what sums of differences may lack


@njit(cache=True, nogil=True, error_model="numpy")
def _best_kappa(y, mu, low, high, alpha, kappa):
    """The root of the score of kappa > 0 for y[low..high]: Newton kept inside a bracket."""
    left, right = 0.0, 50.0
    for _ in range(100):
        lift = np.exp(kappa)
        slope, bend = 0.0, 0.0
        for i in range(low, high + 1):
            if np.isnan(y[i]):
                continue
            m = mu[i] * lift
            d = 1.0 + alpha * m
            slope += (y[i] - m) / d
            bend += m * (1.0 + alpha * y[i]) / (d * d)
        if slope > 0:
            left = kappa
        else:
            right = kappa
        step = kappa + slope / bend
        if not (step > left and step < right):
            step = 0.5 * (left + right)
        if abs(step - kappa) < 1e-10:
            return step
        kappa = step
    return kappa


@njit(cache=True, nogil=True, error_model="numpy")
def _ratio(y, mu, low, high, alpha, kappa):
    """The log likelihood ratio of a rise by kappa over y[low..high]."""
    lift, value = np.exp(kappa), 0.0
    for i in range(low, high + 1):
        if not np.isnan(y[i]):
            value += y[i] * kappa - (y[i] + 1.0 / alpha) * np.log(
                (1.0 + alpha * mu[i] * lift) / (1.0 + alpha * mu[i])
            )
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def _sum_up(y, mu, begin, end, alpha, value, slope):
    """Running sums of each period's ratio and its slope in kappa at every rise of ``RISES``:
    ``value[g, i]`` and ``slope[g, i]`` are over begin..i-1."""
    for g in range(len(RISES)):
        lift, of_value, of_slope = np.exp(RISES[g]), 0.0, 0.0
        value[g, begin] = slope[g, begin] = 0.0
        for i in range(begin, end):
            if not np.isnan(y[i]):
                m = mu[i] * lift
                of_value += y[i] * RISES[g] - (y[i] + 1.0 / alpha) * np.log(
                    (1.0 + alpha * m) / (1.0 + alpha * mu[i])
                )
                of_slope += (y[i] - m) / (1.0 + alpha * m)
            value[g, i + 1], slope[g, i + 1] = of_value, of_slope


@njit(cache=True, nogil=True, error_model="numpy")
def _poisson(y, mu, since, t):
    """Max over change points since..t, where the best rise is known."""
    best, sum_y, sum_mu = 0.0, 0.0, 0.0
    for start in range(t, since - 1, -1):
        if not np.isnan(y[start]):
            sum_y += y[start]
            sum_mu += mu[start]
            if sum_y > sum_mu:
                best = max(best, np.log(sum_y / sum_mu) * sum_y - (sum_y - sum_mu))
    return best


@njit(cache=True, nogil=True, error_model="numpy")
def _negative_binomial(y, mu, since, t, alpha, value, slope, most, guess):
    """Max over change points since..t. The ratio of a run is concave in the rise: its values and
    slopes at the two rises beside its top say how high that can be; only runs that may beat the
    best value seen are solved. ``most`` and ``guess`` are room for those bounds and first rises."""
    last, g, best = len(RISES) - 1, 0, 0.0
    for start in range(t, since - 1, -1):
        most[start] = 0.0
        if np.isnan(y[start]) or slope[0, t + 1] <= slope[0, start]:
            continue  # a run whose score without a rise is not positive has ratio 0
        while g < last and slope[g + 1, t + 1] > slope[g + 1, start]:
            g += 1
        while g > 0 and slope[g, t + 1] <= slope[g, start]:
            g -= 1
        a, up = value[g, t + 1] - value[g, start], slope[g, t + 1] - slope[g, start]
        guess[start], most[start] = RISES[g], np.inf
        if g < last:
            wide = RISES[g + 1] - RISES[g]
            if a + up * wide + ROUNDING < best:
                most[start] = 0.0
                continue
            b = value[g + 1, t + 1] - value[g + 1, start]
            down = slope[g + 1, start] - slope[g + 1, t + 1]
            top = (b - a + down * wide) / (up + down)  # where the two tangents meet
            guess[start], most[start] = RISES[g] + top, a + up * top + ROUNDING
            best = max(best, b - ROUNDING)
        best = max(best, a - ROUNDING)
    for start in range(t, since - 1, -1):
        if most[start] > best:
            kappa = _best_kappa(y, mu, start, t, alpha, guess[start])
            best = max(best, _ratio(y, mu, start, t, alpha, kappa))
    return max(best, 0.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _watch(first, last, counts, x, begin, end, limit, alpha, least, mean, statistic):
    n, p = x.shape
    value, slope = np.zeros((2, len(RISES), n + 1))
    most, guess = np.zeros((2, n))
    for k in range(first, last):
        y = counts[k]
        known = 0
        for i in range(begin):
            if not np.isnan(y[i]):
                known += 1
        beta = np.zeros(p)
        if known < least or not _seasonal(y[:begin], x[:begin], alpha, beta):
            continue
        for i in range(begin, end):
            eta = 0.0
            for j in range(p):
                eta += x[i, j] * beta[j]
            mean[k, i] = np.exp(eta)
        if alpha > 0:
            _sum_up(y, mean[k], begin, end, alpha, value, slope)
        since = begin
        for t in range(begin, end):
            if np.isnan(y[t]):
                continue
            if alpha > 0:
                statistic[k, t] = _negative_binomial(
                    y, mean[k], since, t, alpha, value, slope, most, guess
                )
            else:
                statistic[k, t] = _poisson(y, mean[k], since, t)
            if statistic[k, t] >= limit:
                since = t + 1


def glr(series: Series, at: Ints, *, limit: float, harmonics: int, alpha: float) -> Detection:
    """Largest log likelihood ratio over all change points since the last alarm; alarm at
    ``limit`` or more, after which the watch starts anew.

    The mean is fitted once on the data before the first judged period: intercept and ``harmonics``
    pairs of cos, sin. ``alpha`` 0 is Poisson; above 0 the variance is mu + alpha mu^2. ``score`` is
    statistic/limit; a count threshold does not exist. A missing count has no statistic and adds
    nothing to later ones; SHORT where too few were reported for the fit, or it fails. Shape,
    errors, source: as the module says.
    """
    counts = series.counts
    begin, end = (int(at.min()), int(at.max()) + 1) if at.size else (0, 0)
    t = np.arange(1, series.length + 1)[:, None] * 2 * np.pi / series.freq
    waves = [f(t * s) for s in range(1, harmonics + 1) for f in (np.cos, np.sin)]
    x = np.ascontiguousarray(np.hstack([np.ones_like(t), *waves]))
    mean, statistic = np.full((2, *counts.shape), np.nan)
    over_rows(
        _watch,
        len(counts),
        counts,
        x,
        begin,
        end,
        limit,
        alpha,
        x.shape[1] + 1,
        mean,
        statistic,
        least=4,
    )
    return _by_statistic(series, at, mean[:, at], statistic[:, at], limit)


def _by_statistic(
    series: Series, at: Ints, mean: Floats, statistic: Floats, limit: float
) -> Detection:
    known = np.isfinite(statistic)
    return judge(
        series,
        at,
        expected=mean,
        threshold=np.full_like(mean, np.nan),
        score=statistic / limit,
        alarm=known & (np.nan_to_num(statistic) >= limit),
        reason=np.where(known, Reason.JUDGED, Reason.SHORT).astype(np.int8),
        more={"statistic": statistic},
    )
