"""Selectors of command: what is in force, what is open, what is late, what passes at hand-over."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from fangxian.spine.assess.read import active_signals
from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import Seat, may, visible
from fangxian.spine.reach.models import Delivery
from fangxian.spine.registry.models import Post

from .models import DONE, OVER, WAITING, LogEntry, Order, Plea, Proposal, Response


def responses(*, seat: Seat) -> QuerySet[Response]:
    """Responses over places a seat may see, and those of places above: they hold there too."""
    prefix = visible(seat, "response.read")
    if prefix is None:
        return Response.objects.none()
    found = Response.objects.filter(over_or_under(prefix))
    return found.select_related("place", "headquarters").order_by("-started_at")


def over_or_under(prefix: str) -> Q:
    """Of what has a place: within ``prefix``, or a place above it."""
    if not prefix:
        return Q()
    parts = prefix.rstrip(".").split(".")
    above = [".".join(parts[:k]) + "." for k in range(1, len(parts))]
    return Q(place__path__startswith=prefix) | Q(place__path__in=above)


def responses_in_force(*, seat: Seat) -> list[Response]:
    """Each with its task counts, worst first."""
    now = clock.now()
    late = Q(orders__deadline_at__lt=now) & ~Q(orders__state__in=[*DONE, *OVER])
    found = responses(seat=seat).filter(ended_at__isnull=True)
    return list(
        found.annotate(
            tasks=Count("orders"),
            tasks_done=Count("orders", Q(orders__state__in=DONE)),
            tasks_late=Count("orders", late),
        ).order_by("level", "started_at")
    )


def proposals(*, seat: Seat) -> QuerySet[Proposal]:
    prefix = visible(seat, "response.read")
    if prefix is None:
        return Proposal.objects.none()
    return Proposal.objects.filter(over_or_under(prefix)).select_related("place")


def open_proposals(*, seat: Seat) -> QuerySet[Proposal]:
    return proposals(seat=seat).filter(state="open").order_by("made_at")


Postures = Callable[[str, str], Level | None]


def posture(headquarters: str, *, path: str) -> Level | None:
    """The highest level in force that a headquarters of this kind has over a path of the tree: its
    own and those above, never one of a place beside or below. None is peace. Derived, never
    stored."""
    return postures()(headquarters, path)


def postures() -> Postures:
    """The same for many places: asked of the database once."""
    running = Response.objects.filter(ended_at=None)
    rows = list(running.values_list("headquarters__headquarters", "level", "place__path"))

    def of(headquarters: str, path: str) -> Level | None:
        here = (n for kind, n, over in rows if kind == headquarters and path.startswith(over))
        return min((Level(n) for n in here), default=None)

    return of


def emergency_since(headquarters: str, path: str, *, at: datetime | None = None) -> datetime | None:
    """Since when such a headquarters has (``at``: had) a response over a path; None in peace."""
    running = Response.objects.filter(headquarters__headquarters=headquarters)
    if at is None:
        running = running.filter(ended_at=None)
    else:
        running = running.filter(Q(ended_at=None) | Q(ended_at__gt=at), started_at__lte=at)
    rows = running.values_list("started_at", "place__path")
    return min((since for since, over in rows if path.startswith(over)), default=None)


MOVING = "转移"
DAY = timedelta(days=1)


def moving(*, seat: Seat, since: datetime, until: datetime) -> QuerySet[Order]:
    """Orders that move people: those of responses that ran within the span, and of no response
    those that are open or were issued within it or the day before its end. Each counts once."""
    rows = orders(seat=seat).filter(verb__contains=MOVING, issued_at__lte=until)
    ran = Q(responses__ended_at=None) | Q(responses__ended_at__gte=since)
    recent = Q(issued_at__gte=min(since, until - DAY)) | ~Q(state__in=[*DONE, *OVER])
    found = rows.filter((Q(responses__isnull=False) & ran) | (Q(responses=None) & recent))
    there = Order.objects.filter(pk__in=found.values("pk"))
    return there.exclude(state="withdrawn")


def orders(*, seat: Seat) -> QuerySet[Order]:
    """Orders a seat may see: of its places, or addressed to its post."""
    prefix = visible(seat, "order.read")
    if prefix is None:
        return Order.objects.none()
    found = Order.objects.select_related(
        "area__parent", "post__organisation", "post__place", "headquarters"
    )
    if prefix and not may(seat, "order.read", place=prefix):
        return found.filter(post=seat.post_id or 0)
    if not prefix:
        return found
    return found.filter(Q(area__path__startswith=prefix) | Q(post_id=seat.post_id))


def late_orders(*, seat: Seat, at: datetime | None = None) -> QuerySet[Order]:
    """Past their deadline and not reported done, oldest first."""
    found = (
        orders(seat=seat)
        .filter(deadline_at__lt=at or clock.now())
        .exclude(state__in=[*DONE, *OVER])
    )
    return found.order_by("level", "deadline_at")


def unanswered_orders(*, seat: Seat) -> QuerySet[Order]:
    """Not acknowledged within their limit, worst and oldest first."""
    return (
        orders(seat=seat)
        .filter(state__in=WAITING, acknowledge_by__lt=clock.now())
        .order_by("level", "acknowledge_by")
    )


def pleas(*, seat: Seat) -> QuerySet[Plea]:
    """Calls for help and words nobody understood that nobody has answered, oldest first."""
    mine = orders(seat=seat).values("pk")
    found = Plea.objects.filter(settled_at=None, order__in=mine)
    return found.select_related("order__area__parent", "order__post", "person").order_by("at")


def to_verify(*, seat: Seat) -> QuerySet[Order]:
    return orders(seat=seat).filter(state="reported").order_by("level", "reported_at")


def log_entries(*, seat: Seat) -> QuerySet[LogEntry]:
    """The log of the duty desk for who sees the whole city; others see what they wrote in it."""
    prefix = visible(seat, "gap.read")
    if prefix is None:
        return LogEntry.objects.none()
    rows = LogEntry.objects.order_by("-at", "-id")
    return rows if prefix == "" else rows.filter(by=seat.label)


def open_items(post: Post, *, seat: Seat) -> list[dict[str, Any]]:
    """What a successor takes over with a post: open orders, calls without answer, signals; for a
    reader those he may see."""
    items: list[dict[str, Any]] = []
    for order in orders(seat=seat).filter(post=post).exclude(state__in=OVER):
        items.append({"kind": "order", "id": order.pk, "text": str(order), "state": order.state})
    calls = Delivery.objects.filter(post=post, state__lt=Delivery.State.ANSWERED).select_related(
        "message"
    )
    for call in calls.filter(message__expires_at__gt=clock.now()):
        items.append({"kind": "call", "id": call.pk, "text": call.message.text})
    for signal in active_signals(seat=seat).filter(
        acknowledged_at__isnull=True, place__path__startswith=post.place.path
    ):
        items.append({"kind": "signal", "id": signal.pk, "text": str(signal)})
    return items


def sees_desk(seat: Seat) -> bool:
    """Whether the seat works at a duty desk rather than answering orders by phone."""
    return visible(seat, "register.read") is not None and seat.role != "responder"


def chain_of(post: Post, deputy: Post | None, leader: Post) -> list[int]:
    """Deputy, superior, leader of the headquarters: it always ends with a named post."""
    chain = [deputy.pk if deputy else None, post.superior_id, leader.pk]
    return [key or leader.pk for key in chain]
