"""An order's steps one by one: who may, with what reason, what stops, what is told."""

from datetime import datetime, timedelta

import pytest
from story import START, seat_of

from fangxian.ops.worker import Worker
from fangxian.spine.command.models import Order, Plea
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write import orders as do
from fangxian.spine.command.write.calls import URGED, order_text, urge
from fangxian.spine.core.dated import rule_set
from fangxian.spine.core.editions import edition, enter_edition
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Due, Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.reach.models import Delivery
from fangxian.spine.reach.write import take_receipts
from fangxian.spine.registry.models import Duty, Person, Post, Term
from fangxian.spine.registry.read import holder, seat_from

pytestmark = pytest.mark.django_db
State = Delivery.State


def issue(by, area, level=Level.I, **more):
    told = {"verb": "转移", "object": "危险区群众", "minutes": 60} | more
    return do.issue_orders([Task(area=area, **told)], hazard="rain", level=level, by=by)[0]


@pytest.fixture
def order(lin, hexi):
    return issue(lin, hexi, total=12)


@pytest.fixture
def reported(order, chen):
    do.acknowledge_order(order=order, by=chen)
    return do.report_done(order=order, note="好了", by=chen)


@pytest.fixture
def responder(hexi):
    """The water officer of Hexi, who has no order."""
    return seat_from(Term.objects.get(post__place=hexi, post__name="水利员"))


def refused(code, work, *args, **more):
    with pytest.raises(Problem) as told:
        work(*args, **more)
    assert told.value.code == code


def waiting():
    return sorted(Due.objects.values_list("kind", flat=True))


def state(order):
    return Order.objects.get(pk=order.pk).state


def test_an_order_goes_to_who_answers_for_the_place_with_its_chain(order, chen, hexi, huang, lin):
    post = Post.objects.get(pk=chen.post_id)
    deputy = Duty.objects.get(thing_kind="place", thing_id=hexi.code, role="B").post
    county = post.superior
    assert (order.post, order.headquarters.place.code) == (post, "3506")
    assert order.chain == [deputy.pk, county.pk, huang.post_id]
    assert (order.issuer_id, order.issued_by) == (lin.post_id, lin.label)
    assert order.acknowledge_by == START + timedelta(minutes=5)
    assert order.deadline_at == order.first_deadline_at == START + timedelta(minutes=60)


def test_an_order_is_told_in_full(order, chen, hexi):
    told = Event.objects.get(kind="order.issued")
    assert told.after | {"deadline": ""} == {
        "to": chen.post_id,
        "area": hexi.pk,
        "about": f"place:{hexi.code}",
        "action": "",
        "what": "转移危险区群众",
        "level": 1,
        "deadline": "",
    }
    assert waiting() == ["order.deadline_came", "order.unanswered"]
    due = dict(Due.objects.values_list("kind", "due_at"))
    assert due["order.unanswered"] == START + timedelta(minutes=5)
    assert due["order.deadline_came"] == START + timedelta(hours=1)


def test_who_answers_for_the_thing_comes_before_who_answers_for_its_place(lin, hexi, responder):
    Duty.objects.create(
        thing_kind="lot",
        thing_id="7",
        thing_name="x",
        place=hexi,
        role="A",
        post_id=responder.post_id,
    )
    order = issue(lin, hexi, about=("lot", "7"))
    assert (order.post_id, order.about_kind, order.about_key) == (responder.post_id, "lot", "7")
    assert issue(lin, hexi).post_id != responder.post_id


def test_a_duty_that_has_ended_gets_no_orders(lin, hexi, huang):
    Duty.objects.filter(thing_id=hexi.code, role="A").update(valid_to=START)
    order = issue(lin, hexi)
    assert order.post.name == "副镇长"
    Duty.objects.filter(thing_id=hexi.code).update(valid_to=START)
    order = issue(lin, hexi)
    assert (order.post_id, order.chain) == (huang.post_id, [huang.post_id] * 3)


