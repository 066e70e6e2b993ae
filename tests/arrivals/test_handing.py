"""From hand to hand: taken in part, refused, too late, too many, and never nobody's."""

from datetime import timedelta

import pytest
from flights import hotel, landed, post_of, to_hotel

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.cover import people, ways
from fangxian.hazards.epidemic.arrivals.rooms import needed, rooms, rooms_left
from fangxian.hazards.epidemic.arrivals.write import handing
from fangxian.ops.worker import Worker
from fangxian.spine.command.models import Order
from fangxian.spine.core.problems import Problem
from fangxian.spine.reach.models import Delivery
from fangxian.spine.registry.models import Post, Term

pytestmark = pytest.mark.django_db


def offered(arrivals, house, xu, chen, **more):
    found = handing.offer(arrivals=arrivals, taker=post_of(chen), to_site=house, by=xu, **more)
    Worker().settle()
    return found


def holders(arrivals):
    rows = m.Holding.objects.filter(arrival__in=arrivals, until=None)
    return {row.arrival_id: row.post_id for row in rows}


def keys(arrivals):
    return [one.pk for one in arrivals]


def test_the_bus_takes_all_but_one(six, house, xu, chen):
    transfer = offered(six, house, xu, chen)
    handing.take(transfer=transfer, arrivals=keys(six[:5]), by=chen)
    assert transfer.state == "part"
    assert holders(six) == {
        **dict.fromkeys(keys(six[:5]), chen.post_id),
        six[5].pk: xu.post_id,
    }


def test_who_is_left_behind_stays_with_the_giver_and_is_a_gap_of_his(six, house, xu, chen, now):
    transfer = offered(six, house, xu, chen)
    handing.take(transfer=transfer, arrivals=keys(six[:5]), by=chen)
    handing.leave_behind(transfer=transfer, arrivals=[six[5].pk], reason="未上车", by=chen)
    [gap] = ways.refused(now.at)
    assert (gap.owner_id, gap.fields["why"]) == (xu.post_id, "未上车")
    assert transfer.state == "taken"
    to_hotel([six[5]], house, giver=xu, taker=chen)
    assert list(ways.refused(now.at)) == []


def test_who_stays_behind_is_a_gap_until_he_goes(six, house, xu, chen, now):
    transfer = offered(six, house, xu, chen)
    handing.take(transfer=transfer, arrivals=keys(six[:5]), by=chen)
    handing.leave_behind(transfer=transfer, arrivals=[six[5].pk], reason="未上车", by=chen)
    now.advance(days=5)
    assert len(list(ways.refused(now.at))) == 1


def test_who_gives_for_another_does_not_take_himself(six, house, xu, chen):
    to_hotel(six, house, giver=xu, taker=chen)
    with pytest.raises(Problem) as problem:
        handing.offer(arrivals=six, taker=post_of(xu), by=xu)
    assert problem.value.code == "step.second_person"


def test_a_transfer_on_which_nobody_waits_is_over(six, house, xu, chen):
    from fangxian.hazards.epidemic.arrivals.write import leaving

    transfer = offered(six[:1], house, xu, chen)
    leaving.die(arrival=six[0], reason="x", by=xu)
    transfer.refresh_from_db()
    assert transfer.state == "off"
    assert Order.objects.get(about_kind="transfer").state == "withdrawn"


def test_nobody_is_taken_where_nobody_is_ticked(client, six, house, xu, chen):
    from django.contrib.auth import get_user_model

    transfer = offered(six, house, xu, chen)
    client.force_login(get_user_model().objects.get(username="chen"))
    answer = client.post(f"/transfers/{transfer.pk}/take", {})
    assert "请先勾选人员" in answer.content.decode()


def test_a_taker_who_refuses_leaves_all_with_the_giver(six, house, xu, chen, now):
    transfer = offered(six, house, xu, chen)
    handing.refuse(transfer=transfer, reason="消毒未完成", by=chen)
    assert set(holders(six).values()) == {xu.post_id}
    assert len(list(ways.refused(now.at))) == 6
    assert Order.objects.get(about_kind="transfer").state == "withdrawn"


def test_taking_twice_changes_nothing(six, house, xu, chen):
    transfer = offered(six, house, xu, chen)
    for _ in range(2):
        handing.take(transfer=transfer, arrivals=keys(six), by=chen)
    assert m.Holding.objects.filter(arrival__in=six).count() == 12


def test_a_hotel_that_is_full_is_refused_and_says_how_many_rooms_are_left(six, xu, chen):
    small = hotel(rooms=4, code="HT2")
    with pytest.raises(Problem, match="只剩 4 间") as problem:
        handing.offer(arrivals=six, taker=post_of(chen), to_site=small, by=xu)
    assert problem.value.code == "input.invalid"


def test_who_is_on_his_way_has_a_room(six, house, xu, chen):
    offered(six[:2], house, xu, chen)
    assert rooms_left(house) == 198
    assert [(row.inside, row.coming) for row in rooms()] == [(0, 2)]


def test_nobody_is_sent_twice(six, house, xu, chen):
    offered(six[:2], house, xu, chen)
    with pytest.raises(Problem, match="已在转运途中"):
        handing.offer(arrivals=six, taker=post_of(chen), to_site=house, by=xu)


