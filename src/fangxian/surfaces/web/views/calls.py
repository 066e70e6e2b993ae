"""The call board: who has not answered, with clocks; what was answered by telephone or on paper is
keyed in; and the commander's page of thirty seconds."""

import re

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from fangxian.spine.assess.rules import stale_after
from fangxian.spine.command.desk import situation
from fangxian.spine.command.models import WAITING
from fangxian.spine.command.read import open_proposals, orders, responses_in_force
from fangxian.spine.command.rosters.read import duty_names
from fangxian.spine.command.screen import numbers, waiting
from fangxian.spine.command.sitreps.read import near
from fangxian.spine.command.write.again import note_knock
from fangxian.spine.core import clock
from fangxian.spine.core.config import config
from fangxian.spine.core.health import troubles
from fangxian.spine.core.page import SeatedRequest, action, cut, page, text
from fangxian.spine.core.qr import qr_svg
from fangxian.spine.reach.models import Delivery
from fangxian.spine.registry.read import city, holders
from fangxian.surfaces.web.frame import current_hq, newest_data_at
from fangxian.surfaces.web.outlines import shapes

MOST = 600
KEYED = re.compile(r"(\d+)[\s,，:：]+(.{1,200})")


@page("order.read")
def board(request: SeatedRequest) -> HttpResponse:
    """Orders that wait for their receiver's answer, the longest over first."""
    waiting = orders(seat=request.seat).filter(state__in=WAITING).order_by("acknowledge_by")
    rows = cut(waiting, MOST)
    people = holders({o.post_id for o in rows})
    keys = [str(o.pk) for o in rows]
    tried: dict[str, list[Delivery]] = {}
    calls = Delivery.objects.filter(
        message__subject_kind="order", message__subject_id__in=keys, channel="voice"
    )
    for call in calls.select_related("message").order_by("id"):
        tried.setdefault(call.message.subject_id, []).append(call)
    now = clock.now()
    table = [
        {
            "order": o,
            "person": people.get(o.post_id),
            "since_s": int((now - o.issued_at).total_seconds()),
            "left_s": int((o.acknowledge_by - now).total_seconds()),
            "voice": [c for c in tried.get(str(o.pk), []) if c.post_id == o.post_id],
        }
        for o in rows
    ]
    context = {"room": "command", "rows": rows, "table": table}
    name = "web/calls_rows.html" if request.GET.get("part") else "web/calls.html"
    return render(request, name, context)


@action("order.issue")
def keyed(request: SeatedRequest) -> HttpResponse:
    """Answers taken by telephone or on the printed list: a code and what was said, one a line."""
    done, unread = 0, []
    for line in text(request, "lines", most=8000).splitlines():
        match = KEYED.fullmatch(line.strip())
        order = orders(seat=request.seat).filter(pk=int(match[1])).first() if match else None
        if order is None or match is None or order.state not in WAITING:
            unread += [line.strip()] if line.strip() else []
            continue
        note_knock(order=order, told=match[2], by=request.seat)
        done += 1
    messages.success(request, gettext("已补录 %(n)d 条。") % {"n": done})
    if unread:
        said = gettext("未录入（编号不在未应答之列，或没有写对方怎么说）：%(lines)s")
        messages.error(request, said % {"lines": "；".join(unread)[:300]})
    return redirect("/calls")


@page("response.read")
def screen(request: SeatedRequest) -> HttpResponse:
    """The big screen: read only, nothing scrolls, what is old turns grey."""
    seat, hq, now = request.seat, current_hq(request), clock.now()
    found = situation(seat=seat, hq=hq)
    data_at = newest_data_at()
    context = {
        "now": now,
        "data_at": data_at,
        "old": data_at is None or now - data_at > stale_after(now),
        "situation": found,
        "numbers": numbers(seat=seat, hq=hq, now=found),
        "waiting": waiting(seat=seat, hq=hq),
        "counties": shapes(seat=seat, hq=hq),
        "due": next(iter(near(seat=seat, hq=hq)), None),
        "people": duty_names(city().pk, now),
        "link": f"{config().url}/brief",
        "square": qr_svg(f"{config().url}/brief"),
        "troubles": troubles(),
    }
    name = "web/screen_body.html" if request.GET.get("part") else "web/screen.html"
    return render(request, name, context)


@page("response.read")
def brief(request: SeatedRequest) -> HttpResponse:
    """Five facts on a phone: level, worst, moved and to move, unanswered, what comes next."""
    seat = request.seat
    hq = current_hq(request)
    context = {
        "situation": situation(seat=seat, hq=hq),
        "responses": responses_in_force(seat=seat),
        "proposals": open_proposals(seat=seat),
        "now": clock.now(),
    }
    return render(request, "web/brief.html", context)
