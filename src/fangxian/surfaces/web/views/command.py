"""Command: responses in force, proposals to decide, orders and their timeline."""

from dataclasses import replace
from datetime import timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import CharField, Prefetch, Q, QuerySet
from django.db.models.functions import Cast
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext

from fangxian.spine.assess.read import signals
from fangxian.spine.command.models import DONE, OVER, Order, Proposal, Response
from fangxian.spine.command.preview import preview, preview_response
from fangxian.spine.command.read import (
    late_orders,
    open_proposals,
    orders,
    proposals,
    responses,
    responses_in_force,
)
from fangxian.spine.command.rules import edition_on
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write import again
from fangxian.spine.command.write import orders as do
from fangxian.spine.command.write.calls import urge
from fangxian.spine.command.write.responses import (
    accept_proposal,
    decline_proposal,
    end_response,
    may_decide_here,
    set_response,
)
from fangxian.spine.core import clock
from fangxian.spine.core.events import history
from fangxian.spine.core.hazards import responding
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.page import SeatedRequest, action, cut, own_path, page, text, whole
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat
from fangxian.spine.reach.models import Delivery
from fangxian.spine.registry.models import Place, Post
from fangxian.spine.registry.read import city, holder

MOST_MINUTES = 90 * 24 * 60  # of a deadline that somebody may mean

PER_PAGE = 50
TIMELINE = 60


@page("response.read")
def index(request: SeatedRequest) -> HttpResponse:
    seat = request.seat
    rows = orders(seat=seat).order_by("level", "deadline_at")
    state = request.GET.get("state", "open")
    rows = rows.exclude(state__in=OVER) if state == "open" else rows
    if state == "late":
        rows = late_orders(seat=seat)
    elif state in Order.State.values:
        rows = rows.filter(state=state)
    context = {
        "room": "command",
        "undo": _undoable(request),
        "responses": responses_in_force(seat=seat),
        "proposals": open_proposals(seat=seat),
        "ended": cut(responses(seat=seat).filter(ended_at__isnull=False), 10),
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "state": state,
        "hazards": responding(),
        "levels": list(Level),
        "counties": _counties(),
    }
    return render(request, "web/command.html", context)


@page("response.read")
def response(request: SeatedRequest, key: int) -> HttpResponse:
    found = get_object_or_404(responses(seat=request.seat), pk=key)
    rows = orders(seat=request.seat).filter(responses=found).order_by("deadline_at", "area__code")
    counts = {"done": 0, "late": 0, "going": 0}
    for order in rows:
        done = order.state in DONE
        late = not done and order.deadline_at < clock.now()
        counts["done" if done else "late" if late else "going"] += 1
    context = {
        "room": "command",
        "response": found,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "counts": counts,
        "timeline": cut(_timeline(found, request.seat), TIMELINE),
        "levels": list(Level),
        "edition": edition_on(found.started_at),
    }
    return render(request, "web/response.html", context)


def _timeline(found: Response, seat: Seat) -> QuerySet[Event]:
    """The response's own events and those of its orders that a reader may see, newest first."""
    mine = orders(seat=seat).filter(responses=found)
    keys = mine.annotate(key=Cast("pk", CharField())).values("key")
    theirs = Event.objects.filter(subject_kind="order", subject_id__in=keys)
    return (history(found) | theirs.exclude(kind="order.delivered")).order_by("-id")


@page("response.read")
def proposal(request: SeatedRequest, key: int) -> HttpResponse:
    """The rule that fired, its data, and the form to decide."""
    found = get_object_or_404(proposals(seat=request.seat), pk=key)
    keys = found.evidence.get("signals", [])
    context = {
        "room": "command",
        "proposal": found,
        "kind": f"proposal.{found.state}",
        "edition": edition_on(found.made_at),
        "signals": signals(seat=request.seat).filter(pk__in=keys),
        "levels": [Level[name] for name in found.levels],
        "may_decide": may_decide_here(found, request.seat),
    }
    return render(request, "web/proposal.html", context)


