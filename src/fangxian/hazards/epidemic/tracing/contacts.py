"""Contacts of cases by the rules of their onset: whom they met, and whom those met, directly or at
one place, carrier or lot."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fangxian.spine.core import clock

from .models import Node
from .read import CHUNK, FAR_S, Part, alike, around
from .rules import Rules, rules


def infectious_from(case: Node, by: Rules) -> datetime:
    """From when on a case could pass it on: so many days before its onset."""
    assert case.onset_at is not None  # noqa: S101 - a case has an onset
    day = clock.beijing(case.onset_at).date() - timedelta(days=by.look_back_days)
    return datetime.combine(day, datetime.min.time(), clock.BEIJING)


def traced_from(node: Node) -> datetime:
    """From when on a trace of a node begins: a case could pass it on from a day by the rules; of
    anything else the days before now that the rules name."""
    if node.state == Node.State.CASE and node.onset_at is not None:
        return infectious_from(node, rules(node.onset_at))
    now = clock.now()
    return now - timedelta(days=rules(now).trace_days)


WAY = 4  # edges to a contact's contact: a thing between two persons doubles the way


@dataclass(frozen=True, slots=True)
class Met:
    """Somebody whom a case (step 1) or its contact (step 2) met, from when to when last."""

    step: int
    since: datetime
    until: datetime


def cases_near(near: Collection[int]) -> list[Node]:
    """Cases whose contacts may change when something of these nodes does."""
    keys = list(alike(around(near, WAY).number))
    found: list[Node] = []
    for at in range(0, len(keys), CHUNK):
        rows = Node.objects.filter(pk__in=keys[at : at + CHUNK], state=Node.State.CASE)
        found += rows.filter(onset_at__isnull=False)
    return found


def contacts_of(case: Node) -> dict[int, Met]:
    """Persons who are contacts of a case, or contacts of these, by the rules of its onset: through
    a place, a vehicle or goods too, which are no step of their own."""
    by = rules(case.onset_at or clock.now())
    part = around([case.pk], WAY)
    since = int(infectious_from(case, by).timestamp())
    until = int(case.ends_at.timestamp()) if case.ends_at else FAR_S
    return _contacts(part, _kinds(part.keys), case, since, until, by.depth)


def _kinds(keys: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for at in range(0, len(keys), CHUNK):
        rows = Node.objects.filter(pk__in=keys[at : at + CHUNK])
        found.update(rows.values_list("pk", "kind"))
    return found


Meeting = tuple[int, int, int]  # node number, since, until


def _meetings(
    part: Part, kinds: dict[int, str], front: dict[int, tuple[int, int]]
) -> Iterable[Meeting]:
    """Persons whom those of ``front`` met in their spans: directly, or who were at the same thing
    at a time that meets theirs. A thing is looked at once, however many of them were there."""
    there: dict[int, list[tuple[int, int]]] = {}
    for number, (since, until) in front.items():
        for other, other_since, other_until in _of(part, number):
            begun, ended = max(other_since, since), min(other_until, until)
            if begun > ended:
                continue
            if kinds[part.keys[other]] == "person":
                yield other, begun, ended
            else:
                there.setdefault(other, []).append((begun, ended))
    for thing, spans in there.items():
        begins, ends = _joined(spans)
        for third, since, until in _of(part, thing):
            first, last = bisect_left(ends, since), bisect_right(begins, until) - 1
            if first <= last and kinds[part.keys[third]] == "person":
                yield third, max(since, begins[first]), min(until, ends[last])


def _joined(spans: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Spans that touch as one: where each begins and ends, in their order."""
    begins: list[int] = []
    ends: list[int] = []
    for begun, ended in sorted(spans):
        if ends and begun <= ends[-1]:
            ends[-1] = max(ends[-1], ended)
        else:
            begins.append(begun)
            ends.append(ended)
    return begins, ends


def _of(part: Part, number: int) -> Iterable[Meeting]:
    net = part.net
    for row in range(int(net.start[number]), int(net.start[number + 1])):
        yield int(net.other[row]), int(net.since[row]), int(net.until[row])


def _contacts(
    part: Part, kinds: dict[int, str], case: Node, since: int, until: int, depth: int
) -> dict[int, Met]:
    first = part.number[case.pk]
    front: dict[int, tuple[int, int]] = {first: (since, until)}
    found: dict[int, Met] = {}
    seen = {first}
    for step in range(1, depth + 1):
        met: dict[int, tuple[int, int]] = {}
        for other, b, e in _meetings(part, kinds, front):
            if other in seen:
                continue
            old = met.get(other)
            met[other] = (min(b, old[0]), max(e, old[1])) if old else (b, e)
        for other, (b, e) in met.items():
            seen.add(other)
            found[part.keys[other]] = Met(step, _at(b), _at(e))
        # what a contact passes on, he can from his first exposure on
        front = {other: (b, FAR_S) for other, (b, _) in met.items()}
    return found


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
