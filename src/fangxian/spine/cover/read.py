"""Selectors of cover."""

from django.db.models import Q, QuerySet

from fangxian.spine.core.rights import Seat, visible

from .models import Gap


def gaps(*, seat: Seat) -> QuerySet[Gap]:
    """Gaps a seat may see: in its places, or its own to close."""
    prefix = visible(seat, "gap.read")
    if prefix is None:
        return Gap.objects.none()
    found = Gap.objects.select_related("owner__organisation", "place__parent")
    if not prefix:
        return found
    return found.filter(Q(place__path__startswith=prefix) | Q(owner_id=seat.post_id))


def open_gaps(*, seat: Seat) -> QuerySet[Gap]:
    return gaps(seat=seat).filter(until__isnull=True).order_by("since", "id")
