"""Histories as they really come: without a day, with a code nobody knows, twice, contradicting."""

from datetime import date, timedelta

import pytest

from fangxian.hazards.epidemic.vaccination.judging import Given, Judge, Person, Schedule
from fangxian.hazards.epidemic.vaccination.schedules import judge_of, rules_of

pytestmark = pytest.mark.django_db
FIRST, SECOND = date(2021, 6, 1), date(2021, 6, 22)
BORN, TODAY = date(1960, 1, 1), date(2021, 9, 1)


def said(*given, judge=None):
    judge = judge or judge_of("nhc")
    return judge.said("COVID-19", [Person(BORN, "M", TODAY, given)])[0]


def test_doses_out_of_order_are_told_in_the_order_they_were_given():
    one = said(Given(SECOND, "510"), Given(FIRST, "510"))
    assert one.series[1] == "Complete"
    assert [status[1] for status, _ in one.doses] == ["Valid", "Valid"]


def test_two_doses_of_one_day_are_one_that_counts():
    one = said(Given(FIRST, "510"), Given(FIRST, "510"))
    assert [status[1] for status, _ in one.doses] == ["Valid", "Not Valid"]


def test_a_dose_without_a_day_counts_for_nothing_and_is_said_to():
    one = said(Given(None, "510"), Given(FIRST, "510"))
    assert one.doses[0] == (("未判定", "Not Judged"), ("接种日期不详", "No Date"))
    assert one.number == 2


def test_a_code_nobody_knows_is_said_and_the_rest_is_judged():
    one = said(Given(FIRST, "999"), Given(FIRST, "510"))
    assert one.doses[0][1][1] == "Unknown Product"
    assert one.doses[1][0][1] == "Valid"


def test_the_same_dose_in_two_records_is_one():
    one = said(Given(FIRST, "510", record="福建"), Given(FIRST, "510", record="浙江"))
    assert one.doses[1][1][1] == "Same Dose In Another Record"
    assert (one.number, one.contradictions) == (2, ())


def test_two_provinces_that_contradict_are_both_shown():
    one = said(Given(FIRST, "510", record="福建"), Given(FIRST, "511", record="浙江"))
    assert one.contradictions == ((0, 1),)
    assert [status[1] for status, _ in one.doses] == ["Valid", "Not Valid"]


def test_a_spoilt_dose_does_not_count():
    one = said(Given(FIRST, "510", spoilt=True), Given(SECOND, "510"))
    assert (one.doses[0][0][1], one.number) == ("Sub-standard", 2)


def test_before_birth():
    one = said(Given(BORN - timedelta(days=1), "510"))
    assert one.doses[0][1][1] == "Before Birth"


def test_a_dose_valid_when_given_stays_valid_by_a_stricter_edition():
    rules = [
        rules_of({"group": [{"code": "COVID-19", "series": [
            {"code": "x", "products": ["510"], "dose": [{}, {"after": wait}]}]}]},
            [{"cvx": "510", "kind": "inactivated", "zh": ""}])
        for wait in ("21 days", "28 days")
    ]  # fmt: skip
    change = SECOND + timedelta(days=5)
    both = Judge(Schedule([(date.min, rules[0]), (change, rules[1])]))
    strict = Judge(Schedule([(date.min, rules[1])]))
    doses = Given(FIRST, "510"), Given(SECOND, "510")
    assert said(*doses, judge=both).series[1] == "Complete"
    assert said(*doses, judge=strict).series[1] == "Not complete"
    late = Given(FIRST, "510"), Given(change, "510")  # after the change: by the new wait
    assert said(*late, judge=both).series[1] == "Not complete"


def test_a_large_batch_is_as_each_alone():
    doses = [
        [Given(FIRST + timedelta(days=k * n), "510") for k in range(n % 4)] for n in range(200)
    ]
    people = [Person(BORN, "F", TODAY, tuple(given)) for given in doses]
    judge = judge_of("nhc")
    alone = [judge.said("COVID-19", [one])[0] for one in people]
    assert judge.said("COVID-19", people) == alone
