"""Plans raised in thought: who is not there, what is missing, what another edition would cost."""

from datetime import timedelta

import pytest

from fangxian.spine.command.dry import dry_run, price
from fangxian.spine.command.models import Order, Response
from fangxian.spine.command.plan_cover import lacking, undrilled, unnamed, without_action
from fangxian.spine.core import clock
from fangxian.spine.core.dated import read_edition, rule_set, shipped
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.ready.lacks import lacks
from fangxian.spine.ready.models import Drill, Lot, Shelter, Team, Training
from fangxian.spine.ready.plans import needs, plan_edition, plans
from fangxian.spine.registry.models import Duty, Organisation, Place, Site, Term
from fangxian.spine.registry.read import city as the_city
from fangxian.spine.registry.read import the_post


def dry(hazard="rain", level=Level.I):
    return dry_run(hazard=hazard, level=level, place=the_city())


def test_with_its_staff_no_action_is_without_somebody_to_call(city):
    found = dry()
    assert found.lines
    assert found.unnamed == []
    assert not Order.objects.exists()
    assert not Response.objects.exists()


def test_whoever_has_left_is_named_with_every_action_of_his(city, hexi, chen):
    Term.objects.filter(post_id=chen.post_id).update(ends_at=clock.now())
    mine = [line for line in dry().unnamed if line.area == hexi]
    assert {line.action for line in mine} == {"watch", "move"}
    assert {line.why for line in mine} == {"vacant"}
    gaps = {gap.subject_id: gap for gap in unnamed(clock.now())}
    assert gaps[f"rain:{hexi.code}:vacant"].fields["n"] == 2


def test_a_town_head_is_named_by_both_headquarters(city, chen):
    mine = [t for t in dry().twice if t.person.pk == chen.person_id]
    assert mine[0].headquarters == ("epidemic", "flood")


def test_what_a_plan_lacks_is_listed_by_place_with_owner_and_reason(city, hexi, chen):
    county = hexi.parent
    plan = plans(plan_edition(clock.now()))["rain"]

    def dikes():
        found = lacks(plan, plan_edition(clock.now()), level=Level.IV, place=county, at=clock.now())
        return next((x for x in found if x.need.code == "dike"), None)

    assert (dikes().want, dikes().have) == (1, 0)
    assert dikes().owner is not None
    team = Team.objects.create(code="T", name="抢险队", place=hexi, skills=["dike"], size=9)
    assert tuple(w[0] for w in dikes().why) == ("抢险队：没有带队岗位",)
    Team.objects.update(post=the_post(chen.post_id))
    assert tuple(w[0] for w in dikes().why) == ("抢险队：没有培训记录",)
    training = Training.objects.create(
        team=team, skill="dike", held_on="2015-01-01", valid_to="2016-01-01", people=9
    )
    assert tuple(w[0] for w in dikes().why) == ("抢险队：培训已过期（2016-01-01）",)
    training.valid_to = "2017-01-01"
    training.save()
    assert dikes() is None


def test_goods_that_have_expired_do_not_count_and_are_told(city, hexi):
    site = Site.objects.create(kind="warehouse", code="W", name="库", place=hexi)
    for code, day in (("old", "2016-09-13"), ("new", "2016-09-14")):
        Lot.objects.create(
            site=site,
            goods="lifejacket",
            code=code,
            quantity=60,
            expires_on=day,
            received_at=clock.now(),
        )
    plan = plans(plan_edition(clock.now()))["rain"]
    found = lacks(
        plan, plan_edition(clock.now()), level=Level.III, place=hexi.parent, at=clock.now()
    )
    jackets = next(x for x in found if x.need.code == "lifejacket")
    assert (jackets.want, jackets.have, jackets.why[0][0]) == (100, 60, "60 已过期")