def test_a_named_post_comes_first(lin, hexi, responder):
    assert (
        issue(lin, hexi, post=Post.objects.get(pk=responder.post_id)).post_id == responder.post_id
    )


def test_who_may_not_issue_does_not(zheng, hexi):
    refused("rights.denied", issue, zheng, hexi)
    assert not Order.objects.exists()


def test_the_text_says_who_what_where_and_until_when(order):
    assert order_text(order) == (
        "【漳州防指】暴雨Ⅰ级 和溪镇转移危险区群众 14日09:00前。回1收到2完成3增援"
    )


# -- the receiver


def test_acknowledging_stops_the_clock_of_answers_and_the_calls(order, chen):
    Worker().settle()
    Delivery.objects.filter(channel="sms").update(state=State.PLANNED)
    do.acknowledge_order(order=order, by=chen)
    assert waiting() == ["order.deadline_came"]
    assert (order.acknowledged_at, order.acknowledged_by) == (START, chen.label)
    states = dict(Delivery.objects.values_list("channel", "state"))
    assert states == {"app": State.ANSWERED, "sms": State.CANCELLED}


def test_opening_it_on_the_page_is_seen_not_answered(order, chen, lin):
    Worker().settle()
    do.open_by_receiver(order=order, by=lin)
    assert not Delivery.objects.filter(seen_at__isnull=False).exists()
    do.open_by_receiver(order=order, by=chen)
    seen = Delivery.objects.get(channel="app")
    assert (seen.state, seen.seen_at, seen.answered_at) == (State.SEEN, START, None)
    assert state(order) == "delivered"


def test_refusing_needs_a_reason_and_stops_the_calls(order, chen):
    Worker().settle()
    Delivery.objects.update(state=State.PLANNED)
    refused("input.reason_missing", do.refuse_order, order=order, reason=" ", by=chen)
    assert (state(order), len(waiting())) == ("delivered", 2)
    do.refuse_order(order=order, reason="路断", by=chen)
    assert (order.state, order.note, waiting()) == ("refused", "路断", ["order.deadline_came"])
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.CANCELLED}
    assert Event.objects.get(kind="order.refused").reason == "路断"


def test_a_refused_order_is_not_worked_on(order, chen):
    do.refuse_order(order=order, reason="路断", by=chen)
    for step in (
        lambda: do.acknowledge_order(order=order, by=chen),
        lambda: do.report_done(order=order, note="", by=chen),
        lambda: do.set_progress(order=order, done=1, by=chen),
    ):
        refused("step.not_from", step)


@pytest.mark.parametrize(("done", "total"), [(-1, None), (13, None), (1, 13)])
def test_progress_stays_within_what_was_ordered(order, chen, done, total):
    do.acknowledge_order(order=order, by=chen)
    refused("input.invalid", do.set_progress, order=order, done=done, total=total, by=chen)
    assert state(order) == "acknowledged"


def test_progress_may_reach_all_and_name_the_same_total(order, chen):
    do.acknowledge_order(order=order, by=chen)
    do.set_progress(order=order, done=0, by=chen)
    do.set_progress(order=order, done=12, total=12, by=chen)
    assert (order.state, order.done, order.total) == ("in_progress", 12, 12)
    told = Event.objects.filter(kind="order.in_progress").latest("id")
    assert (told.before["done"], told.after["done"]) == (0, 12)


def test_where_no_total_was_given_the_receiver_states_it_once(lin, hexi, chen):
    order = issue(lin, hexi)
    do.acknowledge_order(order=order, by=chen)
    do.set_progress(order=order, done=40, by=chen)
    assert (order.done, order.total) == (40, 0)
    do.set_progress(order=order, done=40, total=50, by=chen)
    assert (order.done, order.total) == (40, 50)
    refused("input.invalid", do.set_progress, order=order, done=40, total=60, by=chen)


