"""Selectors of reach: who has been told of what."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet

from fangxian.spine.core.config import config
from fangxian.spine.core.operating import operating
from fangxian.spine.core.rights import Seat, may, visible

from .models import CODE_LENGTH, Delivery

State = Delivery.State


def told_about(*, subject_kind: str, subject_ids: Iterable[str]) -> dict[int, list[Delivery]]:
    """Who has been told of things, by person: the deliveries that left us."""
    rows = Delivery.objects.filter(
        message__subject_kind=subject_kind, message__subject_id__in=list(subject_ids)
    ).exclude(state__in=[State.PLANNED, State.CANCELLED, State.FAILED])
    found: dict[int, list[Delivery]] = defaultdict(list)
    for delivery in rows.select_related("person", "post", "message").order_by("id"):
        found[delivery.person_id].append(delivery)
    return found


def dead_letters(*, seat: Seat) -> QuerySet[Delivery]:
    """What could not be delivered, to posts of places a seat may see."""
    prefix = visible(seat, "gap.read")
    rows = Delivery.objects.filter(state=State.FAILED).select_related("person", "message")
    if prefix is None:
        return rows.none()
    if not may(seat, "order.read", place=seat.place_path):  # of orders only his own are his
        return rows.filter(post=seat.post_id or 0)
    return rows.filter(post__place__path__startswith=prefix) if prefix else rows


def link_length() -> int:
    """How long the link in a text is, with the blank before it."""
    return len(config().url) + len("/a/") + CODE_LENGTH + 1


def tries_within(seconds: float) -> int:
    """How many attempts the rule of now makes in so many seconds, at least one."""
    rule, n = operating("sending"), 1
    while tried_for_s(n, rule) < seconds:
        n += 1
    return n


def tried_for_s(attempts: int, rule: Mapping[str, Any]) -> float:
    """How long so many attempts take, with the pauses between them: each twice the one before, up
    to the longest."""
    first, longest = rule["first_pause_s"], rule["longest_pause_s"]
    return float(sum(min(first * 2.0 ** min(k, 30), longest) for k in range(1, attempts + 1)))
