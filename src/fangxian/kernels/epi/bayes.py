"""Bayesian prediction: the count against the negative binomial that its references predict.

Shapes, NaN and errors as ``detector`` says: (series, time) in, (series, n) out, a missing count is
left out, no errors past those of ``detect``.
Source: Riebler 2004 / Hoehle, Comput Stat 22 (2007) 571: Poisson counts, Jeffreys' prior.
"""

import numpy as np
from numba import njit

from fangxian.kernels.common.threads import over_rows
from fangxian.kernels.epi.detector import Detection, Floats, Ints, Series, judge
from fangxian.kernels.epi.distributions import count_quantile, count_tail


@njit(cache=True, nogil=True, error_model="numpy")
def _references(first, last, counts, at, freq, b, w, recent, total, n):
    for k in range(first, last):
        for j in range(at.shape[0]):
            t = at[j]
            if t - b * freq - w < 0 or t - w < 0:
                continue
            n[k, j], total[k, j] = 0.0, 0.0
            if recent:
                for i in range(t - w, t):
                    if not np.isnan(counts[k, i]):
                        n[k, j] += 1
                        total[k, j] += counts[k, i]
            for year in range(1, b + 1):
                for i in range(t - year * freq - w, min(t - year * freq + w + 1, t)):
                    if not np.isnan(counts[k, i]):
                        n[k, j] += 1
                        total[k, j] += counts[k, i]


def bayes(series: Series, at: Ints, *, b: int, w: int, alpha: float, recent: bool) -> Detection:
    """Quantile 1 - alpha of a negative binomial with size sum + 1/2 and prob n/(n+1), over the w
    counts before (``recent``) and 2w + 1 counts of each of b years; alarm above it.

    ``expected`` and ``threshold`` are cases a period. SHORT where the oldest window begins before
    the grid or nothing was reported in any. Shape, NaN, source: as the module says.

    Raises:
        ValueError: an alpha outside 0 .. 1, both excluded.
    """
    counts = series.counts
    total, n = np.full((2, len(counts), len(at)), np.nan)
    over_rows(_references, len(counts), counts, at, series.freq, b, w, recent, total, n)
    n[n == 0] = np.nan
    mean, phi = (total + 0.5) / n, 1.0 + 1.0 / n
    threshold = _by_value(1 - alpha, total, n)
    observed = counts[:, at]
    with np.errstate(invalid="ignore"):
        alarm = observed > threshold
    return judge(
        series,
        at,
        expected=mean,
        threshold=threshold,
        alarm=alarm,
        p=_tail_by_value(observed, total, n, mean, phi),
    )


def _by_value(q: float, total: Floats, n: Floats) -> Floats:
    """Quantiles by distinct (sum, n): thousands of series share few of them."""
    keys = total + 1j * n
    distinct, where = np.unique(keys, return_inverse=True)
    found = count_quantile(q, (distinct.real + 0.5) / distinct.imag, 1 + 1 / distinct.imag)
    return np.asarray(found[where.reshape(total.shape)])


def _tail_by_value(observed: Floats, total: Floats, n: Floats, mean: Floats, phi: Floats) -> Floats:
    flat = np.stack([observed.ravel(), total.ravel(), n.ravel()])
    if flat.shape[1] < 10_000 or not np.isfinite(total).any():
        return count_tail(observed, mean, phi)
    big = 1 + np.nanmax(total)
    key = np.nan_to_num(flat[0], nan=-1.0) * big * 1000 + flat[1] * 1000 + flat[2]
    _, first, where = np.unique(key, return_index=True, return_inverse=True)
    found = count_tail(flat[0][first], mean.ravel()[first], phi.ravel()[first])
    return np.asarray(found[where].reshape(observed.shape))
