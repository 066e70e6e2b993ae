"""ESSENCE, the daily detectors of the US national syndromic programme: EWMA, regression, switch.

Shapes and errors as ``detector`` says: (series, days) in, (series, n) out, in cases a day or any
share; ``score`` is the t statistic, not scaled to the threshold; no errors past those of
``detect``.
Source: CDCgov/Rnssp (Apache-2.0) at 7f76909c, whose results these reproduce; Burkom et al., Stat
Med 26 (2007) 4202.
"""

import numpy as np
from numba import njit
from scipy import special

from fangxian.kernels.common.threads import over_rows
from fangxian.kernels.epi.detector import Detection, Floats, Ints, Reason, Series, judge

GREY, BLUE, YELLOW, RED = 0.0, 1.0, 2.0, 3.0
LEAST_EWMA, LEAST_REGRESSION, WEEKDAYS = 7, 11, 7


def _t_table(alpha: float, longest: int, used: int) -> Floats:
    """Upper t quantiles by length of the baseline, rounded to five decimals as ESSENCE does."""
    n = np.arange(longest + 1)
    table = np.full(longest + 1, np.inf)
    usable = n > used
    table[usable] = np.round(special.stdtrit(n[usable] - used, 1 - alpha), 5)
    return table


@njit(cache=True, nogil=True, error_model="numpy")
def _smooth(first, last, counts, weights, longest, guard, u99, u95, mean, statistics, degrees):
    for k in range(first, last):
        z = np.full(weights.shape[0], np.nan)
        for t in range(counts.shape[1]):
            y = counts[k, t]
            if np.isnan(y):
                continue
            for j in range(weights.shape[0]):
                z[j] = y if np.isnan(z[j]) else weights[j] * y + (1.0 - weights[j]) * z[j]
            low = max(0, t - guard - longest)
            n, total = 0, 0.0
            for i in range(low, t - guard):
                if not np.isnan(counts[k, i]):
                    n += 1
                    total += counts[k, i]
            if n < 7:
                continue
            centre, square = total / n, 0.0
            for i in range(low, t - guard):
                if not np.isnan(counts[k, i]):
                    square += (counts[k, i] - centre) ** 2
            sd = np.sqrt(square / (n - 1))
            mean[k, t], degrees[k, t] = centre, n - 1.0
            for j in range(weights.shape[0]):
                w, keep = weights[j], 1.0 - weights[j]
                scale = w / u95[n]
                least = scale * (0.01 + 0.05 * keep * keep)
                spread = w / (2.0 - w) + 1.0 / n
                spread -= 2.0 * keep ** (guard + 1) * (1.0 - keep**n) / n
                floor = (0.1289 - (0.2414 - 0.1826 * keep**4) * np.log(0.5)) * scale
                sigma = max(least, sd * np.sqrt(spread) + floor)
                s = (z[j] - centre) / sigma
                statistics[j, k, t] = s
                if abs(s) > u99[n]:
                    z[j] = centre + np.sign(s) * u99[n] * sigma


def _colours(p: Floats, red: float, yellow: float) -> Floats:
    colour = np.where(p < red, RED, np.where(p < yellow, YELLOW, BLUE))
    return np.where(np.isnan(p), GREY, colour)


def _scaled(counts: Floats) -> Floats:
    """Series below 1 throughout (shares) in units of the median of their positive values."""
    with np.errstate(invalid="ignore"):
        top = np.nanmax(np.where(np.isnan(counts), 0.0, counts), axis=1, initial=0.0)
    scaled = counts.copy()
    for k in np.flatnonzero((top > 0) & (top < 1)):
        positive = counts[k][counts[k] > 0]
        scaled[k] /= np.median(positive)
    return scaled


