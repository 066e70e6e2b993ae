"""From a reading to a signal: rise, worsen, ease, fall, late data, announcements."""

from datetime import timedelta

import pytest
from story import START, FloodWatch, built

from fangxian.hazards.flood.rain.watch import RainWatch
from fangxian.hazards.flood.tables import flood_limit, river_marks, shipped_thresholds
from fangxian.spine.assess.models import Announcement, Signal, Threshold
from fangxian.spine.assess.read import alarm_figures, open_groups
from fangxian.spine.assess.rules import Finding, Pace, Standing, may_speak, next_standing
from fangxian.spine.assess.write import (
    acknowledge,
    announce,
    load_thresholds,
    set_threshold,
    settle,
    shelve,
)
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.store import Quality, Reading
from fangxian.spine.registry.models import Place


@pytest.fixture
def rules(city):
    load_thresholds(shipped_thresholds(), by=SYSTEM)


@pytest.fixture
def rain(gauge):
    return Series.objects.create(station=gauge, element="P5", unit="mm", step_s=300)


def fall(telemetry, series, at, *values_mm):
    """Five-minute rains ending at ``at``, oldest first."""
    start_s = int(at.timestamp()) - 300 * (len(values_mm) - 1)
    rows = [Reading(series.pk, start_s + 300 * k, v, Quality.GOOD) for k, v in enumerate(values_mm)]
    telemetry.put(rows, received_s=at.timestamp())


def test_a_hundred_millimetres_in_three_hours_is_red_with_its_evidence(rules, rain, telemetry):
    fall(telemetry, rain, START, *[2.8] * 36)
    FloodWatch(telemetry).tick()
    signal = Signal.objects.get(family="rainstorm")
    assert signal.level == Level.I
    assert signal.evidence["window_h"] == 3
    assert signal.evidence["value"] == 100.8
    assert signal.evidence["threshold"] == 100
    assert signal.evidence["source"]


def test_just_below_is_not_red(rules, rain, telemetry):
    fall(telemetry, rain, START, *[2.8] * 35, 1.9)
    FloodWatch(telemetry).tick()
    assert Signal.objects.get(family="rainstorm").level == Level.II


def test_a_zero_is_not_a_missing_and_a_partial_sum_says_so(rules, rain, telemetry):
    fall(telemetry, rain, START, *[9.0] * 6)
    FloodWatch(telemetry).tick()
    told = Signal.objects.get(family="rainstorm").evidence
    assert (told["present"], told["wanted"]) == (6, 36)


def test_late_readings_raise_the_signal_at_their_own_time(rules, rain, telemetry, now):
    watch = FloodWatch(telemetry)
    fall(telemetry, rain, START, 0.0)
    watch.tick()
    late = START - timedelta(hours=4)
    fall(telemetry, rain, late, *[2.8] * 36)
    watch.tick()
    raised = Event.objects.get(kind="signal.raised", after__rule="rainstorm national")
    assert Signal.objects.get(family="rainstorm").started_at < START - timedelta(hours=4)
    assert raised.after["evidence"]["window_h"] in (3, 6, 12)


def test_a_correction_takes_the_signal_back(rules, rain, telemetry, now):
    watch = FloodWatch(telemetry)
    fall(telemetry, rain, START, *[2.8] * 36)
    watch.tick()
    fall(telemetry, rain, START, *[0.1] * 36)
    watch.tick()
    fall(telemetry, rain, START + timedelta(hours=2), 0.0)
    watch.tick()
    assert not Signal.objects.filter(family="rainstorm", cleared_at=None).exists()


def test_a_rebuilt_watch_has_the_same_sums(rules, rain, telemetry):
    watch = FloodWatch(telemetry)
    for k in range(40):
        fall(telemetry, rain, START - timedelta(minutes=5 * (39 - k)), k / 10)
        watch.tick()
    again = built(RainWatch(telemetry, START, 0))
    assert again.sums.sums.tolist() == watch.watches[0].judge.sums.sums.tolist()


def test_a_restart_repeats_nothing(rules, rain, telemetry):
    fall(telemetry, rain, START, *[2.8] * 36)
    assert FloodWatch(telemetry).tick() == 36
    assert FloodWatch(telemetry).tick() == 0
    assert Event.objects.filter(kind="signal.raised").count() == 2


def test_river_marks_rise_through_their_levels(gauge, telemetry):
    load_thresholds(river_marks(gauge, {"WRZ": 22.0, "GRZ": 23.0}, source="t"), by=SYSTEM)
    series = Series.objects.create(station=gauge, element="Z", unit="m")
    watch = FloodWatch(telemetry)
    for k, stage in enumerate([21.5, 22.1, 23.41]):
        fall(telemetry, series, START + timedelta(hours=k), stage)
        watch.tick()
    signal = Signal.objects.get()
    assert (signal.level, signal.evidence["mark"]) == (Level.I, "GRZ")
    assert signal.evidence["over"] == 0.41
    assert signal.evidence["rate_per_h"] == 1.31


