"""Nodes and edges: entered with their source, taken back by edge or by interview, cases named and
excluded. Whoever becomes or ceases to be a contact is told as an event."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from fangxian.hazards.epidemic.tracing.contacts import cases_near, contacts_of
from fangxian.hazards.epidemic.tracing.models import NODE, Contact, Edge, Node
from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, Named, record, record_many
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.people.models import Person
from fangxian.spine.people.read import speaking_for
from fangxian.spine.registry.models import Place


@dataclass(frozen=True, slots=True)
class End:
    """One end of an edge: a person, or a thing by kind and key."""

    kind: str
    key: str
    person: Person | None = None
    place: Place | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a source says: two ends, how, from when to when; a day alone means that hours are not
    known."""

    a: End
    b: End
    kind: str
    since: datetime
    until: datetime
    hours_known: bool = True
    seat: str = ""
    certainty: int = 2
    note: str = ""


def end_of_person(person: Person) -> End:
    one = speaking_for(person)
    return End("person", str(one.pk), one, one.place, one.name_masked)


def _path(place: Place | None, by: Seat) -> str:
    return place.path if place is not None else by.place_path


@transaction.atomic
def enter_edges(rows: Sequence[Told], *, source: tuple[str, str], by: Seat) -> list[Edge]:
    """The edges that a source tells; the same again is the same edge. Raises ``input.invalid`` for
    a kind nobody knows, ends in the wrong order, or an end that meets itself."""
    now = clock.now()
    _, tonight = whole_days(now)
    for row in rows:
        for end in (row.a, row.b):
            require(by, "trace.write", place=_path(end.place, by))
        if row.kind not in Edge.Kind.values or row.certainty not in (1, 2, 3):
            raise Problem("input.invalid", field="kind", why=f"{row.kind} {row.certainty}")
        for field, at, latest in (("since", row.since, now), ("until", row.until, tonight)):
            if at > latest:
                why = f"{at:%Y-%m-%d %H:%M} 还没有到 / it is in the future"
                raise Problem("input.invalid", field=field, why=why)
        if row.until < row.since:
            raise Problem("input.invalid", field="until", why=f"{row.since} > {row.until}")
    nodes = _nodes([end for row in rows for end in (row.a, row.b)])
    found, new = [], []
    mine = Edge.objects.filter(source_kind=source[0], source_key=source[1], withdrawn_at=None)
    there = {(e.a_id, e.b_id, e.kind, e.since_at): e for e in mine}
    for row in rows:
        a, b = nodes[row.a.kind, row.a.key], nodes[row.b.kind, row.b.key]
        if a.pk == b.pk:
            raise Problem(
                "input.invalid", field="b", why=f"两端是同一个：{a} / the same at both ends"
            )
        key = (a.pk, b.pk, row.kind, row.since)
        edge = there.get(key)
        if edge is None:
            edge = there[key] = Edge(
                a=a,
                b=b,
                kind=row.kind,
                since_at=row.since,
                until_at=row.until,
                hours_known=row.hours_known,
                seat=row.seat[:10],
                certainty=row.certainty,
                source_kind=source[0],
                source_key=source[1][:80],
                note=row.note[:200],
                made_at=now,
                made_by=by.label,
            )
            new.append(edge)
        found.append(edge)
    Edge.objects.bulk_create(new, batch_size=2000)
    told = {"edges": len(new), "source": f"{source[0]}:{source[1]}"}
    if new:
        record("trace.entered", subject=new[0], by=by, after=told)
        follow_contacts(cases_near({n.pk for n in nodes.values()}), by=by)
    return found


@transaction.atomic
def enter_nodes(ends: Sequence[End], *, by: Seat) -> list[Node]:
    """Nodes without an edge yet, in their order."""
    for end in ends:
        require(by, "trace.write", place=_path(end.place, by))
    found = _nodes(ends)
    return [found[end.kind, end.key] for end in ends]


def _nodes(ends: Iterable[End]) -> dict[tuple[str, str], Node]:
    """The nodes of ends; made where they are new."""
    wanted = {(end.kind, end.key): end for end in ends}
    found: dict[tuple[str, str], Node] = {}
    kinds = {kind for kind, _ in wanted}
    for kind in kinds:
        keys = [key for k, key in wanted if k == kind]
        for at in range(0, len(keys), 900):
            for node in Node.objects.filter(kind=kind, key__in=keys[at : at + 900]):
                found[node.kind, node.key] = node
    new = []
    for key, end in wanted.items():
        if key in found:
            continue
        if end.kind not in Node.Kind.values or not end.key.strip():
            raise Problem("input.invalid", field="kind", why=f"{end.kind} “{end.key}”")
        node = Node(
            kind=end.kind,
            key=end.key.strip()[:60],
            person=end.person,
            place=end.place,
            label=(end.label or end.key)[:80],
        )
        new.append(node)
        found[key] = node
    Node.objects.bulk_create(new, batch_size=2000)
    return found


