"""Teams that are there once, volunteers nobody knows, shelters that two want."""

from datetime import date

import pytest

from fangxian.spine.core.door import door, take
from fangxian.spine.core.problems import Problem
from fangxian.spine.people.matching import Record
from fangxian.spine.ready import read
from fangxian.spine.ready.models import Dispatch, RollCall, Shelter, Team
from fangxian.spine.ready.write import shelters, teams
from fangxian.spine.registry.models import Organisation, Place, Site
from fangxian.spine.registry.read import the_post


@pytest.fixture
def team(hexi, chen):
    return Team.objects.create(
        code="T1",
        name="和溪抢险队",
        place=hexi,
        post=the_post(chen.post_id),
        skills=["dike", "boat"],
        headquarters=["flood"],
        size=12,
    )


@pytest.fixture
def shelter(hexi):
    site = Site.objects.create(kind="shelter", code="B1", name="和溪中学", place=hexi)
    return Shelter.objects.create(site=site, flood=10, contacts=4, cases=0)


@pytest.fixture
def flood(city):
    return Organisation.objects.get(headquarters="flood", place__kind="city")


@pytest.fixture
def epidemic(city):
    return Organisation.objects.get(headquarters="epidemic", place__kind="city")


def test_a_team_that_is_out_is_not_sent_twice(team, hexi, lin):
    first = teams.send_team(team=team, place=hexi, by=lin)
    with pytest.raises(Problem) as refused:
        teams.send_team(team=team, place=hexi.parent, by=lin)
    assert refused.value.code == "team.away"
    teams.step_team(dispatch=first, verb="arrive", by=lin)
    teams.step_team(dispatch=first, verb="return", by=lin)
    teams.send_team(team=team, place=hexi.parent, by=lin)


def test_a_lorry_that_breaks_down_says_why_and_is_out_until_it_is_back(team, hexi, lin):
    first = teams.send_team(team=team, place=hexi, by=lin)
    with pytest.raises(Problem) as refused:
        teams.step_team(dispatch=first, verb="break_down", by=lin)
    assert refused.value.code == "input.reason_missing"
    teams.step_team(dispatch=first, verb="break_down", reason="车坏在南靖", by=lin)
    assert Dispatch.objects.get().state == "broken"
    with pytest.raises(Problem) as refused:
        teams.send_team(team=team, place=hexi, by=lin)
    assert refused.value.code == "team.away"
    teams.step_team(dispatch=first, verb="return", by=lin)
    teams.send_team(team=team, place=hexi, by=lin)


def test_the_nearest_is_by_distance_and_says_so_until_roads_are_loaded(team, hexi, monkeypatch):
    far = Place.objects.filter(kind="town", parent=hexi.parent).exclude(pk=hexi.pk)[0]
    (way,) = read.how_far([team], far)
    assert not way.by_road
    assert way.minutes == pytest.approx(way.km / 40 * 60 + 30, abs=1)
    monkeypatch.setattr(read, "ROADS", [lambda here, there: 55.0])
    (way,) = read.how_far([team], far)
    assert (way.by_road, way.minutes) == (True, 85)


def test_a_volunteer_nobody_knows_waits_for_another_to_vouch(team, chen, lin):
    walked_up = Record(name="王小明", phone="13800001111")
    member = teams.join_team(
        team=team, record_of=walked_up, skills=["boat"], volunteer=True, by=chen
    )
    assert member.vouched_at is None
    with pytest.raises(Problem) as refused:
        teams.vouch_for(member=member, by=chen)
    assert refused.value.code == "step.second_person"
    teams.vouch_for(member=member, by=lin)
    member.refresh_from_db()
    assert member.vouched_by == lin.label
    teams.leave_team(member=member, reason="回家", by=chen)
    with pytest.raises(Problem) as refused:
        teams.leave_team(member=member, reason="回家", by=chen)
    assert refused.value.code == "step.not_from"


def test_two_headquarters_want_one_shelter_and_the_second_is_told_whose_it_is(
    shelter, flood, epidemic, lin
):
    shelters.open_shelter(shelter=shelter, use="flood", headquarters=flood, by=lin)
    with pytest.raises(Problem) as refused:
        shelters.open_shelter(shelter=shelter, use="contacts", headquarters=epidemic, by=lin)
    assert refused.value.code == "shelter.taken"
    assert refused.value.fields["headquarters"] == flood.name


