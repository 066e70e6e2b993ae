"""Readings: durable, idempotent, judged, quarantined and adopted."""

from datetime import timedelta

import pytest
from story import START, over_tcp

from fangxian.ops.demo.sender import _damage
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.core.tables.book import write_errors
from fangxian.spine.observe.accept import Intake
from fangxian.spine.observe.intake import Arrival, read_raw
from fangxian.spine.observe.intake.rows import arrivals_of
from fangxian.spine.observe.intake.sl651 import encode
from fangxian.spine.observe.intake.sl651.encode import Address
from fangxian.spine.observe.intake.table import read_readings
from fangxian.spine.observe.models import Quarantine, Series
from fangxian.spine.observe.quality import Limits, Trace, judge
from fangxian.spine.observe.store import Quality, Reading
from fangxian.spine.observe.write import adopt_station, correct_reading


def frame(code="70000001", rain=(1,) * 12, at=START, stage=None, serial=1):
    body = encode.body_start(serial=serial, sent_at=at)
    body += encode.station_mark(Address(code), "H")
    body += encode.time_mark(at - timedelta(minutes=55)) + encode.rain_row(rain)
    if stage is not None:
        body += encode.time_mark(at) + encode.element("39", stage, size=4, decimals=3)
    return encode.frame(Address(code), "34", body)


def arrive(intake, *raws):
    return intake.accept([Arrival(read_raw(raw), raw, "test") for raw in raws], by=SYSTEM)


def test_the_same_frame_twice_changes_nothing(gauge, telemetry):
    intake = Intake(telemetry)
    assert arrive(intake, frame()).stored == 1
    again = arrive(intake, frame())
    assert (again.duplicate, again.readings) == (1, 0)
    assert telemetry.counts()["readings"] == 12


def test_a_correction_keeps_the_raw_value(gauge, telemetry, zheng):
    arrive(Intake(telemetry), frame(stage=10.0))
    series = Series.objects.get(station=gauge, element="Z")
    correct_reading(
        series=series, at=START, value=9.5, quality=Quality.GOOD, reason="读错", by=zheng
    )
    versions = telemetry.history(series.pk, int(START.timestamp()))
    assert [row[1] for row in versions] == [10.0, 9.5]
    arrive(Intake(telemetry), frame(stage=10.0, serial=2))
    assert telemetry.newest([series.pk])[series.pk][1] == 9.5


def test_an_unknown_station_is_kept_and_adopted_by_one_action(hexi, telemetry, lin):
    intake = Intake(telemetry)
    assert arrive(intake, frame("70000099")).quarantined == 1
    row = Quarantine.objects.get(code="70000099")
    station, n = adopt_station(row=row, name="新站", place=hexi, by=lin)
    assert n == 12
    assert station.series.get().element == "P5"
    with pytest.raises(Problem) as refused:
        adopt_station(row=row, name="新站", place=hexi, by=lin)
    assert refused.value.code == "step.not_from"


def test_missing_is_stored_as_missing_with_its_reason(gauge, telemetry):
    arrive(Intake(telemetry), frame(rain=[None] + [0] * 11))
    counts = telemetry.counts()
    assert (counts["readings_missing"], counts["readings_good"]) == (1, 11)


def test_without_limits_a_reading_stays_unchecked():
    reading = Reading(1, 1000, 5.0)
    assert judge(reading, limits=None, trace=None, latest_s=1300)[0].quality == Quality.UNCHECKED


@pytest.mark.parametrize(
    ("value", "at_s", "reason"),
    [
        (99.0, 3600, "above_range"),
        (-1.0, 3600, "below_range"),
        (7.0, 3600, "rise"),
        (5.0, 9_000_000, "future"),
        (5.0, 90_000, "stuck"),
        (5.5, 3600, ""),
    ],
)
def test_quality_control_says_why(value, at_s, reason):
    limits = Limits(0, 50, 1.0, 3.0, 86_000)
    trace = Trace(0, 5.0, 0, 0, 5.0)
    found = judge(Reading(1, at_s, value), limits=limits, trace=trace, latest_s=100_000)[-1]
    assert found.reason == reason
    assert (found.quality == Quality.GOOD) == (reason == "")