@transaction.atomic
def withdraw_edge(*, edge: Edge, reason: str, by: Seat) -> None:
    """An edge that was none."""
    _withdraw(Edge.objects.filter(pk=edge.pk), reason, by)


@transaction.atomic
def withdraw_source(*, source: tuple[str, str], reason: str, by: Seat) -> int:
    """An interview is taken back with all it said; whoever is a contact by it alone is one no
    more."""
    rows = Edge.objects.filter(source_kind=source[0], source_key=source[1])
    return _withdraw(rows, reason, by)


def _withdraw(rows: Any, reason: str, by: Seat) -> int:
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    mine = list(rows.filter(withdrawn_at=None).select_related("a__place", "b__place"))
    for edge in mine:
        for node in (edge.a, edge.b):
            require(by, "trace.write", place=_path(node.place, by))
    if not mine:
        return 0
    cases = cases_near({e.a_id for e in mine} | {e.b_id for e in mine})
    keys = [edge.pk for edge in mine]
    for at in range(0, len(keys), 900):
        part = Edge.objects.filter(pk__in=keys[at : at + 900])
        part.update(withdrawn_at=clock.now(), withdrawn_why=reason.strip()[:200])
    told = {"edges": len(mine)}
    record("trace.withdrawn", subject=mine[0], by=by, after=told, reason=reason)
    follow_contacts(cases, by=by, reason=reason)
    return len(mine)


@transaction.atomic
def name_case(*, node: Node, onset: datetime, by: Seat, isolated: datetime | None = None) -> Node:
    """Somebody is a case since an onset; whom he met is told, by the look-back of that day."""
    if onset > clock.now():
        why = f"{onset:%Y-%m-%d} 还没有到 / it is in the future"
        raise Problem("input.invalid", field="onset", why=why)
    if isolated is not None and isolated < onset - timedelta(days=60):
        raise Problem("input.invalid", field="isolated", why=f"{isolated:%Y-%m-%d}")
    changes: dict[str, Any] = {"onset_at": onset, "ends_at": isolated, "state_at": clock.now()}
    place = _path(node.place, by)
    move(node, "case", machine=NODE, by=by, place=place, **changes)
    follow_contacts([node], by=by)
    return node


@transaction.atomic
def exclude_case(*, node: Node, reason: str, by: Seat) -> Node:
    """A case that was none: its contacts are contacts no more, unless by another."""
    place, now = _path(node.place, by), clock.now()
    move(node, "exclude", machine=NODE, by=by, place=place, reason=reason, state_at=now)
    follow_contacts([node], by=by, reason=reason)
    return node


@transaction.atomic
def follow_contacts(cases: Iterable[Node], *, by: Seat, reason: str = "") -> None:
    """Who is a contact of these cases now: those who are newly, otherwise, or no more are told as
    events, which whoever manages people follows."""
    require(by, "trace.write", place=by.place_path)
    for case in cases:
        _follow(case, by, reason)


def _follow(case: Node, by: Seat, reason: str) -> None:
    now = clock.now()
    wanted = contacts_of(case) if case.state == Node.State.CASE else {}
    there = {row.node_id: row for row in case.contacts.filter(ended_at=None)}
    people = _persons(set(wanted) | set(there))
    entries: list[Entry] = []
    gone: list[int] = []
    new: list[Contact] = []
    for key, met in wanted.items():
        old = there.pop(key, None)
        if old and (old.step, old.until_at) == (met.step, met.until):
            continue
        if old:
            gone.append(old.pk)
        new.append(
            Contact(
                index=case,
                node_id=key,
                step=met.step,
                since_at=met.since,
                until_at=met.until,
                named_at=now,
            )
        )
        told = {
            "person": people[key],
            "kind": "close" if met.step == 1 else "second",
            "since": met.since,
            "until": met.until,
            "index": case.pk,
        }
        entries.append(Entry("contact.named", Named("node", str(key)), None, told, reason))
    for key, old in there.items():
        gone.append(old.pk)
        told = {"person": people[key], "index": case.pk}
        entries.append(Entry("contact.gone", Named("node", str(key)), None, told, reason))
    for at in range(0, len(gone), 900):
        Contact.objects.filter(pk__in=gone[at : at + 900]).update(ended_at=now)
    Contact.objects.bulk_create(new, batch_size=2000)
    record_many(entries, by=by)


def _persons(keys: Iterable[int]) -> dict[int, int | None]:
    found: dict[int, int | None] = {}
    wanted = list(keys)
    for at in range(0, len(wanted), 900):
        rows = Node.objects.filter(pk__in=wanted[at : at + 900])
        found.update(rows.values_list("pk", "person"))
    return found


def whole_days(day: datetime) -> tuple[datetime, datetime]:
    """The span of a day whose hours nobody knows."""
    begun = clock.beijing(day).replace(hour=0, minute=0, second=0, microsecond=0)
    return begun, begun + timedelta(days=1, seconds=-1)
