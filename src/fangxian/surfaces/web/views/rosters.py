"""The duty rosters: the month, who is on and who is next, holes, leave and swaps, one's own
calendar."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext

from fangxian.spine.command.rosters import read, write
from fangxian.spine.command.rosters.feed import calendar, feed_code, person_of
from fangxian.spine.command.rosters.models import ROLES, Member, Roster, Swap, Turn
from fangxian.spine.command.rosters.rules import limits
from fangxian.spine.core import clock
from fangxian.spine.core.config import config
from fangxian.spine.core.days import WORDS, days, known_year, midnight
from fangxian.spine.core.page import (
    SeatedRequest,
    action,
    as_key,
    cut,
    near,
    page,
    public,
    text,
    whole,
)
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, may
from fangxian.spine.registry.models import Person

DECISIONS = ("grant", "approve", "decline")


def _month(given: str) -> date:
    """The first day of the month asked for; this month for anything else."""
    try:
        first = date.fromisoformat(f"{given[:7]}-01")
    except ValueError:
        return clock.beijing(clock.now()).date().replace(day=1)
    return first if 1990 <= first.year <= 2200 else date(2026, 1, 1)


def _after(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


@page("register.read")
def index(request: SeatedRequest) -> HttpResponse:
    """A month of every roster the seat may see, a row a day; unless one is asked for, the next 31
    days."""
    seat, now = request.seat, clock.now()
    asked = request.GET.get("month", "")
    today = clock.beijing(now).date()
    first = _month(asked) if asked else today
    last = _after(first) if asked else today + timedelta(days=31)
    rows = list(read.rosters(seat=seat))
    at: dict[tuple[date, int], list[Turn]] = {}
    here = read.turns(seat=seat).filter(
        starts_at__gte=midnight(first), starts_at__lt=midnight(last)
    )
    for turn in here:
        at.setdefault((clock.beijing(turn.starts_at).date(), turn.roster_id), []).append(turn)
    table = [
        (d, WORDS[d.kind], [at.get((d.on, r.pk), []) for r in rows]) for d in days(first, last)
    ]
    ahead = now + timedelta(days=limits(now)["ahead_days"])
    proof = read.prove_rosters(since=now, until=ahead, path=seat.place_path)
    person = Person.objects.filter(pk=seat.person_id or 0).first()
    seats = read.now_and_next(rows, now)
    leaves = read.leaves(seat=seat).filter(state="asked")
    swaps = read.swaps(seat=seat).filter(state="asked")
    context = {
        "room": "command",
        "tab": "rosters",
        "rosters": [(r, ROLES[r.role], *seats[r.pk]) for r in rows],
        "table": table,
        "first": first,
        "last": last - timedelta(days=1),
        "before": (first.replace(day=1) - timedelta(days=1)).replace(day=1),
        "after": _after(first.replace(day=1)),
        "now": now,
        "proof": proof,
        "holes": [(h, _words(h.reason)) for h in proof.holes[:30]],
        "more": max(0, len(proof.holes) - 30),
        "year": first.year,
        "known": known_year(first.year),
        "leaves": [(one, _decides(seat, one.person.rosters.all())) for one in leaves],
        "swaps": [(one, _keeps(seat, one.turn.roster), _warned(one)) for one in swaps],
        "may": may(seat, "roster.write", place=seat.place_path),
        "own": read.turns_of(person, since=now)[:12] if person else (),
        "feed": f"{config().url}/calendars/{feed_code(person)}.ics" if person else "",
        "away": cut(read.leaves(seat=seat).filter(state="granted", ends_at__gt=now), 60),
    }
    return render(request, "web/rosters.html", context)


def _keeps(seat: Seat, roster: Roster) -> bool:
    return may(seat, "roster.write", place=roster.post.place.path)


def _warned(swap: Swap) -> list[tuple[str, str]]:
    """What speaks against a swap now, for whoever approves it."""
    other = (swap.other_id,) if swap.other_id else ()
    found = [write.reason_against(swap.turn, swap.to, without=other)]
    if swap.other:
        found.append(write.reason_against(swap.other, swap.asked_by, without=(swap.turn_id,)))
    return [write.WHY[why] for why in found if why]


def _decides(seat: Seat, listed: Iterable[Member]) -> bool:
    """Whether a leave is the seat's to decide, and its reason his to read."""
    rosters = [member.roster for member in listed]
    return bool(rosters) and all(_keeps(seat, roster) for roster in rosters)


def _words(reason: str) -> tuple[str, str]:
    from fangxian.spine.command.rosters.cover import REASONS

    return REASONS[reason]


@page("register.read")
def turn(request: SeatedRequest, key: int) -> HttpResponse:
    """One turn: who could take it and why another cannot; put, or ask for a swap."""
    found = get_object_or_404(read.turns(seat=request.seat), pk=key)
    members = read.members_on(found.roster, found.starts_at)
    people = [(m.person, write.WHY.get(write.reason_against(found, m.person))) for m in members]
    own = request.seat.person_id is not None and found.person_id == request.seat.person_id
    others = [p.pk for p, _ in people if p.pk != found.person_id]
    later = Turn.objects.filter(
        roster=found.roster, person__in=others, starts_at__gt=clock.now()
    ).select_related("person", "roster__post__organisation")
    context = {
        "room": "command",
        "tab": "rosters",
        "turn": found,
        "role": ROLES[found.roster.role],
        "people": people,
        "own": own,
        "later": later.order_by("starts_at")[:60],
        "over": found.ends_at <= clock.now(),
        "begun": found.starts_at <= clock.now(),
        "may": may(request.seat, "roster.write", place=found.roster.post.place.path),
        "swap": found.swaps.filter(state="asked").select_related("to").first(),
    }
    return render(request, "web/roster_turn.html", context)


