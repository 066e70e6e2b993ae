"""Outlines as points of SVG, for pictures that need no script."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .read import counties_outline

WIDE, HIGH = 1000, 860
FLAT = 0.92  # a degree of longitude here is so much shorter than one of latitude
Geometry = Mapping[str, Any]  # of GeoJSON, a polygon or several


@dataclass(frozen=True, slots=True)
class Outline:
    """A land as it is drawn: its rings as points of SVG, and where its name stands."""

    paths: tuple[str, ...]
    x: float
    y: float


class Sheet:
    """A sheet of WIDE by HIGH on which some geometries just fit."""

    def __init__(self, geometries: Iterable[Geometry]) -> None:
        every = [p for one in geometries for ring in _rings(one) for p in ring]
        self._west, east = min(p[0] for p in every), max(p[0] for p in every)
        south, self._north = min(p[1] for p in every), max(p[1] for p in every)
        wide, high = (east - self._west) * FLAT, self._north - south
        self._scale = min(WIDE / max(wide, 1e-6), HIGH / max(high, 1e-6)) * 0.98
        self._pad = (WIDE - wide * self._scale) / 2

    def draw(self, one: Geometry) -> Outline:
        rings = [[self._at(p[0], p[1]) for p in ring] for ring in _rings(one)]
        largest = max(rings, key=len)
        x, y = (sum(p[k] for p in largest) / len(largest) for k in (0, 1))
        paths = tuple(" ".join(f"{a:.0f},{b:.0f}" for a, b in ring) for ring in rings)
        return Outline(paths, x, y)

    def _at(self, lon: float, lat: float) -> tuple[float, float]:
        return (
            self._pad + (lon - self._west) * self._scale * FLAT,
            8 + (self._north - lat) * self._scale,
        )


def _rings(one: Geometry) -> list[Sequence[Sequence[float]]]:
    many = one["type"] == "MultiPolygon"
    polygons = one["coordinates"] if many else [one["coordinates"]]
    return [polygon[0] for polygon in polygons]


@lru_cache(maxsize=1)
def county_outlines() -> dict[str, tuple[str, Outline]]:
    """Name and outline of each county, by code."""
    features = counties_outline()["features"]
    sheet = Sheet(f["geometry"] for f in features)
    return {
        str(f["properties"]["adcode"]): (f["properties"]["name"], sheet.draw(f["geometry"]))
        for f in features
    }
