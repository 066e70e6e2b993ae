"""The epidemic side of the whole chain, as a newcomer would read it: a hospital reports, and a
signal is verified, answered and closed; and a case at night that nobody answers for."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from lines import CASE, PLAN, hospital
from story import seat_of

from fangxian.hazards.epidemic.sentinel.models import Inquiry
from fangxian.hazards.epidemic.sentinel.rules import FORMS
from fangxian.hazards.epidemic.sentinel.write import counts, inquiries
from fangxian.ops.worker import Worker
from fangxian.spine.assess.models import Signal
from fangxian.spine.command.models import Order, Proposal
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.config import config
from fangxian.spine.core.door import door, take
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.models import Gap
from fangxian.spine.observe.reports.write import load_shipped_forms
from fangxian.spine.reach.models import Delivery
from fangxian.spine.reach.write import answer_link
from fangxian.spine.registry.models import Post, Site
from fangxian.surfaces.api.keys import make_key

HOSPITALS, PAST = 4, 80


@pytest.fixture
def hospitals(city, now):
    """Four hospitals of Hexi, eighty days of counts behind them, and a plan of daily reports."""
    now.at = datetime(2021, 9, 10, 8, tzinfo=BEIJING)
    load_shipped_forms(FORMS, by=SYSTEM)
    rows = [hospital(f"H{n}", f"{n}号医院") for n in range(HOSPITALS)]
    take(door("sites"), rows, by=SYSTEM, source="t")
    plan = {**PLAN, "valid_from": "2021-09-09"}
    take(door("report_plans"), [plan], by=SYSTEM, source="t")
    sites = list(Site.objects.filter(kind="hospital").order_by("code"))
    usual = [
        (site, "ili", now.at.date() - timedelta(days=k), float(5 + (3 * n + k) % 4), None)
        for n, site in enumerate(sites)
        for k in range(2, PAST)
    ]
    counts.put_counts(usual, report=None, by=SYSTEM)
    counts.tick()
    assert not Signal.objects.filter(cleared_at=None).exists()
    return sites


def send(site, key, ili):
    """What the hospital's own system sends."""
    answers = dict.fromkeys(("sari", "diarrhoea", "rash", "conjunctivitis"), 0)
    return Client().post(
        "/api/v1/reports",
        {
            "form": "sentinel_daily",
            "answers": answers | {"visits": 300, "ili": ili},
            "about": {"kind": "hospital", "code": site.code},
        },
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )


def logged_in(django_user_model, username):
    client = Client()
    client.force_login(django_user_model.objects.get(username=username))
    return client


def test_reports_become_a_closed_signal(hospitals, now, django_user_model):
    key, worker = make_key(name="医院信息系统", sends="reports", by=SYSTEM), Worker()
    # 1. three of four hospitals report yesterday by their own systems, one of them a rise
    for site, ili in zip(hospitals, (45, 6, 7), strict=False):
        assert send(site, key, ili).status_code == 201
    worker.settle()
    # 2. the day is judged at once, and what it means is one signal of that hospital
    signal = Signal.objects.get(family="syndrome", cleared_at=None)
    assert (signal.about_key, signal.level) == ("ili:hospital:H0", Level.IV)
    assert signal.evidence["observed"] == 45
    # 3. an hour after the deadline the fourth is a gap with an owner, by name
    now.at += timedelta(hours=2)
    worker.cover(force=True)
    gap = Gap.objects.get(rule="report-not-made", until=None)
    assert (gap.fields["post"], bool(gap.owner)) == ("3号医院", True)
    # 4. the epidemiologist was called by an order; her check on the page answers it
    inquiry = Inquiry.objects.get(signal=signal)
    assert (inquiry.order.post.role, inquiry.order.state) == ("epidemiologist", "delivered")
    xu, one = logged_in(django_user_model, "xu"), f"/epidemic/signals/{signal.pk}"
    xu.post(f"{one}/check", {"verdict": "suspected", "note": "同一车间"})
    inquiry.order.refresh_from_db()
    assert inquiry.order.state == "reported"
    # 5. her risk is high: that proposes nothing by itself, a case does
    xu.post(f"{one}/assess", {"likelihood": "4", "consequence": "4"})
    row = {**CASE, "disease": "新型冠状病毒感染", "status": "确诊"}
    take(door("cases"), [{**row, "diagnosed_at": "2021-09-10 09:30"}], by=SYSTEM, source="t")
    worker.settle()
    proposal = Proposal.objects.get(hazard="epidemic", state="open")
    huang = logged_in(django_user_model, "huang")
    answer = {"sure": "1", "level": proposal.worst.name, "reason": "本土病例"}
    answer["document_no"] = "防疫〔2021〕1号"
    assert huang.post(f"/command/proposals/{proposal.pk}/decide", answer).status_code == 302
    worker.settle()
    tasks = Order.objects.filter(hazard="epidemic").exclude(verb="核实")
    assert {t.verb for t in tasks} == {"隔离", "流调", "检测", "采样", "消杀", "告知"}
    # 6. the hospital's next reports are usual again: the signal falls, the inquiry is closed
    now.at += timedelta(days=1)
    for site in hospitals:
        assert send(site, key, 5).status_code == 201
    worker.settle()
    signal.refresh_from_db()
    assert signal.cleared_at
    xu.post(f"{one}/close", {"outcome": "event", "note": "车间聚集，已隔离"})
    inquiry.refresh_from_db()
    assert (inquiry.state, inquiry.outcome) == ("closed", "event")


