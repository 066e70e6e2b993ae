"""What the registry has to say to cover. The engine is in the cover room, above this one, and
words the rule there."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Exists, F, Max, OuterRef, Q
from django.db.models.functions import Coalesce

from .models import Duty, Term
from .read import in_force


def duties_without_holder(at: datetime) -> Iterator[tuple[Duty, datetime, str]]:
    """Duties nobody holds at ``at``: the duty, since when, and why."""
    held = Exists(Term.objects.filter(in_force(at), post=OuterRef("post")))
    valid = Q(valid_from__isnull=True) | Q(valid_from__lte=at)
    valid &= Q(valid_to__isnull=True) | Q(valid_to__gt=at)
    lacking = (
        Duty.objects.filter(valid, Q(post__isnull=True) | ~held)
        .annotate(left_at=Max("post__terms__ends_at", filter=Q(post__terms__ends_at__lte=at)))
        .annotate(since=Coalesce(F("left_at"), F("valid_from")))
        .select_related("place", "post__superior", "post__organisation")
    )
    for duty in lacking:
        yield duty, duty.since or at, "no_holder" if duty.post_id else "no_post"
