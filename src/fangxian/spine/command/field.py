"""Selectors of people in the field: teams that are out, and those that gave no sign of life."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from fangxian.spine.ready.models import Dispatch
from fangxian.spine.ready.rules import number


def out() -> "QuerySet[Dispatch]":
    """Teams that are out and have a leader to ask."""
    rows = Dispatch.objects.filter(back_at=None, team__post__isnull=False)
    return rows.select_related("team__post", "place")


def silent(at: datetime) -> "QuerySet[Dispatch]":
    """Teams that gave no sign of life for so long as they are asked again, and a while to answer:
    whether or not somebody could be asked, and however often."""
    minutes = number("field_check_min", at) + number("field_answer_min", at)
    limit = at - timedelta(minutes=minutes)
    return out().filter(Q(heard_at=None, sent_at__lt=limit) | Q(heard_at__lt=limit))