def test_a_shelter_without_room_for_cases_takes_none(shelter, epidemic, lin):
    with pytest.raises(Problem) as refused:
        shelters.open_shelter(shelter=shelter, use="cases", headquarters=epidemic, by=lin)
    assert refused.value.code == "shelter.no_room"


def test_one_that_floods_itself_is_opened_for_a_flood_only_with_a_reason(shelter, flood, lin):
    Shelter.objects.update(floods_itself=True)
    shelter.refresh_from_db()
    with pytest.raises(Problem) as refused:
        shelters.open_shelter(shelter=shelter, use="flood", headquarters=flood, by=lin)
    assert refused.value.code == "shelter.floods"
    shelters.open_shelter(
        shelter=shelter, use="flood", headquarters=flood, by=lin, reason="只用三楼以上"
    )


def test_in_by_tag_once_and_never_more_than_it_holds(shelter, flood, lin):
    opening = shelters.open_shelter(shelter=shelter, use="flood", headquarters=flood, by=lin)
    for _ in range(2):
        shelters.check_in(opening=opening, tag="H1", people=6, by=lin)
    assert read.people_in(opening) == 6
    with pytest.raises(Problem) as refused:
        shelters.check_in(opening=opening, tag="H2", people=5, by=lin)
    assert refused.value.code == "shelter.full"
    shelters.check_in(opening=opening, tag="H2", people=4, by=lin)


def test_roll_call_names_who_is_not_there_and_nobody_is_locked_in(shelter, flood, lin):
    opening = shelters.open_shelter(shelter=shelter, use="flood", headquarters=flood, by=lin)
    stays = [shelters.check_in(opening=opening, tag=t, people=3, by=lin) for t in ("H1", "H2")]
    roll = shelters.call_roll(opening=opening, present=["H1"], by=lin)
    assert (roll.present, roll.missing) == (3, ["H2"])
    assert RollCall.objects.count() == 1
    with pytest.raises(Problem) as refused:
        shelters.close_shelter(opening=opening, reason="水退", by=lin)
    assert refused.value.code == "shelter.people_in"
    for stay in stays:
        shelters.check_out(stay=stay, by=lin)
    shelters.close_shelter(opening=opening, reason="水退", by=lin)


def test_a_household_in_another_shelter_moves(shelter, flood, hexi, lin):
    site = Site.objects.create(kind="shelter", code="B2", name="和溪小学", place=hexi)
    second = Shelter.objects.create(site=site, flood=10)
    a, b = (
        shelters.open_shelter(shelter=s, use="flood", headquarters=flood, by=lin)
        for s in (shelter, second)
    )
    shelters.check_in(opening=a, tag="H1", people=3, by=lin)
    shelters.check_in(opening=b, tag="H1", people=3, by=lin)
    assert (read.people_in(a), read.people_in(b)) == (0, 3)


def test_teams_shelters_and_trainings_come_by_table(hexi, chen, guan):
    post = str(the_post(chen.post_id))
    row = {
        "code": "T9",
        "name": "和溪民兵",
        "place": "和溪镇",
        "post": post,
        "headquarters": "防汛、防疫",
        "skills": "堤坝抢险、boat",
        "size": "20",
    }
    take(door("teams"), [row], by=guan, source="t")
    team = Team.objects.get(code="T9")
    assert (team.skills, team.headquarters, team.ready_min) == (
        ["dike", "boat"],
        ["flood", "epidemic"],
        30,
    )
    training = {
        "team": "和溪民兵",
        "skill": "堤坝抢险",
        "held_on": "2016-05-01",
        "valid_to": "2017-05-01",
        "people": "18",
    }
    take(door("trainings"), [training], by=guan, source="t")
    assert team.trainings.get().valid_to == date(2017, 5, 1)
    site = Site.objects.create(kind="shelter", code="B3", name="礼堂", place=hexi)
    take(door("shelters"), [{"site": "B3", "flood": "200", "contacts": "20"}], by=guan, source="t")
    assert Shelter.objects.get(site=site).contacts == 20


def test_a_skill_nobody_knows_is_refused_with_those_there_are(guan):
    row = {"code": "T9", "name": "x", "place": "和溪镇", "skills": "飞行", "size": "2"}
    with pytest.raises(Problem) as refused:
        take(door("teams"), [row], by=guan, source="t")
    assert refused.value.code == "door.errors"