def answer(told, worker):
    """Tap 收到 on the link in the newest text."""
    link = answer_link(told.filter(channel="sms").latest("pk"))
    Client().post(link.removeprefix(config().url), {"answer": "1"})
    worker.settle()


def test_a_case_at_night_that_nobody_answers_for(hospitals, now):
    """A disease of two hours, three in the morning, the epidemiologist asleep."""
    worker = Worker()
    now.at = datetime(2021, 9, 11, 3, tzinfo=BEIJING)
    row = {**CASE, "disease": "霍乱", "status": "确诊", "diagnosed_at": "2021-09-11 02:30"}
    take(door("cases"), [row], by=SYSTEM, source="t")
    signal = Signal.objects.get(family="local-case")  # in the same moment, by the rule
    worker.settle()
    inquiry = Inquiry.objects.get(signal=signal)
    order, xu = inquiry.order, seat_of("xu")
    assert order.deadline_at == now.at + timedelta(hours=2)
    told = Delivery.objects.filter(message__subject_id=str(order.pk))
    mine = told.filter(person_id=xu.person_id)
    assert set(told.values_list("pk")) == set(mine.values_list("pk"))
    # nobody answers: after each limit the next one is called, by voice, until a named head
    wait = order.acknowledge_by - order.issued_at
    for step in range(1, 4):
        now.at = order.issued_at + step * wait + timedelta(seconds=30)
        worker.settle()
        order.refresh_from_db()
        assert order.escalated == step
    office = Post.objects.get(name="指挥长", organisation__headquarters="epidemic")
    head = office.terms.get().person_id
    assert {xu.person_id, head} <= {d.person_id for d in told.filter(channel="voice")}
    worker.cover(force=True)
    assert Gap.objects.get(rule="order-unanswered", until=None).owner
    # the head answers by the link in his text: he knows of it, and she is called on
    answer(told.filter(person_id=head), worker)
    order.refresh_from_db()
    assert order.state == "delivered"
    # two hours are over: that it was not looked into is a gap of its own
    now.at = order.deadline_at + timedelta(minutes=1)
    worker.settle()
    worker.cover(force=True)
    late = Gap.objects.get(rule="inquiry-late", until=None)
    assert (late.fields["step"], late.owner_id) == ("核实", order.post_id)
    # she wakes, answers by her link, and looks into it
    answer(mine, worker)
    order.refresh_from_db()
    assert order.state == "acknowledged"
    inquiries.check(inquiry=inquiry, verdict="suspected", note="", by=xu)
    worker.cover(force=True)
    open_ = set(Gap.objects.filter(until=None).values_list("rule", flat=True))
    assert not open_ & {"inquiry-late", "order-unanswered"}
