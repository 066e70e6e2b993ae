"""The duty desk: the log, the watch, and what each seat is shown."""

from datetime import timedelta

import pytest
from story import START

from fangxian.ops.worker import Worker
from fangxian.spine.assess.write import acknowledge, enter_warning
from fangxian.spine.command import read
from fangxian.spine.command.models import LogEntry, Order, Proposal, Shift
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write import orders as do
from fangxian.spine.command.write.desk import add_log, close_shift, start_shift
from fangxian.spine.command.write.responses import set_response
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat
from fangxian.spine.registry.models import Person, Post, Term
from fangxian.spine.registry.read import city as the_city
from fangxian.spine.registry.read import seat_from

pytestmark = pytest.mark.django_db
NOBODY = Seat(1, None, "x", "nobody", "1.", "city")


@pytest.fixture
def officer(hexi):
    return seat_from(Term.objects.get(post__place=hexi, post__name="水利员"))


@pytest.fixture
def order(lin, hexi):
    task = Task(area=hexi, verb="转移", object="人", minutes=60)
    return do.issue_orders([task], hazard="rain", level=Level.I, by=lin)[0]


def refused(code, work, **more):
    with pytest.raises(Problem) as told:
        work(**more)
    assert told.value.code == code


def test_the_log_keeps_what_was_said_by_whom(lin, zheng, now):
    entry = add_log(
        kind="call", text="水库来电", by=lin, unit="水利局", person="王", handling="已转"
    )
    entry.refresh_from_db()
    assert (entry.at, entry.by, entry.unit, entry.person) == (now.at, lin.label, "水利局", "王")
    assert Event.objects.get(kind="log.added").after == {"text": "水库来电"}
    refused("input.invalid", add_log, kind="note", text="  ", by=lin)
    refused("rights.denied", add_log, kind="note", text="x", by=zheng)
    assert LogEntry.objects.count() == 1


def test_a_watch_is_started_once_and_ended_with_its_summary(lin, zheng, now):
    shift = start_shift(by=lin)
    assert start_shift(by=lin) == shift
    assert Event.objects.filter(kind="shift.started").count() == 1
    now.advance(hours=8)
    close_shift(by=lin, summary={"n": 3}, successor=Person.objects.last())
    shift.refresh_from_db()
    assert (shift.started_at, shift.ended_at, shift.summary) == (START, now.at, {"n": 3})
    told = {"n": 3, "successor": Person.objects.last().name}
    assert Event.objects.get(kind="shift.ended").after == told
    refused("rights.denied", start_shift, by=zheng)
    refused("rights.denied", close_shift, by=zheng, summary={})


def test_a_watch_nobody_started_is_ended_all_the_same(lin):
    assert close_shift(by=lin, summary={}).started_at == START
    assert Shift.objects.get().ended_at == START


def test_a_red_one_that_somebody_owns_lets_the_watch_end(lin):
    red = enter_warning(hazard="rain", level=Level.I, place=the_city(), text="", number="1", by=lin)
    enter_warning(hazard="typhoon", level=Level.II, place=the_city(), text="", number="2", by=lin)
    refused("shift.red_unowned", close_shift, by=lin, summary={})
    acknowledge(signals=[red], by=lin)
    assert close_shift(by=lin, summary={}).ended_at


def test_a_red_one_that_is_over_lets_the_watch_end(lin, now):
    red = enter_warning(hazard="rain", level=Level.I, place=the_city(), text="", number="1", by=lin)
    type(red).objects.update(cleared_at=now.at)
    assert close_shift(by=lin, summary={}).ended_at


# -- what each is shown


def shown(selector, seat, **more):
    return list(selector(seat=seat, **more))


def test_orders_are_seen_by_the_city_by_their_place_and_by_their_receiver(
    order, lin, chen, officer
):
    other = Post.objects.filter(role="head", place__kind="town").exclude(place=order.area).first()
    assert shown(read.orders, lin) == shown(read.orders, chen) == [order]
    for seat in (officer, seat_from(Term.objects.get(post=other)), NOBODY):
        assert shown(read.orders, seat) == []
    Order.objects.update(post_id=officer.post_id)
    assert shown(read.orders, officer) == [order]


