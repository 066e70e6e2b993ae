"""Rounds of inspection as dated data, and when the next visit is due. Pure but for the edition."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from fangxian.spine.core.clock import BEIJING, beijing
from fangxian.spine.core.dated import Complaint, Content, RuleSet, declare
from fangxian.spine.core.editions import edition
from fangxian.spine.core.levels import Level

DATA = Path(__file__).parent / "data"
FORMS = DATA / "forms"
ANY_FORM = "site_inspection"  # the check list of whatever has none of its own
SPANS = ("first_h", "every_h", "after_h")


VISIT = (
    "far_m",
    "town_km",
    "clock_min",
    "photo_h",
    "same_bits",
    "fast_kmh",
    "look_h",
    "opposite_h",
)
PROOF = (
    "cell_km",
    "cell_days",
    "village_days",
    "gauge_km",
    "near",
    "patrol_km",
    "siren_km",
    "excuse_days",
)


def _numbers(content: Content) -> Iterable[Complaint]:
    for block, names in (("visit", VISIT), ("proof", PROOF)):
        for name in names:
            value = content.get(block, {}).get(name)
            if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
                yield f"{block}.{name}", "a number above 0 is missing"
    for code, row in content.get("grade", {}).items():
        if lacking := {"zh", "en"} - set(row):
            yield f"grade.{code}", f"{', '.join(sorted(lacking))} missing"
    for k, row in enumerate(content.get("round", [])):
        if strange := set(row) - {f.name for f in fields(Round)}:
            yield f"round.{k}", f"unknown: {', '.join(sorted(strange))}"
        for name in ("every_days", *SPANS):
            if name in row and not isinstance(row[name], int | float):
                yield f"round.{k}.{name}", "a number is wanted"


def _complaints(content: Content) -> Iterable[Complaint]:
    yield from _numbers(content)
    for grade, level in content.get("finding", {}).get("levels", {}).items():
        if level not in Level.__members__:
            yield f"finding.levels.{grade}", "levels are I, II, III, IV"
    grades = set(content.get("grade", {}))
    for block in ("visit", "proof", "finding"):
        if block not in content:
            yield block, f"[{block}] is missing"
    for name in ("first_h", "levels", "answer_min"):
        if set(content.get("finding", {}).get(name, {})) != grades:
            yield f"finding.{name}", f"one for each of {', '.join(sorted(grades))}"
    seen = set()
    for k, row in enumerate(content.get("round", [])):
        lacking = {"code", "zh", "en", "hazard", "kinds", "form"} - set(row)
        if lacking:
            yield f"round.{k}", f"{', '.join(sorted(lacking))} missing"
        elif row["code"] in seen:
            yield f"round.{k}.code", f"{row['code']} stands twice"
        seen.add(row.get("code"))
        in_peace, in_storm = "every_days" in row, "hazards" in row
        if in_peace == in_storm:
            yield f"round.{k}", "either months with every_days or hazards with first_h"
        elif in_storm and not set(SPANS) & set(row):
            yield f"round.{k}", f"at least one of {', '.join(SPANS)}"


ROUNDS = RuleSet("rounds", "巡查轮次与盲区", "Rounds of inspection", DATA / "rounds", _complaints)
declare(ROUNDS)


@dataclass(frozen=True, slots=True)
class Round:
    """One round: which kinds, by which form, how often."""

    code: str
    zh: str
    en: str
    hazard: str
    kinds: tuple[str, ...]
    form: str
    months: tuple[int, ...] = ()
    every_days: int = 0
    hazards: tuple[str, ...] = ()
    first_h: float | None = None
    every_h: float | None = None
    after_h: float | None = None


@dataclass(frozen=True, slots=True)
class Storm:
    """A response over a path of the tree; ``until`` None while it runs."""

    hazard: str
    path: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """By when the next visit is due, by which round; ``at`` None where nothing is known to count
    from: it is due now."""

    at: datetime | None
    round: Round


@dataclass(frozen=True, slots=True)
class Rules:
    """An edition as it is used."""

    rounds: tuple[Round, ...]
    visit: Mapping[str, float]
    proof: Mapping[str, float]
    finding: Mapping[str, Any]
    grades: Mapping[str, tuple[str, str]]

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(kind for one in self.rounds for kind in one.kinds))

    @property
    def forms(self) -> frozenset[str]:
        return frozenset({ANY_FORM, *(one.form for one in self.rounds)})

    def of(self, kind: str) -> tuple[Round, ...]:
        return tuple(one for one in self.rounds if kind in one.kinds)

    def form_of(self, kind: str) -> str:
        return next((one.form for one in self.rounds if kind in one.kinds), ANY_FORM)

    def hazard_of(self, kind: str) -> str:
        return next((one.hazard for one in self.rounds if kind in one.kinds), "flood")

    def level_of(self, grade: str) -> Level:
        """Of the order for a grade; a grade that is gone from the edition is a mild one."""
        return Level[self.finding["levels"].get(grade, Level.IV.name)]


def rules(at: datetime) -> Rules:
    """What the edition in force at ``at`` says."""
    return _rules(edition("rounds", at).text)


@lru_cache(16)
def _rules(text: str) -> Rules:
    told = tomllib.loads(text)
    return Rules(
        tuple(Round(**{k: _frozen(v) for k, v in row.items()}) for row in told["round"]),
        told["visit"],
        told["proof"],
        told["finding"],
        {code: (row["zh"], row["en"]) for code, row in told["grade"].items()},
    )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def due(
    rounds: Sequence[Round],
    *,
    last: datetime | None,
    begun: datetime | None,
    at: datetime,
    storms: Sequence[Storm],
) -> Due | None:
    """The visit that is due first at ``at``, of a thing looked at ``last`` and there since
    ``begun``; None where no round holds. ``storms`` are those over it."""
    found = [one for each in rounds for one in _dues(each, last, begun, at, storms)]
    if not found:
        return None
    return min(found, key=lambda one: (one.at is not None, one.at or at))


def _dues(
    one: Round,
    last: datetime | None,
    begun: datetime | None,
    at: datetime,
    storms: Sequence[Storm],
) -> Iterable[Due]:
    if one.every_days:
        if beijing(at).month in one.months:
            yield _in_peace(one, last, begun, at)
        return
    for storm in storms:
        if storm.hazard not in one.hazards or storm.since > at:
            continue
        since, until = storm.since, storm.until
        if until is not None and begun is not None and until <= begun:
            continue  # it was over before the thing was there
        if until is None or until > at:
            if one.first_h is not None and (last is None or last < since):
                yield Due(since + timedelta(hours=one.first_h), one)
            elif one.every_h is not None and last is not None and last >= since:
                yield Due(last + timedelta(hours=one.every_h), one)
        elif one.after_h is not None and (last is None or last < until):
            yield Due(until + timedelta(hours=one.after_h), one)


def _in_peace(one: Round, last: datetime | None, begun: datetime | None, at: datetime) -> Due:
    """Every so many days from the last visit; a season that begins asks for nothing at once."""
    known = max((moment for moment in (last, begun) if moment is not None), default=None)
    if known is None:
        return Due(None, one)
    start = season_start(one.months, at)
    base = known if start is None else max(known, start)
    return Due(base + timedelta(days=one.every_days), one)


def season_start(months: Sequence[int], at: datetime) -> datetime | None:
    """When the season that ``at`` lies in began; None for the whole year."""
    if len(set(months)) >= 12:
        return None
    here = beijing(at)
    year, month = here.year, here.month
    while True:
        before = (year, month - 1) if month > 1 else (year - 1, 12)
        if before[1] not in months:
            return datetime(year, month, 1, tzinfo=BEIJING)
        year, month = before
