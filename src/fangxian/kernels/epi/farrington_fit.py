"""The compiled heart of both Farrington methods: a quasi-Poisson log-linear fit with one level a
season and one common slope, refitted once without the weight of past outbreaks.

The normal equations of such a model are an arrowhead, so nothing is inverted: with IRLS weights
w, the level means t_g, z_g and SS = sum w (t - t_g)^2, the slope is sum w (t - t_g) z / SS and
the hat value of a point is w (1/S_g + (t - t_g)^2/SS). Means are products of a level and a power
of exp(slope), so a round costs no exponential a point.

Counts in cases, time in periods, offsets the log of persons. Compiled: it raises no errors and
checks no bounds; ``farrington`` makes the arrays.
Source: Farrington 1996 and Noufaily 2013, as R surveillance has them (docs/methods/farrington.md).
"""

import numpy as np
from numba import njit

EPS = 2.220446049250313e-16
ROUNDS = 25
TOLERANCE = 1e-8
# Columns of the outcome of one fit.
MU, PHI, TREND, SE, OK = 0, 1, 2, 3, 4
# What one judged period needs, for a history of n references.
CLASSIC, FLEXIBLE = 0, 1


@njit(cache=True, nogil=True, error_model="numpy")
def _levels(y, log_start, t, g, offset, omega, trend, mu, work, level, mass, centre, zbar):
    """IRLS. Fills mu and work (last round's weights); returns (slope, SS, ok)."""
    n, seasons = y.shape[0], level.shape[0]
    slope, spread, before = 0.0, 0.0, 0.0
    converged = False
    for i in range(n):
        mu[i] = y[i] + 0.1
    for round_ in range(ROUNDS):
        for s in range(seasons):
            mass[s] = 0.0
            centre[s] = 0.0
            zbar[s] = 0.0
        for i in range(n):
            w = omega[i] * mu[i]
            work[i] = w
            s = g[i]
            eta = log_start[i] - offset[i] if round_ == 0 else level[s] + slope * t[i]
            z = eta + (y[i] - mu[i]) / mu[i]
            mass[s] += w
            centre[s] += w * t[i]
            zbar[s] += w * z
        for s in range(seasons):
            if mass[s] > 0:
                centre[s] /= mass[s]
                zbar[s] /= mass[s]
        if trend:
            spread, cross = 0.0, 0.0
            for i in range(n):
                s = g[i]
                eta = log_start[i] - offset[i] if round_ == 0 else level[s] + slope * t[i]
                z = eta + (y[i] - mu[i]) / mu[i]
                away = t[i] - centre[s]
                spread += work[i] * away * away
                cross += work[i] * away * (z - zbar[s])
            if not spread > 0:
                return slope, spread, False
            slope = cross / spread
        for s in range(seasons):
            level[s] = zbar[s] - slope * centre[s]
        deviance = _means(y, t, g, offset, omega, slope, level, mu)
        if not np.isfinite(deviance):
            return slope, spread, False
        if abs(deviance - before) / (abs(deviance) + 0.1) < TOLERANCE and round_ > 0:
            converged = True
            break
        before = deviance
    return slope, spread, converged


@njit(cache=True, nogil=True, error_model="numpy")
def _means(y, t, g, offset, omega, slope, level, mu):
    """Fill mu from the coefficients; returns the deviance."""
    deviance = 0.0
    n = y.shape[0]
    grow = np.exp(slope)
    power, at = 1.0, 0.0
    last, base = -1, 0.0
    for i in range(n):
        step = t[i] - at
        if i > 0 and step == 1.0:
            power *= grow
        elif i == 0 or step != 0.0:
            power = np.exp(slope * t[i])
        at = t[i]
        if g[i] != last:
            last = g[i]
            base = np.exp(level[last])
        m = base * power
        if offset[i] != 0.0:
            m *= np.exp(offset[i])
        m = max(m, EPS)
        mu[i] = m
        if y[i] > 0:
            eta = level[last] + slope * t[i] + offset[i]
            deviance += 2.0 * omega[i] * (y[i] * (np.log(y[i]) - eta) - (y[i] - m))
        else:
            deviance += 2.0 * omega[i] * m
    return deviance


@njit(cache=True, nogil=True, error_model="numpy")
def _reweight(y, t, g, mu, work, trend, mass, centre, spread, df, limit, omega):
    """Anscombe residuals of an unweighted fit, then omega: s^-2 above the limit, mean 1."""
    n = y.shape[0]
    phi = 0.0
    for i in range(n):
        away = (y[i] - mu[i]) / mu[i]
        phi += work[i] * away * away
    phi = max(phi / df, 1.0)
    total = 0.0
    for i in range(n):
        s = g[i]
        hat = work[i] / mass[s]
        if trend:
            away = t[i] - centre[s]
            hat += work[i] * away * away / spread
        sixth = mu[i] ** (1.0 / 6.0)
        up = 0.0 if y[i] == 0 else np.cbrt(y[i])
        residual = 1.5 * (up * up / sixth - sixth * sixth * sixth) / np.sqrt(phi * (1.0 - hat))
        omega[i] = 1.0 / (residual * residual) if residual > limit else 1.0
        total += omega[i]
    for i in range(n):
        omega[i] *= n / total


