"""Services of situation reports, the only writers of their tables: drafted in a moment, signed with
a number, rendered once, sent, corrected in the open."""

import hashlib
import re
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max

from fangxian.spine.command.models import Response
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.registry.models import Organisation, Post

from .compose import (
    Changed,
    changes,
    compile_content,
    digest,
    facts,
    settled,
    unsourced,
    with_own,
    written,
)
from .models import SITREP, PhoneReport, Rendering, SitRep
from .render import FORMS, rendered, unprintable
from .rules import clocks, kinds
from .says import SECTIONS, Ask

LONGEST = timedelta(days=366)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # no form of paper has them


def _ask(headquarters: Organisation, since: datetime, until: datetime) -> Ask:
    """What the headquarters itself may see: a report does not change with who presses the key."""
    path = headquarters.place.path
    seat = Seat(None, None, headquarters.name, "commander", path, headquarters.place.kind)
    return Ask(seat, headquarters.headquarters, path, since, until)


@transaction.atomic
def draft(
    *,
    headquarters: Organisation,
    kind: str,
    by: Seat,
    until: datetime | None = None,
    since: datetime | None = None,
    due_at: datetime | None = None,
    response: Response | None = None,
) -> SitRep:
    """Compile a draft over the kind's span up to ``until``, by default up to when it is due or
    now. Pressed twice, it is the same draft, compiled anew."""
    require(by, "sitrep.write", place=headquarters.place.path)
    if headquarters.kind != "headquarters":
        raise Problem("input.invalid", field="headquarters", why=headquarters.name)
    if response is not None and response.headquarters.headquarters != headquarters.headquarters:
        raise Problem("input.invalid", field="response", why=str(response))
    known = kinds(clock.now())
    if kind not in known:
        raise Problem("not_found", what=f"{kind} ({', '.join(known)})")
    one, now = known[kind], clock.now()
    until = min(until or due_at or now, now)
    if until.year < 1990:
        raise Problem("input.invalid", field="until", why=f"{until:%Y-%m-%d}")
    since = since or until - one.span
    if response is not None:
        since = response.started_at if kind in {"first", "final"} else since
    if not since < until or (response is None and until > since + LONGEST):
        raise Problem("input.invalid", field="until", why=f"{since:%Y-%m-%d %H:%M} – {until}")
    rows = SitRep.objects.filter(
        headquarters=headquarters, kind=kind, state="draft", response=response, due_at=due_at
    )
    found = rows.filter(corrects=None).first()
    content = compile_content(_ask(headquarters, since, until))
    if found is None:
        found = SitRep(headquarters=headquarters, kind=kind, response=response, due_at=due_at)
        found.drafted_by, found.series = by.label, one.series
    else:
        content = with_own(content, found.content)
    found.since, found.until, found.content = since, until, content
    found.title = _title(found, one.zh)
    found.save()
    told = {"kind": kind, "since": since, "until": until, "figures": len(facts(content))}
    record("sitrep.drafted", subject=found, by=by, after=told)
    return found


def _title(report: SitRep, name: str) -> str:
    day = clock.beijing(report.until)
    place = report.headquarters.place.name
    what = {"flood": "防汛", "epidemic": "疫情防控"}.get(report.headquarters.headquarters, "")
    if report.response is not None and report.kind in {"first", "follow", "final"}:
        from fangxian.spine.core.hazards import hazard

        what = f"{hazard(report.response.hazard).zh}应急响应"
    return f"{place}{what}{name}（{day.month}月{day.day}日{day.hour}时）"


@transaction.atomic
def write_own(*, report: SitRep, section: str, text: str, by: Seat) -> SitRep:
    """What a person adds to a section. A number in it needs its source in brackets."""
    require(by, "sitrep.write", place=report.headquarters.place.path)
    report = _draft_of(report)
    if section not in SECTIONS:
        raise Problem("input.invalid", field="section", why=section)
    if number := unsourced(text):
        raise Problem("sitrep.unsourced", number=number)
    own = CONTROL.sub("", text).strip()[:2000]
    before = written(report.content, section, own)
    report.save(update_fields=["content"])
    told = {section: own}
    record("sitrep.written", subject=report, by=by, before={section: before}, after=told)
    return report


