"""A flight of 180 people from declaration to release: two days served elsewhere, one exposed again,
a new edition on day 6, another office-holder on day 10, one case; nobody unheld for a minute."""

from datetime import timedelta
from itertools import pairwise

import pytest
from flights import DAY_0, answer_all, day, health_form, hotel, passengers, port, post_of
from story import seat_of

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.cover.people import unheld
from fangxian.hazards.epidemic.arrivals.ticking import tick
from fangxian.hazards.epidemic.arrivals.write import entering, handing, leaving
from fangxian.ops.worker import Worker
from fangxian.spine.assess.models import Signal
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.models import Person, Post, Term
from fangxian.spine.registry.read import owners, seat_of_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def xu(city, now):
    now.at = DAY_0 - timedelta(hours=6)
    return seat_of("xu")


def everybody():
    rows = m.Arrival.objects.select_related("place__parent", "person", "port")
    return list(rows.order_by("pk"))


def meet(xu, airport):
    """180 declare, the table comes twice, all are met at the port; one had served two days."""
    served = ({"from": "2022-06-20", "to": "2022-06-21", "where": "上海", "confirmed": None},)
    rows = passengers(179, port=airport)
    rows += passengers(1, first=179, port=airport, served=served, entered_at=day(-2))
    entering.declare(rows, by=SYSTEM)
    assert entering.declare(rows, by=SYSTEM)[0].pk == everybody()[0].pk
    for one in everybody():
        entering.arrive(arrival=one, by=xu, site=airport, at=DAY_0)
    guest = everybody()[-1]
    assert guest.release_on.isoformat() == "2022-07-14"  # nobody has confirmed them
    entering.confirm_served(arrival=guest, number=0, confirmed=True, by=xu, reason="沪疾控 0622 号")
    first, guest = everybody()[0], everybody()[-1]
    assert (first.release_on.isoformat(), guest.release_on.isoformat()) == (
        "2022-07-14",
        "2022-07-12",
    )


def by_bus(xu, chen, house, now):
    """The bus takes all but one, who stays the port's until the next."""
    transfer = handing.offer(arrivals=everybody(), taker=post_of(chen), to_site=house, by=xu)
    Worker().settle()
    late = everybody()[7]
    now.at = DAY_0 + timedelta(hours=2)
    handing.take(transfer=transfer, arrivals=[a.pk for a in everybody() if a != late], by=chen)
    assert transfer.state == "part"
    handing.leave_behind(transfer=transfer, arrivals=[late.pk], reason="未上车", by=chen)
    second = handing.offer(arrivals=[late], taker=post_of(chen), to_site=house, by=xu)
    handing.take(transfer=second, arrivals=[late.pk], by=chen)
    assert {transfer.state, second.state} == {"taken"}
    assert m.Holding.objects.filter(until=None, site=house).count() == 180


def a_day(n, xu, holder, now):
    """What happens to everybody on the n-th day."""
    now.at = day(n)
    tick()
    answer_all(now.at.date(), by=xu)
    bring_home(by=holder)
    for one in everybody():
        if one.state == "managed" and not leaving.not_met(one):
            leaving.release(arrival=one, by=xu)
    assert list(unheld(now.at)) == []


def test_to_release(xu, chen, now):
    health_form()
    house, holder = hotel(), chen
    now.at = DAY_0
    meet(xu, port())
    by_bus(xu, chen, house, now)
    case, again, guest = everybody()[3], everybody()[4], everybody()[-1]
    for n in range(1, 22):
        now.at = day(n)
        if n == 4:
            answer_all(now.at.date(), "positive", by=xu, only=[case])
        if n == 5:
            leaving.convert(arrival=case, by=xu, reason="阳性确认")
        if n == 9:
            entering.expose(arrival=again, kind="close", until=day(9), by=xu)
        if n == 10:
            holder = change_of_office(chen, now.at)
        a_day(n, xu, holder, now)
    assert Signal.objects.filter(family="arrival_positive").count() == 1
    states = [one.state for one in everybody()]
    assert (states.count("released"), states.count("case"), len(states)) == (179, 1, 180)
    due = {one.pk: one.release_on.isoformat() for one in everybody() if one.state == "released"}
    assert due.pop(again.pk) == "2022-07-12"  # from the exposure on day 9
    assert due.pop(guest.pk) == "2022-07-01"  # two days served elsewhere
    assert set(due.values()) == {"2022-07-03"}
    explained(everybody())
    held_without_a_minute(everybody())


def change_of_office(seat, at):
    """Chen's post passes to another; who held for it goes on."""
    term = Term.objects.get(post=seat.post_id, ends_at=None)
    successor = Person.objects.create(name="新镇长")
    Term.objects.filter(pk=term.pk).update(ends_at=at)
    Term.objects.create(post=term.post, person=successor, starts_at=at)
    return seat_of_person(successor)


def bring_home(*, by):
    """Whose days in the hotel are over is brought to his village."""
    answering = owners("place")
    rows = m.Arrival.objects.filter(state="managed", stage="home_monitor")
    there = [h.arrival for h in m.Holding.objects.filter(until=None, site__isnull=False)]
    for place in {one.place for one in rows if one in there}:
        mine = [one for one in rows if one.place_id == place.pk and one in there]
        taker = Post.objects.get(pk=answering[place.code])
        transfer = handing.offer(arrivals=mine, taker=taker, place=place, by=by)
        Worker().settle()
        seat = seat_of_person(taker.terms.get(ends_at=None).person)
        handing.take(transfer=transfer, arrivals=[one.pk for one in mine], by=seat)


def explained(arrivals):
    """Every date says why; whoever the edition met has his old plan beside."""
    for one in arrivals:
        for row in one.plan["stages"]:
            assert row["why_zh"]
            assert row["edition"] in row["why_zh"]
        if one.state == "released":
            assert one.replaced.count() >= 1
            assert {old.plan["release"]["on"] for old in one.replaced.all()} >= {
                one.plan["was"][0]["release"]
            }


def held_without_a_minute(arrivals):
    """From arrival to release one holding follows the other."""
    for one in arrivals:
        rows = list(one.holdings.order_by("since", "pk"))
        assert rows[0].since == one.arrived_at
        for before, after in pairwise(rows):
            assert before.until == after.since
        assert (rows[-1].until == one.state_at) == (one.state == "released")
