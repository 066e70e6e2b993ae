"""The graph read: who was reached from whom, contacts of cases by rule, joint exposures, what hangs
on one interview, what would follow of one more edge."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.db.models import Q, QuerySet

from fangxian.kernels.epi.contacts import Network, Reached, network, reach
from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.people.models import Person

from .models import Edge, Node

CHUNK = 900
FAR_S = 2**40


def nodes(*, seat: Seat) -> QuerySet[Node]:
    """Nodes a seat may know of: things of its places, persons of its places."""
    prefix = visible(seat, "trace.read")
    rows = Node.objects.select_related("person", "place__parent")
    if prefix is None:
        return rows.none()
    if not prefix:
        return rows
    # what has no place of its own is known where somebody of one's places met it
    here = Node.objects.filter(place__path__startswith=prefix).values("pk")
    met = Edge.objects.filter(Q(a__in=here) | Q(b__in=here))
    loose = Q(place=None) & (Q(pk__in=met.values("a")) | Q(pk__in=met.values("b")))
    return rows.filter(Q(place__path__startswith=prefix) | loose)


def node_of(kind: str, key: str, *, seat: Seat) -> Node:
    """Raises ``not_found``. A person's joined records are one."""
    found = nodes(seat=seat).filter(kind=kind, key=key).first()
    if found is None:
        raise Problem("not_found", what=f"{kind} {key}")
    return found


def edges() -> QuerySet[Edge]:
    """Edges that count."""
    return Edge.objects.filter(withdrawn_at=None)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the graph in memory: rows of edges, and the numbers of their nodes (several records
    of one person have one number)."""

    rows: list[tuple[int, int, int, int, int]]  # edge, a, b, since, until
    number: dict[int, int]
    keys: list[int]  # of each number the node that speaks
    net: Network


def speakers(keys: Collection[int]) -> dict[int, int]:
    """Of nodes of persons whose records were joined, the node of the record that speaks; parted
    again they are two again."""
    found: dict[int, int] = {}
    wanted = list(keys)
    for at in range(0, len(wanted), CHUNK):
        rows = Node.objects.filter(
            pk__in=wanted[at : at + CHUNK], person__merged_into__isnull=False
        )
        for node in rows.select_related("person"):
            person = node.person
            while person is not None and person.merged_into_id is not None:
                person = person.merged_into
            other = Node.objects.filter(person=person).order_by("pk").first()
            if other is not None:
                found[node.pk] = other.pk
    return found


def alike(keys: Collection[int]) -> set[int]:
    """All nodes of the persons of these nodes: their records that were joined."""
    wanted = list(keys)
    found = set(wanted)
    for at in range(0, len(wanted), CHUNK):
        people = Node.objects.filter(pk__in=wanted[at : at + CHUNK], person__isnull=False)
        pks = list(people.values_list("person", "person__merged_into"))
        heads = {merged or own for own, merged in pks}
        rows = Node.objects.filter(Q(person__in=heads) | Q(person__merged_into__in=heads))
        found.update(rows.values_list("pk", flat=True))
    return found


def around(starts: Collection[int], depth: int) -> Part:
    """All edges within so many steps of some nodes, by two indexed questions a step."""
    seen: set[int] = set()
    front = alike(starts)
    rows: dict[int, tuple[int, int, int, int, int]] = {}
    for _ in range(depth):
        new: set[int] = set()
        keys = list(front)
        for at in range(0, len(keys), CHUNK):
            part = keys[at : at + CHUNK]
            for column in ("a__in", "b__in"):
                found = edges().filter(**{column: part})
                for pk, a, b, since, until in found.values_list(
                    "pk", "a", "b", "since_at", "until_at"
                ):
                    rows[pk] = (pk, a, b, int(since.timestamp()), int(until.timestamp()))
                    new.update((a, b))
        seen |= front
        front = alike(new - seen) - seen
        if not front:
            break
    return part_of(list(rows.values()), set(starts))


def part_of(rows: Sequence[tuple[int, int, int, int, int]], more: Iterable[int] = ()) -> Part:
    keys = {a for _, a, _, _, _ in rows} | {b for _, _, b, _, _ in rows} | set(more)
    joined = speakers(keys)
    heads = sorted({joined.get(key, key) for key in keys})
    number = {key: n for n, key in enumerate(heads)}
    number |= {key: number[joined[key]] for key in keys if key in joined}
    table = np.array([row[1:] for row in rows], dtype=np.int64).reshape(-1, 4)
    of = np.vectorize(number.__getitem__, otypes=[np.int64])
    a, b = (of(table[:, k]) if len(table) else table[:, k] for k in (0, 1))
    kept = np.flatnonzero(a != b)  # two records of one person do not meet
    net = network(
        nodes=len(heads), a=a[kept], b=b[kept], since=table[kept, 2], until=table[kept, 3]
    )
    return Part([rows[int(k)] for k in kept], number, heads, net)


@dataclass(frozen=True, slots=True)
class Step:
    """One node that was reached: in how many steps, from when on, by which edge, from whom."""

    node: Node
    step: int
    at: datetime
    edge: Edge | None
    before: int | None  # the node it came from


def trace(node: Node, *, depth: int, at: datetime, until: datetime | None = None) -> list[Step]:
    """Who can have had it from a node since a time, step by step in the order of time."""
    part = around([node.pk], depth)
    return _steps(part, reached(part, [node.pk], [at], depth, until))


def reached(
    part: Part, starts: Sequence[int], at: Sequence[datetime], depth: int, until: datetime | None
) -> Reached:
    return reach(
        part.net,
        starts=np.array([part.number[key] for key in starts], dtype=np.int64),
        at=np.array([int(one.timestamp()) for one in at], dtype=np.int64),
        depth=depth,
        until=int(until.timestamp()) if until else FAR_S,
    )


def _steps(part: Part, found: Reached) -> list[Step]:
    keys = [part.keys[n] for n in found.node]
    rows: dict[int, Node] = {}
    for at in range(0, len(keys), CHUNK):
        some = Node.objects.select_related("person", "place__parent").in_bulk(keys[at : at + CHUNK])
        rows |= some
    by = {part.rows[e][0] for e in found.edge if e >= 0}
    known: dict[int, Edge] = {}
    wanted = sorted(by)
    for at in range(0, len(wanted), CHUNK):
        known |= Edge.objects.in_bulk(wanted[at : at + CHUNK])
    told = []
    for k, key in enumerate(keys):
        edge = int(found.edge[k])
        before = int(found.before[k])
        told.append(
            Step(
                rows[key],
                int(found.step[k]),
                datetime.fromtimestamp(int(found.at[k]), UTC),
                known[part.rows[edge][0]] if edge >= 0 else None,
                keys[before] if before >= 0 else None,
            )
        )
    return told


def as_json(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Steps for programs; nobody's name."""
    return [
        {
            "kind": one.node.kind,
            "key": one.node.key,
            "label": one.node.label,
            "state": one.node.state,
            "step": one.step,
            "at": clock.beijing(one.at).isoformat(),
            "by": one.edge.kind if one.edge else None,
            "certainty": one.edge.certainty if one.edge else None,
            "source": f"{one.edge.source_kind}:{one.edge.source_key}" if one.edge else None,
        }
        for one in steps
    ]


def person_node(person: Person) -> Node | None:
    return Node.objects.filter(person=person).first()
