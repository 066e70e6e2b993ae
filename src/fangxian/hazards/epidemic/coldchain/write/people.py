"""People of a positive lot: who handled it, whom those met; found, sampled, let go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.tracing.models import Edge, Node
from fangxian.spine.command.models import OVER, Order
from fangxian.spine.command.write.orders import set_count
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.people.models import Person

CHUNK = 900


@dataclass(frozen=True, slots=True)
class Met:
    """Somebody whom a positive concerns."""

    person: Person
    step: int
    since: datetime
    until: datetime
    how: str


def people_of(lots: Sequence[m.Lot], *, since: datetime) -> list[Met]:
    """Who handled these lots since a time, and whom those met afterwards."""
    numbers = [lot.number for lot in lots]
    goods: dict[int, str] = {}
    for at in range(0, len(numbers), CHUNK):
        rows = Node.objects.filter(kind="lot", key__in=numbers[at : at + CHUNK])
        goods |= dict(rows.values_list("pk", "key"))
    first: dict[int, Met] = {}
    for edge, person, other in _met(list(goods), since):
        known = first.get(person.pk)
        how = f"经手 {goods[other]}（{('', '可能', '较可能', '确定')[edge.certainty]}）"
        begun = min(known.since, edge.since_at) if known else edge.since_at
        until = max(known.until, edge.until_at) if known else edge.until_at
        first[person.pk] = Met(person, 1, begun, until, known.how if known else how)
    nodes = dict(Node.objects.filter(person__in=list(first)).values_list("pk", "person"))
    second: dict[int, Met] = {}
    for edge, person, other in _met(list(nodes), since):
        source = first[nodes[other]]
        if person.pk in first or edge.until_at < source.since:
            continue
        known = second.get(person.pk)
        begun = min(known.since, edge.since_at) if known else edge.since_at
        until = max(known.until, edge.until_at) if known else edge.until_at
        how = f"接触 {source.person}"
        second[person.pk] = Met(person, 2, begun, until, known.how if known else how)
    return [*first.values(), *second.values()]


def _met(nodes: Sequence[int], since: datetime) -> Iterable[tuple[Edge, Person, int]]:
    """Edges of nodes to persons since a time, with the person and the node he met."""
    for at in range(0, len(nodes), CHUNK):
        part = nodes[at : at + CHUNK]
        for mine, theirs in (("a", "b"), ("b", "a")):
            rows = Edge.objects.filter(
                withdrawn_at=None,
                until_at__gte=since,
                **{f"{mine}__in": part, f"{theirs}__person__isnull": False},
            ).select_related(f"{theirs}__person__place__parent")
            for edge in rows:
                node = getattr(edge, theirs)
                yield edge, node.person, getattr(edge, f"{mine}_id")


PERSON_STEPS = {
    "found": ("named",),
    "tested": ("named", "found"),
    "released": ("tested",),
    "case": ("tested", "found"),
}


@transaction.atomic
def step_person(
    *, one: m.PositivePerson, to: str, by: Seat, sample: m.Sample | None = None
) -> m.PositivePerson:
    """Somebody was found, sampled, let go after a negative test, or is a case. Nobody is let go
    without his own negative tube (``lot.proof_missing``)."""
    require(by, "cold.person", place=one.place.path)
    if to not in PERSON_STEPS:
        raise Problem("input.invalid", field="to", why="、".join(PERSON_STEPS))
    if sample is not None and not _own(sample, one):
        why = f"{sample} 不是本人在阳性之后的样本 / not his own, or from before"
        raise Problem("input.invalid", field="sample", why=why)
    if to == "released":
        tube = one.sample
        if tube is None or tube.state != m.Sample.State.NEGATIVE:
            told = tube.get_state_display() if tube else "未采样 / not sampled"
            raise Problem("lot.proof_missing", lot=str(one), gate="解除", lacking=told)
    changes: dict[str, Any] = {"state": to, "state_at": clock.now(), "state_by": by.label}
    if sample is not None:
        changes["sample"] = sample
    rows = m.PositivePerson.objects.filter(pk=one.pk, state__in=PERSON_STEPS[to])
    if not rows.update(**changes):
        one.refresh_from_db()
        raise Problem("step.not_from", what=str(one), state=one.get_state_display(), verb=to)
    one.refresh_from_db()
    record("cold_positive.person", subject=one.positive, by=by, after={"to": to, "one": one.pk})
    if one.order is not None:
        _count(one.order)
    return one


def _own(sample: m.Sample, one: m.PositivePerson) -> bool:
    return (
        sample.of == m.Sample.Of.STAFF
        and sample.person_id == one.person_id
        and sample.sampled_at >= one.positive.at
    )


def _count(key: int) -> None:
    """n of m onto the order of his town: the count is nobody's word."""
    order = Order.objects.filter(pk=key).exclude(state__in=OVER).first()
    if order is None:
        return
    mine = m.PositivePerson.objects.filter(order=order.pk).exclude(state="off")
    done = mine.exclude(state__in=("named", "found")).count()
    set_count(order=order, done=done, total=mine.count(), by=SYSTEM)
