"""Two-way: replies are read and not guessed, calls for help are answered, withdrawal is told, and
the ladder goes on until the receiver himself has answered."""

from datetime import timedelta

import pytest
from story import START, seat_of

from fangxian.ops.worker import Worker
from fangxian.spine.command.cover import pleas_open
from fangxian.spine.command.desk import todo
from fangxian.spine.command.models import Order, Plea
from fangxian.spine.command.preview import preview
from fangxian.spine.command.replies import read_reply
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write import orders as do
from fangxian.spine.command.write.again import note_knock, reassign_order, reopen_order
from fangxian.spine.command.write.calls import MOST, ROUND, call_next, order_text, urge
from fangxian.spine.command.write.pleas import settle_plea
from fangxian.spine.core import clock
from fangxian.spine.core.editions import edition
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Due, Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.reach.models import Delivery
from fangxian.spine.reach.read import link_length
from fangxian.spine.reach.write import take_receipts
from fangxian.spine.registry.models import Person, Post
from fangxian.spine.registry.read import holder

pytestmark = pytest.mark.django_db
State = Delivery.State


@pytest.fixture
def order(lin, hexi):
    task = Task(area=hexi, verb="转移", object="危险区群众", minutes=60)
    made = do.issue_orders([task], hazard="rain", level=Level.I, by=lin)[0]
    Worker().settle()
    return Order.objects.get(pk=made.pk)


def texts(person=None, kind="notice"):
    rows = Delivery.objects.filter(message__subject_kind=kind).order_by("id")
    rows = rows.filter(person=person) if person else rows
    return [d.message.text for d in rows if d.channel == "app"]


def say(order, text, *, person=None, channel="sms", step=0):
    rows = Delivery.objects.filter(message__subject_id=str(order.pk), step=step, channel=channel)
    sms = rows.get(person=person) if person else rows.get()
    take_receipts([{"key": f"real-{sms.pk}", "state": "answered", "answer": text}], by=SYSTEM)
    Worker().settle()
    return Order.objects.get(pk=order.pk)


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("1", "received"),
        ("１", "received"),
        (" 1 。", "received"),
        ("收到", "received"),
        ("收到，马上去", "received"),
        ("2", "done"),
        ("２", "done"),
        ("已完成", "done"),
        ("3要增援", "help"),
        ("要增援 两个人", "help"),
        ("办不了，路断了", "cannot"),
        ("OK", "received"),
        ("TD", None),
        ("退订", None),
        ("我正在开会,稍后联系您。", None),
        ("2号楼有人被困", None),
        ("12", None),
        ("收到红包", None),
        ("", None),
    ],
)
def test_a_reply_is_read_by_the_words_of_the_day(text, verb):
    assert read_reply(text, edition("replies", START).content) == verb


def test_what_nobody_understands_answers_nothing_and_stands_on_the_desk(order, chen, lin):
    found = say(order, "我正在开会,稍后联系您。")
    assert (found.state, found.acknowledged_at) == ("delivered", None)
    plea = Plea.objects.get()
    assert (plea.kind, plea.text, plea.person_id) == (
        "unclear",
        "我正在开会,稍后联系您。",
        chen.person_id,
    )
    assert todo(seat=lin, hq="all")[0].thing == plea
    told = Delivery.objects.filter(message__subject_kind="notice", person=chen.person_id)
    assert {d.channel for d in told} == {"app", "sms"}
    assert "没看懂" in told[0].message.text


def test_a_call_for_help_reaches_the_superior_and_the_city_and_is_a_gap(order, chen, lin):
    say(order, "3要增援")
    superior = holder(Post.objects.get(pk=chen.post_id).superior)
    assert any("要增援" in text for text in texts(superior))
    assert any("要增援" in text for text in texts(Person.objects.get(pk=lin.person_id)))
    [gap] = pleas_open(START)
    assert gap.owner_id == order.issuer_id


def test_who_called_is_told_who_comes_and_the_gap_closes(order, chen, lin):
    say(order, "3")
    settle_plea(plea=Plea.objects.get(), how="消防 12 人 09:30 到", by=lin)
    Worker().settle()
    assert any("消防 12 人" in t for t in texts(Person.objects.get(pk=chen.person_id)))
    assert list(pleas_open(START)) == []
    with pytest.raises(Problem):
        settle_plea(plea=Plea.objects.get(), how="又", by=lin)


