"""CIDARS, China's automated alert system: fixed thresholds and the moving percentile.

Shapes as ``detector`` says: (series, time) in, (series, n) out, in cases.
Sources: Yang et al., pubmed 21569720; BMC Public Health 17 (2017) 4488 for the blocks. The rule of
interpolation is not published, so it is a parameter.
"""

import numpy as np
from numba import njit

from fangxian.kernels.common.threads import over_rows
from fangxian.kernels.epi.detector import Detection, Floats, Ints, Reason, Series, judge

# Where between sorted values a percentile lies: h = (n + c) q + d, counted from 0.
INTERPOLATIONS = {
    "linear": (-1.0, 0.0),
    "hazen": (0.0, -0.5),
    "weibull": (1.0, -1.0),
    "lower": (-1.0, 0.0),
    "higher": (-1.0, 0.0),
}


def _year_shifts(series: Series, at: Ints, years: int) -> Ints:
    """Periods between each index and the same date 1..years before, shape (at, years)."""
    if series.dates is None or series.freq != 365:
        fixed = np.arange(1, years + 1) * series.freq
        return np.broadcast_to(fixed, (len(at), years)).copy()
    dates = series.dates[at]
    months = dates.astype("datetime64[M]")
    day = dates - months.astype("datetime64[D]")
    shifts = [
        (dates - ((months - 12 * i).astype("datetime64[D]") + day)).astype(np.int64)
        for i in range(1, years + 1)
    ]
    return np.stack(shifts, axis=1)


@njit(cache=True, nogil=True, error_model="numpy")
def _percentiles(
    first, last, sums, at, shifts, block, wide, q, c, d, round_, share, threshold, middle
):
    years = shifts.shape[1]
    most = years * (2 * wide + 1)
    values = np.empty(most)
    for k in range(first, last):
        for j in range(at.shape[0]):
            n = 0
            for year in range(years):
                for step in range(-wide, wide + 1):
                    i = at[j] - shifts[j, year] + step * block
                    if 0 <= i < at[j] and not np.isnan(sums[k, i]):
                        v = sums[k, i]
                        m = n
                        while m > 0 and values[m - 1] > v:
                            values[m] = values[m - 1]
                            m -= 1
                        values[m] = v
                        n += 1
            if n < share * most or n == 0:
                continue
            h = min(max((n + c) * q + d, 0.0), n - 1.0)
            low = int(np.floor(h + 1e-9))
            if round_ == 1:
                h = low
            elif round_ == 2:
                h = np.ceil(h - 1e-9)
                low = int(h)
            high = min(low + 1, n - 1)
            threshold[k, j] = values[low] + (h - low) * (values[high] - values[low])
            middle[k, j] = 0.5 * (values[(n - 1) // 2] + values[n // 2])


def window_sums(counts: Floats, block: int) -> Floats:
    """Sums of counts (series, time) over the last ``block`` periods, same shape, in cases.

    NaN where one of the periods is missing or before the grid.

    Raises:
        ValueError: a block below 1 (numpy's).

    Source: definition.
    """
    sums = np.full_like(counts, np.nan)
    if counts.shape[1] >= block:
        windows = np.lib.stride_tricks.sliding_window_view(counts, block, axis=1)
        sums[:, block - 1 :] = windows.sum(axis=-1)
    return sums


def moving_percentile(
    series: Series,
    at: Ints,
    *,
    percentile: float,
    years: int,
    neighbours: int,
    block: int | None,
    interpolation: str,
    share: float,
    least: float,
) -> Detection:
    """The sum of the last ``block`` periods against a percentile of the same and neighbouring
    blocks of past years; alarm at or above it and at ``least`` cases or more.

    ``block`` None: 7 for daily series, 1 for others. ``percentile`` in %, beyond 0..100 as at the
    end. ``share``: part of the blocks that must have been reported whole; a block with a missing
    period is left out, and today's gives SHORT. ``observed`` stays the count of the period;
    ``more['sum']`` is what is compared, ``expected`` the median of the blocks. Shape, source: as
    the module says.

    Raises:
        ValueError: an unknown interpolation.
    """
    if interpolation not in INTERPOLATIONS:
        raise ValueError(f"interpolation is one of {', '.join(INTERPOLATIONS)}")
    block = (7 if series.freq == 365 else 1) if block is None else block
    sums = window_sums(series.counts, block)
    shifts = _year_shifts(series, at, years)
    threshold, middle = np.full((2, len(sums), len(at)), np.nan)
    c, d = INTERPOLATIONS[interpolation]
    round_ = {"lower": 1, "higher": 2}.get(interpolation, 0)
    over_rows(
        _percentiles,
        len(sums),
        sums,
        at,
        shifts,
        block,
        neighbours,
        percentile / 100,
        c,
        d,
        round_,
        share,
        threshold,
        middle,
    )
    now = sums[:, at]
    bound = np.maximum(threshold, least)
    with np.errstate(invalid="ignore", divide="ignore"):
        score = (now - middle) / (bound - middle)
        alarm = now >= bound
    return judge(
        series,
        at,
        expected=middle,
        threshold=bound,
        score=score,
        alarm=alarm,
        reason=np.where(
            np.isfinite(threshold) & np.isfinite(now), Reason.JUDGED, Reason.SHORT
        ).astype(np.int8),
        more={"sum": now, "percentile": threshold},
    )


def fixed_threshold(
    series: Series, at: Ints, *, cases: float, window: int, quiet: int
) -> Detection:
    """``cases`` or more in the last ``window`` periods, of which today has at least one: with
    cases 1 the single-case rule, with 2 the rule of two linked cases (give linked cases in).

    ``quiet``: the rule speaks only if the ``quiet`` periods before the window were all reported and
    all zero (0: always). Missing periods in the window add nothing: what is reported is enough to
    alarm. ``score`` is cases over ``cases``, which must be above 0; no errors past those of
    ``detect``. Shape, source: as the module says.
    """
    known = np.nan_to_num(series.counts)
    total = np.cumsum(known, axis=1)
    before = np.pad(total, ((0, 0), (window, 0)))[:, : series.length]
    sums = total - before
    alarm = (sums >= cases) & (known > 0)
    if quiet:
        zero = np.cumsum(series.counts == 0, axis=1)
        shift = np.pad(zero, ((0, 0), (window, 0)))[:, : series.length]
        older = np.pad(zero, ((0, 0), (window + quiet, 0)))[:, : series.length]
        alarm &= (shift - older) == quiet
    now = sums[:, at]
    return judge(
        series,
        at,
        expected=np.zeros_like(now),
        threshold=np.full_like(now, cases),
        score=now / cases,
        alarm=alarm[:, at],
        more={"sum": now},
    )
