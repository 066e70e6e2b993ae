"""From rain that is expected to a slope that is safe; from a level that is raised to people on the
roll; a drill from its script to its score."""

from datetime import datetime, timedelta

import pytest
from inspections import inspected, work

from fangxian.hazards.flood.evacuation.models import AtRisk, Move
from fangxian.hazards.flood.hazard_points import risk
from fangxian.hazards.flood.hazard_points.cover import unanswered
from fangxian.hazards.flood.hazard_points.models import DangerPoint
from fangxian.hazards.flood.hazard_points.risk import risks
from fangxian.ops.drills import install_givers
from fangxian.spine.command.drilled import scored
from fangxian.spine.command.models import Order
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write import orders as do
from fangxian.spine.command.write.responses import set_response
from fangxian.spine.core import clock
from fangxian.spine.core.door import door, take
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.inspect.models import Finding, Visit
from fangxian.spine.inspect.rounds import FORMS, Storm, due, rules
from fangxian.spine.inspect.write.findings import plan_finding
from fangxian.spine.observe.accept import Intake
from fangxian.spine.observe.intake.rows import arrivals_of
from fangxian.spine.observe.reports.write import load_shipped_forms
from fangxian.spine.ready.models import Dispatch, Lot, Movement, Shelter, Team
from fangxian.spine.ready.write import drills, shelters, stock, teams
from fangxian.spine.registry.models import Organisation, Place, Site
from fangxian.spine.registry.read import city as the_city
from fangxian.spine.registry.read import holder, seat_of_person, the_post


@pytest.fixture
def slope(hexi, city):
    load_shipped_forms(by=SYSTEM)
    load_shipped_forms(FORMS, by=SYSTEM)
    village = Place.objects.filter(kind="village", parent=hexi).order_by("code")[0]
    site = Site.objects.create(
        kind="hazard_point",
        code="D1",
        name="后山滑坡",
        place=village,
        lon=117.21,
        lat=24.81,
        valid_from=datetime(2016, 1, 1, tzinfo=clock.BEIJING),
    )
    DangerPoint.objects.create(
        site=site, document_in="1", households=3, people=11, helpless=2, rain_mm_1h=40
    )
    return site


def rain_of(telemetry, gauge, mm):
    rows = [(gauge.code, "P1", clock.now(), mm)]
    Intake(telemetry).accept(arrivals_of(rows, source="t"), by=SYSTEM)


def test_from_expected_rain_to_a_slope_that_is_safe(
    slope, gauge, telemetry, chen, lin, now, monkeypatch
):
    Site.objects.filter(pk=gauge.pk).update(lon=117.22, lat=24.81)
    rain_of(telemetry, gauge, 30)
    (before,) = risks(seat=SYSTEM).rows
    assert (before.ratio, before.ahead, before.own_limit) == (0.75, None, True)
    assert list(unanswered(clock.now())) == []
    monkeypatch.setattr(risk, "FORECASTS", [lambda lon, lat, hours: 20.0])
    now_ranked = risks(seat=SYSTEM)
    (first,) = now_ranked.rows
    assert (first.ahead, now_ranked.over) == (1.25, 1)
    (gap,) = unanswered(clock.now())
    assert (gap.fields["point"], gap.fields["percent"], gap.place_id) == (
        slope.name,
        "125%",
        slope.place_id,
    )

    task = Task(
        area=slope.place,
        verb="巡查",
        object=slope.name,
        minutes=60,
        about=("hazard_point", "D1"),
        post=the_post(chen.post_id),
    )
    (order,) = do.issue_orders([task], hazard="rain", level=Level.III, by=lin)
    assert list(unanswered(clock.now())) == []
    do.acknowledge_order(order=order, by=chen)
    inspected(
        slope, chen, spot=(117.2101, 24.8101), result="trouble", trouble="坡脚渗水", grade="major"
    )
    do.report_done(order=order, note="有渗水", by=chen)
    finding = Finding.objects.get()
    plan_finding(
        finding=finding,
        measure="开沟排水",
        money="镇 1 万元",
        post=the_post(chen.post_id),
        deadline_at=clock.now() + timedelta(days=2),
        plan="再下 20 毫米即转移",
        by=lin,
    )
    work()
    now.advance(days=1)
    do.acknowledge_order(order=finding.order, by=chen)
    do.report_done(order=finding.order, note="沟已开好", by=chen)
    inspected(slope, lin, spot=(117.21, 24.81))
    do.verify_order(order=finding.order, by=lin)
    do.close_order(order=finding.order, reason="现场复查", by=lin)
    work()
    finding.refresh_from_db()
    assert finding.state == "closed"
    assert Visit.objects.filter(site=slope, counts=True).count() == 2
    storm = Storm("rain", "", clock.now() - timedelta(hours=30), clock.now())
    after = due(
        rules(clock.now()).of("hazard_point"),
        last=clock.now() - timedelta(hours=31),
        begun=None,
        at=clock.now() + timedelta(hours=1),
        storms=[storm],
    )
    assert after.round.after_h == 24


