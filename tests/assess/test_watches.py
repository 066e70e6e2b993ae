"""Rain and river against their numbers: which window spoke, which mark, in which season, whose."""

from datetime import timedelta

import pytest
from story import START, FloodWatch, built

from fangxian.hazards.flood.rain.watch import WINDOWS_S, RainWatch
from fangxian.hazards.flood.river.watch import StageWatch
from fangxian.hazards.flood.tables import flood_limit, river_marks, shipped_thresholds
from fangxian.spine.assess.models import Signal, Threshold
from fangxian.spine.assess.write import load_thresholds
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import BadRow, Cursor, Event
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.store import Quality, Reading
from fangxian.spine.observe.write import add_station
from fangxian.spine.registry.models import Place

pytestmark = pytest.mark.django_db
I, II, III, IV = Level  # noqa: E741
AT_S = int(START.timestamp())
GOOD = Quality.GOOD


@pytest.fixture
def rain(gauge):
    return Series.objects.create(station=gauge, element="P5", unit="mm", step_s=300)


def put(telemetry, series, *values, step_s=300, end_s=AT_S, quality=GOOD):
    start = end_s - step_s * (len(values) - 1)
    rows = [Reading(series.pk, start + step_s * k, v, quality) for k, v in enumerate(values)]
    telemetry.put(rows, received_s=end_s)


def number(level, value, window_s=3600, family="rainstorm", **more):
    return Threshold.objects.create(
        family=family,
        version="t",
        hazard="rain",
        element="P5",
        window_s=window_s,
        level=level,
        value=value,
        unit="mm",
        source="t",
        **more,
    )


# -- rain


@pytest.mark.parametrize("window_s", [1800, 3600, 7200, 10800, 21600, 43200, 86400, 259200])
def test_each_window_is_summed_over_its_own_length(rain, telemetry, window_s):
    assert window_s in WINDOWS_S
    steps = window_s // 300
    number(III, steps, window_s, hold_s=3600)
    put(telemetry, rain, 99.0, *[1.0] * (steps - 1), 0.9)
    FloodWatch(telemetry).tick()
    told = Signal.objects.filter(observed_at=START)
    found = [(e["window_h"], e["wanted"]) for e in told.values_list("evidence", flat=True)]
    assert all(pair == (window_s / 3600, steps) for pair in found)
    assert Signal.objects.get().value == pytest.approx(steps - 0.1)


def test_a_number_that_is_just_reached_counts(rain, telemetry):
    number(III, 12.0)
    put(telemetry, rain, *[1.0] * 12)
    FloodWatch(telemetry).tick()
    signal = Signal.objects.get()
    assert (signal.level, signal.value, signal.rule) == (III, 12.0, "rainstorm t")
    assert signal.started_at == signal.observed_at == START
    assert (signal.about, signal.about_name) == (("station", "70000001"), "和溪雨量站")


def test_a_tenth_less_does_not(rain, telemetry):
    number(III, 12.0)
    put(telemetry, rain, *[1.0] * 11, 0.9)
    FloodWatch(telemetry).tick()
    assert not Signal.objects.exists()


def test_within_the_dead_band_a_signal_stays_and_below_it_waits(rain, telemetry):
    number(III, 10.0, 1800, dead_band=0.1, hold_s=600)
    watch = FloodWatch(telemetry)
    put(telemetry, rain, 1.0, 0.0, 0.0, 0.0, 0.0, 9.0)
    watch.tick()
    store_more(telemetry, rain, 1, 0.0)
    watch.tick()
    assert (Signal.objects.get().below_since, Signal.objects.get().value) == (None, 9.0)
    store_more(telemetry, rain, 2, *[0.0] * 4, 8.9)
    watch.tick()
    assert Signal.objects.get().below_since == START + timedelta(minutes=30)


def test_a_revised_reading_counts_as_if_it_had_always_been_so(rain, telemetry):
    number(III, 10.0, hold_s=3600)
    watch = FloodWatch(telemetry)
    put(telemetry, rain, 5.0, 6.0)
    watch.tick()
    assert Signal.objects.get().cleared_at is None
    put(telemetry, rain, 5.0, 4.0)
    watch.tick()
    assert Signal.objects.get().cleared_at
    assert Event.objects.filter(kind="signal.withdrawn").get().reason


def store_more(telemetry, series, first, *values):
    """Rain of the steps after START."""
    rows = [
        Reading(series.pk, AT_S + 300 * (first + k), v, Quality.GOOD) for k, v in enumerate(values)
    ]
    telemetry.put(rows, received_s=AT_S)


