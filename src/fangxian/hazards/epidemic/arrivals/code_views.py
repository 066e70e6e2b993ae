"""Colours and papers on screen: looser by two persons, appeals answered, papers of many at once."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext

from fangxian.spine.core import clock
from fangxian.spine.core.page import SeatedRequest, action, as_key, cut, text, whole
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat

from . import models as m
from . import papers, read
from .write import appealing

MOST_PAPERS, LISTED = 2000, 300


@action("arrival.release")
def code(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    """A looser colour asked for, confirmed by a second person, taken back; an appeal answered."""
    found, seat = read.arrival(key, seat=request.seat), request.seat
    reason = text(request, "reason", most=200)
    if verb == "override":
        appealing.ask_override(
            arrival=found,
            colour=text(request, "colour", most=12),
            until=clock.now() + timedelta(days=whole(request, "days", most=90)),
            reason=reason,
            by=seat,
        )
    elif verb in ("confirm", "end"):
        _override(found, verb, whole(request, "override"), reason, seat)
    elif verb == "answer":
        row = found.appeals.filter(answered_at=None).first()
        if row is None:
            raise Problem("not_found", what=verb)
        appealing.answer_appeal(appeal=row, answer=reason, by=seat)
    else:
        raise Problem("not_found", what=verb)
    messages.success(request, gettext("已记下。"))
    return redirect(f"/arrivals/{key}")


def _override(found: m.Arrival, verb: str, key: int, reason: str, by: Seat) -> None:
    row = found.overrides.filter(pk=key).first()
    if row is None:
        raise Problem("not_found", what=str(key))
    if verb == "confirm":
        appealing.confirm_override(override=row, by=by)
    else:
        appealing.end_override(override=row, reason=reason, by=by)


@action("people.reveal")
def paper(request: SeatedRequest) -> HttpResponse:
    """Papers of many at once, as PDF; where something is not known for somebody, a page that names
    it first, with the others to be printed."""
    kind, wanted = text(request, "paper", most=20), text(request, "of", most=20)
    rows = read.arrivals(seat=request.seat)
    if wanted == "released":
        rows = rows.filter(state=m.S.RELEASED, state_at__gte=clock.now() - timedelta(days=1))
    elif wanted.isdecimal():
        rows = rows.filter(pk=as_key(wanted))
    else:
        rows = rows.filter(state__in=m.HERE)
    chosen = list(rows.order_by("place__code", "pk")[: MOST_PAPERS + 1])
    if len(chosen) > MOST_PAPERS:
        why = gettext("超过 %d 人，请由各县分别生成") % MOST_PAPERS
        raise Problem("input.invalid", field="of", why=why)
    made = papers.make(chosen, kind, purpose=text(request, "purpose", most=200), by=request.seat)
    if made.wrong and not request.POST.get("others"):
        context = {
            "room": "command",
            "tab": "arrivals",
            "wrong": cut(made.wrong, LISTED),
            "made": made.made,
            "given": request.POST,
        }
        return render(request, "arrivals/papers.html", context, status=422)
    answer = HttpResponse(made.pdf, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{kind}.pdf"'
    return answer


ROUTES = (
    path("arrivals/papers", paper),
    path("arrivals/<int:key>/code/<str:verb>", code),
)
