"""Strangers, adoption and clocks under attack: what is refused or held is not lost, and a stranger
is judged as one of ours would be."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from story import START

from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.accept import Intake
from fangxian.spine.observe.intake.batch import Arrival
from fangxian.spine.observe.intake.rows import arrivals_of
from fangxian.spine.observe.intake.sl651 import encode
from fangxian.spine.observe.intake.sl651.body import decode_message
from fangxian.spine.observe.intake.sl651.encode import Address
from fangxian.spine.observe.intake.sl651.frame import FrameError, decode_frame
from fangxian.spine.observe.intake.sl651.readings import batch_of
from fangxian.spine.observe.models import Quarantine, Series, Station
from fangxian.spine.observe.store import Quality, Store
from fangxian.spine.observe.write import add_station, adopt_station, correct_reading

pytestmark = pytest.mark.django_db
SERIAL = itertools.count(1)
CODE = "70000077"


def level(intake, z, *, at=START, sent=None, code=CODE, of=None):
    """A live message with a level; ``of`` is the station of the body."""
    raw = encode.body_start(serial=next(SERIAL) % 65536, sent_at=sent or at)
    raw += encode.station_mark(Address(of or code), "H") + encode.time_mark(at)
    raw += encode.element("39", z, size=4, decimals=3)
    raw = encode.frame(Address(code), "32", raw)
    message = Arrival(batch_of(decode_message(decode_frame(raw))), raw, "t")
    return intake.accept([message], by=SYSTEM)


def kept(telemetry, code=CODE):
    """(valid time from the story's start in s, value, believed) of the level."""
    series = Series.objects.get(station__code=code, element="Z")
    rows = telemetry.span([series.pk], since_s=0, until_s=2**40)[series.pk]
    return [(at - int(START.timestamp()), value, q < Quality.BAD) for at, value, q, _ in rows]


def adopt(hexi, lin, code=CODE):
    row = Quarantine.objects.get(code=code)
    return adopt_station(row=row, name="新站", place=hexi, by=lin)


@pytest.mark.parametrize(
    "ahead", [timedelta(minutes=20), timedelta(hours=3), timedelta(days=-16 * 365)]
)
def test_what_a_stranger_sent_is_judged_as_if_it_had_been_ours(hexi, lin, telemetry, now, ahead):
    """A clock 20 minutes fast is taken off, one of hours or years is not believed."""
    add_station(code="70000001", name="旧站", place=hexi, by=SYSTEM)
    intake = Intake(telemetry)
    for code in ("70000001", CODE):
        level(intake, 10.0, at=START + ahead, code=code)
    now.advance(hours=6)
    adopt(hexi, lin)
    assert kept(telemetry) == kept(telemetry, "70000001")


def test_an_adoption_that_was_killed_half_way_is_not_lost(hexi, lin, telemetry, monkeypatch):
    """Killed after the records file says adopted and before the readings lie in theirs."""
    level(Intake(telemetry), 10.0)
    real = Store.put
    monkeypatch.setattr(Store, "put", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        adopt(hexi, lin)
    monkeypatch.setattr(Store, "put", real)
    level(Intake(telemetry), 10.1, at=START + timedelta(minutes=5))  # the next process
    if Quarantine.objects.get(code=CODE).adopted_at is None:
        adopt(hexi, lin)
    assert (0, 10.0, True) in kept(telemetry)


def test_a_stranger_entered_by_the_table_of_stations_is_read_again(hexi, lin, telemetry):
    """What waited is read, or can still be adopted; it does not wait for ever."""
    level(Intake(telemetry), 10.0)
    add_station(code=CODE, name="新站", place=hexi, by=SYSTEM)
    level(Intake(telemetry), 10.1, at=START + timedelta(minutes=5))
    if telemetry.frames(CODE, "quarantined"):
        adopt(hexi, lin)
    assert (0, 10.0, True) in kept(telemetry)


def test_a_body_of_another_station_than_the_header_is_refused(gauge, telemetry):
    """The header is ours, the body speaks of a station that nobody knows: whose is it?"""
    with pytest.raises(FrameError) as refused:
        level(Intake(telemetry), 10.0, code=gauge.code, of=CODE)
    assert refused.value.code == "other_station"


def test_rows_of_a_stranger_are_held_and_read_when_it_is_adopted(hexi, lin, telemetry):
    rows = [(CODE, "Z", START, 10.0), (CODE, "Z", START + timedelta(minutes=5), None)]
    found = Intake(telemetry).accept(arrivals_of(rows, source="表"), by=SYSTEM)
    assert (found.taken, found.held, telemetry.counts()["readings"]) == (0, 2, 0)
    adopt(hexi, lin)
    assert kept(telemetry) == [(0, 10.0, True), (300, None, False)]


def test_what_our_own_late_clock_refused_can_come_again(gauge, telemetry, now):
    """Our clock is two hours late: the reading is of the future. Set right, the same is handed in
    again and believed."""
    rows = [(gauge.code, "Z", START + timedelta(hours=2), 10.0)]
    Intake(telemetry).accept(arrivals_of(rows, source="表"), by=SYSTEM)
    assert kept(telemetry, gauge.code) == [(7200, 10.0, False)]
    now.advance(hours=2)
    Intake(telemetry).accept(arrivals_of(rows, source="表"), by=SYSTEM)
    assert kept(telemetry, gauge.code) == [(7200, 10.0, True)]


def test_a_corrected_value_steers_no_later_judgement(gauge, telemetry, zheng, now):
    """The first value of all was a misreading that nobody could tell; a person corrects it."""
    listener = Intake(telemetry)  # the process that goes on listening
    level(listener, 50.0, code=gauge.code)
    series = Series.objects.get(station=gauge, element="Z")
    correct_reading(
        series=series, at=START, value=10.0, quality=Quality.GOOD, reason="错", by=zheng, sure=True
    )
    now.advance(minutes=5)
    level(listener, 10.1, at=now.at, code=gauge.code)
    assert telemetry.newest([series.pk])[series.pk][1:] == (10.1, Quality.GOOD)


def test_a_refused_value_steers_nothing(gauge, telemetry, now):
    """Neither the newest reading nor the next judgement, nor silence."""
    intake = Intake(telemetry)
    level(intake, 10.0, code=gauge.code)
    for z in (9999.0, 99999.0):
        now.advance(minutes=5)
        level(intake, z, at=now.at, code=gauge.code)
    series = Series.objects.get(station=gauge, element="Z")
    assert telemetry.newest([series.pk])[series.pk][:2] == (int(START.timestamp()), 10.0)
    assert telemetry.latest()[series.pk][0] == int(START.timestamp())
    now.advance(minutes=5)
    level(intake, 10.1, at=now.at, code=gauge.code)
    assert telemetry.newest([series.pk])[series.pk][1:] == (10.1, Quality.GOOD)


def test_a_station_out_of_use_that_goes_on_sending_costs_no_reading_of_all(
    gauge, telemetry, now, monkeypatch
):
    """Each of its messages read every station, series, limit and base anew."""
    Station.objects.update(valid_to=START - timedelta(days=1))
    read, real = [], Intake._refresh
    monkeypatch.setattr(Intake, "_refresh", lambda self: (read.append(1), real(self)))
    intake = Intake(telemetry)
    for n in range(10):
        level(intake, 10.0, at=START + timedelta(seconds=n), code=gauge.code)
    assert len(read) <= 2


def test_a_batch_of_strangers_holds_no_other_writer_up(
    city, telemetry, django_assert_max_num_queries
):
    """The API takes 5,000 rows: each of a station of its own, and everybody else waits."""
    rows = [(f"{n:08d}", "Z", START, 1.0) for n in range(1000)]
    intake = Intake(telemetry)
    level(intake, 1.0)  # what a process reads once
    with django_assert_max_num_queries(1100):  # one to ask for each, none to write each
        assert intake.accept(arrivals_of(rows, source="t"), by=SYSTEM).held == 1000


def test_a_correction_that_was_killed_half_way_is_finished_by_the_worker(
    gauge, telemetry, zheng, monkeypatch
):
    """Killed after the records file has the event and before the readings have the value."""
    from fangxian.ops.worker import Worker

    level(Intake(telemetry), 50.0, code=gauge.code)
    series = Series.objects.get(station=gauge, element="Z")
    more = {"value": 10.0, "quality": Quality.GOOD, "reason": "错", "by": zheng, "sure": True}
    real = Store.correct
    monkeypatch.setattr(Store, "correct", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        correct_reading(series=series, at=START, **more)
    monkeypatch.setattr(Store, "correct", real)
    Worker().settle()
    Worker().settle()
    history = telemetry.history(series.pk, int(START.timestamp()))
    assert [(value, reason) for _, value, _, reason in history] == [(50.0, ""), (10.0, "corrected")]


@pytest.mark.parametrize(("sent", "kept_rows"), [("1A2B", 1), ("0000", 0), ("", 1)])
def test_where_a_line_password_is_set_it_must_be_right(gauge, telemetry, sent, kept_rows):
    Station.objects.filter(pk=gauge.pk).update(line_password="1A2B")
    raw = encode.frame(Address(gauge.code), "32", b"x" * 30)
    batch = arrivals_of([(gauge.code, "Z", START, 10.0)], source="t")[0].batch
    message = Arrival(replace(batch, password=sent), raw, "t")
    found = Intake(telemetry).accept([message], by=SYSTEM)
    assert (found.stored, found.rejected, found.refused) == (
        (1, 0, set()) if kept_rows else (0, 1, {0})
    )
    assert telemetry.counts()["readings"] == kept_rows
