"""What a posture asks of the rosters: more people from the hour a response begins until it ends,
and telling each that he is next."""

from datetime import timedelta

from django.db import transaction

from fangxian.spine.command.models import Response
from fangxian.spine.command.read import posture
from fangxian.spine.core import clock
from fangxian.spine.core.events import record, subject_pk
from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM, Seat, require

from .models import Roster, Turn
from .rules import Slot, limits, wanted
from .write import empty, make, tell_of, when


@transaction.atomic
def follow_posture(event: Event) -> None:
    """A response began, changed or ended: the rosters of its headquarters and of those below get
    the turns that the posture wants, from now on for the time ahead, and give back what it wants no
    more. Each who is concerned is told."""
    response = Response.objects.select_related("headquarters", "place").get(pk=subject_pk(event))
    rows = Roster.objects.filter(
        post__organisation__headquarters=response.headquarters.headquarters,
        post__place__path__startswith=response.place.path,
    )
    for roster in rows.select_related("post__organisation", "post__place"):
        _follow(roster)


def renew() -> None:
    """As long as a response lasts the time ahead is filled again and again."""
    running = Response.objects.filter(ended_at=None)
    kinds = set(running.values_list("headquarters__headquarters", flat=True))
    rows = Roster.objects.filter(post__organisation__headquarters__in=kinds) if kinds else ()
    for roster in rows.select_related("post__organisation", "post__place") if rows else ():
        with transaction.atomic():
            _follow(roster)


def _follow(roster: Roster) -> None:
    now = clock.now()
    content = limits(now)
    level = posture(roster.post.organisation.headquarters, path=roster.post.place.path)
    day = timedelta(days=1)  # no turn is longer: what runs now began within it
    until = now + timedelta(hours=content["strengthen_h"])
    slots = wanted(role=roster.role, posture=level, since=now - day, until=until, content=content)
    slots = [
        Slot(max(slot.starts_at, now), slot.ends_at, slot.number)
        for slot in slots
        if slot.ends_at > now
    ]
    keep = {(slot.number, slot.ends_at) for slot in slots}
    extra = roster.turns.filter(level__isnull=False, ends_at__gt=now)
    for turn in extra.select_related("person", "roster__post__organisation"):
        if (turn.number, turn.ends_at) not in keep:
            withdraw(turn, "响应降级或结束")
    made = make(roster, slots, level=level)
    for turn in made:
        if turn.person and level:
            tell_of(turn, turn.person, f"响应升级，请您值{when(turn)}的班", SYSTEM)
    if made:
        told = {"level": level, "turns": len(made), "empty": empty(made)}
        record("roster.strengthened", subject=roster, by=SYSTEM, after=told)


def withdraw(turn: Turn, why: str) -> None:
    """A turn that is wanted no more, or what is left of it; who has it is told."""
    now = clock.now()
    after = {"starts_at": turn.starts_at, "number": turn.number}
    record("roster.eased", subject=turn, by=SYSTEM, after=after)
    if turn.person:
        tell_of(turn, turn.person, f"{why}，{when(turn)}的班不用值了", SYSTEM)
    if turn.starts_at < now:
        Turn.objects.filter(pk=turn.pk).update(ends_at=now)
    else:
        turn.delete()


def digest(*, by: Seat) -> int:
    """Tell each who is on within the next day that he is next: once, from the hour of the
    edition. The turns of a lasting response are made first."""
    require(by, "message.tell")
    renew()
    now = clock.now()
    if f"{clock.beijing(now):%H:%M}" < str(limits(now)["digest_at"]):
        return 0
    coming = Turn.objects.filter(
        starts_at__gt=now,
        starts_at__lte=now + timedelta(days=1),
        person__isnull=False,
        digest_at=None,
    ).select_related("person", "roster__post__organisation")
    told = 0
    for turn in coming:
        told += _remind(turn)
    return told


@transaction.atomic
def _remind(turn: Turn) -> int:
    person = turn.person
    if person is None or not Turn.objects.filter(pk=turn.pk, digest_at=None).update(
        digest_at=clock.now()
    ):
        return 0
    tell_of(turn, person, f"提醒：您{when(turn)}值{turn.roster.get_role_display()}班", SYSTEM)
    return 1
