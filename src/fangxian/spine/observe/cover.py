"""Cover rules of observe: no silent station, no village without a gauge, no stranger ignored."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import owners

from .elements import LEVELS, RAIN_FORMS, RELATIVE
from .models import Quarantine, Series, Station, StationClock, in_use
from .read import last_usable, newest_usable
from .rules import observing, silence_limit
from .store import from_s, store


def silent_stations(at: datetime) -> Iterator[Judged]:
    """Stations with nothing usable in time, whatever else they send."""
    newest, posts = newest_usable(), owners("station")

    def judge(station: Station) -> Uncovered | None:
        last_s = last_usable(newest.get(station.pk, {}))
        last = from_s(last_s) if last_s else station.adopted_at
        if at - last <= silence_limit(station, at=at):
            return None
        return _of_station(station, last, posts, never=last_s is None)

    stations = Station.objects.filter(in_use()).select_related("place")
    return judged("station-silent", "station", stations, judge, key=lambda s: s.code)


def _of_station(
    station: Station, since: datetime, posts: dict[str, int | None], **told: Any
) -> Uncovered:
    told = {"station": station.name, "code": station.code, **told}
    owner = posts.get(station.code)
    return Uncovered("station", station.code, since, owner, station.place_id, told)


def silent_sensors(at: datetime) -> Iterator[Judged]:
    """One sensor of a station that reports: its battery lives, its gauge does not."""
    newest, posts = newest_usable(), owners("station")

    def judge(station: Station) -> Uncovered | None:
        sensors, limit = newest.get(station.pk, {}), silence_limit(station, at=at)
        last_s = last_usable(sensors)
        if last_s is None or at - from_s(last_s) > limit:
            return None  # silent as a whole
        dead = {
            name: from_s(last) if last else station.adopted_at
            for name, last in sensors.items()
            if name and at - (from_s(last) if last else station.adopted_at) > limit
        }
        if not dead:
            return None
        words = "、".join(SENSORS[name][0] for name in sorted(dead))
        words_en = ", ".join(SENSORS[name][1] for name in sorted(dead))
        told = {"sensor": words, "sensor_en": words_en}
        return _of_station(station, min(dead.values()), posts, **told)

    stations = Station.objects.filter(in_use()).select_related("place")
    return judged("sensor-silent", "station", stations, judge, key=lambda s: s.code)


SENSORS = {"rain": ("雨量", "rain"), "Z": ("水位", "stage"), "ZU": ("库水位", "reservoir stage")}


def stuck_sensors(at: datetime) -> Iterator[Judged]:
    """Series that have said the same for longer than anything real does."""
    stuck, posts = store().stuck(), owners("station")
    rows = Series.objects.filter(in_use(path="station__"), pk__in=stuck)

    def judge(series: Series) -> Uncovered:
        told = {"station": series.station.name, "code": series.station.code}
        owner, place = posts.get(series.station.code), series.station.place_id
        told |= {"element": series.element}
        return Uncovered("series", str(series.pk), from_s(stuck[series.pk]), owner, place, told)

    return judged("sensor-stuck", "series", rows.select_related("station"), judge)


def wrong_clocks(at: datetime) -> Iterator[Judged]:
    """Stations whose own clock is not ours; what was taken off their readings is told."""
    posts = owners("station")
    bad = StationClock.objects.exclude(state=StationClock.State.RIGHT)

    def judge(row: StationClock) -> Uncovered:
        minutes = round(abs(row.offset_s) / 60)
        ahead = row.offset_s > 0
        moved = row.state == StationClock.State.DRIFT
        told = {
            "minutes": minutes,
            "side": "快" if ahead else "慢",
            "side_en": "ahead" if ahead else "behind",
            "what": "读数已按此改正" if moved else "读数不可信，未作判断",
            "what_en": "taken off its readings" if moved else "its readings are not judged",
        }
        return _of_station(row.station, row.since, posts, **told)

    rows = bad.filter(in_use(path="station__")).select_related("station__place")
    return judged("station-clock", "station", rows, judge, key=lambda r: r.station.code)


def levels_without_base(at: datetime) -> Iterator[Judged]:
    """Levels that come relative to a base nobody has entered: no mark can be held against them."""
    posts = owners("station")
    rows = Series.objects.filter(
        in_use(path="station__"), element__in=RELATIVE, station__level_base_m__isnull=True
    )

    def judge(series: Series) -> Uncovered:
        return _of_station(series.station, series.station.adopted_at, posts)

    stations = rows.select_related("station__place")
    return judged("level-without-base", "station", stations, judge, key=lambda s: s.station.code)


def no_gauge(at: datetime) -> Iterator[Judged]:
    """A city without a single gauge of a kind is blind as a whole."""
    there = Series.objects.filter(in_use(path="station__"))
    whole = Place.objects.filter(kind="city", successor=None).first()

    def judge(kind: str) -> Uncovered | None:
        elements = RAIN_FORMS if kind == "rain" else LEVELS
        if there.filter(element__in=elements).exists():
            return None
        told = {"what": SENSORS[kind][0], "what_en": SENSORS[kind][1], "place": whole or "—"}
        told = {name: str(word) for name, word in told.items()}
        return Uncovered("sensor", kind, at, None, whole.pk if whole else None, told)

    return judged("no-gauge", "sensor", ("rain", "Z"), judge)


def villages_without_gauge(at: datetime) -> Iterator[Uncovered]:
    gauges = Station.objects.filter(
        in_use(), lon__isnull=False, series__element__in=RAIN_FORMS
    ).values_list("lon", "lat")
    points = np.radians(np.array(gauges, float).reshape(-1, 2))
    villages = list(
        Place.objects.filter(kind="village", lon__isnull=False, successor__isnull=True)
        .order_by("id")
        .values_list("lon", "lat", "code", "name", "id", "parent__code", "parent__name")
    )
    limit_km = observing(at)["gauge_within_km"]
    posts = owners("place")
    if not villages or not len(points):
        return
    seats = np.radians(np.array([row[:2] for row in villages], float))
    nearest = nearest_km(seats, points)
    for number in np.flatnonzero(nearest > limit_km):
        _, _, code, name, key, town_code, town = villages[number]
        yield Uncovered(
            "place",
            code,
            at,
            posts.get(town_code),
            key,
            {
                "village": name,
                "town": town,
                "km": round(float(nearest[number]), 1),
                "limit_km": limit_km,
            },
        )


def nearest_km(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Great-circle distance of each point to the nearest of ``others``; (lon, lat) in radians."""
    lon, lat = points.T[:, :, None]
    lon2, lat2 = others.T[:, None, :]
    half = (
        np.sin((lat - lat2) / 2) ** 2 + np.cos(lat) * np.cos(lat2) * np.sin((lon - lon2) / 2) ** 2
    )
    return np.asarray(2 * 6371.0 * np.arcsin(np.sqrt(half)).min(axis=1))


