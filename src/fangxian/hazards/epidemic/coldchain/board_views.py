"""The cold chain at a glance: the board by gate, the proof of cover, tables that are brought in,
rounds over old stock."""

from datetime import date

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext

from fangxian.spine.core import clock
from fangxian.spine.core.page import (
    SeatedRequest,
    action,
    as_key,
    cut,
    page,
    text,
)
from fangxian.spine.core.problems import Problem
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import places

from . import models as m
from . import read
from .bringing import bring_results
from .coverage import covered
from .laboratories import free
from .registers import STATES, words_of
from .rules import gates
from .write import reviews
from .write.capture import capture as take_document

SHOWN = 25  # lots of one gate on the board
MOST_BYTES = 40_000_000


@page("lot.read")
def board(request: SeatedRequest) -> HttpResponse:
    """Lots by the gate they wait at, the late ones first; what is sealed; open positives."""
    seat, now = request.seat, clock.now()
    rows = read.lots(seat=seat)
    held = gates(now)
    columns = []
    for state, gate in m.NEXT.items():
        waiting = rows.filter(state=state).order_by("state_at")
        late_at = now - held[gate].limit
        shown = cut(waiting, SHOWN)
        columns.append(
            {
                "gate": (held[gate].zh, held[gate].en),
                "state": words_of(STATES, state),
                "code": state,
                "rows": shown,
                "lots": [(lot, lot.state_at < late_at) for lot in shown],
                "late": waiting.filter(state_at__lt=late_at).count(),
            }
        )
    found = read.positives(seat=seat).filter(state="open").order_by("-at")
    context = {
        "room": "command",
        "tab": "coldchain",
        "columns": columns,
        "sealed": cut(rows.filter(seal="sealed").exclude(state__in=m.DONE), SHOWN),
        "positives": cut(found, SHOWN),
        "holds": cut(read.holds(seat=seat).filter(opened_at=None).order_by("since"), SHOWN),
        "released": rows.filter(state="released").count(),
        "waiting": read.samples(seat=seat).filter(state="sampled").count(),
        "spare": free(now)[:5],
        "places": places(seat=seat).filter(kind__in=("city", "county"), successor=None),
        "modes": m.Job.Mode.values,
    }
    return render(request, "coldchain/board.html", context)


@page("lot.read")
def coverage(request: SeatedRequest) -> HttpResponse:
    """What was declared, came, was tested, lies in stock, was scanned: and what is missing."""
    found = covered(seat=request.seat)
    context = {"room": "command", "tab": "coldchain", "found": found}
    return render(request, "coldchain/coverage.html", context)


@action("cold.result")
def bring(request: SeatedRequest) -> HttpResponse:
    """A table of results of a laboratory, or a document of EPCIS."""
    given = request.FILES.get("file")
    if given is None or (given.size or 0) > MOST_BYTES:
        raise Problem("input.invalid", field="file", why=gettext("没有选文件，或文件太大"))
    raw, name = given.read(), given.name or "file"
    if name.lower().endswith((".xml", ".json", ".jsonld")):
        mode = text(request, "mode", most=8) or "rollback"
        captured = take_document(raw, name=name, by=request.seat, mode=mode)
        return render(
            request, "coldchain/brought.html", {"job": captured.told(), "tab": "coldchain"}
        )
    told = bring_results(name, raw, by=request.seat)
    return render(request, "coldchain/brought.html", {"told": told, "tab": "coldchain"})


@action("cold.manage")
def review(request: SeatedRequest) -> HttpResponse:
    """A round over old stock."""
    place = Place.objects.filter(pk=as_key(text(request, "place"))).first()
    if place is None:
        raise Problem("input.invalid", field="place", why=gettext("没有选属地"))
    found = reviews.start_review(
        place=place,
        since=_day(request, "since"),
        until=_day(request, "until"),
        why=text(request, "why", most=200),
        by=request.seat,
    )
    messages.success(request, gettext("复检 %(n)s 批。") % {"n": len(found.lots)})
    return redirect("/coldchain/coverage")


def _day(request: SeatedRequest, name: str) -> date:
    try:
        return date.fromisoformat(text(request, name, most=10))
    except ValueError:
        raise Problem("input.invalid", field=name, why=gettext("日期如 2021-06-05")) from None


ROUTES = (
    path("coldchain", board),
    path("coldchain/coverage", coverage),
    path("coldchain/bring", bring),
    path("coldchain/review", review),
)
