"""The map of drought as shapes on a page: outlines of counties, or tiles where a county of the city
has none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import counties_outline

WIDE, HIGH = 1000, 860
FLAT = 0.92  # a degree of longitude here is so much shorter than one of latitude
TILES, TILE_W, TILE_H = 4, 240, 150
LABEL_W, LABEL_H = 190, 46  # of a name with its grade below
Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A county as it is drawn: its rings as points of SVG, and where its name stands."""

    county: Place
    paths: tuple[str, ...]
    x: float
    y: float


def shapes(counties: Sequence[Place]) -> tuple[list[Shape], tuple[int, int]]:
    """Each county, and the size of the picture."""
    known = _outlines()
    if all(county.code in known for county in counties):
        drawn = [Shape(county, *known[county.code]) for county in counties]
        return _apart(drawn), (WIDE, HIGH)
    rows = -(-len(counties) // TILES)
    return [_tile(n, county) for n, county in enumerate(counties)], (WIDE, rows * TILE_H + 10)


def _apart(drawn: Iterable[Shape]) -> list[Shape]:
    """With names that would lie on another moved below it."""
    placed: list[Shape] = []
    for shape in sorted(drawn, key=lambda one: one.y):
        y = shape.y
        for other in placed:  # from above to below
            if abs(other.x - shape.x) < LABEL_W and abs(other.y - y) < LABEL_H:
                y = other.y + LABEL_H
        placed = sorted([*placed, replace(shape, y=y)], key=lambda one: one.y)
    return placed


def _tile(n: int, county: Place) -> Shape:
    x, y = 20 + n % TILES * TILE_W, 10 + n // TILES * TILE_H
    w, h = TILE_W - 10, TILE_H - 10
    path = f"{x},{y} {x + w},{y} {x + w},{y + h} {x},{y + h}"
    return Shape(county, (path,), x + w / 2, y + h / 2)


@lru_cache(maxsize=1)
def _outlines() -> dict[str, tuple[tuple[str, ...], float, float]]:
    features = counties_outline()["features"]
    every = [p for f in features for ring in _rings(f["geometry"]) for p in ring]
    west, east = min(p[0] for p in every), max(p[0] for p in every)
    south, north = min(p[1] for p in every), max(p[1] for p in every)
    scale = min(WIDE / (east - west) / FLAT, HIGH / (north - south)) * 0.98
    pad = (WIDE - (east - west) * scale * FLAT) / 2

    def at(lon: float, lat: float) -> tuple[float, float]:
        return pad + (lon - west) * scale * FLAT, 8 + (north - lat) * scale

    found = {}
    for feature in features:
        rings = _rings(feature["geometry"])
        paths = tuple(_path(at(*p) for p in ring) for ring in rings)
        largest = max(rings, key=len)
        lon = sum(p[0] for p in largest) / len(largest)
        lat = sum(p[1] for p in largest) / len(largest)
        found[str(feature["properties"]["adcode"])] = (paths, *at(lon, lat))
    return found


def _path(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.0f},{y:.0f}" for x, y in points)


def _rings(geometry: dict[str, Any]) -> list[Points]:
    many = geometry["type"] == "MultiPolygon"
    polygons = geometry["coordinates"] if many else [geometry["coordinates"]]
    return [tuple((p[0], p[1]) for p in polygon[0]) for polygon in polygons]
