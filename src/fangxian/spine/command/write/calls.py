"""Who is told of an order, by what, and who next when nobody answers; and the answers that come
back. The steps of an order themselves are in orders.py."""

from collections import Counter
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Q

from fangxian.spine.command.models import ORDER, OVER, UNANSWERED, WAITING, Order, Plea
from fangxian.spine.command.replies import read_reply
from fangxian.spine.command.rules import ack_clock, span
from fangxian.spine.core import clock
from fangxian.spine.core.editions import edition
from fangxian.spine.core.events import record, subject_pk
from fangxian.spine.core.hazards import hazard
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Due, Event
from fangxian.spine.core.operating import operating
from fangxian.spine.core.queue import BY_LEVEL, MANY
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.core.steps import move, move_all
from fangxian.spine.reach.models import Delivery
from fangxian.spine.reach.read import link_length, told_about, tries_within
from fangxian.spine.reach.telling import Telling, tell, tell_all
from fangxian.spine.registry.models import Person, Post
from fangxian.spine.registry.read import fallback_post, holder, holders, reachable

from .orders import due_moment, inform, say_cannot, stop_calling, want_help
from .pleas import plead

MOST = 70  # characters of one text message
# Each planned call of an order has a number of its own: steps of the ladder, calls by hand and
# calls of a later issue lie far enough apart never to meet.
HOPELESS_S = 60.0  # where an edition entered before says nothing of it
URGED, ROUND = 100_000, 1_000_000


def order_text(order: Order) -> str:
    """One short message of one text's length: headquarters, hazard, level, place, action,
    deadline, and how to answer; the action is cut where the link needs the room."""
    deadline = clock.beijing(order.deadline_at)
    level = Level(order.level)
    head = f"【{order.headquarters.short}】{hazard(order.hazard).zh}{level.numeral}级 "
    tail = f" {deadline:%d日%H:%M}前。回1收到2完成3增援"
    room = MOST - len("【演练】") - link_length() - len(head) - len(tail)
    what = f"{order.area.name}{order.verb}{order.object}"
    return head + (what if len(what) <= max(room, 24) else what[: max(room - 1, 24)] + "…") + tail


def _whole(key: int) -> Order:
    """Held until the transaction ends: who answers meanwhile waits, and is not called after."""
    rows = Order.objects.select_for_update(of=("self",))
    return rows.select_related("area", "post__place", "headquarters").get(pk=key)


def call_receiver(event: Event) -> None:
    """Tell the holder of the post; without a holder that can be reached the chain is called at
    once."""
    _call_receivers([event])


@transaction.atomic
def _call_receivers(events: Sequence[Event]) -> None:
    """The receivers of many orders."""
    keys = [subject_pk(event) for event in events]
    rows = Order.objects.select_for_update(of=("self",))
    found = rows.select_related("area", "post__place", "headquarters").in_bulk(keys)
    # what is answered or withdrawn before its call is not called
    orders = [found[key] for key in keys if found[key].state in WAITING]
    seated, rounds = holders({order.post_id for order in orders}), _rounds(orders)
    called = [
        (order, _telling(order, person, order.post, _first(order), step=rounds[order.pk]))
        for order in orders
        if (person := seated.get(order.post_id))
    ]
    planned = tell_all([telling for _, telling in called], by=SYSTEM)
    told = [order for (order, _), made in zip(called, planned, strict=True) if made]
    move_all(told, "deliver", machine=ORDER, by=SYSTEM)
    for order in orders:
        person = seated.get(order.post_id)
        if person is None or not reachable(person):
            _escalate(order, step=1)


MANY[call_receiver] = _call_receivers
BY_LEVEL.add("order.issued")


def _first(order: Order) -> tuple[str, ...]:
    return ack_clock(level=Level(order.level), at=order.issued_at).first


def _round(order: Order) -> int:
    return _rounds([order])[order.pk]


def _rounds(orders: Sequence[Order]) -> dict[int, int]:
    """Where the steps of this issue of each order begin: one that goes out again is told again."""
    kinds = ("order.reopened", "order.reassigned")
    again = Event.written.filter(
        kind__in=kinds, subject_kind="order", subject_id__in=[str(order.pk) for order in orders]
    )
    times = Counter(again.values_list("subject_id", flat=True))
    return {order.pk: ROUND * times[str(order.pk)] for order in orders}


def _telling(
    order: Order, person: Person, post: Post, channels: Iterable[str], *, step: int
) -> Telling:
    return Telling(
        subject_kind="order",
        subject_id=str(order.pk),
        text=order_text(order),
        level=Level(order.level),
        person=person,
        post=post,
        channels=channels,
        step=step,
        expires_at=order.deadline_at + span("message_lives_after_deadline", order.issued_at),
    )


def _tell(order: Order, person: Person, post: Post, channels: Iterable[str], *, step: int) -> int:
    """How many deliveries that planned."""
    return len(tell_all([_telling(order, person, post, channels, step=step)], by=SYSTEM)[0])


