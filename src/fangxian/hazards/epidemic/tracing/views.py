"""Tracing on screen: who is to be seen today, what cases share, and one node with its tree, its
doubts and what hangs on one interview."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

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
    cut_of,
    near,
    page,
    text,
    whole,
)
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import visible
from fangxian.spine.people.models import Person
from fangxian.spine.ready.models import Team

from . import asking, lists, read
from .contacts import traced_from
from .models import Edge, Node
from .registers import KINDS, address
from .write import days, edges

LISTED, DEEPEST = 60, 6
MOST = 2000  # nodes of which a page makes a tree
DAYS = {
    "well": ("见到，正常", "seen, well"),
    "ill": ("见到，有症状", "seen, ill"),
    "missed": ("没见到", "not seen"),
    "not_tried": ("没去", "not tried"),
    "refused": ("拒绝", "refused"),
}
CERTAIN = {3: ("确定", "sure"), 2: ("很可能", "probable"), 1: ("可能", "possible")}


def _today() -> date:
    return clock.beijing(clock.now()).date()


@page("trace.read")
def index(request: SeatedRequest) -> HttpResponse:
    """Cases and their contacts, who is to be seen today and by whom, and what cases share."""
    seat, day = request.seat, _today()
    listed = lists.on_day(day, seat=seat)
    told = lists.indicators(day, listed)
    rows = read.nodes(seat=seat).filter(state=Node.State.CASE)
    context = {
        "room": "command",
        "tab": "tracing",
        "cases": cut(rows.order_by("-onset_at"), LISTED),
        "listed": cut_of(listed[:LISTED], len(listed)),
        "told": told,
        "states": [(DAYS[code], told.states.get(code, 0)) for code in DAYS],
        "choices": [(code, DAYS[code]) for code in DAYS],
        "teams": Team.objects.order_by("name"),
        "joint": cut(asking.joint_exposures(seat=seat), 20),
        "may_follow": visible(seat, "trace.follow") is not None,
        "may_write": visible(seat, "trace.write") is not None,
        "kinds": Node.Kind.choices,
        "day": day,
    }
    return render(request, "tracing/index.html", context)


@page("trace.read")
def one(request: SeatedRequest, kind: str, key: str) -> HttpResponse:
    """One node: whom it reached step by step, by day, what is doubtful, what one interview
    carries."""
    node = read.node_of(kind, key, seat=request.seat)
    depth = min(max(_number(request.GET.get("depth"), 2), 1), DEEPEST)
    since = traced_from(node)
    steps = read.trace(node, depth=depth, at=since)
    mine = read.nodes(seat=request.seat)
    seen = set(mine.filter(pk__in=[s.node.pk for s in steps[:MOST]]).values_list("pk", flat=True))
    own = read.edges().filter(pk__in=_edges_of(node)).select_related("a", "b").order_by("-since_at")
    shown, doubts = cut(own, LISTED), asking.doubts(node)
    context = {
        "room": "command",
        "tab": "tracing",
        "node": node,
        "state": dict(Node.State.choices)[node.state],
        "depth": depth,
        "depths": range(1, DEEPEST + 1),
        "steps": cut_of(_tree(steps[:MOST], seen)[:LISTED], len(steps)),
        "curve": _curve(steps),
        "doubts": [
            {"edge": one.edge, "words": (one.zh, one.en), **ends}
            for one, ends in zip(doubts, _ends([d.edge for d in doubts], mine), strict=True)
        ],
        "since": since,
        "many": len(steps) >= MOST,
        "hangs": asking.hangs_on(node, depth=min(depth, 3), at=since) if len(steps) < MOST else (),
        "edges": cut_of(
            [{"edge": e, **ends} for e, ends in zip(shown, _ends(shown, mine), strict=True)],
            shown.total,
        ),
        "kinds": [(code, KINDS[code]) for code in KINDS],
        "node_kinds": Node.Kind.choices,
        "certain": [(n, CERTAIN[n]) for n in CERTAIN],
        "may_write": visible(request.seat, "trace.write") is not None,
        "what_if": _what_if(request, node, depth, since),
    }
    return render(request, "tracing/one.html", context)


def _number(given: str | None, other: int) -> int:
    return int(given) if given and given.isdecimal() and len(given) < 4 else other


def _ends(rows: list[Edge], mine: Any) -> list[dict[str, Any]]:
    """The ends of edges as a seat may see them, and whether both are its own: what was said of
    people of other towns is not shown."""
    keys = sorted({key for edge in rows for key in (edge.a_id, edge.b_id)})
    seen: set[int] = set()
    for at in range(0, len(keys), read.CHUNK):
        seen.update(mine.filter(pk__in=keys[at : at + read.CHUNK]).values_list("pk", flat=True))
    return [
        {
            "a": edge.a if edge.a_id in seen else None,
            "b": edge.b if edge.b_id in seen else None,
            "own": edge.a_id in seen and edge.b_id in seen,
        }
        for edge in rows
    ]


def _edges_of(node: Node) -> list[int]:
    mine = node.edges_from.values_list("pk", flat=True)
    return [*mine, *node.edges_to.values_list("pk", flat=True)]


def _tree(steps: list[read.Step], seen: set[int]) -> list[dict[str, Any]]:
    """Steps as a tree, children below whom they came from; who is not one's own is a number."""
    below: dict[int | None, list[read.Step]] = {}
    for step in steps:
        below.setdefault(step.before if step.step else None, []).append(step)
    told: list[dict[str, Any]] = []
    waiting = list(reversed(below.get(None, [])))
    while waiting:
        step = waiting.pop()
        told.append(
            {
                "node": step.node if step.node.pk in seen else None,
                "link": address(step.node),
                "indent": "　" * step.step,
                "step": step.step,
                "at": step.at,
                "edge": step.edge,
                "how": KINDS[step.edge.kind] if step.edge else ("", ""),
                "certain": CERTAIN[step.edge.certainty] if step.edge else ("", ""),
            }
        )
        waiting += list(reversed(below.get(step.node.pk, [])))
    return told


