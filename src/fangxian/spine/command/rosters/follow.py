"""What follows for rosters when an office-holder is gone or an organisation is merged."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from fangxian.spine.core import clock
from fangxian.spine.core.events import record, subject_pk
from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.core.steps import move

from .models import SWAP, Member, Roster, Swap, Turn
from .posture import withdraw
from .write import hand_on, rest_of


@transaction.atomic
def follow_gone(event: Event) -> None:
    """Who is gone is on no list any more, and his turns go to others."""
    now = clock.now()
    person = subject_pk(event)
    Member.objects.filter(person=person, starts_on__gte=clock.beijing(now).date()).delete()
    later = Q(ends_on=None) | Q(ends_on__gt=clock.beijing(now).date())
    Member.objects.filter(later, person=person).update(ends_on=clock.beijing(now).date())
    for swap in Swap.objects.filter(Q(to=person) | Q(asked_by=person), state="asked"):
        why = "其中一人不在了"
        move(swap, "decline", machine=SWAP, by=SYSTEM, reason=why, decided_by=SYSTEM.label)
    rows = Turn.objects.filter(person=person, ends_at__gt=now).select_related(
        "roster__post__organisation", "roster__post__place", "person"
    )
    for turn in rows:
        hand_on(turn=rest_of(turn, now), reason="原值班人不在了", by=SYSTEM)


@transaction.atomic
def end_watch(event: Event) -> None:
    """The rosters of an organisation that was merged end today; whoever had a turn is told."""
    now = clock.now()
    tomorrow = clock.beijing(now).date() + timedelta(days=1)
    posts = [int(old) for old in (event.after or {}).get("posts", {})]
    running = Q(valid_to=None) | Q(valid_to__gt=tomorrow)
    for roster in Roster.objects.filter(running, post__in=posts):
        roster.valid_to = max(tomorrow, roster.valid_from + timedelta(days=1))
        roster.save(update_fields=["valid_to"])
        record("roster.ended", subject=roster, by=SYSTEM, reason=event.reason)
        for turn in roster.turns.filter(ends_at__gt=now).select_related(
            "person", "roster__post__organisation"
        ):
            withdraw(turn, "单位并入")
