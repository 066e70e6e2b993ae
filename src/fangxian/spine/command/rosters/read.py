"""Selectors of rosters: who is on duty, whose seat that gives, who is next, and the proof of a
span. Who answers for what by office is in the registry."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, Q, QuerySet, Subquery

from fangxian.spine.command.models import Shift
from fangxian.spine.command.read import Postures, postures
from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.days import Day, days
from fangxian.spine.core.hazards import headquarters
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.registry.models import Person, Post

from .models import ROLES, Leave, Member, Roster, Swap, Turn
from .rules import limits, short_of


def rosters(*, seat: Seat) -> QuerySet[Roster]:
    prefix = visible(seat, "register.read")
    if prefix is None:
        return Roster.objects.none()
    found = Roster.objects.filter(post__place__path__startswith=prefix)
    return found.select_related("post__organisation", "post__place").order_by("pk")


def turns(*, seat: Seat) -> QuerySet[Turn]:
    here = rosters(seat=seat).values("pk")
    found = Turn.objects.filter(roster__in=here)
    return found.select_related("roster__post__organisation", "person").order_by("starts_at", "pk")


def members(*, seat: Seat) -> QuerySet[Member]:
    here = rosters(seat=seat).values("pk")
    found = Member.objects.filter(roster__in=here)
    return found.select_related("roster__post__organisation", "person")


def leaves(*, seat: Seat) -> QuerySet[Leave]:
    """Leave of those who are on rosters the seat may see, and his own."""
    here = Q(person__rosters__roster__in=rosters(seat=seat).values("pk"))
    own = Q(person=seat.person_id or 0)
    found = Leave.objects.filter(here | own).distinct()
    return (
        found.select_related("person")
        .prefetch_related("person__rosters__roster__post__place")
        .order_by("starts_at", "pk")
    )


def swaps(*, seat: Seat) -> QuerySet[Swap]:
    here = turns(seat=seat).values("pk")
    found = Swap.objects.filter(Q(turn__in=here) | Q(asked_by=seat.person_id or 0))
    return found.select_related(
        "turn__roster__post__organisation",
        "turn__roster__post__place",
        "turn__person",
        "other__roster",
        "to",
        "asked_by",
    ).order_by("asked_at", "pk")


def valid(turn: Turn) -> bool:
    """Whether the roster of a turn was in force on the day on which it begins."""
    day, roster = clock.beijing(turn.starts_at).date(), turn.roster
    return roster.valid_from <= day and (roster.valid_to is None or day < roster.valid_to)


def running(at: datetime) -> Q:
    return Q(starts_at__lte=at, ends_at__gt=at, person__isnull=False)


def on_duty(posts: Collection[int], at: datetime) -> dict[int, Person]:
    """Who sits on each post by its roster at ``at``; of several the first seat's."""
    rows = Turn.objects.filter(running(at), roster__post__in=posts)
    found: dict[int, Person] = {}
    for turn in rows.select_related("person", "roster").order_by("number"):
        if turn.person and valid(turn):
            found.setdefault(turn.roster.post_id, turn.person)
    return found


def duty_names(place_id: int, at: datetime) -> list[tuple[str, str, str]]:
    """(kind of headquarters, role, name) of everybody on duty at a place now."""
    here = Turn.objects.filter(
        running(at), roster__post__place=place_id, roster__post__organisation__kind="headquarters"
    )
    rows = here.select_related("person", "roster__post__organisation").order_by("number")
    order, kinds = list(ROLES), list(headquarters())
    found = [
        (t.roster.post.organisation.headquarters, t.roster.role, t.person.name)
        for t in rows
        if t.person and valid(t)
    ]
    return sorted(found, key=lambda row: (kinds.index(row[0]), order.index(row[1])))


def watch_seats(whose: Q, at: datetime) -> list[tuple[Person, Post]]:
    """The posts a person has by the roster: from shortly before his turn until shortly after it,
    and for as long as he has begun a watch that nobody has taken over."""
    content = limits(at)
    before = timedelta(minutes=content["seat_before_min"])
    after = timedelta(minutes=content["seat_after_min"])
    rows = Turn.objects.filter(whose, starts_at__lte=at + before).select_related(
        "person", "roster__post__place", "roster__post__organisation"
    )
    sitting = set(Shift.objects.filter(ended_at=None).values_list("by", flat=True))
    found: dict[int, tuple[Person, Post]] = {}
    recent = rows.filter(ends_at__gt=at - max(after, timedelta(days=3))).order_by("-starts_at")
    for turn in recent:
        person, post = turn.person, turn.roster.post
        if person is None or not valid(turn):
            continue
        label = f"{person.name}（{post}）"
        if turn.ends_at + after > at or label in sitting:
            found.setdefault(post.pk, (person, post))
    return list(found.values())


def now_and_next(
    rows: Collection[Roster], at: datetime
) -> dict[int, tuple[list[Turn], Turn | None]]:
    """For each roster the turns that run at ``at``, and the one after them, with their people."""
    here = Turn.objects.filter(roster__in=rows, person__isnull=False).select_related("person")
    found: dict[int, tuple[list[Turn], Turn | None]] = {row.pk: ([], None) for row in rows}
    for turn in here.filter(running(at)).order_by("number"):
        found[turn.roster_id][0].append(turn)
    soonest = Turn.objects.filter(
        roster=OuterRef("roster"), person__isnull=False, starts_at__gt=at
    ).order_by("starts_at", "number")
    for turn in here.filter(pk=Subquery(soonest.values("pk")[:1])):
        found[turn.roster_id] = (found[turn.roster_id][0], turn)
    return found


