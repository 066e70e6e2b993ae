"""Schedules of authorities side by side, as dated data."""

from datetime import date

import pytest

from fangxian.hazards.epidemic.vaccination.judging import Given, Person
from fangxian.hazards.epidemic.vaccination.schedules import judge_of
from fangxian.spine.core.problems import Problem

pytestmark = pytest.mark.django_db
BIBP, CORONAVAC, KCONVAC, CANSINO, ZIFIVAX = "510", "511", "516", "506", "513"
WHOLE, BOOSTER = "COVID-19", "COVID-19 booster"


def said(*doses, by="nhc", group=WHOLE, born=date(1960, 1, 1), today=date(2022, 3, 1)):
    given = tuple(Given(date.fromisoformat(day), cvx) for day, cvx in doses)
    return judge_of(by).said(group, [Person(born, "F", today, given)])[0]


def counts(one):
    return [status[1] for status, _ in one.doses]


def test_the_same_two_doses_count_here_and_not_there():
    doses = ("2021-06-01", CORONAVAC), ("2021-06-15", CORONAVAC)
    assert counts(said(*doses, by="ice")) == ["Valid", "Valid"]
    one = said(*doses)
    assert counts(one) == ["Valid", "Not Valid"]
    assert one.doses[1][1] == ("间隔太短", "Interval: too short")


def test_the_other_product_waits_longer_at_the_other_authority():
    assert counts(said(("2021-06-01", BIBP), ("2021-06-15", BIBP), by="ice"))[1] == "Not Valid"
    assert counts(said(("2021-06-01", BIBP), ("2021-06-22", BIBP), by="ice"))[1] == "Valid"


def test_one_dose_of_the_single_dose_product_is_the_first_and_the_last():
    assert said(("2021-06-01", CANSINO)).series[1] == "Complete"


def test_three_doses_of_the_subunit_product():
    one = said(("2021-06-01", ZIFIVAX), ("2021-06-29", ZIFIVAX), today=date(2021, 8, 1))
    assert (one.number, one.earliest) == (3, date(2021, 7, 27))
    assert one.past_due == date(2021, 12, 1)  # six months after the first


def test_who_is_late_is_caught_up_and_never_begins_anew():
    one = said(("2021-04-01", BIBP), ("2022-02-20", BIBP))
    assert counts(one) == ["Valid", "Valid"]
    assert one.series[1] == "Complete"


def test_products_of_one_sort_go_together_and_of_two_sorts_not():
    assert counts(said(("2021-06-01", BIBP), ("2021-07-01", KCONVAC))) == ["Valid", "Valid"]
    assert counts(said(("2021-06-01", BIBP), ("2021-07-01", ZIFIVAX)))[1] == "Not Valid"


def test_a_booster_is_due_half_a_year_after_the_whole():
    doses = ("2021-06-01", BIBP), ("2021-06-22", BIBP)
    assert said(*doses, group=BOOSTER).recommended == date(2021, 12, 22)
    assert counts(said(*doses, ("2021-12-21", BIBP), group=BOOSTER))[2] == "Not Valid"
    assert said(*doses, ("2021-12-22", BIBP), group=BOOSTER).series[1] == "Complete"


@pytest.mark.parametrize(
    ("today", "counted"), [("2021-07-23", "Not Valid"), ("2021-07-24", "Valid")]
)
def test_the_edition_of_today_judges(today, counted):
    one = said(("2021-07-20", BIBP), born=date(2006, 1, 1), today=date.fromisoformat(today))
    assert counts(one) == [counted]


def test_who_has_nothing_is_due_from_the_age_on():
    one = said(born=date(2004, 2, 29), today=date(2021, 4, 1))
    assert (one.number, one.earliest) == (1, date(2022, 3, 1))


def test_before_an_edition_speaks_of_a_group_nothing_is_due_of_it():
    one = said(("2021-04-01", BIBP), group=BOOSTER, today=date(2021, 5, 1))
    assert (one.series[1], one.number, one.earliest) == ("Not recommended", None, None)
    assert counts(one) == ["Not Judged"]


def test_an_unknown_authority_and_group_are_named_with_what_there_is():
    with pytest.raises(Problem, match="ice, nhc") as unknown:
        judge_of("who")
    assert unknown.value.code == "schedule.unknown"
    with pytest.raises(Problem, match=BOOSTER) as group:
        judge_of("nhc").group("measles")
    assert group.value.code == "vaccine.no_group"
