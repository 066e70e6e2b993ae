"""Reproduction number: Cori's with a known, a parametric or an uncertain serial interval, and the
cohort number of Wallinga and Teunis.

R is dimensionless. ``incidence`` is cases a period, (places, time) or (time,), finite and >= 0;
``interval`` the weights of lags 0.. (lags,), 0 at lag 0 and otherwise >= 0, usually of sum 1.
NaN in either is refused. A bad incidence or interval raises ValueError.
Sources: Cori et al., Am J Epidemiol 178 (2013) 1505; Wallinga and Teunis, Am J Epidemiol 160
(2004) 509.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy import special

from fangxian.kernels.common.threads import over_rows
from fangxian.kernels.epi.detector import Floats, Ints

QUANTILES = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)


@dataclass(frozen=True)
class Reproduction:
    """R by place and window, dimensionless; NaN where a window ends before one mean serial
    interval. It checks nothing and raises no errors. Source: Cori 2013.

    Attributes:
        start, end: (windows,), periods counted from 0, both included.
        mean, sd: (places, windows), of the posterior.
        quantiles: (places, windows, len(QUANTILES)).
    """

    start: Ints
    end: Ints
    mean: Floats
    sd: Floats
    quantiles: Floats


def windows(length: int, width: int) -> tuple[Ints, Ints]:
    """All windows of ``width`` periods, starts and ends (windows,), both included; the first starts
    at the second period, as Cori's must. None where the series is too short. No value, missing or
    not, is looked at.

    Raises:
        ValueError: a width below one period.

    Source: Cori 2013.
    """
    if width < 1:
        raise ValueError("a window has at least one period")
    start = np.arange(1, max(length - width + 1, 1))
    return start, start + width - 1


def parametric_interval(mean: float, sd: float, longest: int) -> Floats:
    """Discretised serial interval: a gamma shifted by one period, weights of lags 0..longest
    (longest + 1,), >= 0, of sum 1 but for what lies beyond. ``mean`` and ``sd`` in periods.

    Raises:
        ValueError: a mean of one period or less, an sd that is not positive, NaN.

    Source: Cori 2013, web appendix; EpiEstim, discr_si.
    """
    if not (mean > 1 and sd > 0 and np.isfinite([mean, sd]).all()):
        raise ValueError("the serial interval needs a mean above 1 and a positive sd")
    a, b = ((mean - 1) / sd) ** 2, sd * sd / (mean - 1)
    k = np.arange(longest + 1, dtype=np.float64)

    def cdf(x: Floats, shape: float) -> Floats:
        return np.asarray(special.gammainc(shape, np.maximum(x, 0.0) / b))

    w = k * cdf(k, a) + (k - 2) * cdf(k - 2, a) - 2 * (k - 1) * cdf(k - 1, a)
    w += a * b * (2 * cdf(k - 1, a + 1) - cdf(k - 2, a + 1) - cdf(k, a + 1))
    return np.maximum(w, 0.0)


def _checked(incidence: Floats, interval: Floats) -> tuple[Floats, Floats]:
    cases = np.atleast_2d(np.asarray(incidence, np.float64))
    w = np.asarray(interval, np.float64)
    if not np.isfinite(cases).all() or (cases < 0).any():
        raise ValueError("incidence must be finite and >= 0 (nowcast or fill what is missing)")
    if w.ndim != 1 or not np.isfinite(w).all() or (w < 0).any() or (w.size and w[0] != 0):
        raise ValueError("the serial interval must be >= 0 and 0 at lag 0")
    if w.size < 2 or w.sum() <= 0:
        raise ValueError("the serial interval has no weight")
    return cases, w


@njit(cache=True, nogil=True, error_model="numpy")
def _pressures(first, last, cases, w, out):
    lags = w.shape[0]
    for k in range(first, last):
        for t in range(cases.shape[1]):
            total = 0.0
            for lag in range(1, min(lags, t + 1)):
                total += w[lag] * cases[k, t - lag]
            out[k, t] = total


def infection_pressure(incidence: Floats, interval: Floats) -> Floats:
    """Lambda_t = sum over lags k >= 1 of w_k I_(t-k), in cases; shape of ``incidence`` (places,
    time).

    Unit, NaN: as the module says.

    Raises:
        ValueError: bad incidence or interval.

    Source: Cori 2013, total infectiousness.
    """
    cases, w = _checked(incidence, interval)
    out = np.zeros_like(cases)
    over_rows(_pressures, len(cases), np.ascontiguousarray(cases), w, out)
    return out


def _over(values: Floats, start: Ints, end: Ints) -> Floats:
    total = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, out=total[:, 1:])
    return np.asarray(total[:, end + 1] - total[:, start])


def cori(
    incidence: Floats,
    interval: Floats,
    start: Ints,
    end: Ints,
    *,
    prior_mean: float = 5.0,
    prior_sd: float = 5.0,
    local: Floats | None = None,
) -> Reproduction:
    """Posterior of R in each window: Gamma(a + sum I, 1/(1/b + sum Lambda)).

    Args:
        incidence: all cases (places, time), finite and >= 0; they infect others.
        interval: weights of lags 0.., lag 0 is 0.
        local: cases infected here (places, time), not checked: NaN gives NaN from there on, and
            below 0 is nonsense; None takes all cases.
        start, end: arrays of windows, counted from 0, 1 <= start <= end.
        prior_mean, prior_sd: of the gamma prior (shape 1, scale 5 by default).

    Quantiles by distinct shape: whole counts share few shapes, so thousands of places cost as
    much as hundreds of distinct sums. Where nothing could infect (Lambda 0) the prior comes back.
    NaN in windows that end before one mean serial interval has passed.

    Raises:
        ValueError: windows outside the series, or bad incidence, interval, prior.

    Source: Cori 2013; EpiEstim, estimate_R.
    """
    cases, w = _checked(incidence, interval)
    _check_windows(start, end, cases.shape[1])
    if not (prior_mean > 0 and prior_sd > 0):
        raise ValueError("the prior needs a positive mean and sd")
    a, b = (prior_mean / prior_sd) ** 2, prior_sd**2 / prior_mean
    infected = cases if local is None else np.atleast_2d(np.asarray(local, np.float64))
    shape = a + _over(infected, start, end)
    scale = 1.0 / (1.0 / b + _over(infection_pressure(cases, w), start, end))
    scale[:, _too_early(w, end)] = np.nan
    distinct, where = np.unique(shape, return_inverse=True)
    table = np.stack([special.gammaincinv(distinct, q) for q in QUANTILES], axis=-1)
    quantiles = table[where.reshape(shape.shape)] * scale[..., None]
    return Reproduction(start, end, shape * scale, np.sqrt(shape) * scale, quantiles)


def _too_early(w: Floats, end: Ints) -> "np.ndarray":
    """Windows that end before one mean serial interval: nobody's cases have had time to come."""
    mean = float((np.arange(len(w)) * w).sum() / w.sum())
    return np.asarray(end + 1 < mean)


