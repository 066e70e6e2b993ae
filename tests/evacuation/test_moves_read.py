"""What readers of the code found in evacuation and danger points; each failed before it was
mended."""

from dataclasses import replace
from datetime import timedelta

from django.contrib.auth import get_user_model
from inspections import work
from test_moves import raised, said, the_order
from test_moves_hard import opened, state

from fangxian.hazards.flood.evacuation.cover import unmet
from fangxian.hazards.flood.evacuation.models import AtRisk, Move, Scan
from fangxian.hazards.flood.evacuation.write import take_scan
from fangxian.hazards.flood.hazard_points import cover
from fangxian.hazards.flood.hazard_points.risk import Ranked, risks
from fangxian.spine.command.models import Order, Plea, Response
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write import orders as do
from fangxian.spine.command.write.teams import order_team
from fangxian.spine.core import clock
from fangxian.spine.core.door import door, take
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.ready.models import Team
from fangxian.spine.ready.write import shelters


def test_whoever_may_scan_may_call_for_help(households, lin):
    raised(Level.III)
    assert lin.post_id not in (the_order().post_id, *the_order().chain)
    take_scan(said("H000001", "help"), by=lin)
    assert state() == "help"
    assert lin.label in Plea.objects.get(kind="help").text


def test_who_left_the_shelter_last_time_must_leave_again(households, shelter, lin, now):
    raised(Level.III)
    stay = shelters.check_in(opening=opened(shelter, lin), tag="H000001", by=lin)
    work()
    shelters.check_out(stay=stay, by=lin)
    work()
    Order.objects.update(state="closed", closed_at=clock.now())
    Response.objects.update(ended_at=clock.now())
    now.advance(days=5)
    raised(Level.II)
    assert Move.objects.filter(household__tag="H000001").count() == 2
    assert state() == "waiting"


def test_who_refused_has_not_left(households, chen, client):
    raised(Level.III)
    take_scan(said("H000001", "refused"), by=chen)
    client.force_login(get_user_model().objects.get(username="chen"))
    assert "9 户，9 户还没走" in client.get("/m/move").content.decode()


def test_a_team_is_there_by_its_own_way(hexi, chen, lin):
    team = Team.objects.create(
        code="T1", name="队", place=hexi, size=5, ready_min=25, post_id=chen.post_id
    )
    _, order = order_team(team=team, place=hexi, level=Level.III, by=lin)
    assert order.deadline_at - order.issued_at == timedelta(minutes=25)


def test_who_was_scanned_can_be_struck_off_and_the_scan_stays(households, chen):
    raised(Level.III)
    take_scan(said("H000001", "refused"), by=chen)
    take(door("households_at_risk"), [{"tag": "H000001", "state": "已迁出"}], by=SYSTEM, source="t")
    assert not Move.objects.filter(household__tag="H000001").exists()
    assert Scan.objects.get(tag="H000001").said == "refused"


def test_a_household_added_after_the_level_rose_must_leave_at_that_level(households, village):
    raised(Level.III)
    raised(Level.II)
    row = {
        "place": village.code,
        "name": "新来的",
        "people": "2",
        "point": "D1",
        "level": "Ⅱ级",
        "shelter": "B1",
    }
    take(door("households_at_risk"), [row], by=SYSTEM, source="t")
    assert the_order().total == AtRisk.objects.count() == 13


def test_who_is_back_before_the_end_is_a_gap(households, chen):
    raised(Level.III)
    order = the_order()
    for word in ("moved", "returned"):
        take_scan(said("H000001", word), by=chen)
    order.moves.exclude(household__tag="H000001").update(state="arrived")
    (gap,) = unmet(order.deadline_at + timedelta(minutes=1))
    assert gap.fields["tags"] == "H000001"


def test_an_order_about_one_point_answers_for_no_other(slope, village, lin, monkeypatch):
    row = risks(seat=SYSTEM).rows[0]

    over = replace(row, ratio=1.2, hours=1, limit_mm=50.0)
    monkeypatch.setattr(cover, "risks", lambda **_: Ranked([over], 1, 1, 0, 0))
    assert len(list(cover.unanswered(clock.now()))) == 1
    other = Task(area=village, verb="巡查", object="别处", minutes=60, about=("hazard_point", "D2"))
    do.issue_orders([other], hazard="rain", level=Level.III, by=lin)
    assert len(list(cover.unanswered(clock.now()))) == 1
    own = Task(area=village, verb="巡查", object="后山", minutes=60, about=("hazard_point", "D1"))
    do.issue_orders([own], hazard="rain", level=Level.III, by=lin)
    assert list(cover.unanswered(clock.now())) == []
