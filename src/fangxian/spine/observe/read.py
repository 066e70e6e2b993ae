"""Selectors of observe: stations and their readings as people and programs want them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from fangxian.spine.core import clock, things
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.core.things import Kind, Thing

from .models import Quarantine, Series, Station
from .rules import silence_limit
from .store import Quality, from_s, store


def stations(*, seat: Seat) -> QuerySet[Station]:
    prefix = visible(seat, "map.read")
    if prefix is None:
        return Station.objects.none()
    found = Station.objects.filter(retired_at__isnull=True, place__path__startswith=prefix)
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
    """A station at one moment: newest report, rain sums with completeness, stage."""

    station: Station
    last_at: datetime | None
    stale: bool
    rain_1h_mm: float | None
    rain_24h_mm: float | None
    missing_24h: int
    stage_m: float | None


def stations_now(rows: Iterable[Station], *, at: datetime | None = None) -> list[Now]:
    """The state of stations at ``at``. A sum over missing steps is a lower bound and says so; with
    no reading at all it is None, never zero."""
    at = at or clock.now()
    at_s = int(at.timestamp()) // 300 * 300
    telemetry = store()
    hour = telemetry.sums(since_s=at_s - 3600, until_s=at_s)
    day = telemetry.sums(since_s=at_s - 86400, until_s=at_s)
    newest = telemetry.at(until_s=int(at.timestamp()), within_s=7 * 86400)
    series: dict[int, dict[str, int]] = {}
    for key, station_id, element in Series.objects.values_list("id", "station_id", "element"):
        series.setdefault(station_id, {})[element] = key
    found = []
    for one in rows:
        mine = series.get(one.pk, {})
        times = [newest[k][0] for k in mine.values() if k in newest]
        last = from_s(max(times)) if times else None
        rain, level = mine.get("P5", -1), mine.get("Z", mine.get("ZU", -1))
        rain_1h, rain_24h = hour.get(rain), day.get(rain)
        found.append(
            Now(
                station=one,
                last_at=last,
                stale=last is None or at - last > silence_limit(one, at=at),
                rain_1h_mm=round(rain_1h[0], 1) if rain_1h else None,
                rain_24h_mm=round(rain_24h[0], 1) if rain_24h else None,
                missing_24h=288 - (rain_24h[1] if rain_24h else 0),
                stage_m=newest[level][1] if level in newest else None,
            )
        )
    return found


def rain_extremes(*, hours: int) -> tuple[Station, float] | None:
    """The gauge with the most rain of the last hours."""
    now_s = int(clock.now().timestamp())
    sums = store().sums(since_s=now_s - hours * 3600, until_s=now_s)
    keys = dict(Series.objects.filter(element="P5").values_list("id", "station_id"))
    best = max(((sums[k][0], s) for k, s in keys.items() if k in sums), default=None)
    return (Station.objects.get(pk=best[1]), round(best[0], 1)) if best else None


def reporting() -> tuple[int, int]:
    """Stations that report in time, of all."""
    rows = list(Station.objects.filter(retired_at__isnull=True))
    newest: dict[int, int] = {}
    latest = store().latest()
    for key, station_id in Series.objects.values_list("id", "station_id"):
        if key in latest:
            newest[station_id] = max(newest.get(station_id, 0), latest[key][0])
    now = clock.now()
    live = sum(
        one.pk in newest and now - from_s(newest[one.pk]) <= silence_limit(one, at=now)
        for one in rows
    )
    return live, len(rows)


def timeliness(one: Station, *, hours: int = 24) -> tuple[int, int]:
    """Reports received and expected over the last hours (到报率)."""
    now_s = int(clock.now().timestamp())
    expected = hours * 3600 // one.report_every_s
    keys = list(one.series.filter(element__in=["P5", "Z", "ZU"]).values_list("id", flat=True))
    rows = store().span(keys, since_s=now_s - hours * 3600, until_s=now_s)
    slots = {
        v // one.report_every_s
        for found in rows.values()
        for v, value, *_ in found
        if value is not None
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


def hourly_rain(rows: list[dict[str, Any]], *, until: datetime, hours: int) -> list[dict[str, Any]]:
    """Five-minute rain as clock hours: sum, and how many of the twelve are there."""
    last = until.replace(minute=0, second=0, microsecond=0)
    found = []
    sums: dict[datetime, tuple[float, int]] = {}
    for row in rows:
        if row["value"] is None or row["quality"] in {"bad", "missing"}:
            continue
        end = (row["at"] - timedelta(seconds=1)).replace(minute=0, second=0) + timedelta(hours=1)
        total, n = sums.get(end, (0.0, 0))
        sums[end] = (total + row["value"], n + 1)
    for k in range(hours, -1, -1):
        end = last - timedelta(hours=k)
        total, n = sums.get(end, (0.0, 0))
        found.append({"at": end, "value": round(total, 1) if n else None, "present": n})
    return found


def _things(keys: Collection[str]) -> Iterable[Thing]:
    for one in Station.objects.filter(code__in=keys):
        yield Thing("station", one.code, one.name, f"/stations/{one.code}", one.place_id)


things.declare(Kind("station", "测站", "station", _things))
