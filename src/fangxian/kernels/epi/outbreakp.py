"""OutbreakP: is the count rising? A likelihood ratio of a rising against a constant level.

Shapes and errors as ``detector`` says: (series, time) in, (series, n) out, in cases a period; no
errors past those of ``detect``.
Source: Frisen, Andersson, Schioeler, Stat Med 28 (2009) 3333. No baseline is needed.
"""

import numpy as np
from numba import njit

from fangxian.kernels.common.threads import over_rows
from fangxian.kernels.epi.detector import Detection, Ints, Reason, Series, judge


@njit(cache=True, nogil=True, error_model="numpy")
def _rising(first, last, counts, log_statistic, level):
    """Pool adjacent violators one count at a time; the sum over blocks is carried along, so a
    whole series costs its length."""
    length = counts.shape[1]
    total, size, part = np.empty(length), np.empty(length), np.empty(length)
    for k in range(first, last):
        blocks, all_, seen, sum_parts = 0, 0.0, 0, 0.0
        for t in range(length):
            y = counts[k, t]
            if np.isnan(y):
                continue
            seen += 1
            all_ += y
            s, n = y, 1.0
            while blocks > 0 and total[blocks - 1] * n >= s * size[blocks - 1]:
                blocks -= 1
                s += total[blocks]
                n += size[blocks]
                sum_parts -= part[blocks]
            total[blocks], size[blocks] = s, n
            part[blocks] = s * np.log(s / n) if s > 0 else 0.0
            sum_parts += part[blocks]
            blocks += 1
            constant = all_ * np.log(all_ / seen) if all_ > 0 else 0.0
            log_statistic[k, t] = 0.0 if blocks == 1 else max(sum_parts - constant, 0.0)
            level[k, t] = all_ / seen


def outbreak_p(series: Series, at: Ints, *, k: float) -> Detection:
    """Product over all counts so far of (isotonic mean / mean)^count, alarm above ``k`` > 1.

    Kept in logs (``more['log_statistic']``), so large counts do not overflow; ``score`` is its
    ratio to ln k. ``expected`` is the mean so far, cases. Missing counts are left out. Shape,
    errors, source: as the module says.
    """
    counts = series.counts
    log_statistic, level = np.full((2, *counts.shape), np.nan)
    over_rows(_rising, len(counts), counts, log_statistic, level)
    value = log_statistic[:, at]
    known = np.isfinite(value)
    return judge(
        series,
        at,
        expected=level[:, at],
        threshold=np.full_like(value, np.nan),
        score=value / np.log(k),
        alarm=known & (np.nan_to_num(value) > np.log(k)),
        reason=np.where(known, Reason.JUDGED, Reason.SHORT).astype(np.int8),
        more={"log_statistic": value},
    )
