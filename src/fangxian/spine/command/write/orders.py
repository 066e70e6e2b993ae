"""Orders: issue, acknowledge, progress, report, verify, close; escalate what is not answered."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from fangxian.spine.command.models import (
    DONE,
    ORDER,
    OVER,
    UNANSWERED,
    WAITING,
    Order,
    Plea,
    Response,
)
from fangxian.spine.command.read import chain_of
from fangxian.spine.command.rules import ack_clock
from fangxian.spine.command.tasks import Task
from fangxian.spine.core import clock, hazards
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.events import Entry, named, record, record_many, subject_pk
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Due, Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.reach.telling import cancel
from fangxian.spine.reach.write import note_seen
from fangxian.spine.registry.models import Duty, Organisation, Post
from fangxian.spine.registry.read import city, headquarters_above, leader_of

from .pleas import drop_pleas, plead


@transaction.atomic
def issue_orders(
    tasks: Iterable[Task], *, hazard: str, level: Level, by: Seat, response: Response | None = None
) -> list[Order]:
    """Issue orders with their clocks in one transaction. Each goes to the post that answers for
    its thing, or else for its area; the chain of who is called when nobody answers is frozen now
    and ends with the leader of the headquarters."""
    tasks = list(tasks)
    now = clock.now()
    kind = hazards.hazard(hazard).headquarters
    hq = response.headquarters if response else _headquarters(kind, by)
    leader = leader_of(hq)
    answering = _answering(tasks)
    orders = []
    for task in tasks:
        require(by, "order.issue", place=task.area.path)
        roles = answering.get(task.thing) or answering.get(("place", task.area.code), {})
        post = task.post or roles.get("A") or roles.get("B") or leader
        deadline = now + timedelta(minutes=task.minutes)
        answer = ack_clock(level=level, at=now, minutes=task.answer_min)
        orders.append(
            Order(
                headquarters=hq,
                about_kind=task.thing[0],
                about_key=task.thing[1],
                action=task.action,
                action_level=task.action_level,
                hazard=hazard,
                level=level,
                area=task.area,
                verb=task.verb,
                object=task.object,
                verb_en=task.verb_en,
                object_en=task.object_en,
                exempt=task.exempt,
                total=task.total,
                post=post,
                issuer_id=by.post_id,
                issued_by=by.label,
                issued_at=now,
                deadline_at=deadline,
                first_deadline_at=deadline,
                acknowledge_by=now + answer.limit,
                answer_min=task.answer_min,
                chain=chain_of(post, roles.get("B"), leader),
            )
        )
    Order.objects.bulk_create(orders)
    if response:
        response.orders.add(*orders)
    Due.objects.bulk_create(
        due for order in orders for due in clocks_of(order, order.acknowledge_by - now)
    )
    record_many([Entry("order.issued", named(o), None, _told(o)) for o in orders], by=by)
    return orders


def _headquarters(kind: str, by: Seat) -> Organisation:
    """Who issues without a response: the headquarters nearest above the issuer."""
    return headquarters_above(kind, by.place_path or city().path)


def answering_posts(tasks: Sequence[Task]) -> list[Post | None]:
    """The post each task would go to, before anybody leads in its stead."""
    answering = _answering(tasks)
    found = []
    for task in tasks:
        roles = answering.get(task.thing) or answering.get(("place", task.area.code), {})
        found.append(task.post or roles.get("A") or roles.get("B"))
    return found


def _answering(tasks: Sequence[Task]) -> dict[tuple[str, str], dict[str, Post]]:
    """Posts by role of the things and areas of tasks."""
    wanted = {task.thing for task in tasks} | {("place", task.area.code) for task in tasks}
    found: dict[tuple[str, str], dict[str, Post]] = {}
    rows = Duty.objects.filter(
        rows_in_force(clock.now()),
        thing_kind__in={kind for kind, _ in wanted},
        thing_id__in={key for _, key in wanted},
        post__isnull=False,
    )
    for duty in rows.select_related("post__superior", "post__organisation"):
        if duty.post:
            found.setdefault((duty.thing_kind, duty.thing_id), {})[duty.role] = duty.post
    return found


def clocks_of(order: Order, limit: timedelta) -> Iterable[Due]:
    yield due_moment(UNANSWERED, order, order.issued_at + limit)
    yield due_moment("order.deadline_came", order, order.deadline_at)


def due_moment(kind: str, order: Order, at: datetime) -> Due:
    """A moment of an order's clock."""
    return Due(kind=kind, subject_kind="order", subject_id=str(order.pk), due_at=at)