@action("response.decide")
def decide(request: SeatedRequest, key: int) -> HttpResponse:
    found = get_object_or_404(Proposal, pk=key)
    if text(request, "verdict") == "decline":
        decline_proposal(proposal=found, reason=text(request, "reason"), by=request.seat)
        messages.success(request, gettext("未采纳，理由已记录。"))
        return redirect("/command")
    chosen = text(request, "level")
    level = Level[chosen] if chosen in Level.__members__ else None
    if not text(request, "sure"):
        return _asked(request, hazard=found.hazard, level=level, place=found.place)
    made = accept_proposal(
        proposal=found,
        level=level,
        reason=text(request, "reason"),
        document_no=text(request, "document_no", most=60),
        by=request.seat,
    )
    messages.success(request, gettext("已决定，任务随即下达。"))
    return redirect(f"/command/responses/{made.pk}" if made else "/command")


def _again(request: SeatedRequest) -> list[tuple[str, str]]:
    """What was posted, to be posted once more when it is confirmed."""
    rows = request.POST.lists()
    return [(k, v) for k, values in rows if k != "csrfmiddlewaretoken" for v in values]


def _asked(
    request: SeatedRequest, *, hazard: str, level: Level | None, place: Place
) -> HttpResponse:
    """What a decision would send out and take back, before it is one."""
    context = {"room": "command", "hazard": hazard, "level": level, "to": request.path}
    context |= preview_response(hazard=hazard, level=level, place=place, by=request.seat)
    return render(request, "web/response_preview.html", {**context, "again": _again(request)})


@action("response.decide")
def start(request: SeatedRequest) -> HttpResponse:
    """Start a response without a proposal."""
    level, hazard = text(request, "level"), text(request, "hazard")
    if level not in Level.__members__ or hazard not in responding():
        raise Problem("input.invalid", field="level", why=level or "—")
    if not text(request, "sure"):
        return _asked(request, hazard=hazard, level=Level[level], place=city())
    made = set_response(
        hazard=hazard,
        place=city(),
        level=Level[level],
        reason=text(request, "reason"),
        document_no=text(request, "document_no", most=60),
        by=request.seat,
    )
    messages.success(request, gettext("响应已启动，任务已下达。"))
    return redirect(f"/command/responses/{made.pk}")


@action("response.decide")
def change(request: SeatedRequest, key: int) -> HttpResponse:
    """Raise, lower or end what is in force."""
    found = get_object_or_404(Response, pk=key)
    reason, number = text(request, "reason"), text(request, "document_no", most=60)
    level = text(request, "level")
    if level != "end" and level not in Level.__members__:
        raise Problem("input.invalid", field="level", why=level or "—")
    if not text(request, "sure"):
        to = None if level == "end" else Level[level]
        return _asked(request, hazard=found.hazard, level=to, place=found.place)
    if level == "end":
        end_response(response=found, reason=reason, document_no=number, by=request.seat)
    else:
        set_response(
            hazard=found.hazard,
            place=found.place,
            level=Level[level],
            reason=reason,
            document_no=number,
            by=request.seat,
        )
    messages.success(request, gettext("响应已调整。"))
    return redirect(f"/command/responses/{key}")


def _counties() -> QuerySet[Place]:
    """Counties with their towns, to choose any set of them."""
    towns = Place.objects.filter(kind="town", successor=None).order_by("code")
    counties = Place.objects.filter(kind="county", successor=None).order_by("code")
    return counties.prefetch_related(Prefetch("children", towns, to_attr="towns"))


UNDO_S = 60


def _undoable(request: SeatedRequest) -> int:
    """How many orders this seat can still take back."""
    since = clock.now() - timedelta(seconds=UNDO_S)
    keys = request.session.get("issued", [])
    rows = orders(seat=request.seat).filter(pk__in=keys, issued_at__gte=since)
    return rows.exclude(state__in=OVER).count()


