"""Lists of risk areas as they are published, the difference of two, and the spans that many of them
make. A level is whatever a list calls it."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.problems import Problem

LEVELS = {"high": "high", "middle": "medium", "low": "low"}  # names of the national list
PUBLISHED = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})\s*(\d{1,2})\s*时")


class Area(NamedTuple):
    """An area as a list names it: down to the county (of a municipality: the street), and the text
    of its part, empty where the whole is meant."""

    province: str
    city: str
    county: str
    part: str = ""

    @property
    def title(self) -> str:
        return " ".join(word for word in dict.fromkeys(self) if word)


ENDINGS = re.compile(
    r"(省|市|地区|盟|州|自治州|自治县|自治旗|自治区|特别行政区|新区|林区|区|县|旗|街道|镇|乡)$"
)


@lru_cache(65_536)
def plain_name(text: str) -> str:
    """A name without its ending (泉州市, 泉州), where something is left of it."""
    clean = re.sub(r"\s", "", text)
    short = ENDINGS.sub("", clean)
    return short if len(short) > 1 else clean


def county_key(area: Area) -> str:
    """By what two ways of writing a county are one."""
    return "|".join(plain_name(name) for name in area[:3])


Entry = tuple[str, Area]  # level, area


@dataclass(frozen=True, slots=True)
class RiskList:
    """One published list: of whom, when, which areas at which level, and what is odd about it."""

    authority: str
    published_at: datetime
    entries: frozenset[Entry]
    stated: dict[str, int]
    notes: tuple[str, ...] = ()

    @property
    def counted(self) -> dict[str, int]:
        return dict(Counter(level for level, _ in self.entries))


@dataclass(frozen=True, slots=True)
class Difference:
    """What a list adds to the one before it and takes from it; ``moved`` are areas whose level
    changed, which stand in neither of the others."""

    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    moved: tuple[tuple[Area, str, str], ...]


@dataclass(slots=True)
class Span:
    """An area at a level from one list to another; ``until`` is the first list without it."""

    level: str
    area: Area
    since: datetime
    until: datetime | None
    first: str
    last: str


def read_list(raw: bytes, *, authority: str = "CN", name: str = "") -> RiskList:
    """A list in the form of the national service. Raises ``json.unreadable`` with what is wrong."""
    try:
        data = json.loads(raw)
        data = data.get("data", data)
        told = str(data["end_update_time"])
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise Problem("json.unreadable", file=name or authority, why=repr(error)[:120]) from None
    found = PUBLISHED.search(told)
    if not found:
        raise Problem(
            "json.unreadable", file=name or authority, why=f"end_update_time “{told[:40]}”"
        )
    year, month, day, hour = map(int, found.groups())
    try:
        if hour > 24:
            raise ValueError(f"{hour} 时")
        published = datetime(year, month, day, tzinfo=BEIJING) + timedelta(hours=hour)
    except ValueError as error:
        raise Problem("json.unreadable", file=name or authority, why=f"{told}: {error}") from None
    entries: set[Entry] = set()
    notes: list[str] = []
    for key, rows in data.items():
        if key.endswith("list"):
            level = LEVELS.get(key.removesuffix("list"), key.removesuffix("list"))
            entries.update(_entries(level, [] if rows is None else rows, notes, name or authority))
    stated = {
        LEVELS[word]: int(data[f"{word[0]}count"])
        for word in LEVELS
        if str(data.get(f"{word[0]}count") or "").isdigit()
    }
    one = RiskList(authority, published, frozenset(entries), stated)
    if not any(key.endswith("list") for key in data) or (any(stated.values()) and not entries):
        why = f"list: {stated} ≠ 0" if stated else "no …list"
        raise Problem("json.unreadable", file=name or authority, why=why)
    for level, count in stated.items():
        if count != one.counted.get(level, 0):
            notes.append(f"{level}: {count} ≠ {one.counted.get(level, 0)}")
    return RiskList(authority, published, one.entries, stated, tuple(notes))


def _entries(level: str, rows: Any, notes: list[str], name: str) -> Iterator[Entry]:
    """A row names a county; its communities are the areas, and without any the county is one."""
    if not isinstance(rows, list):
        raise Problem("json.unreadable", file=name, why=f"{level}list")
    for number, row in enumerate(rows):
        try:
            county = (str(row["province"]), str(row["city"]), str(row["county"]))
            parts = [str(part).strip()[:300] for part in row.get("communitys") or ()]
        except (KeyError, TypeError, AttributeError):
            notes.append(f"{level}[{number}]: {str(row)[:60]}")
            continue
        if len(set(parts)) < len(parts):
            notes.append(f"{level} {county[2]}: {len(parts) - len(set(parts))} ×2")
        for part in parts or [""]:
            yield level, Area(*county, "" if part in county else part)


def difference(old: RiskList, new: RiskList) -> Difference:
    """What changed from one list to the next."""
    came, went = new.entries - old.entries, old.entries - new.entries
    before, after = _levels(went), _levels(came)
    moved = {
        area: (before[area], after[area])
        for area in before.keys() & after.keys()
        if len(before[area]) == len(after[area]) == 1
    }
    return Difference(
        tuple(sorted(entry for entry in came if entry[1] not in moved)),
        tuple(sorted(entry for entry in went if entry[1] not in moved)),
        tuple(sorted((area, was[0], now[0]) for area, (was, now) in moved.items())),
    )


def _levels(entries: Iterable[Entry]) -> dict[Area, list[str]]:
    found: dict[Area, list[str]] = {}
    for level, area in entries:
        found.setdefault(area, []).append(level)
    return found


def spans(lists: Sequence[RiskList]) -> list[Span]:
    """The spans that lists of one authority make, in the order in which they end."""
    running: dict[Entry, Span] = {}
    done = []
    for one in sorted(lists, key=lambda row: row.published_at):
        stamp = f"{one.authority} {one.published_at:%Y%m%d%H}"
        for entry in running.keys() - one.entries:
            span = running.pop(entry)
            span.until = one.published_at
            done.append(span)
        for entry in one.entries:
            if entry in running:
                running[entry].last = stamp
            else:
                level, area = entry
                running[entry] = Span(level, area, one.published_at, None, stamp, stamp)
    return done + list(running.values())


EXCLUDED = re.compile(r"[（(]?(?:除(.+?)(?:之?以?外)|不(?:含|包括|包含)(.+?)(?=[）)]|$))")
TOWN = re.compile(r"^(.{1,8}?(?:街道|镇|乡))")  # the town at the head of a part
WHOLE = re.compile(r"全域|全境|全县|全区|全市|其余|其他|其它|剩余|辖区|以外|周边|附近")


@lru_cache(65_536)
def exclusion(text: str) -> tuple[str, str]:
    """What an area's text names and what it excludes of that (除…外), empty where it excludes
    nothing."""
    found = EXCLUDED.search(text)
    if not found:
        return text, ""
    return text[: found.start()], (found[1] or found[2]).strip()


@dataclass(frozen=True, slots=True)
class Within:
    """How a stay lies to an area: ``inside``, ``excluded`` (its exclusion names his part),
    ``unsure`` (his part is not told, the words do not say it, or the exclusion is not checked) or
    ``beside`` (of another town of the same county)."""

    how: str
    exclusion: str = field(default="")


def within(stay_part: str, area: Area) -> Within:
    """Where somebody's part of a county lies to a listed part of it, by the words alone."""
    named, text = exclusion(area.part)
    if named.endswith(area.county):
        named = ""  # all of the county but …
    if not stay_part:
        return Within("unsure" if area.part else "inside", text)
    if text and any(_is_excluded(stay_part, word, named) for word in re.split(r"[、，,]", text)):
        return Within("excluded", text)
    if not named or named in stay_part:
        return Within("unsure" if text else "inside", text)
    own, listed = _below(stay_part, area), _below(named, area)
    mine, theirs = TOWN.search(own), TOWN.search(listed)
    if (
        mine
        and theirs
        and not WHOLE.search(named)
        and mine[1] not in listed
        and theirs[1] not in own
    ):
        return Within("beside", text)
    return Within("unsure", text)


def _below(part: str, area: Area) -> str:
    """A part without the names of what it lies in."""
    for name in area[:3]:
        part = part.removeprefix(name)
    return part


def _is_excluded(stay_part: str, word: str, named: str) -> bool:
    """Whether somebody's part is the one that an exclusion names: the very words at its end, with
    nothing before them but what the area is called (11号楼 is not 1号楼)."""
    word = word.strip()
    if not word or not stay_part.endswith(word):
        return False
    before = stay_part.removesuffix(word)
    return not before or (named.endswith(before) and not before[-1].isdigit())
