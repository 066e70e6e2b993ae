"""Selectors of reach: who has been told of what."""

from collections import defaultdict
from collections.abc import Iterable

from fangxian.spine.core.config import config

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


def link_length() -> int:
    """How long the link in a text is, with the blank before it."""
    return len(config().url) + len("/a/") + CODE_LENGTH + 1