def test_an_order_to_a_post_elsewhere_is_seen_by_its_receiver(order):
    other = Post.objects.filter(role="head", place__kind="town").exclude(place=order.area).first()
    Order.objects.update(post=other)
    assert shown(read.orders, seat_from(Term.objects.get(post=other))) == [order]


def test_late_is_past_the_deadline_and_not_reported(order, lin, now):
    assert shown(read.late_orders, lin) == []
    assert shown(read.late_orders, lin, at=order.deadline_at) == []
    later = order.deadline_at + timedelta(seconds=1)
    assert shown(read.late_orders, lin, at=later) == [order]
    now.at = later
    assert shown(read.late_orders, lin) == [order]
    Order.objects.update(state="reported")
    assert shown(read.late_orders, lin) == []
    assert shown(read.to_verify, lin) == [order]


def test_unanswered_is_past_its_limit_and_not_acknowledged(order, lin, chen, now):
    assert shown(read.unanswered_orders, lin) == []
    now.advance(minutes=6)
    assert shown(read.unanswered_orders, lin) == [order]
    do.acknowledge_order(order=order, by=chen)
    assert shown(read.unanswered_orders, lin) == []
    assert shown(read.to_verify, lin) == []


def test_responses_in_force_come_with_their_counts(huang, lin, now):
    more = {"place": the_city(), "reason": "x", "document_no": "1", "by": huang}
    set_response(hazard="typhoon", level=Level.IV, **more)
    set_response(hazard="flood", level=Level.III, **more)
    Order.objects.filter(pk=Order.objects.filter(hazard="typhoon").first().pk).update(
        state="reported"
    )
    now.advance(hours=3)
    found = read.responses_in_force(seat=lin)
    told = [(r.hazard, r.tasks, r.tasks_done, r.tasks_late) for r in found]
    assert told == [("flood", 11, 0, 11), ("typhoon", 11, 1, 10)]
    found[0].ended_at = now.at
    found[0].save()
    assert [r.hazard for r in read.responses_in_force(seat=lin)] == ["typhoon"]
    assert shown(read.responses, NOBODY) == []


def test_open_proposals_are_shown_to_who_sees_responses(lin):
    enter_warning(hazard="typhoon", level=Level.IV, place=the_city(), text="", number="1", by=lin)
    Worker().settle()
    assert shown(read.open_proposals, lin) == [Proposal.objects.get()]
    assert shown(read.open_proposals, NOBODY) == []
    Proposal.objects.update(state="declined")
    assert shown(read.open_proposals, lin) == []


def test_a_successor_takes_over_orders_calls_and_signals(order, chen, lin, hexi, now):
    Worker().settle()
    signal = enter_warning(hazard="rain", level=Level.I, place=hexi, text="", number="1", by=lin)
    post = Post.objects.get(pk=chen.post_id)
    items = read.open_items(post, seat=SYSTEM)
    assert [i["kind"] for i in items] == ["order", "call", "call", "signal"]
    assert (items[0]["id"], items[0]["state"], items[3]["id"]) == (order.pk, "delivered", signal.pk)
    acknowledge(signals=[signal], by=lin)
    now.advance(days=2)
    assert [i["kind"] for i in read.open_items(post, seat=SYSTEM)] == ["order"]
    Order.objects.update(state="closed", closed_at=now.at)
    assert read.open_items(post, seat=SYSTEM) == []


def test_the_log_is_read_by_who_sees_gaps(lin, huang):
    add_log(kind="note", text="甲", by=lin)
    add_log(kind="note", text="乙", by=lin)
    assert [e.text for e in read.log_entries(seat=huang)] == ["乙", "甲"]
    assert shown(read.log_entries, NOBODY) == []


def test_a_responder_answers_by_phone_and_everybody_else_has_a_desk(lin, chen, officer):
    assert read.sees_desk(lin)
    assert read.sees_desk(chen)
    assert not read.sees_desk(officer)
    assert not read.sees_desk(NOBODY)
