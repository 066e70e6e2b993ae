"""Selectors of observe: stations and their readings as people and programs want them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import quantiles
from typing import Any

from django.db.models import QuerySet

from fangxian.spine.core import clock, things
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.core.things import Kind, Thing

from .elements import LEVELS, RAIN_FORMS, RAIN_STEP_S, sensor_of
from .gauges import FEW, Gauges, Sum, census, gauges, rain_pieces
from .models import Quarantine, Series, Station, in_use
from .rain import chosen_forms, spread
from .store import Quality, from_s, store, usable


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a subject expects at a station, in words (zh, en), and where it stands."""

    words: tuple[str, str]
    link: str


DAY_S = 86400
WEEK_S = 7 * DAY_S
AHEAD: list[Callable[[Station], Ahead | None]] = []  # told by the subjects that look ahead


def ahead_of(one: Station) -> list[Ahead]:
    return [told for ask in AHEAD if (told := ask(one)) is not None]


def stations(*, seat: Seat) -> QuerySet[Station]:
    prefix = visible(seat, "map.read")
    if prefix is None:
        return Station.objects.none()
    found = Station.objects.filter(in_use(), place__path__startswith=prefix)
    return found.select_related("place__parent")


def station(code: str, *, seat: Seat) -> Station:
    """Raises ``not_found``."""
    found = stations(seat=seat).filter(code=code).first()
    if found is None:
        raise Problem("not_found", what=f"测站 {code}")
    return found


def quarantine(*, seat: Seat) -> QuerySet[Quarantine]:
    if visible(seat, "quarantine.adopt") is None:
        return Quarantine.objects.none()
    return Quarantine.objects.filter(adopted_at__isnull=True).order_by("first_at")


@dataclass(frozen=True, slots=True)
class Now:
    """A station at one moment: newest usable report, rain sums with completeness, stage."""

    station: Station
    last_at: datetime | None
    stale: bool
    rain_1h: Sum | None
    rain_24h: Sum | None
    stage_m: float | None

    @property
    def rain_1h_mm(self) -> float | None:
        return self.rain_1h.mm if self.rain_1h else None

    @property
    def rain_24h_mm(self) -> float | None:
        return self.rain_24h.mm if self.rain_24h else None

    @property
    def missing_24h(self) -> int:
        """Steps of five minutes without rain data in the last 24 h."""
        return (86400 - (self.rain_24h.have_s if self.rain_24h else 0)) // 300


def stations_now(rows: Iterable[Station], *, at: datetime | None = None) -> list[Now]:
    """The state of stations at ``at``. A sum over missing steps is a lower bound and says so; with
    no reading at all it is None, never zero."""
    rows = list(rows)
    of = census(at, rows)
    few = len(rows) <= FEW
    rain = Gauges(of) if few or at is not None else gauges()
    mine = {one.pk for one in rows}
    levels = {(s, e): key for key, s, e in of.series if e in LEVELS and s in mine}
    span = {"until_s": int(of.at_s), "within_s": WEEK_S}
    seen = store().at(**span, series=list(levels.values())) if levels else {}
    stage = {which: seen[key][1] for which, key in levels.items() if key in seen}
    return [
        Now(
            station=one,
            last_at=from_s(of.last_s[one.pk]) if one.pk in of.last_s else None,
            stale=of.stale(one.pk),
            rain_1h=rain.sum_of(one.pk, 3600),
            rain_24h=rain.sum_of(one.pk, 86400),
            stage_m=stage.get((one.pk, "Z"), stage.get((one.pk, "ZU"))),
        )
        for one in rows
    ]


def worst_first(rows: QuerySet[Station], levels: Mapping[str, int]) -> list[int]:
    """The keys of stations in the order in which they should be looked at: by their signal's level
    (by code), then who is silent, then by the rain of a day."""
    of, rain = census(), gauges()
    mm, have_s = (column.tolist() for column in rain.window(DAY_S))
    fell = {key: mm[k] for key, k in rain.row.items() if have_s[k]}

    def rank(row: tuple[int, str]) -> tuple[int, bool, float]:
        key, code = row
        return levels.get(code, 9), not of.stale(key), -fell.get(key, 0.0)

    return [key for key, _ in sorted(rows.values_list("pk", "code"), key=rank)]


def rain_today(one: Station, *, at: datetime) -> Sum | None:
    """Rain of the hydrological day, from 8 o'clock in the morning of Beijing."""
    local = clock.beijing(at)
    start = local.replace(hour=8, minute=0, second=0, microsecond=0)
    start -= timedelta(days=1) if local.hour < 8 else timedelta()
    span_s = int((at - start).total_seconds()) // RAIN_STEP_S * RAIN_STEP_S
    found = rain_sums(at=start + timedelta(seconds=span_s), window_s=span_s, stations=[one])
    return found.get(one.pk)


def rain_sums(
    *, at: datetime, window_s: int, stations: Collection[Station] | None = None
) -> dict[int, Sum]:
    """Rain of the last ``window_s`` by station, in whatever form it is told. The window ends with
    the newest report of a gauge that is not silent, so that hourly reports give whole hours."""
    found = gauges(at, stations).sums(window_s)
    if stations is None:
        return found
    asked = {one.pk for one in stations}
    return {key: rain for key, rain in found.items() if key in asked}


