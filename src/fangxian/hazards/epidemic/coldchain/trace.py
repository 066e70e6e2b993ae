"""The graph of goods read: what a good became, what it came of, where it was. An event joins what
went in with what came out; a whole joins its parts."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection
from django.db.models import QuerySet

from . import models as m

Key = TypeVar("Key")
CHUNK = 900
ROLE = m.EventItem.Role
# an event's own sides: from which role to which, forward in time
FORWARD = {ROLE.INTO: (ROLE.OUT,), ROLE.WHOLE: (ROLE.PART,), ROLE.PART: (ROLE.WHOLE,)}
BACK = {ROLE.OUT: (ROLE.INTO,)}


@dataclass(frozen=True, slots=True)
class Reach:
    """Goods downstream and upstream of some goods, with the hop at which each was met, and the
    events that joined them."""

    start: frozenset[str]
    forward: dict[str, int]
    back: dict[str, int]
    events: frozenset[int] = field(default_factory=frozenset)

    def everything(self) -> set[str]:
        return {*self.start, *self.forward, *self.back}


def events() -> QuerySet[m.GoodsEvent]:
    """Events that count."""
    return m.GoodsEvent.objects.filter(withdrawn_at=None)


def reach_of(epcs: Iterable[str], *, hops: int = 40) -> Reach:
    """All goods that can have come out of these or went into them. Loops end: each good is met
    once."""
    start = frozenset(epcs)
    used: set[int] = set()
    forward = _walk(start, FORWARD, hops, used)
    back = _walk(start, BACK, hops, used)
    return Reach(start, forward, back, frozenset(used))


def _walk(
    start: Collection[str], ways: dict[Any, tuple[Any, ...]], hops: int, used: set[int]
) -> dict[str, int]:
    others = {role for roles in ways.values() for role in roles}
    met: dict[str, int] = {}
    front = set(start)
    for hop in range(1, hops + 1):
        sides: dict[int, set[int]] = {}  # event: roles in which the front stands there
        for part in _parts(sorted(front)):
            for event, role in _rows(STANDING, part, ways):
                sides.setdefault(event, set()).add(role)
        _joined(sides)
        found: set[str] = set()
        for keys in _parts(sorted(sides)):
            for event, role, epc in _rows(JOINED, keys, others):
                if any(role in ways[side] for side in sides[event]):
                    used.add(event)
                    found.add(epc)
        front = found - met.keys() - set(start)
        if not front:
            break
        met |= dict.fromkeys(front, hop)
    return met


# Said to the database as text: of a hundred thousand goods the half of the time went into making
# queries.
STANDING = """SELECT item.event_id, item.role FROM coldchain_eventitem item
JOIN coldchain_goodsevent event ON event.id = item.event_id
WHERE item.epc IN ({keys}) AND item.role IN ({roles}) AND event.withdrawn_at IS NULL"""
JOINED = """SELECT event_id, role, epc FROM coldchain_eventitem
WHERE event_id IN ({keys}) AND role IN ({roles})"""


def _rows(question: str, keys: Sequence[Any], roles: Iterable[int]) -> list[tuple[Any, ...]]:
    told = {"keys": ",".join(["%s"] * len(keys)), "roles": ",".join(str(int(r)) for r in roles)}
    with connection.cursor() as cursor:
        cursor.execute(question.format(**told), list(keys))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _joined(sides: dict[int, set[int]]) -> None:
    """Work that was told in several events under one number is one work."""
    works: dict[str, set[int]] = {}
    for part in _parts(sorted(sides)):
        rows = m.GoodsEvent.objects.filter(pk__in=part).exclude(transformation="")
        for key, work in rows.values_list("pk", "transformation"):
            works.setdefault(work, set()).update(sides[key])
    for names in _parts(sorted(works)):
        told = events().filter(transformation__in=names)
        for key, work in told.values_list("pk", "transformation"):
            sides.setdefault(key, set()).update(works[work])


def _parts(keys: Sequence[Key]) -> Iterable[Sequence[Key]]:
    for at in range(0, len(keys), CHUNK):
        yield keys[at : at + CHUNK]


@dataclass(frozen=True, slots=True)
class Seen:
    """A good at a place at a time."""

    epc: str
    at: datetime
    step: str
    location: str
    site_id: int | None


def places_of(epcs: Iterable[str]) -> list[Seen]:
    """Where goods were seen, in the order of time."""
    found = []
    for part in _parts(sorted(set(epcs))):
        rows = m.EventItem.objects.filter(epc__in=part, event__withdrawn_at=None)
        for epc, at, step, location, point, site in rows.values_list(
            "epc",
            "event__at",
            "event__biz_step",
            "event__location",
            "event__read_point",
            "event__site",
        ):
            if location or point or site:
                found.append(Seen(epc, at, step, location or point, site))
    return sorted(found, key=lambda seen: (seen.at, seen.epc))
