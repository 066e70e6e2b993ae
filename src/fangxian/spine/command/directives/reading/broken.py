"""Finds the runs of a directive that byte-wise pinyin glosses broke, and offers what stood there.
Marking a run, keeping its raw text and choosing a candidate are left to the reader's page."""

import heapq
import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import gbk
from .gbk import HAN, SYLLABLE, damage, without_glosses
from .wording import SIGNS, Path, Words, grow, is_usual, jieba_words, likelihood, next_score, score

__all__ = ["Candidate", "Span", "damage", "find_broken", "jieba_words", "repair_candidates"]

Follow = Callable[[int], Sequence[str]]

_ORPHAN = re.compile(rf"\?({SYLLABLE})\)")
# how a run ends at a glossed character: its trail byte lost with "(", or left over as a letter
_CLOSING = re.compile(rf"(?:\?|(?<=[@-~€])\()({SYLLABLE})\)")
_LETTER = re.compile(rf"(?<={HAN}{{6}})[A-Za-z](?={HAN})")
_WINDOW = 6
_BETTER = 1.5
_NONSENSE = -10.8  # per character; the sample's run has -11.4 and less, its text -8.6 and more

# what "lead byte + ASCII below 0x40" may have swallowed: after words, after a sign
_SWALLOWED = dict.fromkeys(".:;() 0123456789", -4.0) | {",": -1.0, "\n": -2.0}
_SWALLOWED_AFTER_END = {"\n": -1.0, " ": -8.0, "(": -8.0}
_SWALLOWED_AFTER_SIGN = dict.fromkeys("\n (", -8.0)
_CONTEXT = 6
_BEAM = 12
_SHORTLIST = 120
_HALVES = 80
_HALVES_GONE_ON_WITH = 8
_OFFERED = 5


@dataclass(frozen=True)
class Span:
    """Code points [start, end) of the text as given; no reading when only a letter betrays it."""

    start: int
    end: int
    reading: str


@dataclass(frozen=True)
class Candidate:
    """What may have stood in a span, with the accident that made it unreadable."""

    text: str
    reading: str
    misread: str
    lost_lead: bytes
    dropped: tuple[bytes, ...]
    score: float


def find_broken(text: str) -> list[Span]:
    """Runs in order; whole glosses may still stand in the text or be gone already."""
    bare, places = without_glosses(text)
    runs: list[tuple[int, int, str]] = []
    done = 0
    for match in _ORPHAN.finditer(bare):
        chained = bool(runs) and match.start() == done  # its character is the last of that run
        if chained or (match.start() > done and _is_orphan(bare, match)):
            done = _run_end(bare, match.end())
            runs.append((match.start(), done, match[1]))
    for match in _LETTER.finditer(bare):
        at = match.start()
        start = _nonsense_start(bare, at)
        if start < at and not any(first <= at < end for first, end, _ in runs):
            runs.append((start, at + 1, ""))
    return [
        Span(places[first], places[end - 1] + 1, reading) for first, end, reading in sorted(runs)
    ]


def _is_orphan(bare: str, match: re.Match[str]) -> bool:
    """Two of three: tone letters, no bracket open before, a false character with this reading."""
    start, reading = match.start(), match[1]
    lead = gbk.trail(bare[start - 1]) if start else 0
    line = bare[bare.rfind("\n", 0, start) + 1 : start]
    signs = [not reading.isascii(), line.count("(") <= line.count(")")]
    return bool(lead) and (all(signs) or (any(signs) and bool(gbk.glossable(lead, reading))))


def _run_end(bare: str, at: int) -> int:
    """The first byte below 0x81 lets the decoder catch up: a letter, a "?", half a character."""
    for place in range(at, len(bare)):
        char = bare[place]
        if char in "?€" or "@" <= char <= "~":
            closing = _CLOSING.match(bare, place + (char != "?"))
            return closing.end() if closing else place + 1
        if not gbk.trail(char):
            return place
        if gbk.trail(char) < 0x80:
            return place + 1
    return len(bare)


def _nonsense_start(bare: str, end: int) -> int:
    """Where the windows before a letter begin that read better one byte back; `end` if none do."""
    start = end
    for first in range(end - _WINDOW, -1, -1):
        window = bare[first : first + _WINDOW]
        if not re.fullmatch(f"{HAN}+", window):
            break
        as_read = likelihood(window, words=jieba_words())
        code = (window + bare[first + _WINDOW]).encode("gbk", "ignore")
        shifted = code[1 : 1 + 2 * _WINDOW].decode("gbk", "ignore")
        if as_read > _NONSENSE or likelihood(shifted, words=jieba_words()) < as_read + _BETTER:
            break
        start = first
    return start


