"""Danger points on screen: the risk of now as a list to act by, one point whole, its card."""

import re
from dataclasses import replace
from urllib.parse import quote

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext

from fangxian.spine.command.preview import preview
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import issue_orders
from fangxian.spine.core import clock
from fangxian.spine.core.config import config
from fangxian.spine.core.levels import Level
from fangxian.spine.core.page import SeatedRequest, action, cut, cut_of, page, text, whole
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, may, visible
from fangxian.spine.core.things import kind_words
from fangxian.spine.inspect.read import findings, visits
from fangxian.spine.inspect.rounds import rules
from fangxian.spine.registry.models import Duty, Person, Site
from fangxian.spine.registry.read import city, duties, holders

from . import read
from .models import DangerPoint
from .paper import card_pdf
from .risk import HOURS, risks

MOST_MINUTES = 90 * 24 * 60  # of a deadline that somebody may mean

SHOWN = 200
VERBS = {
    "patrol": ("巡查", "patrol", 60),
    "leave": ("转移危险区群众", "move people out", 120),
    "watch": ("派人值守观察", "keep watch", 60),
}
THREE = ("A", "technical", "patrol")


@page("register.read")
def board(request: SeatedRequest) -> HttpResponse:
    """All points by the rain of now against their limits; choose some, and order."""
    now = risks(seat=request.seat, most=SHOWN)
    context = {
        "room": "watch",
        "rows": cut_of(now.rows, now.n),
        "over": now.over,
        "near": now.near,
        "unknown": now.unknown,
        "verbs": VERBS,
        "levels": sorted(Level, reverse=True),
        "may": visible(request.seat, "order.issue") is not None,
        "at": clock.now(),
    }
    return render(request, "hazard_points/board.html", context)


@action("order.issue")
def order(request: SeatedRequest) -> HttpResponse:
    """Orders about chosen points: first shown with who would get them, then issued together."""
    keys = [k for k in request.POST.getlist("point") if re.fullmatch(r"[0-9]{1,9}", k)]
    sites = list(read.points(seat=request.seat).filter(pk__in=keys))
    verb = VERBS.get(text(request, "verb", most=10))
    level = text(request, "level", most=3)
    if not sites or verb is None or level not in Level.__members__:
        raise Problem("input.invalid", field="point", why=gettext("先勾选隐患点"))
    minutes = (
        max(5, whole(request, "minutes", most=MOST_MINUTES))
        if text(request, "minutes")
        else verb[2]
    )
    first = Task(area=city(), verb=verb[0], object="", minutes=minutes, verb_en=verb[1])
    tasks = [
        replace(first, area=s.place, object=s.name, object_en=s.name, about=(s.kind, s.code))
        for s in sites
    ]
    at = Level[level]
    if not text(request, "sure"):
        told = preview(tasks, level=at, by=request.seat)
        pairs = [(s, row) for s, row in zip(sites, told["rows"], strict=True)]
        context = {"room": "watch", "pairs": pairs, "told": told, "verb": verb, "level": at}
        context |= {"verb_code": text(request, "verb"), "minutes": minutes}
        return render(request, "hazard_points/orders.html", context)
    hazard = text(request, "hazard", most=20) or "rain"
    made = issue_orders(tasks, hazard=hazard, level=at, by=request.seat)
    request.session["issued"] = [o.pk for o in made]
    messages.success(request, gettext("已下达 %(n)d 条，一分钟内可撤回。") % {"n": len(made)})
    return redirect("/command")


def _point(request: SeatedRequest, kind: str, code: str) -> Site:
    return get_object_or_404(read.points(seat=request.seat), kind=kind, code=code)


def _responsible(site: Site) -> list[tuple[Duty, Person | None]]:
    rows = duties(seat=SYSTEM).filter(thing_kind=site.kind, thing_id=site.code)
    held = holders([d.post_id for d in rows if d.post_id])
    return [(d, held.get(d.post_id or 0)) for d in rows.order_by("role")]


@page("register.read")
def point(request: SeatedRequest, kind: str, code: str) -> HttpResponse:
    """One point: what is below it, who answers, its rain, its visits and dangers."""
    site = _point(request, kind, code)
    risk = next(iter(risks(seat=request.seat, only=site.pk).rows), None)
    danger = getattr(site, "danger", None)
    own = [(h, getattr(danger, f"rain_mm_{h}h")) for h in HOURS] if danger else []
    mine = visits(seat=request.seat).filter(site=site)
    context = {
        "room": "watch",
        "site": site,
        "kind": kind_words(kind),
        "danger": danger,
        "own": [(h, mm) for h, mm in own if mm],
        "risk": risk,
        "responsible": _responsible(site),
        "visits": cut(mine.order_by("-at"), 10),
        "findings": findings(seat=request.seat).filter(about_kind=kind, about_key=code),
        "rounds": rules(clock.now()).of(kind),
        "form": rules(clock.now()).form_of(kind),
        "may": may(request.seat, "register.write", place=site.place.path),
        "may_report": visible(request.seat, "report.make") is not None,
        "about": quote(f"{kind}:{code}"),
    }
    return render(request, "hazard_points/point.html", context)


@page("register.read")
def card(request: SeatedRequest, kind: str, code: str) -> HttpResponse:
    """The card that hangs at the door: read by who lives below, so with the numbers to call."""
    site = _point(request, kind, code)
    danger = DangerPoint.objects.select_related("shelter").filter(site=site).first()
    words = {"A": "行政责任人", "technical": "技术责任人", "patrol": "巡查责任人"}
    lines = [("隐患点", f"{site.name}（{kind_words(kind)[0]} {site.code}）")]
    for duty, person in _responsible(site):
        if duty.role in THREE:
            told = f"{person.name} {person.phone_masked}" if person else "空缺"
            lines.append((words[duty.role], told))
    if danger:
        lines += [
            ("威胁", f"{danger.households} 户 {danger.people} 人，其中 {danger.helpless} 人需帮助"),
            ("监测", danger.monitoring),
            ("预警信号", danger.signal),
            ("转移路线", danger.route),
            ("避灾点", danger.shelter.name if danger.shelter else ""),
            ("入库文号", danger.document_in),
        ]
    pdf = card_pdf(
        title=f"{site.place.parent.name if site.place.parent else ''}{site.place.name}",
        lines=lines,
        address=f"{config().url}/dangers/{kind}/{quote(code)}",
        office=f"{clock.beijing(clock.now()):%Y-%m-%d}",
    )
    answer = HttpResponse(pdf, content_type="application/pdf")
    answer["Content-Disposition"] = 'inline; filename="card.pdf"'
    return answer


ROUTES = (
    path("dangers", board),
    path("dangers/orders", order),
    path("dangers/<str:kind>/<str:code>", point),
    path("dangers/<str:kind>/<str:code>/card.pdf", card),
)
