"""Tests: tubes, laboratories, what is lost and what contradicts."""

from datetime import timedelta

import pytest
from flights import answer_all, day

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.cover import tests as cover
from fangxian.hazards.epidemic.arrivals.ticking import tick
from fangxian.hazards.epidemic.arrivals.write import leaving, testing
from fangxian.spine.assess.models import Signal
from fangxian.spine.core.models import BadRow
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def first(six, now):
    """The first test of the first passenger, on the day after the flight."""
    now.at = day(1, 9)
    return m.Test.objects.get(arrival=six[0], on=now.at.date())


def sampled(test, by, number="T1"):
    return testing.sample(test=test, number=number, by=by)


def said(number, result, laboratory="市疾控", of="person"):
    at = day(1, 15)
    return testing.enter_results([testing.Result(number, laboratory, result, at, of)], by=SYSTEM)


def test_the_plan_makes_the_tests(six):
    days = [test.on.isoformat() for test in six[0].tests.order_by("on")]
    assert days == ["2022-06-23", "2022-06-26", "2022-06-29", "2022-07-06"]


def test_a_number_belongs_to_one_tube(six, first, xu, now):
    sampled(first, xu)
    other = m.Test.objects.get(arrival=six[1], on=now.at.date())
    with pytest.raises(Problem, match="已用过"):
        sampled(other, xu)
    assert sampled(first, xu).state == "sampled"  # the same tap again


def test_a_result_is_taken_once(first, xu):
    sampled(first, xu)
    assert said("T1", "negative") == {"taken": 1, "same": 0, "unknown": 0}
    assert said("T1", "negative") == {"taken": 0, "same": 1, "unknown": 0}
    first.refresh_from_db()
    assert (first.state, len(first.results)) == ("negative", 1)


def test_a_tube_that_nobody_knows_is_kept_and_stops_no_other(first, xu):
    sampled(first, xu)
    rows = [testing.Result(number, "市疾控", "negative", day(1, 15)) for number in ("X9", "T1")]
    assert testing.enter_results(rows, by=SYSTEM) == {"taken": 1, "same": 0, "unknown": 1}
    assert BadRow.objects.get(where="arrivals:results").key == "X9:市疾控"


def test_a_lost_sample_is_taken_again_today(first, xu, now):
    sampled(first, xu)
    testing.lose_sample(test=first, reason="管破", by=xu)
    again = m.Test.objects.get(arrival=first.arrival, on=now.at.date(), state="planned")
    assert (first.state, again.note) == ("lost", "样本遗失重采：管破")
    tick()
    again.refresh_from_db()
    assert again.state == "planned"


def test_two_results_that_contradict_are_neither(first, xu, now):
    sampled(first, xu)
    said("T1", "negative")
    said("T1", "positive", "县医院")
    first.refresh_from_db()
    assert first.state == "differ"
    [gap] = cover.differing(now.at)
    assert gap.fields["number"] == "T1"
    again = m.Test.objects.get(arrival=first.arrival, on=now.at.date(), state="planned")
    sampled(again, xu, "T2")
    said("T2", "negative")
    assert list(cover.differing(now.at)) == []


def test_the_last_day_wants_two_laboratories(six, xu, now):
    now.at = day(14)
    m.Arrival.objects.update(edition="2021-09-13")
    test = m.Test.objects.get(arrival=six[0], on="2022-07-06")
    sampled(test, xu)
    said("T1", "negative")
    test.refresh_from_db()
    assert test.state == "sampled"
    said("T1", "negative", "县医院")
    test.refresh_from_db()
    assert test.state == "negative"


def test_a_positive_is_a_signal_and_no_decision(first, xu):
    sampled(first, xu)
    said("T1", "positive")
    signal = Signal.objects.get(family="arrival_positive")
    first.arrival.refresh_from_db()
    assert (signal.about_key, first.arrival.state) == (str(first.arrival_id), "arrived")
    assert first.arrival.plan["release"]["conditions"][0]["state"] == "failed"


