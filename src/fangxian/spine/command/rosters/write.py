"""Services of rosters, the only writers of their tables: fill a span, put somebody on a turn,
leave, swaps, and telling whom it concerns. What a posture asks for is in posture.py."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.days import day_of, midnight
from fangxian.spine.core.events import record
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.reach.telling import tell
from fangxian.spine.registry.models import Person
from fangxian.spine.registry.read import city

from .models import LEAVE, SWAP, Leave, Member, Roster, Swap, Turn
from .rules import Load, Slot, kind_of, limits, short_of, take, wanted, why_not

SEEN = timedelta(days=90)  # so far back turns count for a fair share
WHY = {
    "away": ("请假中", "on leave"),
    "twice": ("同一时段已有班", "on duty elsewhere in the same hours"),
    "rest": ("两班之间休息不足", "too little rest between two turns"),
    "overload": ("一周值班时间过长", "too many hours in a week"),
    "gone": ("不在名单上", "not on the list"),
}
HARD = ("away", "twice", "gone")


@transaction.atomic
def fill(*, roster: Roster, since: datetime, until: datetime, by: Seat) -> list[Turn]:
    """Make the turns that begin within [since, until), are not over and not there yet, each with
    whoever has the least of its kind of day. Turns that are there stay as they are; a seat that is
    taken for part of a turn is filled for the rest of it."""
    require(by, "roster.write", place=roster.post.place.path)
    now = clock.now()
    if until <= since or until - since > timedelta(days=400):
        raise Problem("input.invalid", field="until", why="1–400 天 / days")
    if until <= now:
        raise Problem("input.invalid", field="until", why="已过去的日子不能再排 / it is over")
    made = lay(roster=roster, since=since, until=until, from_=now)
    told = {"from": since, "to": until, "turns": len(made), "empty": empty(made)}
    record("roster.filled", subject=roster, by=by, after=told)
    return made


def lay(*, roster: Roster, since: datetime, until: datetime, from_: datetime) -> list[Turn]:
    """The turns of peace that begin within [since, until) and end after ``from_``."""
    content = limits(clock.now())
    slots = wanted(role=roster.role, posture=None, since=since, until=until, content=content)
    return make(roster, [slot for slot in slots if slot.ends_at > from_])


def empty(turns: Iterable[Turn]) -> int:
    return sum(turn.person_id is None for turn in turns)


def make(roster: Roster, slots: list[Slot], level: int | None = None) -> list[Turn]:
    """Turns for whatever of the slots is not taken, within the days of the roster."""
    starts = midnight(roster.valid_from)
    ends = midnight(roster.valid_to) if roster.valid_to else None
    slots = [s for s in slots if s.starts_at >= starts and (ends is None or s.starts_at < ends)]
    if not slots:
        return []
    first, last = slots[0].starts_at, max(s.ends_at for s in slots)
    near = roster.turns.filter(ends_at__gt=first, starts_at__lt=last)
    taken: dict[int, list[tuple[datetime, datetime]]] = {}
    for turn in near:
        taken.setdefault(turn.number, []).append((turn.starts_at, turn.ends_at))
    people = _people(roster)
    loads = _loads((p[0] for p in people), first - SEEN, last)
    content, made = limits(clock.now()), []
    for slot in slots:
        there = taken.get(slot.number, ())
        for start, end in short_of(there, 1, since=slot.starts_at, until=slot.ends_at):
            free = Slot(start, end, slot.number)
            kind = kind_of(day_of(clock.beijing(start).date()))
            who = take(free, members=people, loads=loads, kind=kind, content=content)
            made.append(
                Turn(
                    roster=roster,
                    number=slot.number,
                    person_id=who,
                    starts_at=start,
                    ends_at=end,
                    level=level,
                )
            )
    return Turn.objects.bulk_create(made)


def _people(roster: Roster) -> list[tuple[int, int, date, date | None]]:
    rows = roster.members.order_by("rank", "pk")
    return [(m.person_id, m.rank, m.starts_on, m.ends_on) for m in rows]


def _loads(
    people: Iterable[int], since: datetime, until: datetime, *, without: tuple[int, ...] = ()
) -> dict[int, Load]:
    """What each has in any roster of either headquarters, and granted leave."""
    loads = {person: Load() for person in people}
    week = timedelta(days=7)
    there = Turn.objects.filter(person__in=loads, ends_at__gt=since, starts_at__lt=until + week)
    for turn in there.exclude(pk__in=without):
        load = loads[turn.person_id or 0]
        load.turns.append((turn.starts_at, turn.ends_at))
        kind = kind_of(day_of(clock.beijing(turn.starts_at).date()))
        load.of_kind[kind] = load.of_kind.get(kind, 0) + 1
    away = Leave.objects.filter(
        person__in=loads, state="granted", ends_at__gt=since, starts_at__lt=until + week
    )
    for one in away:
        loads[one.person_id].away.append((one.starts_at, one.ends_at))
    return loads


def reason_against(turn: Turn, person: Person, *, without: tuple[int, ...] = ()) -> str:
    """Why a person cannot take a turn now; "" if he can. ``without`` are turns he gives away."""
    on = clock.beijing(turn.starts_at).date()
    member = Member.objects.filter(roster=turn.roster_id, person=person).first()
    if member is None or member.starts_on > on or (member.ends_on and member.ends_on <= on):
        return "gone"
    given = (*without, turn.pk)
    load = _loads([person.pk], turn.starts_at - SEEN, turn.ends_at, without=given)[person.pk]
    return why_not(load, turn.starts_at, turn.ends_at, limits(clock.now()))


def _fits(turn: Turn, person: Person, *, reason: str, without: tuple[int, ...] = ()) -> None:
    """Raises ``turn.unfit`` where he is away or on duty elsewhere, and for less rest or more hours
    than the limits unless somebody says why."""
    why = reason_against(turn, person, without=without)
    if why in HARD or (why and not reason.strip()):
        zh, en = WHY[why]
        raise Problem("turn.unfit", person=person.name, zh=zh, en=en)


@transaction.atomic
def put(*, turn: Turn, person: Person, by: Seat, reason: str = "") -> Turn:
    """Put somebody on a turn in the place of whoever is on it. Both are told. Of a turn that has
    begun only what is left of it changes hands; that part is returned."""
    require(by, "roster.write", place=turn.roster.post.place.path)
    turn = Turn.objects.select_for_update(of=("self",)).get(pk=turn.pk)
    if turn.ends_at <= clock.now():
        raise Problem("turn.over", turn=str(turn))
    _fits(turn, person, reason=reason)
    turn = rest_of(turn, clock.now())
    _give(turn, person, by, reason)
    return turn


def rest_of(turn: Turn, since: datetime) -> Turn:
    """What of a turn lies after ``since``, as one of its own: who sat until then did sit."""
    if turn.starts_at >= since or turn.person_id is None:
        return turn
    ends_at, turn.ends_at = turn.ends_at, since
    turn.save(update_fields=["ends_at"])
    return Turn.objects.create(
        roster=turn.roster,
        number=turn.number,
        person=turn.person,
        starts_at=since,
        ends_at=ends_at,
        level=turn.level,
    )


def _give(turn: Turn, person: Person | None, by: Seat, reason: str) -> None:
    before = turn.person
    if before == person:
        return
    turn.person, turn.digest_at = person, None
    turn.save(update_fields=["person", "digest_at"])
    record(
        "turn.put",
        subject=turn,
        by=by,
        before={"person": before.name if before else ""},
        after={"person": person.name if person else "", "starts_at": turn.starts_at},
        reason=reason,
    )
    if before:
        tell_of(turn, before, f"您{when(turn)}的{turn.roster.get_role_display()}班已改由他人值", by)
    if person:
        day = day_of(clock.beijing(turn.starts_at).date())
        off = "" if day.works else f"，当天是{day.name or '休息日'}"
        tell_of(turn, person, f"请您值{when(turn)}的{turn.roster.get_role_display()}班{off}", by)


def when(turn: Turn) -> str:
    start = clock.beijing(turn.starts_at)
    return f"{start.month}月{start.day}日{start:%H:%M}"


def tell_of(turn: Turn, person: Person, text: str, by: Seat) -> None:
    del by
    number = Event.objects.filter(
        kind__in=("turn.put", "roster.eased"), subject_kind="turn", subject_id=str(turn.pk)
    ).count()
    tell(
        subject_kind="turn",
        subject_id=str(turn.pk),
        text=f"【{turn.roster.post.organisation.short}】{text}",
        level=None,
        person=person,
        post=None,
        channels=("app", "sms"),
        step=number,
        expires_at=turn.ends_at,
        by=SYSTEM,
    )


@transaction.atomic
def ask_leave(
    *, person: Person, starts_at: datetime, ends_at: datetime, reason: str, by: Seat
) -> Leave:
    """Somebody asks for himself, or whoever keeps all the rosters he is on for him."""
    if by.person_id != person.pk:
        _keeps_all(person, by)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    if not starts_at < ends_at <= starts_at + timedelta(days=366):
        raise Problem("input.invalid", field="ends_at", why="应晚于开始，一年以内")
    leave = Leave.objects.create(
        person=person, starts_at=starts_at, ends_at=ends_at, reason=reason[:200]
    )
    record("leave.asked", subject=leave, by=by, after=_told(leave), reason=reason)
    return leave


def _keeps_all(person: Person, by: Seat) -> str:
    """Asked at every roster a person is on or has a turn in; returns one of their places."""
    listed = Member.objects.filter(person=person).values_list("roster__post__place__path")
    turns = Turn.objects.filter(person=person, ends_at__gt=clock.now())
    seated = turns.values_list("roster__post__place__path")
    places = [path for (path,) in listed.union(seated)] or [city().path]
    for path in places:
        require(by, "roster.write", place=path)
    return places[0]


def _told(leave: Leave) -> dict[str, object]:
    return {"person": leave.person.name, "from": leave.starts_at, "to": leave.ends_at}


@transaction.atomic
def decide_leave(*, leave: Leave, grant: bool, by: Seat, reason: str = "") -> list[Turn]:
    """Grant or decline. What he has in that span goes to whoever has the least; the turns for
    which nobody could be found stay empty, are returned, and are gaps at once."""
    if by.person_id == leave.person_id:
        raise Problem("step.second_person", seat=by.label)
    move(
        leave,
        "grant" if grant else "decline",
        machine=LEAVE,
        by=by,
        reason=reason,
        place=_keeps_all(leave.person, by),
        decided_by=by.label,
    )
    if not grant:
        return []
    since = max(leave.starts_at, clock.now())
    hit = Turn.objects.filter(
        person=leave.person_id, starts_at__lt=leave.ends_at, ends_at__gt=since
    ).select_related("roster__post__organisation", "roster__post__place", "person")
    rest = [rest_of(turn, since) for turn in hit]
    return [turn for turn in rest if not hand_on(turn=turn, reason="请假", by=by)]


def hand_on(*, turn: Turn, reason: str, by: Seat) -> bool:
    """Give a turn to the next who can take it; False where it stays empty."""
    slot = Slot(turn.starts_at, turn.ends_at, turn.number)
    people = [member for member in _people(turn.roster) if member[0] != turn.person_id]
    loads = _loads((p[0] for p in people), turn.starts_at - SEEN, turn.ends_at)
    kind = kind_of(day_of(clock.beijing(turn.starts_at).date()))
    who = take(slot, members=people, loads=loads, kind=kind, content=limits(clock.now()))
    _give(turn, Person.objects.get(pk=who) if who else None, by, reason)
    return who is not None


@transaction.atomic
def take_back_leave(*, leave: Leave, by: Seat, reason: str) -> None:
    """Whoever asked is back early, or does not go. His turns stay with those who took them."""
    if by.person_id != leave.person_id:
        _keeps_all(leave.person, by)
    move(leave, "withdraw", machine=LEAVE, by=by, reason=reason)


@transaction.atomic
def ask_swap(*, turn: Turn, to: Person, by: Seat, reason: str, other: Turn | None = None) -> Swap:
    """The person of a turn asks that ``to`` takes it, perhaps for ``other`` of his. Refused where
    either could not. Nothing changes until it is approved."""
    if by.person_id is None or by.person_id != turn.person_id:
        require(by, "roster.write", place=turn.roster.post.place.path)
    if turn.person is None or turn.starts_at <= clock.now():
        raise Problem("turn.over", turn=str(turn))
    if other is not None and other.person_id != to.pk:
        raise Problem("input.invalid", field="other", why=f"{other} ≠ {to.name}")
    if other is not None and other.starts_at <= clock.now():
        raise Problem("turn.over", turn=str(other))
    if turn.swaps.filter(state="asked").exists():
        raise Problem("swap.asked", turn=str(turn))
    _swap_fits(turn, to, other, reason)
    swap = Swap.objects.create(
        turn=turn,
        other=other,
        to=to,
        asked_by=turn.person,
        asked_at=clock.now(),
        reason=reason[:200],
    )
    told = {"turn": str(turn), "to": to.name, "for": str(other or "")}
    record("swap.asked", subject=swap, by=by, after=told, reason=reason)
    return swap


def _swap_fits(turn: Turn, to: Person, other: Turn | None, reason: str) -> None:
    _fits(turn, to, reason=reason, without=(other.pk,) if other else ())
    if other is not None and turn.person is not None:
        _fits(other, turn.person, reason=reason, without=(turn.pk,))


@transaction.atomic
def decide_swap(*, swap: Swap, approve: bool, by: Seat, reason: str = "") -> Swap:
    """Approve or decline, by neither of the two. Asked again whether both can: a leave may have
    come between."""
    if by.person_id in {swap.asked_by_id, swap.to_id}:
        raise Problem("step.second_person", seat=by.label)
    swap = Swap.objects.select_for_update(of=("self",)).get(pk=swap.pk)
    if swap.other:
        require(by, "roster.write", place=swap.other.roster.post.place.path)
    if approve:
        both = [(swap.turn, swap.asked_by_id), (swap.other, swap.to_id)]
        for turn, person in both:
            if turn and (turn.person_id != person or turn.starts_at <= clock.now()):
                raise Problem("state.changed", what=str(swap))
        _swap_fits(swap.turn, swap.to, swap.other, swap.reason)
    move(
        swap,
        "approve" if approve else "decline",
        machine=SWAP,
        by=by,
        reason=reason,
        place=swap.turn.roster.post.place.path,
        decided_by=by.label,
    )
    if approve:
        _give(swap.turn, swap.to, by, swap.reason)
        if swap.other:
            _give(swap.other, swap.asked_by, by, swap.reason)
    return swap


@transaction.atomic
def take_back_swap(*, swap: Swap, by: Seat) -> None:
    if by.person_id != swap.asked_by_id:
        require(by, "roster.write", place=swap.turn.roster.post.place.path)
    move(swap, "withdraw", machine=SWAP, by=by)
