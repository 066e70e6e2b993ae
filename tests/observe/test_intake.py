"""What comes in is judged, stored, quarantined, adopted and corrected, and each is told."""

from datetime import timedelta

import pytest
from story import START

from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat
from fangxian.spine.observe.accept import Intake, limits_in_force
from fangxian.spine.observe.intake import Arrival, Batch, read_raw
from fangxian.spine.observe.intake.batch import Run
from fangxian.spine.observe.intake.rows import arrivals_of
from fangxian.spine.observe.intake.sl651 import encode
from fangxian.spine.observe.intake.sl651.encode import Address
from fangxian.spine.observe.models import QualityLimit, Quarantine, Series, Station
from fangxian.spine.observe.store import Quality
from fangxian.spine.observe.write import (
    add_station,
    adopt_station,
    correct_reading,
    load_quality_limits,
    look_at_quarantine,
)
from fangxian.spine.registry.models import Duty

pytestmark = pytest.mark.django_db
AT_S = int(START.timestamp())


def refused(problem, work, /, **more):
    with pytest.raises(Problem) as told:
        work(**more)
    assert told.value.code == problem


def rows(telemetry, *values, station="70000001", by=SYSTEM, element="Z", intake=None):
    """Hourly values of a station, by a table."""
    told = [(station, element, START + timedelta(hours=k), v) for k, v in enumerate(values)]
    return (intake or Intake(telemetry)).accept(arrivals_of(told, source="表"), by=by)


def run(station="70000001", values=(1.0,), **more):
    return Run(station, more.pop("element", "Z"), "m", AT_S, values, **more)


def accept(telemetry, *runs, station="70000001", raw=b"x", once=True):
    arrival = Arrival(Batch("sl651", station, list(runs), once=once), raw, "t")
    return Intake(telemetry).accept([arrival], by=SYSTEM)


def newest(telemetry, series):
    return telemetry.newest([series.pk])[series.pk]


def test_rows_are_taken_again_and_a_message_only_once(gauge, telemetry):
    assert accept(telemetry, run()).stored == 1
    again = accept(telemetry, run())
    assert (again.duplicate, again.stored, again.taken) == (1, 0, 0)
    for wanted in (1, 0):
        found = accept(telemetry, run(values=(2.0,)), raw=b"y", once=False)
        assert (found.stored, found.duplicate, found.taken, found.readings) == (1, 0, 1, wanted)


def test_the_same_message_twice_in_one_batch_is_a_repeat(gauge, telemetry):
    arrival = Arrival(Batch("sl651", "70000001", [run()], once=True), b"x", "t")
    found = Intake(telemetry).accept([arrival, arrival], by=SYSTEM)
    assert (found.stored, found.duplicate, found.readings) == (1, 1, 1)


def test_what_was_handed_in_is_told_with_what_became_of_it(gauge, telemetry, lin):
    told = [("70000001", "Z", START, 1.0), ("70000001", "Z", START, 1.0), ("7999", "Z", START, 2.0)]
    found = Intake(telemetry).accept(arrivals_of(told, source="表"), by=lin)
    assert (found.taken, found.held, found.readings) == (2, 1, 1)
    event = Event.objects.get(kind="observation.imported")
    assert event.after == {"readings": 2, "held": 1, "changed": 1}
    assert (event.subject_kind, event.subject_id, event.post_id) == ("intake", "表", lin.post_id)


def test_frames_are_told_by_nobody(gauge, telemetry):
    accept(telemetry, run())
    assert not Event.objects.filter(kind="observation.imported").exists()


def test_only_who_may_hands_in_or_keeps(gauge, telemetry, chen):
    refused("rights.denied", rows, telemetry=telemetry, by=chen)
    keep = Intake(telemetry).keep_rejected
    refused("rights.denied", keep, raw=b"x", source="t", why="bad", by=chen)
    keep(b"x", "t", "bad", by=SYSTEM)
    assert telemetry.counts()["frames_rejected"] == 1


