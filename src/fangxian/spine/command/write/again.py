"""An order taken up anew: reopened, given to another post, told in person."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from fangxian.spine.command.models import ORDER, OVER, WAITING, WORKING, Order
from fangxian.spine.command.read import chain_of
from fangxian.spine.command.rules import ack_clock
from fangxian.spine.core import clock
from fangxian.spine.core.events import call_off
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Due, Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.registry.models import Post

from .orders import clocks_of, stop_calling


@transaction.atomic
def reopen_order(*, order: Order, reason: str, minutes: int, by: Seat) -> Order:
    """Closed too early: it goes out again, with a deadline of its own."""
    require(by, "order.issue", place=order.area.path)
    same = Order.objects.filter(
        hazard=order.hazard, action=order.action, about_kind=order.about_kind
    ).filter(about_key=order.about_key)
    if order.action and same.exclude(state__in=OVER).exists():
        raise Problem("order.same_open", what=str(order))
    _again(order, "reopen", reason, by, deadline_at=clock.now() + timedelta(minutes=minutes))
    return order


@transaction.atomic
def reassign_order(*, order: Order, post: Post, reason: str, by: Seat) -> Order:
    """Another post takes it over; the clock of acknowledgement begins anew."""
    require(by, "order.issue", place=order.area.path)
    if post.pk == order.post_id:
        raise Problem("input.invalid", field="post", why=f"已由 {post} 承办")
    before = order.post
    chain = chain_of(post, None, Post.objects.get(pk=order.chain[-1]))
    _again(order, "reassign", f"{before} → {post}：{reason}", by, post_id=post.pk, chain=chain)
    return order


@transaction.atomic
def follow_merge(event: Event) -> None:
    """The open orders of an organisation that was merged go to the posts that answer now."""
    posts = {int(old): int(new) for old, new in (event.after or {}).get("posts", {}).items()}
    rows = Order.objects.filter(post__in=posts, state__in=(*WAITING, *WORKING, "refused"))
    targets = Post.objects.in_bulk(list(posts.values()))
    for order in rows.select_related("post", "area"):
        why = "单位并入"
        reassign_order(order=order, post=targets[posts[order.post_id]], reason=why, by=SYSTEM)


def _again(order: Order, verb: str, reason: str, by: Seat, **changes: Any) -> None:
    now = clock.now()
    limit = ack_clock(level=Level(order.level), at=now, minutes=order.answer_min).limit
    fresh: dict[str, Any] = {"acknowledged_at": None, "acknowledged_by": "", "reported_at": None}
    fresh |= {"verified_at": None, "closed_at": None, "close_reason": "", "escalated": 0}
    fresh |= {"issued_at": now, "acknowledge_by": now + limit}
    move(
        order,
        verb,
        machine=ORDER,
        by=by,
        reason=reason,
        place=order.area.path,
        **{**fresh, **changes},
    )
    call_off(order)
    Due.objects.bulk_create(clocks_of(order, limit))


@transaction.atomic
def note_knock(*, order: Order, told: str, by: Seat) -> Order:
    """Somebody went there or heard the receiver himself: the last rung of the ladder."""
    move(
        order,
        "knock",
        machine=ORDER,
        by=by,
        reason=told,
        place=order.area.path,
        acknowledged_at=clock.now(),
        acknowledged_by=f"{by.label}（上门或电话告知）",
        note=told[:300],
    )
    stop_calling(order)
    return order
