"""The whole chain, as a newcomer would read it: a gauge in Hexi reports, and an order is closed."""

from datetime import timedelta

import pytest
from story import START, over_tcp, seat_of

from fangxian.hazards.flood.tables import shipped_thresholds
from fangxian.ops.doctor import examine
from fangxian.ops.worker import Worker
from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.write import load_thresholds
from fangxian.spine.command.models import Order, Proposal
from fangxian.spine.command.write import orders as do
from fangxian.spine.command.write.responses import accept_proposal
from fangxian.spine.core.config import config
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.models import Gap
from fangxian.spine.observe.intake.sl651 import encode
from fangxian.spine.observe.intake.sl651.encode import Address
from fangxian.spine.observe.write import add_station
from fangxian.spine.reach.models import Delivery
from fangxian.spine.reach.write import answer_link
from fangxian.spine.registry.models import Place


def hourly_frame(hour, rain_tenths):
    """What the gauge sends at the end of an hour."""
    at = START + timedelta(hours=hour)
    body = encode.body_start(serial=hour + 1, sent_at=at)
    body += encode.station_mark(Address("70000001"), "P")
    body += encode.time_mark(at - timedelta(minutes=55)) + encode.rain_row([rain_tenths] * 12)
    return encode.frame(Address("70000001"), "34", body)


@pytest.fixture
def town(db, telemetry):
    load_thresholds(shipped_thresholds(), by=SYSTEM)
    hexi = Place.objects.get(name="和溪镇", kind="town")
    add_station(code="70000001", name="和溪雨量站", place=hexi, by=SYSTEM)
    return hexi


def test_a_frame_becomes_a_closed_order(town, telemetry, now, client):
    lin, huang = seat_of("lin"), seat_of("huang")
    worker = Worker()
    # 1. three hours of rain come in, each confirmed by its serial number
    now.at = START + timedelta(hours=3)
    _, answers = over_tcp(telemetry, [hourly_frame(h, 30) for h in (1, 2, 3)], 3)
    assert [a.body[:2] for a in answers] == [n.to_bytes(2) for n in (2, 3, 4)]
    # 2. they mean something: 108 mm in 3 hours is red, and says which rule and why
    worker.settle()
    signal = Signal.objects.get(family="rainstorm")
    assert (signal.level, signal.evidence["value"], signal.place) == (Level.I, 108.0, town)
    # 3. a rule proposes a response; nothing is in force until a person decides
    proposal = Proposal.objects.get(hazard="rain")
    assert proposal.levels == ["IV"]
    accept_proposal(
        proposal=proposal, level=Level.IV, reason="雨势强", document_no="防汛〔2016〕1号", by=huang
    )
    worker.settle()
    # 4. orders went to named posts; Chen's has a clock, and a text on the way to him
    order = Order.objects.get(area=town)
    sms = Delivery.objects.get(message__subject_id=str(order.pk), channel="sms")
    assert sms.person.name == "陈"
    # 5. five minutes too late the order is a gap with an owner
    now.at = order.acknowledge_by + timedelta(minutes=1)
    worker.cover(force=True)
    gap = Gap.objects.get(rule="order-unanswered", subject_id=str(order.pk), until=None)
    assert gap.owner
    # 6. Chen taps 收到 on the link in the text, without a log-in
    client.post(answer_link(sms).removeprefix(config().url), {"answer": "1"})
    worker.settle()
    order.refresh_from_db()
    assert (order.state, order.acknowledged_by) == ("acknowledged", "陈")
    worker.cover(force=True)
    gap.refresh_from_db()
    assert gap.until == now.at
    # 7. he works, reports, the issuer verifies and closes
    chen = seat_of("chen")
    do.set_progress(order=order, done=3, total=12, by=chen)
    do.report_done(order=order, note="全部转移", by=chen)
    do.verify_order(order=order, by=lin)
    do.close_order(order=order, reason="核验通过", by=lin)
    assert order.state == "closed"
    # 8. and the log of it all is whole
    broken = {c["code"]: c["broken"] for c in examine()["checks"] if not c["ok"]}
    assert set(broken) <= {"loops", "channels", "kept"}
