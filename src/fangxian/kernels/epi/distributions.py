"""Counts and their tails: negative binomial and Poisson quantiles that always end.

Arguments are arrays (n,) or scalars that broadcast, or numpy's ValueError: counts x, mean >= 0 in
cases, phi = variance/mean, dimensionless, of which anything up to 1 is Poisson.
"""

import numpy as np
from scipy import special

from fangxian.kernels.epi.detector import Floats

# Beyond this a count has no meaning; R's own answer for such a mean is NA.
ABSURD = 1e9


def count_cdf(x: Floats, mean: Floats, phi: Floats) -> Floats:
    """P(Y <= x), 0..1, for a negative binomial with this mean and variance phi*mean; Poisson at phi
    = 1.

    x < 0 gives 0, mean 0 gives 1; NaN, or a negative mean, gives NaN. No errors of its own. Shape,
    unit: as the module says. Source: definition, by the regularised incomplete beta and gamma.
    """
    x, mean, phi = np.broadcast_arrays(*(np.asarray(a, np.float64) for a in (x, mean, phi)))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        wide = phi > 1.0
        size = np.where(wide, mean / (phi - 1.0), 1.0)
        nb = special.betainc(np.maximum(size, 1e-300), np.floor(x) + 1.0, 1.0 / phi)
        poisson = special.gammaincc(np.floor(x) + 1.0, mean)
    found = np.where(wide, nb, poisson)
    found = np.where(mean == 0, 1.0, found)
    found = np.where(x < 0, 0.0, found)
    return np.where(np.isnan(x) | np.isnan(mean) | np.isnan(phi), np.nan, found)


def count_tail(x: Floats, mean: Floats, phi: Floats) -> Floats:
    """P(Y >= x), 0..1, accurate for small tails.

    x <= 0 gives 1, mean 0 gives 0 above it; NaN, or a negative mean, gives NaN. No errors of its
    own. Shape, unit: as the module says. Source: definition, as of ``count_cdf``.
    """
    x, mean, phi = np.broadcast_arrays(*(np.asarray(a, np.float64) for a in (x, mean, phi)))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        wide = phi > 1.0
        size = np.where(wide, mean / (phi - 1.0), 1.0)
        low = np.maximum(np.ceil(x), 1.0)
        nb = special.betaincc(np.maximum(size, 1e-300), low, 1.0 / phi)
        poisson = special.gammainc(low, mean)
    found = np.where(wide, nb, poisson)
    found = np.where(mean == 0, 0.0, found)
    found = np.where(x <= 0, 1.0, found)
    return np.where(np.isnan(x) | np.isnan(mean) | np.isnan(phi), np.nan, found)


def count_quantile(q: float, mean: Floats, phi: Floats) -> Floats:
    """The smallest whole x with P(Y <= x) >= q; NaN where the mean is negative or the mean or phi
    is NaN or from ``ABSURD`` on.

    Bisection between bounds from Chebyshev's inequality: at most 64 rounds whatever the input.
    Like R's, the comparison allows 64 units in the last place. Shape, unit: as the module says.

    Raises:
        ValueError: a q outside 0 .. 1, both excluded.

    Source: definition.
    """
    mean, phi = np.broadcast_arrays(np.asarray(mean, np.float64), np.asarray(phi, np.float64))
    if not 0 < q < 1:
        raise ValueError("a quantile needs 0 < q < 1")
    sane = np.isfinite(mean) & np.isfinite(phi) & (mean >= 0) & (mean < ABSURD) & (phi < ABSURD)
    out = np.full(mean.shape, np.nan)
    m, f = mean[sane], np.maximum(phi[sane], 1.0)
    sd = np.sqrt(m * f)
    target = q * (1 - 64 * np.finfo(float).eps)
    high = np.ceil(m + sd * np.sqrt(1 / (1 - q))) + 1
    low = np.maximum(np.floor(m - sd * np.sqrt(1 / q)) - 1, -1.0)  # cdf(low) < q
    # Tighten round the normal approximation first: most bounds then differ by a few counts.
    guess = np.maximum(np.floor(m + sd * special.ndtri(q) + (f - 1) * 0.5), 0)
    step = np.maximum(np.ceil(0.25 * sd), 1)
    for reach in (-step, step):
        edge = np.clip(guess + reach, low, high)
        below = count_cdf(edge, m, f) < target
        low = np.where(below, np.maximum(low, edge), low)
        high = np.where(below, high, np.minimum(high, np.maximum(edge, low + 1)))
    for _ in range(64):
        open_ = high - low > 1
        if not open_.any():
            break
        middle = np.floor((low[open_] + high[open_]) / 2)
        below = count_cdf(middle, m[open_], f[open_]) < target
        low[open_] = np.where(below, middle, low[open_])
        high[open_] = np.where(below, high[open_], middle)
    out[sane] = high
    return out
