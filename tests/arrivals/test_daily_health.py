"""Every day somebody hears from everybody; a fever is a signal."""

import pytest
from flights import day, well

from fangxian.hazards.epidemic.arrivals.cover.people import silent
from fangxian.hazards.epidemic.arrivals.write.health import (
    arrival_of_link,
    link_of,
    report_health,
)
from fangxian.ops.worker import Worker
from fangxian.spine.assess.models import Signal
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM

pytestmark = pytest.mark.django_db


def test_silence_is_a_gap_at_eight_in_the_evening(six, now):
    now.at = day(0, 19)
    well(six)
    now.at = day(1, 19)
    well(six[:4])
    now.at = day(1, 19, 59)
    assert list(silent(now.at)) == []  # of today it is not due
    now.at = day(1, 20)
    assert {gap.subject_id for gap in silent(now.at)} == {f"{one.pk}:health" for one in six[4:]}


def test_a_report_of_the_morning_after_does_not_heal_the_evening(six, now):
    now.at = day(1, 19)
    well(six[:5])
    now.at = day(2, 9)
    well(six[5:])
    assert list(silent(now.at)) == []  # late, and heard
    now.at = day(2, 20)
    assert len(list(silent(now.at))) == 5


@pytest.mark.parametrize(("value", "level"), [("37.2", None), ("37.3", 3), ("38.0", 2)])
def test_a_fever_is_a_signal_by_the_limits_in_force(six, now, value, level):
    report_health(arrival=six[0], temperature=value, symptoms="cough", by=SYSTEM)
    Worker().settle()
    found = Signal.objects.filter(family="arrival_fever").values_list("level", flat=True)
    assert list(found) == ([level] if level else [])


def test_it_goes_when_the_fever_goes(six, now):
    report_health(arrival=six[0], temperature="38.4", by=SYSTEM)
    Worker().settle()
    now.advance(hours=10)
    report_health(arrival=six[0], temperature="36.8", by=SYSTEM)
    Worker().settle()
    assert Signal.objects.get(family="arrival_fever").cleared_at is not None


def test_a_link_leads_to_its_own_and_ends_with_the_measures(six):
    token = link_of(six[0]).removeprefix("/h/")
    assert arrival_of_link(token) == six[0]
    with pytest.raises(Problem) as problem:
        arrival_of_link(token[:-1] + ("a" if token[-1] != "a" else "b"))
    assert problem.value.code == "not_found"
    type(six[0]).objects.filter(pk=six[0].pk).update(state="released")
    with pytest.raises(Problem) as problem:
        arrival_of_link(token)
    assert problem.value.code == "not_found"


def test_the_same_tap_twice_is_one_report(six, now):
    for _ in range(2):
        report_health(arrival=six[0], temperature="36.5", by=SYSTEM, instance="uuid:1")
    from fangxian.spine.observe.models import Report

    assert Report.objects.filter(about_kind="arrival").count() == 1
