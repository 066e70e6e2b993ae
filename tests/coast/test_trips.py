"""Out and in: who may go, who came back, the recall of the flood side."""

from datetime import timedelta

import pytest
from flights import DAY_0
from sea import boat, crew_of, dongshan, harbour, later, sailors

from fangxian.hazards.epidemic.coast.cover import vessels as cover
from fangxian.hazards.epidemic.coast.write import trips
from fangxian.ops.worker import Worker
from fangxian.spine.command.models import Order
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import issue_orders
from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM


def out(vessel, **more):
    return trips.go_out(vessel=vessel, people=crew_of(vessel), by=SYSTEM, **more)


def test_who_goes_out_comes_in(xu):
    vessel = boat()
    trip = trips.come_in(trip=out(vessel), people=crew_of(vessel), by=SYSTEM)
    assert (trip.extra, trip.missing) == (0, 0)
    assert list(cover.changed(clock.now())) == []


def test_another_crew_is_a_gap_until_somebody_looked(xu):
    vessel = boat()
    trip = out(vessel)
    came = [*crew_of(vessel)[:2], *sailors(2, first=900)]
    trips.come_in(trip=trip, people=came, by=SYSTEM)
    trip.refresh_from_db()
    assert (trip.extra, trip.missing) == (2, 1)
    assert len(list(cover.changed(clock.now()))) == 1
    trips.settle_trip(trip=trip, reason="一人留外港，两人搭船", by=SYSTEM)
    assert list(cover.changed(clock.now())) == []


def test_late_is_a_gap_with_the_number_of_people(xu, now):
    trip = out(boat(), due_at=later(hours=5))
    now.at = later(hours=8)
    gap = next(iter(cover.late(clock.now())))
    assert gap.fields["n"] == 3
    assert gap.since == trip.due_at


def test_a_fever_stops_him(xu):
    vessel = boat()
    hot = crew_of(vessel)[0]
    with pytest.raises(Problem) as refused:
        out(vessel, temperatures={hot.pk: 38.2})
    assert refused.value.code == "vessel.crew_stopped"


def test_whoever_is_under_measures_does_not_go_to_sea(xu, now):
    from fangxian.hazards.epidemic.arrivals.write.entering import Declared, arrive, declare
    from fangxian.spine.people.matching import Record

    now.at = DAY_0  # under an edition that has measures
    vessel = boat()
    who = Record(name="渔民0100", id_kind="passport", id_number="F00000100")
    given = Declared(who, dongshan(), country="菲律宾", populations=("overseas",))
    one = declare([given], by=SYSTEM)[0]
    arrive(arrival=one, by=xu)
    with pytest.raises(Problem) as refused:
        out(vessel)
    assert refused.value.code == "vessel.crew_stopped"


def test_a_text_of_the_master_does(xu):
    vessel = boat()
    assert (
        trips.take_text(text=f"出港 {vessel.number} 3人 台湾浅滩", by=SYSTEM).ground == "台湾浅滩"
    )
    trip = trips.take_text(text=f"进港 {vessel.number} 2人", by=SYSTEM)
    assert trip.missing == 1


@pytest.mark.parametrize("text", ["", "出港", "你好", "出港闽东渔00001", "进港 不存在 3"])
def test_a_text_that_says_nothing_is_refused_with_the_form(xu, text):
    with pytest.raises(Problem) as refused:
        trips.take_text(text=text, by=SYSTEM)
    assert refused.value.code in ("vessel.text_unread", "not_found")


def test_in_at_another_port_is_seen(xu):
    vessel = boat()
    other = harbour("ZA1", lon=117.2, lat=23.6)
    trips.come_in(trip=out(vessel), people=crew_of(vessel), by=SYSTEM, port=other)
    assert [gap.fields["port"] for gap in cover.elsewhere(clock.now())] == ["港ZA1"]


def test_the_recall_of_the_flood_side_is_closed_by_the_reports(xu, now):
    first, second, home = boat(1), boat(2), boat(3)
    one, two = out(first), out(second)
    now.at = later(minutes=5)
    task = Task(area=dongshan(), verb="召回", object="渔船回港", minutes=360, action="harbour")
    order = issue_orders([task], hazard="typhoon", level=Level.III, by=SYSTEM)[0]
    Worker().settle()
    order = Order.objects.get(pk=order.pk)
    assert (order.done, order.total) == (0, 2)
    trips.come_in(trip=one, people=crew_of(first), by=SYSTEM)
    order.refresh_from_db()
    assert (order.done, order.total) == (1, 2)
    two.refresh_from_db()
    trips.come_in(trip=two, people=crew_of(second), by=SYSTEM)
    order.refresh_from_db()
    assert order.state in ("closed", "withdrawn")
    assert home.trips.count() == 0


def test_the_same_report_twice_is_one_trip(xu):
    vessel = boat()
    assert out(vessel).pk == out(vessel).pk


def test_before_she_left_she_cannot_be_in(xu):
    trip = out(boat())
    came = trips.come_in(trip=trip, people=[], by=SYSTEM, at=clock.now() - timedelta(hours=3))
    assert came.in_at >= came.out_at