def test_shelters_are_counted_against_who_must_leave_not_a_norm(city, hexi, monkeypatch):
    county = hexi.parent
    monkeypatch.setattr(
        "fangxian.spine.ready.lacks.LEAVING",
        [lambda path, hazard, level: 300 if path == county.path else 0],
    )
    for code, floods in (("B1", False), ("B2", True)):
        site = Site.objects.create(kind="shelter", code=code, name=code, place=hexi)
        Shelter.objects.create(site=site, flood=200, floods_itself=floods)
    plan = plans(plan_edition(clock.now()))["rain"]
    found = {
        (x.need.what, x.need.code): x
        for x in lacks(
            plan, plan_edition(clock.now()), level=Level.III, place=county, at=clock.now()
        )
    }
    assert (found["shelter", "flood"].want, found["shelter", "flood"].have) == (300, 200)
    assert found["shelter", "flood"].why[0][0] == "B2：自身会淹"
    assert found["goods", "water"].want == 300 * 3 * 3


def test_the_larger_need_of_two_levels_counts(city):
    of = plan_edition(clock.now())
    four, one = (needs(of, plan="rain", level=level) for level in (Level.IV, Level.I))
    assert {n.code for n in four} < {n.code for n in one}


def test_another_edition_has_a_price_in_people_by_minutes(city):
    old = plan_edition(clock.now())
    text = old.text.replace('id = "deploy"\n', 'id = "deploy"\n', 1)
    text += (
        '[[action]]\nid = "doors"\nhazards = ["rain"]\nlevel = "IV"\ntarget = "towns"\n'
        'verb_zh = "敲门"\nobject_zh = "独居老人"\nminutes = 20\n'
    )
    new = read_edition(rule_set("plan_actions"), "B", text)
    (first, *_) = price(
        hazard="rain",
        level=Level.IV,
        place=the_city(),
        old=old,
        new=new,
        at=clock.now(),
    )
    towns = Place.objects.filter(kind="town", successor=None).count()
    assert (first.minutes, first.tasks, first.people) == (20, towns, towns)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('scope = "county"', 'scope = "galaxy"'), "city, county, town"),
        (('plan = "rain"', 'plan = "snow"'), "no plan snow"),
        (('what = "team"', 'what = "hope"'), "team, goods, shelter"),
        (
            ("strength = { I = 12, II = 8, III = 5, IV = 3 }", "strength = { I = 12 }"),
            "I, II, III, IV",
        ),
    ],
)
def test_the_linter_names_what_is_wrong_with_a_plan(change, says):
    text = shipped("plan_actions")[0].text.replace(*change, 1)
    with pytest.raises(Problem) as refused:
        read_edition(rule_set("plan_actions"), "mine", text)
    assert says in str(refused.value)


def test_no_drill_within_the_year_is_a_gap_of_the_leader(city):
    hq = Organisation.objects.get(headquarters="flood", place__kind="city")
    assert {gap.subject_id for gap in undrilled(clock.now())} == {
        "rain",
        "typhoon",
        "drought",
        "epidemic",
    }
    Drill.objects.create(
        plan="rain",
        headquarters=hq,
        title="x",
        kind="tabletop",
        script="",
        state="done",
        planned_for=clock.now(),
        ended_at=clock.now() - timedelta(days=364),
    )
    assert "rain" not in {gap.subject_id for gap in undrilled(clock.now())}
    assert "rain" in {gap.subject_id for gap in undrilled(clock.now() + timedelta(days=2))}


def test_every_county_and_town_has_something_to_do_in_some_plan(city, hexi):
    assert list(without_action(clock.now())) == []
    farm = Place.objects.create(
        code="350627900",
        name="新场",
        kind="town",
        parent=hexi.parent,
        path=f"{hexi.parent.path}x.",
        source="t",
    )
    Place.objects.filter(pk=farm.pk).update(path=f"9.{farm.pk}.")
    Duty.objects.create(
        thing_kind="place", thing_id=farm.code, thing_name="新场", place=farm, role="A"
    )
    (gap,) = without_action(clock.now())
    assert gap.fields["place"] == "新场"


def test_what_is_lacking_is_a_gap_by_place(city):
    gaps = list(lacking(clock.now()))
    counties = Place.objects.filter(kind="county", successor=None).count()
    assert sum(gap.subject_id.startswith("rain:team:dike:") for gap in gaps) == counties
