"""Evacuation on screen: villages by what is left, households one by one, the phone that scans, and
tags to print."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext

from fangxian.spine.command.models import OVER, Order
from fangxian.spine.command.read import orders
from fangxian.spine.core import clock
from fangxian.spine.core.page import SeatedRequest, action, cut, cut_of, page, text
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import visible
from fangxian.spine.ready.read import apart_below
from fangxian.spine.registry.models import Site

from . import read
from .models import GONE, AtRisk, Move
from .paper import tags_pdf
from .registers import STATES
from .write import Said, take_scan

MOST = 400  # households on one phone; a village has fewer
MOST_TAGS = 2000  # on one paper
DESK_WORDS = ("moved", "nobody", "refused", "help", "returned")


@page("order.read")
def board(request: SeatedRequest) -> HttpResponse:
    """Every village that moves, the one with most left first; sums over all."""
    rows = read.villages(seat=request.seat)
    context = {
        "room": "command",
        "tab": "evacuation",
        "rows": rows,
        "households": sum(v.total for v in rows),
        "gone": sum(v.gone for v in rows),
        "people": sum(v.people for v in rows),
        "people_gone": sum(v.people_gone for v in rows),
        "over": cut(read.villages(seat=request.seat, over=True), 20),
        "listed": read.households(seat=request.seat).filter(ended_at=None).count(),
        "now": clock.now(),
    }
    return render(request, "evacuation/board.html", context)


@page("order.read")
def village(request: SeatedRequest, key: int) -> HttpResponse:
    """The households of one order, those that are not met or want help first."""
    order = get_object_or_404(orders(seat=request.seat), pk=key)
    first = ["help", "waiting", "nobody", "refused", "moved", "arrived", "returned"]
    rows = read.moves(seat=request.seat).filter(order=order).select_related("household__shelter")
    context = {
        "room": "command",
        "order": order,
        "rows": sorted(rows, key=lambda m: (first.index(m.state), m.household.tag)),
        "gone": sum(m.state in GONE for m in rows),
        "states": STATES,
        "words": [(said, STATES[said]) for said in DESK_WORDS],
        "over": order.state in OVER,
        "sees_people": visible(request.seat, "people.read") is not None,
        "apart": apart_below(order.area.path),
    }
    return render(request, "evacuation/village.html", context)


@action("evacuation.scan")
def say(request: SeatedRequest, key: int) -> HttpResponse:
    """What is known of one household, keyed in at a desk: by telephone, from a paper list."""
    move = get_object_or_404(read.moves(seat=request.seat).select_related("household"), pk=key)
    said = Said(
        instance=f"desk:{uuid.uuid4()}",
        tag=move.household.tag,
        said=text(request, "said", most=10),
        by_word=True,
        note=text(request, "note", most=200),
    )
    take_scan(said, by=request.seat)
    return redirect(f"/evacuation/{move.order_id}")


@page("evacuation.scan")
def phone(request: SeatedRequest) -> HttpResponse:
    """The phone of whoever goes from door to door: scan or tap, works without a network."""
    mine = Order.objects.filter(action=read.ACTION).exclude(state__in=OVER)
    seat = request.seat
    mine = mine.filter(area__path__startswith=seat.place_path) | mine.filter(post=seat.post_id or 0)
    rows = Move.objects.filter(order__in=mine).select_related(
        "household__place", "household__head", "household__shelter"
    )
    n, shown = rows.count(), rows.order_by("household__place__code", "household__tag")[:MOST]
    context = {
        "rows": cut_of([(m, STATES[m.state]) for m in shown], n),
        "n": n,
        "left": rows.exclude(state__in=GONE).count(),
        "states": STATES,
    }
    return render(request, "evacuation/phone.html", context)


@action("evacuation.scan")
def scan(request: SeatedRequest) -> HttpResponse:
    """One scan of a phone, perhaps hours later; the same one again is the same."""
    if request.POST.get("who") and request.POST["who"] != _who(request):
        raise Problem("rights.denied", seat=request.seat.label, right="evacuation.scan")
    made = Said(
        instance=text(request, "instance", most=80) or f"web:{uuid.uuid4()}",
        tag=text(request, "tag", most=40),
        said=text(request, "said", most=10) or "moved",
        at=_at(text(request, "made_at", most=40)),
        by_word=bool(text(request, "by_word", most=1)),
        note=text(request, "note", most=200),
    )
    if not made.tag:
        raise Problem("input.invalid", field="tag", why="—")
    found = take_scan(made, by=request.seat)
    if "X-Outbox" in request.headers:
        told = {"receipt": found.pk, "note": found.note if found.move is None else ""}
        return JsonResponse(told, status=201)
    messages.success(request, found.note or gettext("已记下。"))
    return redirect("/m/move")


def _who(request: SeatedRequest) -> str:
    return f"{request.seat.person_id}-{request.seat.post_id}"


def _at(given: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(given.replace("Z", "+00:00"))
    except ValueError:
        return None
    return at if at.tzinfo else None


@page("register.read")
def tags(request: SeatedRequest) -> HttpResponse:
    """Tags of a village or of a point, as PDF: a square and a number, never a name."""
    rows = read.households(seat=request.seat).filter(ended_at=None)
    if wanted := request.GET.get("place"):
        rows = rows.filter(place__code=wanted)
    if wanted := request.GET.get("point"):
        kind, _, code = wanted.partition(":")
        rows = rows.filter(point__in=Site.objects.filter(kind=kind, code=code))
    if (n := rows.count()) > MOST_TAGS:
        why = gettext("%(n)d 户，一份最多 %(most)d 户：请按村或隐患点取")
        raise Problem("input.invalid", field="place", why=why % {"n": n, "most": MOST_TAGS})
    answer = HttpResponse(tags_pdf(_tags(rows)), content_type="application/pdf")
    answer["Content-Disposition"] = 'inline; filename="tags.pdf"'
    return answer


def _tags(rows: Iterable[AtRisk]) -> list[tuple[str, str, str]]:
    return [(one.tag, one.place.name, one.shelter.name if one.shelter else "") for one in rows]


ROUTES = (
    path("evacuation", board),
    path("evacuation/tags.pdf", tags),
    path("evacuation/<int:key>", village),
    path("evacuation/moves/<int:key>/say", say),
    path("m/move", phone),
    path("m/move/scan", scan),
)
