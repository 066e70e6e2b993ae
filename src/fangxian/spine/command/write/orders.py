"""Orders: issue, acknowledge, progress, report, verify, close; escalate what is not answered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from fangxian.spine.command.models import Order, Response
from fangxian.spine.command.rules import STEPS, UNACKNOWLEDGED, ack_clock
from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, call_off, named, record, record_many, subject_pk
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Due, Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.reach.write import cancel, note_seen, tell
from fangxian.spine.registry.models import Duty, Person, Place, Post
from fangxian.spine.registry.read import fallback_post, holder, post_by_role


@dataclass(frozen=True, slots=True)
class Task:
    """What an order asks, before it is one."""

    area: Place
    verb: str
    object: str
    minutes: int
    verb_en: str = ""
    object_en: str = ""
    exempt: str = ""
    total: int = 0
    post: Post | None = None
    action: str = ""
    action_level: Level | None = None


@transaction.atomic
def issue_orders(
    tasks: Iterable[Task], *, hazard: str, level: Level, by: Seat, response: Response | None = None
) -> list[Order]:
    """Issue orders with their clocks in one transaction. Each goes to the post that answers for
    its area; the chain of who is called when nobody answers is frozen now."""
    tasks = list(tasks)
    now = clock.now()
    answer = ack_clock(level=level, at=now)
    answering = _answering([task.area for task in tasks])
    leader = post_by_role("commander")
    orders = []
    for task in tasks:
        require(by, "order.issue", place=task.area.path)
        roles = answering.get(task.area.code, {})
        post = task.post or roles.get("A") or roles.get("B") or fallback_post() or leader
        deadline = now + timedelta(minutes=task.minutes)
        orders.append(
            Order(
                response=response,
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
                chain=_chain(post, roles.get("B"), leader),
            )
        )
    Order.objects.bulk_create(orders)
    Due.objects.bulk_create(_clocks(orders, answer.limit, len(answer.steps)))
    record_many([Entry("order.issued", named(o), None, _told(o)) for o in orders], by=by)
    return orders


def _answering(areas: Sequence[Place]) -> dict[str, dict[str, Post]]:
    found: dict[str, dict[str, Post]] = {}
    for duty in Duty.objects.filter(
        thing_kind="place", thing_id__in={a.code for a in areas}, post__isnull=False, valid_to=None
    ).select_related("post__superior", "post__organisation"):
        if duty.post:
            found.setdefault(duty.thing_id, {})[duty.role] = duty.post
    return found


def _chain(post: Post, deputy: Post | None, leader: Post) -> list[int]:
    """Deputy, superior, city duty leader: it always ends with a named post."""
    chain = [deputy.pk if deputy else None, post.superior_id, leader.pk]
    return [key or leader.pk for key in chain]


def _clocks(orders: Iterable[Order], limit: timedelta, steps: int) -> Iterable[Due]:
    for order in orders:
        for step in range(1, steps + 1):
            yield _due(f"order.unanswered_{step}", order, order.issued_at + limit * step)
        yield _due("order.deadline_came", order, order.deadline_at)


def _due(kind: str, order: Order, at: datetime) -> Due:
    return Due(kind=kind, subject_kind="order", subject_id=str(order.pk), due_at=at)


def _told(order: Order) -> dict[str, Any]:
    return {
        "to": order.post_id,
        "area": order.area_id,
        "what": f"{order.verb}{order.object}",
        "level": int(order.level),
        "deadline": order.deadline_at,
    }


def order_text(order: Order) -> str:
    """One short message: level, place, action, deadline."""
    deadline = clock.beijing(order.deadline_at)
    level = Level(order.level)
    return (
        f"【漳州防指】{level.numeral}级 {order.area.name} {order.verb}{order.object} "
        f"{deadline:%d日%H:%M}前。回1收到 回2完成 回3要增援"
    )


@transaction.atomic
def call_receiver(event: Event) -> None:
    """Tell the holder of the post; without a holder the chain is called at once."""
    order = Order.objects.select_related("area", "post__place").get(pk=subject_pk(event))
    answer = ack_clock(level=Level(order.level), at=order.issued_at)
    person = holder(order.post)
    if person is None:
        _escalate(order, step=1)
        return
    _tell(order, person, order.post, answer.first, step=0)
    _move(order, "deliver", by=SYSTEM, quiet=True)


def _tell(order: Order, person: Person, post: Post, channels: Iterable[str], *, step: int) -> None:
    tell(
        subject_kind="order",
        subject_id=str(order.pk),
        text=order_text(order),
        level=Level(order.level),
        person=person,
        post=post,
        channels=channels,
        step=step,
        expires_at=order.deadline_at + timedelta(days=1),
        by=SYSTEM,
    )


@transaction.atomic
def call_next(event: Event) -> None:
    """An acknowledgement did not come in time: call the same person by another channel, and the
    next post of the frozen chain."""
    order = Order.objects.select_related("area", "post__place").get(pk=subject_pk(event))
    if order.state in UNACKNOWLEDGED:
        _escalate(order, step=int(event.kind[-1]))


def _escalate(order: Order, *, step: int) -> None:
    answer = ack_clock(level=Level(order.level), at=order.issued_at)
    channels = answer.steps[step - 1]
    person = holder(order.post)
    if person:
        _tell(order, person, order.post, channels, step=step)
    key = order.chain[min(step, len(order.chain)) - 1]
    other = holder(key) or holder(order.chain[-1])
    if other and other != person:
        _tell(order, other, Post.objects.get(pk=key), channels, step=step)
    order.escalated = step
    order.save(update_fields=["escalated"])
    record("order.escalated", subject=order, by=SYSTEM, after={"step": step, "post": key})


@transaction.atomic
def note_deadline(event: Event) -> None:
    """The deadline came; an order not reported done is overdue, for all to see."""
    order = Order.objects.get(pk=subject_pk(event))
    if order.state in UNACKNOWLEDGED | {"acknowledged", "in_progress", "refused"}:
        record("order.overdue", subject=order, by=SYSTEM, after={"deadline": order.deadline_at})


def _move(
    order: Order, verb: str, *, by: Seat, reason: str = "", quiet: bool = False, **changes: Any
) -> bool:
    """One step of the state machine by compare-and-set. ``quiet`` lets a late step pass."""
    sources, target = STEPS[verb]
    changed = Order.objects.filter(pk=order.pk, state__in=sources).update(state=target, **changes)
    if not changed:
        if quiet:
            return False
        order.refresh_from_db()
        raise Problem(
            "order.wrong_state", order=order.pk, state=order.get_state_display(), verb=verb
        )
    before = {"state": order.state, "done": order.done}
    order.refresh_from_db()
    record(
        f"order.{target}",
        subject=order,
        by=by,
        before=before,
        after={"state": target, "done": order.done, "total": order.total},
        reason=reason,
    )
    return True


def _may_answer(order: Order, by: Seat) -> None:
    require(by, "order.answer", posts=(order.post_id, *order.chain), place=order.area.path)


@transaction.atomic
def acknowledge_order(*, order: Order, by: Seat) -> Order:
    """The receiver has it; nobody is called about it any more."""
    _may_answer(order, by)
    _move(order, "acknowledge", by=by, acknowledged_at=clock.now(), acknowledged_by=by.label)
    _stop_calling(order)
    open_by_receiver(order=order, by=by, answered=True)
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


def _stop_calling(order: Order) -> None:
    call_off(order, *(f"order.unanswered_{k}" for k in range(1, 10)))
    cancel(subject_kind="order", subject_id=str(order.pk), by=SYSTEM)


@transaction.atomic
def refuse_order(*, order: Order, reason: str, by: Seat) -> Order:
    _may_answer(order, by)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    _move(order, "refuse", by=by, reason=reason, note=reason)
    _stop_calling(order)
    return order


@transaction.atomic
def set_progress(*, order: Order, done: int, by: Seat, total: int | None = None) -> Order:
    """n of m done. The receiver may state m once, when the order left it open."""
    _may_answer(order, by)
    if total is not None and order.total and total != order.total:
        raise Problem("input.invalid", field="total", why=f"已定为 {order.total}")
    total = order.total or total or 0
    if done < 0 or (total and done > total):
        raise Problem("input.invalid", field="done", why=f"应在 0 到 {total} 之间")
    _move(order, "progress", by=by, done=done, total=total)
    return order


@transaction.atomic
def report_done(*, order: Order, note: str, by: Seat) -> Order:
    """The receiver says it is done; the issuer still has to look."""
    _may_answer(order, by)
    done = order.total or order.done
    _move(order, "report", by=by, reason=note, note=note, done=done, reported_at=clock.now())
    return order


@transaction.atomic
def want_help(*, order: Order, note: str, by: Seat) -> Order:
    """The receiver asks for reinforcement; the order goes on."""
    _may_answer(order, by)
    Order.objects.filter(pk=order.pk).update(help_wanted_at=clock.now(), note=note)
    record("order.help_wanted", subject=order, by=by, reason=note)
    order.refresh_from_db()
    return order


@transaction.atomic
def verify_order(*, order: Order, by: Seat, note: str = "") -> Order:
    require(by, "order.verify", place=order.area.path)
    if by.post_id is not None and by.post_id == order.post_id:
        raise Problem("rights.denied", seat=by.label, right="order.verify")
    _move(order, "verify", by=by, reason=note, verified_at=clock.now())
    return order


@transaction.atomic
def send_back(*, order: Order, reason: str, by: Seat) -> Order:
    """Not good enough: back to the receiver, who is told."""
    require(by, "order.verify", place=order.area.path)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    _move(order, "send_back", by=by, reason=reason, note=reason, reported_at=None)
    return order


@transaction.atomic
def close_order(*, order: Order, reason: str, by: Seat) -> Order:
    require(by, "order.verify", place=order.area.path)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    _move(order, "close", by=by, reason=reason, closed_at=clock.now(), close_reason=reason)
    call_off(order)
    cancel(subject_kind="order", subject_id=str(order.pk), by=SYSTEM)
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
    Due.objects.bulk_create([_due("order.deadline_came", order, deadline_at)])
    after = {"deadline": deadline_at}
    record("order.extended", subject=order, by=by, before=before, after=after, reason=reason)
    return order


@transaction.atomic
def urge(*, order: Order, by: Seat) -> Order:
    """Call the receiver again, now, by voice."""
    require(by, "order.issue", place=order.area.path)
    person = holder(order.post)
    step = (
        10
        + Event.objects.filter(
            kind="order.urged", subject_kind="order", subject_id=str(order.pk)
        ).count()
    )
    if person:
        _tell(order, person, order.post, ["app", "voice"], step=step)
    record("order.urged", subject=order, by=by)
    return order


@transaction.atomic
def take_answer(event: Event) -> None:
    """An answer came by link, text or key: 1 received, 2 done, 3 help wanted."""
    about = event.after or {}
    kind, _, key = str(about.get("about", "")).partition(":")
    if kind != "order":
        return
    order = Order.objects.select_related("area").get(pk=int(key))
    person = Person.objects.get(pk=about["person"])
    by = Seat(person.pk, order.post_id, person.name, "responder", order.area.path)
    if _move(
        order,
        "acknowledge",
        by=by,
        quiet=True,
        acknowledged_at=clock.now(),
        acknowledged_by=person.name,
    ):
        _stop_calling(order)
    if about["answer"] == "2":
        _move(
            order,
            "report",
            by=by,
            quiet=True,
            reported_at=clock.now(),
            done=order.total or order.done,
        )
    elif about["answer"] == "3" and order.help_wanted_at is None:
        want_help(order=order, note="回复要增援", by=by)
