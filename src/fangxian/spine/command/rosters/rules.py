"""Decisions of rosters without the database: which turns a posture wants, who takes one, and what
is wrong with a roster. The numbers are dated data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from fangxian.spine.core import clock, dated
from fangxian.spine.core.dated import Complaint, Content, RuleSet
from fangxian.spine.core.days import Day
from fangxian.spine.core.editions import edition
from fangxian.spine.core.levels import Level

from .models import ROLES

POSTURES = ("peace", *Level.__members__)
NUMBERS = (
    "seat_before_min",
    "seat_after_min",
    "rest_h",
    "week_most_h",
    "ahead_days",
    "strengthen_h",
)
WEEK = timedelta(days=7)


def _check(content: Content) -> Iterable[Complaint]:
    yield from ((n, "a number") for n in NUMBERS if not isinstance(content.get(n), int))
    for posture in POSTURES:
        row = content.get("strength", {}).get(posture)
        if row is None:
            yield "strength", f"nothing is said of {posture}"
            continue
        yield from (
            (f"strength.{posture}", f"{role}: how many")
            for role in ROLES
            if not isinstance(row.get(role), int)
        )
        try:
            starts = [time.fromisoformat(text) for text in row["starts"]]
        except (KeyError, ValueError, TypeError):
            starts = []
        if not starts or len(set(starts)) != len(starts):
            yield f"strength.{posture}", 'starts: when turns begin, as ["08:30", "20:30"]'


dated.declare(
    RuleSet(
        "duty_rosters",
        "值班力量与排班",
        "Strength and limits of the watch",
        Path(__file__).parent / "data" / "duty_rosters",
        _check,
    )
)


def limits(at: datetime) -> Mapping[str, Any]:
    """The edition in force."""
    return edition("duty_rosters", at).content


@dataclass(frozen=True, slots=True)
class Slot:
    """A turn that is wanted: when, and the number of the seat."""

    starts_at: datetime
    ends_at: datetime
    number: int


def wanted(
    *,
    role: str,
    posture: Level | None,
    since: datetime,
    until: datetime,
    content: Mapping[str, Any],
) -> list[Slot]:
    """The turns that begin within [since, until) at a posture (None is peace)."""
    row = content["strength"][posture.name if posture else "peace"]
    starts = sorted(time.fromisoformat(text) for text in row["starts"])
    first = clock.beijing(since).date() - timedelta(days=1)
    n_days = (clock.beijing(until).date() - first).days + 2
    moments = [
        datetime.combine(first + timedelta(days=k), start, clock.BEIJING)
        for k in range(n_days)
        for start in starts
    ]
    return [
        Slot(start, end, number)
        for start, end in pairwise(moments)
        if since <= start < until
        for number in range(1, row[role] + 1)
    ]


@dataclass(slots=True)
class Load:
    """What one person has: turns in any roster, leave, and how often each kind of day."""

    turns: list[tuple[datetime, datetime]] = field(default_factory=list)
    away: list[tuple[datetime, datetime]] = field(default_factory=list)
    of_kind: dict[str, int] = field(default_factory=dict)


def why_not(load: Load, start: datetime, end: datetime, content: Mapping[str, Any]) -> str:
    """Why a person cannot take [start, end): "away", "twice", "rest", "overload"; "" if he can."""
    if any(a < end and start < b for a, b in load.away):
        return "away"
    if any(a < end and start < b for a, b in load.turns):
        return "twice"
    rest = timedelta(hours=content["rest_h"])
    if any(a < end + rest and start - rest < b for a, b in load.turns):
        return "rest"
    if _week(load, start, end) > timedelta(hours=content["week_most_h"]):
        return "overload"
    return ""


def _week(load: Load, start: datetime, end: datetime) -> timedelta:
    """The most of any seven days that hold the new turn, counted from the starts of turns."""
    turns = [*load.turns, (start, end)]
    begins = [a for a, _ in turns if a <= start < a + WEEK]
    return max(
        sum((min(b, a0 + WEEK) - a for a, b in turns if a0 <= a < a0 + WEEK), timedelta())
        for a0 in begins
    )


def take(
    slot: Slot,
    *,
    members: Sequence[tuple[int, int, date, date | None]],
    loads: Mapping[int, Load],
    kind: str,
    content: Mapping[str, Any],
) -> int | None:
    """Who takes a slot: of the members (person, rank, first day, day after the last) who can, the
    one with the fewest days of this kind, then the fewest of all, then the one who rested longest.
    Where nobody can without overload or with enough rest, the least of these evils; None where
    everybody is away or on duty then. Fills in ``loads``."""
    on = clock.beijing(slot.starts_at).date()
    here = [m for m in members if m[2] <= on and (m[3] is None or on < m[3])]
    reasons = {
        person: why_not(loads[person], slot.starts_at, slot.ends_at, content) for person, *_ in here
    }
    evil = {"": 0, "overload": 1, "rest": 2}
    able = [m for m in here if reasons[m[0]] in evil]
    if not able:
        return None

    def cost(member: tuple[int, int, date, date | None]) -> tuple[Any, ...]:
        load = loads[member[0]]
        last = max((b for _, b in load.turns if b <= slot.starts_at), default=None)
        counts = (load.of_kind.get(kind, 0), sum(load.of_kind.values()))
        return (evil[reasons[member[0]]], *counts, last.timestamp() if last else 0.0, member[1])

    person = min(able, key=cost)[0]
    load = loads[person]
    load.turns.append((slot.starts_at, slot.ends_at))
    load.of_kind[kind] = load.of_kind.get(kind, 0) + 1
    return person


def kind_of(day: Day) -> str:
    """Days that weigh alike: a working day, a weekend, a holiday."""
    return "workday" if day.works else day.kind


def short_of(
    spans: Iterable[tuple[datetime, datetime]], n: int, *, since: datetime, until: datetime
) -> list[tuple[datetime, datetime]]:
    """Where within [since, until) fewer than ``n`` of the half-open spans lie over one another."""
    edges = [(since, 0), (until, 0)]
    for start, end in spans:
        start, end = max(start, since), min(end, until)  # noqa: PLW2901 - what lies inside
        if start < end:
            edges += [(start, 1), (end, -1)]
    found: list[tuple[datetime, datetime]] = []
    depth, before = 0, since
    for at, step in sorted(edges, key=lambda edge: edge[0]):
        if depth < n and before < at:
            first = found.pop()[0] if found and found[-1][1] == before else before
            found.append((first, at))
        depth, before = depth + step, at
    return found
