"""Whether a reading is believed: against limits, against what came before, at the very edge."""

from dataclasses import replace

import pytest

from fangxian.spine.observe.quality import (
    Limits,
    Trace,
    follow,
    judge,
    judge_all,
)
from fangxian.spine.observe.store import Quality, Reading

GOOD, SUSPECT, BAD, MISSING = Quality.GOOD, Quality.SUSPECT, Quality.BAD, Quality.MISSING
DAY_S = 86400
WIDE = Limits(-100, 100)


def of(value, at_s=3600, *, limits=WIDE, trace=None, now_s=10 * DAY_S):
    found = judge(Reading(1, at_s, value), limits=limits, trace=trace, latest_s=now_s + 300)[-1]
    return found.quality, found.reason


def trace(value=5.0, at_s=0, same_since_s=0, day_s=0, day_value=5.0):
    return Trace(at_s, value, same_since_s, day_s, day_value)


def test_the_limits_themselves_are_believed():
    assert of(0.0, limits=Limits(0, 50)) == (GOOD, "")
    assert of(50.0, limits=Limits(0, 50)) == (GOOD, "")
    assert of(-0.1, limits=Limits(0, 50)) == (BAD, "below_range")
    assert of(50.1, limits=Limits(0, 50)) == (BAD, "above_range")


def test_a_limit_that_is_not_set_is_not_checked():
    assert of(-1e6, limits=Limits(highest=50)) == (GOOD, "")
    assert of(1e6, limits=Limits(lowest=0)) == (GOOD, "")
    assert of(1e6, limits=Limits(), trace=trace()) == (GOOD, "")


def test_five_minutes_ahead_are_forgiven_and_no_more():
    assert of(1.0, 1300, now_s=1000) == (GOOD, "")
    assert of(1.0, 1301, now_s=1000) == (BAD, "future")
    assert of(1.0, 1301, limits=None, now_s=1000) == (BAD, "future")


@pytest.mark.parametrize("quality", [GOOD, SUSPECT, BAD, MISSING])
def test_what_was_judged_before_keeps_its_verdict(quality):
    reading = Reading(1, 99 * DAY_S, 1e9, quality, "why")
    assert judge(reading, limits=WIDE, trace=None, latest_s=0) == [reading]
    missing = replace(reading, value=None, quality=Quality.UNCHECKED)
    assert judge(missing, limits=WIDE, trace=None, latest_s=0) == [missing]


def test_a_rise_is_measured_by_the_hour_both_ways():
    limits = Limits(rise_per_h=2.0)
    assert of(9.0, 7200, limits=limits, trace=trace()) == (GOOD, "")
    assert of(9.1, 7200, limits=limits, trace=trace()) == (SUSPECT, "rise")
    assert of(0.9, 7200, limits=limits, trace=trace()) == (SUSPECT, "rise")


def test_within_five_minutes_a_rise_counts_as_of_five():
    limits = Limits(rise_per_h=12.0)
    assert of(6.0, 60, limits=limits, trace=trace()) == (GOOD, "")
    assert of(6.1, 60, limits=limits, trace=trace()) == (SUSPECT, "rise")


def test_a_days_change_is_measured_from_the_days_first_value():
    limits = Limits(change_per_day=3.0)
    assert of(8.0, limits=limits, trace=trace(7.9)) == (GOOD, "")
    assert of(8.1, limits=limits, trace=trace(7.9)) == (SUSPECT, "day_change")
    assert of(1.9, limits=limits, trace=trace(2.1)) == (SUSPECT, "day_change")


def test_a_value_that_never_moves_is_stuck():
    limits = Limits(stuck_after_s=100)
    assert of(5.0, 100, limits=limits, trace=trace()) == (GOOD, "")
    assert of(5.0, 101, limits=limits, trace=trace()) == (SUSPECT, "stuck")
    assert of(5.1, 101, limits=limits, trace=trace()) == (GOOD, "")
    assert of(5.0, 1000, limits=Limits(), trace=trace()) == (GOOD, "")


def test_a_reading_older_than_the_last_is_not_held_against_it():
    limits = Limits(rise_per_h=0.1)
    assert of(50.0, 3600, limits=limits, trace=trace(at_s=3600)) == (GOOD, "")
    assert of(50.0, 3601, limits=limits, trace=trace(at_s=3600)) == (SUSPECT, "rise")


def test_the_first_good_reading_begins_a_trace():
    assert follow(None, Reading(1, 60, 5.0, GOOD)) == Trace(60, 5.0, 60, 60, 5.0)
    assert follow(None, Reading(1, 60, 5.0, SUSPECT)) is None


@pytest.mark.parametrize(
    "reading",
    [
        Reading(1, 60, 99.0, BAD, "above_range"),
        Reading(1, 60, None, MISSING),
        Reading(1, 60, 9.0, MISSING),
        Reading(1, 60, None, GOOD),
    ],
)
def test_bad_and_missing_readings_leave_no_trace(reading):
    assert follow(None, reading) is None
    assert follow(trace(), reading) == trace()


def test_a_late_reading_does_not_turn_a_trace_back():
    assert follow(trace(at_s=60), Reading(1, 60, 9.0, GOOD)) == trace(at_s=60)
    assert follow(trace(at_s=60), Reading(1, 30, 9.0, GOOD)) == trace(at_s=60)


def test_a_trace_knows_since_when_the_value_is_the_same():
    assert follow(trace(), Reading(1, 60, 5.0, GOOD)) == trace(5.0, 60, 0)
    assert follow(trace(), Reading(1, 60, 6.0, GOOD)) == trace(6.0, 60, 60)


def test_a_new_day_begins_after_a_whole_one():
    almost = follow(trace(), Reading(1, DAY_S - 1, 6.0, GOOD))
    assert (almost.day_s, almost.day_value) == (0, 5.0)
    full = follow(trace(), Reading(1, DAY_S, 7.0, GOOD))
    assert (full.day_s, full.day_value) == (DAY_S, 7.0)


def test_a_batch_is_judged_in_order_of_time_and_each_series_for_itself():
    readings = [Reading(1, 7200, 6.0), Reading(2, 3600, 50.0), Reading(1, 3600, 5.5)]
    limits = {1: Limits(rise_per_h=1.0), 2: Limits(highest=10)}
    traces = {1: trace()}
    found = judge_all(readings, limits=limits, traces=traces, latest_s=DAY_S)
    assert [(r.series_id, r.valid_s, r.quality) for r in found] == [
        (2, 3600, BAD),
        (1, 3600, GOOD),
        (1, 7200, GOOD),
    ]
    assert (traces[1].valid_s, traces[1].value, traces[2]) == (7200, 6.0, None)
