"""Scores of flow forecasts: agreement, ensembles, threshold crossings.

Flows are in one unit, usually m3/s. Sources: Nash and Sutcliffe, J Hydrol 10 (1970) 282; Gupta et
al., J Hydrol 377 (2009) 80 (KGE); Hersbach, Weather Forecast 15 (2000) 559 (CRPS); Kitanidis and
Bras, Water Resour Res 16 (1980) 1034 (persistence index). Times without an observation are left
out. No errors but ValueError, ours or numpy's, for lengths that do not fit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def _pairs(simulated: Floats, observed: Floats) -> tuple[Floats, Floats]:
    """Simulated (members, time) and observed (time,), without the gaps."""
    simulated = np.atleast_2d(np.asarray(simulated, np.float64))
    observed = np.asarray(observed, np.float64)
    if simulated.shape[1:] != observed.shape:
        raise ValueError("simulated and observed must be of the same length")
    known = np.isfinite(observed)
    return simulated[:, known], observed[known]


def nse(simulated: Floats, observed: Floats) -> Floats:
    """DC (确定性系数) = Nash-Sutcliffe efficiency of each member (members,), up to 1.

    Dimensionless. ``simulated`` (members, time) or (time,), ``observed`` (time,). A time whose
    observation is missing is left out; NaN where the member has a NaN at another time or the
    observed do not vary. Errors: as the module says. Source: Nash and Sutcliffe 1970.
    """
    s, o = _pairs(simulated, observed)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        total = ((o - o.mean()) ** 2).sum() if o.size else np.nan
        return np.asarray(1 - ((s - o) ** 2).sum(axis=1) / np.where(total > 0, total, np.nan))


def kge(simulated: Floats, observed: Floats) -> Floats:
    """Kling-Gupta efficiency 2009 of each member (members,), dimensionless, up to 1. Arguments and
    NaN as in ``nse``; NaN also for a member that does not vary. Errors: as the module says. Source:
    Gupta 2009."""
    s, o = _pairs(simulated, observed)
    if not o.size:
        return np.full(len(s), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        ds, do = s - s.mean(axis=1, keepdims=True), o - o.mean()
        r = (ds * do).sum(axis=1) / np.sqrt((ds**2).sum(axis=1) * (do**2).sum())
        spread = s.std(axis=1) / o.std()
        bias = s.mean(axis=1) / o.mean()
    return np.asarray(1 - np.sqrt((r - 1) ** 2 + (spread - 1) ** 2 + (bias - 1) ** 2))


def log_nse(simulated: Floats, observed: Floats) -> Floats:
    """NSE of log(q + a hundredth of the mean observed): low flows. Arguments, result (members,) and
    NaN as in ``nse``, dimensionless; NaN also for a flow below minus that hundredth. Errors: as the
    module says. Source: own choice of the constant."""
    small = 0.01 * np.nanmean(observed)
    with np.errstate(invalid="ignore", divide="ignore"):
        return nse(np.log(np.atleast_2d(simulated) + small), np.log(observed + small))


def peak_error(simulated: Floats, observed: Floats, events: list[tuple[int, int]]) -> Floats:
    """Mean relative error of the peaks of events (first, last index included), each member
    (members,).

    A ratio, >= 0. NaN where the member has one within an event, where all observed of an event are
    missing, or for no events; an observed peak of 0 gives inf. Raises ValueError for an event
    beyond the end (numpy's). Source: definition.
    """
    found = [
        np.abs(
            np.atleast_2d(simulated)[:, a : b + 1].max(axis=1) / np.nanmax(observed[a : b + 1]) - 1
        )
        for a, b in events
    ]
    return np.asarray(np.mean(found, axis=0))


def persistence_index(simulated: Floats, observed: Floats, lead: int) -> float:
    """1 - squared error over that of "as ``lead`` steps ago"; above 0 beats persistence.

    ``simulated`` and ``observed`` (time,); a dimensionless scalar. Times with a NaN in either or in
    the observed ``lead`` before are left out; NaN without any other, or if persistence is perfect.
    A lead below 1 is not noticed, or numpy's ValueError. Errors: as the module says. Source:
    Kitanidis and Bras 1980.
    """
    s, o = np.asarray(simulated, np.float64)[lead:], np.asarray(observed, np.float64)
    naive, o = o[:-lead], o[lead:]
    known = np.isfinite(s) & np.isfinite(o) & np.isfinite(naive)
    below = ((naive - o)[known] ** 2).sum()
    return float(1 - ((s - o)[known] ** 2).sum() / below) if below > 0 else float("nan")


def crps(members: Floats, observed: Floats) -> Floats:
    """CRPS of an ensemble (members, time) at each time (time,), in the unit of the flow, from the
    empirical distribution; NaN where a member or the observed is. Errors: as the module says.
    Source: Hersbach 2000."""
    x = np.sort(np.asarray(members, np.float64), axis=0)
    m = len(x)
    weight = (2 * np.arange(1, m + 1) - m - 1)[:, None]
    spread = (weight * x).sum(axis=0) / (m * m)
    return np.asarray(np.abs(x - observed).mean(axis=0) - spread)


def band_coverage(low: Floats, high: Floats, observed: Floats) -> float:
    """Share 0..1 of the observed (time,) within the band, ends included. Times with a NaN in any of
    the three are left out; NaN without any other. Errors: as the module says. Source: definition.
    """
    known = np.isfinite(observed) & np.isfinite(low) & np.isfinite(high)
    inside = (low <= observed) & (observed <= high)
    return float(inside[known].mean()) if known.any() else float("nan")


def rank_histogram(members: Floats, observed: Floats, seed: int = 0) -> NDArray[np.int64]:
    """How often, a count (members + 1,), the observed (time,) took each of the ranks among
    ``members`` (members, time); ties are drawn by lot. Times with a NaN are left out. Errors: as
    the module says. Source: definition."""
    x = np.asarray(members, np.float64)
    known = np.isfinite(observed) & np.isfinite(x).all(axis=0)
    x = x[:, known]
    o = np.asarray(observed, np.float64)[known]
    ties = np.asarray((x == o).sum(axis=0), np.int64)
    below = np.asarray((x < o).sum(axis=0), np.int64)
    rank = below + np.random.default_rng(seed).integers(0, ties + 1)
    return np.bincount(rank, minlength=len(x) + 1)


@dataclass(frozen=True)
class Crossings:
    """Times above a mark, counts and shares 0..1. It checks nothing and raises no errors. Source:
    definition (contingency table).

    Attributes:
        hits, false_alarms, misses, quiet: times.
        pod, far, csi: probability of detection, false alarm ratio, critical success index; NaN
            where nothing is to be shared.
        lead: (rises,), for each observed rise above the mark the steps by which the forecast was
            above it earlier (negative: later, NaN: never within the window).
    """

    hits: int
    false_alarms: int
    misses: int
    quiet: int
    pod: float
    far: float
    csi: float
    lead: Floats


def crossings(simulated: Floats, observed: Floats, mark: float, window: int = 24) -> Crossings:
    """Compare exceedances of ``mark`` (the mark itself is above), both flows (time,) and in one
    unit.

    Gaps (NaN) in the observed are left out, and so is a rise right after one; in the simulated they
    are no exceedance, and count among neither hits nor misses. A rise is looked for from the end of
    the rise before it, ``window`` steps at most. Errors: as the module says. Source: definition;
    how leads are looked for is our own choice.
    """
    s, o = np.asarray(simulated, np.float64), np.asarray(observed, np.float64)
    known = np.isfinite(o) & np.isfinite(s)
    a, b = (s >= mark) & known, o >= mark
    hits, false_, miss = (int(x.sum()) for x in (a & b, a & ~b, ~a & b & known))

    def share(x: int, y: int) -> float:
        return x / y if y else float("nan")

    lead, last = [], -1
    for t in range(1, len(o)):
        if b[t] and not b[t - 1] and np.isfinite(o[t - 1]):
            low = max(0, t - window, last + 1)
            near = np.flatnonzero(a[low : t + window + 1])
            lead.append(float(t - low - near[0]) if near.size else np.nan)
        last = t if b[t] else last
    return Crossings(
        hits,
        false_,
        miss,
        int((~a & ~b & known).sum()),
        share(hits, hits + miss),
        share(false_, hits + false_),
        share(hits, hits + false_ + miss),
        np.array(lead),
    )