def turns_of(person: Person, *, since: datetime) -> QuerySet[Turn]:
    found = Turn.objects.filter(person=person, ends_at__gt=since)
    return found.select_related("roster__post__organisation").order_by("starts_at")


@dataclass(frozen=True, slots=True)
class Hole:
    """A span in which a roster lacks somebody, and why."""

    roster: Roster
    since: datetime
    until: datetime
    reason: str  # of cover.REASONS
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class RosterProof:
    """What was looked at, what is lacking, and which days of it are a guess."""

    rosters: int
    turns: int
    since: datetime
    until: datetime
    holes: list[Hole]
    guessed: list[Day]


def prove_rosters(*, since: datetime, until: datetime, path: str = "") -> RosterProof:
    """Every span within [since, until) in which a roster below ``path`` lacks somebody at the
    strength of the posture now (peace for what is to come beyond the edition's days ahead)."""
    rows = list(
        Roster.objects.filter(post__place__path__startswith=path)
        .select_related("post__organisation", "post__place")
        .order_by("pk")
    )
    there: dict[int, list[Turn]] = {row.pk: [] for row in rows}
    spans = Turn.objects.filter(roster__in=there, ends_at__gt=since, starts_at__lt=until)
    for turn in spans.select_related("person", "roster__post__organisation"):
        there[turn.roster_id].append(turn)
    now, over = clock.now(), postures()
    holes = [
        hole
        for row in rows
        for hole in _holes(row, there[row.pk], since, until, _strength(row, over, now), now)
    ]
    everything = [turn for many in there.values() for turn in many]
    holes += [*_away(everything), *_twice(everything), *_doubled(everything)]
    first, last = clock.beijing(since).date(), clock.beijing(until - timedelta(seconds=1)).date()
    guessed = [d for d in days(first, last + timedelta(days=1)) if d.guessed]
    holes.sort(key=lambda hole: (hole.since, hole.roster.pk))
    return RosterProof(len(rows), len(everything), since, until, holes, guessed)


def _holes(
    row: Roster, there: list[Turn], since: datetime, until: datetime, n: int, now: datetime
) -> Iterable[Hole]:
    first = max(since, _midnight(row.valid_from) or since)
    last = min(until, _midnight(row.valid_to) or until)
    filled = [(t.starts_at, t.ends_at) for t in there if t.person_id]
    planned_to = max((t.ends_at for t in there), default=first)
    if first >= last or n == 0:
        return
    for start, end in short_of(filled, 1, since=first, until=last):
        reason = "ends" if start >= planned_to > now else "empty"
        yield Hole(row, start, end, reason)
    if n > 1 and first <= now < last:
        until_then = now + timedelta(hours=limits(now)["strengthen_h"])
        spans = short_of(filled, n, since=now, until=min(until_then, last))
        yield from (Hole(row, a, b, "short") for a, b in spans)


def _midnight(on: object) -> datetime | None:
    from datetime import date

    from fangxian.spine.core.days import midnight

    return midnight(on) if isinstance(on, date) else None


def _strength(row: Roster, over: Postures, at: datetime) -> int:
    """How many the posture of its headquarters wants on a roster at once."""
    level = over(row.post.organisation.headquarters, row.post.place.path)
    strength: int = limits(at)["strength"][level.name if level else "peace"][row.role]
    return strength


def _doubled(there: list[Turn]) -> Iterable[Hole]:
    """Two turns that lie over one another on one seat: who sits there is not said."""
    last: dict[tuple[int, int], Turn] = {}
    for turn in sorted(there, key=lambda t: (t.starts_at, t.pk)):
        before = last.get((turn.roster_id, turn.number))
        if before and turn.starts_at < before.ends_at:
            end = min(turn.ends_at, before.ends_at)
            yield Hole(turn.roster, turn.starts_at, end, "doubled", turn.person)
        last[turn.roster_id, turn.number] = turn


def _away(there: list[Turn]) -> Iterable[Hole]:
    people = {t.person_id for t in there if t.person_id}
    leave: dict[int, list[Leave]] = {}
    for one in Leave.objects.filter(person__in=people, state="granted"):
        leave.setdefault(one.person_id, []).append(one)
    for turn in there:
        for one in leave.get(turn.person_id or 0, ()):
            start, end = max(turn.starts_at, one.starts_at), min(turn.ends_at, one.ends_at)
            if start < end:
                yield Hole(turn.roster, start, end, "away", turn.person)


def _twice(there: list[Turn]) -> Iterable[Hole]:
    """One person in two rosters for the same hour, as seen from the later turn."""
    of_person: dict[int, list[Turn]] = {}
    for turn in sorted(there, key=lambda t: (t.starts_at, t.pk)):
        for before in of_person.setdefault(turn.person_id, []) if turn.person_id else ():
            end = min(turn.ends_at, before.ends_at)
            if turn.starts_at < end:
                yield Hole(turn.roster, turn.starts_at, end, "twice", turn.person)
        if turn.person_id:
            of_person[turn.person_id].append(turn)


def members_on(roster: Roster, at: datetime) -> QuerySet[Member]:
    day = clock.beijing(at).date()
    here = rows_in_force(day, since="starts_on", until="ends_on")  # type: ignore[arg-type]
    return roster.members.filter(here).select_related("person").order_by("rank", "pk")
