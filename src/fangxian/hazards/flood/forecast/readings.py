"""What a forecast rests on, from the stored readings: rain by hour and gauge, flow by hour, and
what had to be put in the place of what is missing."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np

from fangxian.spine.observe.elements import RAIN_FORMS
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.rain import LONGEST_S, amounts, chosen_forms
from fangxian.spine.observe.rain_steps import by_step
from fangxian.spine.observe.store import store, usable

from .filled import HOUR_S, Floats


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
        keys = [*(key for key, _ in self._rain.values()), *self._other.values()]
        back = max((RAIN_FORMS[form] or LONGEST_S for _, form in self._rain.values()), default=0)
        span = {"since_s": self.since_s - back, "until_s": until_s}
        self._rows = store().span(sorted(set(keys)), **span) if keys else {}

    def rain(self, gauges: Sequence[int], *, enough: float) -> Floats:
        """mm in each hour (hours, gauges); NaN where less than the share ``enough`` is known."""
        found = np.full((self.hours, len(gauges)), np.nan)
        for column, gauge in enumerate(gauges):
            if gauge not in self._rain:
                continue
            key, form = self._rain[gauge]
            pieces = amounts(form, self._values(key))
            found[:, column] = by_step(
                pieces, since_s=self.since_s, n=self.hours, step_s=HOUR_S, enough=enough
            )
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

    def _values(self, key: int) -> list[tuple[int, float]]:
        rows = self._rows.get(key, ())
        return [(v, value) for v, value, q, _ in rows if value is not None and usable(value, q)]

    def _on_the_hour(self, key: int | None) -> Floats:
        found = np.full(self.hours, np.nan)
        if key is None:
            return found
        for at, value in self._values(key):  # in order of time: the newest of an hour stays
            hour = -(-(at - self.since_s) // HOUR_S) - 1
            if 0 <= hour < self.hours:
                found[hour] = value
        return found


def hour_of(at: datetime) -> int:
    """The last full hour, in seconds."""
    return int(at.timestamp()) // HOUR_S * HOUR_S
