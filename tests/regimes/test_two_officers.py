"""Two officers get the same day: random persons by the product and by the slow reference. In the
suite 5,000 of them; `python tests/regimes/test_two_officers.py 100000 SEED` runs as many as one
likes."""

import random
import sys
from datetime import date, timedelta

import pytest
import slow_regimes as slow
from planned import BOOKS
from random_persons import random_person

from fangxian.hazards.epidemic.regimes.book import REGIMES, read_book
from fangxian.hazards.epidemic.regimes.plan import plan_persons
from fangxian.spine.core.dated import read_edition, shipped

ALL = list(slow.BOOKS)
AS_OF = [
    date(2021, 9, 20),
    date(2022, 6, 27),
    date(2022, 7, 5),
    date(2022, 11, 20),
    date(2023, 6, 1),
]
KEYS = ("double", "objects", "environment", "laboratories")


def shape(plan):
    """What the two must agree on, day by day; no day has two stages."""
    stages = {}
    for row in plan["stages"]:
        day, last = date.fromisoformat(row["from"]), date.fromisoformat(row["to"])
        while day <= last:
            assert day.isoformat() not in stages
            stages[day.isoformat()] = row["stage"]
            day += timedelta(days=1)
    tests = {row["on"]: {key: row[key] for key in KEYS} for row in plan["tests"]}
    release = plan["release"]["on"] if plan["release"] else None
    return {"stages": stages, "tests": tests, "release": release}


def by_hand(person, as_of):
    told = slow.slow_plan(person, as_of)
    tests = {day: {key: row[key] for key in KEYS} for day, row in told["tests"].items()}
    return {**told, "tests": tests}


def differing(persons, as_of, books):
    """Persons about whom the two do not agree, and how many were compared."""
    slow.BOOKS = [book for book in ALL if book["begins"] <= as_of]
    plans = plan_persons(persons, books, as_of=as_of.toordinal())
    found, compared = [], 0
    for number, person in enumerate(persons):
        plan = plans.of(number)
        if any(row["stops"] for row in plan["said"] if row["code"] not in ("no_rule", "no_book")):
            continue
        compared += 1
        if shape(plan) != by_hand(person, as_of):
            found.append(person)
    slow.BOOKS = ALL
    return found, compared


@pytest.mark.parametrize("as_of", AS_OF)
def test_two_officers_get_the_same_days(as_of):
    rng = random.Random(as_of.toordinal())
    found, compared = differing([random_person(rng) for _ in range(800)], as_of, BOOKS)
    assert found == []
    assert compared > 700


@pytest.mark.parametrize("course", ["keep", "new", "shorter"])
def test_whatever_becomes_of_who_is_in_course(course, monkeypatch):
    """A book that comes in the middle and is longer: `new` lengthens, the others do not."""
    one = next(e for e in shipped("regimes") if e.name == "2022-06-28")
    text = one.text.replace('in_course = "shorter"', f'in_course = "{course}"')
    text = text.replace(
        '[["central", 7], ["home_monitor", 3]]', '[["central", 10], ["home_monitor", 20]]'
    )
    edition = read_edition(REGIMES, "invented", text)
    books = sorted(
        [*(b for b in BOOKS if b.name != one.name), read_book(edition)], key=lambda b: b.begins
    )
    invented = dict(edition.content) | {"begins": date(2022, 6, 28)}
    mine = [b for b in ALL if b["begins"] != date(2022, 6, 28)] + [invented]
    monkeypatch.setattr(sys.modules[__name__], "ALL", sorted(mine, key=lambda b: b["begins"]))
    rng = random.Random(7)
    found, compared = differing([random_person(rng) for _ in range(800)], date(2022, 7, 20), books)
    assert found == []
    assert compared > 700


def test_from_the_first_day_to_release_no_day_is_without_a_stage():
    """Of one claim: several may leave days between them, when one is over before the next."""
    rng = random.Random(11)
    persons = [random_person(rng) for _ in range(2000)]
    single = [p for p in persons if len(p.get("exposures", [])) + len(p.get("stays", [])) <= 1]
    plans = plan_persons(single, BOOKS, as_of=date(2023, 6, 1).toordinal())
    several = 0
    for number in range(len(single)):
        plan = plans.of(number)
        days = sorted(shape(plan)["stages"])
        if not days or len(plans.claims_of(number)) != 1:
            continue
        several += 1
        span = date.fromisoformat(plan["release"]["on"]) - date.fromisoformat(days[0])
        assert len(days) == span.days
    assert several > 300


if __name__ == "__main__":
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    numbers = random.Random(seed)
    for day in AS_OF:
        wrong, n = differing(
            [random_person(numbers) for _ in range(count // len(AS_OF))], day, BOOKS
        )
        print(day, n, "compared,", len(wrong), "differ", *wrong[:3])  # noqa: T201
