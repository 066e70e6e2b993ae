"""Each rule of cover: what it finds, since when, whose it is, and where the limit lies."""

from datetime import timedelta

import pytest
from story import START

from fangxian.spine.command.models import Order
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write import orders as do
from fangxian.spine.core.guard import keep_bad_row
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import BadRow, Event, Heartbeat, Job
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.engine import by_code, sweep
from fangxian.spine.cover.models import Gap
from fangxian.spine.observe.models import Quarantine, Series
from fangxian.spine.observe.store import Reading
from fangxian.spine.observe.write import add_station
from fangxian.spine.reach.models import Delivery, Message
from fangxian.spine.registry.models import Duty, Person, Place, Term
from fangxian.wiring import COVER

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def found(code):
    """What a rule finds now, by subject."""
    sweep(by_code(COVER)[code], by=SYSTEM)
    return {g.subject_id: g for g in Gap.objects.filter(rule=code, until=None)}


def only(code):
    [gap] = found(code).values()
    return gap


def sentence(gap, language="zh"):
    return by_code(COVER)[gap.rule].sentence(gap, language)


def test_every_rule_has_a_name_and_a_sentence_in_both_languages():
    assert len(by_code(COVER)) == len(COVER)
    for rule in COVER:
        assert all([rule.name_zh, rule.name_en, rule.zh, rule.en, rule.every_s > 0])


# -- duties


def test_a_post_nobody_holds_is_a_gap_of_its_superior_since_it_was_left(hexi):
    term = Term.objects.get(person__user__username="chen")
    assert found("duty-without-holder") == {}
    Term.objects.filter(pk=term.pk).update(ends_at=START - timedelta(days=1))
    gap = only("duty-without-holder")
    assert (gap.since, gap.owner_id, gap.place) == (
        START - timedelta(days=1),
        term.post.superior_id,
        hexi,
    )
    assert gap.fields["reason"] == "no_holder"
    assert sentence(gap) == "南靖县和溪镇 属地A岗 无人在任（南靖县和溪镇镇长）"


def test_a_duty_without_post_is_a_gap_since_it_holds(hexi, lin):
    Duty.objects.filter(thing_id=hexi.code, role="B").update(post=None, valid_from=START - MINUTE)
    gap = only("duty-without-holder")
    assert (gap.fields["reason"], gap.fields["post"]) == ("no_post", "—")
    assert (gap.since, gap.owner_id) == (START - MINUTE, lin.post_id)


@pytest.mark.parametrize(
    "span", [{"valid_to": START}, {"valid_from": START + MINUTE}, {"valid_to": START - MINUTE}]
)
def test_a_duty_that_does_not_hold_now_is_no_gap(hexi, span):
    Duty.objects.filter(thing_id=hexi.code, role="B").update(post=None, **span)
    assert found("duty-without-holder") == {}


# -- stations


def test_a_station_is_silent_half_an_interval_after_the_report_that_did_not_come(
    gauge, telemetry, now
):
    series = Series.objects.create(station=gauge, element="P5", unit="mm")
    telemetry.put([Reading(series.pk, int(START.timestamp()), 0.0)], received_s=0)
    now.at = START + timedelta(minutes=90)
    assert found("station-silent") == {}
    now.advance(seconds=1)
    gap = only("station-silent")
    owner = Duty.objects.get(thing_kind="station", thing_id=gauge.code, role="A").post_id
    assert (gap.subject_id, gap.since, gap.owner_id) == (gauge.code, START, owner)
    assert (gap.place, gap.fields["never"]) == (gauge.place, False)
    assert sentence(gap) == "和溪雨量站（70000001）没有按时来报"


def test_the_newest_of_a_stations_series_counts(gauge, telemetry, now):
    for element, age_h in (("P5", 0), ("Z", 5)):
        series = Series.objects.create(station=gauge, element=element, unit="m")
        at_s = int((START - timedelta(hours=age_h)).timestamp())
        telemetry.put([Reading(series.pk, at_s, 1.0)], received_s=0)
    assert found("station-silent") == {}


def test_a_station_that_never_came_is_silent_since_it_was_adopted(gauge, telemetry, now):
    assert found("station-silent") == {}
    now.advance(hours=2)
    gap = only("station-silent")
    assert (gap.since, gap.fields["never"]) == (START, True)


