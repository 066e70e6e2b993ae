"""Who comes is one person, however often he is told; who he is stays with the persons."""

import pytest
from flights import DAY_0, passengers, villages

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.write import entering
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.people.matching import Record
from fangxian.spine.people.models import Person
from fangxian.spine.people.write import enter_persons

pytestmark = pytest.mark.django_db


def test_t14_somebody_known_is_not_keyed_again(xu):
    """A vaccination record (a person entered before) and a declaration meet in one person."""
    who = Record(name="旅客000", id_kind="passport", id_number="E00000000", phone="13900000000")
    [known] = enter_persons([who], place=villages()[0], source="接种", by=SYSTEM)
    [one] = entering.declare(passengers(1), by=SYSTEM)
    assert one.person_id == known.pk
    assert Person.objects.filter(merged_into=None, source="来漳申报").count() == 0


def test_a_second_declaration_fills_what_was_not_known(xu):
    [first] = entering.declare(passengers(1, carrier=""), by=SYSTEM)
    [again] = entering.declare(passengers(1, carrier="MF852"), by=SYSTEM)
    assert (again.pk, again.carrier, m.Arrival.objects.count()) == (first.pk, "MF852", 1)


def test_meeting_him_twice_is_meeting_him_once(six, xu):
    entering.arrive(arrival=six[0], by=xu)
    assert six[0].holdings.count() == 1


def test_nobody_without_a_post_holds_anybody(xu):
    [one] = entering.declare(passengers(1), by=SYSTEM)
    with pytest.raises(Problem) as problem:
        entering.arrive(arrival=one, by=SYSTEM)
    assert problem.value.code == "rights.no_seat"


def test_nothing_personal_stands_in_the_log(six):
    from fangxian.spine.core.models import Event

    text = "".join(f"{e.before}{e.after}{e.reason}{e.actor}" for e in Event.objects.all())
    assert "旅客" not in text
    assert "E0000" not in text


def test_an_exposure_that_was_none_is_taken_back(six, xu, now):
    one = six[0]
    before = one.release_on
    row = entering.expose(arrival=one, kind="close", until=DAY_0, about=("edge", "1"), by=xu)
    entering.withdraw_exposure(exposed=row, reason="认错人", by=xu)
    one.refresh_from_db()
    assert one.release_on == before
    assert len(one.plan["stages"]) == 2


def test_the_same_thing_exposes_once(six, xu):
    for _ in range(2):
        entering.expose(arrival=six[0], kind="close", until=DAY_0, about=("edge", "1"), by=xu)
    assert m.Exposed.objects.count() == 1


def test_the_index_raises_and_lowers(six, xu, now):
    """A contact of a contact goes up when the contact is a case, and out when it is none."""
    [one] = entering.declare(passengers(1, first=60), by=SYSTEM)
    m.Arrival.objects.filter(pk=one.pk).update(populations=[])
    one.refresh_from_db()
    entering.arrive(arrival=one, by=xu)
    row = entering.expose(arrival=one, kind="second", until=DAY_0, by=xu)
    one.refresh_from_db()
    assert one.plan["stages"][0]["rule"] == "cc2-8"
    entering.say_index(exposed=row, state="case", by=xu)
    row.arrival.refresh_from_db()
    assert row.arrival.plan["stages"][0]["rule"] == "imp-8-national"
    entering.say_index(exposed=row, state="excluded", by=xu)
    row.arrival.refresh_from_db()
    assert row.arrival.plan["stages"] == []


def test_a_wrong_scan_leaves_no_day_of_entry(xu, now):
    """Who was taken for another enters on the day he really comes, and is met by the door's own."""
    from fangxian.hazards.epidemic.arrivals.write import meeting

    [one] = entering.declare(passengers(1), by=SYSTEM)
    code = meeting.code_of(one.pk)
    meeting.take_scan(meeting.Said("1", code, "met"), by=xu)
    meeting.take_scan(meeting.Said("2", code, "not_him"), by=xu)
    one.refresh_from_db()
    assert (one.state, one.entered_at, one.arrived_at) == ("declared", None, None)
    now.advance(days=2)
    meeting.take_scan(meeting.Said("3", code, "met"), by=xu)
    one.refresh_from_db()
    assert one.entered_at == now.at
    assert one.release_on.isoformat() == "2022-07-16"
