"""Services of rosters, the only writers of their tables: fill a span, put somebody on a turn,
leave, swaps, more people when a posture rises, and telling whom it concerns."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from fangxian.spine.command.read import posture
from fangxian.spine.core import clock
from fangxian.spine.core.days import day_of
from fangxian.spine.core.events import record, subject_pk
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.reach.write import tell
from fangxian.spine.registry.models import Person

from .models import LEAVE, SWAP, Leave, Member, Roster, Swap, Turn
from .rules import Load, Slot, kind_of, limits, take, wanted, why_not

SEEN = timedelta(days=90)  # so far back turns count for a fair share
WHY = {
    "away": ("请假中", "on leave"),
    "twice": ("同一时段已有班", "on duty elsewhere in the same hours"),
    "rest": ("两班之间休息不足", "too little rest between two turns"),
    "overload": ("一周值班时间过长", "too many hours in a week"),
    "gone": ("不在名单上", "not on the list"),
}
HARD = ("away", "twice")


@transaction.atomic
def fill(*, roster: Roster, since: datetime, until: datetime, by: Seat) -> list[Turn]:
    """Make the turns that begin within [since, until) and are not there yet, each with whoever has
    the least of its kind of day. Turns that are there stay as they are."""
    require(by, "roster.write", place=roster.post.place.path)
    if until <= since or until - since > timedelta(days=400):
        raise Problem("input.invalid", field="until", why="1–400 天 / days")
    slots = wanted(
        role=roster.role, posture=None, since=since, until=until, content=limits(clock.now())
    )
    made = _make(roster, slots)
    told = {"from": since, "to": until, "turns": len(made), "empty": _empty(made)}
    record("roster.filled", subject=roster, by=by, after=told)
    return made


def _empty(turns: Iterable[Turn]) -> int:
    return sum(turn.person_id is None for turn in turns)


def _make(roster: Roster, slots: list[Slot], level: int | None = None) -> list[Turn]:
    if not slots:
        return []
    first, last = slots[0].starts_at, max(s.ends_at for s in slots)
    near = roster.turns.filter(ends_at__gt=first, starts_at__lt=last)
    taken = [(t.number, t.starts_at, t.ends_at) for t in near]
    people = [
        (m.person_id, m.rank, m.starts_on, m.ends_on) for m in roster.members.order_by("rank", "pk")
    ]
    loads = _loads((p[0] for p in people), first - SEEN, last)
    content, made = limits(clock.now()), []
    for slot in slots:
        if any(n == slot.number and a < slot.ends_at and slot.starts_at < b for n, a, b in taken):
            continue
        kind = kind_of(day_of(clock.beijing(slot.starts_at).date()))
        who = take(slot, members=people, loads=loads, kind=kind, content=content)
        made.append(
            Turn(
                roster=roster,
                number=slot.number,
                person_id=who,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
                level=level,
            )
        )
    return Turn.objects.bulk_create(made)


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
    """Put somebody on a turn in the place of whoever is on it. Both are told."""
    require(by, "roster.write", place=turn.roster.post.place.path)
    turn = Turn.objects.select_for_update(of=("self",)).get(pk=turn.pk)
    if turn.ends_at <= clock.now():
        raise Problem("turn.over", turn=str(turn))
    _fits(turn, person, reason=reason)
    _give(turn, person, by, reason)
    return turn


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
        _tell(turn, before, f"您{_when(turn)}的{turn.roster.get_role_display()}班已改由他人值", by)
    if person:
        day = day_of(clock.beijing(turn.starts_at).date())
        off = "" if day.works else f"，当天是{day.name or '休息日'}"
        _tell(turn, person, f"请您值{_when(turn)}的{turn.roster.get_role_display()}班{off}", by)


def _when(turn: Turn) -> str:
    start = clock.beijing(turn.starts_at)
    return f"{start.month}月{start.day}日{start:%H:%M}"


def _tell(turn: Turn, person: Person, text: str, by: Seat) -> None:
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
    """Somebody asks for himself, or whoever keeps the roster for him."""
    if by.person_id != person.pk:
        require(by, "roster.write", place=by.place_path)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    if not starts_at < ends_at <= starts_at + timedelta(days=366):
        raise Problem("input.invalid", field="ends_at", why="应晚于开始，一年以内")
    leave = Leave.objects.create(
        person=person, starts_at=starts_at, ends_at=ends_at, reason=reason[:200]
    )
    record("leave.asked", subject=leave, by=by, after=_told(leave), reason=reason)
    return leave


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
        place=by.place_path,
        decided_by=by.label,
    )
    if not grant:
        return []
    hit = Turn.objects.filter(
        person=leave.person_id,
        starts_at__lt=leave.ends_at,
        ends_at__gt=max(leave.starts_at, clock.now()),
    ).select_related("roster__post__organisation", "roster__post__place", "person")
    return [turn for turn in hit if not hand_on(turn=turn, reason="请假", by=by)]


def hand_on(*, turn: Turn, reason: str, by: Seat) -> bool:
    """Give a turn to the next who can take it; False where it stays empty."""
    slot = Slot(turn.starts_at, turn.ends_at, turn.number)
    people = [
        (m.person_id, m.rank, m.starts_on, m.ends_on)
        for m in turn.roster.members.order_by("rank", "pk")
        if m.person_id != turn.person_id
    ]
    loads = _loads((p[0] for p in people), turn.starts_at - SEEN, turn.ends_at)
    kind = kind_of(day_of(clock.beijing(turn.starts_at).date()))
    who = take(slot, members=people, loads=loads, kind=kind, content=limits(clock.now()))
    _give(turn, Person.objects.get(pk=who) if who else None, by, reason)
    return who is not None


@transaction.atomic
def take_back_leave(*, leave: Leave, by: Seat, reason: str) -> None:
    """Whoever asked is back early, or does not go. His turns stay with those who took them."""
    if by.person_id != leave.person_id:
        require(by, "roster.write", place=by.place_path)
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
    if approve:
        changed = swap.turn.person_id != swap.asked_by_id or swap.turn.starts_at <= clock.now()
        if changed or (swap.other and swap.other.person_id != swap.to_id):
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


@transaction.atomic
def follow_posture(event: Event) -> None:
    """A response began, changed or ended: the rosters of its headquarters get the turns that the
    posture wants for the time ahead, and give back what it wants no more. Each who is concerned is
    told."""
    from fangxian.spine.command.models import Response

    response = Response.objects.select_related("headquarters", "place").get(pk=subject_pk(event))
    rows = Roster.objects.filter(post__organisation=response.headquarters)
    for roster in rows.select_related("post__organisation", "post__place"):
        _follow(roster)


def _follow(roster: Roster) -> None:
    now = clock.now()
    content = limits(now)
    level = posture(roster.post.organisation.headquarters, path=roster.post.place.path)
    until = now + timedelta(hours=content["strengthen_h"])
    slots = wanted(role=roster.role, posture=level, since=now, until=until, content=content)
    keep = {(slot.starts_at, slot.number) for slot in slots}
    extra = roster.turns.filter(level__isnull=False, starts_at__gt=now)
    for turn in extra.select_related("person", "roster__post__organisation"):
        if (turn.starts_at, turn.number) not in keep:
            _withdraw(turn)
    made = _make(roster, slots, level=level)
    for turn in made:
        if turn.person and level:
            _tell(turn, turn.person, f"响应升级，请您值{_when(turn)}的班", SYSTEM)
    if made:
        told = {"level": level, "turns": len(made), "empty": _empty(made)}
        record("roster.strengthened", subject=roster, by=SYSTEM, after=told)


def _withdraw(turn: Turn) -> None:
    """A turn that is wanted no more; who had it is told."""
    after = {"starts_at": turn.starts_at, "number": turn.number}
    record("roster.eased", subject=turn, by=SYSTEM, after=after)
    if turn.person:
        _tell(turn, turn.person, f"响应降级或结束，{_when(turn)}的班不用值了", SYSTEM)
    turn.delete()


def digest(*, by: Seat) -> int:
    """Tell each who is on within the next day that he is next: once, from the hour of the
    edition."""
    require(by, "message.tell")
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
    _tell(turn, person, f"提醒：您{_when(turn)}值{turn.roster.get_role_display()}班", SYSTEM)
    return 1