def test_a_flood_limit_holds_in_its_season_only(gauge, telemetry):
    limit = flood_limit(gauge, limit_m=40, season_from="0415", season_to="1015", source="t")
    load_thresholds([limit], by=SYSTEM)
    series = Series.objects.create(station=gauge, element="ZU", unit="m")
    watch = FloodWatch(telemetry)
    fall(telemetry, series, START.replace(month=3), 41.0)
    watch.tick()
    assert not Signal.objects.exists()
    fall(telemetry, series, START, 41.0)
    watch.tick()
    assert Signal.objects.get().family == "reservoir"


def finding(at, level, kept=None, hold_s=3600):
    return Finding(
        "f", "rain", ("station", "1"), "站", 1, at, level, kept or level, 1.0, "f 1", "g", hold_s
    )


def test_a_signal_falls_only_after_the_hold():
    up = Standing(Level.II, Level.II, None, Level.II)
    first = next_standing(up, finding(START, None))
    assert first == Standing(Level.II, Level.II, START, Level.II)
    assert next_standing(first, finding(START + timedelta(minutes=59), None)) == first
    assert next_standing(first, finding(START + timedelta(minutes=60), None)) is None


def test_the_dead_band_stops_chatter():
    up = Standing(Level.II, Level.II, None, Level.II)
    assert next_standing(up, finding(START, Level.III, kept=Level.II)) == up


def test_acknowledging_twice_is_taken_once(gauge, lin):
    [signal] = settle([finding_at(gauge, START)], by=SYSTEM)
    assert acknowledge(signals=[signal], by=lin) == 1
    assert acknowledge(signals=[signal], by=lin) == 0


def finding_at(gauge, at, level=Level.I, n=0):
    about, group = ("station", f"{gauge.code}-{n}"), f"镇{n % 30}"
    return Finding("f", "rain", about, "站", gauge.place_id, at, level, level, 1.0, "f 1", group)


def test_a_shelved_signal_returns_when_it_worsens(gauge, lin, now):
    [signal] = settle([finding_at(gauge, START, Level.III)], by=SYSTEM)
    shelve(signal=signal, until=START + timedelta(hours=5), reason="检修", by=lin)
    assert open_groups(seat=lin) == []
    settle([finding_at(gauge, START + timedelta(minutes=5), Level.I)], by=SYSTEM)
    assert open_groups(seat=lin)[0].level == Level.I


def test_shelving_needs_a_reason(gauge, lin):
    [signal] = settle([finding_at(gauge, START, Level.III)], by=SYSTEM)
    with pytest.raises(Problem) as refused:
        shelve(signal=signal, until=START, reason="", by=lin)
    assert refused.value.code == "input.reason_missing"


def test_two_thousand_crossings_an_hour_are_ten_announcements_and_every_red(gauge, now):
    for minute in range(60):
        at = START + timedelta(minutes=minute)
        now.at = at
        settle(
            [
                finding_at(gauge, at, Level(1 + (n % 4)), n)
                for n in range(minute * 34, minute * 34 + 34)
            ],
            by=SYSTEM,
        )
        announce(by=SYSTEM)
    now.advance(minutes=1)
    announce(by=SYSTEM)
    figures = alarm_figures(since=START, until=START + timedelta(hours=2))
    assert figures.raw >= 2000
    assert figures.worst_10min <= 10
    assert figures.red_announced == figures.red_raised > 400


def test_what_is_stale_is_never_announced(gauge, now):
    settle([finding_at(gauge, START)], by=SYSTEM)
    now.advance(hours=3)
    assert announce(by=SYSTEM) is None
    assert not Announcement.objects.exists()


def test_calm_news_waits_ten_minutes():
    pace = Pace(urgent_s=60, calm_s=600)
    soon = START + timedelta(minutes=2)
    assert may_speak(worst=Level.I, last_at=START, now=soon, pace=pace)
    assert not may_speak(worst=Level.IV, last_at=START, now=soon, pace=pace)


def test_a_changed_threshold_keeps_the_old_version(rules, zheng):
    row = Threshold.objects.filter(family="rainstorm", level=1).first()
    set_threshold(threshold=row, value=90, source="市水利局通知", by=zheng)
    values = Threshold.objects.filter(family="rainstorm", level=1).order_by("id")
    assert [(t.value, t.valid_to is None) for t in values] == [(100, False), (90, True)]


def test_a_villages_own_numbers_are_judged_by_its_nearest_gauge(rules, rain, gauge, telemetry):
    village = Place.objects.filter(parent=gauge.place).first()
    row = Threshold.objects.get(family="flash-flood", level=1, window_s=3600)
    row.pk, row.place, row.value, row.version = None, village, 20.0, "village"
    row.save()
    fall(telemetry, rain, START, *[2.0] * 12)
    FloodWatch(telemetry).tick()
    signal = Signal.objects.get(place=village)
    assert (signal.level, signal.about, signal.rule) == (
        Level.I,
        ("place", signal.place.code),
        "flash-flood village",
    )
    assert not Signal.objects.filter(place=gauge.place, level=Level.I).exists()


def test_a_stations_own_number_stands_before_the_citys(rules, rain, gauge, telemetry):
    row = Threshold.objects.get(family="rainstorm", level=1)
    row.pk, row.station, row.value, row.version = None, gauge, 300.0, "own"
    row.save()
    fall(telemetry, rain, START, *[2.8] * 36)
    FloodWatch(telemetry).tick()
    assert Signal.objects.get(family="rainstorm").level == Level.II