def _check_windows(start: Ints, end: Ints, length: int) -> None:
    if len(start) and (start.min() < 1 or (end < start).any() or end.max() >= length):
        raise ValueError(f"windows must lie within periods 1 .. {length - 1} (from 0)")


@dataclass(frozen=True)
class Uncertain:
    """Truncated normals of the serial interval's mean and sd: scalars, all in periods. Nothing is
    checked here and no errors are raised: ``cori_uncertain`` does, and refuses NaN. Source: Cori
    2013.

    Attributes:
        mean, mean_sd: of the mean; mean_sd > 0.
        mean_low, mean_high: its bounds, 1 < low < high.
        sd, sd_sd: of the sd; sd_sd > 0.
        sd_low, sd_high: its bounds, 0 < low < high.
    """

    mean: float
    mean_sd: float
    mean_low: float
    mean_high: float
    sd: float
    sd_sd: float
    sd_low: float
    sd_high: float


def _truncated(rng: np.random.Generator, m: float, s: float, low: float, high: float) -> float:
    a, b = special.ndtr((low - m) / s), special.ndtr((high - m) / s)
    return float(m + s * special.ndtri(a + (b - a) * rng.random()))


def cori_uncertain(
    incidence: Floats,
    spread: Uncertain,
    start: Ints,
    end: Ints,
    *,
    seed: int,
    intervals: int = 100,
    samples: int = 100,
    prior_mean: float = 5.0,
    prior_sd: float = 5.0,
) -> Reproduction:
    """R with ``intervals`` serial intervals drawn from ``spread`` and ``samples`` posterior draws
    of each; the summary is over all draws. Pairs with a mean below their sd are drawn again, as a
    gamma with its mode at zero is no serial interval. Same seed, same result.

    Incidence (places, time) and windows as in ``cori``; NaN there where no draw's interval has
    passed. The prior and the sds of ``spread`` must be above 0, and are not checked. Unit: as the
    module says.

    Raises:
        ValueError: bounds that leave no room, no draw with a mean above its sd, see ``cori``.
        ZeroDivisionError: a prior or an sd of 0.

    Source: Cori 2013; EpiEstim, uncertain_si.
    """
    if not (1 < spread.mean_low < spread.mean_high and 0 < spread.sd_low < spread.sd_high):
        raise ValueError("the bounds of the serial interval leave no room (mean above 1)")
    cases = np.atleast_2d(np.asarray(incidence, np.float64))
    _check_windows(start, end, cases.shape[1])
    rng = np.random.default_rng(seed)
    a, b = (prior_mean / prior_sd) ** 2, prior_sd**2 / prior_mean
    draws = np.empty((intervals, samples, len(cases), len(start)))
    shape = a + _over(cases, start, end)
    for j in range(intervals):
        for _ in range(1000):
            m = _truncated(rng, spread.mean, spread.mean_sd, spread.mean_low, spread.mean_high)
            s = _truncated(rng, spread.sd, spread.sd_sd, spread.sd_low, spread.sd_high)
            if m >= s:
                break
        else:
            raise ValueError("no draw has a mean above its sd")
        w = parametric_interval(m, s, cases.shape[1])
        scale = 1.0 / (1.0 / b + _over(infection_pressure(cases, w), start, end))
        scale[:, _too_early(w, end)] = np.nan
        draws[j] = rng.standard_gamma(shape, (samples, *shape.shape)) * scale
    flat = draws.reshape(-1, len(cases), len(start))
    mean, sd = np.full((2, *shape.shape), np.nan)
    quantiles = np.full((*shape.shape, len(QUANTILES)), np.nan)
    known = np.isfinite(flat).any(axis=(0, 1))
    mean[:, known] = np.nanmean(flat[:, :, known], axis=0)
    sd[:, known] = np.nanstd(flat[:, :, known], axis=0, ddof=1)
    quantiles[:, known] = np.moveaxis(np.nanquantile(flat[:, :, known], QUANTILES, axis=0), 0, -1)
    return Reproduction(start, end, mean, sd, quantiles)


