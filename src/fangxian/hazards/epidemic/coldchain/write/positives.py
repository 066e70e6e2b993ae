"""What follows of a positive tube within seconds: the lots it concerns are sealed, their
certificates revoked, the sites told, the people who handled them and those they met are named as
tasks of their towns. Taken back, all of it is taken back with notice."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.asking import gate_post
from fangxian.hazards.epidemic.coldchain.rules import clocks
from fangxian.hazards.epidemic.coldchain.trace import reach_of
from fangxian.spine.assess.rules import Finding, Rejudged
from fangxian.spine.assess.write import settle
from fangxian.spine.command.models import OVER, Order
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import close_order, issue_orders
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat
from fangxian.spine.core.steps import move
from fangxian.spine.registry.models import Place, Post, Site
from fangxian.spine.registry.read import town_of

from .people import people_of
from .seals import open_seal, seal_lot

FAMILY = "lot_positive"
PERSON_FAMILY = "cold_staff_positive"
CHUNK = 900
HOW = m.PositiveLot.How


@transaction.atomic
def follow_positive(*, sample: m.Sample, by: Seat) -> m.Positive:
    """A tube is positive. ``by`` entered the result and was asked for that."""
    now = clock.now()
    positive, new = m.Positive.objects.get_or_create(
        sample=sample, defaults={"lot": sample.lot, "place": sample.place, "at": now}
    )
    if not new:
        again: dict[str, Any] = {"ended_at": None, "ended_why": "", "orders": []}
        if not move(positive, "reopen", machine=m.POSITIVE, by=SYSTEM, quiet=True, **again):
            return positive
    _signal(positive, now)
    lots = lots_concerned(positive)
    seal_lots(positive, lots)
    people = name_people(positive, [one.lot for one in lots], now)
    orders = tell(positive, lots, lots, people)
    after = {"lots": len(lots), "people": len(people), "orders": len(orders)}
    record("cold_positive.opened", subject=positive, by=by, after=after)
    return positive


def _signal(positive: m.Positive, now: datetime) -> None:
    sample = positive.sample
    lot = positive.lot
    about = ("lot", lot.number) if lot else ("cold_sample", sample.number)
    laboratory = sample.results[-1]["laboratory"] if sample.results else ""
    settle(
        [
            Finding(
                family=FAMILY if sample.of != "staff" else PERSON_FAMILY,
                hazard="epidemic",
                about=about,
                name=f"{lot or sample} 阳性",
                place_id=positive.place_id,
                at=now,
                level=Level.II,
                kept=Level.II,
                value=None,
                rule=f"{FAMILY} 2026",
                group=FAMILY,
                evidence={
                    "zh": f"{sample.get_of_display()} 管号 {sample.number} 阳性（{laboratory}）",
                    "en": f"{sample.of}, tube {sample.number}: positive at {laboratory}",
                },
            )
        ],
        by=SYSTEM,
    )


# lots --------------------------------------------------------------------------------------------


def lots_concerned(positive: m.Positive) -> list[m.PositiveLot]:
    """The lots it concerns and how: itself, its batch, what came out of them, what they came of."""
    if positive.lot is None:
        return []
    rows = []
    for lot, how in concerned(positive.lot).values():
        row, _ = m.PositiveLot.objects.get_or_create(
            positive=positive, lot=lot, defaults={"how": how}
        )
        rows.append(row)
    return rows


def concerned(lot: m.Lot) -> dict[int, tuple[m.Lot, str]]:
    """A lot and what it came of may be infected, and others of their batches; then whatever came
    out of any of these."""
    wanted: dict[int, tuple[m.Lot, str]] = {lot.pk: (lot, HOW.ITSELF)}
    sources = lots_of(reach_of([lot.epc]).back)
    for one in (lot, *sources):
        for mate in _batch(one):
            wanted.setdefault(mate.pk, (mate, HOW.BATCH))
    for source in sources:
        wanted.setdefault(source.pk, (source, HOW.BACK))
    for one in lots_of(reach_of([one.epc for one, _ in wanted.values()]).forward):
        wanted.setdefault(one.pk, (one, HOW.FORWARD))
    return wanted


def _batch(lot: m.Lot) -> list[m.Lot]:
    """Lots of the same maker and batch; of a lot that has none, nothing is known to be alike."""
    if not lot.maker or not lot.batch:
        return []
    rows = m.Lot.objects.filter(maker=lot.maker, batch=lot.batch).exclude(pk=lot.pk)
    return list(rows.select_related("place", "site"))


def lots_of(epcs: Iterable[str]) -> list[m.Lot]:
    wanted = sorted(epcs)
    found: list[m.Lot] = []
    for at in range(0, len(wanted), CHUNK):
        rows = m.Lot.objects.filter(epc__in=wanted[at : at + CHUNK])
        found += rows.select_related("place", "site")
    return found


def seal_lots(positive: m.Positive, rows: Sequence[m.PositiveLot]) -> None:
    """Whatever is still there is sealed and its certificates are revoked. What it came of is sealed
    too: a sound source is opened by its own test."""
    why = f"{positive} 阳性，管号 {positive.sample.number}"
    for row in rows:
        lot = row.lot
        if lot.state in m.DONE:
            continue
        if seal_lot(lot=lot, reason=why, by=SYSTEM, by_hand=False):
            m.PositiveLot.objects.filter(pk=row.pk).update(sealed=True)
            row.sealed = True


# tasks -------------------------------------------------------------------------------------------


def tell(
    positive: m.Positive,
    rows: Sequence[m.PositiveLot],
    fresh: Sequence[m.PositiveLot],
    people: Sequence[m.PositivePerson],
) -> list[Order]:
    orders = [*_tell_sites(positive, rows, fresh), *_tell_towns(positive, people)]
    if orders:
        keys = [*positive.orders, *(order.pk for order in orders)]
        m.Positive.objects.filter(pk=positive.pk).update(orders=keys)
        positive.refresh_from_db()
    return orders


def _tell_sites(
    positive: m.Positive, rows: Sequence[m.PositiveLot], fresh: Sequence[m.PositiveLot]
) -> list[Order]:
    """One order a site where such lots lie or lay: seal them, sample the surroundings. A site that
    was told is told again of fresh lots alone."""
    told = set(Order.objects.filter(pk__in=positive.orders).values_list("about_kind", "about_key"))
    new = {row.lot_id for row in fresh}
    again: set[int] = set()
    here: dict[int, list[m.Lot]] = defaultdict(list)
    sites: dict[int, Site] = {}
    keys = [row.lot_id for row in rows]
    since = positive.at - clocks(positive.at).look_back
    for at in range(0, len(keys), CHUNK):
        visits = m.Visit.objects.filter(lot__in=keys[at : at + CHUNK])
        visits = visits.exclude(until__lt=since).select_related("site__place", "lot")
        for visit in visits:
            sites[visit.site_id] = visit.site
            if visit.lot_id in new:
                again.add(visit.site_id)
            if visit.until is None:
                here[visit.site_id].append(visit.lot)
    tasks = []
    for key, site in sites.items():
        if (site.kind, site.code) in told and key not in again:
            continue
        lots = here.get(key, [])
        numbers = "、".join(lot.number for lot in lots[:3]) + ("…" if len(lots) > 3 else "")
        what = f"{site.name} {len(lots)} 批（{numbers}）" if lots else f"{site.name}（货已运走）"
        tasks.append(
            Task(
                area=town_of(site.place),
                verb="封存并采环境样",
                object=what,
                verb_en="seal, and sample the surroundings",
                object_en=f"{site.name}: {len(lots)} lots {numbers}".strip(),
                minutes=int(clocks(clock.now()).seal.total_seconds() // 60),
                about=(site.kind, site.code),
            )
        )
    return issue_orders(tasks, hazard="epidemic", level=Level.II, by=SYSTEM)


def name_people(
    positive: m.Positive, lots: Sequence[m.Lot], now: datetime
) -> list[m.PositivePerson]:
    sample = positive.sample
    since = sample.sampled_at - clocks(now).look_back
    found = people_of(lots, since=since) if lots else []
    there = set(positive.people.exclude(state="off").values_list("person", flat=True))
    rows = [
        m.PositivePerson(
            positive=positive,
            person=met.person,
            place=met.person.place,
            step=met.step,
            since=met.since,
            until=met.until,
            how=met.how[:120],
            state_at=now,
        )
        for met in found
        if met.person.pk not in there
    ]
    positive.people.filter(state="off", person__in=[row.person_id for row in rows]).delete()
    m.PositivePerson.objects.bulk_create(rows, batch_size=500)
    return rows


def _tell_towns(positive: m.Positive, people: Sequence[m.PositivePerson]) -> list[Order]:
    """One order a town: find so many people, sample them."""
    towns: dict[Place, list[m.PositivePerson]] = defaultdict(list)
    for one in people:
        towns[town_of(one.place)].append(one)
    tasks = [
        Task(
            area=town,
            verb="找到并采样",
            object=f"涉冷链阳性 {positive} 人员 {len(mine)} 人",
            verb_en="find and sample",
            object_en=f"{len(mine)} people of the positive lot {positive}",
            minutes=int(clocks(clock.now()).find.total_seconds() // 60),
            total=len(mine),
        )
        for town, mine in towns.items()
    ]
    orders = issue_orders(tasks, hazard="epidemic", level=Level.II, by=SYSTEM)
    for order, mine in zip(orders, towns.values(), strict=True):
        m.PositivePerson.objects.filter(pk__in=[one.pk for one in mine]).update(order=order.pk)
    return orders


# taken back --------------------------------------------------------------------------------------


@transaction.atomic
def withdraw_positive(*, sample: m.Sample, reason: str, by: Seat) -> m.Positive | None:
    """It was none: the signal is withdrawn, its orders too, seals that only it laid are opened and
    the certificates it revoked are good again. ``by`` corrected the result."""
    positive = m.Positive.objects.filter(sample=sample).first()
    if positive is None or positive.state == m.Positive.State.WITHDRAWN:
        return positive
    now = clock.now()
    why = reason[:200]
    move(
        positive, "withdraw", machine=m.POSITIVE, by=by, reason=reason, ended_at=now, ended_why=why
    )
    lot = positive.lot
    about = ("lot", lot.number) if lot else ("cold_sample", sample.number)
    family = FAMILY if sample.of != "staff" else PERSON_FAMILY
    others = m.Positive.objects.filter(lot=lot, state="open") if lot else m.Positive.objects.none()
    if not others.exclude(pk=positive.pk).exists():
        settle([Rejudged(family, about, [], why)], by=SYSTEM)
    for row in positive.lots.filter(sealed=True).select_related("lot__place", "lot__site"):
        if row.lot.by_hand or still_sealed(row):
            continue
        open_seal(lot=row.lot, reason=reason, by=SYSTEM, certificates=True)
        m.PositiveLot.objects.filter(pk=row.pk).update(sealed=False)
    for order in Order.objects.filter(pk__in=positive.orders).exclude(state__in=OVER):
        close_order(order=order, reason=reason, by=SYSTEM)
    positive.people.exclude(state__in=("released", "case")).update(
        state="off", state_at=now, state_by=by.label
    )
    return positive


def still_sealed(row: m.PositiveLot) -> bool:
    """Another positive that stands concerns the lot too; then the seal becomes its."""
    others = m.PositiveLot.objects.filter(lot=row.lot, positive__state="open")
    other = others.exclude(pk=row.pk).first()
    if other is None:
        return False
    m.PositiveLot.objects.filter(pk=other.pk).update(sealed=True)
    m.PositiveLot.objects.filter(pk=row.pk).update(sealed=False)
    return True


@transaction.atomic
def close_positive(*, positive: m.Positive, reason: str, by: Seat) -> m.Positive:
    """All is done: lots ended, people let go."""
    lacking = []
    if n := positive.people.exclude(state__in=("released", "case", "off")).count():
        lacking.append(f"{n} 人未解除 / people not let go")
    rows = positive.lots.filter(sealed=True, lot__seal="sealed").exclude(lot__state__in=m.DONE)
    if n := rows.count():
        lacking.append(f"{n} 批封存中 / lots sealed")
    if lacking:
        told = "；".join(lacking)
        raise Problem("lot.proof_missing", lot=str(positive), gate="结案", lacking=told)
    place = positive.place.path
    move(
        positive, "close", machine=m.POSITIVE, by=by, reason=reason, place=place,
        ended_at=clock.now(), ended_why=reason[:200],
    )  # fmt: skip
    for order in Order.objects.filter(pk__in=positive.orders).exclude(state__in=OVER):
        close_order(order=order, reason=reason, by=SYSTEM)
    return positive


def post_of(lot: m.Lot, role: str) -> Post | None:
    key = gate_post(lot, role)
    return Post.objects.filter(pk=key).first() if key else None
