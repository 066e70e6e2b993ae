"""The compiled heart of ``odds``: a quasi-Poisson log-linear fit of level, trend and harmonics with
normal priors, in which past weeks weigh as much as they are likely to hold no outbreak.

Counts in cases a week, trend in log a ten years, means in cases. Compiled: it raises no errors and
checks no bounds; ``odds`` makes the arrays. Source: ours, docs/methods/odds.md.
"""

from math import lgamma

import numpy as np
from numba import njit

ROUNDS = 25
SMALL, LARGE = 1e-4, 2.0  # a last step, and the longest one
# Columns of the outcome of one fit: mean of the week and of the one before, variance over mean,
# variance of the log mean.
NOW, BEFORE, PHI, UNSURE = 0, 1, 2, 3
MAYBE, THIRD = (-0.5, 1.8), 0.15  # sd a week must be above to be looked at; share in a third week


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(a, b, low, x):
    """a x = b by Cholesky, a positive definite; False where it is not."""
    n = b.shape[0]
    for i in range(n):
        for j in range(i + 1):
            s = a[i, j]
            for k in range(j):
                s -= low[i, k] * low[j, k]
            if i != j:
                low[i, j] = s / low[j, j]
            elif s > 0:
                low[i, i] = np.sqrt(s)
            else:
                return False
    for i in range(n):
        s = b[i]
        for k in range(i):
            s -= low[i, k] * x[k]
        x[i] = s / low[i, i]
    for i in range(n - 1, -1, -1):
        s = x[i]
        for k in range(i + 1, n):
            s -= low[k, i] * x[k]
        x[i] = s / low[i, i]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _sums(y, first, last, omega, slope, mu, sums):
    """Means of the weeks, and six sums by phase of the year (weight, times t, times t^2, residual,
    times t; row 5 holds the season's mean): a round costs no exponential a week."""
    freq = sums.shape[1]
    grow, power = np.exp(slope), np.exp(slope * (first - last))
    sums[:5] = 0.0
    s = first % freq
    for i in range(first, last):
        t = (i - last) / (10.0 * freq)
        m = max(sums[5, s] * power, 1e-8)
        mu[i] = m
        w = omega[i] * m
        r = omega[i] * y[i] - w
        sums[0, s] += w
        sums[1, s] += w * t
        sums[2, s] += w * t * t
        sums[3, s] += r
        sums[4, s] += r * t
        power *= grow
        s = s + 1 if s + 1 < freq else 0


@njit(cache=True, nogil=True, error_model="numpy")
def _score(y, season, first, last, omega, offset, ridge, beta, mu, info, low, step, sums):
    """Fisher scoring from ``beta`` on: log mean = offset + beta[0] t + season[week] @ beta[1:].

    ``ridge`` (p,) are the prior precisions times phi. Fills beta, mu, info; False where it does not
    come to rest. Convergence is quadratic: after a step below 1e-4 the rest is about 1e-8.
    """
    p, freq = beta.shape[0], season.shape[0]
    grad = np.empty(p)
    for _ in range(ROUNDS):
        for s in range(freq):
            e = offset
            for a in range(p - 1):
                e += season[s, a] * beta[a + 1]
            sums[5, s] = np.exp(min(max(e, -25.0), 25.0))
        slope = min(max(beta[0], -20.0), 20.0) / (10.0 * freq)
        _sums(y, first, last, omega, slope, mu, sums)
        info[:] = 0.0
        grad[:] = 0.0
        for s in range(freq):
            info[0, 0] += sums[2, s]
            grad[0] += sums[4, s]
            for a in range(p - 1):
                x = season[s, a]
                grad[a + 1] += sums[3, s] * x
                info[a + 1, 0] += sums[1, s] * x
                for b in range(a + 1):
                    info[a + 1, b + 1] += sums[0, s] * x * season[s, b]
        for a in range(p):
            grad[a] -= ridge[a] * beta[a]
            info[a, a] += ridge[a]
        if not _solve(info, grad, low, step):
            return False
        size = np.abs(step).max()
        beta += step * (min(1.0, LARGE / size) if size > 0 else 1.0)
        if size < SMALL:
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def _rise(y, r):
    """log of gamma(y + r)/gamma(r), y whole and >= 0, r > 0; Stirling's series from 10 on."""
    if y <= 16.0 and r < 1e12:
        product = 1.0
        for i in range(int(y)):
            product *= r + i
        return np.log(product)
    if r < 10.0:
        return lgamma(y + r) - lgamma(r)
    x = y + r
    high = (x - 0.5) * np.log(x) - x + 1 / (12 * x) - 1 / (360 * x * x * x)
    return high - ((r - 0.5) * np.log(r) - r + 1 / (12 * r) - 1 / (360 * r * r * r))


@njit(cache=True, nogil=True, error_model="numpy")
def _log_count(y, m, phi):
    """log negative binomial pmf without the term of y alone; Poisson at phi = 1."""
    if phi > 1.000001:
        r = m / (phi - 1.0)
        return _rise(y, r) + y * np.log(1.0 - 1.0 / phi) - r * np.log(phi)
    return y * np.log(m) - m


