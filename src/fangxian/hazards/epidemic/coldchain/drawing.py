"""The way of a lot as a picture: what it came of to the left, what became of it to the right."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import models as m
from .trace import Reach

MOST = 60  # goods in a picture; the table beside has all
WIDE, HIGH = 150, 34


@dataclass(frozen=True, slots=True)
class Box:
    """One good in the picture."""

    x: int
    y: int
    text: str
    link: str
    sealed: bool
    own: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes and the lines between them, in units of a viewBox."""

    width: int
    height: int
    boxes: list[Box]
    lines: list[tuple[int, int, int, int]]


def picture_of(found: Reach, lots: Mapping[str, m.Lot]) -> Picture | None:
    """None where there is nothing but the lot itself, or too much to draw."""
    hops: dict[str, int] = dict.fromkeys(found.start, 0)
    hops |= {epc: hop for epc, hop in found.forward.items() if epc not in hops}
    hops |= {epc: -hop for epc, hop in found.back.items() if epc not in hops}
    if not 1 < len(hops) <= MOST:
        return None
    columns: dict[int, list[str]] = defaultdict(list)
    for epc, hop in sorted(hops.items(), key=lambda one: (one[1], one[0])):
        columns[hop].append(epc)
    first = min(columns)
    where: dict[str, tuple[int, int]] = {}
    for hop, epcs in columns.items():
        for n, epc in enumerate(epcs):
            where[epc] = ((hop - first) * (WIDE + 40), n * (HIGH + 12))
    boxes = [_box(epc, where[epc], lots.get(epc), epc in found.start) for epc in where]
    height = max(y for _, y in where.values()) + HIGH
    width = max(x for x, _ in where.values()) + WIDE
    return Picture(width, height, boxes, _lines(found, where))


def _box(epc: str, at: tuple[int, int], lot: m.Lot | None, own: bool) -> Box:
    text = lot.number if lot else epc.rsplit("/", 1)[-1][-18:]
    link = f"/coldchain/lots/{lot.number}" if lot else ""
    return Box(at[0], at[1], text, link, bool(lot and lot.seal), own)


def _lines(found: Reach, where: dict[str, Any]) -> list[tuple[int, int, int, int]]:
    """From what went in to what came out, of each event that was used."""
    sides: dict[int, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    keys = sorted(found.events)
    for at in range(0, len(keys), 900):
        rows = m.EventItem.objects.filter(event__in=keys[at : at + 900])
        for event, role, epc in rows.values_list("event_id", "role", "epc"):
            if epc in where:
                sides[event][role].append(epc)
    roles = m.EventItem.Role
    lines = set()
    for held in sides.values():
        for a, b in ((roles.INTO, roles.OUT), (roles.WHOLE, roles.PART)):
            for one in held.get(a, ()):
                for other in held.get(b, ()):
                    (x, y), (u, v) = where[one], where[other]
                    if x < u:
                        lines.add((x + WIDE, y + HIGH // 2, u, v + HIGH // 2))
                    elif x > u:
                        lines.add((x, y + HIGH // 2, u + WIDE, v + HIGH // 2))
    return sorted(lines)