@transaction.atomic
def call_next(event: Event) -> None:
    """An acknowledgement did not come in time: call the same person by another channel, and the
    next post of the frozen chain; one limit later the next step. The last step is repeated until
    the receiver answers or the deadline has come."""
    order = _whole(subject_pk(event))
    if order.state not in WAITING or event.at < order.issued_at:  # a clock of before
        return
    step = order.escalated + 1
    _escalate(order, step=step)
    limit = ack_clock(level=Level(order.level), at=order.issued_at, minutes=order.answer_min).limit
    again = order.issued_at + limit * (step + 1)
    if again < order.deadline_at or step < len(_steps(order)):
        due = due_moment(UNANSWERED, order, max(again, clock.now()))
        Due.objects.bulk_create([due], ignore_conflicts=True)


def _steps(order: Order) -> tuple[tuple[str, ...], ...]:
    return ack_clock(level=Level(order.level), at=order.issued_at).steps


def _escalate(order: Order, *, step: int) -> None:
    """Call the receiver and the post of this step. A step that reaches nobody is skipped."""
    steps = _steps(order)
    channels = steps[min(step, len(steps)) - 1]
    number = _round(order) + step
    person = holder(order.post)
    told = _tell(order, person, order.post, channels, step=number) if person else 0
    key = order.chain[min(step, len(order.chain)) - 1]
    other = holder(key) or holder(order.chain[-1])
    others = 0
    if other and other != person:
        others = _tell(order, other, Post.objects.get(pk=key), channels, step=number)
    order.escalated = step
    order.save(update_fields=["escalated"])
    after = {"step": step, "post": key, "told": told + others}
    record("order.escalated", subject=order, by=SYSTEM, after=after)
    himself = other is not None and other == person and told > 0
    if not others and not himself and step < len(steps):
        _escalate(order, step=step + 1)


@transaction.atomic
def call_after_failure(event: Event) -> None:
    """A call is known to have failed: when nothing else is on its way to the receiver, the next
    one is called now and not when the clock says."""
    about = event.after or {}
    kind, _, key = str(about.get("about", "")).partition(":")
    if kind != "order":
        return
    order = _whole(int(key))
    person = holder(order.post)
    if order.state not in WAITING or person is None or about.get("person") != person.pk:
        return
    mine = Delivery.objects.filter(
        message__subject_kind="order", message__subject_id=key, person=person
    )
    # what was tried again and again for as long is no hope
    tries = tries_within(operating("sending").get("hopeless_after_s", HOPELESS_S))
    held_up = Q(state=Delivery.State.PLANNED, attempts__gte=tries)
    hopeful = mine.exclude(held_up | Q(state__in=[Delivery.State.FAILED, Delivery.State.CANCELLED]))
    if not hopeful.exclude(channel="app").exists() and order.escalated < len(_steps(order)):
        _escalate(order, step=order.escalated + 1)


@transaction.atomic
def urge(*, order: Order, by: Seat) -> Order:
    """Call the receiver again, now, by voice."""
    require(by, "order.issue", place=order.area.path)
    person = holder(order.post)
    urged = Event.objects.filter(
        kind="order.urged", subject_kind="order", subject_id=str(order.pk)
    ).count()
    if person:
        _tell(order, person, order.post, ["app", "voice"], step=_round(order) + URGED + urged)
    record("order.urged", subject=order, by=by)
    return order


@transaction.atomic
def take_answer(event: Event) -> None:
    """An answer came by link, text or key. It is read by the dated words of replies; what nobody
    understands answers nothing and goes to the desk. It is recorded under the post that was
    called; a superior's says that he knows of it, and the receiver is called on."""
    about = event.after or {}
    kind, _, key = str(about.get("about", "")).partition(":")
    if kind not in {"order", "notice"}:
        return
    order = _whole(int(key))
    person = Person.objects.get(pk=about["person"])
    post_id = about.get("post") or order.post_id
    by = Seat(person.pk, post_id, person.name, "responder", order.area.path)
    said = str(about["answer"])
    verb = read_reply(said, edition("replies", clock.now()).content)
    if order.state in OVER and verb == "help":  # who calls for help is heard, whatever is closed
        plead(order=order, kind=Plea.Kind.HELP, text=said, by=by)
        taken = f"此件已结束，求助已报{order.headquarters.short}和上级，请守在线上"
    elif order.state in OVER:
        taken = f"此件已撤销或关闭：{order.close_reason[:20]}"
    elif verb is None:
        plead(order=order, kind=Plea.Kind.UNCLEAR, text=said, by=by)
        taken = "没看懂，未记为收到。请只回：1收到 2完成 3要增援 4办不了"
    else:
        taken = _take(order, verb, said, by)
    # a plain 收到 is told back on the page only: in a call-up of hundreds a text each is noise
    _echo(order, person, post_id, taken, event, ["app"] if verb == "received" else ["app", "sms"])