@action("order.issue")
def issue(request: SeatedRequest) -> HttpResponse:
    """Orders to whoever answers for each of some places: first shown with what will happen, then,
    when confirmed, issued together; within a minute they can be taken back with notice."""
    codes = [c for c in request.POST.getlist("area") if c]
    areas = list(Place.objects.filter(code__in=codes, successor=None).order_by("code"))
    level = text(request, "level")
    at = Level[level] if level in Level.__members__ else Level.IV
    task = Task(
        area=areas[0] if areas else city(),
        verb=text(request, "verb", most=20),
        object=text(request, "object", most=120),
        minutes=max(5, whole(request, "minutes", most=MOST_MINUTES)),
        total=whole(request, "total") if text(request, "total") else 0,
    )
    if not areas:
        raise Problem("input.invalid", field="area", why="—")
    if not task.verb or not task.object:
        raise Problem("input.invalid", field="verb", why="—")
    tasks = [replace(task, area=area) for area in areas]
    if not text(request, "sure"):
        context = {"room": "command", "task": task, "level": at}
        context |= preview(tasks, level=at, by=request.seat)
        context["again"] = _again(request)
        return render(request, "web/preview.html", context)
    made = do.issue_orders(
        tasks, hazard=text(request, "hazard") or "flood", level=at, by=request.seat
    )
    request.session["issued"] = [o.pk for o in made]
    messages.success(request, gettext("已下达 %(n)d 条，一分钟内可撤回。") % {"n": len(made)})
    return redirect(f"/orders/{made[0].pk}" if len(made) == 1 else "/command")


@action("order.issue")
def undo(request: SeatedRequest) -> HttpResponse:
    """Take back what this seat issued within the last minute; whoever was told is told so."""
    keys = request.session.pop("issued", [])
    since = clock.now() - timedelta(seconds=UNDO_S)
    mine = orders(seat=request.seat).filter(pk__in=keys, issued_at__gte=since)
    rows = [o for o in mine if o.state not in OVER]
    for order in rows:
        do.close_order(order=order, reason=gettext("误发撤回"), by=request.seat)
    messages.success(request, gettext("已撤回 %(n)d 条，已通知被叫的人。") % {"n": len(rows)})
    return redirect("/command")


@page("order.read")
def order(request: SeatedRequest, key: int) -> HttpResponse:
    found = get_object_or_404(orders(seat=request.seat), pk=key)
    calls = Delivery.objects.filter(
        message__subject_kind__in=["order", "notice"], message__subject_id=str(found.pk)
    ).select_related("person", "post__organisation", "message")
    context = {
        "room": "command",
        "order": found,
        "holder": holder(found.post),
        "calls": calls.order_by("step", "id"),
        "timeline": history(found).order_by("-id"),
        "over": found.state in OVER,
        "others": _other_posts(found),
        "pleas": found.pleas.select_related("person").order_by("-at"),
        "ack_s": int((found.acknowledge_by - found.issued_at).total_seconds()),
    }
    return render(request, "web/order.html", context)


def _other_posts(order: Order) -> QuerySet[Post]:
    """Who could take it over: the superior's and those at the same place and above."""
    places = [p.pk for p in (order.area, order.area.parent, order.post.place) if p]
    posts = Post.objects.filter(Q(place__in=places) | Q(pk=order.post.superior_id))
    return posts.exclude(pk=order.post_id).select_related("organisation").order_by("place", "id")


@action("order.read")
def order_step(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    """One step of an order from the desk; the right of each step is asked in write."""
    found = get_object_or_404(orders(seat=request.seat), pk=key)
    reason, seat = text(request, "reason"), request.seat
    if verb == "verify":
        do.verify_order(order=found, by=seat, note=reason)
        do.close_order(order=found, by=seat, reason=reason or gettext("核验通过"))
    elif verb == "send_back":
        do.send_back(order=found, reason=reason, by=seat)
    elif verb == "close":
        do.close_order(order=found, reason=reason, by=seat)
    elif verb == "urge":
        urge(order=found, by=seat)
    elif verb == "extend":
        later = found.deadline_at + timedelta(minutes=whole(request, "minutes", most=MOST_MINUTES))
        do.extend_order(order=found, deadline_at=later, reason=reason, by=seat)
    elif verb == "acknowledge":
        do.acknowledge_order(order=found, by=seat)
    elif verb == "knock":
        again.note_knock(order=found, told=reason, by=seat)
    elif verb == "reopen":
        again.reopen_order(
            order=found,
            reason=reason,
            minutes=whole(request, "minutes", most=MOST_MINUTES),
            by=seat,
        )
    elif verb == "reassign":
        post = get_object_or_404(Post, pk=whole(request, "post"))
        again.reassign_order(order=found, post=post, reason=reason, by=seat)
    else:
        raise Problem("not_found", what=verb)
    return redirect(own_path(request.POST.get("next", ""), f"/orders/{key}"))
