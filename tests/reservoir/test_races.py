"""Plans of a reservoir raced against the forecast, chosen, ordered, and held against what came."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from rivers import play, river, say, storm, truth
from story import seat_of

from fangxian.hazards.flood.evacuation.read import ACTION
from fangxian.hazards.flood.forecast.cycle import run_cycle
from fangxian.hazards.flood.reservoir.cover import dams_unready, plans_not_kept
from fangxian.hazards.flood.reservoir.models import Below, CurvePoint, Dam, GatePoint, Race
from fangxian.hazards.flood.reservoir.write import choose, gate_plan, own_plan, run_race
from fangxian.spine.command.models import OVER, Order
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import issue_orders
from fangxian.spine.core import clock
from fangxian.spine.core.clock import FixedClock
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.write import add_station
from fangxian.spine.registry.models import Place

pytestmark = pytest.mark.django_db
HOURS = 40 * 24


@pytest.fixture
def dam(city):
    """A dam below the small river, with a storm that has fallen; Hexi lies below it."""
    basin, now = river(), clock.now()
    town = Place.objects.get(name="和溪镇", kind="town")
    with clock.use(FixedClock(now - timedelta(days=200))):
        gauge = add_station(code="80000099", name="一号水库", place=town, by=SYSTEM)
    Series.objects.create(station=gauge, element="ZU", unit="m")
    one = Dam.objects.create(
        gauge=gauge, basin=basin, dead_m=40, limit_m=55, top_m=60, safe_m3s=60, turbines_m3s=10,
        source="t",
    )  # fmt: skip
    for level, volume in ((38, 1.0), (50, 6.0), (55, 9.0), (60, 13.0), (64, 17.0)):
        CurvePoint.objects.create(dam=one, kind="storage", level_m=level, value=volume)
    for level, flow in ((40, 0), (50, 200), (60, 700)):
        CurvePoint.objects.create(dam=one, kind="outlet", level_m=level, value=flow)
    Below.objects.create(dam=one, place=town, from_m3s=70, people=340, source="t")
    rain = storm(HOURS, at=HOURS - 7, mm=22)
    play(basin, rain, truth(rain), until=now)
    say(gauge.series.get(), [54.8, 54.9, 55.0], until=now)
    run_cycle(at=now, by=SYSTEM)
    return one


def test_three_plans_are_raced_and_the_water_balances(dam, lin):
    race = run_race(dam=dam, by=lin, own=[own_plan([(0, 80.0), (12, 110.0)], 72)])
    told = {p["code"]: p for p in race.told["plans"]}
    assert set(told) == {"rule", "pre", "hold", "own"}
    assert max(p["balance"] for p in told.values()) <= 1e-9
    assert told["pre"]["highest"]["mid"] < told["rule"]["highest"]["mid"]
    assert told["hold"]["outflow"]["mid"] > told["pre"]["outflow"]["mid"]
    assert told["hold"]["people"] > told["pre"]["people"] == 0
    assert told["own"]["asked"] == [(0, 80.0), (12, 110.0)]
    assert min(p["highest"]["low"] for p in told.values()) >= race.level_m


def test_an_own_release_is_raced_an_hour_after_the_forecast_too(dam, lin, now):
    now.advance(hours=1)
    race = run_race(dam=dam, by=lin, own=[own_plan([(0, 80.0)], 72)])
    assert [len(p["level"]["mid"]) for p in race.told["plans"] if p["code"] == "own"] == [71]


def test_openings_of_ones_own_are_raced_with_the_turbines(dam, lin):
    for level in (50, 60):
        for opening in (0, 2):
            GatePoint.objects.create(
                dam=dam, gate="1号", level_m=level, opening_m=opening, flow_m3s=opening * level / 2
            )
    plan = gate_plan(dam, [("1号", 0, 0.0), ("1号", 12, 1.0)], 72)
    told = {p["code"]: p for p in run_race(dam=dam, by=lin, own=[plan]).told["plans"]}
    flow = told["gates"]["flow"]["mid"]
    assert flow[5] == pytest.approx(10.0)
    assert flow[20] > 30
    assert told["gates"]["balance"] <= 1e-9
    with pytest.raises(Problem, match="1号"):
        gate_plan(dam, [("9号", 0, 0.0)], 72)


def test_a_plan_becomes_an_order_to_who_answers_for_the_dam(dam, lin):
    race = run_race(dam=dam, by=lin)
    done = choose(one=race, code="pre", by=lin)
    order = Order.objects.get(pk=done.order_id)
    assert (order.about_key, order.verb, order.level) == ("80000099", "调度", Level.III)
    assert "预泄" in order.object
    with pytest.raises(Problem, match=r"race\.chosen|已经选定"):
        choose(one=race, code="rule", by=lin)


def test_nothing_is_let_out_on_people_who_are_being_moved_unless_somebody_says_why(dam, lin):
    race, town = run_race(dam=dam, by=lin), dam.gauge.place
    task = Task(area=town, verb="转移", object="低洼户", minutes=60, action=ACTION)
    issue_orders([task], hazard="flood", level=Level.II, by=lin)
    with pytest.raises(Problem) as refused:
        choose(one=race, code="pre", by=lin)
    assert refused.value.code == "release.evacuation_open"
    done = choose(one=race, code="pre", by=lin, override="坝前已近最高，不放即漫坝")
    assert (done.override, done.chosen_by) == ("坝前已近最高，不放即漫坝", lin.label)


def test_a_dam_that_leaves_its_plan_is_a_gap(dam, lin, now):
    race = run_race(dam=dam, by=lin)
    choose(one=race, code="pre", by=lin)
    now.advance(hours=3)
    mid = race.told["plans"][1]["level"]["mid"][2]
    say(dam.gauge.series.get(), [mid], until=clock.now())
    assert list(plans_not_kept(clock.now())) == []
    say(dam.gauge.series.get(), [mid + 2.0], until=clock.now())
    gap = next(iter(plans_not_kept(clock.now())))
    assert gap.subject_id == "80000099"


def test_a_dam_that_falls_silent_under_a_plan_is_a_gap_too(dam, lin, now):
    choose(one=run_race(dam=dam, by=lin), code="pre", by=lin)
    now.advance(hours=6)
    assert next(iter(plans_not_kept(clock.now()))).fields["level"] == "—"


def test_a_race_of_hours_ago_is_not_chosen_from(dam, lin, now):
    race = run_race(dam=dam, by=lin)
    now.advance(hours=4)
    with pytest.raises(Problem) as refused:
        choose(one=race, code="pre", by=lin)
    assert refused.value.code == "race.old"


def test_another_plan_takes_the_order_of_the_first_back(dam, lin):
    first, second = (run_race(dam=dam, by=lin) for _ in range(2))
    before = choose(one=first, code="pre", by=lin).order_id
    after = choose(one=second, code="rule", by=lin).order_id
    standing = Order.objects.exclude(state__in=OVER).filter(pk__in=(before, after))
    assert [order.pk for order in standing] == [after]


def test_a_dam_without_curve_or_level_says_what_it_lacks(dam, lin, now):
    assert list(dams_unready(clock.now())) == []
    GatePoint.objects.create(dam=dam, gate="1", level_m=50, opening_m=0, flow_m3s=0)
    assert "gate" in next(iter(dams_unready(clock.now()))).fields["lacks_en"]
    CurvePoint.objects.filter(kind="storage").delete()
    assert "库容曲线" in next(iter(dams_unready(clock.now()))).fields["lacks"]
    now.advance(hours=12)
    with pytest.raises(Problem) as refused:
        run_race(dam=dam, by=lin)
    assert refused.value.code == "dam.level_old"


def test_the_pages_race_choose_and_compare(dam, client, now):
    client.force_login(get_user_model().objects.get(username="lin"))
    assert "一号水库" in client.get("/reservoirs").content.decode()
    assert client.post("/reservoirs/80000099/race", {"release": "0 八十"}).status_code == 422
    client.post("/reservoirs/80000099/race", {"release": "0 80, 12 110"})
    race = Race.objects.get()
    page = client.get("/reservoirs/80000099").content.decode()
    assert "12 h 起 110 m³/s" in page
    client.post(f"/reservoirs/races/{race.pk}/choose", {"plan": "rule"})
    now.advance(hours=2)
    say(dam.gauge.series.get(), [55.2, 55.4], until=clock.now())
    assert "实际水位与方案平均相差" in client.get("/reservoirs/80000099").content.decode()


def test_who_may_not_decide_cannot(dam):
    race = run_race(dam=dam, by=seat_of("zheng"))
    with pytest.raises(Problem) as refused:
        choose(one=race, code="pre", by=seat_of("zheng"))
    assert refused.value.code == "rights.denied"
