"""Phone pages: a village's responsible person sees an order, says 收到, reports on it; and the
one-tap answer from a link without log-in."""

import contextlib

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from fangxian.spine.command.directives.models import ITEM, Item
from fangxian.spine.command.directives.models import OPEN as OPEN_ITEMS
from fangxian.spine.command.models import DONE, OVER, Order
from fangxian.spine.command.read import orders
from fangxian.spine.command.write import orders as do
from fangxian.spine.command.write.glasses import SUBJECT as GLASS
from fangxian.spine.command.write.reminders import SUBJECT as REMINDER
from fangxian.spine.core import clock
from fangxian.spine.core.page import SeatedRequest, action, as_key, cut, page, public, text, whole
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.core.things import Thing, thing
from fangxian.spine.inspect.rounds import rules
from fangxian.spine.reach.models import Delivery
from fangxian.spine.reach.write import answer, mark_seen, open_link
from fangxian.surfaces.web.views.reports import by_link


@page("order.read")
def mine(request: SeatedRequest) -> HttpResponse:
    """Orders of my own post, worst and soonest first."""
    rows = orders(seat=request.seat).filter(post=request.seat.post_id or 0)
    context = {
        "rows": cut(rows.exclude(state__in=OVER).order_by("level", "deadline_at"), 30),
        "done": rows.filter(state__in=OVER).order_by("-closed_at")[:5],
        "items": Item.objects.filter(post=request.seat.post_id or 0, state__in=OPEN_ITEMS).order_by(
            "deadline_at"
        )[:20],
    }
    return render(request, "web/phone_mine.html", context)


@page("order.read")
def order(request: SeatedRequest, key: int) -> HttpResponse:
    found = get_object_or_404(orders(seat=request.seat), pk=key)
    do.open_by_receiver(order=found, by=request.seat)
    return render(request, "web/phone_order.html", _context(found))


def _context(found: Order) -> dict[str, object]:
    left_s = int((found.deadline_at - clock.now()).total_seconds())
    return {
        "order": found,
        "pleas": found.pleas.order_by("-at"),
        "left_min": abs(left_s) // 60,
        "late": left_s < 0,
        "over": (*DONE, *OVER),
        "waiting": found.state in {"issued", "delivered"},
        "working": found.state in {"acknowledged", "in_progress"},
        "share": round(100 * found.done / found.total) if found.total else None,
        "form": rules(clock.now()).form_of(found.about_kind) if _inspected(found) else "",
        "moving": found.moves.count(),
        "about": _about(found),
    }


def _about(found: Order) -> Thing | None:
    """What the order is about, where that has a page of its own."""
    if found.about_kind == "place":
        return None
    one = thing(found.about_kind, found.about_key)
    return one if one.link else None


def _inspected(found: Order) -> bool:
    """Whether the order is about something that is looked at by a check list."""
    return found.about_kind in rules(clock.now()).kinds


@action("order.answer")
def step(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    found = get_object_or_404(orders(seat=request.seat), pk=key)
    seat = request.seat
    if verb == "received":
        do.acknowledge_order(order=found, by=seat)
    elif verb == "progress":
        total = whole(request, "total") if text(request, "total") else None
        do.set_progress(order=found, done=whole(request, "done"), total=total, by=seat)
    elif verb == "done":
        do.report_done(order=found, note=text(request, "note", most=300), by=seat)
    elif verb == "help":
        do.want_help(order=found, note=text(request, "note", most=300) or "要增援", by=seat)
    elif verb == "cannot":
        do.say_cannot(order=found, note=text(request, "note", most=300) or "办不了", by=seat)
    elif verb == "refuse":
        do.refuse_order(order=found, reason=text(request, "note", most=300), by=seat)
    else:
        raise Problem("not_found", what=verb)
    if verb in {"help", "cannot", "refuse"}:
        messages.success(request, gettext("已报指挥部和上级，处置后在本页告诉您。"))
    return redirect(f"/m/orders/{key}")


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def one_tap(request: HttpRequest, token: str) -> HttpResponse:
    """Answer from a link. Fetching it says nothing (previews fetch links): the page itself posts
    that it was seen, and the tap answers. The code is the proof, so no cookie and no form token is
    asked for."""
    try:
        delivery = open_link(token)
        if delivery.message.subject_kind == REMINDER:
            mark_seen(delivery)
            return by_link(request, delivery)
        if delivery.message.subject_kind == GLASS:
            mark_seen(delivery)
            return redirect("/registers/glasses")
        if delivery.message.subject_kind in NOTES:
            return _note(request, delivery)
        found = _order_of(delivery)
    except Problem as problem:
        return _dead_link(request, token, problem)
    if request.method == "POST" and "seen" in request.POST:
        mark_seen(delivery)
        return HttpResponse(status=204)
    if request.method == "POST":
        chosen = text(request, "answer") or "1"
        if found.state in OVER or chosen not in {"1", "2", "3", "4"}:
            raise Problem("input.invalid", field="answer", why=chosen)
        answer(delivery=delivery, text=chosen, by=SYSTEM)
        delivery.refresh_from_db()
    context = _context(found) | {
        "delivery": delivery,
        "answered": delivery.state == Delivery.State.ANSWERED,
        "is_over": found.state in OVER,
        "language": get_language(),
        "token": token,
    }
    return render(request, "web/one_tap.html", context)


NOTES = ("item", "turn", "dispatch")  # what is told of these is read, and an item is signed for


def _note(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    """A message that is no order: its text, and for an item of a directive 签收."""
    about = delivery.message
    rows = Item.objects.filter(pk=as_key(about.subject_id)).select_related("directive")
    found = rows.first() if about.subject_kind == "item" else None
    if request.method == "POST":
        said = text(request, "answer")
        if said in {"1", "3"} and about.subject_kind != "turn":
            answer(delivery=delivery, text=said, by=SYSTEM)
        else:
            mark_seen(delivery)
        delivery.refresh_from_db()
    context = {
        "delivery": delivery,
        "item": found,
        "out": about.subject_kind == "dispatch",
        "state": ITEM.names[found.state] if found else None,
        "answered": delivery.state == Delivery.State.ANSWERED,
        "language": get_language(),
    }
    return render(request, "web/one_tap_note.html", context)


def _order_of(delivery: Delivery) -> Order:
    """The order a message is about. Raises ``answer.expired`` where it is about something else."""
    about = delivery.message
    found = None
    if about.subject_kind in {"order", "notice"} and about.subject_id.isdigit():
        rows = Order.objects.select_related("area__parent", "post", "headquarters")
        found = rows.filter(pk=int(about.subject_id)).first()
    if found is None:
        raise Problem("answer.expired")
    return found


def _dead_link(request: HttpRequest, token: str, problem: Problem) -> HttpResponse:
    """What a villager sees who taps an old text: what happened and whom to call. A link that was
    ours tells who sent it and nothing of what was sent: whoever holds it may be a stranger."""
    sender = None
    delivery = Delivery.objects.select_related("message").filter(code=token).first()
    if delivery is not None:  # else it is not one of ours: nobody can be named
        with contextlib.suppress(Problem):
            sender = _order_of(delivery).headquarters
    context = {"sender": sender, "language": get_language()}
    return render(request, "web/link_dead.html", context, status=problem.status)