WIDE, WIDEST = 560, 48


def _curve(steps: list[read.Step]) -> list[dict[str, Any]]:
    """Persons reached by day, as bars."""
    days_ = Counter(
        clock.beijing(s.at).date() for s in steps if s.step and s.node.kind == Node.Kind.PERSON
    )
    if not days_:
        return []
    first, last = min(days_), max(days_)
    span = [first + timedelta(n) for n in range(min((last - first).days + 1, 60))]
    most, width = max(days_.values()), min(WIDE // len(span), WIDEST)
    return [
        {
            "x": k * width + 2,
            "y": 90 - round(days_[day] / most * 78),
            "width": max(width - 4, 2),
            "height": round(days_[day] / most * 78),
            "n": days_[day],
            "label": f"{day:%m-%d}" if k % max(1, len(span) // 12) == 0 else "",
        }
        for k, day in enumerate(span)
    ]


def _what_if(
    request: SeatedRequest, node: Node, depth: int, since: datetime
) -> dict[str, Any] | None:
    """What one more edge would bring, asked on the page; nothing is written."""
    kind, key = request.GET.get("other_kind", ""), request.GET.get("other", "")
    if not key:
        return None
    other = read.node_of(kind, key, seat=request.seat)
    if other.pk == node.pk:
        raise Problem("input.invalid", field="other", why=str(other))
    now = clock.now()
    more = (node.pk, other.pk, since, now)
    new, there = asking.what_if(node, more=more, depth=depth, at=since)
    keys = [one.pk for one in new]
    own = read.nodes(seat=request.seat)
    seen = {
        key
        for at in range(0, len(keys), read.CHUNK)
        for key in own.filter(pk__in=keys[at : at + read.CHUNK]).values_list("pk", flat=True)
    }
    rows = [one for one in new if one.pk in seen]
    return {"other": other, "new": len(new), "there": len(there), "rows": cut(rows, LISTED)}


@action("trace.write")
def add(request: SeatedRequest, kind: str, key: str) -> HttpResponse:
    """An edge from this node, with its source."""
    node = read.node_of(kind, key, seat=request.seat)
    other = _end(request)
    since, hours = _instant(text(request, "since", most=20))
    until, more = _instant(text(request, "until", most=20) or text(request, "since", most=20))
    if not hours or not more:
        (since, _), (_, until) = edges.whole_days(since), edges.whole_days(until)
    told = edges.Told(
        edges.End(node.kind, node.key, node.person, node.place, node.label),
        other,
        text(request, "how", most=10),
        since,
        until,
        hours_known=hours and more,
        certainty=whole(request, "certainty"),
        note=text(request, "note", most=200),
    )
    source = text(request, "source", most=80)
    if not source:
        raise Problem("input.reason_missing", field="source")
    edges.enter_edges([told], source=("interview", source), by=request.seat)
    messages.success(request, gettext("已记下，接触者已重新认定。"))
    return redirect(address(node))


def _end(request: SeatedRequest) -> edges.End:
    kind, key = text(request, "other_kind", most=8), text(request, "other", most=60)
    if kind != "person":
        return edges.End(kind, key, label=key)
    rows = Person.objects.filter(pk=as_key(key))
    person = rows.select_related("place").first()
    if person is None:
        raise Problem("not_found", what=f"人员 {key}")
    return edges.end_of_person(person)


def _instant(given: str) -> tuple[datetime, bool]:
    """A time of the page, and whether it has hours."""
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise Problem("input.invalid", field="since", why=given or "—") from None
    return near(at, "since", future_days=1), len(given) > 10


@action("trace.write")
def step(request: SeatedRequest, kind: str, key: str, verb: str) -> HttpResponse:
    """A case, or none after all; an edge or an interview taken back."""
    node, by = read.node_of(kind, key, seat=request.seat), request.seat
    reason = text(request, "reason", most=200)
    if verb == "case":
        onset, _ = _instant(text(request, "onset", most=20))
        given = text(request, "isolated", most=20)
        isolated = _instant(given)[0] if given else None
        edges.name_case(node=node, onset=onset, isolated=isolated, by=by)
    elif verb == "exclude":
        edges.exclude_case(node=node, reason=reason, by=by)
    elif verb == "withdraw":
        edge = Edge.objects.filter(pk=whole(request, "edge"), pk__in=_edges_of(node)).first()
        if edge is None:
            raise Problem("not_found", what=text(request, "edge"))
        edges.withdraw_edge(edge=edge, reason=reason, by=by)
    elif verb == "unsay":
        source = ("interview", text(request, "source", most=80))
        edges.withdraw_source(source=source, reason=reason, by=by)
    else:
        raise Problem("not_found", what=verb)
    messages.success(request, gettext("已记下，接触者已重新认定。"))
    return redirect(address(node))


@action("trace.write")
def start(request: SeatedRequest) -> HttpResponse:
    """A node to begin with."""
    end = _end(request)
    [node] = edges.enter_nodes([end], by=request.seat)
    return redirect(address(node))


@action("trace.follow")
def follow(request: SeatedRequest) -> HttpResponse:
    """What came of looking after somebody today."""
    node = read.nodes(seat=request.seat).filter(pk=whole(request, "node")).first()
    if node is None:
        raise Problem("not_found", what=text(request, "node"))
    team = Team.objects.filter(pk=_number(text(request, "team"), 0)).first()
    days.follow_up(
        node=node,
        on=_today(),
        state=text(request, "state", most=10),
        team=team,
        note=text(request, "note", most=200),
        by=request.seat,
    )
    return redirect("/tracing")


ROUTES = (
    path("tracing", index),
    path("tracing/start", start),
    path("tracing/follow", follow),
    path("tracing/add/<str:kind>/<path:key>", add),
    path("tracing/do/<str:verb>/<str:kind>/<path:key>", step),
    path("tracing/<str:kind>/<path:key>", one),
)
