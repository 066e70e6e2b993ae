"""The heights that relative levels are above, dated."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import F

from fangxian.spine.core import clock

from .models import LevelBase, Station


def bases(stations: Iterable[Station]) -> dict[int, list[LevelBase]]:
    """The dated bases of stations, oldest first. A base found changed on the station itself counts
    from now on: what was sent before keeps the one of its time."""
    found: dict[int, list[LevelBase]] = defaultdict(list)
    for row in LevelBase.objects.order_by(F("valid_from").asc(nulls_first=True)):
        found[row.station_id].append(row)
    for station in stations:
        mine = found.get(station.pk)
        if station.level_base_m is None or (mine and mine[-1].base_m == station.level_base_m):
            continue
        since = clock.now() if mine else None
        row, _ = LevelBase.objects.update_or_create(
            station=station,
            valid_from=since,
            defaults={"base_m": station.level_base_m, "source": station.source or "测站登记"},
        )
        found[station.pk].append(row)
    return found


def base_at(rows: Sequence[LevelBase], at_s: float) -> float | None:
    """The base in force at a time, None before the first or without any."""
    held = [r.base_m for r in rows if r.valid_from is None or r.valid_from.timestamp() <= at_s]
    return held[-1] if held else None


def newest_base(station: Station) -> None:
    """The base of now onto the station itself, where relative levels read it."""
    rows = LevelBase.objects.filter(station=station)
    newest = rows.order_by(F("valid_from").desc(nulls_last=True)).first()
    base_m = newest.base_m if newest else None
    Station.objects.filter(pk=station.pk).update(level_base_m=base_m)