def test_a_report_says_all_is_done(reported):
    assert (reported.state, reported.done, reported.note) == ("reported", 12, "好了")
    assert reported.reported_at == START
    assert Event.objects.get(kind="order.reported").reason == "好了"


def test_help_is_asked_for_by_the_receiver_and_the_order_goes_on(order, chen, zheng):
    refused("rights.denied", do.want_help, order=order, note="x", by=zheng)
    do.acknowledge_order(order=order, by=chen)
    do.want_help(order=order, note="缺船", by=chen)
    assert (order.help_wanted_at, order.note, order.state) == (START, "缺船", "acknowledged")
    assert Event.objects.get(kind="order.help_wanted").reason == "缺船"


def test_a_post_of_the_chain_may_answer_in_the_receivers_stead(order):
    deputy = seat_from(Term.objects.get(post_id=order.chain[0]))
    do.acknowledge_order(order=order, by=deputy)
    do.want_help(order=order, note="x", by=deputy)
    do.report_done(order=order, note="", by=deputy)
    assert order.acknowledged_by == deputy.label


# -- the issuer


def test_nobody_of_the_receiving_post_verifies(reported, chen, lin):
    refused("step.second_person", do.verify_order, order=reported, by=chen)
    do.verify_order(order=reported, by=lin, note="看过")
    assert (reported.state, reported.verified_at) == ("verified", START)
    assert Event.objects.get(kind="order.verified").reason == "看过"


def test_only_who_may_verifies_or_sends_back(reported, zheng, responder):
    for by in (zheng, responder):
        refused("rights.denied", do.verify_order, order=reported, by=by)
        refused("rights.denied", do.send_back, order=reported, reason="x", by=by)
        refused("rights.denied", do.close_order, order=reported, reason="x", by=by)
    assert state(reported) == "reported"


def test_a_head_of_elsewhere_verifies_nothing_here(reported):
    other = Post.objects.filter(role="head", place__kind="county").exclude(
        place=reported.area.parent
    )
    by = seat_from(Term.objects.get(post=other.first()))
    refused("rights.denied", do.verify_order, order=reported, by=by)
    refused("rights.denied", do.send_back, order=reported, reason="x", by=by)


def test_sending_back_needs_a_reason_and_the_work_goes_on(reported, lin, chen):
    refused("input.reason_missing", do.send_back, order=reported, reason="", by=lin)
    do.send_back(order=reported, reason="两户未转", by=lin)
    assert (reported.state, reported.note, reported.reported_at) == (
        "in_progress",
        "两户未转",
        None,
    )
    assert Event.objects.filter(kind="order.in_progress").latest("id").reason == "两户未转"
    do.report_done(order=reported, note="", by=chen)
    assert reported.state == "reported"


def test_what_is_not_reported_is_neither_verified_nor_sent_back(order, chen, lin):
    do.acknowledge_order(order=order, by=chen)
    refused("step.not_from", do.verify_order, order=order, by=lin)
    refused("step.not_from", do.send_back, order=order, reason="x", by=lin)


def test_closing_needs_a_reason_and_stops_everything(order, lin):
    Worker().settle()
    Delivery.objects.update(state=State.PLANNED)
    refused("input.reason_missing", do.close_order, order=order, reason=" ", by=lin)
    do.close_order(order=order, reason="撤销", by=lin)
    assert (order.state, order.close_reason, order.closed_at) == ("withdrawn", "撤销", START)
    assert waiting() == []
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.CANCELLED}
    refused("step.not_from", do.close_order, order=order, reason="又", by=lin)


@pytest.mark.parametrize(
    "before", ["issued", "delivered", "acknowledged", "in_progress", "refused"]
)
def test_an_order_that_is_not_done_is_withdrawn_from_wherever_it_is(order, lin, before):
    Order.objects.update(state=before)
    do.close_order(order=order, reason="撤销", by=lin)
    assert state(order) == "withdrawn"