def test_from_a_level_to_everybody_on_the_roll(slope, hexi, chen, lin, now):
    rows = [
        {
            "place": slope.place.code,
            "name": f"户主{n}",
            "people": "3",
            "point": "D1",
            "level": "Ⅲ级",
        }
        for n in range(12)
    ]
    site = Site.objects.create(kind="shelter", code="B1", name="和溪中学", place=hexi)
    shelter = Shelter.objects.create(site=site, flood=40)
    take(door("households_at_risk"), [r | {"shelter": "B1"} for r in rows], by=SYSTEM, source="t")
    store = Site.objects.create(kind="warehouse", code="W1", name="和溪库", place=hexi)
    stock.receive_goods(site=store, kind="water", lot="a", quantity=400, by=SYSTEM)
    team = Team.objects.create(code="T1", name="和溪队", place=hexi, skills=["transport"], size=8)

    set_response(
        hazard="rain", place=the_city(), level=Level.III, reason="t", document_no="1", by=SYSTEM
    )
    work()
    order = Order.objects.get(action="leave")
    assert order.total == 12
    sent = teams.send_team(team=team, place=slope.place, by=lin, about=("order", str(order.pk)))
    teams.step_team(dispatch=sent, verb="arrive", by=lin)
    need = 12 * 3 * 3 * 3
    stock.issue_goods(
        site=store,
        kind="water",
        quantity=need,
        to="和溪中学",
        about=("order", str(order.pk)),
        by=lin,
    )
    flood = Organisation.objects.get(headquarters="flood", place__kind="city")
    opening = shelters.open_shelter(shelter=shelter, use="flood", headquarters=flood, by=lin)
    do.acknowledge_order(order=order, by=seat_of_person(holder(order.post)))
    for household in AtRisk.objects.all():
        shelters.check_in(opening=opening, tag=household.tag, by=lin)
    work()
    roll = shelters.call_roll(
        opening=opening, present=list(AtRisk.objects.values_list("tag", flat=True)), by=lin
    )
    order.refresh_from_db()
    assert (roll.present, roll.missing) == (36, [])
    assert (order.done, order.state) == (12, "reported")
    assert set(Move.objects.values_list("state", flat=True)) == {"arrived"}
    assert Lot.objects.get().quantity == 400 - need
    assert Movement.objects.get(kind="issue").about_key == str(order.pk)
    assert Dispatch.objects.get().arrived_at is not None


SCRIPT = """
[[inject]]
minute = 0
kind = "reading"
zh = "和溪一小时 90 毫米"
station = "70000001"
element = "P1"
value = 90.0

[[inject]]
minute = 5
kind = "report"
zh = "巡查员报坡体新裂缝"
form = "check_slope"
about = "hazard_point:D1"
result = "trouble"
grade = "general"
trouble = "坡体新裂缝"
expect = "finding.planned"
within_min = 30
"""


def test_a_drill_from_its_script_to_its_score(slope, gauge, telemetry, chen, lin, now):
    install_givers()
    hq = Organisation.objects.get(headquarters="flood", place__kind="city")
    drill = drills.plan_drill(
        plan="rain",
        headquarters=hq,
        title="带注入的演练",
        kind="live",
        script=SCRIPT,
        planned_for=clock.now(),
        by=lin,
    )
    drills.begin_drill(drill=drill, by=lin)
    assert drills.give_due(drill=drill, by=SYSTEM) == 1
    assert telemetry.newest_s() is not None
    now.advance(minutes=5)
    assert drills.give_due(drill=drill, by=SYSTEM) == 1
    work()
    finding = Finding.objects.get()
    now.advance(minutes=12)
    plan_finding(
        finding=finding,
        measure="封填",
        money="1 万元",
        post=the_post(chen.post_id),
        deadline_at=clock.now() + timedelta(days=2),
        plan="转移",
        by=lin,
    )
    drills.finish_drill(drill=drill, by=lin)
    assert [one.minutes for one in scored(drill)] == [None, 12]
    assert scored(drill)[1].in_time