def test_people_of_two_holders_go_in_two_transfers(six, house, xu, chen):
    to_hotel(six[:2], house, giver=xu, taker=chen)
    with pytest.raises(Problem, match="不在同一个人手里"):
        handing.offer(arrivals=six, taker=post_of(chen), to_site=house, by=xu)


def test_one_who_was_not_met_cannot_be_sent(six, house, xu, chen):
    m.Holding.objects.filter(arrival=six[0]).delete()
    with pytest.raises(Problem, match="还没有人接手"):
        handing.offer(arrivals=six, taker=post_of(chen), to_site=house, by=xu)


def test_t19_a_hand_over_that_nobody_takes_calls_the_next_above(six, house, xu, chen, now):
    """T19: first the taker, then his deputy, then his superior, until somebody answers."""
    transfer = offered(six, house, xu, chen)
    called = set(Delivery.objects.values_list("person", flat=True))
    for _ in range(8):
        now.advance(minutes=15)
        Worker().settle()
    assert len(set(Delivery.objects.values_list("person", flat=True)) - called) >= 2
    assert list(ways.late_transfers(now.at)) == []
    now.advance(minutes=1)
    [gap] = ways.late_transfers(now.at)
    assert (gap.subject_id, gap.fields["n"]) == (str(transfer.pk), 6)


def test_taking_it_ends_the_calls(six, house, xu, chen, now):
    transfer = to_hotel(six, house, giver=xu, taker=chen)
    order = Order.objects.get(about_kind="transfer", about_key=str(transfer.pk))
    assert order.state == "reported"
    Worker().settle()
    before = Delivery.objects.count()
    now.advance(hours=4)
    Worker().settle()
    assert Delivery.objects.count() == before


def test_a_transfer_called_off_tells_who_was_called(six, house, xu, chen):
    transfer = offered(six, house, xu, chen)
    handing.call_off(transfer=transfer, reason="改乘另一辆车", by=xu)
    assert (transfer.state, set(holders(six).values())) == ("off", {xu.post_id})
    assert Order.objects.get(about_kind="transfer").state == "withdrawn"


def test_only_the_taker_or_who_manages_his_place_takes(six, house, xu, chen, zheng):
    transfer = offered(six, house, xu, chen)
    with pytest.raises(Problem) as problem:
        handing.take(transfer=transfer, arrivals=keys(six), by=zheng)
    assert problem.value.code == "rights.denied"


def test_a_holder_whose_post_is_empty_is_a_gap(six, xu, now):
    assert list(people.unheld(now.at)) == []
    Term.objects.filter(post=xu.post_id, ends_at=None).update(ends_at=now.at)
    gaps = list(people.unheld(now.at + timedelta(minutes=1)))
    assert len(gaps) == 6
    assert all(gap.owner_id for gap in gaps)


def test_a_whole_hotel_moves_in_one_transfer(six, house, xu, chen):
    """The river rises: everybody goes to another site, and nobody is unheld."""
    to_hotel(six, house, giver=xu, taker=chen)
    other = hotel(code="HT3", town="金山镇")
    inside = [h.arrival for h in m.Holding.objects.filter(site=house, until=None)]
    taker = Post.objects.get(place=other.place, role="head", superior__place__kind="county")
    transfer = handing.offer(arrivals=inside, taker=taker, to_site=other, by=chen)
    assert set(holders(six).values()) == {chen.post_id}
    handing.take(transfer=transfer, arrivals=keys(six), by=xu)
    assert set(holders(six).values()) == {taker.pk}
    assert rooms_left(house) == 200


def test_rooms_that_will_be_needed(six):
    told = dict(needed([one.plan for one in six], 20))
    days = sorted(told)
    assert (told[days[0]], told[days[14]], told[days[15]]) == (6, 6, 0)


def test_more_people_than_rooms_is_a_gap(six, house, xu, chen, now):
    to_hotel(six, house, giver=xu, taker=chen)
    house.shelter.contacts = 5
    house.shelter.save()
    [gap] = ways.full(now.at)
    assert (gap.fields["n"], gap.fields["rooms"]) == (6, 5)


def test_who_is_left_at_the_port_is_misplaced_whatever_his_stage(six, now):
    m.Arrival.objects.update(stage="home_monitor")
    now.advance(hours=3)
    found = list(people.misplaced(now.at))
    assert len(found) == 6
    assert "没有送走" in found[0].fields["why_zh"]


def test_where_somebody_should_be(six, house, xu, chen, now):
    now.advance(hours=3)
    assert len(list(people.misplaced(now.at))) == 6  # still at the port
    to_hotel(six, house, giver=xu, taker=chen)
    now.advance(hours=3)
    assert list(people.misplaced(now.at)) == []


def test_a_family_is_taken_together_by_a_second_bus(xu, house, chen):
    family = landed(3, by=xu, first=50)
    transfer = offered(family, house, xu, chen, vehicle="闽E0001")
    handing.leave_behind(transfer=transfer, arrivals=keys(family), reason="孩子就医", by=chen)
    assert (transfer.state, transfer.why) == ("refused", "孩子就医")
    assert set(holders(family).values()) == {xu.post_id}