def test_a_longer_deadline_needs_right_and_reason_and_is_told(order, lin, zheng):
    later = START + timedelta(hours=3)
    refused("rights.denied", do.extend_order, order=order, deadline_at=later, reason="x", by=zheng)
    refused(
        "input.reason_missing", do.extend_order, order=order, deadline_at=later, reason="", by=lin
    )
    do.extend_order(order=order, deadline_at=later, reason="路断", by=lin)
    told = Event.objects.get(kind="order.extended")
    deadlines = [datetime.fromisoformat(row["deadline"]) for row in (told.before, told.after)]
    assert (deadlines, told.reason) == ([START + timedelta(hours=1), later], "路断")
    assert Due.objects.get(kind="order.deadline_came").due_at == later


def test_the_old_deadline_passes_in_silence_after_an_extension(order, lin, now):
    do.extend_order(order=order, deadline_at=START + timedelta(hours=3), reason="路断", by=lin)
    now.at = START + timedelta(hours=2)
    Worker().settle()
    assert not Event.objects.filter(kind="order.overdue").exists()


def test_what_is_reported_in_time_is_not_overdue(reported, now):
    now.at = START + timedelta(hours=2)
    Worker().settle()
    assert not Event.objects.filter(kind="order.overdue").exists()


def test_urging_calls_the_receiver_again_each_time(order, lin, zheng):
    refused("rights.denied", urge, order=order, by=zheng)
    urge(order=order, by=lin)
    urge(order=order, by=lin)
    steps = Delivery.objects.order_by("id").values_list("channel", "step")
    assert list(steps) == [
        ("app", URGED),
        ("voice", URGED),
        ("app", URGED + 1),
        ("voice", URGED + 1),
    ]
    assert Event.objects.filter(kind="order.urged").count() == 2


# -- nobody answers


def steps_of(*channels):
    good = edition("clocks", START).text
    return good.replace('[["voice"], ["sms", "voice"], ["voice"]]', str(list(channels)))


def test_as_many_steps_are_climbed_as_the_clocks_have(guan, lin, hexi, now):
    text = steps_of(["voice"], ["sms"], ["voice"], ["sms"], ["mail"])
    enter_edition(one=rule_set("clocks"), name="五级", text=text, reason="x", by=guan)
    order, worker = issue(lin, hexi, minutes=600), Worker()
    for step in range(1, 6):
        now.at = START + timedelta(minutes=5 * step) - timedelta(seconds=1)
        worker.settle()
        assert Order.objects.get().escalated == step - 1
        now.advance(seconds=1)
        worker.settle()
        assert Order.objects.get().escalated == step
    assert waiting() == ["order.deadline_came", "order.unanswered"]  # called on till the deadline
    assert list(Delivery.objects.filter(step=5).values_list("channel", flat=True).distinct()) == [
        "mail"
    ]
    called = [e.after["post"] for e in Event.objects.filter(kind="order.escalated").order_by("id")]
    assert called == [*order.chain, order.chain[-1], order.chain[-1]]


def test_each_step_calls_the_receiver_again_and_the_next_of_the_chain(order, chen, now):
    worker = Worker()
    worker.settle()
    now.advance(minutes=5)
    worker.settle()
    deputy = holder(order.chain[0])
    rows = Delivery.objects.filter(step=1).values_list("person", "post", "channel")
    assert set(rows) == {
        (chen.person_id, chen.post_id, "voice"),
        (deputy.pk, order.chain[0], "voice"),
    }


def test_where_the_next_post_is_empty_the_leader_is_called(order, huang, now):
    Term.objects.filter(post_id=order.chain[0]).update(ends_at=START)
    now.advance(minutes=5)
    Worker().settle()
    assert huang.person_id in Delivery.objects.filter(step=1).values_list("person", flat=True)


def test_nobody_is_called_twice_for_one_step(lin, now):
    city = Post.objects.get(pk=lin.post_id).place
    order = issue(
        lin,
        city,
        post=Post.objects.get(name="指挥长", place=city, organisation__headquarters="flood"),
    )
    Order.objects.update(chain=[order.post_id] * 3)
    now.advance(minutes=5)
    Worker().settle()
    assert Delivery.objects.filter(step=1).count() == 1