def _ewma(series: Series, longest: int, guard: int, w1: float, w2: float) -> dict[str, Floats]:
    counts = _scaled(series.counts)
    u99, u95 = _t_table(0.01, longest, 1), _t_table(0.05, longest, 1)
    mean, degrees = np.full((2, *counts.shape), np.nan)
    statistics = np.full((2, *counts.shape), np.nan)
    weights = np.array([w1, w2])
    over_rows(
        _smooth, len(counts), counts, weights, longest, guard, u99, u95, mean, statistics, degrees
    )
    low, high = statistics
    # The same degrees of freedom: the larger statistic has the smaller p; a tie goes to w2.
    statistic = np.where(low > high, low, high)
    return {"expected": mean, "statistic": statistic, "p": special.stdtr(degrees, -statistic)}


def ewma(
    series: Series,
    at: Ints,
    *,
    baseline: int,
    guard: int,
    w1: float,
    w2: float,
    red: float,
    yellow: float,
) -> Detection:
    """Two exponentially weighted means against a baseline that ends ``guard`` days before; the
    smaller p counts. ``more['colour']``: 0 grey, 1 blue, 2 yellow, 3 red; alarm is red.

    A missing day leaves the means as they are and is left out of the baseline, which needs seven
    reported days, else SHORT. Shape, errors, source: as the module says.
    """
    parts = _ewma(series, baseline, guard, w1, w2)
    return _coloured(series, at, parts, _colours(parts["p"], red, yellow))


def _coloured(series: Series, at: Ints, parts: dict[str, Floats], colour: Floats) -> Detection:
    expected = parts["expected"][:, at]
    more = {k: v[:, at] for k, v in parts.items() if k not in ("expected", "p")}
    known = np.isfinite(parts["p"][:, at])
    return judge(
        series,
        at,
        expected=expected,
        threshold=np.full_like(expected, np.nan),
        score=more["statistic"],
        p=parts["p"][:, at],
        alarm=colour[:, at] == RED,
        reason=np.where(known, Reason.JUDGED, Reason.SHORT).astype(np.int8),
        more={"colour": colour[:, at], **more},
    )


def _weekday_designs(longest: int, guard: int) -> tuple[Floats, Floats]:
    """For each length n and weekday of the first baseline day (0 Monday): an orthonormal basis of
    the model's columns, shape (n, 8), and the row of the forecast day in that basis."""
    bases = np.zeros((longest + 1, WEEKDAYS, longest, 8))
    aheads = np.zeros((longest + 1, WEEKDAYS, 8))
    for n in range(LEAST_REGRESSION, longest + 1):
        for phase in range(WEEKDAYS):
            time = np.append(np.arange(1.0, n + 1), n + guard + 1)
            weekday = np.append((phase + np.arange(n)) % 7, (phase + n + guard) % 7)
            dummies = (weekday[:, None] == np.arange(6)).astype(float)
            x = np.column_stack([np.ones(n + 1), time, dummies])
            q, r = np.linalg.qr(x[:-1])
            bases[n, phase, :n] = q
            aheads[n, phase] = np.linalg.solve(r.T, x[-1])
    return bases, aheads


@njit(cache=True, nogil=True, error_model="numpy")
def _regress(
    first,
    last,
    counts,
    weekday,
    longest,
    guard,
    least,
    bases,
    aheads,
    u95,
    expected,
    sigma,
    fit,
    degrees,
):
    part = np.empty(8)
    for k in range(first, last):
        for t in range(guard + least, counts.shape[1]):
            n = min(longest, t - guard)
            low = t - guard - n
            y = counts[k, low : low + n]
            basis = bases[n, weekday[low]]
            ahead = aheads[n, weekday[low]]
            mean = 0.0
            for i in range(n):
                mean += y[i]
            mean /= n
            if np.isnan(mean):
                continue
            part[:] = 0.0
            for i in range(n):
                for j in range(8):
                    part[j] += basis[i, j] * (y[i] - mean)
            value = mean
            for j in range(8):
                value += ahead[j] * part[j]
            sse, sst = 0.0, 0.0
            for i in range(n):
                fitted = 0.0
                for j in range(8):
                    fitted += basis[i, j] * part[j]
                sse += (y[i] - mean - fitted) ** 2
                sst += (y[i] - mean) ** 2
            expected[k, t] = max(0.0, value)
            spread = np.sqrt(sse / (n - 8.0)) * np.sqrt((n + 7.0) * (n - 4.0) / (n * (n - 7.0)))
            sigma[k, t] = max(spread, 0.01 / u95[n])
            fit[k, t] = 1.0 - (sse / (n - 8.0)) / (sst / (n - 1.0))
            degrees[k, t] = n - 8.0


