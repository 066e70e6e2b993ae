"""Plans raised in thought and what they lack; teams, stores, shelters, what is done with them."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext

from fangxian.spine.command.dry import dry_run, price
from fangxian.spine.command.write.teams import order_team
from fangxian.spine.core import clock, dated, hazards
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.dated import Edition
from fangxian.spine.core.editions import editions_of
from fangxian.spine.core.levels import Level
from fangxian.spine.core.page import SeatedRequest, action, cut, near, page, text, whole
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import may, visible
from fangxian.spine.people.matching import Record
from fangxian.spine.ready import read
from fangxian.spine.ready.lacks import Holdings, Lack, lacks
from fangxian.spine.ready.models import Dispatch, Drill
from fangxian.spine.ready.plans import WHATS, needs, plan_edition, plans
from fangxian.spine.ready.rules import named, number, skills
from fangxian.spine.ready.write import teams as send
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import city, find_places, holders

SHOWN = 100


@page("register.read")
def index(request: SeatedRequest) -> HttpResponse:
    """Every plan with what it lacks at its worst level, by place, with owners; the drills; what
    expires."""
    now, seat = clock.now(), request.seat
    of = plan_edition(now)
    place = Place.objects.filter(path=seat.place_path).first() or city()
    table: list[dict[str, Any]] = []
    has = Holdings(now)
    for plan in plans(of).values():
        found = list(lacks(plan, of, level=Level.I, place=place, at=now, has=has))
        last = (
            Drill.objects.filter(plan=plan.code, state="done", headquarters__place=city())
            .order_by("-ended_at")
            .first()
        )
        table.append({"plan": plan, "n": len(found), "grid": _grid(found), "drill": last})
    days = number("expires_days", now)
    today = beijing(now).date()
    old = read.lots(seat=seat).exclude(quantity=0).filter(expires_on__isnull=False)
    soon = old.filter(expires_on__lte=today + timedelta(days=days)).order_by("expires_on")
    context = {
        "room": "command",
        "tab": "ready",
        "table": table,
        "edition": of,
        "soon": cut(soon, 20),
        "today": today,
        "out": Dispatch.objects.filter(
            back_at=None, team__place__path__startswith=place.path
        ).select_related("team", "place"),
        "open": read.openings(seat=seat).filter(closed_at=None),
        "road": read.shipments(seat=seat).filter(state="sent"),
        "place": place,
    }
    return render(request, "web/ready.html", context)


def _grid(found: list[Lack]) -> dict[str, Any]:
    """What lacks as a table: a row a place, a column a need."""
    heads = {(x.need.what, x.need.code): x.need for x in found}
    places = {x.place.pk: x.place for x in found}
    cells = {(x.place.pk, x.need.what, x.need.code): x for x in found}
    return {
        "heads": list(heads.values()),
        "rows": [
            (place, [cells.get((pk, *key)) for key in heads])
            for pk, place in sorted(places.items(), key=lambda pair: pair[1].code)
        ],
    }


@page("register.read")
def plan_list(request: SeatedRequest) -> HttpResponse:
    """The plans in force: levels, actions, needs, cadence, strength; and how each is raised in
    thought."""
    now = clock.now()
    of = plan_edition(now)
    rows = [
        {
            "plan": plan,
            "levels": [
                {
                    "level": level,
                    "actions": _actions(plan.hazards, level, of),
                    "needs": [
                        n for n in needs(of, plan=plan.code, level=level) if n.level == level
                    ],
                    "cadence_h": plan.cadence_h[level.name],
                    "strength": plan.strength[level.name],
                }
                for level in sorted(Level, reverse=True)
            ],
        }
        for plan in plans(of).values()
    ]
    context = {
        "room": "command",
        "tab": "plans",
        "rows": rows,
        "edition": of,
        "editions": editions_of("plan_actions", seat=request.seat)
        if may(request.seat, "rules.read")
        else [],
        "at": now,
    }
    return render(request, "web/plans.html", context)


def _actions(of_hazards: tuple[str, ...], level: Level, of: Edition) -> list[dict[str, object]]:
    rows = of.content["action"]
    return [
        {
            **row,
            "names": [hazards.hazard(h) for h in row["hazards"] if h in of_hazards],
        }
        for row in rows
        if set(row["hazards"]) & set(of_hazards) and row["level"] == level.name
    ]


@page("register.read")
def dry(request: SeatedRequest, hazard: str, level: str) -> HttpResponse:
    """A level raised in a copy: every action with who is named, whom nobody reaches, who is named
    twice, what lacks."""
    if level not in Level.__members__:
        raise Problem("not_found", what=level)
    hazards.may_respond(hazard)
    at = _day(request)
    found = dry_run(hazard=hazard, level=Level[level], place=city(), at=at)
    prefix = visible(request.seat, "register.read") or ""
    mine = [line for line in found.lines if line.area.path.startswith(prefix)]
    lacking = [lack for lack in found.lacks if lack.place.path.startswith(prefix)]
    people = {line.person.pk for line in mine if line.person}
    bad = [line for line in mine if line.why]
    only = "all" not in request.GET
    lines = bad if only else mine
    context = {
        "room": "command",
        "tab": "plans",
        "dry": found,
        "n": len(mine),
        "bad": len(bad),
        "lines": cut(list(lines), SHOWN),
        "only": only,
        "twice": cut([t for t in found.twice if t.person.pk in people], 40),
        "lacks": cut(lacking, SHOWN),
        "whats": WHATS,
        "levels": sorted(Level, reverse=True),
        "hazard": hazard,
        "hazards": [(h, hazards.hazard(h)) for h in hazards.responding()],
        "people": len(people),
    }
    return render(request, "web/dry.html", context)


@page("rules.read")
def compare(request: SeatedRequest) -> HttpResponse:
    """What one edition of the plans asks beyond another, by hazard and level: its price."""
    rule_set, mine = dated.rule_set("plan_actions"), editions_of("plan_actions", seat=request.seat)
    texts = {row.name: row.text for row in mine}
    texts = texts or {one.name: one.text for one in dated.shipped("plan_actions")}
    names = list(texts)
    a = request.GET.get("a") or (names[-1] if names else "")
    b = request.GET.get("b") or (names[0] if names else "")
    if a not in texts or b not in texts:
        raise Problem("not_found", what=f"{a} {b}")
    sides = [dated.read_edition(rule_set, name, texts[name]) for name in (a, b)]
    rows = []
    for hazard in hazards.responding():
        for level in sorted(Level, reverse=True):
            found = price(
                hazard=hazard, level=level, place=city(), old=sides[0], new=sides[1], at=clock.now()
            )
            if found:
                rows.append({"hazard": hazards.hazard(hazard), "level": level, "prices": found})
    context = {
        "room": "command",
        "tab": "plans",
        "names": names,
        "a": a,
        "b": b,
        "rows": rows,
        "lines": dated.difference(texts[a], texts[b]),
    }
    return render(request, "web/plans_compare.html", context)


def _day(request: SeatedRequest) -> datetime:
    asked = request.GET.get("on", "")
    if not asked:
        return clock.now()
    try:
        at = datetime.fromisoformat(asked).replace(hour=12, tzinfo=clock.BEIJING)
    except ValueError:
        raise Problem("input.invalid", field="on", why=asked[:20]) from None
    return near(at, "on")


def zh() -> bool:
    return not (get_language() or "zh").startswith("en")


# teams ------------------------------------------------------------------------------------------


@page("register.read")
def team(request: SeatedRequest, key: int) -> HttpResponse:
    one = get_object_or_404(read.teams(seat=request.seat), pk=key)
    held = skills(clock.now())
    context = {
        "room": "registers",
        "team": one,
        "skills": named(held, one.skills),
        "holder": holders([one.post_id]).get(one.post_id) if one.post_id else None,
        "members": [
            (member, named(held, member.skills))
            for member in one.members.filter(until=None).select_related("person")
        ],
        "trainings": one.trainings.order_by("-valid_to"),
        "today": beijing(clock.now()).date(),
        "words": held,
        "out": one.dispatches.filter(back_at=None).select_related("place").first(),
        "earlier": cut(one.dispatches.exclude(back_at=None).order_by("-sent_at"), 10),
        "levels": sorted(Level, reverse=True),
        "may": may(request.seat, "team.send", place=one.place.path),
        "may_join": may(request.seat, "people.write", place=one.place.path),
    }
    return render(request, "web/team.html", context)


@action("team.send")
def team_step(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    one = get_object_or_404(read.teams(seat=request.seat), pk=key)
    if verb == "send":
        level = Level.__members__.get(text(request, "level"), Level.III)
        _, order = order_team(team=one, place=_named(request), level=level, by=request.seat)
        if order is None:
            messages.success(request, gettext("已记派出；这支队伍没有带队岗位，请电话通知。"))
        else:
            messages.success(request, gettext("已派出，已叫带队人。到达、归队在本页记。"))
    else:
        out = one.dispatches.filter(back_at=None).first()
        if out is None:
            raise Problem("state.changed", what=one.name)
        send.step_team(
            dispatch=out, verb=verb, by=request.seat, reason=text(request, "reason", most=200)
        )
    return redirect(f"/teams/{key}")


@action("team.send")
def member_step(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    """Who is in a team: joins, is vouched for by another, leaves."""
    one = get_object_or_404(read.teams(seat=request.seat), pk=key)
    if verb == "join":
        who = Record(name=text(request, "name", most=60), phone=text(request, "phone", most=20))
        if not who.name:
            raise Problem("input.invalid", field="name", why="—")
        known = set(skills(clock.now()))
        able = [skill for skill in request.POST.getlist("skill") if skill in known]
        volunteer = bool(request.POST.get("volunteer"))
        member = send.join_team(
            team=one, record_of=who, skills=able, volunteer=volunteer, by=request.seat
        )
        if member.volunteer and not member.vouched_at:
            messages.success(request, gettext("已登记；要另一岗位确认身份后才算队员。"))
        return redirect(f"/teams/{key}")
    member = get_object_or_404(one.members.filter(until=None), pk=whole(request, "member"))
    if verb == "vouch":
        send.vouch_for(member=member, by=request.seat)
    elif verb == "leave":
        send.leave_team(member=member, reason=text(request, "reason", most=200), by=request.seat)
    else:
        raise Problem("not_found", what=verb)
    return redirect(f"/teams/{key}")


def _named(request: SeatedRequest) -> Place:
    wanted = text(request, "place", most=60)
    found = find_places(wanted, seat=request.seat, limit=1) if wanted else []
    if not found:
        raise Problem("not_found", what=wanted or "—")
    return Place.objects.filter(code=found[0].key).order_by("-valid_from")[0]


@page("register.read")
def nearest(request: SeatedRequest) -> HttpResponse:
    """Teams that can do something, the nearest to a place first; away or without a leader is said
    and never hidden."""
    skill = request.GET.get("skill", "")
    wanted = request.GET.get("place", "").strip()
    found = find_places(wanted, seat=request.seat, limit=1) if wanted else []
    ways = []
    if found:
        place = Place.objects.filter(code=found[0].key).order_by("-valid_from")[0]
        rows = [
            t
            for t in read.teams(seat=request.seat, at=clock.now())
            if not skill or skill in t.skills
        ]
        ways = sorted(
            read.how_far(rows, place), key=lambda way: (way.minutes is None, way.minutes or 0)
        )
    away = set(Dispatch.objects.filter(back_at=None).values_list("team_id", flat=True))
    held = holders([way.team.post_id for way in ways if way.team.post_id])
    context = {
        "room": "command",
        "tab": "ready",
        "skills": skills(clock.now()),
        "skill": skill,
        "wanted": wanted,
        "ways": [(w, held.get(w.team.post_id or 0), w.team.pk in away) for w in ways],
        "may": visible(request.seat, "team.send") is not None,
    }
    return render(request, "web/nearest.html", context)
