"""A directive's text as it stands, cleaned with every place kept, and its sentences: where each
begins and ends in the original, under which heading, with which number before it."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from opencc import OpenCC

from . import gbk
from .broken import Span, find_broken

ENDS = "。！？!?"
CLOSERS = "”』」》）)"
NUMBER = re.compile(
    r"^\s*(?:第[一二三四五六七八九十]{1,2}[件点条项个](?:事)?[，,、：:]|"
    r"第?[一二三四五六七八九十]{1,3}(?:[、.．]|是(?!否)|要(?=[，,]))|"
    r"[（(][一二三四五六七八九十]{1,3}[）)]|\d{1,2}[.．、](?!\d)|[（(]\d{1,2}[）)]|"
    r"[①-⑳])\s*"
)
HEAD_MOST = 40


@dataclass(frozen=True, slots=True)
class Cleaned:
    """``raw`` as given; ``text`` without its glosses; ``plain`` the same in Simplified, character
    for character; ``places[k]`` is where character k of both stands in ``raw``."""

    raw: str
    text: str
    plain: str
    places: tuple[int, ...]
    removed: int
    broken: tuple[Span, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """[start, end) of the clean text as code points of the original: a gloss that stands behind
        the last character belongs to it."""
        if start == end:
            at = self.places[start] if start < len(self.places) else len(self.raw)
            return at, at
        first = self.places[start]
        last = self.places[end] if end < len(self.places) else len(self.raw)
        while last > 0 and self.raw[last - 1] == "\n" and self.text[end - 1 : end] != "\n":
            last -= 1
        return first, last

    def blocks(self, start: int, end: int) -> bool:
        """Whether a broken run lies in [start, end) of the clean text."""
        first, last = self.span(start, end)
        return any(run.start < last and first < run.end for run in self.broken)


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC("t2s")


def simplified(text: str) -> str:
    """Character by character, so that every place stays."""
    known = gbk.simplified()
    return "".join(
        known.get(c) or (_converter().convert(c) if ord(c) > 0x2E7F else c) for c in text
    )


def clean(raw: str) -> Cleaned:
    """Glosses go, everything else stays as it is. What is broken is found and marked, no more."""
    raw = raw.replace("\r\n", "\n").replace("\r", "\n")
    broken = tuple(find_broken(raw))
    text, places = gbk.without_glosses(raw)
    plain = simplified(text)
    if len(plain) != len(text):  # then no span would be right
        raise ValueError("converting to Simplified changed the length")
    return Cleaned(raw, text, plain, tuple(places), _glosses(raw, text), broken)


def _glosses(raw: str, text: str) -> int:
    """How many were taken out: each has one closing bracket."""
    return raw.count(")") - text.count(")")


@dataclass(frozen=True, slots=True)
class Sentence:
    """[start, end) of the clean text; ``number`` is what counted it; ``heading`` the nearest above;
    ``title`` where it is a heading itself."""

    start: int
    end: int
    plain: str
    number: str = ""
    heading: str = ""
    title: bool = False


def sentences(cleaned: Cleaned) -> list[Sentence]:
    """In order; headings among them."""
    found: list[Sentence] = []
    heading = ""
    broken = _in_broken(cleaned)
    for start, end in _lines(cleaned.plain):
        line = cleaned.plain[start:end]
        if _is_heading(line, first=not found):
            heading = line.strip()
            found.append(Sentence(start, end, heading, heading=heading, title=True))
            continue
        for a, b in _pieces(cleaned.plain, start, end, broken):
            plain = cleaned.plain[a:b]
            number = NUMBER.match(plain)
            found.append(Sentence(a, b, plain, number[0].strip() if number else "", heading))
    return found


def _lines(plain: str) -> Iterator[tuple[int, int]]:
    at = 0
    for line in plain.split("\n"):
        lead = len(line) - len(line.lstrip())
        if line.strip():
            yield at + lead, at + len(line.rstrip())
        at += len(line) + 1


def _is_heading(line: str, *, first: bool) -> bool:
    """A line without a stop: the title, a numbered head, a name of a body. A long one is none."""
    line = line.strip()
    if "｜" in line or "|" in line or "\t" in line or re.search(r"\d[日时号]前?$", line):
        return False  # a row of a table
    if line[-1:] in f"{ENDS}；;，,":
        return False
    numbered = bool(NUMBER.match(line))
    colon = line[-1:] in ":："
    return len(line) <= HEAD_MOST and (
        first or numbered or colon or not re.search(r"[，,；;]", line)
    )


def _in_broken(cleaned: Cleaned) -> frozenset[int]:
    """Characters of the clean text that lie in a broken run: a "?" there ends no sentence."""
    runs = cleaned.broken
    return frozenset(
        k for k, at in enumerate(cleaned.places) if any(r.start <= at < r.end for r in runs)
    )


def _pieces(plain: str, start: int, end: int, broken: frozenset[int]) -> Iterator[tuple[int, int]]:
    """Sentences of a line, without the blanks between them."""
    at = start
    for k in range(start, end):
        if k < at:
            continue
        if plain[k] in ENDS and k not in broken:
            stop = k + 1
            while stop < end and plain[stop] in ENDS + CLOSERS:
                stop += 1
            if plain[at:stop].strip():
                yield at, stop
            at = stop
            while at < end and plain[at].isspace():
                at += 1
    if plain[at:end].strip():
        yield at, end


def chain(cleaned: Cleaned, one: Sentence) -> list[Sentence]:
    """The parts of a sentence at its semicolons, each as a sentence; itself where it has none."""
    text = cleaned.plain[one.start : one.end]
    cuts = [one.start + m.end() for m in re.finditer(r"[；;]", text)]
    cuts = [cut for cut in cuts if cut < one.end]
    if not cuts:
        return [one]
    parts = []
    for a, b in zip([one.start, *cuts], [*cuts, one.end], strict=True):
        while a < b and cleaned.plain[a].isspace():
            a += 1  # noqa: PLW2901 - blanks belong to no part
        plain = cleaned.plain[a:b]
        number = NUMBER.match(plain)
        parts.append(Sentence(a, b, plain, number[0].strip() if number else "", one.heading))
    return parts


def sentence_at(found: list[Sentence], place: int) -> Sentence | None:
    """The sentence that holds a place of the clean text."""
    at = bisect_left([one.end for one in found], place + 1)
    return found[at] if at < len(found) and found[at].start <= place else None