def test_a_retired_station_may_be_silent(gauge, telemetry, now):
    gauge.valid_to = START
    gauge.save()
    now.advance(days=2)
    assert found("station-silent") == {}


def test_a_village_is_blind_where_the_nearest_gauge_is_too_far(hexi, gauge, telemetry):
    assert found("village-without-gauge") == {}  # no gauge at all: nothing to measure from
    Series.objects.create(station=gauge, element="P5", unit="mm")
    gaps = found("village-without-gauge")
    assert min(gap.fields["km"] for gap in gaps.values()) >= 10
    far = Place.objects.filter(kind="village", parent__parent__code="350626").first()
    gap = gaps[far.code]
    owner = Duty.objects.get(thing_kind="place", thing_id=far.parent.code, role="A").post_id
    assert (gap.owner_id, gap.place, gap.fields["limit_km"]) == (owner, far, 10.0)
    assert gap.fields["km"] > 50


def village_at(km, gauge, hexi):
    """A village so far north of the gauge, the only one there is."""
    Place.objects.filter(kind="village").exclude(
        pk=Place.objects.filter(parent=hexi).first().pk
    ).update(lon=None)
    village = Place.objects.filter(kind="village", lon__isnull=False)
    village.update(lon=gauge.lon, lat=gauge.lat + km / (6371.0 * 3.141592653589793 / 180))
    return village.get()


@pytest.mark.parametrize(("km", "blind"), [(9.9, False), (10.1, True)])
def test_ten_kilometres_are_near_enough(hexi, gauge, telemetry, km, blind):
    Series.objects.create(station=gauge, element="P5", unit="mm")
    village = village_at(km, gauge, hexi)
    gaps = found("village-without-gauge")
    assert list(gaps) == ([village.code] if blind else [])
    assert [g.fields["km"] for g in gaps.values()] == ([10.1] if blind else [])


@pytest.mark.parametrize("why", ["retired", "river"])
def test_only_a_rain_gauge_that_works_sees_a_village(hexi, gauge, telemetry, why, now):
    near = add_station(code="70000002", name="近", place=hexi, by=SYSTEM)
    Series.objects.create(station=near, element="Z" if why == "river" else "P5", unit="m")
    near.valid_to = None if why == "river" else now.at
    near.lat = gauge.lat + 1
    near.save()
    Series.objects.create(station=gauge, element="P5", unit="mm")
    village_at(100, gauge, hexi)
    assert len(found("village-without-gauge")) == 1


def test_a_stranger_nobody_looked_at_for_a_day_is_a_gap(lin, now):
    row = Quarantine.objects.create(code="7", first_at=START, last_at=START, frames=3)
    now.at = START + timedelta(hours=24)
    assert found("quarantine-unseen") == {}
    now.advance(seconds=1)
    gap = only("quarantine-unseen")
    assert (gap.subject_id, gap.since, gap.owner_id) == (str(row.pk), START, lin.post_id)
    assert sentence(gap) == "未登记测站 7 来报 3 份，一天无人过目"


@pytest.mark.parametrize("column", ["looked_at", "adopted_at"])
def test_a_stranger_somebody_saw_is_none(lin, now, column):
    Quarantine.objects.create(code="7", first_at=START, last_at=START, **{column: START})
    now.advance(days=3)
    assert found("quarantine-unseen") == {}


# -- orders


@pytest.fixture
def order(lin, hexi):
    task = Task(area=hexi, verb="转移", object="人", minutes=60, verb_en="move", object_en="all")
    return do.issue_orders([task], hazard="rain", level=Level.I, by=lin)[0]


def test_an_unanswered_order_is_a_gap_of_whoever_was_called_last(order, now):
    now.at = order.acknowledge_by
    assert found("order-unanswered") == {}
    now.advance(seconds=1)
    gap = only("order-unanswered")
    assert (gap.since, gap.owner_id, gap.place) == (
        order.acknowledge_by,
        order.post_id,
        order.area,
    )
    for step, owner in ((1, order.chain[0]), (3, order.chain[2]), (5, order.chain[2])):
        Order.objects.update(escalated=step)
        assert only("order-unanswered").owner_id == owner
    assert sentence(gap) == "和溪镇 转移人：南靖县和溪镇镇长 未签收"
    assert sentence(gap, "en").startswith("和溪镇, move all: not acknowledged")


