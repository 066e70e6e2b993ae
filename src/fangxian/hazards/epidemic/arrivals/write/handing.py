"""From hand to hand: who holds whom, transfers offered and taken, and what is left behind. The next
holding begins at the moment at which the one before ends."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.rights import asked_to_hand
from fangxian.hazards.epidemic.arrivals.rooms import rooms_left
from fangxian.hazards.epidemic.arrivals.rules import clocks
from fangxian.spine.command.models import OVER, Order
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import (
    acknowledge_order,
    close_order,
    issue_orders,
    report_done,
    set_count,
)
from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, named, record, record_many
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, may, require
from fangxian.spine.core.steps import move
from fangxian.spine.registry.models import Place, Post, Site

HEADQUARTERS = "epidemic"


def hold(
    arrival: m.Arrival,
    *,
    post: int,
    by: Seat,
    at: datetime,
    site: Site | None = None,
    room: str = "",
) -> m.Holding:
    """``post`` answers for him from ``at``; the holder before until then."""
    now = m.Holding.objects.filter(arrival=arrival, until=None).first()
    if now is not None:
        at = max(at, now.since)
        m.Holding.objects.filter(pk=now.pk).update(until=at)
    return m.Holding.objects.create(
        arrival=arrival, post_id=post, site=site, room=room, since=at, by=by.label
    )


def let_go(arrival: m.Arrival, *, at: datetime) -> None:
    """Nobody need hold him any more: released, handed to another city, dead."""
    m.Holding.objects.filter(arrival=arrival, until=None).update(until=at)
    off_the_way(arrival, why="不再需要转运", at=at)


def off_the_way(arrival: m.Arrival, *, why: str, at: datetime) -> None:
    """He goes on no transfer any more; one on which nobody else waits is over, and who was called
    is told."""
    rows = m.Passenger.objects.filter(arrival=arrival, taken_at=None, left_at=None)
    transfers = list(m.Transfer.objects.filter(pk__in=rows.values("transfer")))
    rows.update(left_at=at, why=why)
    for transfer in transfers:
        if transfer.passengers.filter(taken_at=None, left_at=None).exists():
            continue
        taken = transfer.passengers.exclude(taken_at=None).exists()
        ended: dict[str, Any] = {"ended_at": at, "ended_by": SYSTEM.label, "why": why}
        verb = "take" if taken else "call_off"
        if move(transfer, verb, machine=m.TRANSFER, by=SYSTEM, quiet=True, reason=why, **ended):
            _off(transfer, why)


def entered(arrival: m.Arrival, at: datetime) -> dict[str, Any]:
    """The columns of somebody who is here since a moment: who comes from abroad entered then, if
    not before."""
    found: dict[str, Any] = {"arrived_at": at}
    known = arrival.entered_at
    if (known is None and "overseas" in arrival.populations) or (known is not None and known > at):
        found["entered_at"] = at
    return found


def holders_of(arrivals: Collection[int]) -> dict[int, m.Holding]:
    rows = m.Holding.objects.filter(until=None, arrival__in=arrivals)
    return {row.arrival_id: row for row in rows.select_related("post", "site")}


@transaction.atomic
def offer(
    *,
    arrivals: Sequence[m.Arrival],
    taker: Post,
    by: Seat,
    to_site: Site | None = None,
    place: Place | None = None,
    vehicle: str = "",
    planned_at: datetime | None = None,
) -> m.Transfer:
    """Send people to another holder: he is called by an order until he answers, and they stay with
    the giver until he has taken them. Raises ``input.invalid`` where somebody is not the giver's,
    is on his way already, or the site has not enough rooms."""
    if not arrivals:
        raise Problem("input.invalid", field="arrivals", why="没有选人 / nobody was chosen")
    held = holders_of([one.pk for one in arrivals])
    giver = _giver(arrivals, held, by)
    if by.post_id is not None and by.post_id == taker.pk != giver:  # he would give and take alone
        raise Problem("step.second_person", seat=by.label)
    _rooms(to_site, len(arrivals))
    now = clock.now()
    if planned_at is not None and planned_at < now - timedelta(minutes=10):
        raise Problem("input.invalid", field="planned_at", why="约定时间已过 / it has passed")
    ahead = clocks(now).beds_ahead_days
    if planned_at is not None and planned_at > now + timedelta(days=ahead):
        why = f"{ahead} 天以内 / within {ahead} days"
        raise Problem("input.invalid", field="planned_at", why=why)
    place = place or (to_site.place if to_site else taker.place)
    transfer = m.Transfer.objects.create(
        giver_id=giver,
        taker=taker,
        to_site=to_site,
        place=place,
        vehicle=vehicle.strip()[:40],
        planned_at=planned_at or now,
        made_at=now,
        made_by=by.label,
    )
    m.Passenger.objects.bulk_create(m.Passenger(transfer=transfer, arrival=one) for one in arrivals)
    told = {"people": len(arrivals), "taker": str(taker), "vehicle": transfer.vehicle}
    record("transfer.offered", subject=transfer, by=by, after=told)
    _call(transfer, len(arrivals))
    return transfer


def _giver(arrivals: Sequence[m.Arrival], held: Mapping[int, m.Holding], by: Seat) -> int:
    givers = set()
    for one in arrivals:
        holding = held.get(one.pk)
        if holding is None:
            why = f"{one} 还没有人接手 / nobody holds him"
            raise Problem("input.invalid", field="arrivals", why=why)
        require(by, "arrival.hand", **asked_to_hand(one, by, holding.post_id))
        givers.add(holding.post_id)
    if len(givers) > 1:
        why = "这些人不在同一个人手里，请分开移交 / they are of several holders"
        raise Problem("input.invalid", field="arrivals", why=why)
    going = m.Passenger.objects.filter(arrival__in=arrivals, taken_at=None, left_at=None)
    if there := going.select_related("arrival__person", "transfer__taker").first():
        why = f"{there.arrival} 已在转运途中（{there.transfer}）"
        raise Problem("input.invalid", field="arrivals", why=why)
    return givers.pop()


def _rooms(site: Site | None, wanted: int) -> None:
    left = rooms_left(site) if site else None
    if site and left is not None and left < wanted:
        n = max(left, 0)
        why = f"{site.name} 只剩 {n} 间，要 {wanted} 间 / only {n} rooms are left"
        raise Problem("input.invalid", field="to_site", why=why)


def _call(transfer: m.Transfer, people: int) -> None:
    """Order the taker to take them: the ladder calls him, and whoever is above, until it is
    done."""
    now, held = clock.now(), clocks(clock.now())
    due = max(transfer.planned_at, now) + held.handover
    where = transfer.to_site.name if transfer.to_site else transfer.place.name
    task = Task(
        area=transfer.place,
        verb="接收",
        object=f"{people}人 {transfer.vehicle} 到{where}".strip()[:60],
        minutes=max(1, int((due - now) / timedelta(minutes=1))),
        verb_en="take over",
        object_en=f"{people} people {transfer.vehicle} to {where}"[:60],
        post=transfer.taker,
        about=("transfer", str(transfer.pk)),
        answer_min=held.answer_min,
        total=people,
    )
    issue_orders([task], hazard=HEADQUARTERS, level=Level.III, by=SYSTEM)


def order_of(transfer: m.Transfer) -> Order | None:
    """The order that calls the taker, while it runs."""
    rows = Order.objects.filter(about_kind="transfer", about_key=str(transfer.pk))
    return rows.exclude(state__in=OVER).first()


def _may_take(transfer: m.Transfer, by: Seat) -> None:
    """Whoever gives does not take for the other: two persons know of every hand-over."""
    if by.post_id is not None and by.post_id == transfer.giver_id != transfer.taker_id:
        raise Problem("step.second_person", seat=by.label)
    require(by, "arrival.take", place=transfer.place.path, posts=(transfer.taker_id,))


@transaction.atomic
def take(
    *,
    transfer: m.Transfer,
    arrivals: Collection[int],
    by: Seat,
    at: datetime | None = None,
    rooms: Mapping[int, str] | None = None,
) -> m.Transfer:
    """Those of a transfer that are here are taken: from this moment the taker holds them. Whoever
    is not among them stays with the giver, who is told. Twice the same changes nothing."""
    _may_take(transfer, by)
    if transfer.state in (m.Transfer.State.REFUSED, m.Transfer.State.OFF):
        state = transfer.get_state_display()
        raise Problem("step.not_from", what=str(transfer), state=state, verb="take")
    now = clock.now()
    at = min(at or now, now)
    waiting = transfer.passengers.filter(taken_at=None, left_at=None).select_related("arrival")
    mine = [row for row in waiting if row.arrival_id in set(arrivals)]
    for row in mine:
        one = row.arrival
        room = (rooms or {}).get(one.pk, "")
        if one.state == m.S.DECLARED:  # who is taken is here, whatever was tapped before
            told = entered(one, at)
            move(one, "arrive", machine=m.ARRIVAL, by=SYSTEM, state_at=now, **told)
        hold(one, post=transfer.taker_id, site=transfer.to_site, room=room, by=by, at=at)
        move(
            one,
            "manage",
            machine=m.ARRIVAL,
            by=SYSTEM,
            state_at=now,
            quiet=True,
        )
    m.Passenger.objects.filter(pk__in=[row.pk for row in mine]).update(taken_at=at)
    left = transfer.passengers.filter(taken_at=None, left_at=None).count()
    changes: dict[str, Any] = {"ended_at": now, "ended_by": by.label}
    if not left:
        if move(transfer, "take", machine=m.TRANSFER, by=by, quiet=True, **changes):
            _done(transfer, by, f"已接收 {transfer.passengers.exclude(taken_at=None).count()} 人")
    elif mine:
        move(transfer, "take_part", machine=m.TRANSFER, by=by)
        if order := order_of(transfer):
            everybody = transfer.passengers.count()
            set_count(order=order, done=everybody - left, total=everybody, by=SYSTEM)
        told = {"taken": len(mine), "left": left}
        record("transfer.short", subject=transfer, by=by, after=told)
    return transfer


@transaction.atomic
def leave_behind(
    *, transfer: m.Transfer, arrivals: Collection[int], reason: str, by: Seat
) -> m.Transfer:
    """Those who did not come are off the transfer and stay with the giver."""
    _may_take(transfer, by)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    now = clock.now()
    rows = transfer.passengers.filter(taken_at=None, left_at=None, arrival__in=arrivals)
    left = [row.arrival for row in rows.select_related("arrival__person")]
    rows.update(left_at=now, why=reason.strip()[:200])
    entries = [Entry("arrival.left_behind", named(one), None, None, reason) for one in left]
    record_many(entries, by=by)
    if transfer.passengers.filter(taken_at=None, left_at=None).exists():
        return transfer
    taken = transfer.passengers.exclude(taken_at=None).exists()
    verb = "take" if taken else "refuse"
    ended: dict[str, Any] = {"ended_at": now, "ended_by": by.label, "why": reason.strip()[:200]}
    move(transfer, verb, machine=m.TRANSFER, by=by, quiet=True, reason=reason, **ended)
    if taken:
        _done(transfer, by, reason)
    else:
        _off(transfer, reason)
    return transfer


@transaction.atomic
def refuse(*, transfer: m.Transfer, reason: str, by: Seat) -> m.Transfer:
    """The taker refuses: everybody not taken yet stays with the giver, and the headquarters sees it
    as a gap until another takes them."""
    _may_take(transfer, by)
    now = clock.now()
    ended: dict[str, Any] = {"ended_at": now, "ended_by": by.label, "why": reason.strip()[:200]}
    move(transfer, "refuse", machine=m.TRANSFER, by=by, reason=reason, **ended)
    transfer.passengers.filter(taken_at=None, left_at=None).update(
        left_at=now, why=f"拒收：{reason.strip()}"[:200]
    )
    _off(transfer, reason)
    return transfer


@transaction.atomic
def call_off(*, transfer: m.Transfer, reason: str, by: Seat) -> m.Transfer:
    """The giver takes the transfer back; who was called is told."""
    place = by.place_path if by.post_id == transfer.giver_id else transfer.place.path
    require(by, "arrival.hand", place=place, posts=(transfer.giver_id,))
    now = clock.now()
    ended: dict[str, Any] = {"ended_at": now, "ended_by": by.label, "why": reason.strip()[:200]}
    move(transfer, "call_off", machine=m.TRANSFER, by=by, reason=reason, **ended)
    transfer.passengers.filter(taken_at=None, left_at=None).update(left_at=now, why=reason[:200])
    _off(transfer, reason)
    return transfer


def _done(transfer: m.Transfer, by: Seat, note: str) -> None:
    order = order_of(transfer)
    if order is None:
        return
    if not may(by, "order.answer", posts=(order.post_id, *order.chain)):
        close_order(order=order, reason=note, by=SYSTEM)
        return
    if not order.acknowledged_at:
        acknowledge_order(order=order, by=by)
    order.refresh_from_db()
    report_done(order=order, note=note, by=by)


def _off(transfer: m.Transfer, reason: str) -> None:
    if order := order_of(transfer):
        close_order(order=order, reason=reason, by=SYSTEM)
