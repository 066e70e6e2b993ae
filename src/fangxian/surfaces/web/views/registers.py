"""Registers: places, organisations, posts, duties, stations, strangers, hand-overs, gaps."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext

from fangxian.spine.command.read import open_items
from fangxian.spine.core import clock
from fangxian.spine.core.models import Job
from fangxian.spine.core.page import SeatedRequest, action, cut, own_path, page, text
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.queue import retry_job
from fangxian.spine.core.registers import REGISTERS, register
from fangxian.spine.core.rights import SYSTEM, visible
from fangxian.spine.cover.read import open_gaps
from fangxian.spine.observe import read as observe
from fangxian.spine.observe.models import Quarantine
from fangxian.spine.observe.reports.read import reports
from fangxian.spine.observe.write import adopt_station, look_at_quarantine
from fangxian.spine.reach.models import Delivery
from fangxian.spine.reach.read import dead_letters
from fangxian.spine.reach.write import retry_all, retry_delivery
from fangxian.spine.registry import read as registry
from fangxian.spine.registry import write
from fangxian.spine.registry.models import Handover, Person, Place, Term
from fangxian.spine.registry.prove import prove as prove_window
from fangxian.spine.registry.sites import kind_words
from fangxian.surfaces.web.models import keep_view, saved_views
from fangxian.surfaces.web.tables import asked_of, download, page_of

PER_PAGE = 50


@page("map.read")
def index(request: SeatedRequest, tab: str = "places") -> HttpResponse:
    """One register a tab: as a page, or as a table to take away (``?as=csv``, ``?as=xlsx``)."""
    one = register(tab)
    form = request.GET.get("as")
    if form in {"csv", "xlsx"}:
        return download(one, seat=request.seat, asked=asked_of(request), form=form)
    context = page_of(request, one, seat=request.seat)
    mine = saved_views(request.user, tab)
    context |= {"room": "registers", "tab": tab, "tabs": _tabs(request), "views": mine}
    return render(request, "web/register.html", context)


def _tabs(request: SeatedRequest) -> list[tuple[str, str]]:
    """The registers a seat may look into."""
    seat, language = request.seat, get_language() or "zh"
    return [
        (one.code, one.name(language))
        for one in REGISTERS.values()
        if one.tab and visible(seat, one.right) is not None
    ]


@action("map.read")
def save(request: SeatedRequest, tab: str) -> HttpResponse:
    """Keep what is asked for under a name, for this user alone; an empty name takes it away."""
    one = register(tab)
    query = text(request, "query", most=400)
    keep_view(request.user, one.code, text(request, "name", most=40), query)
    return redirect(f"/registers/{tab}?{query}")


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
        "gaps": cut(open_gaps(seat=request.seat).filter(place__path__startswith=found.path), 30),
    }
    return render(request, "web/place.html", context)


@page("register.read")
def site(request: SeatedRequest, kind: str, code: str) -> HttpResponse:
    """A site with who answers for it and what is not covered there."""
    found = registry.site(kind, code, seat=request.seat)
    if kind == "station":
        return redirect(f"/stations/{code}")
    duties = registry.duties(seat=request.seat).filter(thing_kind=kind, thing_id=code)
    held = registry.holders([d.post_id for d in duties if d.post_id])
    words = kind_words(kind)
    subject = f"{kind}:{code}"
    context = {
        "room": "registers",
        "site": found,
        "kind": words[0] if (get_language() or "zh").startswith("zh") else words[1],
        "duties": [(d, held.get(d.post_id or 0)) for d in duties.order_by("role")],
        "gaps": open_gaps(seat=request.seat).filter(subject_kind="site", subject_id=subject),
        "reports": reports(seat=request.seat).filter(about_kind=kind, about_key=code)[:10],
        "may_report": visible(request.seat, "report.make") is not None,
        "may": visible(request.seat, "register.write") is not None,
        "key": urlencode([("k", words[0]), ("k", code)]),
    }
    return render(request, "web/site.html", context)


@page("register.read")
def post(request: SeatedRequest, key: int) -> HttpResponse:
    """A post: holder, terms before, duties, and the door to a change of holder."""
    found = get_object_or_404(registry.posts(seat=request.seat), pk=key)
    term = found.terms.filter(registry.in_force(clock.now())).select_related("person").first()
    context = {
        "room": "registers",
        "post": found,
        "term": term,
        "terms": cut(registry.terms_of_post(found, seat=request.seat), 20),
        "duties": registry.duties_of_post(found, seat=request.seat),
        "handover": Handover.objects.filter(term=term, passed_at__isnull=True).first(),
        "items": cut(open_items(found, seat=request.seat), 50),
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
    items = open_items(term.post, seat=SYSTEM)
    write.open_handover(term=term, successor=person, items=items, by=request.seat)
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
    return redirect(own_path(request.POST.get("next", ""), "/registers/handovers"))


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
        since, until = now - timedelta(days=30), now
    within = visible(request.seat, "register.read") or ""
    proof = prove_window(since=since, until=until, planned=True, within=within)
    found = proof.gaps
    context = {
        "room": "registers",
        "tab": "prove",
        "tabs": _tabs(request),
        "found": cut(found, 500),
        "n": len(found),
        "proof": proof,
        "since": since,
        "until": until,
    }
    return render(request, "web/prove.html", context)


@page("gap.read")
def work(request: SeatedRequest) -> HttpResponse:
    """Dead letters: work that failed for good, with who owns it."""
    letters = dead_letters(seat=request.seat)
    whole_city = visible(request.seat, "gap.read") == ""
    jobs = Job.objects.filter(state="dead").select_related("event")
    context = {
        "room": "desk",
        "jobs": jobs if whole_city else jobs.none(),
        "letters": cut(letters.order_by("-id"), PER_PAGE),
    }
    return render(request, "web/work.html", context)


@action("work.retry")
def retry_letters(request: SeatedRequest) -> HttpResponse:
    """All dead letters that have not expired get another round."""
    n = retry_all(by=request.seat)
    messages.success(request, gettext("已重新安排 %(n)d 条。") % {"n": n})
    return redirect("/dead-letters")


@action("work.retry")
def retry(request: SeatedRequest, kind: str, key: int) -> HttpResponse:
    """Give a dead letter another round."""
    if kind == "job":
        retry_job(job=get_object_or_404(Job, pk=key), by=request.seat)
    else:
        retry_delivery(delivery=get_object_or_404(Delivery, pk=key), by=request.seat)
    messages.success(request, gettext("已重新安排。"))
    return redirect("/dead-letters")
