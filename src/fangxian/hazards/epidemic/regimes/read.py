"""Selectors of lists of risk areas."""

from collections.abc import Iterable

from django.db.models import QuerySet

from fangxian.spine.core.rights import Seat, require_sight

from .lists import Area, Span
from .models import Listing, RiskList


def lists(*, seat: Seat) -> QuerySet[RiskList]:
    """Lists that were taken in, the newest first."""
    require_sight(seat, "risk.read")
    return RiskList.objects.order_by("-published_at")


def listings(*, seat: Seat) -> QuerySet[Listing]:
    require_sight(seat, "risk.read")
    return Listing.objects.select_related("county", "opened_by")


def the_listing(key: int, *, seat: Seat) -> Listing | None:
    return listings(seat=seat).filter(pk=key).first()


def spans_of(rows: Iterable[Listing]) -> list[Span]:
    """Listings as spans."""
    return [
        Span(
            row.level,
            Area(row.county.province, row.county.city, row.county.county, row.part),
            row.since,
            row.until,
            str(row.opened_by or row.source),
            str(row.closed_by or ""),
        )
        for row in rows
    ]


def counting() -> QuerySet[Listing]:
    """Listings that count: not withdrawn."""
    return Listing.objects.filter(withdrawn_at=None).select_related("county", "opened_by")
