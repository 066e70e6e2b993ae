"""Duty desk: what must I do now? In peace the gaps are the work; in an emergency the signals."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext

from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.read import (
    Group,
    active_signals,
    open_groups,
    owned_groups,
    waiting_q,
)
from fangxian.spine.assess.write import acknowledge, shelve
from fangxian.spine.command.desk import in_hand, named, situation, todo, work_gaps
from fangxian.spine.command.models import OVER, Shift
from fangxian.spine.command.read import (
    log_entries,
    open_proposals,
    orders,
    pleas,
    responses_in_force,
    sees_desk,
)
from fangxian.spine.command.sitreps.read import near
from fangxian.spine.command.write.again import reassign_order
from fangxian.spine.command.write.desk import add_log, close_shift, start_shift
from fangxian.spine.command.write.pleas import settle_plea
from fangxian.spine.core import clock
from fangxian.spine.core.hazards import of_others
from fangxian.spine.core.levels import Level
from fangxian.spine.core.page import (
    SeatedRequest,
    action,
    as_key,
    cut,
    keys,
    own_path,
    page,
    text,
    whole,
)
from fangxian.spine.core.problems import Problem
from fangxian.spine.cover.models import Gap
from fangxian.spine.cover.read import open_gaps
from fangxian.spine.observe.read import station
from fangxian.spine.registry.models import Person, Place, Post
from fangxian.spine.registry.read import in_force
from fangxian.surfaces.web.frame import current_hq

MOST_SHELVED_H = 72

ROWS = 40


@page("map.read")
def desk(request: SeatedRequest) -> HttpResponse:
    seat = request.seat
    at_town = seat.level == "town" and seat.role == "head" and "desk" not in request.GET
    if seat.role == "successor":
        return redirect("/takeovers")  # he has nothing else yet
    if not sees_desk(seat) or (at_town and not request.GET):
        return redirect("/m/")  # a town head lands on his own orders
    hq = current_hq(request)
    part = request.GET.get("part")
    if part == "dues":
        return render(request, "web/sitrep_dues.html", {"dues": near(seat=seat, hq=hq)})
    context = _context(request, hq)
    name = "web/desk_part.html" if part == "body" else "web/desk.html"
    return render(request, name, {**context, "room": "desk"})


def _context(request: SeatedRequest, hq: str) -> dict[str, Any]:
    seat = request.seat
    rows, owned = todo(seat=seat, hq=hq), in_hand(seat=seat, hq=hq)
    gaps = work_gaps(seat=seat)
    by_rule: dict[str, list[Gap]] = {}
    for gap in gaps:
        by_rule.setdefault(gap.rule, []).append(gap)
    now = situation(seat=seat, hq=hq)
    worst = next((s for s in now.worst if s.about_kind == "station" and s.family == "river"), None)
    everything = orders(seat=seat).exclude(hazard__in=[] if hq == "all" else of_others(hq))
    emergency = any(level for _, level in now.levels) or any(
        r.kind in {"group", "proposal", "plea", "owned"} for r in [*rows, *owned]
    )
    waiting = [r.thing for r in rows if r.kind == "group"]
    return {
        "situation": now,
        "emergency": emergency,
        "rows": named(rows[:ROWS]),
        "n_rows": len(rows),
        "owned": owned,
        "hides": [] if hq == "all" else of_others(hq),
        "counties": _counties(waiting),
        "n_waiting": sum(len(g.signals) for g in waiting),
        "n_gaps": open_gaps(seat=seat).count(),
        "gaps_by_rule": by_rule,
        "n_work_gaps": len(gaps),
        "responses": responses_in_force(seat=seat),
        "log": cut(log_entries(seat=seat), 12),
        "dues": near(seat=seat, hq=hq),
        **everything.order_by().aggregate(
            n_orders=Count("pk", ~Q(state__in=OVER)),
            n_done=Count("pk", Q(state__in=["reported", "verified"])),
            n_withdrawn=Count("pk", Q(state="withdrawn")),
        ),
        "chart_station": station(worst.about_key, seat=seat) if worst else None,
    }


def _counties(groups: list[Group]) -> list[tuple[str, str, int]]:
    """Counties with signals nobody has taken: code, name, how many."""
    found: dict[tuple[str, str], int] = {}
    for signal in (s for g in groups for s in g.signals):
        county = signal.place.ancestor("county") or signal.place
        key = (county.code, county.name)
        found[key] = found.get(key, 0) + 1
    return [(code, name, n) for (code, name), n in sorted(found.items())]


@action("signal.acknowledge")
def acknowledge_group(request: SeatedRequest) -> HttpResponse:
    """Take a whole group in one step."""
    ticked = keys(request, "signal")
    signals = active_signals(seat=request.seat)
    if county := text(request, "county"):
        path = request.seat.place_path if county == "all" else _path(county)
        signals = signals.filter(waiting_q(clock.now()), place__path__startswith=path)
    else:
        signals = signals.filter(pk__in=ticked)
    n = acknowledge(signals=signals, by=request.seat, note=text(request, "note"))
    messages.success(request, gettext("已签收 %(n)d 项，责任在您。") % {"n": n})
    return _back(request)


def _path(code: str) -> str:
    return get_object_or_404(Place, code=code).path


@action("order.issue")
def settle(request: SeatedRequest, key: int) -> HttpResponse:
    """Answer a call for help: who comes, another post, the superior, or what was decided."""
    plea = get_object_or_404(pleas(seat=request.seat), pk=key)
    how, verb, order = text(request, "how", most=300), text(request, "verb"), plea.order
    seat = request.seat
    if verb == "reinforce":
        how = gettext("增援：%(how)s") % {"how": how} if how else ""
    elif verb == "reassign":
        post = get_object_or_404(Post, pk=whole(request, "post"))
        reassign_order(order=order, post=post, reason=how, by=seat)
        how = gettext("改派 %(post)s：%(how)s") % {"post": post, "how": how}
    elif verb == "pass_up":
        above = order.post.superior
        if above is None:
            raise Problem("not_found", what=gettext("上级岗位"))
        reassign_order(order=order, post=above, reason=how or gettext("转上级"), by=seat)
        how = gettext("转上级 %(post)s") % {"post": above}
    settle_plea(plea=plea, how=how, by=seat)
    messages.success(request, gettext("已处置，已告知对方。"))
    return _back(request)


@action("signal.shelve")
def shelve_signal(request: SeatedRequest, key: int) -> HttpResponse:
    signal = get_object_or_404(Signal, pk=key)
    hours = whole(request, "hours", most=MOST_SHELVED_H)
    shelve(
        signal=signal,
        until=clock.now() + timedelta(hours=hours),
        reason=text(request, "reason"),
        by=request.seat,
    )
    return _back(request)


@action("log.write")
def write_log(request: SeatedRequest) -> HttpResponse:
    add_log(
        kind=text(request, "kind") or "note",
        text=text(request, "text"),
        unit=text(request, "unit", most=60),
        person=text(request, "person", most=40),
        handling=text(request, "handling", most=200),
        by=request.seat,
    )
    messages.success(request, gettext("已记入值班日志。"))
    return _back(request)


@page("shift.close", methods=("GET", "HEAD", "POST"))
def hand_over_shift(request: SeatedRequest) -> HttpResponse:
    """The hand-over sheet: everything that stands, and the end of the watch; the named successor
    signs by taking it."""
    seat = request.seat
    if request.method == "POST" and text(request, "verb") == "take":
        start_shift(by=seat)
        messages.success(request, gettext("已接班，清单责任在您。"))
        return redirect("/")
    waiting, owned = open_groups(seat=seat), owned_groups(seat=seat)
    open_orders = cut(orders(seat=seat).exclude(state__in=OVER), 200)
    proposals, asked = open_proposals(seat=seat), pleas(seat=seat)
    gaps = open_gaps(seat=seat)
    summary = {
        "signals": sum(len(g.signals) for g in [*waiting, *owned]),
        "proposals": proposals.count(),
        "orders": open_orders.total,
        "pleas": asked.count(),
        "gaps": gaps.count(),
    }
    error = ""
    if request.method == "POST":
        try:
            key = text(request, "successor")
            successor = get_object_or_404(Person, pk=as_key(key)) if key else None
            close_shift(by=seat, summary=summary, successor=successor)
            messages.success(request, gettext("已交班。"))
            return redirect("/")
        except Problem as problem:
            error = problem.text(get_language() or "zh")
    people = Person.objects.filter(
        in_force(clock.now(), "terms__"), terms__post__place__kind="city"
    ).exclude(pk=seat.person_id or 0)
    context = {
        "summary": summary,
        "groups": waiting,
        "owned": owned,
        "orders": open_orders,
        "proposals": proposals,
        "pleas": asked,
        "gaps": cut(gaps, 60),
        "log": cut(log_entries(seat=seat), 30),
        "people": people.distinct().order_by("name"),
        "mine": Shift.objects.filter(successor=seat.person_id, signed_at=None).last(),
        "on_watch": Shift.objects.filter(by=seat.label, ended_at=None).exists(),
        "reds": [s for g in waiting for s in g.signals if s.level == Level.I],
        "error": error,
        "room": "desk",
    }
    return render(request, "web/shift.html", context, status=409 if error else 200)


def _back(request: HttpRequest) -> HttpResponse:
    """To where the form stood."""
    return redirect(own_path(request.POST.get("next", ""), "/"))
