"""Cover rules of observe: no silent station, no village without a gauge, no stranger ignored."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.registry.models import Duty, Place

from .models import Quarantine, Series, Station
from .rules import observing, silence_limit
from .store import from_s, store


def _owners(kind: str) -> dict[str, int | None]:
    """Post in the A role by thing."""
    rows = Duty.objects.filter(thing_kind=kind, role="A", valid_to__isnull=True)
    return dict(rows.values_list("thing_id", "post_id"))


def silent_stations(at: datetime) -> Iterator[Judged]:
    latest = store().latest()
    by_station: dict[int, int] = {}
    for series_id, station_id in Series.objects.values_list("id", "station_id"):
        if series_id in latest:
            by_station[station_id] = max(latest[series_id][0], by_station.get(station_id, 0))
    owners = _owners("station")

    def judge(station: Station) -> Uncovered | None:
        last_s = by_station.get(station.pk)
        last = from_s(last_s) if last_s else station.adopted_at
        if at - last <= silence_limit(station, at=at):
            return None
        return Uncovered(
            "station",
            station.code,
            last,
            owners.get(station.code),
            station.place_id,
            {"station": station.name, "code": station.code, "never": last_s is None},
        )

    stations = Station.objects.filter(retired_at__isnull=True).select_related("place")
    return judged("station-silent", "station", stations, judge, key=lambda s: s.code)


def villages_without_gauge(at: datetime) -> Iterator[Uncovered]:
    gauges = Station.objects.filter(
        retired_at__isnull=True, lon__isnull=False, series__element="P5"
    ).values_list("lon", "lat")
    points = np.radians(np.array(gauges, float).reshape(-1, 2))
    villages = list(
        Place.objects.filter(kind="village", lon__isnull=False, successor__isnull=True)
        .order_by("id")
        .values_list("lon", "lat", "code", "name", "id", "parent__code", "parent__name")
    )
    limit_km = observing(at)["gauge_within_km"]
    owners = _owners("place")
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
            owners.get(town_code),
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
        every_s=300,
    ),
    CoverRule(
        "village-without-gauge",
        "监测盲区",
        "Blind spot",
        "{town} {village} {limit_km:g} km 内无雨量站，最近 {km} km",
        "{town} {village}: no rain gauge within {limit_km:g} km, the nearest is {km} km away",
        villages_without_gauge,
        every_s=21600,
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
