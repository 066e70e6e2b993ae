"""Rules made of other rules: the pooled Farrington rule for weeks and a vote of any members.

Shapes as ``detector`` says: (series, time) in, (series, n) out, in cases a period. Source: own
choice, docs/methods/combined.md.
"""

import numpy as np
from scipy import special

from fangxian.kernels.epi.cidars import window_sums
from fangxian.kernels.epi.detector import Detection, Floats, Ints, Method, Reason, Series, judge
from fangxian.kernels.epi.distributions import ABSURD, count_tail
from fangxian.kernels.epi.farrington import farrington_flexible


def _mid_z(observed: Floats, mean: Floats, phi: Floats) -> Floats:
    """Normal score of the mid-p value of a count."""
    p = 0.5 * (count_tail(observed, mean, phi) + count_tail(observed + 1, mean, phi))
    return np.asarray(-special.ndtri(np.clip(p, 1e-300, 1 - 1e-16)))


def pooled(
    series: Series,
    at: Ints,
    *,
    limit: float,
    cost: float,
    years: int,
    w: int,
    seasons: int,
    excluded: int,
    reweight_above: float,
    p_trend: float,
) -> Detection:
    """The flexible Farrington model on up to ``years`` years, judged twice: this period, and this
    one with the one before (whose score pays ``cost``); the larger score counts.

    Most outbreaks that one period misses are plain in two. ``score`` is the normal score (standard
    deviations) over ``limit``. Alarm above ``limit``. Needs at least one year of history and ``w``
    periods, else SHORT. ``at`` must rise: ``reason`` comes in the order of time. A missing count
    has no alarm; a missing one before it leaves this period to speak alone. No errors past those of
    ``detect``. Shape, source: as the module says, on Noufaily 2013.
    """
    both = np.unique(np.concatenate([at, at - 1]))
    both = both[both >= 0]
    history = (int(at.min()) if at.size else 0) - w
    b = max(1, min(years, history // series.freq))
    found = farrington_flexible(
        series,
        both,
        b=b,
        w=w,
        alpha=0.005,
        seasons=seasons,
        excluded=excluded,
        reweight=True,
        limit=reweight_above,
        trend=True,
        p_trend=p_trend,
        cases=0,
        periods=1,
        threshold="nb",
        population=False,
    )
    mean, phi = (np.full_like(series.counts, np.nan) for _ in range(2))
    mean[:, both], phi[:, both] = found.expected, found.more["phi"]
    one = _mid_z(series.counts, mean, phi)
    two = _mid_z(window_sums(series.counts, 2), window_sums(mean, 2), phi) - cost
    z = np.fmax(one, two)[:, at]
    fitted = np.isfinite(mean[:, at]) & (mean[:, at] < ABSURD)
    kept = np.isin(both, at)
    with np.errstate(invalid="ignore"):
        alarm = fitted & (z > limit)
    return judge(
        series,
        at,
        expected=mean[:, at],
        threshold=np.full_like(z, np.nan),
        score=z / limit,
        p=np.asarray(special.ndtr(-z)),
        alarm=alarm,
        reason=found.reason[:, kept],
        more={"statistic": z, "phi": phi[:, at]},
    )


def vote(
    series: Series, at: Ints, *, members: str, votes: int, least: float, methods: dict[str, Method]
) -> Detection:
    """Alarm where at least ``votes`` of the ``members`` (comma-separated names, each with its own
    defaults) do and the count is at least ``least`` cases: below it the rules on single and linked
    cases speak, not statistics. ``more`` has the votes given and ``able``, how many members have an
    answer. A member without an answer has no vote; where fewer than
    ``votes`` have one the reason is SHORT. ``score`` is votes given over votes needed, ``expected``
    the mean of the members that have one. A missing count is no alarm. Shape, source: as the module
    says.

    Raises:
        ValueError: a member that is no method, or more votes than members.
    """
    names = [name.strip() for name in members.split(",") if name.strip()]
    unknown = [name for name in names if name not in methods]
    if unknown or not names:
        raise ValueError(f"no method {unknown[0]!r} to vote" if unknown else "nobody to vote")
    if votes > len(names):
        raise ValueError(f"{votes} votes asked of {len(names)} members")
    given = np.zeros((len(series.counts), len(at)))
    able = np.zeros_like(given)
    expected = []
    for name in names:
        found = methods[name].run(series, at, **methods[name].settle(None))
        given += found.alarm
        able += found.reason == Reason.JUDGED
        expected.append(found.expected)
    known = able >= votes
    stack = np.stack(expected)
    counted = np.isfinite(stack).sum(axis=0)
    total = np.nansum(stack, axis=0)
    middle = np.where(counted > 0, total / np.maximum(counted, 1), np.nan)
    return judge(
        series,
        at,
        expected=middle,
        threshold=np.full_like(given, np.nan),
        score=given / votes,
        alarm=(given >= votes) & (np.nan_to_num(series.counts[:, at]) >= least),
        reason=np.where(known, Reason.JUDGED, Reason.SHORT).astype(np.int8),
        more={"votes": given, "able": able},
    )