@njit(cache=True, nogil=True, error_model="numpy")
def fit(
    y,
    log_start,
    t,
    g,
    offset,
    seasons,
    trend,
    kind,
    reweight,
    limit,
    own,
    ahead,
    at0,
    crit,
    outcome,
    floats,
):
    """One history: references (y, log_start = log(y + 0.1), t, g, offset), all (n,), in order of
    time.

    ``own`` is the season of the judged period, ``ahead`` its time, ``at0`` its log population
    offset. Fills ``outcome`` (5,) with mean (cases), dispersion (at least 1), slope (a period),
    standard error of the mean (cases), ok (1, or 0 where it has no answer and the rest is not to be
    read). ``crit[df]`` is the t value below which a slope is dropped, ``floats`` scratch (7, n and
    seasons or more). Returns whether the trend was significant. NaN must not come in: ``fit_all``
    leaves it out. Errors, source: as the module says.
    """
    n = y.shape[0]
    mu, work, omega = floats[0, :n], floats[1, :n], floats[2, :n]
    level, mass = floats[3, :seasons], floats[4, :seasons]
    centre, zbar = floats[5, :seasons], floats[6, :seasons]
    outcome[OK] = 0.0
    used = 0
    for s in range(seasons):
        level[s] = 0.0
        mass[s] = 0.0
    for i in range(n):
        omega[i] = 1.0
        mass[g[i]] += 1.0
    for s in range(seasons):
        if mass[s] > 0:
            used += 1
    df = n - used - (1 if trend else 0)
    if df < 1 or mass[own] == 0:
        return False
    slope, spread, ok = _levels(
        y, log_start, t, g, offset, omega, trend, mu, work, level, mass, centre, zbar
    )
    if not ok:
        return False
    if reweight:
        _reweight(y, t, g, mu, work, trend, mass, centre, spread, df, limit, omega)
        slope, spread, ok = _levels(
            y, log_start, t, g, offset, omega, trend, mu, work, level, mass, centre, zbar
        )
        if not ok:
            return False
    by_work, by_omega, pearson = 0.0, 0.0, 0.0
    for i in range(n):
        away = (y[i] - mu[i]) / mu[i]
        by_work += work[i] * away * away
        by_omega += omega[i] * away * away
        pearson += omega[i] * (y[i] - mu[i]) * (y[i] - mu[i]) / mu[i]
    phi = by_work / df
    spare = phi
    if kind == FLEXIBLE and reweight:
        spare = by_omega / df
    inverse = 1.0 / mass[own]
    if trend:
        inverse += (ahead - centre[own]) ** 2 / spread
    mean = np.exp(level[own] + slope * ahead + at0)
    outcome[MU] = mean
    outcome[PHI] = max(phi, 1.0)
    outcome[TREND] = slope
    if kind == CLASSIC:
        outcome[SE] = mean * np.sqrt(outcome[PHI] * inverse)
    else:
        outcome[SE] = mean * np.sqrt(spare * inverse)
    outcome[OK] = 1.0
    if not trend:
        return False
    if not np.isfinite(mean):
        return False
    top = 0.0
    for i in range(n):
        top = max(top, y[i])
    error = np.sqrt(spare / spread)
    return mean <= top and (error == 0.0 or abs(slope) / error > crit[df])


@njit(cache=True, nogil=True, error_model="numpy")
def fit_all(
    first,
    last,
    counts,
    logs,
    offsets,
    times,
    at,
    refs,
    groups,
    sizes,
    seasons,
    own,
    trend,
    kind,
    reweight,
    limit,
    crit,
    recent,
    fewest,
    out,
):
    """Judge series first..last at every index of ``at`` (n,).

    ``counts``, ``logs``, ``offsets`` are (series, time), ``times`` (time,), ``refs`` and ``groups``
    (n, longest) with ``sizes`` (n,) of them used. Fills ``out`` (series, n, 5), in cases as ``fit``
    does, OK = 0 when no finite fit, -1 when fewer than ``fewest`` cases in the last ``recent``
    periods. A reference with a missing count or offset (NaN) is left out; so is the period itself
    (OK 0 or -1) without offset. TREND is NaN where none was kept. Errors, source: as the module
    says.
    """
    longest = refs.shape[1]
    y, start, t, offset = (
        np.empty(longest),
        np.empty(longest),
        np.empty(longest),
        np.empty(longest),
    )
    g = np.empty(longest, np.int64)
    floats = np.empty((7, max(longest, seasons)))
    for k in range(first, last):
        for j in range(at.shape[0]):
            now = at[j]
            cases = 0.0
            for back in range(recent):
                if now - back >= 0 and not np.isnan(counts[k, now - back]):
                    cases += counts[k, now - back]
            n = 0
            for r in range(sizes[j]):
                i = refs[j, r]
                if np.isnan(counts[k, i]) or np.isnan(offsets[k, i]):
                    continue
                y[n] = counts[k, i]
                start[n] = logs[k, i]
                offset[n] = offsets[k, i]
                t[n] = times[i] - times[now]
                g[n] = groups[j, r]
                n += 1
            here = offsets[k, now]
            out[k, j, OK] = 0.0
            if n < 2 or np.isnan(here):
                out[k, j, OK] = -1.0 if cases < fewest else 0.0
                continue
            kept = False
            if trend:
                kept = fit(
                    y[:n],
                    start[:n],
                    t[:n],
                    g[:n],
                    offset[:n],
                    seasons,
                    True,
                    kind,
                    reweight,
                    limit,
                    own,
                    0.0,
                    here,
                    crit,
                    out[k, j],
                    floats,
                )
            if not kept:
                fit(
                    y[:n],
                    start[:n],
                    t[:n],
                    g[:n],
                    offset[:n],
                    seasons,
                    False,
                    kind,
                    reweight,
                    limit,
                    own,
                    0.0,
                    here,
                    crit,
                    out[k, j],
                    floats,
                )
                out[k, j, TREND] = np.nan
            if cases < fewest:
                out[k, j, OK] = -1.0