def test_readings_are_judged_against_the_limits_of_their_element(gauge, telemetry, now):
    now.advance(hours=9)
    rows(telemetry, 10.0, 99999.0, 10.1, 19.0)
    series = Series.objects.get(station=gauge, element="Z")
    found = telemetry.span([series.pk], since_s=0, until_s=AT_S + 99999)[series.pk]
    assert [row[3] for row in found] == ["", "sentinel", "", "rise"]
    assert [row[2] for row in found] == [1, 3, 1, 2]


def test_a_reading_is_judged_by_what_an_earlier_process_stored(gauge, telemetry, now):
    now.advance(hours=9)
    rows(telemetry, 10.0)
    rows(telemetry, 10.0, 19.0)
    series = Series.objects.get(station=gauge)
    assert newest(telemetry, series)[1:] == (19.0, Quality.SUSPECT)


def test_a_stations_own_limit_comes_before_the_general_one(gauge, telemetry):
    series = Series.objects.create(station=gauge, element="Z", unit="m")
    assert limits_in_force([series], START)[series.pk].highest == 2000
    own = QualityLimit.objects.create(station=gauge, element="Z", highest=20, source="t")
    assert limits_in_force([series], START)[series.pk].highest == 20
    own.valid_to = START
    own.save()
    assert limits_in_force([series], START)[series.pk].highest == 2000
    odd = Series.objects.create(station=gauge, element="XX", unit="m")
    assert odd.pk not in limits_in_force([odd], START)


def test_missing_and_doubted_values_keep_their_reason(gauge, telemetry):
    accept(telemetry, run(values=(1.0, None, 2.0), every_s=300, doubted={2: "saturated"}))
    series = Series.objects.get(station=gauge)
    found = telemetry.span([series.pk], since_s=0, until_s=AT_S + 600)[series.pk]
    assert found == [
        (AT_S, 1.0, Quality.GOOD, ""),
        (AT_S + 300, None, Quality.MISSING, "sentinel"),
        (AT_S + 600, 2.0, Quality.SUSPECT, "saturated"),
    ]


def test_a_relative_level_without_a_base_is_kept_apart(gauge, telemetry):
    accept(telemetry, run(element="DRZ1", values=(1.5,), relative=True, step_s=300))
    series = Series.objects.get(station=gauge)
    assert (series.element, series.step_s, newest(telemetry, series)[1]) == ("DRZ1", 300, 1.5)


def test_a_base_is_added_to_what_is_relative_only(gauge, telemetry):
    Station.objects.update(level_base_m=20.0004)
    accept(telemetry, run(element="DRZ1", values=(1.5, None), every_s=60, relative=True, step_s=60))
    accept(telemetry, run(element="Q", values=(1.5,)), raw=b"y")
    z, q = (Series.objects.get(station=gauge, element=e) for e in ("Z", "Q"))
    assert (z.step_s, telemetry.history(z.pk, AT_S)[0][1]) == (None, 21.5)
    assert newest(telemetry, q)[1] == 1.5


def test_a_station_added_meanwhile_is_known_at_once(hexi, telemetry):
    intake = Intake(telemetry)
    assert rows(telemetry, 1.0, intake=intake).quarantined == 1
    add_station(code="70000001", name="x", place=hexi, by=SYSTEM)
    assert rows(telemetry, 2.0, intake=intake).stored == 1


def test_values_of_a_station_nobody_knows_within_a_message_are_left_out(gauge, telemetry):
    found = accept(telemetry, run(), run("79999999"))
    assert (found.stored, found.readings, found.taken) == (1, 1, 2)


# -- quarantine


def test_a_stranger_is_counted_and_told_once(city, telemetry, now):
    rows(telemetry, 1.0, station="7999")
    now.advance(hours=1)
    rows(telemetry, 2.0, station="7999")
    row = Quarantine.objects.get()
    assert (row.code, row.frames, row.first_at, row.last_at) == ("7999", 2, START, now.at)
    assert Event.objects.get(kind="station.quarantined").after == {"code": "7999"}


def test_looking_at_a_stranger_is_told(city, lin, chen, now):
    row = Quarantine.objects.create(code="7", first_at=START, last_at=START)
    refused("rights.denied", look_at_quarantine, row=row, by=chen)
    look_at_quarantine(row=row, by=lin)
    row.refresh_from_db()
    assert (row.looked_at, row.looked_by) == (now.at, lin.label)
    assert Event.objects.get(kind="quarantine.looked_at").subject_id == str(row.pk)