def test_a_plea_needs_an_answer_and_a_right(order, lin, zheng):
    say(order, "3")
    plea = Plea.objects.get()
    for how, by in (("", lin), ("x", zheng)):
        with pytest.raises(Problem):
            settle_plea(plea=plea, how=how, by=by)


def test_a_refusal_and_a_cannot_stand_there_too(order, chen):
    do.say_cannot(order=order, note="路断", by=chen)
    do.refuse_order(order=order, reason="人手不足", by=chen)
    assert list(Plea.objects.values_list("kind", "text")) == [
        ("cannot", "路断"),
        ("refused", "人手不足"),
    ]


def test_withdrawing_tells_everyone_who_was_told_once_and_drops_what_was_asked(order, chen, lin):
    Delivery.objects.filter(channel="sms").update(state=State.DELIVERED)
    do.want_help(order=order, note="x", by=chen)
    Worker().settle()
    do.close_order(order=order, reason="雨停", by=lin)
    Worker().settle()
    chens = [t for t in texts(Person.objects.get(pk=chen.person_id)) if "已撤销" in t]
    assert len(chens) == 1
    assert "雨停" in chens[0]
    assert Plea.objects.get().settled_at
    assert Order.objects.get().state == "withdrawn"


def test_many_withdrawn_in_one_act_are_one_notice_a_person(lin, hexi, chen):
    tasks = [Task(area=hexi, verb="巡查", object=f"{k}号点", minutes=60) for k in range(3)]
    orders = do.issue_orders(tasks, hazard="rain", level=Level.I, by=lin)
    Worker().settle()
    Delivery.objects.filter(channel="app").update(state=State.DELIVERED)
    for one in orders:
        do.close_order(order=one, reason="解除", by=lin)
    Worker().settle()
    [text] = [t for t in texts(Person.objects.get(pk=chen.person_id)) if "已撤销" in t]
    assert "等 3 项" in text


def test_the_old_link_says_withdrawn_without_buttons(order, client, lin):
    sms = Delivery.objects.filter(channel="sms").first()
    do.close_order(order=order, reason="雨停", by=lin)
    page = client.get(f"/a/{sms.code}", HTTP_ACCEPT_LANGUAGE="zh").content.decode()
    assert "雨停" in page
    assert "<button" not in page.partition("<main")[2]
    assert client.post(f"/a/{sms.code}", {"answer": "1"}).status_code == 422


def test_a_superiors_answer_says_he_knows_and_the_receiver_is_called_on(order, now):
    now.advance(minutes=11)
    Worker().settle()
    superior = holder(order.chain[1])
    step = Delivery.objects.filter(person=superior, channel="sms").last()
    found = say(order, "1", person=superior, step=step.step)
    assert (found.state, found.informed_at) == ("delivered", now.at)
    now.advance(minutes=10)
    Worker().settle()
    assert Order.objects.get().escalated == 4
    assert say(order, "1").state == "acknowledged"


def test_the_deputys_answer_answers(order, now):
    now.advance(minutes=5)
    Worker().settle()
    deputy = holder(order.chain[0])
    found = say(order, "1", person=deputy, channel="voice", step=1)
    assert found.state == "acknowledged"


def test_calling_ends_with_the_deadline(order, now):
    for _ in range(30):
        now.advance(minutes=5)
        Worker().settle()
    last = Event.objects.filter(kind="order.escalated").order_by("id").last()
    assert order.deadline_at - timedelta(minutes=5) <= last.at <= order.deadline_at


def test_a_knock_at_the_door_ends_the_ladder(order, lin, now):
    with pytest.raises(Problem):
        note_knock(order=order, told=" ", by=lin)
    note_knock(order=order, told="派出所上门，陈本人说马上去", by=lin)
    assert Order.objects.get().state == "acknowledged"
    now.advance(minutes=6)
    Worker().settle()
    assert Order.objects.get().escalated == 0