def quarantine_not_looked_at(at: datetime) -> Iterator[Judged]:
    look_within_h = observing(at)["look_at_strangers_within_h"]

    def judge(row: Quarantine) -> Uncovered | None:
        if at - row.first_at <= timedelta(hours=look_within_h):
            return None
        told = {"code": row.code, "frames": row.frames}
        return Uncovered("quarantine", str(row.pk), row.first_at, None, None, told)

    unseen = Quarantine.objects.filter(looked_at__isnull=True, adopted_at__isnull=True)
    return judged("quarantine-unseen", "quarantine", unseen, judge)


RULES = [
    CoverRule(
        "station-silent",
        "测站无数据",
        "Silent station",
        "{station}（{code}）没有按时来报",
        "{station} ({code}) has not reported in time",
        silent_stations,
        every_s=60,
    ),
    CoverRule(
        "sensor-silent",
        "传感器无数据",
        "Silent sensor",
        "{station}（{code}）有来报，但{sensor}没有可用读数",
        "{station} ({code}) reports, but nothing usable of its {sensor_en}",
        silent_sensors,
        every_s=60,
    ),
    CoverRule(
        "sensor-stuck",
        "读数不变",
        "Stuck sensor",
        "{station}（{code}）{element} 读数长时间不变，疑似卡死",
        "{station} ({code}): {element} has not moved for too long and may be stuck",
        stuck_sensors,
        every_s=300,
    ),
    CoverRule(
        "station-clock",
        "测站时钟不准",
        "Station clock wrong",
        "{station}（{code}）时钟{side} {minutes} 分钟：{what}",
        "{station} ({code}): clock {minutes} min {side_en}; {what_en}",
        wrong_clocks,
        every_s=60,
    ),
    CoverRule(
        "level-without-base",
        "相对水位无基面",
        "Relative level without base",
        "{station}（{code}）来报相对水位而未登记基面高程，无法判别",
        "{station} ({code}) sends relative levels and has no base: they cannot be judged",
        levels_without_base,
        every_s=300,
        door="bases",
    ),
    CoverRule(
        "no-gauge",
        "全域无测站",
        "No gauge at all",
        "{place}没有任何{what}测站来报",
        "{place} has no {what_en} gauge at all",
        no_gauge,
        every_s=300,
        door="stations",
    ),
    CoverRule(
        "village-without-gauge",
        "监测盲区",
        "Blind spot",
        "{town} {village} {limit_km:g} km 内无雨量站，最近 {km} km",
        "{town} {village}: no rain gauge within {limit_km:g} km, the nearest is {km} km away",
        villages_without_gauge,
        every_s=21600,
        door="stations",
    ),
    CoverRule(
        "quarantine-unseen",
        "未登记测站无人过目",
        "Unknown station nobody looked at",
        "未登记测站 {code} 来报 {frames} 份，一天无人过目",
        "Unknown station {code} sent {frames} frames; nobody has looked for a day",
        quarantine_not_looked_at,
        every_s=600,
    ),
]
