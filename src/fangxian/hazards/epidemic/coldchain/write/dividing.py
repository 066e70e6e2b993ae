"""Lots that come out of others: split, merged, packed again, processed. They keep the gates that
their parents have passed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.asking import asked
from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, named, record_many
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.people.models import Person

from .certificates import issue
from .goods import epc_of, keep, told_worked
from .handlers import handled
from .lots import stay


@dataclass(frozen=True, slots=True)
class Part:
    """A lot that comes out of others: its number and weight, and what else is new about it."""

    number: str
    weight_kg: float
    goods: str = ""
    packages: int = 1
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
) -> list[m.Lot]:
    """Lots split, merged, packed again or processed: so many kilograms of each parent went in. The
    children stand where the least advanced of the parents stands, with what it proved.

    Raises ``lot.weight`` where more comes out than went in, or more goes in than there is."""
    if how not in m.LotLink.How.values or not parents or not children:
        raise Problem("input.invalid", field="how", why=f"{how}: {len(parents)} → {len(children)}")
    now = clock.now()
    when = min(at or now, now)
    for lot, weight in parents:
        if lot.seal:
            raise Problem("lot.sealed", lot=str(lot), why=lot.sealed_why)
        if not 0 < weight <= lot.weight_kg + 1e-6:
            raise Problem(
                "lot.weight", lot=str(lot), there=f"{lot.weight_kg:g}", asked=f"{weight:g}"
            )
    total, out = sum(w for _, w in parents), sum(part.weight_kg for part in children)
    if out > total + 1e-6:
        raise Problem("lot.weight", lot=children[0].number, there=f"{total:g}", asked=f"{out:g}")
    first = min((lot for lot, _ in parents), key=_rank)
    if len({lot.site_id for lot, _ in parents}) > 1:
        raise Problem("input.invalid", field="parents", why="不在同一处 / not at one site")
    made = [_child(part, parents, first, when, by) for part in children]
    links = [
        m.LotLink(parent=lot, child=child, how=how, weight_kg=_share(w, child, out), at=when,
                  by=by.label)
        for lot, w in parents
        for child in made
    ]  # fmt: skip
    m.LotLink.objects.bulk_create(links)
    for lot, weight in parents:
        _take_out(lot, weight, by, when)
    handled_lots = [*(lot for lot, _ in parents), *made]
    for lot in handled_lots:
        handled(lot=lot, people=people, since=when, by=by)
    step = "repackaging" if how in ("repack", "split", "merge") else "creating_class_instance"
    keep([told_worked(parents, made, step, at=when, site=first.site)], by=by)
    record_many(
        [
            Entry(
                "lot.made",
                named(child),
                None,
                {"how": how, "of": [lot.number for lot, _ in parents]},
            )
            for child in made
        ],
        by=by,
    )
    return made


_ORDER = {state: n for n, state in enumerate(m.Lot.State.values)}


def _rank(lot: m.Lot) -> int:
    return _ORDER[lot.state]


def _share(weight: float, child: m.Lot, out: float) -> float:
    return weight * child.weight_kg / out if out else 0.0


def _child(
    part: Part, parents: Sequence[tuple[m.Lot, float]], first: m.Lot, at: datetime, by: Seat
) -> m.Lot:
    if m.Lot.objects.filter(number=part.number).exists():
        raise Problem("input.invalid", field="number", why=f"{part.number} 已有 / is there already")
    require(by, "lot.pass", **asked(first))
    same = {lot.batch for lot, _ in parents} == {first.batch}
    child = m.Lot.objects.create(
        number=part.number,
        epc=part.epc or epc_of(part.number),
        declaration=first.declaration,
        goods=part.goods or first.goods,
        country=first.country,
        maker=first.maker,
        batch=first.batch if same else "",
        packages=part.packages,
        weight_kg=part.weight_kg,
        imported=False,
        site=first.site,
        place=first.place,
        state=first.state,
        state_at=at,
        state_by=by.label,
        made_at=at,
        entered_on=first.entered_on,
        tubes=first.tubes,
        possible=first.possible,
        sure=first.sure,
    )
    for paper in first.papers.filter(replaced_at=None):
        paper.pk, paper.lot = None, child
        paper.save(force_insert=True)
    stay(child, first.site, at, by)
    if child.state in ("certified", "released"):
        issue(lot=child, by=by)
    return child


def _take_out(lot: m.Lot, weight: float, by: Seat, at: datetime) -> None:
    """What is left of a parent; with nothing left it is divided."""
    left = max(0.0, lot.weight_kg - weight)
    if left > 1e-6:
        m.Lot.objects.filter(pk=lot.pk).update(weight_kg=left)
        lot.weight_kg = left
        return
    move(lot, "divide", machine=m.LOT, by=by, **asked(lot), state_at=at, state_by=by.label)
    m.Visit.objects.filter(lot=lot, until=None).update(until=at)
