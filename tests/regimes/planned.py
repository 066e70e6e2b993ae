"""Plans of persons by the shipped books, as the tests write them."""

from datetime import date

from fangxian.hazards.epidemic.regimes.book import read_book
from fangxian.hazards.epidemic.regimes.plan import plan_persons
from fangxian.spine.core.dated import shipped

BOOKS = sorted(map(read_book, shipped("regimes")), key=lambda book: book.begins)


def plan(person, as_of="2023-06-01"):
    """The plan of one person."""
    return plan_persons([person], BOOKS, as_of=date.fromisoformat(as_of).toordinal()).of(0)


def stages(told):
    return [(row["stage"], row["from"], row["to"]) for row in told["stages"]]


def released(told):
    return told["release"]["on"] if told["release"] else None


def said(told):
    return {row["code"]: row["path"] for row in told["said"]}
