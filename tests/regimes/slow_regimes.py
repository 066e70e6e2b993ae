"""The second officer: who is managed until when, day by day, from docs/regime-files.md alone.

Slow and plain on purpose. It shares no code with the calculation that it is compared with, says
nothing about what is missing in a person's row, and expects a row that the product does not stop.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

Row = dict[str, Any]

FOLDER = "src/fangxian/hazards/epidemic/regimes/data/regimes"
BEIJING = timezone(timedelta(hours=8))
ONE = timedelta(days=1)
NEVER = date(2030, 1, 1)


def read_books() -> list[Row]:
    """The shipped books, the oldest first, each with the day on which it begins."""
    found = []
    for path in sorted((Path(__file__).parents[2] / FOLDER).glob("*.toml")):
        book = tomllib.loads(path.read_text("utf-8"))
        found.append(book | {"begins": book["valid_from"].astimezone(BEIJING).date()})
    return found


BOOKS = read_books()
RANKS = {code: stage["rank"] for book in BOOKS for code, stage in book["stage"].items()}


@dataclass(kw_only=True)
class Claim:
    """One reason to manage a person."""

    population: str
    level: str | None = None
    clock: date
    known: date
    arrived: date
    excluded: date = NEVER
    authority: str
    served: set[date]


@dataclass
class Rule:
    """A regime laid out for one claim: the stage and the tests of its days, the first free day."""

    stages: dict[date, str]
    tests: dict[date, Row]
    release: date


def day_of(told: str) -> date:
    """The Beijing day of a day or of an instant with its zone."""
    if "T" not in told:
        return date.fromisoformat(told)
    return datetime.fromisoformat(told).astimezone(BEIJING).date()


def book_on(day: date) -> Row:
    """The book in force on a day; an empty one before the first."""
    return next((book for book in reversed(BOOKS) if book["begins"] <= day), {})


def regime_of(book: Row, population: str, level: str | None, authority: str) -> Row:
    """The most local regime of a group, of several the longest; empty where there is none."""
    while authority:
        fits = [
            regime
            for regime in book.get("regime", {}).values()
            if regime["authority"] == authority
            and population in regime["populations"]
            and (level is None or level in regime["levels"])
        ]
        if fits:
            return max(fits, key=lambda regime: sum(days for _, days in regime["stages"]))
        authority = book.get("authority", {}).get(authority, "")
    return {}


def days_served(person: Row) -> set[date]:
    """Every day that was managed elsewhere and is confirmed, each of them once."""
    days = set()
    for part in person.get("served", []):
        day = day_of(part["from"])
        while part.get("confirmed") is True and day <= day_of(part["to"]):
            days.add(day)
            day += ONE
    return days


def levels_of(stay: Row, authority: str) -> set[str]:
    """The levels at which a stay counts: its own, or those of the listings that reach it."""
    if "listed" not in stay:
        return {stay["level"]}
    levels = set()
    for listing in stay["listed"]:
        begins, level = day_of(listing["from"]), listing["level"]
        regime = regime_of(book_on(begins), "risk_area", level, authority)
        left_late = day_of(stay["to"]) >= begins - ONE * regime.get("look_back_days", 0)
        began_early = "to" not in listing or day_of(stay["from"]) <= day_of(listing["to"])
        if left_late and began_early and listing.get("excluded") is not True:
            levels.add(level)
    return levels


def population_of(met: Row, known: date, authority: str) -> str:
    """Close contact or contact of a contact, who moves up once his index is positive."""
    if met.get("kind", "close") == "close":
        return "close_contact"
    index = met.get("index", {})
    positive = any(test["result"] == "positive" for test in index.get("tests", []))
    regime = regime_of(book_on(known), "contact_of_contact", None, authority)
    if positive or index.get("state") == "case":
        return str(regime.get("index_positive", "contact_of_contact"))
    return "contact_of_contact"


def claims_of(person: Row) -> list[Claim]:
    """Every reason for which a person is managed."""
    days = {key: day_of(person[key]) for key in ("entered", "arrived", "found") if key in person}
    arrived = days.get("arrived", days.get("entered", NEVER))
    own = days.get("found", arrived)
    home = str(person.get("authority", BOOKS[-1]["home"]))
    both: Row = {"authority": home, "served": days_served(person), "arrived": arrived}
    told = person.get("population", [])
    claims = []
    if "overseas" in ([told] if isinstance(told, str) else told):
        claims.append(Claim(population="overseas", clock=days["entered"], known=own, **both))
    for stay in person.get("stays", []):
        row = both | {"population": "risk_area", "clock": day_of(stay["to"]), "known": own}
        claims += [Claim(level=level, **row) for level in sorted(levels_of(stay, home))]
    for met in person.get("exposures", []):
        last = day_of(met["at"] if "at" in met else met["to"])
        # who is no arrival is known from his last exposure on
        first = day_of(met["found"]) if "found" in met else own if own != NEVER else last
        row = both | {"clock": last, "known": max(last, first)}
        if met.get("index", {}).get("state") == "excluded":
            row["excluded"] = day_of(met["index"]["at"])
        claims.append(Claim(population=population_of(met, row["known"], home), **row))
    return claims


def join(tests: dict[date, Row], day: date, test: Row) -> None:
    """Put a test on a day beside what that day already has."""
    has = tests.setdefault(day, {"laboratories": 1})
    for key in ("double", "objects", "environment"):
        has[key] = has.get(key, False) or test.get(key, False)
    has["laboratories"] = max(has["laboratories"], test.get("laboratories", 1))


def lay_out(regime: Row, start: date, known: date) -> Rule:
    """The days of a regime counted from `start`, not yet cut to those that are planned."""
    zero = start - ONE * regime["day_index_origin"]  # the day with number 0
    day, past = start, 0
    rule = Rule({}, {}, start)
    late = False
    for stage, long in regime["stages"]:
        for test in regime["tests"]:
            for number in test["days"] if test["stage"] == stage else []:
                join(rule.tests, zero + ONE * (past + number), test)
        past += long
        while day <= zero + ONE * past:
            rule.stages[day] = stage
            day += ONE
        late = late or (stage == regime.get("late_tests", {}).get("after_stage") and known >= day)
    rule.release = day
    if late:
        rule.tests = {}
        for number in regime["late_tests"]["days"]:
            join(rule.tests, known + ONE * number, {})
        if regime["late_tests"].get("at_end"):
            join(rule.tests, rule.release - ONE, {})
    return rule


def ask(book: Row, claim: Claim) -> tuple[Row, Rule | None]:
    """What a book says of a claim: its regime of the group, and that regime's days for him."""
    regime = regime_of(book, claim.population, claim.level, claim.authority)
    if not regime:
        return {}, None
    start = claim.arrived if regime.get("clock") == "arrival" else claim.clock
    # days after an exposure or a stay always count; days after an entry want a confirmation
    if regime["credit"] == "days_confirmed" and claim.population == "overseas":
        start = claim.known - ONE * sum(start <= day < claim.known for day in claim.served)
    return regime, lay_out(regime, start, claim.known)


