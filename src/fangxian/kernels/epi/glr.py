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
def _statistic(y, mu, since, t, alpha, hint):
    """Max over change points since..t; returns (statistic, kappa of the longest run)."""
    best, sum_y, sum_mu = 0.0, 0.0, 0.0
    kappa, score, ceiling = hint, 0.0, 0.0
    for start in range(t, since - 1, -1):
        if np.isnan(y[start]):
            continue
        sum_y += y[start]
        sum_mu += mu[start]
        if alpha == 0.0:
            if sum_y > sum_mu:
                k = np.log(sum_y / sum_mu)
                best = max(best, k * sum_y - (sum_y - sum_mu))
            continue
        # A run whose score at kappa = 0 is not positive has ratio 0; none exceeds the sum of what
        # its own counts could reach one by one.
        score += (y[start] - mu[start]) / (1.0 + alpha * mu[start])
        if y[start] > mu[start]:
            ceiling += y[start] * np.log(y[start] / mu[start]) - (y[start] + 1.0 / alpha) * np.log(
                (1.0 + alpha * y[start]) / (1.0 + alpha * mu[start])
            )
        if score <= 0 or ceiling <= best:
            continue
        kappa = _best_kappa(y, mu, start, t, alpha, kappa)
        lift, value = np.exp(kappa), 0.0
        for i in range(start, t + 1):
            if not np.isnan(y[i]):
                value += y[i] * kappa - (y[i] + 1.0 / alpha) * np.log(
                    (1.0 + alpha * mu[i] * lift) / (1.0 + alpha * mu[i])
                )
        best = max(best, value)
    return best, kappa


@njit(cache=True, nogil=True, error_model="numpy")
def _watch(first, last, counts, x, begin, end, limit, alpha, least, mean, statistic):
    p = x.shape[1]
    for k in range(first, last):
        y = counts[k]
        n = 0
        for i in range(begin):
            if not np.isnan(y[i]):
                n += 1
        beta = np.zeros(p)
        if n < least or not _seasonal(y[:begin], x[:begin], alpha, beta):
            continue
        for i in range(begin, end):
            eta = 0.0
            for j in range(p):
                eta += x[i, j] * beta[j]
            mean[k, i] = np.exp(eta)
        since, hint = begin, 0.1
        for t in range(begin, end):
            if np.isnan(y[t]):
                continue
            statistic[k, t], hint = _statistic(y, mean[k], since, t, alpha, hint)
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
