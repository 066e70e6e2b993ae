"""Dangers found and closed; the blind-spot proof as map and list; flagged visits for a person."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext

from fangxian.kernels.allocate.coverage import Coverage
from fangxian.spine.core import clock
from fangxian.spine.core.page import SeatedRequest, action, as_whole, cut, cut_of, page, text
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import may, visible
from fangxian.spine.core.things import kind_words, thing
from fangxian.spine.inspect import read
from fangxian.spine.inspect.ground import CELL, VILLAGE
from fangxian.spine.inspect.models import Excuse, Finding
from fangxian.spine.inspect.proof import REASONS, UNSEEN, Blind, Stop, best_next, prove
from fangxian.spine.inspect.registers import STATES, grade_words
from fangxian.spine.inspect.rounds import rules
from fangxian.spine.inspect.write import findings as fix
from fangxian.spine.inspect.write.visits import FLAGS, look_at_visit
from fangxian.spine.registry.models import Place, Post
from fangxian.spine.registry.read import find_places, holders, posts

SHOWN = 200
EPOCH = datetime(1990, 1, 1, tzinfo=clock.BEIJING)
STOPS = 5  # of a best next patrol


def _zh() -> bool:
    return not (get_language() or "zh").startswith("en")


@page("register.read")
def board(request: SeatedRequest) -> HttpResponse:
    """Dangers by what is next for each: no plan, overdue, being rectified, to be checked."""
    rows = read.findings(seat=request.seat)
    now = clock.now()
    held = rules(now)
    open_ = list(rows.filter(state__in=read.OPEN).order_by("-grade", "found_at")[:SHOWN])
    groups: dict[str, list[Finding]] = {"late": [], "found": [], "check": [], "doing": []}
    for one in open_:
        groups[_step(one, now)].append(one)
    closed = rows.exclude(state__in=read.OPEN).order_by("-closed_at")
    context = {
        "room": "tasks",
        "groups": [
            ("late", gettext("逾期"), groups["late"]),
            ("found", gettext("待五落实"), groups["found"]),
            ("check", gettext("待复查"), groups["check"]),
            ("doing", gettext("整改中"), groups["doing"]),
        ],
        "n": rows.filter(state__in=read.OPEN).count(),
        "closed": cut(closed, 20),
        "doubts": read.to_look_at(seat=request.seat).count(),
        "first_h": held.finding["first_h"],
        "now": now,
    }
    return render(request, "web/findings.html", context)


def _step(one: Finding, now: datetime) -> str:
    if one.state == "found":
        return "found"
    if one.order and one.order.state in ("reported", "verified"):
        return "check"
    return "late" if one.deadline_at and one.deadline_at < now else "doing"


@page("register.read")
def finding(request: SeatedRequest, key: int) -> HttpResponse:
    found = get_object_or_404(read.findings(seat=request.seat), pk=key)
    return render(request, "web/finding.html", _context(request, found))


def _context(request: SeatedRequest, found: Finding, error: str = "") -> dict[str, Any]:
    place = found.place
    near = posts(seat=request.seat).filter(place__in=[place, place.parent or place])
    about = thing(found.about_kind, found.about_key)
    held = rules(clock.now())
    return {
        "room": "tasks",
        "error": error,
        "finding": found,
        "about": about,
        "kind": kind_words(found.about_kind),
        "grade": grade_words(found.grade),
        "grades": list(held.grades.items()),
        "state": STATES[found.state],
        "posts": list(near.order_by("place", "pk")[:60]),
        "holder": holders([found.post_id]).get(found.post_id) if found.post_id else None,
        "may": may(request.seat, "finding.manage", place=place.path),
        "soon": clock.beijing(clock.now() + timedelta(days=7)).date(),
        "log": _log(found),
    }


def _log(found: Finding) -> list[object]:
    from fangxian.spine.core.models import Event

    rows = Event.objects.filter(subject_kind="finding", subject_id=str(found.pk))
    return list(rows.order_by("-id"))


@action("finding.manage")
def finding_step(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    """One step of a danger; the right is asked in write."""
    found = get_object_or_404(read.findings(seat=request.seat), pk=key)
    seat, reason = request.seat, text(request, "reason", most=300)
    if verb == "plan":
        return _plan(request, found)
    if verb == "grade":
        fix.grade_finding(finding=found, grade=text(request, "grade"), reason=reason, by=seat)
    elif verb == "refute":
        fix.refute_finding(finding=found, reason=reason, by=seat)
    elif verb == "reopen":
        fix.reopen_finding(finding=found, reason=reason, by=seat)
    else:
        raise Problem("not_found", what=verb)
    return redirect(f"/findings/{key}")


def _plan(request: SeatedRequest, found: Finding) -> HttpResponse:
    """The five things; what is refused stays as it was typed."""
    key = text(request, "post", most=9)
    post = Post.objects.filter(pk=as_whole(key, "post")).first() if key else None
    typed = {name: text(request, name, most=300) for name in ("measure", "money", "plan")}
    try:
        fix.plan_finding(
            finding=found,
            **typed,
            post=post,
            deadline_at=_evening(text(request, "deadline")),
            by=request.seat,
        )
    except Problem as problem:
        for name, value in typed.items():
            setattr(found, name, value)
        found.post = post
        error = problem.text(get_language() or "zh")
        return render(request, "web/finding.html", _context(request, found, error), status=422)
    messages.success(request, gettext("五落实已定，整改指令已下达。"))
    return redirect(f"/findings/{found.pk}")


def _evening(day: str) -> datetime | None:
    """The end of a day of a form, None for none. Raises ``input.invalid``."""
    if not day:
        return None
    try:
        at = datetime.fromisoformat(day)
    except ValueError:
        raise Problem("input.invalid", field="deadline", why=day[:20]) from None
    return at.replace(hour=18, tzinfo=clock.BEIJING)


@page("register.read")
def blind(request: SeatedRequest) -> HttpResponse:
    """What nobody has looked at, answers for, measures or can warn: list and numbers; the map has
    it as a layer."""
    at = _asked(request)
    reason = request.GET.get("reason", "")
    kind = request.GET.get("kind", "")
    place = _place(request)
    proof = prove(at, seat=request.seat, path=place.path if place else "")
    counts = {code: sum(code in b.reasons for b in proof.blind) for code in REASONS}
    kinds = {k: sum(b.element.kind == k for b in proof.blind) for k in proof.n}
    rows = [
        b
        for b in proof.blind
        if (not reason or reason in b.reasons) and kind in ("", b.element.kind)
    ]
    best: list[Stop] = []
    coverage: Coverage | None = None
    if "best" in request.GET:
        wanted = [reason] if reason else list(UNSEEN)
        reach = rules(at).proof["gauge_km" if reason == "no_gauge" else "patrol_km"]
        best, coverage = best_next(proof, wanted, reach_km=reach, k=STOPS, cells=kind == CELL)
    context = {
        "room": "watch",
        "proof": proof,
        "counts": [(code, REASONS[code], n) for code, n in counts.items()],
        "kinds": [(k, _kind(k), kinds[k], proof.n[k]) for k in sorted(proof.n)],
        "rows": cut_of(_dressed(rows[:SHOWN]), len(rows)),
        "accepted": cut(proof.accepted, 50),
        "reason": reason,
        "kind": kind,
        "place": place,
        "best": best,
        "coverage": coverage,
        "at": at,
        "may": visible(request.seat, "finding.manage") is not None,
    }
    return render(request, "web/blind.html", context)


def _kind(code: str) -> tuple[str, str]:
    if code == CELL:
        return ("网格", "cells")
    return ("村", "villages") if code == VILLAGE else kind_words(code)


def _dressed(rows: list[Blind]) -> list[dict[str, object]]:
    places = Place.objects.select_related("parent").in_bulk({b.element.place_id for b in rows})
    held = holders([b.element.owner for b in rows if b.element.owner])
    named = Post.objects.select_related("organisation").in_bulk(
        {b.element.owner for b in rows if b.element.owner}
    )
    return [
        {
            "blind": b,
            "kind": _kind(b.element.kind),
            "place": places[b.element.place_id],
            "owner": named.get(b.element.owner or 0),
            "holder": held.get(b.element.owner or 0),
            "reasons": [(r, REASONS[r]) for r in b.reasons],
            "link": _link(b, places[b.element.place_id]),
        }
        for b in rows
    ]


def _link(b: Blind, place: Place) -> str:
    element = b.element
    if element.kind == VILLAGE:
        return f"/places/{element.key}"
    return (
        f"/places/{place.code}" if element.kind == CELL else f"/sites/{element.kind}/{element.key}"
    )


def _asked(request: SeatedRequest) -> datetime:
    asked = request.GET.get("on", "")
    if not asked:
        return clock.now()
    try:
        at = datetime.fromisoformat(asked).replace(tzinfo=clock.BEIJING)
        at = at + timedelta(days=1) if len(asked) == 10 else at
        return min(max(at, EPOCH), clock.now())
    except (ValueError, OverflowError):
        raise Problem("input.invalid", field="on", why=asked[:20]) from None


def _place(request: SeatedRequest) -> Place | None:
    wanted = request.GET.get("place", "").strip()
    if not wanted:
        return None
    found = find_places(wanted, seat=request.seat, limit=1)
    if not found:
        raise Problem("not_found", what=wanted[:40])
    return Place.objects.filter(code=found[0].key).order_by("-valid_from").first()


@action("finding.manage")
def accept(request: SeatedRequest) -> HttpResponse:
    """Accept a blind spot by name, for a reason and a number of days."""
    days = min(as_whole(text(request, "days") or "90", "days"), 9999)
    reasons = [code for code in request.POST.getlist("accepts") if code in REASONS]
    fix.accept_blind_spot(
        kind=text(request, "kind", most=20),
        key=text(request, "key", most=60),
        title=text(request, "title", most=120),
        reasons=reasons,
        reason=text(request, "reason", most=200),
        until=clock.now() + timedelta(days=days),
        by=request.seat,
    )
    messages.success(request, gettext("已记下说明，到期自动回到盲区清单。"))
    return _back(request)


@action("finding.manage")
def take_back(request: SeatedRequest, key: int) -> HttpResponse:
    excuse = get_object_or_404(Excuse.objects.select_related("place"), pk=key)
    fix.end_excuse(
        excuse=excuse, reason=text(request, "reason") or gettext("撤回"), by=request.seat
    )
    return _back(request)


def _back(request: SeatedRequest) -> HttpResponse:
    """To the list as it was asked for."""
    target = request.POST.get("next", "")
    return redirect(target if target.startswith("/blind") else "/blind")


@page("register.read")
def doubts(request: SeatedRequest) -> HttpResponse:
    """Flagged visits: what is odd is for a person to look at; it accuses and ranks nobody."""
    rows = cut(read.to_look_at(seat=request.seat), 50)
    table = [(visit, [FLAGS[flag] for flag in visit.flags]) for visit in rows]
    context = {
        "room": "tasks",
        "table": table,
        "rows": rows,
        "may": visible(request.seat, "finding.manage") is not None,
    }
    return render(request, "web/doubts.html", context)


@action("finding.manage")
def look(request: SeatedRequest, key: int) -> HttpResponse:
    visit = get_object_or_404(read.visits(seat=request.seat), pk=key)
    look_at_visit(
        visit=visit,
        note=text(request, "note", most=200),
        counts=text(request, "counts") == "1",
        by=request.seat,
    )
    messages.success(request, gettext("已记下。"))
    return redirect("/visits/doubts")