def test_adopting_is_told_read_again_and_settled(hexi, telemetry, lin, chen, now):
    rows(telemetry, 1.0, 2.0, station="7999")
    row = Quarantine.objects.get()
    refused("rights.denied", adopt_station, row=row, name="新站", place=hexi, by=chen)
    station, n = adopt_station(row=row, name="新站", place=hexi, by=lin, river="溪")
    assert (n, station.river, station.adopted_at) == (2, "溪", now.at)
    row.refresh_from_db()
    assert (row.adopted_at, row.looked_at, row.looked_by) == (now.at, now.at, lin.label)
    assert Event.objects.get(kind="quarantine.adopted").subject_id == str(row.pk)
    assert telemetry.frames("7999", "quarantined") == []
    assert Duty.objects.filter(thing_kind="station", thing_id="7999").count() == 3


# -- stations and corrections


def test_a_station_is_added_once_where_its_place_lies(hexi, gauge, guan, chen):
    refused("input.invalid", add_station, code="70000001", name="x", place=hexi, by=guan)
    refused("rights.denied", add_station, code="70000002", name="x", place=hexi, by=chen)
    station = add_station(code="70000002", name="二", place=hexi, by=guan, lon=117.0)
    assert (station.lon, station.lat, station.position_synthetic) == (117.0, hexi.lat, True)
    told = Event.objects.filter(kind="station.added").latest("id")
    assert told.after == {"code": "70000002", "name": "二"}


def correct(series, by, at=START, value=9.5, quality=Quality.GOOD, reason="读错"):
    correct_reading(series=series, at=at, value=value, quality=quality, reason=reason, by=by)


def test_a_correction_needs_right_reason_and_something_to_correct(gauge, telemetry, zheng, lin):
    rows(telemetry, 10.0)
    series = Series.objects.get(station=gauge)
    refused("rights.denied", correct, series=series, by=lin)
    refused("input.reason_missing", correct, series=series, by=zheng, reason=" ")
    refused("not_found", correct, series=series, by=zheng, at=START + timedelta(minutes=1))
    assert newest(telemetry, series)[1] == 10.0


def test_a_correction_is_told_with_both_values(gauge, telemetry, zheng):
    rows(telemetry, 10.0)
    series = Series.objects.get(station=gauge)
    correct(series, zheng)
    correct(series, zheng, value=None, quality=Quality.BAD, reason="仍错")
    first, second = Event.objects.filter(kind="observation.corrected").order_by("id")
    assert (first.before["value"], first.after["value"], first.reason) == (10.0, 9.5, "读错")
    assert (second.before["value"], second.after["value"], second.after["quality"]) == (
        9.5,
        None,
        3,
    )
    assert telemetry.history(series.pk, AT_S)[-1][1:] == (None, 3, "corrected")
    assert telemetry.newest([series.pk]) == {}


def test_shipped_limits_are_entered_once_by_who_may(city, lin):
    assert load_quality_limits(by=SYSTEM) == 0
    QualityLimit.objects.all().delete()
    refused("rights.denied", load_quality_limits, by=lin)
    assert load_quality_limits(by=SYSTEM) == 17 == QualityLimit.objects.count()
    z = QualityLimit.objects.get(element="Z")
    assert (z.lowest, z.highest, z.rise_per_h, z.stuck_after_s) == (-10, 2000, 4, 259200)
    assert (QualityLimit.objects.get(element="Q").rise_per_h, z.verified) == (None, False)


def test_a_program_may_hand_in_for_the_whole_city(gauge, telemetry):
    program = Seat(None, None, "接口", "gauging_program", "", "city")
    assert rows(telemetry, 1.0, by=program).stored == 1


def test_packets_kept_in_a_row_are_read_as_one_message():
    body = encode.body_start(serial=1, sent_at=START) + encode.station_mark(
        Address("70000001"), "P"
    )
    body += encode.time_mark(START) + encode.rain_row([1] * 12)
    parts = encode.packets(Address("70000001"), "34", body, size=11)
    assert read_raw(b"".join(parts)).n == 12