@njit(cache=True, nogil=True, error_model="numpy")
def _with(y, m, phi, extra):
    """The same with ``extra`` outbreak cases on top, which are Poisson."""
    return _log_count(y, m + extra, (phi * m + extra) / (m + extra))


@njit(cache=True, nogil=True, error_model="numpy")
def _weigh(y, mu, phi, first, last, known, prior, sizes, shape, omega, odds):
    """omega = probability that a past week holds no outbreak cases, by the odds of outbreaks that
    began in it or in the two before. Weeks plainly not above their mean are passed over."""
    for i in range(first, last):
        odds[i] = 0.0
        if known[i] == 0.0:
            continue
        m, sd = mu[i], np.sqrt(phi * mu[i])
        two = i + 1 < last and known[i + 1] > 0
        up = y[i] - m
        both = up + (y[i + 1] - mu[i + 1] if two else 0.0)
        if up < MAYBE[0] * sd or both < MAYBE[1] * sd:
            continue
        none = _log_count(y[i], m, phi)
        if two:
            none += _log_count(y[i + 1], mu[i + 1], phi)
        total = 0.0
        for size in sizes:
            some = _with(y[i], m, phi, size * sd * shape[0])
            if two:
                some += _with(y[i + 1], mu[i + 1], phi, size * sd * shape[1])
            total += np.exp(min(some - none, 50.0))
        odds[i] = prior * total / sizes.shape[0]
    for i in range(first, last):
        held = odds[i]
        if i - 1 >= first:
            held += odds[i - 1]
        if i - 2 >= first:
            held += THIRD * odds[i - 2]
        omega[i] = known[i] / (1.0 + held)


@njit(cache=True, nogil=True, error_model="numpy")
def _dispersion(y, mu, omega, first, last, p):
    away, n = 0.0, 0.0
    for i in range(first, last):
        away += omega[i] * (y[i] - mu[i]) ** 2 / mu[i]
        n += omega[i]
    return max(1.0, away / max(n - p, 1.0))


@njit(cache=True, nogil=True, error_model="numpy")
def fit_rows(
    begin,
    end,
    counts,
    season,
    at,
    back,
    excluded,
    least,
    precision,
    prior,
    cycles,
    sizes,
    shape,
    out,
):
    """Fits rows ``begin`` to ``end`` of ``counts`` (series, time), NaN missing, for every week of
    ``at`` (n,), rising. ``season`` (freq, 1 + 2 harmonics) has a column of ones; ``precision``
    (p,) of the priors; ``sizes`` and ``shape`` (2,) of past outbreaks, sd and share of a week.

    Fills ``out`` (series, n, 4), see the columns above; NaN where fewer than ``least`` weeks were
    reported or nothing fits. Unit, errors, source: as the module says.
    """
    time, freq = counts.shape[1], season.shape[0]
    p = season.shape[1] + 1
    y, known, mu, omega, odds = np.empty((5, time))
    start, beta, here, step = np.zeros(p), np.zeros(p), np.empty(p), np.empty(p)
    info, low, sums = np.empty((p, p)), np.empty((p, p)), np.empty((6, freq))
    for k in range(begin, end):
        for i in range(time):
            known[i] = 0.0 if np.isnan(counts[k, i]) else 1.0
            y[i] = 0.0 if np.isnan(counts[k, i]) else counts[k, i]
        before = np.nan
        for j in range(at.shape[0]):
            now = at[j]
            first, last = max(0, now - back), now - excluded
            total, weeks = 0.0, 0.0
            for i in range(first, last):
                total += y[i]
                weeks += known[i]
                omega[i] = known[i]
            if weeks < least:
                continue
            offset = np.log((total + 0.5) / weeks)
            if np.isnan(before):  # else the unweighted fit starts from that of the week before
                start[:] = 0.0
            else:
                start[1] += before - offset
            before = offset
            ok = _score(
                y, season, first, last, omega, offset, precision, start, mu, info, low, step, sums
            )
            if not ok:
                before = np.nan
                continue
            beta[:] = start
            phi = _dispersion(y, mu, omega, first, last, p)
            for _ in range(cycles):
                _weigh(y, mu, phi, first, last, known, prior, sizes, shape, omega, odds)
                ridge = precision * phi
                here[:] = beta
                ok = _score(
                    y, season, first, last, omega, offset, ridge, beta, mu, info, low, step, sums
                )
                if not ok:  # the weights have no fit: the one before stands
                    beta[:] = here
                    break
                phi = _dispersion(y, mu, omega, first, last, p)
            for lag in range(2):
                e = offset + beta[0] * (now - lag - last) / (10.0 * freq)
                for a in range(p - 1):
                    e += season[(now - lag) % freq, a] * beta[a + 1]
                out[k, j, lag] = np.exp(min(max(e, -15.0), 20.0))
            out[k, j, PHI] = phi
            here[0] = (now - last) / (10.0 * freq)
            here[1:] = season[now % freq]
            _solve(info, here, low, step)
            out[k, j, UNSURE] = phi * (here * step).sum()