def _told(order: Order) -> dict[str, Any]:
    return {
        "to": order.post_id,
        "area": order.area_id,
        "about": f"{order.about_kind}:{order.about_key}",
        "action": order.action,
        "what": f"{order.verb}{order.object}",
        "level": int(order.level),
        "deadline": order.deadline_at,
    }


@transaction.atomic
def note_deadline(event: Event) -> None:
    """The deadline came; an order not reported done is overdue, for all to see."""
    order = Order.objects.get(pk=subject_pk(event))
    if order.state not in (*DONE, *OVER):
        told = {"deadline": order.deadline_at}
        record("order.overdue", subject=order, by=SYSTEM, after=told)


def _answer(order: Order, verb: str, by: Seat, *, reason: str = "", **changes: Any) -> bool:
    """A step of the receiver, or of a post that was called in its stead."""
    return move(
        order,
        verb,
        machine=ORDER,
        by=by,
        reason=reason,
        place=order.area.path,
        posts=(order.post_id, *order.chain),
        **changes,
    )


@transaction.atomic
def acknowledge_order(*, order: Order, by: Seat) -> Order:
    """The receiver has it; nobody is called about it any more. A superior who answers in his stead
    knows of it, and the receiver is called on."""
    if order.state in WAITING and by.post_id in order.chain and by.post_id not in order.own_posts:
        return inform(order=order, by=by)
    _answer(order, "acknowledge", by, acknowledged_at=clock.now(), acknowledged_by=by.label)
    stop_calling(order)
    open_by_receiver(order=order, by=by, answered=True)
    return order


@transaction.atomic
def inform(*, order: Order, by: Seat) -> Order:
    """A superior knows of it; the order still waits for its receiver."""
    require(by, "order.answer", posts=(order.post_id, *order.chain), place=order.area.path)
    if order.informed_at is None:
        Order.objects.filter(pk=order.pk).update(informed_at=clock.now(), informed_by=by.label)
        record("order.informed", subject=order, by=by)
        order.refresh_from_db()
    return order


def open_by_receiver(*, order: Order, by: Seat, answered: bool = False) -> None:
    """The receiver has the order before him on the page."""
    note_seen(
        subject_kind="order",
        subject_id=str(order.pk),
        person_id=by.person_id,
        answered=answered,
        by=by,
    )


def stop_calling(order: Order) -> None:
    """Nobody is paged about it any more."""
    cancel(subject_kind="order", subject_id=str(order.pk), by=SYSTEM)


@transaction.atomic
def refuse_order(*, order: Order, reason: str, by: Seat) -> Order:
    _answer(order, "refuse", by, reason=reason, note=reason)
    stop_calling(order)
    plead(order=order, kind=Plea.Kind.REFUSED, text=reason, by=by)
    return order


@transaction.atomic
def set_progress(*, order: Order, done: int, by: Seat, total: int | None = None) -> Order:
    """n of m done. The receiver may state m once, when the order left it open."""
    if total is not None and order.total and total != order.total:
        raise Problem("input.invalid", field="total", why=f"已定为 {order.total}")
    total = order.total or total or 0
    if done < 0 or (total and done > total):
        raise Problem("input.invalid", field="done", why=f"应在 0 到 {total} 之间")
    _answer(order, "progress", by, done=done, total=total)
    return order


