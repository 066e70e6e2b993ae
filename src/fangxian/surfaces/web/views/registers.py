"""Registers: places, organisations, posts, duties, stations, strangers, hand-overs, gaps."""

from datetime import datetime, timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext

from fangxian.spine.command.read import open_items
from fangxian.spine.core import clock
from fangxian.spine.core.models import Job
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.queue import retry_job
from fangxian.spine.cover.read import open_gaps
from fangxian.spine.observe import read as observe
from fangxian.spine.observe.models import Quarantine
from fangxian.spine.observe.write import adopt_station, look_at_quarantine
from fangxian.spine.reach.models import Delivery
from fangxian.spine.reach.write import retry_delivery
from fangxian.spine.registry import read as registry
from fangxian.spine.registry import write
from fangxian.spine.registry.models import Handover, Person, Place, Term
from fangxian.spine.registry.prove import uncovered
from fangxian.surfaces.web.page import SeatedRequest, action, page, text

PER_PAGE = 50
TABS = ("places", "organisations", "posts", "duties", "stations", "strangers", "handovers")


@page("register.read")
def index(request: SeatedRequest, tab: str = "places") -> HttpResponse:
    """One register a tab, filtered by a name, 50 rows a page."""
    if tab not in TABS:
        raise Problem("not_found", what=tab)
    wanted = (request.GET.get("q") or "").strip()
    rows = _rows(request, tab, wanted)
    context = {
        "room": "registers",
        "tab": tab,
        "tabs": _tabs(),
        "q": wanted,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "towns": Place.objects.filter(kind="town").select_related("parent").order_by("code")
        if tab == "strangers"
        else [],
    }
    return render(request, f"web/register_{tab}.html", context)


def _tabs() -> list[tuple[str, str]]:
    return [
        ("places", gettext("区划")),
        ("organisations", gettext("单位")),
        ("posts", gettext("岗位与人员")),
        ("duties", gettext("责任")),
        ("stations", gettext("测站")),
        ("strangers", gettext("未登记测站")),
        ("handovers", gettext("交接")),
    ]


def _rows(request: SeatedRequest, tab: str, wanted: str) -> QuerySet:  # type: ignore[type-arg]
    seat = request.seat
    if tab == "places":
        if wanted:
            codes = [t.key for t in registry.find_places(wanted, seat=seat, limit=50)]
            return registry.places(seat=seat).filter(code__in=codes).order_by("code")
        return (
            registry.current_places(seat=seat)
            .exclude(kind="village")
            .select_related("parent")
            .order_by("code")
        )
    if tab == "organisations":
        found = registry.organisations(seat=seat).annotate(n=Count("post")).order_by("id")
        return found.filter(name__icontains=wanted) if wanted else found
    if tab == "posts":
        posts = registry.posts(seat=seat).order_by("id")
        if wanted:
            held = registry.people(seat=seat).filter(name__icontains=wanted)
            by_person = posts.filter(terms__person__in=held, terms__ends_at__isnull=True)
            return (posts.filter(organisation__name__icontains=wanted) | by_person).distinct()
        return posts
    if tab == "duties":
        duties = registry.duties(seat=seat).order_by(
            "place__code", "thing_kind", "thing_id", "role"
        )
        return duties.filter(thing_name__icontains=wanted) if wanted else duties
    if tab == "stations":
        stations = observe.stations(seat=seat).order_by("code")
        return stations.filter(name__icontains=wanted) if wanted else stations
    if tab == "strangers":
        return observe.quarantine(seat=seat)
    return registry.open_handovers(seat=seat).order_by("opened_at")


@page("register.read")
def place(request: SeatedRequest, code: str) -> HttpResponse:
    """A place with who answers for it, its stations and what is not covered there."""
    found = registry.places(seat=request.seat).filter(code=code).order_by("-valid_from").first()
    if found is None:
        raise Problem("not_found", what=code)
    duties = registry.duties(seat=request.seat).filter(thing_kind="place", thing_id=code)
    held = registry.holders([d.post_id for d in duties if d.post_id])
    children = registry.current_places(seat=request.seat).filter(parent=found).order_by("code")
    context = {
        "room": "registers",
        "place": found,
        "duties": [(d, held.get(d.post_id or 0)) for d in duties.order_by("role")],
        "children": children,
        "stations": observe.stations(seat=request.seat).filter(place__path__startswith=found.path),
        "gaps": open_gaps(seat=request.seat).filter(place__path__startswith=found.path)[:30],
    }
    return render(request, "web/place.html", context)


@page("register.read")
def post(request: SeatedRequest, key: int) -> HttpResponse:
    """A post: holder, terms before, duties, and the door to a change of holder."""
    found = get_object_or_404(registry.posts(seat=request.seat), pk=key)
    term = found.terms.filter(registry.in_force(clock.now())).select_related("person").first()
    context = {
        "room": "registers",
        "post": found,
        "term": term,
        "terms": registry.terms_of_post(found, seat=request.seat)[:20],
        "duties": registry.duties_of_post(found, seat=request.seat),
        "handover": Handover.objects.filter(term=term, passed_at__isnull=True).first(),
        "items": open_items(found)[:50],
        "error": None,
    }
    return render(request, "web/post.html", context)


