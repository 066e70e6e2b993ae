"""Telling people: once, in order, never to a real channel in a drill, never lost."""

import dataclasses
import threading
from datetime import timedelta

import pytest
from story import START, seat_of

from fangxian.cli.ports import free_port
from fangxian.ops.gateway import Gateway, make_server
from fangxian.ops.worker import Worker
from fangxian.spine.command.models import Order
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write import orders as do
from fangxian.spine.command.write.calls import call_receiver
from fangxian.spine.core.config import Config, config
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import BadRow, Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.reach import channels, write
from fangxian.spine.reach.channels import ChannelError, Parcel, open_channel
from fangxian.spine.reach.models import Delivery
from fangxian.spine.reach.write import (
    answer_link,
    dispatch,
    open_link,
    retry_all,
    take_receipts,
)

State = Delivery.State


@pytest.fixture
def order(lin, hexi):
    task = Task(area=hexi, verb="转移", object="危险区群众", minutes=60)
    [order] = do.issue_orders([task], hazard="rain", level=Level.I, by=lin)
    Worker().settle()
    return order


@pytest.fixture
def sms(order):
    return Delivery.objects.get(channel="sms")


def receipt(delivery, state, answer=""):
    return {"key": f"real-{delivery.pk}", "state": state, "answer": answer}


def test_receipts_late_doubled_and_out_of_order_only_move_forward(sms):
    for told in ("answered", "delivered", "delivered", "seen", "answered"):
        take_receipts([receipt(sms, told, "1" if told == "answered" else "")], by=SYSTEM)
    sms.refresh_from_db()
    assert sms.state == State.ANSWERED
    assert Event.objects.filter(kind="delivery.answered").count() == 1


def test_an_answer_acknowledges_and_a_second_one_reports_done(sms, order):
    take_receipts([receipt(sms, "answered", "1")], by=SYSTEM)
    Worker().settle()
    assert Order.objects.get().state == "acknowledged"
    take_receipts([receipt(sms, "answered", "2")], by=SYSTEM)
    Worker().settle()
    assert Order.objects.get().state == "reported"


def test_a_channel_that_fails_is_tried_again_and_buried_with_an_owner(sms, now):
    since, late_at = now.at, None
    while now.at < since + timedelta(hours=5) and sms.state != State.FAILED:
        now.advance(seconds=max(1, (sms.due_at - now.at).total_seconds() + 1))
        dispatch(by=SYSTEM)
        sms.refresh_from_db()
        if late_at is None and Event.objects.filter(kind="delivery.late").exists():
            late_at = now.at  # whoever is next is called long before it is given up
    assert sms.state == State.FAILED
    assert (sms.side, sms.attempts > 40) == ("us", True)
    assert "not set up" in sms.last_error
    assert late_at - since < timedelta(minutes=40)
    failed = Event.objects.filter(kind="delivery.failed", subject_id=str(sms.pk)).get()
    assert failed.at - since > timedelta(hours=3, minutes=30)
    assert retry_all(by=SYSTEM) >= 1
    sms.refresh_from_db()
    assert (sms.state, sms.attempts) == (State.PLANNED, 0)


def test_a_link_answers_one_order_without_a_log_in(sms, client):
    path = answer_link(sms).removeprefix(config().url)
    assert "收到" in client.get(path, HTTP_ACCEPT_LANGUAGE="zh").content.decode()
    sms.refresh_from_db()
    assert sms.state < State.SEEN  # a preview fetched it
    assert client.post(path, {"seen": "1"}).status_code == 204
    sms.refresh_from_db()
    assert sms.state == State.SEEN
    client.post(path, {"answer": "1"})
    sms.refresh_from_db()
    assert sms.state == State.ANSWERED


def test_a_link_expires_and_cannot_be_forged(sms, now):
    token = answer_link(sms).rpartition("/")[2]
    assert open_link(token) == sms
    with pytest.raises(Problem) as refused:
        open_link(token[:-2] + "xx")
    assert refused.value.code == "answer.expired"
    now.advance(days=3)
    with pytest.raises(Problem) as refused:
        open_link(token)
    assert refused.value.code == "answer.expired"


def drill(tmp_path, **more):
    folder = tmp_path / "drill"
    folder.mkdir()
    (folder / "scenario.json").write_text('{"name": "d"}')
    return Config(data_dir=folder, smtp_host="127.0.0.1", **more)


@pytest.mark.parametrize(
    ("channel", "url", "secret"),
    [
        ("sms", "http://sms.example", "drill:d|x"),
        ("voice", "http://127.0.0.1:1", "real"),
        ("mail", "http://127.0.0.1:1", "drill:d|x"),
        ("sms", "http://127.0.0.1:1", "drill:other|x"),
    ],
)
def test_a_drill_reaches_no_real_channel(tmp_path, channel, url, secret):
    settings = drill(tmp_path, gateway_url=url, gateway_secret=secret)
    with pytest.raises(Problem) as refused:
        open_channel(channel, settings)
    assert refused.value.code == "reach.drill_blocks_channel"


def test_a_drill_reaches_its_own_simulator(tmp_path):
    settings = drill(tmp_path, gateway_url="http://127.0.0.1:1", gateway_secret="drill:d|x")
    assert isinstance(open_channel("sms", settings), channels.Gateway)


def test_mail_goes_out_once_over_smtp(tmp_path):
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Message

    letters = []

    class Box(Message):
        def handle_message(self, message):
            letters.append(message)

    port = free_port()
    box = Controller(Box(), hostname="127.0.0.1", port=port)
    box.start()
    settings = dataclasses.replace(Config(data_dir=tmp_path), smtp_host="127.0.0.1", smtp_port=port)
    sent = open_channel("mail", settings).send([Parcel("k", "", "a@example.com", "甲", "立即转移")])
    box.stop()
    assert sent == {"k"}
    assert len(letters) == 1


