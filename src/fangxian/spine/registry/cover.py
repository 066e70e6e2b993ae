"""Cover rules of the registry. The engine is in the cover room, above this one: it reads these
plain findings through wiring."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from .models import Duty
from .prove import uncovered


def duties_without_holder(at: datetime) -> Iterator[tuple[Duty, datetime, str]]:
    """Duties nobody holds at ``at``: the duty, since when, and why."""
    gaps = {g.duty: g for g in uncovered(since=at - timedelta(days=366), until=at)
            if g.until == at}  # fmt: skip
    duties = Duty.objects.filter(pk__in=list(gaps)).select_related(
        "place", "post__superior", "post__organisation"
    )
    for duty in duties:
        yield duty, gaps[duty.pk].since, gaps[duty.pk].reason
