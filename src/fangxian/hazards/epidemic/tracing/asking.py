"""What the graph can be asked: joint exposures, what hangs on one interview, what would follow of
one more edge, what should be asked again."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.db.models import Q

from fangxian.spine.core import clock
from fangxian.spine.core.rights import Seat

from .models import Edge, Node
from .read import CHUNK, around, edges, nodes, part_of, reached
from .rules import rules


@dataclass(frozen=True, slots=True)
class Joint:
    """A thing at which several cases were at about one time."""

    node: Node
    cases: list[Node]
    since: datetime
    until: datetime


def joint_exposures(*, seat: Seat, at: datetime | None = None) -> list[Joint]:
    """Places, vehicles, flights, goods that two or more cases share within the hours of the rule,
    the one with most cases first."""
    by = rules(at or clock.now())
    cases = {n.pk: n for n in nodes(seat=seat).filter(state=Node.State.CASE)}
    visits: dict[int, list[tuple[datetime, datetime, int]]] = defaultdict(list)
    for edge in edges().filter(Q(a__in=cases) | Q(b__in=cases)).select_related("a", "b"):
        for case, thing in ((edge.a, edge.b), (edge.b, edge.a)):
            if case.pk in cases and thing.kind != Node.Kind.PERSON:
                visits[thing.pk].append((edge.since_at, edge.until_at, case.pk))
    found = []
    things = Node.objects.in_bulk(list(visits))
    for key, rows in visits.items():
        rows.sort()
        best = _together(rows, timedelta(hours=by.joint_h))
        if len({case for *_, case in best}) > 1:
            people = [cases[case] for case in dict.fromkeys(case for *_, case in best)]
            until = max(until for _, until, _ in best)
            found.append(Joint(things[key], people, best[0][0], until))
    return sorted(found, key=lambda one: -len(one.cases))


def _together(
    rows: Sequence[tuple[datetime, datetime, int]], apart: timedelta
) -> list[tuple[datetime, datetime, int]]:
    """The largest run of visits each of which begins within the span after one before has ended."""
    best: list[tuple[datetime, datetime, int]] = []
    run: list[tuple[datetime, datetime, int]] = []
    ended: datetime | None = None
    for row in rows:
        if ended is None or row[0] > ended + apart:
            run, ended = [], None
        run.append(row)
        ended = max(ended, row[1]) if ended else row[1]
        if len({case for *_, case in run}) > len({case for *_, case in best}):
            best = list(run)
    return best


@dataclass(frozen=True, slots=True)
class Hangs:
    """A source without which people would not have been found: whom it alone leads to."""

    source: tuple[str, str]
    edges: int
    only: int


def hangs_on(node: Node, *, depth: int, at: datetime) -> list[Hangs]:
    """What would we not have found: for each source the people that only its edges lead to."""
    part = around([node.pk], depth)
    whole = set(reached(part, [node.pk], [at], depth, None).node.tolist())
    sources: dict[tuple[str, str], set[int]] = defaultdict(set)
    keys = [row[0] for row in part.rows]
    for start in range(0, len(keys), CHUNK):
        rows = Edge.objects.filter(pk__in=keys[start : start + CHUNK])
        for pk, kind, key in rows.values_list("pk", "source_kind", "source_key"):
            sources[kind, key].add(pk)
    found = []
    for source, mine in sources.items():
        less = part_of([row for row in part.rows if row[0] not in mine], [node.pk])
        left = {less.keys[n] for n in reached(less, [node.pk], [at], depth, None).node}
        only = len({part.keys[n] for n in whole} - left)
        if only:
            found.append(Hangs(source, len(mine), only))
    return sorted(found, key=lambda one: -one.only)


def what_if(
    node: Node, *, more: tuple[int, int, datetime, datetime], depth: int, at: datetime
) -> tuple[list[Node], list[Node]]:
    """Who would be reached with one more edge (two nodes, since, until) and is not without it; and
    who is reached either way. Nothing is written."""
    a, b, since, until = more
    part = around([node.pk, a, b], depth)
    rows = [*part.rows, (0, a, b, int(since.timestamp()), int(until.timestamp()))]
    bigger = part_of(rows, [node.pk])
    before = {part.keys[n] for n in reached(part, [node.pk], [at], depth, None).node}
    after = {bigger.keys[n] for n in reached(bigger, [node.pk], [at], depth, None).node}
    there = Node.objects.select_related("person", "place__parent").in_bulk(list(before | after))
    return [there[key] for key in sorted(after - before)], [there[key] for key in sorted(before)]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something of an edge that should be asked again."""

    edge: Edge
    zh: str
    en: str


def doubts(node: Node) -> list[Doubt]:
    """What is odd about somebody's edges: hours nobody knows, two sources whose clocks differ, one
    that is only possible."""
    apart = timedelta(hours=rules(clock.now()).clocks_apart_h)
    mine = list(edges().filter(Q(a=node) | Q(b=node)).select_related("a", "b").order_by("since_at"))
    found = []
    pairs: dict[tuple[int, int, str], list[Edge]] = defaultdict(list)
    for edge in mine:
        if not edge.hours_known:
            found.append(Doubt(edge, "没有时刻，按整天计", "no hours: it stands for the whole day"))
        if edge.certainty == 1:
            found.append(Doubt(edge, "只是可能", "only possible"))
        low, high = sorted((edge.a_id, edge.b_id))
        pairs[low, high, edge.kind].append(edge)
    for rows in pairs.values():
        for one, other in pairwise(rows):
            same_day = clock.beijing(one.since_at).date() == clock.beijing(other.since_at).date()
            differ = abs(one.since_at - other.since_at) > apart
            if same_day and differ and one.source_key != other.source_key:
                zh, en = "两个来源的时间对不上", "two sources tell different times"
                found.append(Doubt(other, zh, en))
    return found
