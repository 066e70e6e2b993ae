"""All stations at one moment, as columns: who is heard, and the rain of any window. What every open
page asks is found once for all of them; objects are made of what is shown alone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from fangxian.spine.core import clock

from .elements import RAIN_FORMS, RAIN_STEP_S, sensor_of
from .models import Series, Station, in_use
from .moment import at_once
from .rain import LONGEST_S, Piece, amounts, chosen_forms, total
from .recent import recent
from .rules import silent_intervals
from .store import Store, from_s, store, usable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .rain_steps import Floats

FEW = 50  # stations below which only their own series are looked at
Told = tuple[int, int, str]  # of a series: its key, its station, its element


@dataclass(frozen=True, slots=True)
class Sum:
    """Rain of a window up to ``until``: a lower bound while ``have_s`` is less than ``want_s``."""

    mm: float
    until: datetime
    have_s: int
    want_s: int

    @property
    def whole(self) -> bool:
        return self.have_s >= self.want_s

    def __str__(self) -> str:
        if self.whole:
            return f"{self.mm:.1f}"
        return f"≥ {self.mm:.1f}"

    @property
    def part(self) -> str:
        """How much of the window is there, in minutes; empty when all is."""
        return "" if self.whole else f"{self.have_s // 60}/{self.want_s // 60}"


@dataclass(frozen=True, slots=True)
class Census:
    """Stations at a moment: how often each reports, its series, and the newest usable times of the
    series and of what each station is relied on for."""

    at_s: float
    intervals: float
    every_s: Mapping[int, int]
    series: Sequence[Told]
    newest: Mapping[int, int]
    last_s: Mapping[int, int]

    def stale(self, station: int) -> bool:
        """Whether nothing usable came in time; of one that is not in use nothing does."""
        last_s, every_s = self.last_s.get(station), self.every_s.get(station, 0)
        return last_s is None or self.at_s - last_s > self.intervals * every_s


def census(at: datetime | None = None, stations: Collection[Station] | None = None) -> Census:
    """Now of all stations in use; at a time, or of few stations, of just those."""
    few = stations is not None and len(stations) <= FEW
    if at is None and not few:
        return at_once(("census",), lambda: _of_all(clock.now()))
    at = at or clock.now()
    if stations is None:
        return _of_all(at)
    every_s = {one.pk: one.report_every_s for one in stations}
    if not few:
        return _census(at, every_s, _every_series())
    rows = Series.objects.filter(station__in=list(every_s))
    return _census(at, every_s, list(rows.values_list("id", "station_id", "element")))


def _of_all(at: datetime) -> Census:
    every_s = dict(Station.objects.filter(in_use(at)).values_list("pk", "report_every_s"))
    return _census(at, every_s, _every_series())


def _every_series() -> Sequence[Told]:
    """Series are added and never changed."""
    newest = Series.objects.order_by("-pk").values_list("id", "station_id", "element").first()
    return _series_as_of(Series.objects.count(), newest)


@lru_cache(1)
def _series_as_of(n: int, newest: Told | None) -> Sequence[Told]:
    return list(Series.objects.values_list("id", "station_id", "element"))


def _census(at: datetime, every_s: Mapping[int, int], series: Sequence[Told]) -> Census:
    at_s, telemetry = int(at.timestamp()), store()
    newest = _newest(telemetry, at_s, [key for key, _, _ in series])
    relied, other = dict[int, int](), dict[int, int]()
    for key, station, element in series:
        if (last_s := newest.get(key)) is not None:
            mine = relied if sensor_of(element) else other
            mine[station] = max(last_s, mine.get(station, last_s))
    sure = {station for _, station, element in series if sensor_of(element)}
    last = relied | {one: last_s for one, last_s in other.items() if one not in sure}
    return Census(at.timestamp(), silent_intervals(at), every_s, series, newest, last)


def _newest(telemetry: Store, at_s: int, keys: Sequence[int]) -> dict[int, int]:
    """The newest usable time of each series at a moment, no older than a week."""
    since_s = at_s - 7 * 86400
    if len(keys) <= 2 * FEW:
        seen = telemetry.at(until_s=at_s, within_s=7 * 86400, series=keys)
        return {key: last_s for key, (last_s, _) in seen.items()}
    latest = {key: last_s for key, (last_s, _) in telemetry.latest().items() if last_s}
    found = {key: last_s for key, last_s in latest.items() if since_s < last_s <= at_s}
    later = [key for key, last_s in latest.items() if last_s > at_s]
    seen = telemetry.at(until_s=at_s, within_s=7 * 86400, series=later) if later else {}
    return found | {key: last_s for key, (last_s, _) in seen.items()}


class Gauges:
    """The rain of stations at a moment. Each is summed in the finest form it is told in, and its
    windows end with its newest report if it is not silent, so that hourly reports give whole hours.
    ``stations``: their keys, a row each."""

    def __init__(self, of: Census) -> None:
        import numpy as np

        self._telemetry, at_s = store(), int(of.at_s)
        recent_s = at_s - 3 * 86400
        newest = {key: last_s for key, last_s in of.newest.items() if last_s > recent_s}
        rows: list[tuple[int, int, str, int]] = []
        for station, (key, form) in chosen_forms(of.series, newest).items():
            every_s = of.every_s.get(station)
            if every_s is not None:
                last_s = newest.get(key, 0)
                late = at_s - last_s > of.intervals * every_s
                rows.append((station, key, form, at_s if late else last_s))
        self.stations = [row[0] for row in rows]
        self.row = {station: k for k, station in enumerate(self.stations)}
        self._told = [(row[1], row[2]) for row in rows]
        self._ends = np.array([row[3] for row in rows], np.int64)
        self._five = np.flatnonzero([row[2] == "P5" for row in rows])
        self._others = [k for k, row in enumerate(rows) if row[2] != "P5"]
        self._keys = [rows[k][1] for k in self._five]
        self._windows: dict[int, tuple[Floats, NDArray[np.int64]]] = {}
        self._read: dict[int, tuple[int, list[Piece]]] = {}

    def window(self, window_s: int) -> "tuple[Floats, NDArray[np.int64]]":
        """Millimetres and covered seconds of each row's last ``window_s``; with nothing covered the
        sum says nothing."""
        if window_s not in self._windows:
            self._windows[window_s] = self._sum(window_s)
        return self._windows[window_s]

    def _sum(self, window_s: int) -> "tuple[Floats, NDArray[np.int64]]":
        import numpy as np

        mm, have_s = np.zeros(len(self.stations)), np.zeros(len(self.stations), np.int64)
        if self._keys:
            held = recent(self._telemetry)
            mm[self._five], n = held.columns(self._keys, self._ends[self._five], window_s=window_s)
            have_s[self._five] = np.minimum(n * RAIN_STEP_S, window_s)
        for k in self._others:
            since_s, end_s = int(self._ends[k]) - window_s, int(self._ends[k])
            pieces = self._pieces(k, since_s)
            mm[k], have_s[k] = total(pieces, since_s=since_s, until_s=end_s)
        return np.round(mm, 1), have_s

    def _pieces(self, k: int, since_s: int) -> list[Piece]:
        """Of a row; a longer window serves the shorter ones."""
        known_s, pieces = self._read.get(k, (since_s + 1, []))
        if since_s < known_s:
            pieces = rain_pieces(*self._told[k], since_s=since_s, until_s=int(self._ends[k]))
            self._read[k] = since_s, pieces
        return pieces

    def sum_of(self, station: int, window_s: int) -> Sum | None:
        """None without any reading in the window, never zero."""
        k = self.row.get(station)
        if k is None:
            return None
        mm, have_s = self.window(window_s)
        if not have_s[k]:
            return None
        return Sum(float(mm[k]), from_s(int(self._ends[k])), int(have_s[k]), window_s)

    def sums(self, window_s: int) -> dict[int, Sum]:
        """Of every station that has any."""
        mm, have_s = (column.tolist() for column in self.window(window_s))
        ends = self._ends.tolist()
        moments = {end: from_s(end) for end in set(ends)}
        rows = enumerate(self.stations)
        return {
            one: Sum(mm[k], moments[ends[k]], have_s[k], window_s) for k, one in rows if have_s[k]
        }


def gauges(at: datetime | None = None, stations: Collection[Station] | None = None) -> Gauges:
    """As ``census``."""
    if at is None and stations is None:
        return at_once(("gauges",), lambda: Gauges(census()))
    return Gauges(census(at, stations))


def rain_pieces(
    key: int, form: str, *, since_s: int, until_s: int, telemetry: Store | None = None
) -> list[Piece]:
    """The usable readings of one rain series as amounts over spans."""
    back = RAIN_FORMS[form] or LONGEST_S
    rows = (telemetry or store()).span([key], since_s=since_s - back, until_s=until_s + back)[key]
    values = [(v, value) for v, value, q, _ in rows if value is not None and usable(value, q)]
    return amounts(form, values)