def came_too_late(regime: Row, claim: Claim) -> bool:
    """Whether he arrived longer after he had left the area than the regime looks back."""
    back = regime.get("look_back_days")
    return back is not None and claim.arrived - claim.clock > ONE * back


def monitored(regime: Row, known: date) -> Rule | None:
    """The tests of who was found only when his regime was over."""
    if "over_tests" not in regime:
        return None
    days, count = regime["over_tests"]["within_days"], regime["over_tests"]["count"]
    spread = [1 + round(k * (days - 1) / max(1, count - 1)) for k in range(count)]
    made = {"stages": [["monitor", days]], "tests": [{"stage": "monitor", "days": spread}]}
    return lay_out(made | {"day_index_origin": 1}, known, known)


def live_through(claim: Claim, as_of: date) -> Rule:
    """One claim, day by day from `known` on; released on `known` where nothing is planned."""
    lived = Rule({}, {}, claim.known)
    regime, rule = ask(book_on(claim.known), claim)
    if came_too_late(regime, claim):
        rule = None
    elif rule and rule.release <= claim.known:
        rule = monitored(regime, claim.known)
        if not rule:
            return lived
    day, release = claim.known, rule.release if rule else NEVER
    while day < min(release, claim.excluded):
        book = next((b for b in BOOKS if b["begins"] == day and claim.known < day <= as_of), {})
        regime, new = ask(book, claim)
        if not rule and book.get("reaches_back") and new and new.release > day:
            if not came_too_late(regime, claim):
                rule, release = new, new.release
        elif rule and book.get("in_course", "keep") != "keep":
            # an exclusion still lies ahead: which of two releases earlier is judged without it
            then = max(day, new.release) if new else day
            if book["in_course"] == "new" or then < release:
                rule, release = new, then
        if rule and day < release:
            lived.stages[day] = rule.stages[day]
            if day in rule.tests:
                lived.tests[day] = rule.tests[day]
        day += ONE
    if lived.stages:
        lived.release = min(release, claim.excluded)
    return lived


def slow_plan(person: Row, as_of: date) -> Row:
    """The plan of one person: the stage and the tests of each day, and the first free day."""
    stages: dict[date, str] = {}
    tests: dict[date, Row] = {}
    releases = []
    for claim in claims_of(person):
        lived = live_through(claim, as_of)
        for day, stage in lived.stages.items():
            stages[day] = max(stage, stages.get(day, stage), key=lambda code: RANKS[code])
        for day, test in lived.tests.items():
            join(tests, day, test)
        releases += [lived.release] if lived.stages else []
    return {
        "stages": {day.isoformat(): stages[day] for day in sorted(stages)},
        "tests": {day.isoformat(): tests[day] for day in sorted(tests)},
        "release": max(releases).isoformat() if releases else None,
    }
