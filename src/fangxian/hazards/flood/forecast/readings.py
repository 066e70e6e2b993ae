"""What a forecast rests on, from the stored readings: rain by hour and gauge, flow by hour, and
what had to be put in the place of what is missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fangxian.spine.observe.elements import RAIN_FORMS
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.rain import LONGEST_S, amounts, chosen_forms
from fangxian.spine.observe.store import store, usable

HOUR_S = 3600
ENOUGH = (
    0.75  # of an hour with rain data: it is scaled up to the whole hour; less is a missing hour
)
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Filled:
    """Rain of a basin's gauges without gaps (hours, gauges), and where it was put in: from its
    ``neighbours`` (the mean of the other gauges), or nothing at all was known (``blind``: 0 mm)."""

    mm: Floats
    neighbours: NDArray[np.bool_]
    blind: NDArray[np.bool_]


class Readings:
    """Hourly readings of some stations over ``hours`` that end at ``until_s``."""

    def __init__(self, stations: Iterable[int], *, until_s: int, hours: int) -> None:
        self.until_s, self.hours = until_s, hours
        self.since_s = until_s - hours * HOUR_S
        rows = Series.objects.filter(station_id__in=set(stations))
        elements = (*RAIN_FORMS, "Q", "Z", "ZU")
        told = list(rows.filter(element__in=elements).values_list("id", "station_id", "element"))
        newest = {key: seen[0] or 0 for key, seen in store().newest([r[0] for r in told]).items()}
        self._rain = chosen_forms([r for r in told if r[2] in RAIN_FORMS], newest)
        self._other = {(station, element): key for key, station, element in told}

    def rain(self, gauges: Sequence[int]) -> Floats:
        """mm in each hour (hours, gauges); NaN where less than three quarters of it is known."""
        found = np.full((self.hours, len(gauges)), np.nan)
        for column, gauge in enumerate(gauges):
            if gauge not in self._rain:
                continue
            key, form = self._rain[gauge]
            back = RAIN_FORMS[form] or LONGEST_S
            values = self._values(key, back)
            found[:, column] = by_hour(amounts(form, values), self.since_s, self.hours)
        return found

    def level(self, station: int) -> Floats:
        """The level on each hour, m; NaN where none was read in the hour before."""
        key = self._other.get((station, "Z"), self._other.get((station, "ZU")))
        return self._on_the_hour(key)

    def flow(self, station: int, rating: tuple[Sequence[float], Sequence[float]] | None) -> Floats:
        """The flow on each hour, m3/s: measured, else by the rating curve from the level."""
        flow = self._on_the_hour(self._other.get((station, "Q")))
        if rating is None:
            return flow
        by_level = np.interp(self.level(station), *rating, left=np.nan, right=np.nan)
        return np.where(np.isnan(flow), by_level, flow)

    def _values(self, key: int, back_s: int) -> list[tuple[int, float]]:
        rows = store().span([key], since_s=self.since_s - back_s, until_s=self.until_s)[key]
        return [(v, value) for v, value, q, _ in rows if value is not None and usable(value, q)]

    def _on_the_hour(self, key: int | None) -> Floats:
        found = np.full(self.hours, np.nan)
        if key is None:
            return found
        for at, value in self._values(key, 0):  # in order of time: the newest of an hour stays
            hour = -(-(at - self.since_s) // HOUR_S) - 1
            if 0 <= hour < self.hours:
                found[hour] = value
        return found


def by_hour(pieces: Sequence[tuple[int, int, float]], since_s: int, hours: int) -> Floats:
    """Amounts over spans (start_s, end_s, mm) as mm in each hour after ``since_s``."""
    mm, known = np.zeros(hours), np.zeros(hours)
    if not pieces:
        return np.full(hours, np.nan)
    start, end, amount = np.array(pieces, np.float64).T
    while len(start):
        hour = np.floor((start - since_s) / HOUR_S).astype(np.int64)
        edge = np.minimum(end, since_s + (hour + 1) * HOUR_S)
        share = (edge - start) / (end - start)
        inside = (hour >= 0) & (hour < hours)
        np.add.at(mm, hour[inside], (amount * share)[inside])
        np.add.at(known, hour[inside], (edge - start)[inside])
        rest = edge < end
        start, end, amount = edge[rest], end[rest], (amount * (1 - share))[rest]
    share = np.minimum(known / HOUR_S, 1.0)
    return np.where(share >= ENOUGH, mm / np.maximum(share, ENOUGH), np.nan)


def fill(mm: Floats) -> Filled:
    """Gaps of rain by the mean of the other gauges in the same hour; 0 where no gauge is known."""
    gap = np.isnan(mm)
    known = (~gap).sum(axis=1)
    mean = np.nansum(mm, axis=1) / np.maximum(known, 1)
    filled = np.where(gap, mean[:, None], mm)
    blind = known == 0
    return Filled(filled, gap & ~blind[:, None], blind)


def replaced(filled: Filled, weights: Floats, areas: Floats, last: int) -> float:
    """The share of the last hours' rain, by area, that is not what a gauge of its own said."""
    by_gauge = np.average(weights, axis=0, weights=areas)
    gap = filled.neighbours[-last:] | filled.blind[-last:, None]
    return float((gap * by_gauge).sum(axis=1).mean()) if len(gap) else 0.0


def told(filled: Filled, gauges: Mapping[int, str], order: Sequence[int]) -> list[dict[str, Any]]:
    """Which gauges' hours were put in, worst first."""
    missing = filled.neighbours.sum(axis=0) + filled.blind.sum()
    rows = [
        {"gauge": gauges.get(key, str(key)), "hours": int(n), "of": len(filled.mm)}
        for key, n in zip(order, missing, strict=True)
        if n
    ]
    return sorted(rows, key=lambda row: -row["hours"])


def hour_of(at: datetime) -> int:
    """The last full hour, in seconds."""
    return int(at.timestamp()) // HOUR_S * HOUR_S
