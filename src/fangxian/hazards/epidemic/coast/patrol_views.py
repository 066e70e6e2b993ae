"""Patrols on screen: which shore was seen in which hour, rounds planned, proposed, gone."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext

from fangxian.spine.core import clock
from fangxian.spine.core.page import SeatedRequest, action, as_key, cut, number, page, text, whole
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import visible
from fangxian.spine.ready.read import teams
from fangxian.spine.registry.models import Place

from . import models as m
from . import read
from .cover.shore import counties
from .registers import PATROL_KINDS, PATROL_STATES, words_of
from .rules import sea
from .seeing import Seen, Unit, dark_hours, hour_of, last_seen, propose, seen_of, went
from .shore import codes, pieces
from .write import patrols

SHOWN = 20
KIND_OF = {zh: code for code, (zh, _) in PATROL_KINDS.items()}
HOURS = 24


def _day(request: SeatedRequest) -> date:
    try:
        return date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return clock.beijing(clock.now()).date()


@page("patrol.read")
def shore(request: SeatedRequest) -> HttpResponse:
    """The map of a day: counties by hours, and the pieces that nobody saw."""
    seat, now, day = request.seat, clock.now(), _day(request)
    begun = datetime.combine(day, datetime.min.time(), clock.BEIJING)
    gone = seen_of(went(begun, begun + timedelta(days=1)), since=begun, hours=HOURS)
    planned = list(m.Patrol.objects.filter(state__in=("planned", "going")))
    ahead = seen_of(planned, since=begun, hours=HOURS, planned=True)
    seen = last_seen(now)
    night = dark_hours(hour_of(begun), HOURS)
    rows = cut(read.patrols(seat=seat).order_by("-since"), SHOWN)
    limit = timedelta(days=sea(now)["gap_days"])
    unseen = [
        (piece, seen.get(code))
        for code, piece in pieces().items()
        if code not in seen or now - seen[code] > limit
    ]
    context = {
        "room": "command",
        "tab": "coast",
        "day": day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "hours": [(h, bool(night[h])) for h in range(HOURS)],
        "table": _table(gone, ahead),
        "share": gone.share() * 100,
        "n": len(codes()),
        "unseen": [(piece, when) for piece, when in unseen[:SHOWN]],
        "n_unseen": len(unseen),
        "km_unseen": sum(piece.km for piece, _ in unseen),
        "rows": rows,
        "patrols": [
            (row, words_of(PATROL_KINDS, row.kind), words_of(PATROL_STATES, row.state))
            for row in rows
        ],
        "teams": teams(seat=seat).order_by("name")[:200],
        "counties": sorted(counties().items()),
        "kinds": PATROL_KINDS.items(),
        "may_plan": visible(seat, "patrol.plan") is not None,
        "proposal": None,
    }
    return render(request, "coast/shore.html", context)


def _table(gone: Seen, ahead: Seen) -> list[dict[str, Any]]:
    """Of each county and hour the share of its pieces that was seen, and that will be."""
    places = counties()
    mine: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for n, piece in enumerate(pieces().values()):
        mine[piece.county, piece.island].append(n)
    rows = []
    for (county, island), keys in sorted(mine.items()):
        shares = gone.table[keys].mean(axis=0)
        plans = ahead.table[keys].mean(axis=0)
        rows.append(
            {
                "place": places.get(county),
                "code": county,
                "island": island,
                "n": len(keys),
                "any": int(gone.table[keys].any(axis=1).sum()),
                "cells": [
                    (round(float(a) * 100), round(float(b) * 100), _tone(float(a)))
                    for a, b in zip(shares, plans, strict=True)
                ],
            }
        )
    return rows


def _tone(share: float) -> int:
    """One of five steps of a scale; 0 is nothing."""
    return 0 if share <= 0 else min(4, 1 + int(share * 4))


def _moment(request: SeatedRequest, name: str) -> datetime:
    try:
        at = datetime.fromisoformat(text(request, name, most=20))
    except ValueError:
        raise Problem("input.invalid", field=name, why=gettext("时间如 2026-06-05T22:00")) from None
    return at if at.tzinfo else at.replace(tzinfo=clock.BEIJING)


def _along(given: str) -> list[str]:
    """Pieces as ``350626-001`` one by one, or as a span ``350626-001..010``."""
    found = []
    for part in given.replace(",", " ").replace("，", " ").split():
        head, dots, last = part.partition("..")
        if not dots:
            found.append(head)
            continue
        county, _, first = head.partition("-")
        if not (first.isdigit() and last.isdigit() and len(last) <= 4):
            raise Problem("input.invalid", field="pieces", why=part)
        found += [f"{county}-{n:03d}" for n in range(int(first), int(last) + 1)][:2000]
    return found


@action("patrol.plan")
def plan(request: SeatedRequest) -> HttpResponse:
    """A round is planned."""
    along = _along(text(request, "pieces", most=2000))
    place = _place_of(along)
    team = teams(seat=request.seat).filter(pk=as_key(text(request, "team"))).first()
    since = _moment(request, "since")
    patrols.plan_patrol(
        kind=text(request, "kind", most=8),
        place=place,
        along=along,
        since=since,
        until=since + timedelta(hours=whole(request, "hours", most=168)),
        team=team,
        by=request.seat,
    )
    messages.success(request, gettext("巡查已计划。"))
    return redirect("/coast/patrols")


def _place_of(along: list[str]) -> Place:
    known = counties()
    for code in along:
        if code in pieces() and pieces()[code].county in known:
            return known[pieces()[code].county]
    raise Problem("input.invalid", field="pieces", why=gettext("没有这样的岸段"))


@page("patrol.plan", methods=("POST",))
def best(request: SeatedRequest) -> HttpResponse:
    """The rounds that newly see most, with the bound that no choice can pass."""
    day = date.fromisoformat(text(request, "day", most=10) or _day(request).isoformat())
    begun = datetime.combine(day, datetime.min.time(), clock.BEIJING)
    units = []
    for line in text(request, "units", most=4000).splitlines():
        told = line.split()
        if not told:
            continue
        if len(told) > 1:
            told[1] = KIND_OF.get(told[1], told[1])
        good = len(told) == 4 and told[1] in PATROL_KINDS and told[2] in pieces()
        if not good or not told[3].isdigit() or not 1 <= int(told[3]) <= 24:
            raise Problem("input.invalid", field="units", why=f"“{line}”：名称 方式 岸段 小时")
        units.append(Unit(told[0][:30], told[1], told[2], int(told[3])))
    if not units or len(units) > 40:
        raise Problem("input.invalid", field="units", why=gettext("一行一个，最多 40 个"))
    found = propose(units, since=begun)
    context = {
        "room": "command",
        "tab": "coast",
        "day": day,
        "found": found,
        "rows": [
            {
                "unit": unit,
                "kind": words_of(PATROL_KINDS, unit.kind),
                "since": datetime.fromtimestamp(one.since_h * 3600, clock.BEIJING),
                "first": one.along[0],
                "last": one.along[-1],
                "n": len(one.along),
                "pieces": " ".join(one.along),
            }
            for unit, one in found.rounds
        ],
        "share": found.total / found.weight * 100 if found.weight else 0.0,
    }
    return render(request, "coast/proposal.html", context)


@action("patrol.log")
def log(request: SeatedRequest, key: int) -> HttpResponse:
    """What became of a round."""
    row = read.patrol(key, seat=request.seat)
    verb = text(request, "verb", most=6)
    if verb == "begin":
        patrols.begin(patrol=row, by=request.seat)
    elif verb == "end":
        given = text(request, "pieces", most=2000)
        patrols.end(
            patrol=row,
            by=request.seat,
            seen=text(request, "seen", most=2000),
            along=_along(given) if given else None,
            nm=number(request, "nm", low=0, high=2000) if text(request, "nm") else None,
            boarded=whole(request, "boarded", most=9999) if text(request, "boarded") else 0,
        )
    elif verb == "drop":
        patrols.drop(patrol=row, reason=text(request, "seen"), by=request.seat)
    else:
        raise Problem("input.invalid", field="verb", why=verb)
    messages.success(request, gettext("已记下。"))
    return redirect("/coast/patrols")


ROUTES = (
    path("coast/patrols", shore),
    path("coast/patrols/plan", plan),
    path("coast/patrols/best", best),
    path("coast/patrols/<int:key>", log),
)