def test_of_several_windows_the_worst_level_counts_and_the_loudest_is_told(rain, telemetry):
    number(III, 10.0, 3600)
    number(I, 30.0, 10800)
    number(I, 20.0, 7200)
    put(telemetry, rain, *[1.0] * 36)
    FloodWatch(telemetry).tick()
    signal = Signal.objects.get()
    assert (signal.level, signal.evidence["window_h"], signal.value) == (I, 2, 24.0)
    assert (signal.evidence["threshold"], signal.evidence["present"]) == (20.0, 24)


@pytest.mark.parametrize("quality", [Quality.BAD, Quality.MISSING])
def test_bad_rain_raises_nothing_and_suspect_rain_does(rain, telemetry, quality):
    number(III, 10.0)
    watch = FloodWatch(telemetry)
    put(telemetry, rain, 99.0, quality=quality)
    watch.tick()
    assert not Signal.objects.exists()
    put(telemetry, rain, 99.0, quality=Quality.SUSPECT)
    watch.tick()
    assert Signal.objects.get().level == III


def test_a_rebuilt_watch_leaves_out_bad_rain_too(rain, telemetry):
    number(III, 10.0)
    put(telemetry, rain, 9.0, end_s=AT_S - 300, quality=Quality.BAD)
    FloodWatch(telemetry).tick()
    put(telemetry, rain, 5.0)
    FloodWatch(telemetry).tick()
    assert not Signal.objects.exists()


def test_a_narrower_number_replaces_the_citys_where_it_holds(rain, gauge, hexi, telemetry):
    other = add_station(code="70000002", name="二", by=SYSTEM, place=hexi.parent)
    beside = Series.objects.create(station=other, element="P5", unit="mm")
    number(III, 10.0)
    number(III, 50.0, place=hexi)
    for series in (rain, beside):
        put(telemetry, series, 20.0)
    FloodWatch(telemetry).tick()
    assert [s.about_key for s in Signal.objects.all()] == ["70000002"]


def test_a_number_of_elsewhere_holds_not_here(rain, telemetry):
    number(III, 10.0, place=Place.objects.get(code="350622"))
    put(telemetry, rain, 99.0)
    FloodWatch(telemetry).tick()
    assert not Signal.objects.exists()


def test_a_window_nobody_keeps_is_refused(rain, telemetry):
    number(III, 10.0, window_s=5000)
    with pytest.raises(ValueError, match="no window of 5000 s"):
        RainWatch(telemetry, START, 0)


def test_a_village_is_served_by_the_nearest_gauge_and_not_by_its_neighbour(
    rain, gauge, hexi, telemetry
):
    village = Place.objects.filter(parent=hexi).first()
    near = add_station(
        code="70000002", name="近", by=SYSTEM, place=hexi, lon=village.lon, lat=village.lat + 0.001
    )
    type(gauge).objects.filter(pk=gauge.pk).update(lon=village.lon, lat=village.lat + 0.5)
    beside = Series.objects.create(station=near, element="P5", unit="mm")
    number(I, 10.0, place=village)
    put(telemetry, rain, 99.0)
    FloodWatch(telemetry).tick()
    assert not Signal.objects.exists()
    put(telemetry, beside, 99.0)
    FloodWatch(telemetry).tick()
    assert Signal.objects.get().about == ("place", village.code)


def test_a_rebuilt_watch_gives_each_village_of_a_gauge_the_same_sums(rain, hexi, telemetry):
    for village in Place.objects.filter(parent=hexi)[:3]:
        number(I, 100.0, place=village)
    watch = FloodWatch(telemetry)
    put(telemetry, rain, *[1.0] * 12)
    watch.tick()
    again = built(RainWatch(telemetry, START, 0))
    assert len(again.subjects) == 4
    assert again.sums.sums.tolist() == watch.watches[0].judge.sums.sums.tolist()
    assert again.sums.sums[:, 1].tolist() == [120] * 4


def test_a_village_with_a_gauge_of_its_own_is_served_by_no_other(gauge, hexi, telemetry):
    village = Place.objects.filter(parent=hexi).first()
    own = add_station(code="70000002", name="村", by=SYSTEM, place=village)
    for station in (gauge, own):
        Series.objects.create(station=station, element="P5", unit="mm")
    number(I, 10.0, place=village)
    assert len(RainWatch(telemetry, START, 0).subjects) == 2


def test_a_village_or_gauge_without_position_is_left_out(rain, gauge, hexi, telemetry):
    village = Place.objects.filter(parent=hexi).first()
    number(I, 10.0, place=village)
    type(gauge).objects.update(lat=None)
    assert len(RainWatch(telemetry, START, 0).subjects) == 1
    type(gauge).objects.update(lat=1.0)
    Place.objects.filter(pk=village.pk).update(lon=None)
    assert len(RainWatch(telemetry, START, 0).subjects) == 1


