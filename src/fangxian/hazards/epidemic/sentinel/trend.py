"""Every series of a day by how rarely chance brings it, one series with its parts, and what the
next days may bring."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from fangxian.kernels.epi.detector import Floats
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.registry.models import Place

from .judging import Node
from .rules import Syndrome, close_of, profile, syndromes
from .write.counts import posture_at, series_of

AHEAD, SHORTEST, LACKING = 7, 28, 0.25  # days told, days of past needed, share that may be missing
RANGE = (0.05, 0.5, 0.95)


@dataclass(frozen=True, slots=True)
class Judged:
    """The series of a day that the seat may see, the rarest first."""

    day: date
    nodes: tuple[Node, ...]
    names: dict[str, Syndrome]
    recurrence_days: float


def judged(day: date, *, seat: Seat) -> Judged:
    """As the detectors of the posture of that day judge it. Nothing is written."""
    close = close_of(day)
    use = profile(close, emergency=posture_at(close))
    prefix = visible(seat, "signal.read")
    nodes = [] if prefix is None else series_of(day, use)
    paths = dict(Place.objects.values_list("pk", "path")) if prefix else {}
    mine = [node for node in nodes if not prefix or paths[node.place_id].startswith(prefix)]
    mine.sort(key=lambda node: -(node.rare.days if node.rare else 0))
    return Judged(day, tuple(mine), syndromes(close), use.recurrence_days)


def one(key: str, day: date, *, seat: Seat) -> tuple[Node, Judged]:
    """One series of a day. Raises ``not_found``."""
    found = judged(day, seat=seat)
    for node in found.nodes:
        if node.key == key:
            return node, found
    raise Problem("not_found", what=key[:60])


@dataclass(frozen=True, slots=True)
class Ahead:
    """A day to come: 5, 50 and 95 %."""

    day: date
    low: float
    middle: float
    high: float


def ahead(counts: Floats, day: date) -> list[Ahead]:
    """The days after ``day`` of a daily series (docs/methods/forecast.md); nothing where its past
    is too short or too much of it was not reported. A day that is missing is taken as the same
    weekday usually is."""
    from fangxian.kernels.epi.forecast import forecast

    past = np.asarray(counts, float)
    known = np.flatnonzero(np.isfinite(past))
    past = past[known[0] :] if len(known) else past
    missing = np.isnan(past)
    if len(past) < SHORTEST or missing.mean() > LACKING or missing[-1]:
        return []
    for k in np.flatnonzero(missing):
        same = past[k % 7 :: 7]  # none, where it never opens on that weekday
        past[k] = np.nanmedian(past if np.isnan(same).all() else same)
    told = forecast(past[None, :], freq=7, horizons=AHEAD)
    at = [told.levels.index(level) for level in RANGE]
    return [
        Ahead(day + timedelta(days=k + 1), *(float(values[j]) for j in at))
        for k, values in enumerate(told.quantiles[0])
    ]


def since(node: Node, day: date) -> date:
    """From which day on the series has been above its usual count by more than a standard deviation
    without a break; the day itself where it is not."""
    if node.rare is None:
        return day
    shape, window = node.rare.shape, node.rare.window
    usual = shape * node.rare.expected / max((shape * node.share)[-window:].sum(), 1e-9)
    above = np.nan_to_num(node.counts) > usual + np.sqrt(node.rare.phi * usual)
    days = len(above) if above.all() else int(np.argmin(above[::-1]))
    return day - timedelta(days=max(days - 1, 0))