def repair_candidates(text: str, span: Span, *, words: Words) -> list[Candidate]:
    """The best five, likeliest first; a person confirms one, the raw text stays."""
    bare, places = without_glosses(text)
    start, end = bisect_left(places, span.start), bisect_left(places, span.end)
    orphan = _ORPHAN.match(bare, start)
    if orphan is None or start == 0:
        return []
    before, after = bare[start - 1], _gbk_prefix(bare[end : end + _CONTEXT])
    context = grow(Path(), bare[max(0, start - _CONTEXT) : start], words=words)
    paths = [
        context._replace(text="", misread=false, pending=gbk.trail(false))
        for false in gbk.glossable(gbk.trail(before), orphan[1])
    ]
    paths = _read_shifted(paths, bare[orphan.end() : end], words=words)
    scored = [(grow(path, after, words=words).scores[-1], path) for path in paths]
    found: list[Candidate] = []
    for total, path in sorted(scored, reverse=True):
        if len(found) == _OFFERED:
            break
        if _gives(bare[start - 1 : end], path, before=before, after=after, reading=orphan[1]):
            lost, false = bytes([gbk.trail(path.misread)]), path.misread
            found.append(Candidate(path.text, orphan[1], false, lost, path.dropped, total))
    return found


def _gives(raw: str, path: Path, *, before: str, after: str, reading: str) -> bool:
    """Forward check: the candidate, damaged in the same way, is the raw text to the letter."""
    closing = re.search(rf"{_CLOSING.pattern}$", raw[2:])  # past the orphan's own "?"
    last = {path.text[-1]: closing[1]} if closing and path.text else {}
    first = {path.misread: reading}
    whole = before + path.text + after
    # which of the two the list held first is not known, and overlapping hits depend on it
    return any(
        without_glosses(damage(whole, glossed))[0] == raw + after
        for glossed in (last | first, first | last)
    )


def _gbk_prefix(text: str) -> str:
    return text[
        : next((at for at, char in enumerate(text) if not char.encode("gbk", "ignore")), None)
    ]


def _read_shifted(paths: list[Path], raw: str, *, words: Words) -> list[Path]:
    """Every reading of the run after its orphan, one byte back into step."""
    closing = re.search(rf"(?:{_CLOSING.pattern}|\?)$", raw)
    for char in raw[: closing.start()] if closing else raw:
        code = b"\x80" if char == "€" else char.encode("gbk", "ignore")
        if not code:
            return []
        paths = _expand(paths, _ending_in(code[0]), words=words)
        if len(code) == 2 and code[1] < 0x80:  # an ASCII letter of the truth, taken as trail byte
            paths = [grow(path, chr(code[1]), words=words) for path in paths]
        elif len(code) == 2:
            paths = [path._replace(pending=code[1]) for path in paths]
    if closing is None:
        return paths
    reading = closing[1]
    if closing[0].startswith("("):
        return [path for path in paths if reading in gbk.readings(path.text[-1:])]
    if reading:
        return _expand(paths, lambda lead: gbk.glossable(lead, reading), words=words)
    ends = [grow(path, char, words=words) for path in paths for char in gbk.row(path.pending)]
    return [
        path._replace(text=path.text + lost, scores=(*path.scores[:-1], path.scores[-1] + chance))
        for path in heapq.nlargest(_SHORTLIST, ends, key=score)
        for lost, chance in _swallowed_after(path.text[-1]).items()
    ]


def _swallowed_after(char: str) -> dict[str, float]:
    if char in "。！？；：":
        return _SWALLOWED_AFTER_END
    return _SWALLOWED_AFTER_SIGN if char in SIGNS else _SWALLOWED


def _ending_in(trail: int) -> Follow:
    def follow(lead: int) -> Sequence[str]:
        char = gbk.codes().get(bytes((lead, trail)))
        return (char,) if char else ()

    return follow


def _expand(paths: list[Path], follow: Follow, *, words: Words) -> list[Path]:
    """Each path on by one character, by two around a vanished pair, by three around two."""
    grown = [grow(path, char, words=words) for path in paths for char in follow(path.pending)]
    halves = [
        grow(path, char, words=words)
        for path in paths
        for char in gbk.before_holes(path.pending)
        if is_usual(char, words)
    ]
    halves = heapq.nlargest(_HALVES, halves, key=score)
    best_halves = halves[:_HALVES_GONE_ON_WITH]
    middles = _over_hole(best_halves, gbk.before_holes, words=words)
    grown += _over_hole(halves, follow, words=words) + _over_hole(middles, follow, words=words)
    return heapq.nlargest(_BEAM, grown, key=score)


def _over_hole(halves: list[Path], follow: Follow, *, words: Words) -> list[Path]:
    """Past a pair that vanished after each half, to a usual character."""
    seconds: dict[int, list[tuple[str, bytes]]] = {}
    for trail in {gbk.trail(half.text[-1]) for half in halves}:
        seconds[trail] = [
            (char, bytes((trail, lead)))
            for lead in gbk.holes()[trail]
            for char in follow(lead)
            if is_usual(char, words)
        ]
    shortlist = heapq.nlargest(
        _SHORTLIST,
        (
            (next_score(half, char, words), at, char, pair)
            for at, half in enumerate(halves)
            for char, pair in seconds[gbk.trail(half.text[-1])]
        ),
    )
    return [
        grow(halves[at]._replace(dropped=(*halves[at].dropped, pair)), char, words=words)
        for _, at, char, pair in shortlist
    ]