def _regression(series: Series, longest: int, guard: int) -> dict[str, Floats]:
    counts = series.counts
    if series.dates is None:
        weekday = np.arange(series.length) % 7
    else:  # 1970-01-01 was a Thursday
        weekday = (series.dates.astype(np.int64) + 3) % 7
    bases, aheads = _weekday_designs(longest, guard)
    expected, sigma, fit, degrees = np.full((4, *counts.shape), np.nan)
    over_rows(
        _regress,
        len(counts),
        counts,
        weekday,
        longest,
        guard,
        LEAST_REGRESSION,
        bases,
        aheads,
        _t_table(0.05, longest, 8),
        expected,
        sigma,
        fit,
        degrees,
    )
    statistic = (counts - expected) / sigma
    p = np.asarray(special.stdtr(degrees, -statistic))
    return {
        "expected": expected,
        "statistic": statistic,
        "p": p,
        "sigma": sigma,
        "adjusted_r2": fit,
        "weekday": np.broadcast_to(weekday, counts.shape).astype(float),
    }


def _calm(series: Series, colour: Floats, weekday: Floats) -> Floats:
    """Red and yellow turn blue on a day below the mean of the last week (at weekends: only if
    also below the mean of the last seven same weekdays)."""
    counts = series.counts
    week = np.full_like(counts, np.nan)
    same = np.full_like(counts, np.nan)
    windows = np.lib.stride_tricks.sliding_window_view
    if series.length >= 7:
        week[:, 6:] = windows(counts, 7, axis=1).mean(axis=-1)
    if series.length >= 43:
        same[:, 42:] = windows(counts, 43, axis=1)[..., ::7].mean(axis=-1)
    with np.errstate(invalid="ignore"):
        low = (counts < week) & np.where(weekday >= 5, counts < same, True)
    return np.where(low & (colour != BLUE), BLUE, colour)


def regression(
    series: Series, at: Ints, *, baseline: int, guard: int, red: float, yellow: float
) -> Detection:
    """Linear trend and weekday effects over the baseline, forecast to today, t test; then quiet
    days are turned blue. Days without date count from Monday. A baseline with a missing day, or not
    yet 11 days long, gives no answer (SHORT); ``baseline`` itself must be 11 or more. ``more``:
    colour, statistic, sigma, adjusted_r2 (NaN where the baseline is constant). Shape, errors,
    source: as the module says."""
    parts = _regression(series, baseline, guard)
    weekday = parts.pop("weekday")
    colour = _calm(series, _colours(parts["p"], red, yellow), weekday)
    return _coloured(series, at, parts, colour)


def switch(
    series: Series,
    at: Ints,
    *,
    baseline: int,
    guard: int,
    w1: float,
    w2: float,
    red: float,
    yellow: float,
    fit: float,
) -> Detection:
    """The regression where its adjusted R2 (a share, up to 1) is at least ``fit``, else the EWMA.

    ``more['regression']`` is 1 where the regression spoke. A missing day of the baseline silences
    the regression, so that the EWMA speaks. Shape, errors, source: as the module says.
    """
    line = _regression(series, baseline, guard)
    smooth = _ewma(series, baseline, guard, w1, w2)
    weekday = line.pop("weekday")
    with np.errstate(invalid="ignore"):
        chosen = line["adjusted_r2"] >= fit
    parts = {k: np.where(chosen, line[k], smooth[k]) for k in ("expected", "statistic", "p")}
    parts["regression"] = chosen.astype(np.float64)
    colour = np.where(
        chosen,
        _calm(series, _colours(line["p"], red, yellow), weekday),
        _colours(smooth["p"], red, yellow),
    )
    return _coloured(series, at, parts, colour)
