"""What follows for rosters when an office-holder is gone."""

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.events import subject_pk
from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM

from .models import Member, Turn
from .write import hand_on


@transaction.atomic
def follow_gone(event: Event) -> None:
    """Who is gone is on no list any more, and his turns go to others."""
    now = clock.now()
    person = subject_pk(event)
    Member.objects.filter(person=person, starts_on__gte=clock.beijing(now).date()).delete()
    Member.objects.filter(person=person, ends_on=None).update(ends_on=clock.beijing(now).date())
    rows = Turn.objects.filter(person=person, ends_at__gt=now).select_related(
        "roster__post__organisation", "roster__post__place", "person"
    )
    for turn in rows:
        hand_on(turn=turn, reason="原值班人不在了", by=SYSTEM)