def test_amber_from_six_in_the_evening_and_late_after_midnight(first, now):
    now.at = day(1, 17, 59)
    assert list(cover.unsampled(now.at)) == []
    now.at = day(1, 18)
    assert len(list(cover.unsampled(now.at))) == 6
    now.at = day(2, 1)
    assert len(list(cover.unsampled(now.at))) == 6


def test_a_result_that_does_not_come_in_a_day_is_a_gap(first, xu, now):
    sampled(first, xu)
    answer_all(now.at.date(), by=xu, skip=[first.arrival])
    at = now.at + timedelta(hours=24, minutes=1)
    [gap] = [gap for gap in cover.unsampled(at) if gap.subject_id == str(first.pk)]
    assert gap.fields["what_en"] == "no result yet"


def test_a_result_nobody_can_read_is_refused(first, xu):
    sampled(first, xu)
    with pytest.raises(Problem) as problem:
        said("T1", "阴性")
    assert problem.value.code == "input.invalid"


def test_a_result_of_a_lost_tube_is_kept_and_not_taken(first, xu):
    sampled(first, xu)
    testing.lose_sample(test=first, reason="管破", by=xu)
    assert said("T1", "positive") == {"taken": 0, "same": 0, "unknown": 1}
    assert "样本遗失" in BadRow.objects.get(where="arrivals:results").why


def test_a_third_laboratory_settles_no_contradiction(first, xu):
    sampled(first, xu)
    for result, laboratory in (("negative", "甲"), ("positive", "乙"), ("negative", "丙")):
        assert said("T1", result, laboratory)["taken"] == 1
    first.refresh_from_db()
    assert (first.state, len(first.results)) == ("differ", 3)
    assert ("06-23 检测结果矛盾", "the test of 06-23: differ") in leaving.not_met(first.arrival)


def test_what_he_touched_is_a_signal_too(first, xu):
    sampled(first, xu)
    said("T1", "positive", of="objects")
    assert "报物品阳性" in Signal.objects.get(rule__startswith="arrival_positive").evidence["zh"]


def test_a_laboratory_that_corrects_itself_contradicts_nobody(first, xu):
    sampled(first, xu)
    said("T1", "positive")
    row = testing.Result("T1", "市疾控", "negative", day(1, 16), corrects=True)
    testing.enter_results([row], by=SYSTEM)
    first.refresh_from_db()
    counted = [r["result"] for r in first.results if not r.get("replaced")]
    assert (first.state, counted) == ("negative", ["negative"])
    assert said("T1", "positive") == {"taken": 0, "same": 1, "unknown": 0}  # the first file again
    first.refresh_from_db()
    assert first.state == "negative"


def test_who_is_no_case_after_all_is_sampled_again(first, xu):
    sampled(first, xu)
    said("T1", "positive")
    leaving.convert(arrival=first.arrival, by=xu, reason="确诊")
    assert first.arrival.tests.filter(state="planned").count() == 0
    leaving.no_case(arrival=first.arrival, reason="复核阴性", by=xu)
    again = first.arrival.tests.get(note="排除病例复核")
    assert (again.state, (again.on - first.on).days) == ("planned", 1)


def test_after_a_positive_another_sample_decides(first, xu, now):
    sampled(first, xu)
    said("T1", "positive", of="environment")
    [again] = first.arrival.tests.filter(note="阳性复核")
    assert (again.on - first.on).days == 1
    assert "检测阳性" in " ".join(zh for zh, _ in leaving.not_met(first.arrival))
    now.at = day(2, 9)
    testing.sample(test=again, number="T2", by=xu)
    for of in ("person", "environment"):
        testing.enter_results(
            [testing.Result("T2", "市疾控", "negative", day(2, 15), of)], by=SYSTEM
        )
    assert "检测阳性" not in " ".join(zh for zh, _ in leaving.not_met(first.arrival))
