"""What breakers found: clocks that are slow, two hazards at once, lists that change, tags that were
wrong, shelters that stay open. Each failed before it was mended."""

from datetime import timedelta

import pytest
from inspections import work
from story import seat_of
from test_moves import raised, said, the_order

from fangxian.hazards.flood.evacuation.cover import left_open, too_many, unmet
from fangxian.hazards.flood.evacuation.models import AtRisk, Move
from fangxian.hazards.flood.evacuation.write import take_scan
from fangxian.spine.command.models import Order, Plea, Response
from fangxian.spine.command.write import orders as do
from fangxian.spine.command.write.responses import set_response
from fangxian.spine.core import clock
from fangxian.spine.core.door import door, take
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat
from fangxian.spine.ready.models import Shelter
from fangxian.spine.ready.write import shelters
from fangxian.spine.registry.models import Organisation, Place
from fangxian.spine.registry.read import city as the_city


def opened(shelter, seat):
    flood = Organisation.objects.get(headquarters="flood", place__kind="city")
    return shelters.open_shelter(shelter=shelter, use="flood", headquarters=flood, by=seat)


def state(tag="H000001"):
    return Move.objects.filter(household__tag=tag).order_by("-pk")[0].state


def test_a_phone_whose_clock_is_slow_is_heard(households, chen):
    raised(Level.III)
    early = clock.now() - timedelta(minutes=15)
    take_scan(said("H000001", "help", at=early), by=chen)
    assert state() == "help"
    assert Plea.objects.filter(kind="help").exists()


def test_a_call_for_help_is_never_too_old(households, chen, now):
    raised(Level.III)
    now.advance(minutes=30)
    take_scan(said("H000001"), by=chen)
    old = take_scan(said("H000001", "help", at=clock.now() - timedelta(minutes=10)), by=chen)
    assert state() == "moved"
    assert old.note == "有更晚的记录，状态没有改"
    assert Plea.objects.filter(kind="help").exists()


def test_who_comes_back_too_early_is_not_gone_and_can_leave_again(households, chen, now):
    raised(Level.III)
    for n, word in enumerate(("moved", "returned", "help", "moved")):
        now.advance(minutes=1)
        take_scan(said("H000001", word, n), by=chen)
        order = the_order()
        assert order.done == (1 if word == "moved" else 0), word
    assert state() == "moved"


def test_a_wrong_tag_is_put_right(households, chen, now):
    raised(Level.III)
    take_scan(said("H000001"), by=chen)
    now.advance(minutes=1)
    take_scan(said("H000001", "nobody"), by=chen)
    assert state() == "nobody"


def test_rain_and_typhoon_both_count_one_scan(households, chen):
    for hazard in ("rain", "typhoon"):
        set_response(
            hazard=hazard,
            place=the_city(),
            level=Level.III,
            reason="t",
            document_no="1",
            by=SYSTEM,
        )
    work()
    take_scan(said("H000001"), by=chen)
    assert [o.done for o in Order.objects.filter(action="leave")] == [1, 1]


def test_who_is_in_a_shelter_already_need_not_leave_again(households, shelter, lin):
    opening = opened(shelter, lin)
    shelters.check_in(opening=opening, tag="H000001", by=lin)
    work()
    raised(Level.III)
    assert (the_order().done, state()) == (1, "arrived")


def test_an_order_that_is_given_again_knows_who_has_left(households, chen, lin):
    raised(Level.III)
    take_scan(said("H000001"), by=chen)
    do.close_order(order=the_order(), reason="误撤", by=lin)
    work()
    raised(Level.II)
    again = Order.objects.filter(action="leave").exclude(state="withdrawn").get()
    assert (again.done, again.total) == (1, 12)


def test_the_list_reaches_the_order_that_runs(households, village):
    raised(Level.III)
    row = {
        "place": village.code,
        "name": "新来的",
        "people": "2",
        "point": "D1",
        "level": "Ⅲ级",
        "shelter": "B1",
    }
    take(door("households_at_risk"), [row], by=SYSTEM, source="t")
    assert the_order().total == 10
    take(door("households_at_risk"), [{"tag": "H000001", "state": "已迁出"}], by=SYSTEM, source="t")
    assert the_order().total == 9
    assert AtRisk.objects.get(tag="H000001").ended_at is not None


