"""The rule book: every regime of the table of facts stands in it, and what notices differ on must
be said."""

import csv

import pytest
from planned import BOOKS
from story import SHARED

from fangxian.hazards.epidemic.regimes.book import REGIMES, complaints
from fangxian.spine.core.dated import read_edition, shipped
from fangxian.spine.core.problems import Problem

TEXT = shipped("regimes")[0].text


@pytest.mark.shared
def test_all_thirteen_regimes_stand_in_the_books():
    with (SHARED / "data/epiops/facts/regimes.csv").open(encoding="utf-8") as file:
        facts = {row["id"]: row["stages"] for row in csv.DictReader(file)}
    there = {
        one.code: ";".join(f"{stage}:{days}" for stage, days in one.stages)
        for book in BOOKS
        for one in book.regimes
    }
    assert len(facts) == 13
    assert there == facts


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("day_index_origin = 0\n", "", "day_index_origin"),
        ("day_index_origin = 0", "day_index_origin = 2", "day_index_origin"),
        ('credit = "days_confirmed"', 'credit = "all"', "credit"),
        ('in_course = "keep"', 'in_course = "maybe"', "in_course"),
        ('[["central", 14], ["home_monitor", 7]]', '[["central", 14], ["ward", 7]]', "stages"),
        ("days = [1, 4, 7, 14], sample", "days = [1, 4, 7, 15], sample", "tests"),
        ('populations = ["overseas"]', 'populations = ["tourists"]', "populations"),
        ('release = ["tests_negative"]', 'release = ["hope"]', "release"),
        ('index_positive = "close_contact"', 'index_positive = "x"', "index_positive"),
        ("rank = 2", "rank = 3", "stage"),
    ],
)
def test_an_edition_that_leaves_something_open_is_refused_with_its_line(old, new, where):
    assert old in TEXT
    with pytest.raises(Problem) as problem:
        read_edition(REGIMES, "t", TEXT.replace(old, new, 1))
    assert problem.value.code == "rules.invalid"
    assert where in problem.value.fields["why"]
    assert int(problem.value.fields["line"]) > 1


def test_the_shipped_editions_have_nothing_against_them():
    for one in shipped("regimes"):
        assert list(complaints(dict(one.content))) == []
