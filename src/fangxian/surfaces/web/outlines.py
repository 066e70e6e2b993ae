"""Pictures that need no script: the counties with what is worst in each, and a square to scan."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fangxian.spine.assess.read import active_signals
from fangxian.spine.core.hazards import of_others
from fangxian.spine.core.rights import Seat
from fangxian.spine.registry.read import counties_outline

WIDE, HIGH = 1000, 860
FLAT = 0.92  # a degree of longitude here is so much shorter than one of latitude


@dataclass(frozen=True, slots=True)
class Shape:
    """A county as it is drawn, its name, the worst level of its signals and how many there are."""

    name: str
    paths: tuple[str, ...]
    x: float
    y: float
    level: int | None
    n: int


@lru_cache(maxsize=1)
def _outlines() -> tuple[tuple[str, str, tuple[str, ...], float, float], ...]:
    features = counties_outline()["features"]
    every = [p for f in features for ring in _rings(f["geometry"]) for p in ring]
    west, east = min(p[0] for p in every), max(p[0] for p in every)
    south, north = min(p[1] for p in every), max(p[1] for p in every)
    scale = min(WIDE / (east - west) / FLAT, HIGH / (north - south)) * 0.98
    pad = (WIDE - (east - west) * scale * FLAT) / 2

    def at(lon: float, lat: float) -> tuple[float, float]:
        return pad + (lon - west) * scale * FLAT, 8 + (north - lat) * scale

    found = []
    for feature in features:
        rings = _rings(feature["geometry"])
        paths = tuple(" ".join(f"{x:.0f},{y:.0f}" for x, y in (at(*p) for p in r)) for r in rings)
        largest = max(rings, key=len)
        lon = sum(p[0] for p in largest) / len(largest)
        lat = sum(p[1] for p in largest) / len(largest)
        told = feature["properties"]
        found.append((str(told["adcode"]), str(told["name"]), paths, *at(lon, lat)))
    return tuple(found)


def _rings(geometry: dict[str, Any]) -> list[list[tuple[float, float]]]:
    many = geometry["type"] == "MultiPolygon"
    polygons = geometry["coordinates"] if many else [geometry["coordinates"]]
    return [[(p[0], p[1]) for p in polygon[0]] for polygon in polygons]


def shapes(*, seat: Seat, hq: str = "all") -> list[Shape]:
    """Every county with its signals, as far as the seat sees them and the headquarters answers for
    them."""
    others = [] if hq == "all" else of_others(hq)
    worst: dict[str, int] = {}
    counts: dict[str, int] = {}
    for signal in (
        active_signals(seat=seat).exclude(hazard__in=others).select_related("place__parent__parent")
    ):
        county = signal.place.ancestor("county")
        if county is None:
            continue
        counts[county.code] = counts.get(county.code, 0) + 1
        worst[county.code] = min(worst.get(county.code, 9), signal.level)
    return [
        Shape(name, paths, x, y, worst.get(code), counts.get(code, 0))
        for code, name, paths, x, y in _outlines()
    ]
