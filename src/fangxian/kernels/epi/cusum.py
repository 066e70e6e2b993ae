"""CUSUM of Poisson counts, standard and Rossi's transformation.

Shapes as ``detector`` says: (series, time) in, (series, n) out, in cases a period.
Source: Rossi, Lampugnani, Marchi, Stat Med 18 (1999) 2111. No reset after an alarm.
"""

import numpy as np
from numba import njit

from fangxian.kernels.common.threads import over_rows
from fangxian.kernels.epi.detector import Detection, Ints, Series, judge


@njit(cache=True, nogil=True, error_model="numpy")
def _sums(first, last, counts, start, k, h, rossi, given, mean, before, after, threshold):
    for row in range(first, last):
        m = given
        if np.isnan(given):
            n, total = 0, 0.0
            for t in range(start):
                if not np.isnan(counts[row, t]):
                    n += 1
                    total += counts[row, t]
            m = total / n if n > 0 else np.nan
        mean[row] = m
        root = np.sqrt(m)
        s = 0.0
        for t in range(start, counts.shape[1]):
            before[row, t] = s
            if rossi:
                q = 4.0 * m + 2.0 * root * (h + k - s)
                threshold[row, t] = (np.sqrt(q) - root) ** 2 if q >= 0 else 0.0
            else:
                threshold[row, t] = max(0.0, np.ceil(m + root * (h + k - s)))
            y = counts[row, t]
            if not np.isnan(y):
                if m == 0.0:
                    x = 0.0 if y == 0 else np.inf
                elif rossi:
                    x = (y - 3.0 * m + 2.0 * np.sqrt(y * m)) / (2.0 * root)
                else:
                    x = (y - m) / root
                s = max(0.0, s + x - k)
            after[row, t] = s


def cusum(
    series: Series, at: Ints, *, k: float, h: float, transformation: str, mean: float | None
) -> Detection:
    """S_t = max(0, S_(t-1) + x_t - k) from the first judged period on, alarm when S_t >= h.

    ``k`` and ``h`` in standard deviations. ``mean``: the in-control mean, cases >= 0 (a negative
    one gives no alarm); None takes the mean of all counts before the first judged period, SHORT
    where there are none. ``transformation``: standard or rossi. A missing count leaves the sum as
    it is. Shape, source: as the module says.

    Raises:
        ValueError: an unknown transformation.
    """
    if transformation not in ("standard", "rossi"):
        raise ValueError(f"transformation is standard or rossi, not {transformation!r}")
    counts = series.counts
    start = int(at.min()) if at.size else 0
    means = np.full(len(counts), np.nan)
    before, after, threshold = np.full((3, *counts.shape), np.nan)
    over_rows(
        _sums,
        len(counts),
        counts,
        start,
        k,
        h,
        transformation == "rossi",
        np.nan if mean is None else mean,
        means,
        before,
        after,
        threshold,
    )
    expected = np.repeat(means[:, None], len(at), axis=1)
    bound = np.where(np.isnan(expected), np.nan, threshold[:, at])
    return judge(
        series,
        at,
        expected=expected,
        threshold=bound,
        score=after[:, at] / h if h else None,
        alarm=(after[:, at] >= h) & np.isfinite(expected),
        more={"statistic": after[:, at]},
    )
