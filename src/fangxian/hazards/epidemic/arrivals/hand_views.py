"""Hand-overs on screen: whom I hold and where they go next, and what comes to me."""

from collections import defaultdict
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext

from fangxian.spine.core import clock
from fangxian.spine.core.page import SeatedRequest, action, as_key, cut, keys, page, text
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import may, visible
from fangxian.spine.registry.models import Post, Site

from . import models as m
from . import read
from .registers import STAGES, TRANSFERS, words_of
from .rooms import rooms
from .write import handing, sending

MOST = 500  # people on one page of hand-overs


@page("arrival.read")
def hands(request: SeatedRequest) -> HttpResponse:
    """People by holder, to be sent on; ``post`` another holder than one's own, ``site`` one
    site."""
    seat = request.seat
    rows = m.Holding.objects.filter(until=None, arrival__in=read.arrivals(seat=seat).values("pk"))
    rows = rows.filter(arrival__state__in=m.HERE)
    holders = rows.values_list("post", flat=True).distinct()
    chosen = request.GET.get("post", "")
    post = as_key(chosen) or seat.post_id or 0
    mine = rows.filter(post=post).select_related(
        "arrival__person", "arrival__place__parent", "site", "post"
    )
    going = set(
        m.Passenger.objects.filter(taken_at=None, left_at=None).values_list("arrival", flat=True)
    )
    shown = cut(mine.order_by("site__name", "arrival__carrier", "arrival__pk"), MOST)
    context = {
        "room": "command",
        "tab": "arrivals",
        "rows": shown,
        "people": [
            (row, words_of(STAGES, row.arrival.stage), row.arrival_id in going) for row in shown
        ],
        "posts": Post.objects.filter(pk__in=holders).select_related("organisation").order_by("pk"),
        "post": post,
        "sites": rooms(),
        "may_hand": visible(seat, "arrival.hand") is not None or post == seat.post_id,
    }
    return render(request, "arrivals/hands.html", context)


@action("arrival.read")
def send(request: SeatedRequest) -> HttpResponse:
    """Send the chosen to a site, or each to his home."""
    chosen = keys(request, "arrival")
    if len(chosen) > MOST:
        raise Problem("input.invalid", field="arrival", why=gettext("一次最多 %d 人") % MOST)
    rows = list(read.arrivals(seat=request.seat).filter(pk__in=chosen))
    planned = _at(text(request, "planned_at", most=20))
    vehicle, to = text(request, "vehicle", most=40), text(request, "to", most=20)
    if to == "home":
        made = sending.send_home(
            arrivals=rows,
            vehicle=vehicle,
            planned_at=planned,
            reason=text(request, "reason", most=200),
            by=request.seat,
        )
    else:
        site = Site.objects.filter(pk=to if to.isdecimal() else 0).select_related("place").first()
        if site is None:
            raise Problem("input.invalid", field="to", why=gettext("请选去处"))
        made = [
            sending.send_to(
                arrivals=rows, site=site, vehicle=vehicle, planned_at=planned, by=request.seat
            )
        ]
    messages.success(request, gettext("已发出 %(n)d 批移交，正在叫应接收人。") % {"n": len(made)})
    return redirect(f"/transfers/{made[0].pk}" if len(made) == 1 else "/registers/transfers")


def _at(given: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=clock.BEIJING)


@page("arrival.read")
def one(request: SeatedRequest, key: int) -> HttpResponse:
    """One hand-over, to be taken, taken in part, refused, or called off."""
    found = read.transfer(key, seat=request.seat)
    rows = found.passengers.select_related("arrival__person", "arrival__place__parent")
    groups: dict[str, list[m.Passenger]] = defaultdict(list)
    for row in rows.order_by("arrival__seat", "pk"):
        name = "taken" if row.taken_at else "left" if row.left_at else "waiting"
        groups[name].append(row)
    seat, place = request.seat, found.place.path
    context = {
        "room": "command",
        "one": found,
        "state": words_of(TRANSFERS, found.state),
        "groups": dict(groups),
        "open": found.state in ("offered", "part"),
        "may_take": may(seat, "arrival.take", place=place, posts=(found.taker_id,)),
        "may_off": may(
            seat,
            "arrival.hand",
            place=seat.place_path if seat.post_id == found.giver_id else place,
            posts=(found.giver_id,),
        ),
        "order": handing.order_of(found),
    }
    return render(request, "arrivals/transfer.html", context)


@action("arrival.read")
def act(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    """A step of a hand-over; the right is asked by the step."""
    found, by = read.transfer(key, seat=request.seat), request.seat
    chosen = keys(request, "arrival")
    reason = text(request, "reason", most=200)
    if verb in ("take", "leave") and not chosen:
        raise Problem("input.invalid", field="arrival", why=gettext("请先勾选人员"))
    if verb == "take":
        places = {key: text(request, f"room-{key}", most=20) for key in chosen}
        handing.take(transfer=found, arrivals=chosen, rooms=places, by=by)
    elif verb == "leave":
        handing.leave_behind(transfer=found, arrivals=chosen, reason=reason, by=by)
    elif verb == "refuse":
        handing.refuse(transfer=found, reason=reason, by=by)
    elif verb == "call_off":
        handing.call_off(transfer=found, reason=reason, by=by)
    else:
        raise Problem("not_found", what=verb)
    messages.success(request, gettext("已记下。"))
    return redirect(f"/transfers/{key}")


ROUTES = (
    path("arrivals/hands", hands),
    path("arrivals/send", send),
    path("transfers/<int:key>", one),
    path("transfers/<int:key>/<str:verb>", act),
)