def _take(order: Order, verb: str, said: str, by: Seat) -> str:
    """Do what was answered; what is told back of it."""
    own = by.post_id in order.own_posts
    if verb == "help":
        want_help(order=order, note=said, by=by)
    if verb == "cannot":
        say_cannot(order=order, note=said, by=by)
        return f"已记：办不了。{order.headquarters.short}即处置，改派前仍由您负责"
    if not own:
        inform(order=order, by=by)
        return f"已记：您已知悉，仍在叫应{order.post.name}"
    if move(
        order,
        "acknowledge",
        machine=ORDER,
        by=by,
        posts=(order.post_id, *order.chain),
        quiet=True,
        acknowledged_at=clock.now(),
        acknowledged_by=by.label,
    ):
        stop_calling(order)
    if verb == "done":
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
        return "已记：完成，待核验"
    if verb == "help":
        return f"已记：收到、要增援。已报{order.headquarters.short}和上级，请守在线上"
    return f"已记：收到。{clock.beijing(order.deadline_at):%d日%H:%M}前办结"


def _echo(
    order: Order, person: Person, post_id: int, taken: str, event: Event, channels: list[str]
) -> None:
    """What was taken, and when, told back to who said it."""
    post = Post.objects.filter(pk=post_id).first()
    text = f"{clock.beijing(clock.now()):%H:%M} {taken}"
    _notice(order, person, post, text, channels, event.pk)


def _notice(
    order: Order,
    person: Person,
    post: Post | None,
    text: str,
    channels: Iterable[str],
    step: int,
) -> None:
    """A text about an order that asks for no answer."""
    tell(
        subject_kind="notice",
        subject_id=str(order.pk),
        text=f"【{order.headquarters.short}】{text}"[:300],
        level=Level(order.level),
        person=person,
        post=post,
        channels=channels,
        step=step,
        expires_at=clock.now() + span("message_lives_after_deadline", order.issued_at),
        by=SYSTEM,
    )


@transaction.atomic
def tell_of_plea(event: Event) -> None:
    """What the receiver says goes to his superior, to who issued the order and to the city."""
    plea = Plea.objects.select_related("person", "order").get(pk=subject_pk(event))
    order = _whole(plea.order_id)
    post = Post.objects.select_related("superior").get(pk=order.post_id)
    duty = fallback_post()
    who = plea.person.name if plea.person else post.name
    what = f"{order.area.name}{plea.get_kind_display()}：{order.verb}{order.object}"
    text = f"{what}（{who}：{plea.text[:30]}）"
    keys = [post.superior_id, order.issuer_id, duty.pk if duty else None]
    for key in dict.fromkeys(k for k in keys if k):
        person = holder(key)
        if person and person.pk != plea.person_id:
            told = Post.objects.get(pk=key)
            _notice(order, person, told, text, ["app", "sms"], event.pk)


@transaction.atomic
def tell_settled(event: Event) -> None:
    """Who called is told who comes or what was decided."""
    plea = Plea.objects.select_related("person").get(pk=subject_pk(event))
    order = _whole(plea.order_id)
    if plea.person:
        text = f"{order.area.name}{plea.get_kind_display()}：{plea.how[:40]}"
        _notice(order, plea.person, order.post, text, ["app", "sms"], event.pk)


@transaction.atomic
def tell_withdrawn(event: Event) -> None:
    """One notice to everyone who was told of what is withdrawn, however many orders that is."""
    kinds = (event.kind,)
    same = Event.written.filter(at=event.at, kind__in=kinds, reason=event.reason)
    if same.filter(id__gt=event.pk).exists():
        return
    keys = list(same.values_list("subject_id", flat=True))
    orders = Order.objects.select_related("area", "post", "headquarters").in_bulk(
        [int(k) for k in keys]
    )
    for deliveries in told_about(subject_kind="order", subject_ids=keys).values():
        mine = {int(d.message.subject_id) for d in deliveries}
        first, last = orders[min(mine)], deliveries[-1]
        more = f"等 {len(mine)} 项" if len(mine) > 1 else ""
        text = (
            f"已撤销：{first.area.name}{first.verb}{first.object}{more}。理由：{event.reason[:40]}"
        )
        channels = sorted({"sms" if d.channel == "voice" else d.channel for d in deliveries})
        _notice(first, last.person, last.post, text, channels, event.pk)


@transaction.atomic
def tell_extended(event: Event) -> None:
    """A deadline was moved: whoever was told of it is told."""
    order = _whole(subject_pk(event))
    text = f"{order.area.name}{order.verb}{order.object} 时限改为 "
    text += f"{clock.beijing(order.deadline_at):%d日%H:%M}：{event.reason[:30]}"
    for deliveries in told_about(subject_kind="order", subject_ids=[str(order.pk)]).values():
        last = deliveries[-1]
        _notice(order, last.person, last.post, text, ["app", "sms"], event.pk)


@transaction.atomic
def tell_moved(event: Event) -> None:
    """Who had the order before is told that another has it now."""
    order = _whole(subject_pk(event))
    before = (event.before or {}).get("post_id")
    old = holder(int(before)) if before else None
    if old and before:
        text = (
            f"已改派，您不再承办：{order.area.name}{order.verb}{order.object}。{event.reason[:30]}"
        )
        _notice(order, old, Post.objects.get(pk=before), text, ["app", "sms"], event.pk)