def test_a_retired_gauge_is_not_watched(rain, gauge, telemetry):
    number(III, 10.0)
    type(gauge).objects.update(valid_to=START)
    put(telemetry, rain, 99.0)
    assert FloodWatch(telemetry).tick() == 1
    assert not Signal.objects.exists()


def test_modelled_rain_says_so(rain, gauge, telemetry):
    number(III, 10.0, action="转移")
    type(gauge).objects.update(origin="modelled")
    put(telemetry, rain, 99.0)
    FloodWatch(telemetry).tick()
    told = Signal.objects.get().evidence
    assert (told["modelled"], told["action"], told["version"]) == (True, "转移", "t")


# -- rivers


@pytest.fixture
def river(gauge):
    load_thresholds(river_marks(gauge, {"WRZ": 22.0, "GRZ": 23.0}, source="t"), by=SYSTEM)
    return Series.objects.create(station=gauge, element="Z", unit="m")


def stage(telemetry, series, *stages, quality=GOOD):
    watch = FloodWatch(telemetry)
    for k, value in enumerate(stages):
        put(telemetry, series, value, end_s=AT_S + 3600 * k, quality=quality)
        watch.tick()


def test_a_mark_that_is_just_reached_counts(river, telemetry):
    stage(telemetry, river, 21.99)
    assert not Signal.objects.exists()
    stage(telemetry, river, 21.98, 22.0)
    signal = Signal.objects.get()
    assert (signal.evidence["mark"], signal.evidence["over"], signal.value) == ("WRZ", 0.0, 22.0)
    assert (signal.family, signal.rule, signal.group) == ("river", "river 1", "九龙江北溪")


def test_the_highest_mark_reached_is_named(river, telemetry):
    stage(telemetry, river, 23.0)
    signal = Signal.objects.get()
    assert (signal.level, signal.evidence["mark"], signal.evidence["rate_per_h"]) == (
        I,
        "GRZ",
        None,
    )


def test_a_stage_within_the_dead_band_keeps_its_signal(river, telemetry):
    stage(telemetry, river, 22.0, 21.95)
    assert Signal.objects.get().below_since is None
    stage(telemetry, river, 22.0, 21.96, 21.94)
    assert Signal.objects.get().below_since == START + timedelta(hours=2)
    assert Signal.objects.get().value == 21.94


def test_a_stage_falls_after_an_hour_of_calm(river, telemetry):
    stage(telemetry, river, 22.0, 20.0, 20.0)
    assert Signal.objects.get().cleared_at == START + timedelta(hours=2)


def test_a_calm_river_says_nothing(river, telemetry):
    stage(telemetry, river, 20.0, 21.0)
    assert not Signal.objects.exists()


@pytest.mark.parametrize("quality", [Quality.BAD, Quality.MISSING])
def test_a_bad_stage_raises_nothing(river, telemetry, quality):
    stage(telemetry, river, 99.0, quality=quality)
    assert not Signal.objects.exists()


def test_the_rate_is_from_the_reading_before_in_time(river, telemetry):
    watch = StageWatch(telemetry, START, 0)
    rows = [(3, river.pk, AT_S + 7200, 26.0, 1), (1, river.pk, AT_S, 22.0, 1)]
    readings = [Reading(key, at_s, value, Quality.GOOD) for _, key, at_s, value, _ in rows]
    telemetry.put(readings, received_s=AT_S)
    found = watch.take(rows, {})
    assert [f.evidence["rate_per_h"] for f in found] == [None, 2.0]
    assert watch.take([(4, river.pk, AT_S + 3600, 30.0, 1)], {}) == []
    [after] = watch.take([(5, river.pk, AT_S + 10800, 27.0, 1)], {})
    assert after.evidence["rate_per_h"] == 1.0


