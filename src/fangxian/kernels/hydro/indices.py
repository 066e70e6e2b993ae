"""Unit hydrograph, antecedent rain, drought and sudden turn (旱涝急转).

Sources: Nash 1957 (unit hydrograph); Kohler and Linsley 1951 (antecedent rain); McKee et al. 1993
(SPI); Vicente-Serrano et al., J Clim 23 (2010) 1696 (SPEI); Wu Zhiwei et al. 2006 (LDFAI).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]


def unit_hydrograph(net_rain: Floats, ordinates: Floats) -> Floats:
    """Flow of net rain (time,) through a unit hydrograph (lags,), per unit of rain; same length as
    the rain, the tail beyond it is cut.

    Raises:
        ValueError: NaN or infinite values, an empty array.

    Source: definition (discrete convolution).
    """
    rain, u = np.asarray(net_rain, np.float64), np.asarray(ordinates, np.float64)
    if not (np.isfinite(rain).all() and np.isfinite(u).all()):
        raise ValueError("rain and ordinates must be finite")
    return np.convolve(rain, u)[: len(rain)]


def nash_ordinates(n: float, k: float, steps: int) -> Floats:
    """Unit hydrograph (steps,) of n linear reservoirs with constant k (steps): shares >= 0 that sum
    to at most 1.

    Raises:
        ValueError: n or k not above 0, or NaN.

    Source: Nash 1957.
    """
    if not (n > 0 and k > 0):
        raise ValueError("n and k must be positive")
    s = special.gammainc(n, np.arange(steps + 1) / k)
    return np.asarray(np.diff(s))


def antecedent_rain(rain: Floats, *, decay: float, cap: float, start: float = 0.0) -> Floats:
    """Pa (days,) of each day before its rain (days,), mm: Pa_t+1 = decay (Pa_t + P_t), at most
    ``cap`` mm. A missing day decays without rain. Rain below 0, ``start`` and ``cap`` are not
    checked.

    Raises:
        ValueError: a decay outside 0 .. 1, or NaN.

    Source: Kohler and Linsley 1951.
    """
    if not 0 <= decay <= 1:
        raise ValueError("decay must lie within 0 .. 1")
    out, now = np.empty(len(rain)), min(start, cap)
    for t, p in enumerate(np.nan_to_num(np.asarray(rain, np.float64))):
        out[t] = now
        now = min(decay * (now + p), cap)
    return out


def _rolling(values: Floats, months: int) -> Floats:
    total = np.convolve(values, np.ones(months))[: len(values)]
    total[: months - 1] = np.nan
    return total


def spi(rain: Floats, months: int) -> Floats:
    """Standardised precipitation index (time,) of monthly rain (time,), mm >= 0: gamma by calendar
    month (Thom's estimate), zeros as a point mass.

    Dimensionless, -3.72 .. 3.72. NaN for the first ``months`` - 1, where a month of the window is
    missing, and where a calendar month has fewer than ten years, fewer than five with rain, or no
    two different.

    Raises:
        ValueError: an empty series, or months below 1 (numpy's).

    Source: McKee 1993.
    """
    total = _rolling(np.asarray(rain, np.float64), months)
    out = np.full(len(total), np.nan)
    for month in range(12):
        x = total[month::12]
        known = np.isfinite(x)
        positive = x[known & (x > 0)]
        if known.sum() < 10 or len(positive) < 5 or np.ptp(positive) == 0:
            continue
        a = np.log(positive.mean()) - np.log(positive).mean()
        shape = (1 + np.sqrt(1 + 4 * a / 3)) / (4 * a)
        dry = 1 - len(positive) / known.sum()
        p = dry + (1 - dry) * special.gammainc(shape, np.maximum(x, 0) * shape / positive.mean())
        out[month::12] = np.where(known, special.ndtri(np.clip(p, 1e-4, 1 - 1e-4)), np.nan)
    return out


def spei(rain: Floats, evaporation: Floats, months: int) -> Floats:
    """Standardised rain minus potential evaporation, both monthly (time,), mm: log-logistic by
    calendar month from probability-weighted moments.

    Dimensionless, -3.72 .. 3.72. NaN for the first ``months`` - 1, where a month of the window is
    missing, and where a calendar month has fewer than ten years or no two different.

    Raises:
        ValueError: different lengths, no month, or months below 1 (numpy's).

    Source: Vicente-Serrano 2010, with unbiased moments.
    """
    balance = np.asarray(rain, np.float64) - np.asarray(evaporation, np.float64)
    total = _rolling(balance, months)
    out = np.full(len(total), np.nan)
    for month in range(12):
        x = total[month::12]
        known = np.isfinite(x)
        n = int(known.sum())
        if n < 10 or np.ptp(x[known]) == 0:
            continue
        y, i = np.sort(x[known]), np.arange(1, n + 1)
        above = (n - i) / (n - 1)  # unbiased, so that a constant added to all changes nothing
        w = [float((share * y).mean()) for share in (1, above, above * (n - i - 1) / (n - 2))]
        beta = (2 * w[1] - w[0]) / (6 * w[1] - w[0] - 6 * w[2])
        g = special.gamma(1 + 1 / beta) * special.gamma(1 - 1 / beta)
        alpha = (w[0] - 2 * w[1]) * beta / g
        origin = w[0] - alpha * g
        with np.errstate(invalid="ignore", divide="ignore"):
            p = 1 / (1 + (alpha / (x - origin)) ** beta)
        p = np.where(x <= origin, 0.0, p) if alpha > 0 else np.where(x >= origin, 1.0, p)
        out[month::12] = np.where(known, special.ndtri(np.clip(p, 1e-4, 1 - 1e-4)), np.nan)
    return out


def sudden_turn(early: Floats, late: Floats) -> Floats:
    """Long-cycle drought-flood abrupt alternation index (LDFAI) of standardised rain of two seasons
    by year, (years,) each: (late - early)(|early| + |late|) 1.8^-|early + late|. Above 0: from
    drought to flood; below 0: from flood to drought. Dimensionless; NaN gives NaN. No errors of its
    own. Source: Wu Zhiwei 2006."""
    e, s = np.asarray(early, np.float64), np.asarray(late, np.float64)
    return np.asarray((s - e) * (np.abs(e) + np.abs(s)) * 1.8 ** -np.abs(e + s))
