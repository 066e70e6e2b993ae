"""The map of drought as shapes on a page: outlines of counties, or tiles where a county of the city
has none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fangxian.spine.registry.models import Place
from fangxian.spine.registry.outlines import HIGH, WIDE, county_outlines

TILES, TILE_W, TILE_H = 4, 240, 150
LABEL_W, LABEL_H = 190, 46  # of a name with its grade below


@dataclass(frozen=True, slots=True)
class Shape:
    """A county as it is drawn: its rings as points of SVG, and where its name stands."""

    county: Place
    paths: tuple[str, ...]
    x: float
    y: float


def shapes(counties: Sequence[Place]) -> tuple[list[Shape], tuple[int, int]]:
    """Each county, and the size of the picture."""
    known = county_outlines()
    if all(county.code in known for county in counties):
        lines = [(county, known[county.code][1]) for county in counties]
        drawn = [Shape(county, line.paths, line.x, line.y) for county, line in lines]
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