def test_a_killed_writer_leaves_all_or_nothing(telemetry):
    def half():
        yield Reading(1, 300, 1.0)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        telemetry.put(half(), received_s=0)
    with pytest.raises(RuntimeError), telemetry._write() as db:
        db.execute("INSERT INTO latest VALUES (1, 1, 1)")
        raise RuntimeError("killed")
    assert telemetry.latest() == {}


def test_a_confirmation_comes_only_after_the_reading_is_stored(city, telemetry):
    good = frame("70000098", serial=513)
    listener, [answer] = over_tcp(telemetry, [_damage(good), good], 1)
    assert (listener.frames, listener.counts.rejected, listener.counts.quarantined) == (2, 1, 1)
    assert answer.body[:2] == (513).to_bytes(2)
    assert telemetry.counts()["frames_rejected"] == 1


def test_a_table_names_the_cell_that_is_wrong(gauge, telemetry, tmp_path):
    table = tmp_path / "雨量.csv"
    text = "站码,要素,时间,数值\n70000001,P5,2016-09-14 07:55,1.5\n"
    text += "70000001,P5,昨天,1\n7,Z,2016-09-14 08:00,x\n"
    table.write_bytes(text.encode("gb18030"))
    found = read_readings(table)
    rows, errors = found.rows, found.errors
    assert [e.cell for e in errors] == ["C3", "A4"]
    assert (
        Intake(telemetry)
        .accept(arrivals_of((r.reading for r in rows), source="t"), by=SYSTEM)
        .readings
        == 1
    )
    write_errors(table, errors, tmp_path / "e.xlsx")
    assert read_readings(tmp_path / "e.xlsx").rows[0].reading[3] == 1.5


def test_a_blank_cell_is_missing_not_zero(gauge, telemetry, tmp_path):
    table = tmp_path / "a.csv"
    table.write_text("﻿station,element,at,value\n70000001,Z,2016-09-14 08:00,\n", encoding="utf-8")
    rows = read_readings(table).rows
    Intake(telemetry).accept(arrivals_of((r.reading for r in rows), source="t"), by=SYSTEM)
    assert telemetry.counts()["readings_missing"] == 1


def test_a_relative_level_gets_the_stations_base(gauge, telemetry):
    gauge.level_base_m = 20.0
    gauge.save()
    body = encode.body_start(serial=1, sent_at=START) + encode.station_mark(
        Address(gauge.code), "H"
    )
    body += encode.time_mark(START - timedelta(minutes=55)) + encode.level_row([150] * 12)
    arrive(Intake(telemetry), encode.frame(Address(gauge.code), "34", body))
    series = Series.objects.get(station=gauge, element="Z")
    assert telemetry.newest([series.pk])[series.pk][1] == 21.5


def test_a_message_that_cannot_be_stored_fails_alone(gauge, telemetry, monkeypatch):
    from story import over_tcp

    real = Intake._readings

    def poisoned(self, batch, **more):
        if batch.runs[0].at_s == int((START + timedelta(hours=2, minutes=-55)).timestamp()):
            raise OverflowError("on purpose")
        return real(self, batch, **more)

    monkeypatch.setattr(Intake, "_readings", poisoned)
    raws = [frame(at=START + timedelta(hours=k), serial=k) for k in (1, 2, 3)]
    listener, answers = over_tcp(telemetry, raws, 2)
    assert [a.body[:2] for a in answers] == [b"\x00\x01", b"\x00\x03"]
    assert listener.rejected == {"not_stored": 1}
    assert telemetry.counts()["frames_rejected"] == 1


def test_noise_on_a_line_ends_nothing(gauge, telemetry):
    from story import over_tcp

    _, answers = over_tcp(telemetry, [b"\xfe\xfe", b"\x01garbage\x7e", frame()], 1)
    assert len(answers) == 1