def rain_extremes(*, hours: int) -> tuple[Station, Sum] | None:
    """The gauge with the most rain of the last hours."""
    rain = gauges()
    mm, have_s = rain.window(hours * 3600)
    if not have_s.any():
        return None
    key = rain.stations[int((mm - 1e9 * (have_s == 0)).argmax())]
    found = rain.sum_of(key, hours * 3600)
    return (Station.objects.get(pk=key), found) if found else None


def newest_usable() -> dict[int, dict[str, int | None]]:
    """The newest usable valid time by station and sensor; of a station that nobody relies on for
    anything, of all it sends (as sensor "")."""
    latest = store().latest()
    found: dict[int, dict[str, int | None]] = {}
    for key, station_id, element in Series.objects.values_list("id", "station_id", "element"):
        if key not in latest:
            continue
        mine, sensor, at_s = found.setdefault(station_id, {}), sensor_of(element), latest[key][0]
        before = mine.get(sensor)
        mine[sensor] = at_s if before is None else max(before, at_s or 0)
    return found


def last_usable(sensors: Mapping[str, int | None]) -> int | None:
    """The newest time of the sensors that are relied on, or of all there are."""
    relied = [at for sensor, at in sensors.items() if sensor] or list(sensors.values())
    return max((at for at in relied if at), default=None)


def reporting() -> tuple[int, int]:
    """Stations that report something usable in time, of all."""
    of = census()
    return sum(not of.stale(key) for key in of.every_s), len(of.every_s)


def timeliness(one: Station, *, hours: int = 24) -> tuple[int, int]:
    """Reports received and expected over the last hours (到报率)."""
    now_s = int(clock.now().timestamp())
    expected = hours * 3600 // one.report_every_s
    relied = [*RAIN_FORMS, *LEVELS]
    keys = list(one.series.filter(element__in=relied).values_list("id", flat=True))
    rows = store().span(keys, since_s=now_s - hours * 3600, until_s=now_s)
    slots = {
        v // one.report_every_s
        for found in rows.values()
        for v, value, quality, _ in found
        if usable(value, quality)
    }
    return min(len(slots), expected), expected


def readings(
    one: Station, *, elements: Iterable[str], since: datetime, until: datetime
) -> dict[str, list[dict[str, Any]]]:
    """Readings by element, oldest first, each with quality and reason."""
    found = {}
    series = {s.element: s for s in one.series.all()}
    for element in elements:
        if element not in series:
            continue
        key = series[element].pk
        rows = store().span([key], since_s=int(since.timestamp()), until_s=int(until.timestamp()))[
            key
        ]
        found[element] = [
            {"at": from_s(v), "value": value, "quality": Quality(q).name.lower(), "reason": why}
            for v, value, q, why in rows
        ]
    return found


YEAR_DAYS, USUAL_DAYS = 365, 90  # looked back, and days without which nothing is usual


@dataclass(frozen=True, slots=True)
class Usual:
    """A gauge's last year: its highest level and when, and the middle nine tenths of its levels at
    8 o'clock; None with too few days."""

    highest_m: float
    at: datetime
    low_m: float | None
    high_m: float | None


def usual_level(one: Station, *, at: datetime) -> Usual | None:
    """None without a level in the last year."""
    series = {s.element: s.pk for s in one.series.all()}
    key = series.get("Z", series.get("ZU"))
    since_s = int(at.timestamp()) - YEAR_DAYS * 86400
    top = store().highest(key, since_s=since_s) if key is not None else None
    if key is None or top is None:
        return None
    first = -(-since_s // 86400) * 86400  # 8 o'clock of Beijing is midnight of UTC
    days = list(range(first, int(at.timestamp()) + 1, 86400))
    daily = sorted(store().values_at(key, days))
    low = high = None
    if len(daily) >= USUAL_DAYS:
        low, *_, high = quantiles(daily, n=20)
    return Usual(top[0], from_s(top[1]), low, high)


def hourly_rain(one: Station, *, until: datetime, hours: int) -> list[dict[str, Any]]:
    """Rain as clock hours, newest last: sum, and how many of the twelve parts are there."""
    last_s = int(until.timestamp()) // 3600 * 3600
    series = list(
        one.series.filter(element__in=RAIN_FORMS).values_list("id", "station_id", "element")
    )
    newest = {key: seen[0] for key, seen in store().latest().items()}
    form = chosen_forms(series, newest).get(one.pk)
    since_s = last_s - (hours + 1) * 3600
    pieces = rain_pieces(*form, since_s=since_s, until_s=last_s) if form else []
    parts = spread(pieces, step_s=RAIN_STEP_S)
    found = []
    for end_s in range(last_s - hours * 3600, last_s + 1, 3600):
        steps = range((end_s - 3600) // RAIN_STEP_S + 1, end_s // RAIN_STEP_S + 1)
        there = [parts[step] for step in steps if step in parts]
        value = sum(there) / 10 if there else None
        found.append({"at": from_s(end_s), "value": value, "present": len(there)})
    return found


def _things(keys: Collection[str]) -> Iterable[Thing]:
    for one in Station.objects.filter(code__in=keys):
        yield Thing("station", one.code, one.name, f"/stations/{one.code}", one.place_id)


things.declare(Kind("station", "测站", "station", _things))