@transaction.atomic
def set_count(*, order: Order, done: int, total: int, by: Seat) -> None:
    """n of m as something else counts it (tags that were scanned); an order that nobody has
    acknowledged yet stays so, whatever is counted."""
    require(by, "order.answer", posts=(order.post_id, *order.chain), place=order.area.path)
    if (order.done, order.total) == (done, total) or order.state in OVER:
        return
    before = {"done": order.done, "total": order.total}
    Order.objects.filter(pk=order.pk).update(done=done, total=total)
    order.refresh_from_db(fields=["done", "total"])
    record("order.counted", subject=order, by=by, before=before, after=_count(order))
    if done and order.state == "acknowledged":
        _answer(order, "progress", by)


def _count(order: Order) -> dict[str, int]:
    return {"done": order.done, "total": order.total}


@transaction.atomic
def report_done(*, order: Order, note: str, by: Seat) -> Order:
    """The receiver says it is done; the issuer still has to look."""
    done = order.total or order.done
    _answer(order, "report", by, reason=note, note=note, done=done, reported_at=clock.now())
    return order


@transaction.atomic
def want_help(*, order: Order, note: str, by: Seat) -> Order:
    """The receiver asks for reinforcement; the order goes on."""
    require(by, "order.answer", posts=(order.post_id, *order.chain), place=order.area.path)
    Order.objects.filter(pk=order.pk).update(help_wanted_at=clock.now(), note=note)
    record("order.help_wanted", subject=order, by=by, reason=note)
    plead(order=order, kind=Plea.Kind.HELP, text=note, by=by)
    order.refresh_from_db()
    return order


@transaction.atomic
def say_cannot(*, order: Order, note: str, by: Seat) -> Order:
    """The receiver cannot do it; the order stays his until somebody decides."""
    require(by, "order.answer", posts=(order.post_id, *order.chain), place=order.area.path)
    plead(order=order, kind=Plea.Kind.CANNOT, text=note, by=by)
    return order


@transaction.atomic
def verify_order(*, order: Order, by: Seat, note: str = "") -> Order:
    """Somebody who did not do it has looked."""
    move(
        order,
        "verify",
        machine=ORDER,
        by=by,
        reason=note,
        place=order.area.path,
        first=order.post_id,
        verified_at=clock.now(),
    )
    return order


@transaction.atomic
def send_back(*, order: Order, reason: str, by: Seat) -> Order:
    """Not good enough: back to the receiver, who is told."""
    move(
        order,
        "send_back",
        machine=ORDER,
        by=by,
        reason=reason,
        place=order.area.path,
        note=reason,
        reported_at=None,
    )
    return order


@transaction.atomic
def close_order(*, order: Order, reason: str, by: Seat) -> Order:
    """Close what is done; withdraw what is not, and whoever was told of it is told so. Nobody
    closes what somebody else has told him to do."""
    own = by.post_id is not None and by.post_id == order.post_id
    if own and order.issuer_id != order.post_id:
        raise Problem("step.second_person", seat=by.label)
    move(
        order,
        "close" if order.state in {"reported", "verified"} else "withdraw",
        machine=ORDER,
        by=by,
        reason=reason,
        place=order.area.path,
        closed_at=clock.now(),
        close_reason=reason[:200],
    )
    stop_calling(order)
    drop_pleas(order, by)
    return order


@transaction.atomic
def extend_order(*, order: Order, deadline_at: datetime, reason: str, by: Seat) -> Order:
    """A later deadline; the first one stays visible."""
    require(by, "order.issue", place=order.area.path)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    before = {"deadline": order.deadline_at}
    Order.objects.filter(pk=order.pk).update(deadline_at=deadline_at)
    order.refresh_from_db()
    Due.objects.filter(
        kind="order.deadline_came", subject_kind="order", subject_id=str(order.pk)
    ).delete()
    Due.objects.bulk_create([due_moment("order.deadline_came", order, deadline_at)])
    after = {"deadline": deadline_at}
    record("order.extended", subject=order, by=by, before=before, after=after, reason=reason)
    return order
