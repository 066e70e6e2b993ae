"""Random persons for the calculation of regimes, many of them near a change of the book.

Rows are valid as docs/regime-files.md has it; what a plan of them must be is for others to say.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

Row = dict[str, Any]

FIRST, LAST = date(2021, 5, 20), date(2023, 2, 1)
CHANGES = [date(2021, 9, 13), date(2022, 6, 28), date(2022, 11, 11), date(2023, 1, 8)]
POPULATIONS = ["overseas", "risk_area", "close_contact", "contact_of_contact"]
LEVELS = ["high", "medium", "sealed", "low"]


def random_day(rng: Random) -> date:
    """A day of the years of the books, in four of five cases within a month of a change."""
    if rng.random() < 0.8:
        before, after = rng.choice([(30, 6), (15, 1), (7, 1)])
        day = rng.choice(CHANGES) + timedelta(days=rng.randint(-before, after))
    else:
        day = FIRST + timedelta(days=rng.randint(0, (LAST - FIRST).days))
    return min(max(day, FIRST), LAST)


def tell(rng: Random, day: date, *, plain: float = 0.6) -> str:
    """A Beijing day as a day, or as an instant near a midnight of one of three zones."""
    if rng.random() < plain:
        return day.isoformat()
    minute = rng.choice(["00:00", "00:01", "03:30", "07:59", "08:00", "12:00", "15:59", "23:59"])
    hours, minutes = (int(part) for part in minute.split(":"))
    zone, shift = rng.choice([("+08:00", 0), ("-04:00", -12), ("+00:00", -8)])
    # the same instant by another clock: 00:01 in Beijing is 12:01 of the day before in New York
    there = hours + shift
    local = day + timedelta(days=there // 24)
    return f"{local.isoformat()}T{there % 24:02d}:{minutes:02d}{zone}"


def span(rng: Random, start: date, *, before: int, after: int, long: int) -> tuple[date, date]:
    """First and last day of a time that begins about a day."""
    first = start + timedelta(days=rng.randint(-before, after))
    return first, first + timedelta(days=rng.randint(0, long))


def random_served(rng: Random, around: date) -> Row:
    """Days managed elsewhere: some from before the entry, some not confirmed."""
    first, last = span(rng, around, before=4, after=8, long=12)
    row: Row = {"from": tell(rng, first), "to": tell(rng, last), "where": "厦门"}
    if (confirmed := rng.choice([True, True, True, False, None])) is not None:
        row["confirmed"] = confirmed
    return row


def random_listing(rng: Random, began: date, left: date) -> Row:
    """A listing of an area that begins before, within or after a stay there."""
    first, last = span(rng, began, before=20, after=(left - began).days + 18, long=15)
    row: Row = {"level": rng.choice(LEVELS), "from": tell(rng, first)}
    row["to"] = tell(rng, last)
    if rng.random() < 0.4:
        row["exclusion"] = "除某小区外"
        if (excluded := rng.choice([True, False, None])) is not None:
            row["excluded"] = excluded
    return row


def random_stay(rng: Random, arrived: date) -> Row:
    """A stay that was left shortly, or rather long, before the arrival in the city."""
    left = arrived - timedelta(days=rng.choice([0, 0, 1, 2, 5, 6, 7, 8, 13, 14, 15, 20]))
    began = left - timedelta(days=rng.randint(0, 10))
    row: Row = {"area": "某区", "from": tell(rng, began), "to": tell(rng, left)}
    if rng.random() < 0.5:
        row["level"] = rng.choice(LEVELS)
    else:
        row["listed"] = [random_listing(rng, began, left) for _ in range(rng.randint(1, 3))]
    return row


def random_index(rng: Random, met: date) -> Row:
    """Whom he met: still awaited, a case, or excluded on a day; with tests or without."""
    state = rng.choice(["pending", "case", "excluded"])
    row: Row = {"state": state}
    if state == "excluded":
        row["at"] = tell(rng, met + timedelta(days=rng.randint(0, 25)))
    if rng.random() < 0.6:
        results = ["negative"] if state == "excluded" else ["negative", "negative", "positive"]
        row["tests"] = [
            {"on": tell(rng, met + timedelta(days=day)), "result": rng.choice(results)}
            for day in sorted(rng.sample(range(12), rng.randint(1, 3)))
        ]
    return row


def random_exposure(rng: Random, around: date, *, kinds: list[str]) -> Row:
    """A meeting, at once or over days, before or after the arrival."""
    first, last = span(rng, around, before=12, after=10, long=4)
    row: Row = {"from": tell(rng, first), "to": tell(rng, last)}
    if rng.random() < 0.5:
        row = {"at": tell(rng, last)}
    kind = rng.choice(kinds)
    if kind == "second" or rng.random() < 0.5:
        row["kind"] = kind
    if rng.random() < 0.4:
        row["found"] = tell(rng, last + timedelta(days=rng.choice([0, 1, 3, 6, 8, 12, 16, 22, 40])))
    if rng.random() < 0.6:
        row["index"] = random_index(rng, last)
    return row


def random_tests(rng: Random, around: date) -> list[Row]:
    """Results that are already there; they are negative, for a positive person is a case."""
    days = [around + timedelta(days=rng.randint(0, 20)) for _ in range(rng.randint(1, 4))]
    return [
        {"on": tell(rng, day), "result": "negative", "of": rng.choice(["person", "environment"])}
        for day in days
    ]


def random_person(rng: Random) -> Row:
    """A valid person under one population or several."""
    populations = rng.sample(POPULATIONS, rng.choice([1, 1, 1, 2, 2, 3, 4]))
    kinds = [
        kind
        for kind, code in (("close", "close_contact"), ("second", "contact_of_contact"))
        if code in populations
    ]
    entered = random_day(rng)
    arrived = entered
    person: Row = {"id": f"p{rng.randrange(10**6)}"}
    if "overseas" in populations:
        person |= {"entered": tell(rng, entered), "by": rng.choice(["air", "sea", "land"])}
        if person["by"] == "sea":
            person["port"] = "漳州港"
        arrived += timedelta(days=rng.choice([0, 0, 3, 7, 10, 14, 15, 18, 22]))
    if arrived > entered or ("overseas" not in populations and rng.random() < 0.9):
        person["arrived"] = tell(rng, arrived)
    if "risk_area" in populations and "overseas" not in populations:
        person["arrived"] = tell(rng, arrived)
    if rng.random() < 0.4:
        late = rng.choice([0, 1, 2, 4, 7, 9, 12, 14, 15, 16, 18, 21, 22, 30, 60, 200])
        person["found"] = tell(rng, arrived + timedelta(days=late))
    if "risk_area" in populations:
        person["stays"] = [random_stay(rng, arrived) for _ in range(rng.choice([1, 1, 2, 3]))]
    if kinds:
        person["exposures"] = [
            random_exposure(rng, arrived, kinds=kinds) for _ in range(rng.choice([1, 1, 2, 3]))
        ]
    if not kinds or len(kinds) < len(populations) or rng.random() < 0.5:
        person["population"] = populations if len(populations) > 1 else populations[0]
    if rng.random() < 0.5:
        person["served"] = [random_served(rng, entered) for _ in range(rng.choice([1, 2, 3]))]
    if rng.random() < 0.5:
        person["authority"] = rng.choice(["fuzhou", "sichuan"])
    if rng.random() < 0.3:
        person["tests"] = random_tests(rng, arrived)
    return person
