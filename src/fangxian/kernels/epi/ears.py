"""EARS C1, C2, C3: today against the mean of one recent week. For short histories.

Shapes, NaN and errors as ``detector`` says: (series, time) in, (series, n) out, in cases a period;
missing periods of the baseline are left out and fewer than ``least`` give SHORT; no errors past
those of ``detect``.
Source: Hutwagner et al., J Urban Health 80 (2003) i89; R's C3 as of surveillance 1.20.3.
"""

import numpy as np
from numba import njit
from scipy import special

from fangxian.kernels.common.threads import over_rows
from fangxian.kernels.epi.detector import Detection, Floats, Ints, Series, judge


@njit(cache=True, nogil=True, error_model="numpy")
def _baselines(first, last, counts, baseline, gap, least, least_sd, mean, sd):
    """Mean and sample sd of ``baseline`` periods that end ``gap`` before each period."""
    for k in range(first, last):
        for t in range(counts.shape[1]):
            low = t - gap - baseline
            if low < 0:
                continue
            n, total = 0, 0.0
            for i in range(low, t - gap):
                if not np.isnan(counts[k, i]):
                    n += 1
                    total += counts[k, i]
            if n < least or n < 2:
                continue
            centre, square = total / n, 0.0
            for i in range(low, t - gap):
                if not np.isnan(counts[k, i]):
                    square += (counts[k, i] - centre) ** 2
            mean[k, t] = centre
            sd[k, t] = max(np.sqrt(square / (n - 1)), least_sd)


def _week(
    series: Series, baseline: int, gap: int, least: int, least_sd: float
) -> tuple[Floats, Floats]:
    mean, sd = np.full((2, *series.counts.shape), np.nan)
    over_rows(
        _baselines,
        len(series.counts),
        series.counts,
        baseline,
        gap,
        min(least, baseline),
        least_sd,
        mean,
        sd,
    )
    return mean, sd


def ears_c1_c2(
    series: Series, at: Ints, *, gap: int, baseline: int, z: float, least: int, least_sd: float
) -> Detection:
    """Threshold mean + z sd of the ``baseline`` periods before; C1 has gap 0, C2 gap 2.

    ``least``: periods of the baseline that must have been reported, two at the least. ``least_sd``:
    floor of the sd, cases; at 0 a constant baseline has a threshold at its mean. Shape, NaN,
    errors, source: as the module says.
    """
    mean, sd = (a[:, at] for a in _week(series, baseline, gap, least, least_sd))
    with np.errstate(invalid="ignore", divide="ignore"):
        score = (series.counts[:, at] - mean) / sd
    return judge(
        series,
        at,
        expected=mean,
        threshold=mean + z * sd,
        p=np.asarray(special.ndtr(-score)),
        more={"sd": sd, "statistic": score},
    )


def _excess(series: Series, mean: Floats, sd: Floats, unknown: float) -> tuple[Floats, Floats]:
    """C2 statistics and the sum of what the two days before have above 1, with
    ``unknown`` for a day that has no statistic."""
    with np.errstate(invalid="ignore", divide="ignore"):
        c2 = (series.counts - mean) / sd
        above = np.maximum(0.0, c2 - 1.0)
    above = np.where(np.isnan(above), unknown, above)
    before = np.full_like(above, np.nan)
    before[:, 2:] = above[:, 1:-1] + above[:, :-2]
    return c2, before


def ears_c3(
    series: Series, at: Ints, *, baseline: int, z: float, least: int, least_sd: float
) -> Detection:
    """C3 as CDC describes it: today's C2 plus what the two days before had above 1, against z.

    The threshold, cases, never falls below the mean: past excess alone raises nothing. A missing
    day before has no excess. Shape, errors, source: as the module says.
    """
    mean, sd = _week(series, baseline, 2, least, least_sd)
    c2, before = _excess(series, mean, sd, 0.0)
    before = np.nan_to_num(before, posinf=z)
    threshold = mean + np.maximum(z - before, 0.0) * sd
    return judge(
        series,
        at,
        expected=mean[:, at],
        threshold=threshold[:, at],
        more={"sd": sd[:, at], "statistic": (c2 + before)[:, at]},
    )


def ears_c3_r(
    series: Series, at: Ints, *, baseline: int, z: float, least: int, least_sd: float
) -> Detection:
    """C3 as in R surveillance: max(0, y_t + sd_t (z - excess)), cases. For parity only: the alarm
    depends on the two days before, not on today's count. 0/0 or a missing day before gives NaN and
    no alarm. Shape, errors: as the module says. Source: R surveillance 1.20.3, earsC."""
    mean, sd = _week(series, baseline, 2, least, least_sd)
    _, before = _excess(series, mean, sd, np.nan)
    with np.errstate(invalid="ignore"):
        threshold = np.maximum(0.0, series.counts + sd * (z - before))
    return judge(series, at, expected=mean[:, at], threshold=threshold[:, at])