def test_reopening_and_reassigning_begin_the_clock_anew_and_are_told(order, lin, hexi, now, chen):
    do.close_order(order=order, reason="误判", by=lin)
    reopen_order(order=order, reason="又涨了", minutes=30, by=lin)
    assert (order.state, order.deadline_at) == ("issued", START + timedelta(minutes=30))
    Worker().settle()
    assert Order.objects.get().state == "delivered"
    assert Delivery.objects.filter(step=ROUND, person=chen.person_id).count() == 2
    other = Post.objects.get(place=hexi, name="水利员")
    reassign_order(order=order, post=other, reason="出差", by=lin)
    Worker().settle()
    assert Order.objects.get().post == other
    assert any("已改派" in t for t in texts(Person.objects.get(pk=chen.person_id)))
    with pytest.raises(Problem):
        reassign_order(order=order, post=other, reason="x", by=lin)


def test_a_text_fits_one_message_with_its_link(order):
    order.object = "沿河低洼地带、地质灾害隐患点、切坡建房户和危旧房屋内全部人员及独居老人"
    order.headquarters.short_name = "漳州防指"
    long = order_text(order)
    assert len(long) + link_length() + len("【演练】") <= max(MOST, 24 + 60 + link_length())
    assert long.endswith("前。回1收到2完成3增援")
    assert "…" in long


def test_what_is_issued_is_shown_before_with_who_cannot_be_reached(lin, hexi, chen):
    Person.objects.filter(pk=chen.person_id).update(phone_masked="")
    task = Task(area=hexi, verb="转移", object="群众", minutes=60)
    told = preview([task], level=Level.I, by=lin)
    assert (told["unreachable"], told["ack_min"], told["texts"]) == (1, 5, 0)
    assert told["rows"][0]["person"].pk == chen.person_id
    with pytest.raises(Problem):
        preview([task], level=Level.I, by=seat_of("zheng"))


def test_a_receiver_without_a_number_is_passed_over_at_once(lin, hexi, chen):
    Person.objects.filter(pk=chen.person_id).update(phone_masked="")
    task = Task(area=hexi, verb="转移", object="群众", minutes=60)
    do.issue_orders([task], hazard="rain", level=Level.I, by=lin)
    Worker().settle()
    assert Order.objects.get().escalated >= 1
    assert not Delivery.objects.filter(person=chen.person_id, channel__in=["sms", "voice"]).exists()


def test_a_call_for_help_is_heard_though_the_order_is_over(order, lin):
    do.close_order(order=order, reason="雨停", by=lin)
    Worker().settle()
    assert say(order, "3要增援").state == "withdrawn"
    assert todo(seat=lin, hq="all")[0].thing == Plea.objects.get(settled_at=None)


def test_the_same_call_later_is_a_new_one_and_a_repeat_of_the_gateway_is_none(order, lin, now):
    say(order, "3")
    settle_plea(plea=Plea.objects.get(), how="有人去", by=lin)
    say(order, "3")  # the gateway says it twice
    assert Plea.objects.count() == 1
    now.advance(minutes=3)
    say(order, "3")
    assert Plea.objects.filter(settled_at=None).count() == 1


def unanswered(order):
    told = {"subject_kind": "order", "subject_id": str(order.pk)}
    return Event(kind="order.unanswered", at=clock.now(), **told)


def test_a_leader_who_does_not_answer_is_called_step_by_step(lin, huang, city):
    post = Post.objects.get(pk=huang.post_id)
    task = Task(area=post.place, verb="坐镇", object="指挥部", minutes=60, post=post)
    [mine] = do.issue_orders([task], hazard="rain", level=Level.I, by=lin)
    mine.chain = [post.pk] * 3
    mine.save()
    Due.objects.all().delete()
    call_next(unanswered(mine))
    assert Order.objects.get().escalated == 1


def test_a_long_ladder_never_meets_the_calls_by_hand(order, now, chen):
    Order.objects.update(escalated=49, deadline_at=START + timedelta(days=2))
    urge(order=Order.objects.get(), by=seat_of("lin"))
    Due.objects.all().delete()
    call_next(unanswered(order))
    assert Delivery.objects.filter(step=50, person=chen.person_id).exists()


def test_a_failed_call_steps_on_at_once(order, chen):
    rows = Delivery.objects.filter(person=chen.person_id, channel="sms")
    take_receipts([{"key": f"real-{d.pk}", "state": "failed"} for d in rows], by=SYSTEM)
    Worker().settle()
    assert Order.objects.get().escalated == 1
    assert Event.objects.filter(kind="order.escalated").count() == 1