def test_whoever_leaves_the_shelter_has_not_arrived(households, shelter, lin):
    raised(Level.III)
    stay = shelters.check_in(opening=opened(shelter, lin), tag="H000001", by=lin)
    work()
    assert state() == "arrived"
    shelters.check_out(stay=stay, by=lin)
    work()
    assert state() == "moved"


def test_nobody_home_after_the_deadline_is_a_gap(households, chen):
    raised(Level.III)
    for household in households[:9]:
        take_scan(said(household.tag, "nobody"), by=chen)
    order = the_order()
    assert list(unmet(order.deadline_at - timedelta(minutes=10))) == []
    (gap,) = unmet(order.deadline_at + timedelta(hours=3))
    assert gap.fields["n"] == 9


def test_an_order_of_long_ago_takes_no_scan(households, chen, lin, now):
    raised(Level.III)
    do.close_order(order=the_order(), reason="t", by=lin)
    now.advance(days=300)
    assert take_scan(said("H000001"), by=chen).note == "现在没有这户的转移指令"


def test_one_name_for_two_tags_is_refused(households, chen):
    raised(Level.III)
    take_scan(said("H000001"), by=chen)
    twice = said("H000002")
    twice = type(twice)(instance="uuid:H000001-moved-0", tag="H000002", said="moved")
    with pytest.raises(Problem) as refused:
        take_scan(twice, by=chen)
    assert refused.value.code == "report.differs"


def test_a_head_takes_no_household_of_another_county(households, chen):
    other = Place.objects.filter(kind="village").exclude(path__startswith=chen.place_path)[0]
    AtRisk.objects.filter(tag="H000001").update(place=other)
    with pytest.raises(Problem) as refused:
        take(
            door("households_at_risk"),
            [{"tag": "H000001", "place": "和溪镇"}],
            by=chen,
            source="t",
        )
    assert refused.value.code == "door.errors"
    assert AtRisk.objects.get(tag="H000001").place == other


def test_who_watches_rivers_scans_nobody(households):
    raised(Level.III)
    with pytest.raises(Problem) as refused:
        take_scan(said("H000001"), by=seat_of("zheng"))
    assert refused.value.code == "rights.denied"


def test_a_shelter_never_holds_more_by_a_second_check_in(households, shelter, lin):
    Shelter.objects.update(flood=10)
    opening = opened(shelter, lin)
    shelters.check_in(opening=opening, tag="Z1", people=6, by=lin)
    with pytest.raises(Problem) as refused:
        shelters.check_in(opening=opening, tag="Z1", people=50, by=lin)
    assert refused.value.code == "shelter.full"
    with pytest.raises(Problem):
        shelters.check_in(opening=opening, tag="Z2", people=-5, by=lin)
    shelters.check_in(opening=opening, tag="Z1", people=10, by=lin)


def test_a_school_without_places_is_too_small(households, shelter):
    Shelter.objects.all().delete()
    (gap,) = too_many(clock.now())
    assert gap.fields["room"] == 0


def test_a_shelter_that_nobody_closes_is_a_gap(households, shelter, lin, now):
    raised(Level.III)
    shelters.check_in(opening=opened(shelter, lin), tag="H000001", by=lin)
    now.advance(days=2)
    assert list(left_open(clock.now())) == []
    Response.objects.update(ended_at=clock.now() - timedelta(hours=25))
    (gap,) = left_open(clock.now())
    assert gap.fields["n"] == households[0].people


def test_a_strangers_seat_sees_and_moves_nothing(households):
    from fangxian.hazards.flood.evacuation import read

    raised(Level.III)
    nobody = Seat(None, None, "x", "nothing", "")
    assert read.villages(seat=nobody) == []
    assert not read.moves(seat=nobody).exists()
    assert not read.households(seat=nobody).exists()
