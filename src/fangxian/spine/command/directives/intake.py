"""A directive's text as it is taken in: read, judged sentence by sentence, shown. What people
decide of it is in write."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.days import after_working_days, days
from fangxian.spine.core.editions import edition, stamp

from .reading.broken import Candidate, repair_candidates
from .reading.deadlines import Almanac, Limit
from .reading.requirements import Proposed, propose
from .reading.sentences import Cleaned, clean
from .reading.wording import jieba_words


@dataclass(frozen=True, slots=True)
class Reading:
    """A text and what was understood of it."""

    cleaned: Cleaned
    sentences: list[Proposed]

    def candidates(self, k: int) -> list[Candidate]:
        """For the ``k``-th broken run the best five of what may have stood there."""
        return _candidates(self.cleaned, k)


@lru_cache(maxsize=256)
def _candidates(cleaned: Cleaned, k: int) -> list[Candidate]:
    return repair_candidates(cleaned.raw, cleaned.broken[k], words=jieba_words())


def read_text(text: str, *, issued: datetime) -> Reading:
    """Read a text that was issued at a time, with the words and the calendar of that day."""
    return _read(text, issued, stamp())


@lru_cache(maxsize=16)
def _read(text: str, issued: datetime, editions: int) -> Reading:
    """``editions`` changes with the office's rules: then a text is read anew."""
    words = edition("directive_words", issued).content
    almanac = Almanac(
        clock.beijing(issued),
        after_working_days,
        _holiday,
        int(words["limits"]["ask_year_days"]),
    )
    cleaned = clean(text)
    return Reading(cleaned, propose(cleaned, words=words, almanac=almanac))


@lru_cache(maxsize=64)
def _first_of(name: str, first: date, last: date, editions: int) -> date | None:
    del editions
    return next((day.on for day in days(first, last) if day.name == name), None)


def _holiday(name: str, after: datetime) -> date | None:
    """The first day of the next holiday of a name within a year, if that year is known."""
    first = clock.beijing(after).date()
    last = first.replace(year=first.year + 1, day=min(first.day, 28))
    return _first_of(name, first, last, stamp())


def end_of(limits: tuple[Limit, ...]) -> Limit | None:
    """The limit that ends a sentence's duty: the latest that has a time; else the first of an
    event, an attached one or a vague word; a recurrence only where nothing else is said."""
    timed = [one for one in limits if one.at]
    if timed:
        return max(timed, key=lambda one: one.at or datetime.min)  # noqa: DTZ901 - never taken
    for kind in ("event", "attached", "vague", "every"):
        for one in limits:
            if one.kind == kind:
                return one
    return None


def layout(reading: Reading) -> dict[str, Any]:
    """The reading as JSON. Spans are 0-based code points of the original, end exclusive."""
    cleaned = reading.cleaned
    runs = [_run(reading, k) for k in range(len(cleaned.broken))]
    items = [_item(cleaned, one) for one in reading.sentences if one.kind]
    others = [_other(cleaned, one) for one in reading.sentences if not one.kind]
    kinds = [one.kind for one in reading.sentences]
    return {
        "removed_glosses": cleaned.removed,
        "text_clean": cleaned.text,
        "text_clean_simplified": cleaned.plain,
        "suspect_spans": runs,
        "items": items,
        "not_items": others,
        "totals": {
            "sentences": len(kinds),
            "requirements": kinds.count("requirement"),
            "exhortations": kinds.count("exhortation"),
            "title_or_narrative": kinds.count(""),
        },
    }


def _run(reading: Reading, k: int) -> dict[str, Any]:
    cleaned, run = reading.cleaned, reading.cleaned.broken[k]
    found = reading.candidates(k)
    start = next((p for p, at in enumerate(cleaned.places) if at >= run.start), len(cleaned.text))
    end = next((p for p, at in enumerate(cleaned.places) if at >= run.end), len(cleaned.text))
    best = found[0] if found else None
    return {
        "span": [run.start, run.end],
        "raw": cleaned.raw[run.start : run.end],
        "left_context": cleaned.text[max(0, start - 1) : start],
        "right_context": cleaned.text[end : end + 4],
        "orphan_reading": run.reading,
        "misread_character": best.misread if best else None,
        "lost_lead_byte": best.lost_lead.hex() if best else None,
        "dropped_pairs": [pair.hex() for pair in best.dropped] if best else [],
        "candidates": [one.text for one in found],
    }


def _item(cleaned: Cleaned, one: Proposed) -> dict[str, Any]:
    sentence = one.sentence
    limit = end_of(one.limits)
    repeats = next((each.repeats for each in one.limits if each.repeats), None)
    ends_with = next((each.ends_with for each in one.limits if each.ends_with), None)
    vague = next((e.text for e in one.limits if e.kind in {"attached", "vague"}), None)
    told: dict[str, Any] = {
        "sentence": cleaned.text[sentence.start : sentence.end],
        "sentence_simplified": sentence.plain,
        "span": list(cleaned.span(sentence.start, sentence.end)),
        "kind": one.kind,
        "cue": one.cue or None,
        "headquarters": one.headquarters or None,
        "owners_in_text": list(one.owners),
        "clauses": [
            {"text": clause.text, "kind": clause.kind}
            for clause in one.clauses
            if clause.kind != "exhortation"
        ],
        "deadline": limit.at.isoformat() if limit and limit.at else None,
        "deadline_text": limit.text if limit and limit.at else None,
        "sure": one.sure,
    }
    more = {
        "helpers_in_text": list(one.co),
        "repeats": repeats,
        "ends_with": ends_with,
        "relative_limit": vague,
        "object": one.thing,
        "prohibition": one.prohibition,
        "ask": limit.doubt if limit else "",
        "proposed_lead": one.lead,
        "owner_missing": one.kind == "requirement" and not one.owners,
        "blocked_by_suspect_span": cleaned.blocks(sentence.start, sentence.end),
    }
    return told | {name: value for name, value in more.items() if value}


def _other(cleaned: Cleaned, one: Proposed) -> dict[str, Any]:
    kind = "title" if one.sentence.title else "narrative"
    return {"span": list(cleaned.span(one.sentence.start, one.sentence.end)), "kind": kind}
