"""Finding a name by code, name, old name, Traditional form, full pinyin or initials. Which names
exist is in read.py; this is the index over them, in memory."""

import csv
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path

MAX_READINGS = 32
# what people leave out when they type a place
SUFFIXES = (
    "社区居委会",
    "村委会",
    "居委会",
    "居民委员会",
    "村民委员会",
    "街道",
    "社区",
    "市",
    "区",
    "县",
    "镇",
    "乡",
    "村",
    "站",
)


@dataclass(frozen=True, slots=True)
class Named:
    """One thing that can be found: what opens it and what stands beside it in the list."""

    kind: str
    key: str
    name: str
    beside: str
    rank: int
    code: str = ""
    aliases: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()  # what it was numbered before


@lru_cache(1)
def overrides() -> dict[str, tuple[str, ...]]:
    with (Path(__file__).parent / "data" / "pinyin_overrides.csv").open(encoding="utf-8") as file:
        return {row["text"]: tuple(row["pinyin"].split()) for row in csv.DictReader(file)}


@lru_cache(4096)
def _character_readings(character: str) -> tuple[str, ...]:
    from pypinyin import Style, pinyin

    if character in overrides():
        return overrides()[character]
    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    plain = {reading.replace("ü", "v") for reading in (found[0] if found else [])}
    return tuple(sorted(plain)) or (character.lower(),)


def readings(text: str) -> list[tuple[str, ...]]:
    """Every reading of ``text`` as syllables, overrides first, at most MAX_READINGS."""
    parts: list[list[tuple[str, ...]]] = []
    at = 0
    while at < len(text):
        for size in (4, 3, 2):
            word = text[at : at + size]
            if len(word) == size and word in overrides():
                parts.append([overrides()[word]])
                at += size
                break
        else:
            parts.append([(reading,) for reading in _character_readings(text[at])])
            at += 1
    found = []
    for choice in product(*parts):
        found.append(tuple(syllable for part in choice for syllable in part))
        if len(found) == MAX_READINGS:
            break
    return found


def spoken(text: str) -> list[str]:
    """The usual reading of ``text`` as syllables, overrides before the dictionary; a character
    without a reading stays as it is."""
    from pypinyin import Style, lazy_pinyin

    found: list[str] = []
    rest = ""
    at = 0
    while at < len(text):
        size = next((n for n in (4, 3, 2, 1) if text[at : at + n] in overrides()), 0)
        if size:
            found += lazy_pinyin(rest, style=Style.NORMAL, v_to_u=True) if rest else []
            found += overrides()[text[at : at + size]]
            rest = ""
        else:
            rest += text[at]
        at += size or 1
    return found + (lazy_pinyin(rest, style=Style.NORMAL, v_to_u=True) if rest else [])


@lru_cache(1)
def _simplifier() -> "object":
    from opencc import OpenCC

    return OpenCC("t2s")


def fold(text: str) -> str:
    """Simplified, half-width, lower case, without spaces and tone marks."""
    wide = unicodedata.normalize("NFKD", text).lower()
    wide = wide.replace("u\u0308", "v")  # lü is typed lv
    narrow = "".join(c for c in wide if not c.isspace() and not unicodedata.combining(c))
    if narrow.isascii():
        return narrow
    return str(_simplifier().convert(narrow))  # type: ignore[attr-defined]


def short_code(code: str) -> str:
    """A 12-digit statistics code without the zeros of lower levels: 350604000000 is a county."""
    for size in (4, 6, 9):
        if not code[size:].strip("0"):
            return code[:size]
    return code


class NameIndex:
    """A sorted list of keys, searched by prefix; built once, read by many."""

    def __init__(self, things: Iterable[Named]) -> None:
        self.things = list(things)
        keys: dict[str, dict[int, int]] = {}
        for number, thing in enumerate(self.things):
            for key, cost in _keys(thing):
                row = keys.setdefault(key, {})
                row[number] = min(cost, row.get(number, 99))
        self._keys = sorted(keys)
        self._rows = [keys[key] for key in self._keys]

    def find(self, query: str, limit: int = 3) -> list[Named]:
        """The best ``limit`` matches: exact before prefix, better key before worse, higher
        place before lower."""
        wanted = _asked(query)
        if not wanted:
            return []
        if wanted.isdigit() and len(wanted) == 12:
            return self._find(short_code(wanted), limit)
        found = self._find(wanted, limit)
        # an address as offices write it: from the top down, so the tail names the place
        while not found and not wanted.isascii() and len(wanted) > 3:
            wanted = wanted[1:]
            found = self._find(wanted, limit)
        return found

    def _find(self, wanted: str, limit: int) -> list[Named]:
        from bisect import bisect_left

        best: dict[int, tuple[int, int, int]] = {}
        at = bisect_left(self._keys, wanted)
        seen = 0
        while at < len(self._keys) and self._keys[at].startswith(wanted) and seen < 4000:
            longer = len(self._keys[at]) - len(wanted)
            for number, cost in self._rows[at].items():
                score = (1 if longer else 0, cost, longer)
                if number not in best or score < best[number]:
                    best[number] = score
            at, seen = at + 1, seen + 1
        order = sorted(
            best, key=lambda n: (*best[n], self.things[n].rank, len(self.things[n].name), n)
        )
        return [self.things[number] for number in order[:limit]]


def _asked(query: str) -> str:
    return fold(query).replace("'", "").replace("’", "").replace("-", "")


@lru_cache(20_000)
def _keys_of(name: str, code: str) -> tuple[tuple[str, int], ...]:
    return tuple(_keys(Named("", "", name, "", 0, code=code)))


def find_among(things: Iterable[Named], query: str, limit: int = 6) -> list[Named]:
    """The best ``limit`` of things that come and go or change their names (stations, people): by
    code, name or part of it, pinyin or initials. Looks at each; its keys are kept by name."""
    wanted = _asked(query)
    if not wanted:
        return []
    found = []
    for number, thing in enumerate(things):
        scores = [
            (0 if key == wanted else 1, cost, len(key) - len(wanted))
            for key, cost in _keys_of(thing.name, thing.code)
            if key.startswith(wanted)
        ]
        if scores:
            found.append((*min(scores), thing.rank, len(thing.name), number, thing))
        elif not wanted.isascii() and wanted.removesuffix("站") in fold(thing.name):
            found.append((2, 9, 0, thing.rank, len(thing.name), number, thing))
    return [row[-1] for row in sorted(found, key=lambda row: row[:-1])[:limit]]


def _keys(thing: Named) -> Iterable[tuple[str, int]]:
    """Search keys with their cost: what is typed whole is cheap, initials are dear."""
    for code in (thing.code, *thing.codes):
        if code:
            yield code, 0
    for cost, name in enumerate((thing.name, *thing.aliases)):
        folded = fold(name)
        short = next(
            (
                folded.removesuffix(suffix)
                for suffix in SUFFIXES
                if folded.endswith(suffix) and len(folded) > len(suffix) + 1
            ),
            folded,
        )
        for text, extra in {folded: 0, short: 1}.items():
            yield text, min(cost, 1) + extra
            for syllables in readings(text):
                yield "".join(syllables), 2 + extra + min(cost, 1)
                if any("v" in s for s in syllables):  # lü is also typed lyu
                    yield "".join(s.replace("v", "yu") for s in syllables), 2 + extra + min(cost, 1)
                yield "".join(s[0] for s in syllables), 4 + extra + min(cost, 1)
