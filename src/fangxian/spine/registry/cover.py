"""What the registry has to say to cover. The engine is in the cover room, above this one, and
words the rule there."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Exists, F, Max, OuterRef, Q
from django.db.models.functions import Coalesce

from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.rights import desk_roles

from .models import ROLES_OF_PLACES, Duty, Place, Post, Term
from .read import NO_PHONE, ON_DUTY, in_force


def holders_without_phone(at: datetime) -> Iterator[tuple[Term, int]]:
    """Terms in force whose holder answers for something and has no number to call, with how many
    things."""
    path = "post__duties__"
    valid = rows_in_force(at, since=f"{path}valid_from", until=f"{path}valid_to")
    terms = Term.objects.filter(in_force(at), person__phone_masked__in=NO_PHONE)
    counted = terms.annotate(n=Count("post__duties", filter=valid)).filter(n__gt=0)
    for term in counted.select_related("person", "post__organisation", "post__place"):
        yield term, term.n


def places_without_duty(at: datetime) -> Iterator[tuple[Place, list[str]]]:
    """Places for which nobody is written down in a role, with these roles."""
    duties = Duty.objects.filter(rows_in_force(at), thing_kind="place")
    there: dict[str, set[str]] = {}
    for key, role in duties.values_list("thing_id", "role"):
        there.setdefault(key, set()).add(role)
    for place in Place.objects.filter(successor__isnull=True).select_related("parent"):
        have = there.get(place.code, set())
        lacking = [role for role in ROLES_OF_PLACES if role not in have]
        if lacking and place.kind != Place.Kind.GRID:
            yield place, lacking


def duties_without_holder(at: datetime) -> Iterator[tuple[Duty, datetime, str]]:
    """Duties nobody holds at ``at``: the duty, since when, and why."""
    held = Exists(Term.objects.filter(in_force(at), post=OuterRef("post")))
    lacking = (
        Duty.objects.filter(rows_in_force(at), Q(post__isnull=True) | ~held)
        .annotate(left_at=Max("post__terms__ends_at", filter=Q(post__terms__ends_at__lte=at)))
        .annotate(since=Coalesce(F("left_at"), F("valid_from")))
        .select_related("place", "post__superior", "post__organisation")
    )
    for duty in lacking:
        yield duty, duty.since or at, "no_holder" if duty.post_id else "no_post"


def posts_without_holder(at: datetime) -> Iterator[Post]:
    """Posts nobody holds that answer for nothing: those that do are told by their duties."""
    held = Exists(Term.objects.filter(in_force(at), post=OuterRef("pk")))
    duty = Exists(Duty.objects.filter(rows_in_force(at), post=OuterRef("pk")))
    there = Post.objects.filter(~held, ~duty, organisation__merged_into=None)
    rows = list(there.select_related("organisation", "place"))
    seated = {key for hook in ON_DUTY for key in hook([row.pk for row in rows], at)}
    yield from (row for row in rows if row.pk not in seated)


def terms_of_the_gone(at: datetime) -> Iterator[Term]:
    """Posts that somebody still holds of whom it was said that he is gone."""
    terms = Term.objects.filter(
        in_force(at), person__gone_at__lte=at, starts_at__lte=F("person__gone_at")
    )
    yield from terms.select_related("person", "post__organisation", "post__place")


def holders_without_account(at: datetime) -> Iterator[Term]:
    """Terms in force on posts that work at the desk, whose holder cannot log in."""
    terms = Term.objects.filter(
        in_force(at), post__role__in=desk_roles(), person__user__isnull=True
    )
    yield from terms.select_related("person", "post__organisation", "post__place")
