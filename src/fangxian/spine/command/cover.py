"""Cover rules of command and, for dead letters, of the spine's own work."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from fangxian.spine.core.models import Job
from fangxian.spine.cover.engine import CoverRule, Uncovered
from fangxian.spine.reach.models import Delivery

from .models import Order
from .rules import UNACKNOWLEDGED

VERIFY_WITHIN = timedelta(hours=4)


def _gap(order: Order, since: datetime, owner: int | None) -> Uncovered:
    return Uncovered(
        "order",
        str(order.pk),
        since,
        owner,
        order.area_id,
        {
            "area": order.area.name,
            "what": f"{order.verb}{order.object}",
            "what_en": f"{order.verb_en} {order.object_en}".strip()
            or f"{order.verb}{order.object}",
            "post": str(order.post),
        },
    )


def not_acknowledged(at: datetime) -> Iterator[Uncovered]:
    late = Order.objects.filter(state__in=UNACKNOWLEDGED, acknowledge_by__lt=at)
    for order in late.select_related("area", "post__organisation"):
        step = min(order.escalated, len(order.chain))
        yield _gap(order, order.acknowledge_by, order.chain[step - 1] if step else order.post_id)


def overdue(at: datetime) -> Iterator[Uncovered]:
    done = ["reported", "verified", "closed"]
    late = Order.objects.filter(deadline_at__lt=at).exclude(state__in=done)
    for order in late.select_related("area", "post__organisation"):
        yield _gap(order, order.deadline_at, order.post_id)


def not_verified(at: datetime) -> Iterator[Uncovered]:
    late = Order.objects.filter(state="reported", reported_at__lt=at - VERIFY_WITHIN)
    for order in late.select_related("area", "post__organisation"):
        yield _gap(order, order.reported_at or at, order.issuer_id)


def dead_letters(at: datetime) -> Iterator[Uncovered]:
    for job in Job.objects.filter(state="dead").select_related("event"):
        yield Uncovered(
            "job",
            str(job.pk),
            job.due_at,
            None,
            None,
            {"what": job.function, "why": job.last_error[:120]},
        )
    failed = Delivery.objects.filter(state=Delivery.State.FAILED, message__expires_at__gt=at)
    for delivery in failed.select_related("person", "message"):
        yield Uncovered(
            "delivery",
            str(delivery.pk),
            delivery.due_at,
            None,
            None,
            {
                "what": f"{delivery.channel} → {delivery.person.name}",
                "why": delivery.last_error[:120],
            },
        )


RULES = [
    CoverRule(
        "order-unanswered",
        "指令未签收",
        "Order not acknowledged",
        "{area} {what}：{post} 未签收",
        "{area}, {what_en}: not acknowledged by {post}",
        not_acknowledged,
    ),
    CoverRule(
        "order-overdue",
        "指令逾期",
        "Order overdue",
        "{area} {what}：逾期未报完成",
        "{area}, {what_en}: overdue",
        overdue,
    ),
    CoverRule(
        "order-unverified",
        "指令未核验",
        "Order not verified",
        "{area} {what}：已报完成，未核验",
        "{area}, {what_en}: reported done, not verified",
        not_verified,
        every_s=300,
    ),
    CoverRule(
        "dead-letter",
        "死信",
        "Dead letter",
        "{what} 多次失败：{why}",
        "{what} failed repeatedly: {why}",
        dead_letters,
        every_s=60,
    ),
]