def _draft_of(report: SitRep) -> SitRep:
    """The row as it is now: somebody may have written into it, or signed it, since it was read."""
    report = SitRep.objects.select_for_update(of=("self",)).get(pk=report.pk)
    if report.state != "draft":
        raise Problem("step.not_from", what=str(report), state=report.state, verb="edit")
    return report


def _now(report: SitRep) -> dict[str, Any]:
    now = compile_content(_ask(report.headquarters, report.since, report.until))
    return settled(now, report.content) if report.corrects_id else now


def changed(report: SitRep) -> list[Changed]:
    """What is otherwise now than in the report; of a signed one or a correction what has no history
    is left out."""
    over = report.state != "draft" or report.corrects_id is not None
    return changes(report.content, _now(report), settled=over)


@transaction.atomic
def accept(*, report: SitRep, by: Seat) -> list[Changed]:
    """Take the figures as they are now; which changed is kept with the report."""
    require(by, "sitrep.write", place=report.headquarters.place.path)
    report = _draft_of(report)
    found, now = changed(report), _now(report)
    rows = [{"code": c.code, "before": c.before, "after": c.after} for c in found]
    if report.corrects:
        first = next(s for s in report.content["sections"] if s["code"] == "correction")
        now["sections"].insert(0, _corrected(report.corrects, now, str(first["reason"])))
    report.content = with_own(now, report.content)
    report.accepted = [*report.accepted, *rows]
    report.save(update_fields=["content", "accepted"])
    record("sitrep.accepted", subject=report, by=by, after={"figures": rows})
    return found


@transaction.atomic
def sign(*, report: SitRep, by: Seat, seen: str = "") -> SitRep:
    """Sign: the next number of its series and year is given, and every form is made and kept.
    ``seen`` is the digest of the content that the signer has read. Raises ``state.changed`` where
    it is another by now, ``sitrep.changed`` while a figure is another than in the draft,
    ``sitrep.early`` for one that speaks of nothing of the span it is owed for, and
    ``sitrep.unprintable`` for a letter that no font here has."""
    require(by, "sitrep.sign", place=report.headquarters.place.path)
    report = _draft_of(report)
    _of_his_headquarters(report, by)
    if seen and seen != digest(report.content):
        raise Problem("state.changed", what=str(report))
    span, part = kinds(clock.now())[report.kind].span, clocks(clock.now())["early_part"]
    if report.due_at and report.until < report.due_at - span * part:
        raise Problem("sitrep.early", due=f"{clock.beijing(report.due_at):%m-%d %H:%M}")
    if found := changed(report):
        told = "；".join(f"{c.before or '—'} → {c.after or '—'}" for c in found[:4])
        raise Problem("sitrep.changed", n=len(found), what=told)
    report.signed_by = by.label
    if letters := unprintable(report):
        raise Problem("sitrep.unprintable", letters=letters)
    now = clock.now()
    year = clock.beijing(now).year
    taken = SitRep.objects.filter(
        headquarters=report.headquarters, series=report.series, year=year
    ).aggregate(most=Max("number"))["most"]
    move(
        report,
        "sign",
        machine=SITREP,
        by=by,
        place=report.headquarters.place.path,
        year=year,
        number=(taken or 0) + 1,
        signed_at=now,
        signed_by=by.label,
    )
    for form in FORMS:
        content = rendered(report, form)
        Rendering.objects.create(
            sitrep=report,
            form=form,
            content=content,
            sha256=hashlib.sha256(content).hexdigest(),
            made_at=now,
        )
    return report


def _of_his_headquarters(report: SitRep, by: Seat) -> None:
    """The officer on duty of one headquarters does not sign for the other one."""
    post = Post.objects.select_related("organisation").filter(pk=by.post_id or 0).first()
    own = post.organisation.headquarters if post and by.role == "duty_officer" else ""
    if own and own != report.headquarters.headquarters:
        raise Problem("rights.denied", seat=by.label, right="sitrep.sign")


