"""Situation reports: what is owed, drafts with the records of every figure, signature, files."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext

from fangxian.spine.command.models import Response
from fangxian.spine.command.sitreps import read, write
from fangxian.spine.command.sitreps.compose import Changed, digest, facts
from fangxian.spine.command.sitreps.models import SITREP, PhoneReport, Rendering
from fangxian.spine.command.sitreps.paper import fonts
from fangxian.spine.command.sitreps.render import FORMS, TYPES, rendered, text_of
from fangxian.spine.command.sitreps.rules import kinds
from fangxian.spine.command.sitreps.says import SECTIONS
from fangxian.spine.core import clock
from fangxian.spine.core.page import SeatedRequest, action, as_key, cut, near, page, text, whole
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import may, visible
from fangxian.spine.registry.models import Organisation

SHOWN = 60


@page("response.read")
def index(request: SeatedRequest) -> HttpResponse:
    """What is owed with minutes left, drafts, and what was signed."""
    seat, now = request.seat, clock.now()
    prefix = visible(seat, "response.read") or ""
    rows = read.sitreps(seat=seat)
    context = {
        "room": "reports",
        "dues": read.dues(at=now, path=prefix),
        "drafts": cut(rows.filter(state="draft"), SHOWN),
        "signed": [(r, SITREP.names[r.state]) for r in rows.filter(state__in=read.WRITTEN)[:SHOWN]],
        "total": rows.filter(state__in=read.WRITTEN).count(),
        "kinds": kinds(now).values(),
        "headquarters": Organisation.objects.filter(
            kind="headquarters", place__path__startswith=prefix, place__kind="city"
        ),
        "may": visible(seat, "sitrep.write") is not None,
        "responses": Response.objects.filter(ended_at=None, place__path__startswith=prefix),
        "phoned": PhoneReport.objects.filter(response__place__path__startswith=prefix)
        .select_related("response__headquarters")
        .order_by("-at")[:8],
        "lacking": fonts.lacking(("fang", "title", "hei")) if fonts.known() else None,
    }
    return render(request, "web/sitreps.html", context)


@action("sitrep.write")
def draft(request: SeatedRequest) -> HttpResponse:
    """A draft of a kind, for what is due or for now."""
    hq = get_object_or_404(
        Organisation.objects.select_related("place"), pk=whole(request, "headquarters")
    )
    key = text(request, "response")
    response = get_object_or_404(Response, pk=as_key(key)) if key else None
    due = text(request, "due", most=40)
    found = write.draft(
        headquarters=hq,
        kind=text(request, "kind", most=12),
        due_at=_moment(due, "due") if due else None,
        response=response,
        by=request.seat,
    )
    return redirect(f"/sitreps/{found.pk}")


def _moment(given: str, name: str) -> datetime:
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise Problem("input.invalid", field=name, why=given) from None
    return near(at if at.tzinfo else at.replace(tzinfo=clock.BEIJING), name)


@page("response.read")
def one(request: SeatedRequest, key: int) -> HttpResponse:
    """A report as it reads; each figure opens its records; what changed since is struck and
    rewritten."""
    report = get_object_or_404(read.sitreps(seat=request.seat), pk=key)
    draft = report.state == "draft"
    fresh = write.changed(report) if draft or "check" in request.GET else []
    told = facts(report.content)
    anew = {change.code: change for change in fresh}
    sections = [_section(row, anew) for row in report.content.get("sections", ())]
    there = {row["code"] for row in report.content.get("sections", ())}
    place = report.headquarters.place.path
    context: dict[str, Any] = {
        "room": "reports",
        "report": report,
        "state": SITREP.names[report.state],
        "sections": sections,
        "fresh": fresh,
        "new": [c for c in fresh if c.code not in told],
        "digest": digest(report.content),
        "checked": "check" in request.GET,
        "others": [(code, words) for code, words in SECTIONS.items() if code not in there],
        "plain": text_of(report),
        "forms": FORMS,
        "files": report.renderings.order_by("form").values("form", "sha256", "made_at"),
        "corrections": report.corrections.order_by("pk"),
        "may": may(request.seat, "sitrep.write", place=place),
        "signs": may(request.seat, "sitrep.sign", place=place),
    }
    return render(request, "web/sitrep.html", context)


def _section(row: dict[str, Any], anew: dict[str, Changed]) -> dict[str, Any]:
    sentences = [
        [{**part, "now": anew.get(part.get("f", ""))} for part in sentence["parts"]]
        for sentence in row["sentences"]
    ]
    return {**row, "lines": sentences}


@action("sitrep.write")
def step(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    report = get_object_or_404(read.sitreps(seat=request.seat), pk=key)
    seat, back = request.seat, f"/sitreps/{key}"
    if verb == "accept":
        n = len(write.accept(report=report, by=seat))
        messages.success(request, gettext("已采用 %(n)s 个更新的数字。") % {"n": n})
    elif verb == "own":
        section = text(request, "section", most=12)
        write.write_own(
            report=report, section=section, text=text(request, "text", most=2000), by=seat
        )
        messages.success(request, gettext("已保存。"))
    elif verb == "sign":
        signed = write.sign(report=report, by=seat, seen=text(request, "seen", most=16))
        messages.success(request, gettext("已签发：%(no)s。") % {"no": signed.document_no})
    elif verb == "send":
        write.send(report=report, to=text(request, "to", most=200), by=seat)
        messages.success(request, gettext("已记为报出。"))
    elif verb == "drop":
        write.drop(report=report, reason=text(request, "reason"), by=seat)
        messages.success(request, gettext("草稿已作废。"))
        back = "/sitreps"
    elif verb == "correct":
        found = write.correct(report=report, reason=text(request, "reason"), by=seat)
        back = f"/sitreps/{found.pk}"
    else:
        raise Problem("not_found", what=verb)
    return redirect(back)


@page("response.read")
def file(request: SeatedRequest, key: int, form: str) -> HttpResponse:
    """A signed report's file as it was kept; a draft's as it would be now."""
    report = get_object_or_404(read.sitreps(seat=request.seat), pk=key)
    kept = Rendering.objects.filter(sitrep=report, form=form).first()
    content = bytes(kept.content) if kept else rendered(report, form)
    answer = HttpResponse(content, content_type=TYPES.get(form, "application/octet-stream"))
    name = f"sitrep-{report.pk}.{form}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@action("sitrep.write")
def phone(request: SeatedRequest) -> HttpResponse:
    response = get_object_or_404(
        Response.objects.select_related("place"), pk=whole(request, "response")
    )
    write.told_by_phone(
        response=response,
        to=text(request, "to", most=80),
        text=text(request, "text", most=500),
        by=request.seat,
    )
    messages.success(request, gettext("已记电话首报。"))
    return redirect("/sitreps")
