"""How rarely chance alone brings a count, over all series of a city at once.

Each detector by itself errs once in some hundred days, and a city has hundreds of series: most
days would be red. Here each newest count is judged against what all series together teach: the
weekday and the trend are those of all reporters of a syndrome, and the spread is never below what
is usual among them. Counts in cases a day. Source: ours, docs/methods/rarity.md; the tail is that
of ``distributions``, negative binomial.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fangxian.kernels.epi.detector import Floats, Ints
from fangxian.kernels.epi.distributions import count_tail

WEEK = 7
PRIOR = 7.0  # cases by which a weekday of few cases is drawn to the others
HALF = 0.5  # a case by which a series that never had one may have one
ROUND = 1e-6  # cases: a share of a sum is a product, and no case more for its last digit
ODD = 6.0  # standard deviations above its median by which a past count is taken for no more
OPEN = 0.25  # of the days; who has cases on so many has closed days and no zeros
YOUNG = 2  # days before the last one at which the past of a new series ends
MOST = 0.9  # of the reporters, whose spread is taken as it is
GROWTH = 0.015  # a day: a rise that is faster is no season

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """What the reporters of a syndrome teach of each of its series; never NaN. It checks nothing
    and raises no errors. Source: as the module says.

    Attributes:
        shape: (groups, days), how many times its mean a series counts, by weekday and trend.
        spread: (groups,), the usual variance over mean, >= 1.
    """

    shape: Floats
    spread: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Rarity:
    """How rarely chance brings what each series has; NaN (window 0) where it was not judged. It
    checks nothing and raises no errors. Source: as the module says.

    Attributes:
        p: (series,), that chance brings as many, corrected for the windows tried.
        expected, observed: (series,), cases in the window that is rarest.
        window: (series,), its length, days.
        phi: (series,), variance over mean.
    """

    p: Floats
    expected: Floats
    observed: Floats
    window: Ints
    phi: Floats


def usual(
    counts: Floats, group: Ints, reporter: Bools, *, weight: Floats | None = None, gap: int = 7
) -> Usual:
    """What all series together teach, from ``counts``, shape (series, days), cases; NaN is a day
    not reported.

    ``group`` (series,) says which series are of one syndrome, 0 onward; ``reporter`` (series,)
    those that are counted and not sums of others: only they teach. ``weight`` (series, days), 0 to
    1: the share of a sum that was really counted. The past ends ``gap`` days before the last day.
    Source: as the module says.

    Raises:
        ValueError: no series, or no past.
    """
    _check(counts, gap + 1)
    past = slice(0, counts.shape[1] - gap)
    cases, share = _counted(counts, weight, past)
    shape = _shape(cases, share, group, reporter, past)
    expected = _mean(cases, share * shape[group], past)[:, None] * share * shape[group]
    own, mean = _spread(cases[:, past], expected[:, past])
    spread = np.ones(len(shape))
    for g in range(len(shape)):
        mine = np.flatnonzero((group == g) & reporter)
        trust = np.minimum(mean[mine], 1.0)
        if trust.sum() > 0:  # the few that had an outbreak do not speak for all
            usual_own = np.minimum(own[mine], np.quantile(own[mine], MOST))
            spread[g] = max(float((usual_own * trust).sum() / trust.sum()), 1.0)
    return Usual(shape, spread)


def rarity(
    counts: Floats,
    group: Ints,
    teach: Usual,
    *,
    weight: Floats | None = None,
    windows: tuple[int, ...] = (1, 3, 7),
    gap: int = 7,
    least_days: int = 7,
) -> Rarity:
    """Judge the last day of ``counts``, shape (series, days), cases; NaN is a day not reported.

    ``group`` and ``weight`` as ``usual`` says, of which ``teach`` comes. The windows end on the
    last day. The past has at least ``least_days`` reported days; of a series that is too young for
    that the last day alone is judged, against a past that ends two days before it; where that is
    too short as well, or the last day is missing, NaN. Source: as the module says.

    Raises:
        ValueError: no series, or a window longer than the days.
    """
    days = counts.shape[1]
    _check(counts, max(windows))
    past = slice(0, days - gap)
    cases, share = _counted(counts, weight, past)
    exposed = share * teach.shape[group]
    mean = _mean(cases, exposed, past)
    own, _ = _spread(cases[:, past], mean[:, None] * exposed[:, past])
    phi = np.maximum(own, teach.spread[group])
    known_days = np.isfinite(counts[:, past]).sum(axis=1)
    judged = np.isfinite(counts[:, -1]) & (known_days >= least_days)
    p, had, due = (np.full(len(counts), np.nan) for _ in range(3))
    best = Rarity(p, due, had, np.zeros(len(counts), np.int64), phi)
    for window in windows:
        observed = cases[:, days - window :].sum(axis=1)
        expected = mean * exposed[:, days - window :].sum(axis=1)
        unsure = 1 + window / np.maximum(known_days, 1)  # of the mean, which is itself counted
        whole = observed - ROUND
        chance = np.minimum(count_tail(whole, expected, phi * unsure) * len(windows), 1.0)
        rarer = judged & ~(chance >= best.p)
        for into, what in ((p, chance), (due, expected), (had, observed)):
            into[rarer] = what[rarer]
        best.window[rarer] = window
    young = np.isfinite(counts[:, -1]) & ~judged
    if gap > YOUNG and young.any():
        part = None if weight is None else weight[young]
        found = rarity(
            counts[young],
            group[young],
            teach,
            weight=part,
            windows=(1,),
            gap=YOUNG,
            least_days=least_days,
        )
        for name in ("p", "expected", "observed", "window", "phi"):
            getattr(best, name)[young] = getattr(found, name)
    return best


def _check(counts: Floats, least: int) -> None:
    if not len(counts) or counts.shape[1] < least:
        raise ValueError(f"no series, or fewer than {least} days")


def _counted(counts: Floats, weight: Floats | None, past: slice) -> tuple[Floats, Floats]:
    """Cases really counted, and of each day the share that was; 0 where nobody did. A count of the
    past far above the series' median (of the days with cases, where it has closed days) is taken
    for less: one wrong number, or an outbreak that is over, makes nobody deaf."""
    seen = np.isfinite(counts)
    share = np.where(seen, 1.0 if weight is None else weight, 0.0)
    known = seen[:, past].any(axis=1)
    middle = np.zeros((len(counts), 1))
    middle[known, 0] = np.nanmedian(counts[known, past], axis=1)
    some = counts[:, past] > 0
    closed = (middle[:, 0] == 0) & (some.mean(axis=1) >= OPEN)
    if closed.any():
        cases = np.where(some[closed], counts[closed, past], np.nan)
        middle[closed, 0] = np.nanmedian(cases, axis=1)
    most = np.maximum(2 * middle, middle + ODD * (np.sqrt(middle) + 1))
    cases = np.where(seen, counts, 0.0)
    cases[:, past] = np.minimum(cases[:, past], most)
    return cases * share, share


def _mean(cases: Floats, exposed: Floats, past: slice) -> Floats:
    known = exposed[:, past].sum(axis=1)
    return np.asarray((cases[:, past].sum(axis=1) + HALF) / np.maximum(known, HALF))


def _shape(cases: Floats, share: Floats, group: Ints, reporter: Bools, past: slice) -> Floats:
    """By group and day: how many times its mean a reporter counts, by weekday and by the trend of
    all reporters, which is followed upward only."""
    days = cases.shape[1]
    weekday = np.arange(days) % WEEK
    shape = np.ones((int(group.max()) + 1, days))
    for g in np.unique(group):
        mine = (group == g) & reporter
        if not mine.any():
            continue
        usual = cases[mine, past].sum(axis=1) / np.maximum(share[mine, past].sum(axis=1), HALF)
        due = usual[:, None] * share[mine]
        for day in range(WEEK):
            on = np.flatnonzero(weekday[past] == day)
            had = cases[mine][:, on].sum() + PRIOR
            shape[g, weekday == day] = had / (due[:, on].sum() + PRIOR)
        shape[g] *= _trend(cases[mine], due * shape[g], days)
    return shape


def _trend(had: Floats, due: Floats, days: int) -> Floats:
    """How the last days stand to the mean of the past: what all reporters had in the fortnight that
    ends a week before, and its growth from the fortnight before that gone on with; never below one,
    and no faster than a season. No reporter speaks for the others: of each no more than twice
    what it usually has counts."""
    end, fortnight = days - WEEK, 2 * WEEK
    if end < 2 * fortnight:
        return np.ones(days)

    def level(first: int) -> float:
        span = slice(first, first + fortnight)
        own, usual = had[:, span].sum(axis=1), due[:, span].sum(axis=1)
        own = np.minimum(own, 2 * usual + ODD)
        return float((own.sum() + PRIOR) / (usual.sum() + PRIOR))

    newer, older = level(end - fortnight), level(end - 2 * fortnight)
    growth = min(max(np.log(newer / older) / fortnight, 0.0), GROWTH)
    since = np.arange(days) - (end - fortnight / 2 - 0.5)
    trend = newer * np.exp(growth * since)
    return np.where(np.arange(days) >= end, np.maximum(trend, 1.0), 1.0)


def _spread(cases: Floats, expected: Floats) -> tuple[Floats, Floats]:
    """Variance over mean of each series by itself, and its mean on a counted day."""
    counted = expected > 0
    days = np.maximum(counted.sum(axis=1), 2)
    parts = np.where(counted, (cases - expected) ** 2 / np.maximum(expected, 1e-9), 0.0)
    return parts.sum(axis=1) / (days - 1), expected.sum(axis=1) / days