@transaction.atomic
def send(*, report: SitRep, to: str, by: Seat) -> SitRep:
    """It has gone up: to whom is written down."""
    if not to.strip():
        raise Problem("input.invalid", field="to", why="报给谁 / to whom")
    move(
        report,
        "send",
        machine=SITREP,
        by=by,
        place=report.headquarters.place.path,
        sent_at=clock.now(),
        sent_to=to.strip()[:200],
    )
    return report


@transaction.atomic
def drop(*, report: SitRep, reason: str, by: Seat) -> SitRep:
    """A draft that is not wanted. It had no number, so none is missing."""
    move(report, "drop", machine=SITREP, by=by, reason=reason, place=report.headquarters.place.path)
    return report


@transaction.atomic
def correct(*, report: SitRep, by: Seat, reason: str) -> SitRep:
    """更正: a report that was signed turned out wrong. A draft of its own says what changed; the
    old one stays as it is. Raises ``sitrep.unchanged`` where every figure still holds."""
    require(by, "sitrep.write", place=report.headquarters.place.path)
    if report.state not in {"signed", "sent"}:
        raise Problem("step.not_from", what=str(report), state=report.state, verb="correct")
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    if open_ := report.corrections.filter(state="draft").first():
        return open_
    last = report.corrections.filter(state__in=("signed", "sent")).order_by("pk").last()
    now = settled(
        compile_content(_ask(report.headquarters, report.since, report.until)), report.content
    )
    found = changes((last or report).content, now, settled=True)
    own = any(section.get("own") for section in report.content["sections"])
    if not found and (last or not own):
        raise Problem("sitrep.unchanged", title=report.title)
    now["sections"].insert(0, _corrected(report, now, reason))
    content = with_own(now, (last or report).content)
    row = SitRep.objects.create(
        headquarters=report.headquarters,
        kind=report.kind,
        response=report.response,
        corrects=report,
        title=f"更正：{report.title}"[:120],
        since=report.since,
        until=report.until,
        content=content,
        series=report.series,
        drafted_by=by.label,
    )
    told: dict[str, Any] = {"corrects": report.document_no, "figures": len(found)}
    record("sitrep.drafted", subject=row, by=by, after=told, reason=reason)
    return row


def _corrected(report: SitRep, now: dict[str, Any], reason: str) -> dict[str, Any]:
    """The first section of a correction: what stood there and what is right."""
    found = changes(report.content, now, settled=True)
    parts = [{"t": f"{report.document_no}有误（{reason.strip()[:100]}），更正如下："}]
    for k, one in enumerate(found):
        tail = "。" if k == len(found) - 1 else "；"
        words = f"{_named(report, one)}由“{one.before or '无'}”改为“{one.after or '无'}”{tail}"
        parts.append({"t": words})
    sentence = {"code": "correction", "parts": parts}
    told = {"code": "correction", "title": "更正说明", "reason": reason, "own": ""}
    return {**told, "sentences": [sentence]}


def _named(report: SitRep, one: Changed) -> str:
    """The words before a figure, so that people know which it is."""
    for section in report.content.get("sections", ()):
        for sentence in section["sentences"]:
            before = ""
            for part in sentence["parts"]:
                if part.get("f") == one.code:
                    return f"“{before[-16:]}”"
                before += part["t"]
    return one.code


@transaction.atomic
def told_by_phone(*, response: Response, to: str, text: str, by: Seat) -> PhoneReport:
    """The first report by telephone: to whom, what was said."""
    require(by, "sitrep.write", place=response.place.path)
    if not to.strip() or not text.strip():
        raise Problem("input.invalid", field="text", why="报给谁、报了什么 / to whom, what")
    row = PhoneReport.objects.create(
        response=response, at=clock.now(), to=to[:80], text=text[:500], by=by.label
    )
    record("sitrep.told", subject=row, by=by, after={"to": row.to, "text": row.text})
    return row
