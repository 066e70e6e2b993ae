"""Selectors of observe: stations and their readings as people and programs want them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
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
from .models import Quarantine, Series, Station, in_use
from .moment import at_once
from .rain import LONGEST_S, Piece, amounts, chosen_forms, spread, total
from .recent import recent
from .rules import silent_intervals
from .store import Quality, Store, from_s, store, usable


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a subject expects at a station, in words (zh, en), and where it stands."""

    words: tuple[str, str]
    link: str


FEW = 50  # stations below which only their own series are looked at
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
    at = at or clock.now()
    rows = list(rows)
    series = _series_of([one.pk for one in rows])
    keys = None if series is None else [key for key, _, _ in series]
    newest = store().at(until_s=int(at.timestamp()), within_s=7 * 86400, series=keys)
    mine: dict[int, list[tuple[int, str]]] = {}
    every = Series.objects.values_list("id", "station_id", "element") if series is None else series
    for key, station_id, element in every:
        mine.setdefault(station_id, []).append((key, element))
    intervals, at_s = silent_intervals(at), at.timestamp()
    hour, day = rain_windows(at=at, windows_s=[3600, 86400], stations=rows).values()
    found = []
    for one in rows:
        relied = [key for key, element in mine.get(one.pk, ()) if sensor_of(element)]
        telling = relied or [key for key, _ in mine.get(one.pk, ())]
        times = [newest[key][0] for key in telling if key in newest]
        last = from_s(max(times)) if times else None
        levels = {e: newest[k][1] for k, e in mine.get(one.pk, ()) if k in newest}
        found.append(
            Now(
                station=one,
                last_at=last,
                stale=not times or at_s - max(times) > intervals * one.report_every_s,
                rain_1h=hour.get(one.pk),
                rain_24h=day.get(one.pk),
                stage_m=levels.get("Z", levels.get("ZU")),
            )
        )
    return found


def _series_of(stations: Collection[int]) -> list[tuple[int, int, str]] | None:
    """Series (id, station, element) of a few stations; None for many, which is nearly all."""
    if len(stations) > FEW:
        return None
    rows = Series.objects.filter(station__in=stations).values_list("id", "station_id", "element")
    return list(rows)


def rain_today(one: Station, *, at: datetime) -> Sum | None:
    """Rain of the hydrological day, from 8 o'clock in the morning of Beijing."""
    local = clock.beijing(at)
    start = local.replace(hour=8, minute=0, second=0, microsecond=0)
    start -= timedelta(days=1) if local.hour < 8 else timedelta()
    span_s = int((at - start).total_seconds()) // RAIN_STEP_S * RAIN_STEP_S
    found = rain_sums(at=start + timedelta(seconds=span_s), window_s=span_s, stations=[one])
    return found.get(one.pk)


def rain_sums(
    *, at: datetime, window_s: int, stations: Iterable[Station] | None = None
) -> dict[int, Sum]:
    """Rain of the last ``window_s`` by station, in whatever form it is told. The window ends with
    the newest report of a gauge that is not silent, so that hourly reports give whole hours."""
    return rain_windows(at=at, windows_s=[window_s], stations=stations)[window_s]


def rain_windows(
    *, at: datetime, windows_s: Sequence[int], stations: Iterable[Station] | None = None
) -> dict[int, dict[int, Sum]]:
    """The same of several windows."""
    at_s, telemetry = int(at.timestamp()), store()
    if stations is None:
        every_s = dict(Station.objects.filter(in_use()).values_list("pk", "report_every_s"))
    else:
        every_s = {one.pk: one.report_every_s for one in stations}
    series = _series_of(every_s)
    if series is None:
        every = Series.objects.filter(element__in=RAIN_FORMS)
        series = list(every.values_list("id", "station_id", "element"))
    keys = [key for key, _, element in series if element in RAIN_FORMS]
    seen = telemetry.at(until_s=at_s, within_s=3 * 86400, series=keys)
    newest = {key: last_s for key, (last_s, _) in seen.items()}
    forms = chosen_forms(series, newest)
    intervals = silent_intervals(at)
    ends: dict[int, int] = {}
    for station_id, (key, _) in forms.items():
        if station_id in every_s:
            last_s = newest.get(key, 0)
            ends[key] = last_s if at_s - last_s <= intervals * every_s[station_id] else at_s
    five = {k: e for s, (k, form) in forms.items() if form == "P5" and (e := ends.get(k))}
    return {w: _sums(forms, ends, recent(telemetry).sums(five, window_s=w), w) for w in windows_s}


def _sums(
    forms: Mapping[int, tuple[int, str]],
    ends: Mapping[int, int],
    simple: Mapping[int, tuple[float, int]],
    window_s: int,
) -> dict[int, Sum]:
    """By station; five-minute rain is summed already."""
    found = {}
    moments = {end: from_s(end) for end in set(ends.values())}
    for station_id, (key, form) in forms.items():
        if key not in ends:
            continue
        if form == "P5":
            mm, n = simple.get(key, (0.0, 0))
            have_s = min(n * RAIN_STEP_S, window_s)
        else:
            since_s = ends[key] - window_s
            pieces = rain_pieces(key, form, since_s=since_s, until_s=ends[key])
            mm, have_s = total(pieces, since_s=since_s, until_s=ends[key])
        if have_s:
            found[station_id] = Sum(round(mm, 1), moments[ends[key]], have_s, window_s)
    return found


def rain_pieces(
    key: int, form: str, *, since_s: int, until_s: int, telemetry: Store | None = None
) -> list[Piece]:
    """The usable readings of one rain series as amounts over spans."""
    back = RAIN_FORMS[form] or LONGEST_S
    rows = (telemetry or store()).span([key], since_s=since_s - back, until_s=until_s + back)[key]
    values = [(v, value) for v, value, q, _ in rows if value is not None and usable(value, q)]
    return amounts(form, values)


def rain_extremes(*, hours: int) -> tuple[Station, Sum] | None:
    """The gauge with the most rain of the last hours."""
    sums = at_once(("rain", hours), lambda: rain_sums(at=clock.now(), window_s=hours * 3600))
    best = max(((found.mm, key) for key, found in sums.items()), default=None)
    return (Station.objects.get(pk=best[1]), sums[best[1]]) if best else None


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
    return at_once(("reporting",), _reporting)


def _reporting() -> tuple[int, int]:
    rows = Station.objects.filter(in_use()).values_list("pk", "report_every_s")
    newest, now_s, live = newest_usable(), clock.now().timestamp(), 0
    intervals = silent_intervals(clock.now())
    for key, every_s in rows:
        last_s = last_usable(newest.get(key, {}))
        live += last_s is not None and now_s - last_s <= intervals * every_s
    return live, len(rows)


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
