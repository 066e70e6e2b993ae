"""Services of a directive's text: it comes in, is judged, repaired, its sentences are dropped by
somebody or become items (items.py), and it may be withdrawn."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from fangxian.spine.command.directives.intake import Reading, end_of, read_text
from fangxian.spine.command.directives.models import DIRECTIVE, ITEM, OPEN, Directive, Item
from fangxian.spine.command.directives.read import directives
from fangxian.spine.command.directives.reading.requirements import Proposed
from fangxian.spine.command.directives.rules import ALIKE, alike, shingles, supervision
from fangxian.spine.core.editions import edition
from fangxian.spine.core.events import Entry, named, record, record_many
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.registry.models import Place

from .items import reopen_text, settle, still_stands, withdraw_item

COMPARED = 400  # so many of the newest texts a new one is compared with


@transaction.atomic
def enter_directive(
    *,
    title: str,
    text: str,
    issued_at: datetime,
    place: Place,
    by: Seat,
    leader: str = "",
    document_no: str = "",
    file_name: str = "",
    anyway: str = "",
) -> Directive:
    """Take a text in and judge its sentences. Raises ``directive.same`` for one that was entered
    before, unless somebody says why it comes again."""
    require(by, "directive.write", place=place.path)
    if not text.strip():
        raise Problem("input.invalid", field="text", why="没有文字")
    own = shingles(text)
    seen = directives(seat=by).exclude(state="withdrawn").order_by("-pk")
    for other in () if anyway.strip() else seen[:COMPARED]:
        if _of_a_length(text, other.text) and alike(own, shingles(other.text)) >= ALIKE:
            raise Problem("directive.same", title=other.title, key=other.pk)
    reading = read_text(text, issued=issued_at)
    first = next((one.sentence.plain for one in reading.sentences), "")
    directive = Directive.objects.create(
        title=(title.strip() or first)[:120],
        leader=leader[:60],
        document_no=document_no[:60],
        issued_at=issued_at,
        place=place,
        text=reading.cleaned.raw,
        file_name=file_name[:120],
        entered_by=by.label,
    )
    rows = list(_rows(directive, reading))
    Item.objects.bulk_create(rows)
    told = {"title": directive.title, "sentences": len(rows), "broken": len(reading.cleaned.broken)}
    told["requirements"] = sum(row.kind == "requirement" for row in rows)
    record("directive.entered", subject=directive, by=by, after=told, reason=anyway)
    return directive


def _of_a_length(one: str, other: str) -> bool:
    """A sentence that also stands in a long text is not that text; one that was cut is."""
    return 2 * min(len(one), len(other)) >= max(len(one), len(other))


def _rows(directive: Directive, reading: Reading) -> Iterable[Item]:
    """An item a sentence; one for both headquarters is one for each."""
    number = 0
    for one in reading.sentences:
        if one.sentence.title:
            continue
        number += 1
        both = one.kind == "requirement" and one.headquarters == "both"
        for code in ("flood", "epidemic") if both else (one.headquarters,):
            yield _row(directive, reading, one, number, code)


def _row(directive: Directive, reading: Reading, one: Proposed, number: int, hq: str) -> Item:
    cleaned, sentence = reading.cleaned, one.sentence
    start, end = cleaned.span(sentence.start, sentence.end)
    limit = end_of(one.limits)
    kind = {"requirement": "requirement" if one.sure else "maybe"}.get(one.kind, one.kind)
    return Item(
        directive=directive,
        number=number,
        start=start,
        end=max(end, start + 1),
        sentence=sentence.plain,
        kind=kind or "telling",
        cue=one.cue,
        headquarters=hq,
        owners_in_text=list(one.owners),
        proposed_lead=one.lead,
        clauses=[{"text": c.text, "kind": c.kind} for c in one.clauses],
        limit_text=limit.text[:60] if limit else "",
        doubt=limit.doubt if limit else "",
        repeats=next((each.repeats or "" for each in one.limits if each.repeats), ""),
        ends_with=(limit.ends_with or "")[:60] if limit else "",
        deadline_at=_deadline(directive, limit),
        prohibition=one.prohibition,
        broken=cleaned.blocks(sentence.start, sentence.end),
        what=sentence.plain[:500],
        measure="、".join(c.text for c in one.clauses if c.kind == "goal")[:300],
        cover_rule=_rule_of(sentence.plain, directive.issued_at),
    )


def _deadline(directive: Directive, limit: Any) -> datetime | None:
    """What the text says; for a word without a time what the office reads into it."""
    if limit is None or limit.at:
        return limit.at if limit else None
    hours = supervision(directive.issued_at)["vague_h"].get(limit.text)
    return directive.issued_at + timedelta(hours=hours) if hours else None


def _rule_of(plain: str, at: datetime) -> str:
    rows = edition("directive_words", at).content.get("measured_by", {})
    return next((str(rule) for word, rule in rows.items() if word in plain), "")


@transaction.atomic
def add_item(*, directive: Directive, start: int, end: int, by: Seat) -> Item:
    """Make an item of any part of the text: what was not proposed is one click away."""
    require(by, "directive.write", place=directive.place.path)
    still_stands(directive)
    if not 0 <= start < end <= len(directive.text):
        raise Problem("input.invalid", field="span", why=f"{start}–{end}")
    part = directive.text[start:end]
    reading = read_text(part, issued=directive.issued_at)
    made = next((r for r in _rows(directive, reading)), None)
    if made is None:
        made = Item(directive=directive, sentence=reading.cleaned.plain, what=part[:500])
    made.number = 1 + max(directive.items.values_list("number", flat=True), default=0)
    made.start, made.end, made.kind = start, end, "requirement"
    made.save()
    reopen_text(directive, by=by)
    record("directive.entered", subject=directive, by=by, after={"item": made.number})
    return made


@transaction.atomic
def repair(*, directive: Directive, start: int, text: str, by: Seat) -> None:
    """Somebody says what stood in a broken run that begins at ``start``. The text stays as it came;
    the items that it blocked can be confirmed."""
    require(by, "directive.write", place=directive.place.path)
    reading = read_text(directive.text, issued=directive.issued_at)
    run = next((r for r in reading.cleaned.broken if r.start == start), None)
    if run is None or not text.strip():
        raise Problem("input.invalid", field="text", why="—")
    before = list(directive.repairs)
    kept = [row for row in directive.repairs if row["start"] != start]
    directive.repairs = [*kept, {"start": run.start, "end": run.end, "text": text.strip()}]
    directive.save(update_fields=["repairs"])
    raw = directive.text[run.start : run.end]
    shown = next((row["text"] for row in before if row["start"] == start), raw)
    done = {row["start"] for row in directive.repairs}
    for item in directive.items.filter(start__lt=run.end, end__gt=run.start):
        inside = [r for r in reading.cleaned.broken if r.start < item.end and item.start < r.end]
        item.what = item.what.replace(shown, text.strip(), 1)
        item.sentence = item.sentence.replace(shown, text.strip(), 1)
        item.broken = any(r.start not in done for r in inside)
        item.save(update_fields=["what", "sentence", "broken"])
    record(
        "directive.repaired",
        subject=directive,
        by=by,
        before={"raw": raw, "was": shown},
        after={"is": text},
    )


@transaction.atomic
def drop_items(*, items: Iterable[Item], by: Seat, reason: str = "") -> int:
    """Nothing follows of these sentences, says whoever drops them."""
    n, directive = 0, None
    for item in items:
        directive = item.directive
        move(
            item,
            "drop",
            machine=ITEM,
            by=by,
            reason=reason,
            place=directive.place.path,
            decided_by=by.label,
            decided_post=by.post_id,
        )
        n += 1
    if directive is not None:
        settle(directive=directive, by=by)
    return n


@transaction.atomic
def withdraw_directive(*, directive: Directive, reason: str, by: Seat) -> int:
    """The text is withdrawn: whatever is open of it ends, and each who had it is told. How many."""
    move(directive, "withdraw", machine=DIRECTIVE, by=by, reason=reason, place=directive.place.path)
    rows = list(directive.items.filter(state__in=OPEN).select_related("post", "directive__place"))
    for item in rows:
        withdraw_item(item=item, reason=reason, by=by)
    waiting = list(directive.items.filter(state="proposed"))
    Item.objects.filter(pk__in=[row.pk for row in waiting]).update(
        state="dropped", decided_by=by.label, decided_post=by.post_id
    )
    told = {"why": "批示件撤回"}
    record_many([Entry("item.dropped", named(row), None, told) for row in waiting], by=by)
    return len(rows)
