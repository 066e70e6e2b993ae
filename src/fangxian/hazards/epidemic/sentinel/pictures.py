"""Small pictures drawn on the server: bars of a series, a curve with its estimate, towns on a map.
Their numbers stand in a table beside them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians
from typing import NamedTuple

from fangxian.spine.registry.read import counties_outline

WIDE, HIGH = 720, 120
MAP_WIDE = 720


@dataclass(frozen=True, slots=True)
class Bar:
    """A day in the picture: what is counted, and where it is ``open`` above it the estimate with
    its range."""

    x: float
    width: float
    top: float
    height: float
    likely: float
    low: float
    high: float
    open: bool
    last: bool
    title: str

    @property
    def kind(self) -> str:
        return "last" if self.last else ""

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def rise(self) -> float:
        """The height of the estimate."""
        return round(HIGH - self.likely, 1)


class Shown(NamedTuple):
    """A day to draw: its label, its count, and an estimate (low, middle, high)."""

    label: str
    n: float | None
    estimate: tuple[float, float, float] | None = None
    last: bool = False


def bars(days: Sequence[Shown]) -> list[Bar]:
    """The bars of the days; a day without a count or an estimate has none."""
    tops = [max(day.n or 0, day.estimate[2] if day.estimate else 0) for day in days]
    most = max(tops, default=0) or 1
    width = WIDE / max(len(days), 1)
    gap = 2 if width > 8 else 1
    return [
        _bar(day, round(k * width, 1), round(width - gap, 1), most)
        for k, day in enumerate(days)
        if day.n is not None or day.estimate
    ]


def _bar(day: Shown, x: float, width: float, most: float) -> Bar:
    def y(n: float) -> float:
        return round(HIGH - n / most * HIGH, 1)

    n = day.n or 0
    low, middle, high = day.estimate or (0, n, 0)
    told = "—" if day.n is None else f"{n:g}"
    title = f"{day.label} {told}"
    if day.estimate:
        title += f" → {middle:.0f} ({low:.0f}–{high:.0f})"
    height = round(n / most * HIGH, 1)
    open_ = day.estimate is not None
    return Bar(x, width, y(n), height, y(middle), y(low), y(high), open_, day.last, title)


Range = tuple[float, float, float]  # low, middle, high


@dataclass(frozen=True, slots=True)
class Band:
    """A range over time with its middle, as points of a polygon and a polyline; where the line of
    1 lies, and what the height of the picture stands for."""

    area: str
    line: str
    one: float
    most: float
    told: tuple[tuple[str, Range], ...]


def band(days: Sequence[tuple[str, Range | None]]) -> Band | None:
    """Of days with their label, those that have a range; None where none has."""
    known = [(k, row) for k, (_, row) in enumerate(days) if row is not None]
    if not known:
        return None
    told = tuple((label, row) for label, row in days if row is not None)
    most = max(2.0, *(row[2] for _, row in known))
    width = WIDE / len(days)

    def at(k: int, value: float) -> str:
        return f"{(k + 0.5) * width:.1f},{HIGH - value / most * HIGH:.1f}"

    upper = [at(k, row[2]) for k, row in known]
    lower = [at(k, row[0]) for k, row in reversed(known)]
    line = " ".join(at(k, row[1]) for k, row in known)
    return Band(" ".join(upper + lower), line, round(HIGH - HIGH / most, 1), round(most, 1), told)


class Dot(NamedTuple):
    """A town on the map."""

    x: float
    y: float
    size: float
    on: bool
    title: str


@dataclass(frozen=True, slots=True)
class TownMap:
    """Outlines of counties as paths, towns as dots, and the height of the picture."""

    outlines: tuple[str, ...]
    dots: tuple[Dot, ...]
    wide: int
    high: float


class Town(NamedTuple):
    """A town to draw: where, its name, its cases, whether it is one of those meant."""

    lat: float
    lon: float
    name: str
    n: float
    on: bool


def town_map(towns: Iterable[Town]) -> TownMap:
    """The counties with the towns, those meant drawn last; the size of a dot goes by its cases."""
    west, north, scale, flat, high = _frame()
    towns = sorted(towns, key=lambda town: (town.on, town.n))
    most = max((town.n for town in towns), default=0) or 1
    dots = [
        Dot(
            round((town.lon - west) * scale * flat, 1),
            round((north - town.lat) * scale, 1),
            round(3 + 9 * (town.n / most) ** 0.5, 1),
            town.on,
            f"{town.name} {town.n:g}",
        )
        for town in towns
    ]
    return TownMap(_outlines(), tuple(dots), MAP_WIDE, high)


@lru_cache(1)
def _rings() -> list[list[list[float]]]:
    found = []
    for feature in counties_outline()["features"]:
        shape = feature["geometry"]
        parts = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        found += [part[0] for part in parts]
    return found


@lru_cache(1)
def _frame() -> tuple[float, float, float, float, float]:
    """West, north, pixels a degree of latitude, how much shorter one of longitude is, height."""
    points = [point for ring in _rings() for point in ring]
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    south, north = min(p[1] for p in points), max(p[1] for p in points)
    flat = cos(radians((south + north) / 2))
    scale = MAP_WIDE / ((east - west) * flat)
    return west, north, scale, flat, round((north - south) * scale, 1)


@lru_cache(1)
def _outlines() -> tuple[str, ...]:
    west, north, scale, flat, _ = _frame()

    def at(point: list[float]) -> str:
        return f"{(point[0] - west) * scale * flat:.0f} {(north - point[1]) * scale:.0f}"

    return tuple("M" + "L".join(dict.fromkeys(map(at, ring))) + "Z" for ring in _rings())