def test_an_answered_order_is_no_gap(order, chen, now):
    do.acknowledge_order(order=order, by=chen)
    now.advance(minutes=30)
    assert found("order-unanswered") == {}


def test_an_order_past_its_deadline_is_a_gap_of_the_receiver_until_reported(order, chen, now):
    do.acknowledge_order(order=order, by=chen)
    now.at = order.deadline_at
    assert found("order-overdue") == {}
    now.advance(seconds=1)
    gap = only("order-overdue")
    assert (gap.since, gap.owner_id) == (order.deadline_at, chen.post_id)
    do.report_done(order=order, note="", by=chen)
    assert found("order-overdue") == {}


def test_a_report_nobody_verified_in_four_hours_is_a_gap_of_the_issuer(order, chen, lin, now):
    do.acknowledge_order(order=order, by=chen)
    do.report_done(order=order, note="", by=chen)
    now.at = START + timedelta(hours=4)
    assert found("order-unverified") == {}
    now.advance(seconds=1)
    gap = only("order-unverified")
    assert (gap.since, gap.owner_id) == (START, lin.post_id)
    do.verify_order(order=order, by=lin)
    assert found("order-unverified") == {}


def test_without_english_words_the_sentence_says_it_as_it_was_given(lin, hexi, now):
    task = Task(area=hexi, verb="转移", object="人", minutes=60)
    do.issue_orders([task], hazard="rain", level=Level.I, by=lin)
    now.advance(minutes=6)
    assert only("order-unanswered").fields["what_en"] == "转移人"


# -- the system's own work


def test_a_dead_job_is_a_gap_and_a_waiting_one_is_none(lin):
    event = Event.objects.create(kind="log.added", at=START, previous_hash="test")
    for k, state in enumerate(["dead", "ready", "done"]):
        Job.objects.create(
            event=event, function=f"f{k}", subject="s", due_at=START, state=state, last_error="坏"
        )
    gap = only("dead-letter")
    assert (gap.subject_kind, gap.owner_id) == ("job", lin.post_id)
    assert sentence(gap) == "f0 多次失败：坏"


def test_a_message_that_failed_is_a_gap_while_it_matters(lin, now):
    message = Message.objects.create(
        subject_kind="order", subject_id="1", text="x", created_at=START, expires_at=START + MINUTE
    )
    person = Person.objects.get(user__username="chen")
    more = {"message": message, "person": person, "due_at": START, "last_error": "无号"}
    Delivery.objects.create(channel="sms", state=Delivery.State.FAILED, **more)
    Delivery.objects.create(channel="voice", **more)
    gap = only("dead-letter")
    assert (gap.subject_kind, sentence(gap)) == ("delivery", "sms → 陈 多次失败：无号")
    now.at = START + MINUTE
    assert found("dead-letter") == {}


def test_a_loop_that_failed_three_times_in_a_row_is_a_gap_since_the_first(lin):
    row = Heartbeat.objects.create(
        name="watch:flood", at=START, real_s=0, failures=2, failing_since=START - MINUTE, why="坏"
    )
    assert found("loop-failing") == {}
    row.failures = 3
    row.save()
    gap = only("loop-failing")
    assert (gap.subject_id, gap.since) == ("watch:flood", START - MINUTE)
    assert sentence(gap) == "系统环节 watch:flood 连续失败 3 次：坏"


def test_rows_that_could_not_be_taken_are_one_gap_a_place_until_settled(lin, now):
    for key in "ab":
        keep_bad_row(where="receipt", key=key, why=f"坏{key}")
        now.advance(minutes=1)
    keep_bad_row(where="reading", key="c", why="x")
    gaps = found("bad-row")
    assert sorted(gaps) == ["reading", "receipt"]
    assert (gaps["receipt"].since, gaps["receipt"].fields["n"]) == (START, 2)
    assert "坏b" in sentence(gaps["receipt"])
    BadRow.objects.filter(where="receipt").update(settled_at=now.at)
    assert list(found("bad-row")) == ["reading"]
