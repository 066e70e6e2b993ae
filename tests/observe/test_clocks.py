"""Clocks of stations, dated bases, and what is usable of what comes in."""

import itertools
from datetime import timedelta

import pytest
from story import START

from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.accept import Intake
from fangxian.spine.observe.clocks import Known, State, judge_clock, offset_of, shift_s
from fangxian.spine.observe.cover import levels_without_base, silent_sensors, wrong_clocks
from fangxian.spine.observe.intake.batch import Arrival, Batch, Run
from fangxian.spine.observe.models import LevelBase, Series, Station, StationClock
from fangxian.spine.observe.read import reporting
from fangxian.spine.observe.rules import Bounds
from fangxian.spine.observe.write import set_level_base

BOUNDS = Bounds(tolerance_s=300, most_s=1800, oldest_s=60 * 86400)
AT_S = int(START.timestamp())


def after(*offsets, known=None):
    known = known or Known()
    for offset in offsets:
        known.state, known.offset_s = judge_clock(known, offset, BOUNDS)
    return known.state, known.offset_s


def test_a_clock_within_tolerance_is_right():
    assert after(0, 300, -300) == (State.RIGHT, 0)


def test_a_clock_ahead_shows_at_once_and_jitter_changes_nothing():
    assert after(301) == (State.DRIFT, 301)
    assert after(360, 340, 420) == (State.DRIFT, 360)


def test_one_late_message_is_no_slow_clock_but_three_alike_are():
    assert after(-900) == (State.RIGHT, 0)
    assert after(-900, -4000, -20) == (State.RIGHT, 0)
    assert after(-900, -930, -910) == (State.DRIFT, -910)


def test_beyond_what_is_taken_off_it_is_wrong():
    assert after(1801)[0] == State.WRONG
    assert after(8 * 3600)[0] == State.WRONG
    assert after(-26 * 365 * 86400)[0] == State.WRONG
    assert after(-7200, -7230, -7200)[0] == State.WRONG


def test_a_clock_set_right_is_believed_when_three_messages_agree():
    assert after(360, 0, 5)[0] == State.DRIFT
    assert after(360, 0, 5, -3) == (State.RIGHT, 0)
    assert after(8 * 3600, 10) == (State.RIGHT, 0)  # nothing was taken off: nothing to lose


def test_readings_are_moved_by_whole_minutes_and_only_by_a_drift():
    assert [shift_s(State.DRIFT, s) for s in (352, -329, 301)] == [360, -300, 300]
    assert shift_s(State.WRONG, 9000) == shift_s(State.RIGHT, 200) == 0


def test_without_a_sending_time_only_the_future_tells():
    def rows(at_s):
        return Batch("rows", "1", [Run("1", "Z", "m", at_s, (1.0,))], once=False)

    assert offset_of(rows(1000), 1000.0, BOUNDS) == 0
    assert offset_of(rows(100), 1000.0, BOUNDS) == 0
    assert offset_of(rows(1300), 1000.0, BOUNDS) == 0
    assert offset_of(rows(1301), 1000.0, BOUNDS) == 301


SERIAL = itertools.count()


def send(telemetry, *, sent_s, at_s=None, value=10.0, element="Z", **more):
    run = Run("70000001", element, "m", sent_s if at_s is None else at_s, (value,), **more)
    batch = Batch("sl651", "70000001", [run], once=True, sent_s=sent_s)
    Intake(telemetry).accept([Arrival(batch, f"{next(SERIAL)}".encode(), "t")], by=SYSTEM)


pytestmark = pytest.mark.django_db


def test_what_a_fast_clock_sends_is_moved_judged_and_told(gauge, telemetry):
    send(telemetry, sent_s=AT_S + 360)
    series = Series.objects.get()
    assert telemetry.newest([series.pk])[series.pk][:2] == (AT_S, 10.0)
    [told] = wrong_clocks(START)
    assert (told.fields["minutes"], told.fields["side_en"]) == (6, "ahead")
    assert Event.objects.filter(kind="station.clock").count() == 1


def test_a_clock_that_was_never_set_gives_nothing_usable(gauge, telemetry):
    send(telemetry, sent_s=946656000)
    assert telemetry.newest([Series.objects.get().pk]) == {}
    assert StationClock.objects.get().state == State.WRONG


def test_each_frame_gets_the_base_of_its_own_time(gauge, telemetry, now):
    Station.objects.update(level_base_m=10.0)
    Intake(telemetry)._refresh()
    now.advance(hours=2)
    station = Station.objects.get()
    set_level_base(station=station, base_m=20.0, since=now.at, source="复测", by=SYSTEM)
    assert Station.objects.get().level_base_m == 20.0
    late, new = AT_S + 3600, AT_S + 7200
    send(telemetry, sent_s=new, at_s=late, value=3.0, relative=True)
    send(telemetry, sent_s=new, at_s=new, value=3.0, relative=True)
    series = Series.objects.get(element="Z")
    found = telemetry.span([series.pk], since_s=0, until_s=new)[series.pk]
    assert [(row[0], row[1]) for row in found] == [(late, 13.0), (new, 23.0)]
    assert LevelBase.objects.count() == 2


def test_relative_levels_without_a_base_are_a_gap(gauge, telemetry):
    send(telemetry, sent_s=AT_S, value=3.0, element="DRZ1", relative=True)
    assert [u.subject_id for u in levels_without_base(START)] == ["70000001"]
    Station.objects.update(level_base_m=10.0)
    assert list(levels_without_base(START)) == []


def test_a_living_battery_is_no_living_gauge(gauge, telemetry, now):
    send(telemetry, sent_s=AT_S)
    assert reporting() == (1, 1)
    now.advance(hours=2)
    send(telemetry, sent_s=AT_S + 7200, value=12.5, element="VT")
    assert reporting() == (0, 1)


def test_one_dead_sensor_of_two_is_a_gap_of_its_own(gauge, telemetry, now):
    send(telemetry, sent_s=AT_S)
    send(telemetry, sent_s=AT_S, value=0.0, element="P5")
    now.advance(hours=2)
    send(telemetry, sent_s=AT_S + 7200)
    [told] = silent_sensors(now.at)
    assert (told.fields["sensor_en"], told.since) == ("rain", START)
    assert list(silent_sensors(START + timedelta(minutes=30))) == []