@pytest.fixture
def gateway(monkeypatch):
    simulator = Gateway(secret="s", trouble=0.2)
    server = make_server(simulator, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    settings = dataclasses.replace(config(), gateway_url=url, gateway_secret="s")
    monkeypatch.setattr(channels, "config", lambda: settings)
    yield simulator
    server.shutdown()
    server.server_close()


def test_a_gateway_in_trouble_gets_every_message_and_shows_none_twice(gateway, lin, now):
    from fangxian.spine.registry.models import Place

    towns = Place.objects.filter(kind="town")[:60]
    tasks = [Task(area=t, verb="巡查", object="山洪沟", minutes=600) for t in towns]
    do.issue_orders(tasks, hazard="rain", level=Level.IV, by=lin)
    worker = Worker()
    for _ in range(12):
        worker.settle()
        write.poll_gateway(by=SYSTEM)
        now.advance(minutes=4)
    states = set(Delivery.objects.filter(channel="sms", step=0).values_list("state", flat=True))
    assert State.PLANNED not in states
    handed = Delivery.objects.filter(channel__in=["sms", "voice"], handed_over_at__isnull=False)
    assert {write.parcel_key(d) for d in handed} == gateway.seen
    assert Order.objects.filter(state__in=["acknowledged", "reported"]).count() > 30


@pytest.mark.parametrize("word", ["delivered", "answered"])
def test_a_life_sign_after_a_failed_receipt_counts(sms, word):
    take_receipts([receipt(sms, "failed")], by=SYSTEM)
    take_receipts([receipt(sms, word, "1")], by=SYSTEM)
    sms.refresh_from_db()
    assert sms.get_state_display() == {"delivered": "已送达", "answered": "已应答"}[word]


def test_an_answer_after_calling_was_stopped_counts(sms):
    Delivery.objects.filter(pk=sms.pk).update(state=State.CANCELLED)
    take_receipts([receipt(sms, "delivered")], by=SYSTEM)
    assert Delivery.objects.get(pk=sms.pk).state == State.CANCELLED
    take_receipts([receipt(sms, "answered", "3")], by=SYSTEM)
    assert Delivery.objects.get(pk=sms.pk).state == State.ANSWERED


@pytest.mark.guarded
@pytest.mark.parametrize("odd", [{"state": "answered"}, {"key": "real-x"}, "no object", None])
def test_a_receipt_of_any_shape_is_kept_and_hides_no_other(sms, odd):
    assert take_receipts([odd, receipt(sms, "answered", "1")], by=SYSTEM) == 1
    assert BadRow.objects.filter(where="receipt").count() == (0 if odd == {"key": "real-x"} else 1)


def test_every_text_of_a_drill_says_so_first(sms, monkeypatch, tmp_path):
    assert not write._parcel(sms).text.startswith("【演练】")
    assert write._parcel(sms).to_phone
    settings = drill(tmp_path)
    monkeypatch.setattr(write, "config", lambda: settings)
    parcel = write._parcel(sms)
    assert parcel.text.startswith("【演练】【漳州防指】")
    assert parcel.to_phone == f"drill-{sms.person_id}"  # and names no number anybody has


def test_no_proxy_of_the_machine_stands_before_the_gateway(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    channels._client.cache_clear()
    assert channels._client().trust_env is False
    assert not [t for t in channels._client()._mounts.values() if t]


class Silent:
    def send(self, parcels):
        raise ChannelError("ReadTimeout", silent=True)


def test_a_channel_that_does_not_answer_holds_up_no_other(order, sms, monkeypatch, now):
    voice = Delivery.objects.create(
        message=sms.message, person=sms.person, channel="voice", step=7, due_at=now.at
    )
    waiting = Delivery.objects.create(
        message=sms.message, person=sms.person, channel="sms", step=8, due_at=now.at
    )
    Delivery.objects.filter(pk=sms.pk).update(state=State.PLANNED, due_at=now.at)
    ways = {"sms": Silent(), "voice": channels.App()}
    monkeypatch.setattr(write, "open_channel", lambda name: ways[name])
    dispatch(1, by=SYSTEM)
    for row in (voice, waiting):
        row.refresh_from_db()
    assert voice.state == State.ACCEPTED
    assert waiting.due_at > now.at  # its own wait would cost as much again


def test_who_answers_while_the_call_is_under_way_is_not_called_again(order, sms, monkeypatch, now):
    class Slow:
        def send(self, parcels):
            write.note_seen(
                subject_kind="order",
                subject_id=str(order.pk),
                person_id=sms.person_id,
                answered=True,
                by=seat_of("chen"),
            )
            raise ChannelError("HTTP 503")

    Delivery.objects.filter(pk=sms.pk).update(state=State.PLANNED, due_at=now.at)
    monkeypatch.setattr(write, "open_channel", lambda name: Slow())
    dispatch(by=SYSTEM)
    sms.refresh_from_db()
    assert sms.state == State.ANSWERED


@pytest.mark.parametrize("state", ["withdrawn", "acknowledged"])
def test_an_order_answered_or_withdrawn_before_its_call_calls_nobody(lin, hexi, state):
    task = Task(area=hexi, verb="转移", object="危险区群众", minutes=60)
    [order] = do.issue_orders([task], hazard="rain", level=Level.I, by=lin)
    closed = START if state == "withdrawn" else None
    Order.objects.update(state=state, closed_at=closed)
    call_receiver(Event.objects.get(kind="order.issued"))
    assert not Delivery.objects.filter(message__subject_id=str(order.pk)).exists()
