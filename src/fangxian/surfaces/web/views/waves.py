"""Changes of office: a wave with its proof and its hand-overs; a holder who is gone; a merger."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext

from fangxian.spine.command.read import open_items
from fangxian.spine.core.page import SeatedRequest, action, cut, cut_of, page, text, whole
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, may, visible
from fangxian.spine.registry import read, waves
from fangxian.spine.registry.models import WAVE, Organisation, Person, Wave

SHOWN = 300
OUTCOMES = {
    "passed": ("已交接", "handed over"),
    "interim": ("上级代管", "a superior stands in"),
    "stays": ("原任留任", "the old holder stays"),
    "": ("—", "—"),
}


@page("register.read")
def index(request: SeatedRequest) -> HttpResponse:
    rows = Wave.objects.order_by("-at")
    context = {
        "room": "registers",
        "tab": "waves",
        "waves": cut_of(
            [(wave, WAVE.names[wave.state], wave.changes.count()) for wave in rows[:SHOWN]],
            rows.count(),
        ),
        "organisations": read.organisations(seat=request.seat)
        .filter(merged_into=None)
        .order_by("place__code", "name"),
        "may": visible(request.seat, "term.end") is not None,
    }
    return render(request, "web/waves.html", context)


@page("register.read")
def one(request: SeatedRequest, key: int) -> HttpResponse:
    wave = get_object_or_404(Wave, pk=key)
    prefix = visible(request.seat, "register.read") or ""
    rows = wave.changes.filter(post__place__path__startswith=prefix).select_related(
        "post__organisation", "post__place", "successor", "handover"
    )
    changes = cut(rows.order_by("post__place__code", "post_id"), SHOWN)
    held = read.holders([change.post_id for change in changes])
    proof = waves.prove_wave(wave)
    lacking = [c for c in proof.lacking if c.post.place.path.startswith(prefix)]
    signed = rows.filter(handover__passed_at__isnull=False).count()
    context = {
        "room": "registers",
        "tab": "waves",
        "wave": wave,
        "state": WAVE.names[wave.state],
        "proof": proof,
        "lacking": cut(lacking, 30),
        "changes": [(c, held.get(c.post_id), OUTCOMES[c.outcome]) for c in changes],
        "total": changes.total,
        "signed": signed,
        "wanted": rows.filter(successor__isnull=False).count(),
        "may": may(request.seat, "term.end", place=request.seat.place_path),
    }
    return render(request, "web/wave.html", context)


@page("handover.sign")
def takeovers(request: SeatedRequest) -> HttpResponse:
    """What waits for one's own signature; a named successor who holds no post yet lands here."""
    mine = request.seat.person_id
    rows = [
        (h, "new" if h.successor_id == mine and h.new_signed_at is None else "old")
        for h in read.takeovers_of(mine).order_by("opened_at")
    ]
    return render(request, "web/takeovers.html", {"room": "registers", "rows": rows})


@action("term.end")
def step(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    wave = get_object_or_404(Wave, pk=key)
    if verb == "withdraw":
        waves.withdraw_wave(wave=wave, by=request.seat, reason=text(request, "reason"))
        messages.success(request, gettext("换届已取消，未签的交接单作废。"))
    elif verb == "open":
        opened = waves.open_wave(
            wave=wave, items_of=lambda post: open_items(post, seat=SYSTEM), by=request.seat
        )
        messages.success(
            request, gettext("已开 %(n)s 份交接单，双方签字后到期生效。") % {"n": len(opened)}
        )
    else:
        raise Http404(verb)
    return redirect(f"/waves/{key}")


@action("term.end")
def gone(request: SeatedRequest, key: int) -> HttpResponse:
    """A holder who died or cannot act: his superiors stand in at once."""
    person = get_object_or_404(Person, pk=key)
    found = waves.person_gone(person=person, reason=text(request, "reason"), by=request.seat)
    messages.success(
        request,
        gettext("%(n)s 个岗位已由上级代管，他的值班已另排。") % {"n": len(found)},
    )
    for still in read.seats_of_person(person):
        messages.warning(
            request, gettext("没有上级可代管，请尽快任命：%(post)s") % {"post": still.label}
        )
    return redirect("/registers/waves")


@action("term.end")
def merge(request: SeatedRequest) -> HttpResponse:
    old = get_object_or_404(Organisation, pk=whole(request, "old"))
    into = get_object_or_404(Organisation, pk=whole(request, "into"))
    if text(request, "sure") != "1":
        raise Problem("input.invalid", field="sure", why=gettext("请先核对再并入"))
    n = waves.merge_organisation(
        old=old, into=into, by=request.seat, reason=text(request, "reason")
    )
    messages.success(request, gettext("%(n)s 项责任已转到%(to)s。") % {"n": n, "to": into.name})
    return redirect("/registers/waves")
