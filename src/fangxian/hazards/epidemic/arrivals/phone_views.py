"""Arrivals on phones: the checkpoint, somebody's own daily page, and the declaration before he
comes."""

import uuid
from datetime import date, datetime, timedelta
from typing import Any

from allauth.core.ratelimit import consume
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language, gettext

from fangxian.spine.core import clock
from fangxian.spine.core.page import SeatedRequest, action, cut_of, page, public, text
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import city

from . import colours, read
from . import models as m
from .reading import MAY, STAY, Lookup, RowError, declared_of
from .registers import STAGES, words_of
from .write import appealing, entering, health, meeting

MOST = 1000  # people on one phone
AHEAD = timedelta(days=2)  # how far ahead and back somebody expected is on the phone
DAY = timedelta(days=1)
STAYS = 4  # stays that a declaration asks for


def _en() -> bool:
    return (get_language() or "zh").startswith("en")


def decision_of(one: m.Arrival, *, en: bool) -> str:
    """What is to be done with somebody who is met, with rule, edition and dates."""
    stages = one.plan.get("stages") or []
    stops = [row for row in one.plan.get("said") or () if row["stops"]]
    if stops:
        word = "data are missing: " if en else "资料不全："
        return word + str(stops[0]["en" if en else "zh"])
    if not stages:
        return "No measures by the rules in force" if en else "按现行措施无需管控"
    told = [f"{words_of(STAGES, row['stage'])[en]} → {row['to'][5:]}" for row in stages]
    rule = stages[-1]
    name = rule["rule_en"] if en else f"《{rule['rule_zh']}》"
    return f"{'; '.join(told) if en else '，'.join(told)} · {name} {rule['edition']}"


@page("arrival.meet")
def checkpoint(request: SeatedRequest) -> HttpResponse:
    """Whom to expect here, on the phone: scan, see what is to be done, take him. Without a network
    too."""
    today = read.today()
    rows = read.arrivals(seat=request.seat).filter(
        state__in=("declared", "arrived"),
        expected_on__range=(today - AHEAD, today + AHEAD),
    )
    n, shown = rows.count(), list(rows.order_by("carrier", "seat", "pk")[:MOST])
    people = [_on_phone(one) for one in shown]
    context = {"people": people, "rows": cut_of(people, n), "n": n}
    return render(request, "arrivals/checkpoint.html", context)


def _on_phone(one: m.Arrival) -> dict[str, Any]:
    return {
        "code": meeting.code_of(one.pk),
        "name": one.person.name_masked,
        "carrier": one.carrier,
        "seat": one.seat,
        "to": one.place.name,
        "state": one.state,
        "decision": decision_of(one, en=_en()),
    }


@action("arrival.meet")
def scan(request: SeatedRequest) -> HttpResponse:
    """One scan of a phone, perhaps hours later; the same one again is the same."""
    seat = request.seat
    if request.POST.get("who") and request.POST["who"] != f"{seat.person_id}-{seat.post_id}":
        raise Problem("rights.denied", seat=seat.label, right="arrival.meet")
    said = meeting.Said(
        instance=text(request, "instance", most=80) or f"web:{uuid.uuid4()}",
        code=text(request, "code", most=40),
        said=text(request, "said", most=8) or "met",
        at=_instant(request.POST.get("made_at", "")),
    )
    found = meeting.take_scan(said, by=seat)
    if "X-Outbox" in request.headers:
        return JsonResponse({"receipt": found.pk, "note": found.note}, status=201)
    messages.success(request, found.note or gettext("已记下。"))
    return redirect("/m/checkpoint")


def _instant(given: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(given.replace("Z", "+00:00"))
    except ValueError:
        return None
    return at if at.tzinfo else None


@public
def own_day(request: HttpRequest, token: str) -> HttpResponse:
    """Somebody's own page, by the link he was given: what is next for him, and how he is today."""
    one = health.arrival_of_link(token)
    if request.method == "POST" and request.POST.get("appeal"):
        appealing.appeal(arrival=one, text=text(request, "appeal", most=400), by=SYSTEM)
        messages.success(request, gettext("申诉已收到，会在一天内答复。"))
        return redirect(f"/h/{token}")
    if request.method == "POST":
        health.report_health(
            arrival=one,
            temperature=text(request, "temperature", most=8),
            symptoms=" ".join(request.POST.getlist("symptoms"))[:80],
            instance=text(request, "instance", most=80),
            door="own",
            by=SYSTEM,
        )
        messages.success(request, gettext("收到，谢谢。"))
        return redirect(f"/h/{token}")
    day = read.today()
    context = {
        "one": one,
        "stage": words_of(STAGES, one.stage),
        "tests": one.tests.filter(state="planned", on__gte=day).order_by("on")[:3],
        "reported": bool(health.reported_on([one.pk], _midnight(day), _midnight(day) + DAY)),
        "symptoms": SYMPTOMS,
        "instance": f"uuid:{uuid.uuid4()}",
        "colour": colours.colour_of(one),
        "appeals": one.appeals.order_by("-made_at")[:3],
    }
    return render(request, "arrivals/own_day.html", context)


SYMPTOMS = (
    ("cough", ("咳嗽", "cough")),
    ("throat", ("咽痛", "sore throat")),
    ("tired", ("乏力", "tired")),
    ("breath", ("呼吸困难", "hard to breathe")),
    ("smell", ("嗅味觉减退", "no smell or taste")),
    ("gut", ("腹泻", "diarrhoea")),
)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), clock.BEIJING)


@public
def declare(request: HttpRequest) -> HttpResponse:
    """A declaration before coming, by whoever comes. Nothing that is known is shown: who declares
    gets the square of his own."""
    towns = Place.objects.filter(kind="town", successor=None).select_related("parent")
    context: dict[str, Any] = {"given": request.POST, "wrong": ""}
    context["stays"] = [
        (k, {name: text(request, f"{name}-{k}", most=120) for name in STAY}) for k in range(STAYS)
    ]
    if request.method == "POST":
        try:
            if not consume(request, action="declare"):
                why = gettext("这个网络申报太多，请一小时后再试，或在口岸、社区申报")
                raise Problem("input.invalid", field="—", why=why)
            one = entering.declare([_declared(request)], by=SYSTEM)[0]
            return render(request, "arrivals/declared.html", {"code": meeting.code_of(one.pk)})
        except Problem as problem:
            context["wrong"] = problem.text(get_language() or "zh")
    context["towns"] = towns.order_by("code")
    context["city"] = city()
    return render(
        request, "arrivals/declare.html", context, status=422 if context["wrong"] else 200
    )


def _declared(request: HttpRequest) -> entering.Declared:
    """What the form says. Raises ``input.invalid`` with the field."""
    row: dict[str, Any] = {name: text(request, name, most=60) for name in MAY}
    if text(request, "abroad") == "yes":
        if not row["country"]:
            raise Problem("input.invalid", field="country", why=gettext("境外入境要写国家或地区"))
    else:
        row["country"] = ""
    row["stays"] = [
        {name: text(request, f"{name}-{k}", most=120) for name in STAY}
        for k in range(STAYS)
        if any(text(request, f"{name}-{k}") for name in STAY)
    ]
    try:
        return declared_of(row, Lookup(SYSTEM), source="本人申报")
    except RowError as error:
        why = error.en if _en() else error.zh
        raise Problem("input.invalid", field=error.name, why=why) from None


ROUTES = (
    path("m/checkpoint", checkpoint),
    path("m/checkpoint/scan", scan),
    path("h/<str:token>", own_day),
    path("declare", declare),
)
