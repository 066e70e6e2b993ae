"""Responses, orders, escalation: the difference only, each step once, always a named human."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from story import SHARED, START

from fangxian.ops.worker import Worker
from fangxian.spine.assess.write import end_warning, enter_warning
from fangxian.spine.command.models import Order, Proposal, Response
from fangxian.spine.command.rules import by_warning, replay
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write import orders as do
from fangxian.spine.command.write.desk import close_shift
from fangxian.spine.command.write.responses import (
    accept_proposal,
    decline_proposal,
    end_response,
    set_response,
)
from fangxian.spine.core.events import verify_chain
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.reach.models import Delivery
from fangxian.spine.registry.models import Term
from fangxian.spine.registry.read import city as the_city

pytestmark = pytest.mark.django_db


def start(huang, level, hazard="typhoon"):
    return set_response(
        hazard=hazard, place=the_city(), level=level, reason="研判", document_no="1号", by=huang
    )


@pytest.fixture
def order(lin, hexi):
    task = Task(area=hexi, verb="转移", object="危险区群众", minutes=60, total=12)
    return do.issue_orders([task], hazard="rain", level=Level.I, by=lin)[0]


@pytest.mark.parametrize(
    ("hazard", "warning", "year", "wanted"),
    [
        ("rain", "IV", 2019, ["IV"]),
        ("rain", "III", 2023, ["IV"]),
        ("rain", "II", 2023, ["III"]),
        ("rain", "I", 2023, ["I", "II"]),
        ("typhoon", "II", 2023, ["II"]),
        ("rain", "IV", 2023, None),
    ],
)
def test_the_edition_of_the_day_decides(hazard, warning, year, wanted):
    at = datetime(year, 8, 30, tzinfo=UTC)
    found = by_warning(hazard=hazard, warning=Level[warning], at=at)
    assert (found and [level.name for level in found.levels]) == wanted


@pytest.mark.shared
def test_dated_cases_replay_as_recorded():
    cases = json.loads((SHARED / "data/command/response_cases.json").read_text())
    rows = replay(cases)
    assert [
        (r["t"][:4], r["hazard"], r["proposed"]) for r in rows if r["recorded"] not in r["proposed"]
    ] == []
    assert len(rows) == 7
    assert {r["edition"] for r in rows} == {"before-2022", "2022"}


def test_a_rule_proposes_and_a_person_decides(lin, huang):
    enter_warning(hazard="typhoon", level=Level.IV, place=the_city(), text="", number="1", by=lin)
    Worker().settle()
    proposal = Proposal.objects.get()
    assert not Response.objects.exists()
    response = accept_proposal(
        proposal=proposal, level=Level.IV, reason="同意", document_no="1号", by=huang
    )
    assert response.orders.count() == 11
    with pytest.raises(Problem) as refused:
        accept_proposal(proposal=proposal, level=Level.IV, reason="又", document_no="2号", by=huang)
    assert refused.value.code == "step.not_from"


def test_a_decision_needs_authority_a_reason_and_a_number(lin, chen):
    with pytest.raises(Problem) as refused:
        start(lin, Level.III)
    assert refused.value.code == "rights.denied"
    with pytest.raises(Problem) as refused:
        start(chen, Level.IV)
    assert refused.value.code == "rights.denied"
    with pytest.raises(Problem) as refused:
        set_response(
            hazard="rain", place=the_city(), level=Level.IV, reason="x", document_no="", by=lin
        )
    assert refused.value.code == "response.document_missing"


def test_raise_lower_end_gives_every_task_once(huang):
    response = start(huang, Level.IV)
    assert response.orders.count() == 11
    start(huang, Level.III)
    assert response.orders.count() == 11 + 5
    start(huang, Level.II)
    assert response.orders.count() == 11 + 5 + 146
    start(huang, Level.III)
    assert response.orders.filter(state="withdrawn").count() == 146
    start(huang, Level.II)
    assert response.orders.exclude(state="withdrawn").count() == 11 + 5 + 146
    response.refresh_from_db()
    end_response(response=response, reason="台风远离", document_no="9号", by=huang)
    assert not response.orders.exclude(state__in=["closed", "withdrawn"]).exists()
    assert not response.orders.filter(close_reason="").exists()


def test_the_end_of_a_warning_proposes_the_end(lin, huang):
    enter_warning(hazard="typhoon", level=Level.IV, place=the_city(), text="", number="1", by=lin)
    start(huang, Level.IV)
    end_warning(hazard="typhoon", place=the_city(), reason="解除", by=lin)
    Worker().settle()
    assert Proposal.objects.get(state="open").ends


def test_a_declined_proposal_stays_quiet(lin, huang):
    enter_warning(hazard="typhoon", level=Level.IV, place=the_city(), text="", number="1", by=lin)
    Worker().settle()
    decline_proposal(proposal=Proposal.objects.get(), reason="影响小", by=huang)
    enter_warning(hazard="rain", level=Level.IV, place=the_city(), text="", number="2", by=lin)
    Worker().settle()
    assert not Proposal.objects.filter(hazard="typhoon", state="open").exists()


def test_rain_and_typhoon_run_side_by_side(huang):
    start(huang, Level.II)
    start(huang, Level.IV, hazard="rain")
    assert sorted(Response.objects.values_list("hazard", "level")) == [("rain", 4), ("typhoon", 2)]


def test_an_order_goes_its_way_step_by_step(order, chen, lin):
    do.acknowledge_order(order=order, by=chen)
    do.set_progress(order=order, done=9, by=chen)
    do.report_done(order=order, note="", by=chen)
    do.verify_order(order=order, by=lin)
    do.close_order(order=order, reason="完成", by=lin)
    assert (order.state, order.done, order.total) == ("closed", 12, 12)
    kinds = Event.objects.filter(subject_kind="order").values_list("kind", flat=True)
    assert list(kinds) == [
        "order.issued",
        "order.acknowledged",
        "order.in_progress",
        "order.reported",
        "order.verified",
        "order.closed",
    ]


def test_no_step_is_taken_out_of_turn(order, chen, lin):
    for step in (
        lambda: do.report_done(order=order, note="", by=chen),
        lambda: do.verify_order(order=order, by=lin),
        lambda: do.set_progress(order=order, done=1, by=chen),
    ):
        with pytest.raises(Problem) as refused:
            step()
        assert refused.value.code == "step.not_from"


def test_nobody_verifies_his_own_work(hexi, chen, lin):
    task = Task(area=hexi, verb="巡查", object="山洪沟", minutes=60)
    [order] = do.issue_orders([task], hazard="rain", level=Level.IV, by=lin)
    do.acknowledge_order(order=order, by=chen)
    do.report_done(order=order, note="", by=chen)
    with pytest.raises(Problem) as refused:
        do.verify_order(order=order, by=chen)
    assert refused.value.code == "step.second_person"


def test_a_stranger_cannot_answer_for_another(order, zheng):
    with pytest.raises(Problem) as refused:
        do.acknowledge_order(order=order, by=zheng)
    assert refused.value.code == "rights.denied"


def test_an_unanswered_order_climbs_its_frozen_chain(order, now):
    worker = Worker()
    worker.settle()
    assert set(Delivery.objects.values_list("channel", flat=True)) == {"app", "sms"}
    for minutes, step in ((5, 1), (10, 2), (15, 3)):
        now.at = START + timedelta(minutes=minutes, seconds=1)
        worker.settle()
        order.refresh_from_db()
        assert order.escalated == step
    called = Delivery.objects.filter(step=3).values_list("person__name", flat=True)
    assert "黄" in called


def test_acknowledging_stops_the_calls(order, chen, now):
    worker = Worker()
    worker.settle()
    do.acknowledge_order(order=order, by=chen)
    now.advance(hours=1)
    worker.settle()
    order.refresh_from_db()
    assert order.escalated == 0
    assert not Event.objects.filter(kind="order.escalated").exists()


def test_a_post_without_holder_does_not_swallow_the_order(hexi, lin):
    Term.objects.filter(person__user__username="chen").update(ends_at=START - timedelta(days=1))
    task = Task(area=hexi, verb="巡查", object="山洪沟", minutes=60)
    [order] = do.issue_orders([task], hazard="rain", level=Level.IV, by=lin)
    Worker().settle()
    assert Delivery.objects.filter(message__subject_id=str(order.pk)).exists()
    order.refresh_from_db()
    assert order.escalated == 1


def test_an_overdue_order_is_recorded_and_its_first_deadline_stays(order, lin, now):
    do.extend_order(order=order, deadline_at=START + timedelta(hours=3), reason="路断", by=lin)
    now.at = START + timedelta(hours=3, minutes=1)
    Worker().settle()
    assert Event.objects.filter(kind="order.overdue").count() == 1
    assert order.first_deadline_at == START + timedelta(hours=1)


def test_a_shift_cannot_end_with_an_unowned_red(lin):
    enter_warning(hazard="typhoon", level=Level.I, place=the_city(), text="", number="1", by=lin)
    with pytest.raises(Problem) as refused:
        close_shift(by=lin, summary={})
    assert refused.value.code == "shift.red_unowned"


def test_the_chain_of_events_shows_any_change(order):
    assert verify_chain() == []
    Event.objects.filter(kind="order.issued").update(reason="改了")
    assert "was changed" in verify_chain()[0]


def test_a_cut_off_tail_shows(order):
    Event.objects.order_by("-id").first().delete()
    assert "were written" in verify_chain()[0]
    assert Order.objects.exists()