def test_the_rate_is_over_the_last_hour_and_not_of_one_step_of_the_gauge(river, telemetry):
    values = [
        22.0,
        22.0,
        22.02,
        22.02,
        22.04,
        22.04,
        22.06,
        22.06,
        22.06,
        22.08,
        22.08,
        22.08,
        22.1,
    ]
    rows = [(k + 1, river.pk, AT_S + 300 * k, v, 1) for k, v in enumerate(values)]
    readings = [Reading(key, at_s, value, Quality.GOOD) for _, key, at_s, value, _ in rows]
    telemetry.put(readings, received_s=AT_S)
    *_, last = StageWatch(telemetry, START, 0).take(rows, {})
    assert last.evidence["rate_per_h"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("season", "day", "holds"),
    [
        (("0415", "1015"), (4, 15), True),
        (("0415", "1015"), (4, 14), False),
        (("0415", "1015"), (10, 15), True),
        (("0415", "1015"), (10, 16), False),
        (("1016", "0414"), (10, 16), True),
        (("1016", "0414"), (4, 14), True),
        (("1016", "0414"), (4, 15), False),
        (("", ""), (7, 1), True),
    ],
)
def test_a_season_holds_from_its_first_day_to_its_last(gauge, telemetry, season, day, holds):
    first, last = season
    limit = flood_limit(gauge, limit_m=40, season_from=first, season_to=last, source="t")
    load_thresholds([limit], by=SYSTEM)
    series = Series.objects.create(station=gauge, element="ZU", unit="m")
    at = START.replace(month=day[0], day=day[1])
    row = (1, series.pk, int(at.timestamp()), 41.0, 1)
    found = StageWatch(telemetry, START, 0).take([row], {})
    assert bool(found) == holds


def test_a_mark_of_another_element_does_not_speak(gauge, river, telemetry):
    upper = Series.objects.create(station=gauge, element="ZU", unit="m")
    assert StageWatch(telemetry, START, 0).take([(1, upper.pk, AT_S, 99.0, 1)], {}) == []


# -- the reader of the log


def test_a_reading_that_cannot_be_judged_stands_alone(rain, telemetry, monkeypatch):
    number(III, 10.0)
    real = RainWatch.take

    def poisoned(self, rows, active):
        if any(row[2] == AT_S - 300 for row in rows):
            raise OverflowError("on purpose")
        return real(self, rows, active)

    monkeypatch.setattr(RainWatch, "take", poisoned)
    put(telemetry, rain, 6.0, 1.0, 6.0)
    assert FloodWatch(telemetry).tick() == 3
    row = BadRow.objects.get()
    assert (row.where, row.key) == ("reading", f"watch.rain: series {rain.pk} at {AT_S - 300}: 1.0")
    assert row.why == "OverflowError: on purpose"
    # the judge was made from the file, which keeps the reading as it came
    assert Signal.objects.get().value == 13.0


def test_the_log_is_read_on_in_portions(rain, telemetry):
    put(telemetry, rain, 1.0, 1.0, 1.0)
    watch = FloodWatch(telemetry)
    assert [watch.tick(limit=2) for _ in range(3)] == [2, 1, 0]
    assert Cursor.objects.get(name="watch.rain").value == 3


def test_new_numbers_and_new_stations_are_taken_up(rain, hexi, telemetry):
    watch = FloodWatch(telemetry)
    put(telemetry, rain, 20.0)
    watch.tick()
    number(III, 10.0)
    put(telemetry, rain, 21.0)
    watch.tick()
    assert Signal.objects.count() == 1
    other = add_station(code="70000002", name="二", by=SYSTEM, place=hexi)
    put(telemetry, Series.objects.create(station=other, element="P5", unit="mm"), 20.0)
    watch.tick()
    assert Signal.objects.count() == 2


def test_numbers_of_another_day_are_taken_up_at_midnight(rain, telemetry, now):
    number(III, 10.0, valid_from=START + timedelta(days=1))
    watch = FloodWatch(telemetry)
    put(telemetry, rain, 20.0)
    watch.tick()
    assert not Signal.objects.exists()
    now.advance(days=1)
    put(telemetry, rain, 20.0, end_s=AT_S + 86400)
    watch.tick()
    assert Signal.objects.count() == 1


def test_shipped_numbers_are_all_of_a_window_that_is_kept(city):
    assert {row.window_s for row in shipped_thresholds()} <= set(WINDOWS_S)


def test_a_watch_is_made_in_parts_and_judges_when_it_is_ready(rain, telemetry, monkeypatch):
    number(I, 10.0)
    put(telemetry, rain, *[9.0] * 12)
    monkeypatch.setattr("fangxian.spine.assess.watch.BUILD_S", -1.0)  # a gauge a turn
    watch = FloodWatch(telemetry)
    turns = 0
    while not Signal.objects.exists():
        assert watch.tick() >= 1
        turns += 1
    assert 2 <= turns < 9


def test_a_watch_that_could_not_be_made_is_made_again(rain, telemetry, monkeypatch):
    number(I, 10.0)
    put(telemetry, rain, *[9.0] * 12)
    watch, made = FloodWatch(telemetry), RainWatch.build
    monkeypatch.setattr(RainWatch, "build", lambda self: (1 / 0 for _ in "x"))
    with pytest.raises(ZeroDivisionError):
        watch.tick()
    monkeypatch.setattr(RainWatch, "build", made)
    watch.tick()
    assert Signal.objects.exists()
