"""Who is told of an order, by what, and who next when nobody answers; and the answers that come
back. The steps of an order themselves are in orders.py."""

from collections.abc import Iterable

from django.db import transaction

from fangxian.spine.command.models import ORDER, UNANSWERED, WAITING, Order
from fangxian.spine.command.rules import ack_clock, span
from fangxian.spine.core import clock
from fangxian.spine.core.events import record, subject_pk
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Due, Event
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.reach.write import tell
from fangxian.spine.registry.models import Person, Post
from fangxian.spine.registry.read import holder

from .orders import due_moment, stop_calling, want_help


def order_text(order: Order) -> str:
    """One short message: headquarters, level, place, action, deadline."""
    deadline = clock.beijing(order.deadline_at)
    level = Level(order.level)
    return (
        f"【{order.headquarters.short}】{level.numeral}级 {order.area.name} "
        f"{order.verb}{order.object} {deadline:%d日%H:%M}前。回1收到 回2完成 回3要增援"
    )


def _whole(key: int) -> Order:
    rows = Order.objects.select_related("area", "post__place", "headquarters")
    return rows.get(pk=key)


@transaction.atomic
def call_receiver(event: Event) -> None:
    """Tell the holder of the post; without a holder the chain is called at once."""
    order = _whole(subject_pk(event))
    answer = ack_clock(level=Level(order.level), at=order.issued_at)
    person = holder(order.post)
    if person is None:
        _escalate(order, step=1)
        return
    _tell(order, person, order.post, answer.first, step=0)
    move(order, "deliver", machine=ORDER, by=SYSTEM, quiet=True)


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
        expires_at=order.deadline_at + span("message_lives_after_deadline", order.issued_at),
        by=SYSTEM,
    )


@transaction.atomic
def call_next(event: Event) -> None:
    """An acknowledgement did not come in time: call the same person by another channel, and the
    next post of the frozen chain. One limit later the next step, as many as the clocks have."""
    order = _whole(subject_pk(event))
    answer = ack_clock(level=Level(order.level), at=order.issued_at)
    step = order.escalated + 1
    if order.state not in WAITING or step > len(answer.steps):
        return
    _escalate(order, step=step)
    if step < len(answer.steps):
        Due.objects.bulk_create(
            [due_moment(UNANSWERED, order, order.issued_at + answer.limit * (step + 1))]
        )


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
def urge(*, order: Order, by: Seat) -> Order:
    """Call the receiver again, now, by voice."""
    require(by, "order.issue", place=order.area.path)
    person = holder(order.post)
    urged = Event.objects.filter(
        kind="order.urged", subject_kind="order", subject_id=str(order.pk)
    ).count()
    if person:
        _tell(order, person, order.post, ["app", "voice"], step=10 + urged)
    record("order.urged", subject=order, by=by)
    return order


@transaction.atomic
def take_answer(event: Event) -> None:
    """An answer came by link, text or key: 1 received, 2 done, 3 help wanted. It is recorded under
    the post that was called, which after an escalation is not the receiver's."""
    about = event.after or {}
    kind, _, key = str(about.get("about", "")).partition(":")
    if kind != "order":
        return
    order = Order.objects.select_related("area").get(pk=int(key))
    person = Person.objects.get(pk=about["person"])
    post_id = about.get("post") or order.post_id
    by = Seat(person.pk, post_id, person.name, "responder", order.area.path)
    if move(
        order,
        "acknowledge",
        machine=ORDER,
        by=by,
        posts=(order.post_id, *order.chain),
        quiet=True,
        acknowledged_at=clock.now(),
        acknowledged_by=person.name,
    ):
        stop_calling(order)
    if about["answer"] == "2":
        move(
            order,
            "report",
            machine=ORDER,
            by=by,
            posts=(order.post_id, *order.chain),
            quiet=True,
            reported_at=clock.now(),
            done=order.total or order.done,
        )
    elif about["answer"] == "3" and order.help_wanted_at is None:
        want_help(order=order, note="回复要增援", by=by)
