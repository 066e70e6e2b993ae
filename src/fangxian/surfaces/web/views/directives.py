"""Directives: texts from above with their sentences, and items followed to closure."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext

from fangxian.spine.command.directives import read
from fangxian.spine.command.directives.intake import read_text
from fangxian.spine.command.directives.letter import closure_letter
from fangxian.spine.command.directives.models import DIRECTIVE, ITEM, OPEN, Directive, Item
from fangxian.spine.command.directives.reading.files import text_of
from fangxian.spine.command.directives.registers import KINDS, LETTERS
from fangxian.spine.command.directives.write import items as do
from fangxian.spine.command.directives.write import texts
from fangxian.spine.core import clock
from fangxian.spine.core.events import history
from fangxian.spine.core.hazards import headquarters
from fangxian.spine.core.page import (
    SeatedRequest,
    action,
    as_key,
    cut,
    cut_of,
    keys,
    near,
    page,
    text,
    whole,
)
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import may, visible
from fangxian.spine.registry.models import Place, Post
from fangxian.spine.registry.read import city, holders
from fangxian.wiring import COVER

SHOWN = 100
OPENED = 3
WAITING = 40  # sentences to decide on one page; the next ones follow as these are decided
RUNS = 6  # a run takes some tenths of a second to find candidates for
MOST_TEXT = 400_000
QUARTER, WEEK = timedelta(days=92), timedelta(days=7)


@page("order.read")
def index(request: SeatedRequest) -> HttpResponse:
    """The texts, what is open of them, what is mine, and figures by department."""
    seat, now = request.seat, clock.now()
    rows = read.directives(seat=seat)
    opened = read.open_items_of(seat=seat)
    mine = opened.filter(post=seat.post_id or 0)
    span = WEEK if request.GET.get("span") == "week" else QUARTER
    context = {
        "room": "tasks",
        "tab": "directives",
        "directives": [(d, DIRECTIVE.names[d.state], _counts(d)) for d in rows[:40]],
        "total": rows.count(),
        "late": cut(read.late_items(seat=seat), 30),
        "items": [(i, ITEM.names[i.state], LETTERS[i.letter]) for i in opened[:SHOWN]],
        "n_open": opened.count(),
        "mine": cut_of([(i, ITEM.names[i.state]) for i in mine[:SHOWN]], mine.count()),
        "departments": read.by_department(seat=seat, since=now - span, until=now),
        "week": span == WEEK,
        "may": visible(seat, "directive.write") is not None,
        "now": clock.beijing(now),
    }
    return render(request, "web/directives.html", context)


def _counts(directive: Directive) -> dict[str, int]:
    states = list(directive.items.values_list("state", flat=True))
    return {
        "open": sum(state in OPEN for state in states),
        "closed": states.count("closed"),
        "waiting": states.count("proposed"),
    }


@action("directive.write")
def enter(request: SeatedRequest) -> HttpResponse:
    """A text as pasted, or from a file."""
    sent = request.FILES.get("file")
    name = str(sent.name or "") if sent else ""
    if sent:
        body = text_of(sent.read(20_000_001), name)
    else:
        body = str(request.POST.get("text", ""))[:MOST_TEXT]
    place = Place.objects.filter(path=request.seat.place_path).first() or city()
    directive = texts.enter_directive(
        title=text(request, "title", most=120),
        text=body,
        issued_at=_moment(request, "issued"),
        place=place,
        leader=text(request, "leader", most=60),
        document_no=text(request, "document_no", most=60),
        file_name=name,
        anyway=text(request, "anyway", most=200),
        by=request.seat,
    )
    messages.success(request, gettext("已录入，请逐句确认。"))
    return redirect(f"/directives/{directive.pk}")


def _moment(request: SeatedRequest, name: str) -> datetime:
    given = text(request, name, most=20)
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise Problem("input.invalid", field=name, why=given or "—") from None
    return near(at if at.tzinfo else at.replace(tzinfo=clock.BEIJING), name)


@page("directive.read")
def one(request: SeatedRequest, key: int) -> HttpResponse:
    """A text with its sentences where they stand, and what became of each."""
    directive = get_object_or_404(read.directives(seat=request.seat), pk=key)
    rows = list(
        directive.items.select_related("post__organisation", "directive").order_by(
            "start", "number", "pk"
        )
    )
    reading = read_text(directive.text, issued=directive.issued_at)
    repaired = {row["start"]: row["text"] for row in directive.repairs}
    broken = sorted(enumerate(reading.cleaned.broken), key=lambda row: row[1].start in repaired)
    runs = [
        (
            run,
            directive.text[run.start : run.end],
            reading.candidates(k),
            repaired.get(run.start, ""),
        )
        for k, run in broken[:RUNS]
    ]
    waiting = [item for item in rows if _waits(item)]
    waiting.sort(key=lambda item: item.kind not in {"requirement", "maybe"})
    context = {
        "room": "tasks",
        "tab": "directives",
        "directive": directive,
        "state": DIRECTIVE.names[directive.state],
        "pieces": _pieces(directive.text, rows),
        "waiting": _all_waiting(waiting[:WAITING], directive.place),
        "n_waiting": len(waiting),
        "items": [
            (item, ITEM.names[item.state], KINDS[item.kind], LETTERS[item.letter])
            for item in rows
            if not _waits(item)
        ],
        "runs": runs,
        "n_runs": len(broken),
        "rest": sum(item.kind in {"telling", "exhortation"} for item in rows if _waits(item)),
        "may": may(request.seat, "directive.write", place=directive.place.path),
        "headquarters": headquarters(),
        "rules": [(rule.code, (rule.name_zh, rule.name_en)) for rule in COVER],
        "soon": clock.beijing(clock.now() + timedelta(days=7)),
    }
    return render(request, "web/directive.html", context)


def _waits(item: Item) -> bool:
    return item.state == "proposed"


def _pieces(body: str, rows: list[Item]) -> list[tuple[str, Item | None]]:
    """The text cut at its sentences, each with its item."""
    found: list[tuple[str, Item | None]] = []
    at = 0
    for item in rows:
        if item.start < at:
            continue  # a further owner of the same sentence
        if item.start > at:
            found.append((body[at : item.start], None))
        found.append((body[item.start : item.end], item))
        at = item.end
    return [*found, (body[at:], None)]


def _posts_offered(place: Place) -> list[Post]:
    """Whom an item may go to: the post that leads each department here and each headquarters
    below."""
    rows = Post.objects.filter(
        organisation__place__path__startswith=place.path,
        organisation__place__kind__in=("city", "county"),
    ).select_related("organisation", "place")
    first: dict[int, Post] = {}
    for post in rows.order_by("pk"):
        first.setdefault(post.organisation_id, post)
    return sorted(first.values(), key=lambda p: (p.place.kind != "city", p.organisation_id))


def _all_waiting(rows: list[Item], place: Place) -> list[dict[str, Any]]:
    """What waits for a decision; the first requirements stand open, to be gone through."""
    offered = _posts_offered(place) if rows else []
    owners: dict[tuple[str, ...], list[Post]] = {}
    found = []
    for item in rows:
        named = (*item.owners_in_text, item.proposed_lead)
        if named not in owners:
            owners[named] = read.owners_for(item, place)
        found.append(_waiting(item, owners[named], offered))
    wanted = [row for row in found if row["item"].kind == "requirement"]
    for row in wanted[:OPENED]:
        row["open"] = True
    return found


def _waiting(item: Item, proposed: list[Post], offered: list[Post]) -> dict[str, Any]:
    known = {post.pk for post in proposed}
    return {
        "item": item,
        "kind": KINDS[item.kind],
        "proposed": proposed,
        "others": [post for post in offered if post.pk not in known],
        "deadline": clock.beijing(item.deadline_at) if item.deadline_at else None,
        "actions": [c for c in item.clauses if c["kind"] == "action"],
        "goals": [c for c in item.clauses if c["kind"] == "goal"],
    }


def _item(request: SeatedRequest, key: int) -> Item:
    return get_object_or_404(read.items(seat=request.seat), pk=key)


@action("directive.write")
def assign(request: SeatedRequest, key: int) -> HttpResponse:
    item = _item(request, key)
    posts = list(Post.objects.filter(pk__in=keys(request, "post")).select_related("place"))
    made = do.assign(
        item=item,
        posts=posts,
        helpers=list(Post.objects.filter(pk__in=keys(request, "helper"))),
        deadline_at=_moment(request, "deadline"),
        measure=text(request, "measure", most=300),
        what=text(request, "what", most=500),
        headquarters=text(request, "headquarters", most=20),
        cover_rule=text(request, "rule", most=40),
        in_spite=text(request, "in_spite", most=200),
        by=request.seat,
    )
    messages.success(request, gettext("已交办 %(n)s 项，承办岗位已通知。") % {"n": len(made)})
    return redirect(f"/directives/{item.directive_id}")


@action("directive.write")
def drop(request: SeatedRequest, key: int) -> HttpResponse:
    """One sentence, or with ``rest`` all that tells and exhorts, is no item: says who drops it."""
    directive = get_object_or_404(read.directives(seat=request.seat), pk=key)
    rows = directive.items.filter(state="proposed").select_related("directive__place")
    if number := text(request, "item"):
        rows = rows.filter(pk=as_key(number))
    else:
        rows = rows.filter(kind__in=("telling", "exhortation"))
    n = texts.drop_items(items=list(rows), by=request.seat, reason=text(request, "reason"))
    messages.success(request, gettext("%(n)s 句不立项，已记在您名下。") % {"n": n})
    return redirect(f"/directives/{key}")


@action("directive.write")
def add(request: SeatedRequest, key: int) -> HttpResponse:
    """A sentence that was dropped becomes an item after all, or a part of the text that is
    pasted."""
    directive = get_object_or_404(read.directives(seat=request.seat), pk=key)
    part = str(request.POST.get("part", ""))[:2000].strip()
    start = directive.text.find(part) if part else -1
    if start < 0:
        raise Problem("input.invalid", field="part", why=gettext("原文里没有这段文字"))
    texts.add_item(directive=directive, start=start, end=start + len(part), by=request.seat)
    messages.success(request, gettext("已加一句，请确认。"))
    return redirect(f"/directives/{key}")


@action("directive.write")
def repair(request: SeatedRequest, key: int) -> HttpResponse:
    directive = get_object_or_404(read.directives(seat=request.seat), pk=key)
    chosen = text(request, "own", most=200) or text(request, "text", most=200)
    texts.repair(directive=directive, start=whole(request, "start"), text=chosen, by=request.seat)
    messages.success(request, gettext("断字已由您确认，原文保留。"))
    return redirect(f"/directives/{key}")


@action("directive.write")
def withdraw(request: SeatedRequest, key: int) -> HttpResponse:
    directive = get_object_or_404(read.directives(seat=request.seat), pk=key)
    n = texts.withdraw_directive(
        directive=directive, reason=text(request, "reason"), by=request.seat
    )
    messages.success(request, gettext("已撤回，%(n)s 项在办事项已通知承办岗位。") % {"n": n})
    return redirect(f"/directives/{key}")


@page("directive.read")
def letter(request: SeatedRequest, key: int) -> HttpResponse:
    """The closure letter of a text: one for both headquarters."""
    directive = get_object_or_404(read.directives(seat=request.seat), pk=key)
    body = closure_letter(directive)
    return HttpResponse(body, content_type="text/plain; charset=utf-8")


@page("order.read")
def item(request: SeatedRequest, key: int) -> HttpResponse:
    found = _item(request, key)
    directive, seat = found.directive, request.seat
    before = directive.text[max(0, found.start - 120) : found.start]
    own = found.post_id == seat.post_id or found.helpers.filter(pk=seat.post_id or 0).exists()
    context = {
        "room": "tasks",
        "tab": "directives",
        "item": found,
        "state": ITEM.names[found.state],
        "letter": LETTERS[found.letter],
        "before": before,
        "there": directive.text[found.start : found.end],
        "after": directive.text[found.end : found.end + 120],
        "holder": holders([found.post_id]).get(found.post_id) if found.post_id else None,
        "helpers": found.helpers.select_related("organisation"),
        "gaps": read.measured(found.cover_rule, path=found.post.place.path)
        if found.cover_rule and found.post
        else None,
        "history": history(found).order_by("-id")[:60],
        "own": own,
        "may": may(seat, "directive.write", place=directive.place.path),
        "posts": _posts_offered(directive.place),
        "soon": clock.beijing(clock.now() + timedelta(days=7)),
    }
    return render(request, "web/item.html", context)


@action("order.answer")
def own_step(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    """A step of the owner."""
    found, seat = _item(request, key), request.seat
    note = text(request, "note", most=500)
    if verb == "sign":
        do.sign_item(item=found, by=seat)
    elif verb == "progress":
        do.progress_item(item=found, note=note, by=seat)
    elif verb == "report":
        do.report_item(item=found, proof=note, by=seat)
    else:
        raise Problem("not_found", what=verb)
    messages.success(request, gettext("已记录。"))
    return redirect(f"/items/{key}")


@action("directive.write")
def watch_step(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    """A step of whoever follows the item up."""
    found, seat = _item(request, key), request.seat
    note = text(request, "note", most=300)
    if verb == "verify":
        do.verify_item(item=found, by=seat, note=note)
    elif verb == "close":
        do.close_item(item=found, by=seat, reason=note)
    elif verb == "back":
        do.send_item_back(item=found, reason=note, by=seat)
    elif verb == "extend":
        do.extend_item(item=found, deadline_at=_moment(request, "deadline"), reason=note, by=seat)
    elif verb == "reopen":
        do.reopen_item(item=found, deadline_at=_moment(request, "deadline"), reason=note, by=seat)
    elif verb == "transfer":
        post = get_object_or_404(Post, pk=whole(request, "post"))
        do.transfer_item(item=found, post=post, reason=note, by=seat)
    elif verb == "withdraw":
        do.withdraw_item(item=found, reason=note, by=seat)
    else:
        raise Problem("not_found", what=verb)
    messages.success(request, gettext("已记录，承办岗位会收到通知。"))
    return redirect(f"/items/{key}")
