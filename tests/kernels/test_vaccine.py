"""Schedules of vaccination: dates and verdicts by hand, and random histories of a two-dose rule
against one that is walked plainly."""

from calendar import isleap
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fangxian.kernels.vaccine import days
from fangxian.kernels.vaccine import tables as judge
from fangxian.kernels.vaccine.histories import Histories, evaluated
from fangxian.kernels.vaccine.rules import (
    Against,
    Age,
    Antigen,
    Dose,
    Interval,
    Period,
    Product,
    Rules,
    Series,
)
from fangxian.kernels.vaccine.tables import compiled

EPOCH = date(1970, 1, 1)
WAIT = Interval(previous=True, absolute=Period(0, 17), minimum=Period(0, 21), latest=Period(0, 57))
AGE = Age(absolute=Period(216, 0), minimum=Period(216, 0), earliest=Period(216, 0))
TWO = Series("two", "A", "A", "Standard", (
    Dose(ages=(AGE,), preferable=(Product("x"),)),
    Dose(ages=(AGE,), intervals=(WAIT,), preferable=(Product("x"),)),
))  # fmt: skip
RULES = Rules((Antigen("A", (TWO,)),), {"A": ("A",)}, frozenset(), {"x": (Against("A"),)})
TABLE, _ = compiled(RULES)
BORN = date(1990, 5, 1)


def number(day):
    return (day - EPOCH).days


def run(offsets, *, kept=None, today=20_000):
    doses = np.zeros((len(offsets), 5), np.int64)
    doses[:, 0] = number(BORN) + np.asarray(offsets)
    doses[:, 2] = -1
    if kept is not None:
        doses[:, 4] = kept
    one = [np.array([n]) for n in (number(BORN), 1, number(BORN) + today)]
    people = Histories(
        *one, np.array([0, len(doses)]), doses, np.array([0, 0]), np.empty((0, 2), np.int64)
    )
    return evaluated(TABLE, people, group=np.array([0]), whole=False)


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_a_day_is_that_of_the_calendar(day):
    assert days.civil(number(day)) == (day.year, day.month, day.day)
    assert days.from_civil(day.year, day.month, day.day) == number(day)


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.integers(-60, 1200))
def test_months_land_on_their_day_or_on_the_first_of_the_next(day, months):
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    try:
        wanted = date(year, month + 1, day.day)
    except ValueError:
        wanted = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    assert days.later(number(day), months, 0) == number(wanted)


@pytest.mark.parametrize("year", [2004, 2005, 2100])
def test_who_is_born_on_a_leap_day_is_of_age_on_the_first_of_march(year):
    birthday = days.later(number(date(1996, 2, 29)), 12 * (year - 1996), 0)
    assert birthday == number(date(year, 2, 29) if isleap(year) else date(year, 3, 1))


@given(st.lists(st.integers(6500, 6800), max_size=6))
def test_the_same_verdicts_as_one_that_is_walked_plainly(offsets):
    offsets = sorted(offsets)
    counted, wanted, last, early = 0, [], None, False
    for offset in offsets:
        wait = 21 if early else 17
        if counted == 2:
            wanted.append(judge.EXTRANEOUS)
            continue
        soon = counted == 1 and offset - last < wait
        young = BORN + timedelta(days=offset) < date(2008, 5, 1)
        early = soon or young
        wanted.append(judge.NOT_VALID if early else judge.VALID)
        counted += not early
        last = offset
    assert run(offsets)[0][:, 0].tolist() == wanted


def test_a_dose_that_counted_when_it_was_given_goes_on_counting():
    offsets = [7000, 7010]
    assert run(offsets)[0].tolist() == [[judge.VALID, 0], [judge.NOT_VALID, judge.TOO_SOON]]
    assert run(offsets, kept=[1, 1])[0][:, 0].tolist() == [judge.VALID] * 2


def test_the_next_dose_is_due_after_its_wait_and_late_after_its_last_day():
    _, results = run([7000])
    first = number(BORN) + 7000
    assert results[0].tolist() == [1, 2, first + 21, first + 21, first + 56]


def test_before_birth_nothing_counts():
    assert run([-3, 7000])[0].tolist() == [[judge.NOT_VALID, judge.BEFORE_BIRTH], [judge.VALID, 0]]


def test_doses_out_of_order_and_bounds_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="sorted"):
        run([7010, 7000])
    empty = np.empty((0, 5), np.int64)
    people = Histories(
        *[np.array([1])] * 3, np.array([0, 3]), empty, np.array([0, 0]), empty[:, :2]
    )
    with pytest.raises(ValueError, match="bounds"):
        evaluated(TABLE, people, group=np.array([0]), whole=False)


def test_a_vaccine_that_the_rules_do_not_know_is_refused():
    people = Histories(*[np.array([1])] * 3, *[np.array([0, 1])], np.array([[9, 7, -1, 0, 0]]),
                       np.zeros(2, np.int64), np.empty((0, 2), np.int64))  # fmt: skip
    with pytest.raises(ValueError, match="do not know"):
        evaluated(TABLE, people, group=np.array([0]), whole=False)


def test_who_stands_beside_changes_nothing():
    rng = np.random.default_rng(3)
    lists = [np.sort(rng.integers(6500, 7500, rng.integers(0, 5))) for _ in range(300)]
    first = np.cumsum([0, *map(len, lists)])
    doses = np.zeros((first[-1], 5), np.int64)
    doses[:, 0], doses[:, 2] = number(BORN) + np.concatenate(lists), -1
    n = np.ones(300, np.int64)
    people = Histories(n * number(BORN), n, n * 20_000, first, doses, n.cumsum() * 0, doses[:0, :2])
    people = people._replace(first_sign=np.zeros(301, np.int64))
    together = evaluated(TABLE, people, group=np.array([0]), whole=False)[0]
    alone = np.concatenate([run(one, today=20_000 - number(BORN))[0] for one in lists])
    assert np.array_equal(together, alone)
