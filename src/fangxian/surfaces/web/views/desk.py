"""Duty desk: what must I do now? In peace the gaps are the work; in an emergency the signals."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext

from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.read import Group, active_signals, open_groups
from fangxian.spine.assess.write import acknowledge, shelve
from fangxian.spine.command.models import OVER, Order
from fangxian.spine.command.read import (
    late_orders,
    log_entries,
    open_proposals,
    orders,
    posture,
    responses_in_force,
    sees_desk,
    to_verify,
    unanswered_orders,
)
from fangxian.spine.command.write.desk import add_log, close_shift
from fangxian.spine.core import clock
from fangxian.spine.core.hazards import headquarters, of_others
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.cover.models import Gap
from fangxian.spine.cover.read import open_gaps
from fangxian.spine.observe.read import rain_extremes, reporting, station
from fangxian.surfaces.web.frame import current_hq
from fangxian.surfaces.web.page import SeatedRequest, action, cut, page, text, whole

ROWS = 12


@dataclass(frozen=True, slots=True)
class Todo:
    """One row of the desk: its kind chooses the sentence and the verbs."""

    kind: str
    level: int | None
    since: Any
    thing: Any

    @property
    def template(self) -> str:
        return f"web/desk/{self.kind}.html"


def todo(request: SeatedRequest, hq: str) -> list[Todo]:
    """By consequence, then by age."""
    seat = request.seat
    # a headquarters leaves out what is another's, and nothing else: what nobody claims, all see
    others = [] if hq == "all" else of_others(hq)
    rows = [
        Todo("group", g.level, g.first.started_at, g)
        for g in open_groups(seat=seat)
        if g.first.hazard not in others
    ]
    rows += [
        Todo("proposal", int(p.worst) if p.worst else p.from_level, p.made_at, p)
        for p in open_proposals(seat=seat).exclude(hazard__in=others)
    ]
    unanswered = list(unanswered_orders(seat=seat).exclude(hazard__in=others))
    rows += [Todo("unanswered", o.level, o.acknowledge_by, o) for o in unanswered]
    late = (
        late_orders(seat=seat).exclude(hazard__in=others).exclude(pk__in=[o.pk for o in unanswered])
    )
    rows += _late_rows(list(late))
    verify = to_verify(seat=seat).exclude(hazard__in=others)
    if verify.exists():
        rows.append(Todo("verify", 4, verify[0].reported_at, list(verify)))
    rows += [Todo("gaps", 4, many[0].since, many) for many in _gaps_by_owner(_work_gaps(request))]
    return sorted(rows, key=lambda r: (r.level or 9, r.since))


def _late_rows(late: list[Order]) -> list[Todo]:
    """Orders of one action that are late in several places are one row."""
    groups: dict[tuple[str, str], list[Order]] = {}
    for order in late:
        groups.setdefault((order.hazard, order.verb + order.object), []).append(order)
    rows = []
    for many in groups.values():
        kind, thing = ("late", many[0]) if len(many) == 1 else ("lates", many)
        rows.append(Todo(kind, max(many[0].level, 2), many[0].deadline_at, thing))
    return rows


def _work_gaps(request: SeatedRequest) -> list[Gap]:
    """Gaps that no other row of the desk shows."""
    shown = ["order-unanswered", "order-overdue", "order-unverified"]
    return list(open_gaps(seat=request.seat).exclude(rule__in=shown))


def _gaps_by_owner(gaps: list[Gap]) -> list[list[Gap]]:
    """Gaps of one rule and one owner are one row."""
    found: dict[tuple[str, int | None], list[Gap]] = {}
    for gap in gaps:
        found.setdefault((gap.rule, gap.owner_id), []).append(gap)
    return list(found.values())


@page("map.read")
def desk(request: SeatedRequest) -> HttpResponse:
    if not sees_desk(request.seat):
        return redirect("/m/")
    hq = current_hq(request)
    context = _context(request, hq)
    part = request.GET.get("part")
    name = {"body": "web/desk_part.html"}.get(part or "", "web/desk.html")
    return render(request, name, {**context, "room": "desk"})


def _context(request: SeatedRequest, hq: str) -> dict[str, Any]:
    seat = request.seat
    levels = [posture(h, path=seat.place_path) for h in headquarters() if hq in {"all", h}]
    rows = todo(request, hq)
    emergency = any(levels) or any(r.kind in {"group", "proposal"} for r in rows)
    gaps = _work_gaps(request)
    by_rule: dict[str, list[Gap]] = {}
    for gap in gaps:
        by_rule.setdefault(gap.rule, []).append(gap)
    active = active_signals(seat=seat).filter(about_kind="station")
    rivers = active.filter(family="river")
    worst = rivers.first()
    everything = orders(seat=seat)
    return {
        "emergency": emergency,
        "rows": rows[:ROWS],
        "n_rows": len(rows),
        "n_gaps": open_gaps(seat=seat).count(),
        "gaps_by_rule": by_rule,
        "n_work_gaps": len(gaps),
        "responses": responses_in_force(seat=seat),
        "proposals": open_proposals(seat=seat),
        "log": cut(log_entries(seat=seat), ROWS),
        "rain": rain_extremes(hours=24),
        "over": rivers.filter(level__lte=Level.II).values("about_key").distinct().count(),
        "reds": active.filter(level=Level.I).count(),
        "reporting": reporting(),
        "n_orders": everything.exclude(state__in=OVER).count(),
        "n_done": everything.filter(state__in=["reported", "verified"]).count(),
        "chart_station": station(worst.about_key, seat=seat) if worst else None,
    }


@action("signal.acknowledge")
def acknowledge_group(request: SeatedRequest) -> HttpResponse:
    """Take a whole group in one step."""
    keys = request.POST.getlist("signal")
    signals = active_signals(seat=request.seat).filter(pk__in=[k for k in keys if k.isdigit()])
    n = acknowledge(signals=signals, by=request.seat, note=text(request, "note"))
    messages.success(request, gettext("已签收 %(n)d 项，责任在您。") % {"n": n})
    return _back(request)


@action("signal.shelve")
def shelve_signal(request: SeatedRequest, key: int) -> HttpResponse:
    signal = get_object_or_404(Signal, pk=key)
    hours = whole(request, "hours")
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
    """The hand-over sheet: what stays open, and the end of the watch."""
    seat = request.seat
    groups: list[Group] = open_groups(seat=seat)
    open_orders = cut(orders(seat=seat).exclude(state__in=OVER), 200)
    summary = {
        "signals": sum(len(g.signals) for g in groups),
        "orders": open_orders.total,
        "gaps": open_gaps(seat=seat).count(),
    }
    error = ""
    if request.method == "POST":
        try:
            close_shift(by=seat, summary=summary)
            messages.success(request, gettext("已交班。"))
            return redirect("/")
        except Problem as problem:
            error = problem.text(get_language() or "zh")
    reds = active_signals(seat=seat).filter(level=Level.I, acknowledged_at__isnull=True)
    context = {
        "summary": summary,
        "groups": groups,
        "orders": open_orders,
        "reds": reds,
        "error": error,
        "room": "desk",
    }
    return render(request, "web/shift.html", context, status=409 if error else 200)


def _back(request: HttpRequest) -> HttpResponse:
    """To where the form stood."""
    target = request.POST.get("next") or "/"
    return redirect(target if target.startswith("/") and not target.startswith("//") else "/")
