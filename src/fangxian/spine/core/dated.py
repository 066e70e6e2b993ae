"""Rules that change by date: sets of editions, each a text with a date of force, a source and a
hash. Read by the date of the event, so that the past can be recomputed. Pure; the editions an
office has entered are in editions.py, the rules' meaning is in their rooms."""

import difflib
import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db.models import Q

from .problems import Problem

Content = dict[str, Any]
Complaint = tuple[str, str]  # the key that is wrong ("edition.map.rain"), and why
HEAD = ("valid_from", "source", "verified")


def nothing_to_say(_: Content) -> Iterable[Complaint]:
    return ()


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One dated set: its name, and the folder of the editions that are shipped (one TOML a file,
    named after the edition). ``check`` says what is wrong with a content."""

    name: str
    zh: str
    en: str
    folder: Path
    check: Callable[[Content], Iterable[Complaint]] = nothing_to_say
    check_entry: Callable[[Content], Iterable[Complaint]] = nothing_to_say


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of a set: its text, what it says, and from when."""

    set: str
    name: str
    text: str
    valid_from: datetime | None
    content: Mapping[str, Any]

    @property
    def source(self) -> str:
        return str(self.content["source"])

    @property
    def verified(self) -> bool:
        return bool(self.content["verified"])


SETS: dict[str, RuleSet] = {}


def declare(*sets: RuleSet) -> None:
    """Make sets known. A room does this for its own when it is imported."""
    SETS.update({one.name: one for one in sets})


def rule_set(name: str) -> RuleSet:
    if name not in SETS:
        near = ", ".join(difflib.get_close_matches(name, SETS, 3)) or ", ".join(sorted(SETS))
        raise Problem("not_found", what=f"{name} ({near})")
    return SETS[name]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read_edition(one: RuleSet, name: str, text: str) -> Edition:
    """An edition from its text. Raises ``rules.invalid`` with the line and what is wrong there."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise Problem(
            "rules.invalid", set=one.name, line=line[1] if line else "?", why=str(error)
        ) from None
    for key in HEAD[1:]:
        if key not in content:
            raise Problem("rules.invalid", set=one.name, line=1, why=f"{key} = … is missing")
    start = content.get("valid_from")
    if start is not None and (not isinstance(start, datetime) or start.tzinfo is None):
        raise Problem(
            "rules.invalid",
            set=one.name,
            line=line_of(text, "valid_from"),
            why="valid_from must be a time with an offset, as 2022-05-01T00:00:00+08:00",
        )
    _refuse(one, text, one.check(content))
    return Edition(one.name, name, text, start, content)


def check_entered(one: RuleSet, edition: Edition) -> None:
    """What else is wrong with an edition that a person enters. Raises ``rules.invalid``."""
    _refuse(one, edition.text, one.check_entry(dict(edition.content)))


def _refuse(one: RuleSet, text: str, complaints: Iterable[Complaint]) -> None:
    for key, why in complaints:
        raise Problem("rules.invalid", set=one.name, line=line_of(text, key), why=f"{key}: {why}")


def line_of(text: str, key: str) -> int:
    """The line on which ``key`` (dotted, perhaps with a number: ``action.2.level``) stands."""
    lines = text.splitlines()
    at = 0
    parts = key.split(".")
    for k, part in enumerate(parts):
        if part.isdigit():
            continue
        skip = int(parts[k + 1]) if k + 1 < len(parts) and parts[k + 1].isdigit() else 0
        word = re.compile(rf"^\s*(\[+[\w.-]*\b{re.escape(part)}\]+|{re.escape(part)}\s*[=.])")
        found = [n for n in range(at, len(lines)) if word.match(lines[n])]
        if len(found) > skip:
            at = found[skip]
    return at + 1


@lru_cache
def shipped(name: str) -> tuple[Edition, ...]:
    """The editions of a set as shipped."""
    one = rule_set(name)
    files = sorted(one.folder.glob("*.toml"))
    return tuple(read_edition(one, f.stem, f.read_text(encoding="utf-8")) for f in files)


def in_force(editions: Iterable[Edition], at: datetime) -> Edition:
    """The edition that holds at ``at``: the one that began last; of two that began together the
    later in order, which is the one entered later. Raises ``rules.none_in_force``."""
    best: Edition | None = None
    for one in editions:
        begun = one.valid_from is None or one.valid_from <= at
        if begun and (best is None or _start(one) >= _start(best)):
            best = one
    if best is None:
        raise Problem("rules.none_in_force", at=f"{at:%Y-%m-%d}")
    return best


def _start(one: Edition) -> float:
    return one.valid_from.timestamp() if one.valid_from else float("-inf")


def rows_in_force(at: datetime, *, since: str = "valid_from", until: str = "valid_to") -> Q:
    """Which rows of a table hold at ``at``; an open end is empty. The one way to ask it."""
    begun = Q(**{f"{since}__isnull": True}) | Q(**{f"{since}__lte": at})
    return begun & (Q(**{f"{until}__isnull": True}) | Q(**{f"{until}__gt": at}))


def difference(old: str, new: str) -> list[str]:
    """What changed between the texts of two editions, line by line."""
    return list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=1))[2:]