@njit(cache=True, nogil=True, error_model="numpy")
def _cohorts(first, last, cases, pressure, w, out):
    length, lags = cases.shape[1], w.shape[0]
    for k in range(first, last):
        for j in range(length):
            total = 0.0
            for lag in range(1, min(lags, length - j)):
                if pressure[k, j + lag] > 0:
                    total += cases[k, j + lag] * w[lag] / pressure[k, j + lag]
            out[k, j] = total


def wallinga_teunis(incidence: Floats, interval: Floats) -> Floats:
    """Expected secondary cases of a case of each period (places, time). Recent periods are biased
    low: their secondary cases are still to come. NaN: as the module says.

    Raises:
        ValueError: bad incidence or interval.

    Source: Wallinga and Teunis 2004.
    """
    cases, w = _checked(incidence, interval)
    out = np.zeros_like(cases)
    pressure = infection_pressure(cases, w)
    over_rows(_cohorts, len(cases), np.ascontiguousarray(cases), pressure, w, out)
    return out


def cohort_windows(incidence: Floats, cohort: Floats, start: Ints, end: Ints) -> Floats:
    """Case-weighted mean of a cohort number (places, time) over windows, dimensionless (places,
    windows); NaN where a window has no case.

    ``incidence`` (places, time) is not checked here: NaN in it or in ``cohort`` gives NaN in its
    window and all later ones.

    Raises:
        ValueError: windows outside the series.

    Source: definition; EpiEstim, wallinga_teunis.
    """
    cases = np.atleast_2d(np.asarray(incidence, np.float64))
    _check_windows(start, end, cases.shape[1])
    weight = _over(cases, start, end)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(weight > 0, _over(cases * cohort, start, end) / weight, np.nan))
