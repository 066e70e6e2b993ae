"""Decisions of directives without the database: whether a text was entered before, which items
contradict one another, which coloured letter is due. Words, colours and clocks are dated data."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fangxian.spine.core import dated
from fangxian.spine.core.dated import Complaint, Content, RuleSet
from fangxian.spine.core.editions import edition

DATA = Path(__file__).parent / "data"
SHINGLE = 4
ALIKE = 0.6  # of the shingles of the shorter text are in the other: the same text, perhaps cut


def _check_words(content: Content) -> Iterable[Complaint]:
    for name in ("cues", "not_cues", "past", "exhortations", "goals", "measurable", "prohibitions"):
        if not content.get(name):
            yield name, "a list of words"
    if any(len(pair) != 2 for pair in content.get("opposites", [()])):
        yield "opposites", "pairs of words that undo one another"
    if not isinstance(content.get("conflict_h"), int):
        yield "conflict_h", "hours"
    if not content.get("offices"):
        yield "offices", "how offices are called in texts, and in full"
    for k, row in enumerate(content.get("owners", {}).get("rows", ())):
        try:
            re.compile(row["word"])
        except (KeyError, re.error) as error:
            yield "owners", f"row {k + 1}: {error}"


def _check_supervision(content: Content) -> Iterable[Complaint]:
    for name in ("sign_within_min", "remind_every_h", "no_deadline_days"):
        if not isinstance(content.get(name), int):
            yield name, "a number"
    for row in content.get("letters", ()):
        if row.get("when") not in {"near", "behind", "overdue"} or not row.get("to"):
            yield "letters", f"{row.get('colour')}: when is near, behind or overdue; to whom"


dated.declare(
    RuleSet(
        "directive_words",
        "批示件用语与承办对照",
        "Words of directives and who leads",
        DATA / "directive_words",
        _check_words,
    ),
    RuleSet(
        "supervision",
        "督办时限与督办单",
        "Clocks and letters of supervision",
        DATA / "supervision",
        _check_supervision,
    ),
)


def supervision(at: datetime) -> Mapping[str, Any]:
    return edition("supervision", at).content


def shingles(text: str) -> frozenset[int]:
    """What a text is told by, whatever its punctuation: hashes of its runs of four characters."""
    bare = re.sub(r"[\W_]+", "", text)
    return frozenset(hash(bare[k : k + SHINGLE]) for k in range(max(1, len(bare) - SHINGLE + 1)))


def alike(one: frozenset[int], other: frozenset[int]) -> float:
    """How much of the shorter text is in the other, 0 to 1."""
    return len(one & other) / max(1, min(len(one), len(other)))


@dataclass(frozen=True, slots=True)
class Task:
    """What two items are compared by."""

    key: int
    owners: frozenset[int]
    text: str
    deadline_at: datetime | None
    clock: bool  # an hour was said, not only a day


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why one item does not go with another: "deadline" or "opposite" (with the two words)."""

    other: int
    kind: str
    words: tuple[str, str] = ("", "")


def conflicts(one: Task, others: Sequence[Task], *, words: Mapping[str, Any]) -> list[Conflict]:
    """Against which others an item stands: one owner with two deadlines at nearly the same hour, or
    with verbs that undo one another."""
    found = []
    for other in others:
        if other.key == one.key or not one.owners & other.owners:
            continue
        pair = next(
            (
                (a, b)
                for first, second in words["opposites"]
                for a, b in ((first, second), (second, first))
                if a in one.text and b in other.text and b not in one.text
            ),
            None,
        )
        if pair:
            found.append(Conflict(other.key, "opposite", pair))
        elif _at_once(one, other, timedelta(hours=words["conflict_h"])):
            found.append(Conflict(other.key, "deadline"))
    return found


def _at_once(one: Task, other: Task, near: timedelta) -> bool:
    if not (one.deadline_at and other.deadline_at and one.clock and other.clock):
        return False
    return abs(one.deadline_at - other.deadline_at) < near


def letter_moments(
    *, assigned_at: datetime, deadline_at: datetime, content: Mapping[str, Any]
) -> dict[str, datetime]:
    """When each kind of letter is due. Clocks run over holidays."""
    length = max(deadline_at - assigned_at, timedelta())
    parts = {row["when"]: row["part"] for row in content["letters"]}
    found = {"overdue": deadline_at}
    if "near" in parts:
        found["near"] = deadline_at - length * parts["near"]
    if "behind" in parts:
        found["behind"] = assigned_at + length * parts["behind"]
    return found


def colour_now(
    *,
    at: datetime,
    assigned_at: datetime,
    deadline_at: datetime,
    progressed: bool,
    content: Mapping[str, Any],
) -> str:
    """The colour an item stands in: the last of overdue, behind, near that holds; "" for none."""
    moments = letter_moments(assigned_at=assigned_at, deadline_at=deadline_at, content=content)
    holds = {
        "overdue": at > moments["overdue"],
        "behind": not progressed and at > moments.get("behind", deadline_at),
        "near": at > moments.get("near", deadline_at),
    }
    rows = {row["when"]: row["colour"] for row in content["letters"]}
    order = ("overdue", "behind", "near")
    return next((str(rows[when]) for when in order if when in rows and holds[when]), "")
