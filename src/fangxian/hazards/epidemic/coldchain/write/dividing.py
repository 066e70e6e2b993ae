"""Lots that come out of others: split, merged, packed again, processed. They keep the gates that
their parents have passed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.asking import asked
from fangxian.hazards.epidemic.coldchain.rules import clocks
from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, named, record_many
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move, state_of
from fangxian.spine.people.models import Person

from .certificates import HOLDERS, issue, revoke_all
from .goods import epc_of, fit_number, keep, key_of, told_worked
from .handlers import handled
from .lots import as_it_is, require_free, stay

GRAM = 1e-3
_ORDER = {state: n for n, state in enumerate(m.Lot.State.values)}
THERE = [state for state in m.Lot.State.values if _ORDER["unloaded"] <= _ORDER[state]]


@dataclass(frozen=True, slots=True)
class Part:
    """A lot that comes out of others: its number and weight, and what else is new about it. Without
    ``packages`` it has its share of those that went in."""

    number: str
    weight_kg: float
    goods: str = ""
    packages: int | None = None
    epc: str = ""


@transaction.atomic
def divide(
    *,
    parents: Sequence[tuple[m.Lot, float]],
    children: Sequence[Part],
    how: str,
    by: Seat,
    people: Sequence[Person] = (),
    at: datetime | None = None,
    waste_kg: float = 0.0,
) -> list[m.Lot]:
    """Lots split, merged, packed again or processed: so many kilograms of each parent went in. The
    children stand where the least advanced of the parents stands, with no more than any of them
    proved.

    Raises ``lot.weight`` where more comes out than went in, or less than the work explains, or more
    goes in than there is; ``lot.sealed``, ``lot.held``, ``step.not_from``."""
    if how not in m.LotLink.How.values or not parents or not children:
        raise Problem("input.invalid", field="how", why=f"{how}: {len(parents)} → {len(children)}")
    now = clock.now()
    when = min(at or now, now)
    if len({lot.pk for lot, _ in parents}) < len(parents):
        raise Problem("input.invalid", field="parents", why="同一批写了两次 / the same lot twice")
    for lot, weight in parents:
        _may_go_in(lot, weight, by)
    if len({lot.site_id for lot, _ in parents}) > 1:
        raise Problem("input.invalid", field="parents", why="不在同一处 / not at one site")
    out = _weighed(parents, children, how, waste_kg, now)
    first = min((lot for lot, _ in parents), key=lambda lot: _ORDER[lot.state])
    came_in = _packages(parents)
    made = []
    for part in children:
        packages = part.packages or max(1, math.ceil(came_in * part.weight_kg / out - 1e-9))
        made.append(_child(part, packages, parents, first, when, by))
    links = [
        m.LotLink(parent=lot, child=child, how=how, weight_kg=w * child.weight_kg / out, at=when,
                  by=by.label)
        for lot, w in parents
        for child in made
    ]  # fmt: skip
    m.LotLink.objects.bulk_create(links)
    for lot, weight in parents:
        _take_out(lot, weight, by, when)
    for lot in [*(lot for lot, _ in parents), *made]:
        handled(lot=lot, people=people, since=when, by=by)
    step = "repackaging" if how in ("repack", "split", "merge") else "creating_class_instance"
    keep([told_worked(parents, made, step, at=when, site=first.site)], by=by)
    told = {"how": how, "of": [lot.number for lot, _ in parents], "waste_kg": waste_kg}
    record_many([Entry("lot.made", named(child), None, told) for child in made], by=by)
    return made


def _may_go_in(lot: m.Lot, weight: float, by: Seat) -> None:
    require(by, "lot.pass", **asked(lot))
    as_it_is(lot)
    if lot.state not in THERE or lot.state in m.DONE:
        state = state_of(lot, m.LOT)
        raise Problem("step.not_from", what=str(lot), state=state, verb="divide")
    if lot.seal:
        raise Problem("lot.sealed", lot=str(lot), why=lot.sealed_why)
    require_free(lot)
    if not 0 < weight <= lot.weight_kg + GRAM:
        there, asked_for = f"{lot.weight_kg:g}", f"{weight:g}"
        raise Problem("lot.weight", lot=str(lot), there=there, asked=asked_for)


def _weighed(
    parents: Sequence[tuple[m.Lot, float]],
    children: Sequence[Part],
    how: str,
    waste_kg: float,
    now: datetime,
) -> float:
    """Kilograms that come out: with the waste no more than went in, and no less than the work
    explains. What is lost without a word would be sold without a paper."""
    for part in children:
        if not 0 < part.weight_kg < math.inf:
            why = f"{part.number}: {part.weight_kg} kg"
            raise Problem("input.invalid", field="weight_kg", why=why)
    if not 0 <= waste_kg < math.inf:
        raise Problem("input.invalid", field="waste_kg", why=f"{waste_kg}")
    total, out = sum(w for _, w in parents), sum(part.weight_kg for part in children)
    held = clocks(now)
    loss = held.work_loss if how == m.LotLink.How.PROCESS else held.tolerance
    told = out + waste_kg
    if told > total + GRAM or told < total * (1 - loss) - GRAM:
        number, there = "、".join(lot.number for lot, _ in parents), f"{total:g}"
        raise Problem("lot.weight", lot=number, there=there, asked=f"{told:g}")
    return out


def _packages(parents: Sequence[tuple[m.Lot, float]]) -> float:
    return sum(lot.packages * w / lot.weight_kg for lot, w in parents)


def _child(
    part: Part,
    packages: int,
    parents: Sequence[tuple[m.Lot, float]],
    first: m.Lot,
    at: datetime,
    by: Seat,
) -> m.Lot:
    fit_number(part.number)
    epc = key_of(part.epc) if part.epc else epc_of(part.number)
    if m.Lot.objects.filter(number=part.number).exists() or m.Lot.objects.filter(epc=epc).exists():
        raise Problem("input.invalid", field="number", why=f"{part.number} 已有 / is there already")
    lots = [lot for lot, _ in parents]
    shares = [lot.possible for lot in lots]
    child = m.Lot.objects.create(
        number=part.number,
        epc=epc,
        declaration=first.declaration,
        goods=part.goods or first.goods,
        country=first.country,
        maker=first.maker,
        batch=first.batch if len({lot.batch for lot in lots}) == 1 else "",
        packages=packages,
        weight_kg=part.weight_kg,
        imported=False,
        site=first.site,
        place=first.place,
        state=first.state,
        state_at=at,
        state_by=by.label,
        made_at=at,
        entered_on=first.entered_on,
        tubes=min(lot.tubes for lot in lots),
        possible=None if None in shares else max(share for share in shares if share is not None),
        sure=first.sure,
    )
    for paper in first.papers.filter(replaced_at=None):
        paper.pk, paper.lot = None, child
        paper.save(force_insert=True)
    stay(child, first.site, at, by, made_here=True)
    good = m.Certificate.objects.filter(lot__in=lots, revoked_at=None).values("lot").distinct()
    if child.state in HOLDERS and good.count() == len(lots):
        issue(lot=child, by=by)
    return child


def _take_out(lot: m.Lot, weight: float, by: Seat, at: datetime) -> None:
    """What is left of a parent: a certificate says its weight. With nothing left it is divided."""
    left = max(0.0, lot.weight_kg - weight)
    if left > GRAM:
        m.Lot.objects.filter(pk=lot.pk).update(weight_kg=left)
        lot.weight_kg = left
        if lot.certificates.filter(revoked_at=None).exists():
            issue(lot=lot, by=by)
        return
    move(lot, "divide", machine=m.LOT, by=by, **asked(lot), state_at=at, state_by=by.label)
    m.Visit.objects.filter(lot=lot, until=None).update(until=at)
    revoke_all(lot, reason="已分割加工 / divided", by=by)