@action("roster.write")
def fill(request: SeatedRequest) -> HttpResponse:
    """Fill a span of one roster, or of all the seat may write."""
    first, last = _day(request, "from"), _day(request, "to")
    key = text(request, "roster")
    rows = read.rosters(seat=request.seat)
    made: list[Turn] = []
    for roster in rows.filter(pk=as_key(key)) if key else rows:
        if may(request.seat, "roster.write", place=roster.post.place.path):
            until = midnight(last + timedelta(days=1))
            made += write.fill(roster=roster, since=midnight(first), until=until, by=request.seat)
    empty = sum(t.person_id is None for t in made)
    told = gettext("已排 %(n)s 班。") % {"n": len(made)}
    if empty:
        told += " " + gettext("其中 %(n)s 班没有人能值，已列为缺口。") % {"n": empty}
    messages.success(request, told)
    return redirect(f"/rosters?month={first:%Y-%m}")


def _day(request: SeatedRequest, name: str) -> date:
    return clock.beijing(_moment(request, name)).date()


def _moment(request: SeatedRequest, name: str) -> datetime:
    given = text(request, name, most=20)
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise Problem("input.invalid", field=name, why=given or "—") from None
    return near(at if at.tzinfo else at.replace(tzinfo=clock.BEIJING), name)


@action("roster.write")
def put(request: SeatedRequest, key: int) -> HttpResponse:
    found = get_object_or_404(read.turns(seat=request.seat), pk=key)
    person = get_object_or_404(Person, pk=whole(request, "person"))
    rest = write.put(turn=found, person=person, by=request.seat, reason=text(request, "reason"))
    messages.success(request, gettext("已改排，双方都已通知。"))
    return redirect(f"/rosters/turns/{rest.pk}")


@action("register.read")
def ask_swap(request: SeatedRequest, key: int) -> HttpResponse:
    """Ask for a swap: with a turn of another, or with another for nothing."""
    found = get_object_or_404(read.turns(seat=request.seat), pk=key)
    other_key, to_key = as_key(text(request, "other")), as_key(text(request, "person"))
    other = get_object_or_404(read.turns(seat=request.seat), pk=other_key) if other_key else None
    to = other.person if other else get_object_or_404(Person, pk=to_key)
    if to is None or (other and to_key and to.pk != to_key):
        raise Problem("input.invalid", field="other", why=str(other or "—"))
    reason = text(request, "reason", most=200)
    write.ask_swap(turn=found, to=to, other=other, by=request.seat, reason=reason)
    messages.success(request, gettext("已申请换班，批准前不变。"))
    return redirect(f"/rosters/turns/{key}")


@action("register.read")
def swap_step(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    swap = get_object_or_404(read.swaps(seat=request.seat), pk=key)
    if verb == "withdraw":
        write.take_back_swap(swap=swap, by=request.seat)
    elif verb in DECISIONS:
        reason = text(request, "reason", most=200)
        write.decide_swap(swap=swap, approve=verb == "approve", by=request.seat, reason=reason)
    else:
        raise Http404(verb)
    messages.success(request, gettext("已办理，双方都已通知。"))
    return redirect("/rosters")


@action("register.read")
def ask_leave(request: SeatedRequest) -> HttpResponse:
    person = get_object_or_404(Person, pk=request.seat.person_id or 0)
    write.ask_leave(
        person=person,
        starts_at=_moment(request, "from"),
        ends_at=_moment(request, "to"),
        reason=text(request, "reason", most=200),
        by=request.seat,
    )
    messages.success(request, gettext("已请假，待批。"))
    return redirect("/rosters")


@action("register.read")
def leave_step(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    if verb not in (*DECISIONS, "withdraw"):
        raise Http404(verb)
    leave = get_object_or_404(read.leaves(seat=request.seat), pk=key)
    reason = text(request, "reason", most=200)
    if verb == "withdraw":
        write.take_back_leave(leave=leave, by=request.seat, reason=reason)
        messages.success(request, gettext("已销假；已改由他人值的班不再变动。"))
        return redirect("/rosters")
    grant = verb == "grant"
    empty = write.decide_leave(leave=leave, grant=grant, by=request.seat, reason=reason)
    if empty:
        messages.warning(
            request, gettext("已准假；%(n)s 班没有人能接，已列为缺口。") % {"n": len(empty)}
        )
    else:
        messages.success(request, gettext("已办理。"))
    return redirect("/rosters")


@public
def feed(request: HttpRequest, code: str) -> HttpResponse:
    """One person's turns for a calendar program, which has no log-in: the link is signed for
    him."""
    body = calendar(person_of(code), at=clock.now())
    return HttpResponse(body, content_type="text/calendar; charset=utf-8")