@action("term.end")
def end_term(request: SeatedRequest, key: int) -> HttpResponse:
    """End a term; refused while duties would be left empty."""
    term = get_object_or_404(Term, pk=key)
    to_superior = text(request, "how") == "superior"
    write.end_term(
        term=term,
        at=clock.now(),
        by=request.seat,
        to_superior=to_superior,
        reason=text(request, "reason"),
    )
    messages.success(request, gettext("任期已结束，责任有人接。"))
    return redirect(f"/registers/posts/{term.post_id}")


@action("term.end")
def open_handover(request: SeatedRequest, key: int) -> HttpResponse:
    """Name a successor by name; a new person is entered."""
    term = get_object_or_404(Term.objects.select_related("post__place", "person"), pk=key)
    name, phone = text(request, "name", most=40), text(request, "phone", most=20)
    if not name:
        raise Problem("input.invalid", field="name", why="—")
    person = write.add_person(name=name, phone=phone, by=request.seat)
    write.open_handover(term=term, successor=person, items=open_items(term.post), by=request.seat)
    messages.success(request, gettext("交接单已开，双方签字后生效。"))
    return redirect(f"/registers/posts/{term.post_id}")


@action("handover.sign")
def sign(request: SeatedRequest, key: int) -> HttpResponse:
    handover = get_object_or_404(Handover.objects.select_related("term__post__place"), pk=key)
    side = "new" if request.POST.get("side") == "new" else "old"
    write.sign_handover(
        handover=handover, side=side, by=request.seat, reason=text(request, "reason")
    )
    messages.success(request, gettext("已签字。"))
    return redirect(request.POST.get("next") or "/registers/handovers")


@action("person.reveal")
def reveal(request: SeatedRequest, key: int) -> HttpResponse:
    """A phone number in clear, once, with a reason; the reading is recorded."""
    person = get_object_or_404(Person, pk=key)
    phone = write.reveal_phone(person=person, reason=text(request, "reason"), by=request.seat)
    return render(request, "web/phone_number.html", {"person": person, "phone": phone})


@action("quarantine.adopt")
def stranger(request: SeatedRequest, key: int) -> HttpResponse:
    """Look at an unknown station, or adopt it."""
    row = get_object_or_404(Quarantine, pk=key)
    if text(request, "verb") == "look":
        look_at_quarantine(row=row, by=request.seat)
        messages.success(request, gettext("已标记过目。"))
        return redirect("/registers/strangers")
    place_ = get_object_or_404(Place, code=text(request, "place"))
    name = text(request, "name", most=60) or row.code
    station, n = adopt_station(row=row, name=name, place=place_, by=request.seat)
    messages.success(request, gettext("已登记，补读 %(n)d 个读数。") % {"n": n})
    return redirect(f"/stations/{station.code}")


@page("gap.read")
def gaps(request: SeatedRequest) -> HttpResponse:
    rows = open_gaps(seat=request.seat)
    rule = request.GET.get("rule")
    counts = list(rows.values_list("rule").annotate(n=Count("id")).order_by("rule"))
    shown = rows.filter(rule=rule) if rule else rows
    pages = Paginator(shown, PER_PAGE).get_page(request.GET.get("page"))
    owners = registry.holders([g.owner_id for g in pages if g.owner_id])
    context = {
        "room": "desk",
        "page": pages,
        "table": [(gap, owners.get(gap.owner_id or 0)) for gap in pages],
        "counts": counts,
        "rule": rule,
    }
    return render(request, "web/gaps.html", context)


@page("register.read")
def prove(request: SeatedRequest) -> HttpResponse:
    """Proof of cover in time: spans without a holder over a window."""
    now = clock.now()
    try:
        since = datetime.fromisoformat(request.GET["from"]).replace(tzinfo=clock.BEIJING)
        until = datetime.fromisoformat(request.GET["to"]).replace(tzinfo=clock.BEIJING)
    except (KeyError, ValueError):
        since, until = now - timedelta(days=30), now + timedelta(days=365)
    found = uncovered(since=since, until=until)
    context = {
        "room": "registers",
        "tab": "prove",
        "tabs": _tabs(),
        "found": found[:500],
        "n": len(found),
        "since": since,
        "until": until,
    }
    return render(request, "web/prove.html", context)


@page("gap.read")
def work(request: SeatedRequest) -> HttpResponse:
    """Dead letters: work that failed for good, with who owns it."""
    letters = Delivery.objects.filter(state=Delivery.State.FAILED).select_related(
        "person", "message"
    )
    context = {
        "room": "desk",
        "jobs": Job.objects.filter(state="dead").select_related("event"),
        "letters": letters.order_by("-id")[:PER_PAGE],
    }
    return render(request, "web/work.html", context)


@action("work.retry")
def retry(request: SeatedRequest, kind: str, key: int) -> HttpResponse:
    """Give a dead letter another round."""
    if kind == "job":
        retry_job(job=get_object_or_404(Job, pk=key), by=request.seat)
    else:
        retry_delivery(delivery=get_object_or_404(Delivery, pk=key), by=request.seat)
    messages.success(request, gettext("已重新安排。"))
    return redirect("/dead-letters")