def test_a_late_answer_ends_the_climb_where_it_is(order, chen, now):
    worker = Worker()
    now.at = START + timedelta(minutes=6)
    worker.settle()
    do.acknowledge_order(order=order, by=chen)
    now.at = START + timedelta(minutes=30)
    worker.settle()
    assert (Order.objects.get().escalated, waiting()) == (1, ["order.deadline_came"])
    assert not Delivery.objects.filter(step__gt=1).exists()


def test_an_order_refused_is_not_called_after(order, chen, now):
    do.refuse_order(order=order, reason="x", by=chen)
    now.advance(minutes=59)
    Worker().settle()
    assert Order.objects.get().escalated == 0


def test_the_limit_follows_the_level(lin, hexi, now):
    issue(lin, hexi, level=Level.IV)
    now.at = START + timedelta(minutes=30) - timedelta(seconds=1)
    Worker().settle()
    assert Order.objects.get().escalated == 0
    now.advance(seconds=1)
    Worker().settle()
    assert Order.objects.get().escalated == 1


# -- answers by phone


def answer(order, text, channel="sms"):
    sms = Delivery.objects.get(channel=channel, step=0, message__subject_id=str(order.pk))
    take_receipts([{"key": f"real-{sms.pk}", "state": "answered", "answer": text}], by=SYSTEM)
    Worker().settle()
    return Order.objects.get(pk=order.pk)


def test_an_answer_of_one_acknowledges_by_name_and_stops_the_calls(order):
    Worker().settle()
    Delivery.objects.filter(channel="app").update(state=State.PLANNED)
    found = answer(order, "1")
    assert (found.state, found.acknowledged_by, found.acknowledged_at) == (
        "acknowledged",
        "陈",
        START,
    )
    page = Delivery.objects.get(channel="app", message__subject_kind="order")
    assert page.state == State.CANCELLED
    assert waiting() == ["order.deadline_came"]


def test_an_answer_of_two_reports_all_done(order):
    Worker().settle()
    found = answer(order, "2")
    assert (found.state, found.done, found.reported_at) == ("reported", 12, START)


def test_an_answer_of_three_asks_for_help_once(order, now):
    Worker().settle()
    found = answer(order, "3")
    assert (found.state, found.help_wanted_at, found.done) == ("acknowledged", START, 0)
    now.advance(minutes=1)
    assert answer(order, "1").help_wanted_at == START
    assert answer(order, "3").help_wanted_at == now.at
    assert Plea.objects.get().kind == "help"  # said twice, it is one call


def test_an_answer_after_all_is_over_changes_nothing(order, lin):
    Worker().settle()
    do.close_order(order=order, reason="撤销", by=lin)
    assert answer(order, "2").state == "withdrawn"


def test_a_call_that_reached_its_receiver_is_told_as_delivered(order, chen):
    Worker().settle()
    assert state(order) == "delivered"
    told = Event.objects.get(kind="order.delivered")
    assert (told.before["state"], told.after["state"]) == ("issued", "delivered")
    assert Delivery.objects.filter(person__pk=chen.person_id, step=0).count() == 2


def test_a_message_lives_a_day_longer_than_the_deadline(order):
    Worker().settle()
    message = Delivery.objects.first().message
    assert message.expires_at == order.deadline_at + timedelta(days=1)
    assert (message.level, message.text) == (1, order_text(order))


def test_a_person_without_a_seat_cannot_take_an_order():
    stranger = Person.objects.create(name="路人")
    refused("rights.no_seat", seat_of_stranger, stranger)


def seat_of_stranger(person):
    from fangxian.spine.registry.read import seat_of_person

    return seat_of_person(person)


def test_the_cast_sits_where_the_story_says(lin, huang):
    assert (seat_of("lin").role, seat_of("huang").role) == ("duty_officer", "commander")
