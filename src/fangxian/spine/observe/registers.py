"""Registers of observe: stations with their newest state, and strangers that wait."""

from collections.abc import Sequence
from typing import Any

from fangxian.spine.core.registers import Column, Register
from fangxian.spine.core.rights import Seat
from fangxian.spine.registry.read import towns

from . import read
from .models import Station


def _now(rows: Sequence[Station]) -> Sequence[read.Now]:
    return read.stations_now(rows)


def _towns(seat: Seat) -> dict[str, Any]:
    return {"towns": towns(seat=seat)}


STATIONS = Register(
    "stations",
    "测站",
    "Stations",
    "map.read",
    lambda seat: read.stations(seat=seat),
    (
        Column(
            "name",
            "站名",
            "Name",
            lambda n: n.station.name,
            "name",
            link=lambda n: f"/stations/{n.station.code}",
        ),
        Column("code", "站码", "Code", lambda n: n.station.code, "code"),
        Column("place", "区划代码", "Place code", lambda n: n.station.place.code, page=False),
        Column("place_name", "地点", "Place", lambda n: n.station.place.name, "place__code"),
        Column("river", "河流", "River", lambda n: n.station.river, "river"),
        Column("lon", "经度", "Longitude", lambda n: n.station.lon, kind="number", page=False),
        Column("lat", "纬度", "Latitude", lambda n: n.station.lat, kind="number", page=False),
        Column("origin", "来源", "Origin", lambda n: n.station.origin),
        Column("datum", "基面", "Datum", lambda n: n.station.datum),
        Column("last_at", "最近来报", "Last report", lambda n: n.last_at, kind="time"),
        Column("stale", "过期", "Stale", lambda n: n.stale, kind="flag"),
        Column("rain_mm_1h", "1小时 mm", "1 h mm", lambda n: n.rain_1h_mm, kind="number"),
        Column("rain_mm_24h", "24小时 mm", "24 h mm", lambda n: n.rain_24h_mm, kind="number"),
        Column(
            "missing_steps_24h", "缺测段", "Missing steps", lambda n: n.missing_24h, kind="number"
        ),
        Column("stage_m", "水位 m", "Level m", lambda n: n.stage_m, kind="number"),
    ),
    order=("code",),
    search=("name", "code", "river"),
    dress=_now,
)
STRANGERS = Register(
    "strangers",
    "未登记测站",
    "Unknown stations",
    "quarantine.adopt",
    lambda seat: read.quarantine(seat=seat),
    (
        Column("code", "站码", "Code", lambda q: q.code, "code"),
        Column("first_at", "首次", "First", lambda q: q.first_at, "first_at", kind="time"),
        Column("last_at", "最近", "Last", lambda q: q.last_at, "last_at", kind="time"),
        Column("frames", "报文", "Messages", lambda q: q.frames, "frames", kind="number"),
        Column("looked_by", "过目", "Looked at by", lambda q: q.looked_by),
    ),
    order=("first_at",),
    search=("code",),
    form="web/stranger_form.html",
    beside=_towns,
)
LISTS = (STATIONS, STRANGERS)
