"""Headquarters of the city and its counties: each decides for itself, and their orders meet."""

from datetime import UTC, timedelta

import pytest
from story import START

from fangxian.ops.worker import Worker
from fangxian.spine.assess.rules import Finding
from fangxian.spine.assess.write import enter_warning, settle
from fangxian.spine.command.models import Order, Proposal, Response
from fangxian.spine.command.read import posture
from fangxian.spine.command.rules import by_signals, local_rules, may_decide
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write import orders as do
from fangxian.spine.command.write.responses import (
    accept_proposal,
    add_tasks,
    decline_proposal,
    end_response,
    propose,
    set_response,
)
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat
from fangxian.spine.ready.plans import actions_for
from fangxian.spine.registry.models import Place, Post, Term
from fangxian.spine.registry.read import city as the_city
from fangxian.spine.registry.read import seat_from

pytestmark = pytest.mark.django_db
I, II, III, IV = Level  # noqa: E741


def start(by, level, place=None, hazard="typhoon", **more):
    told = {"reason": "研判", "document_no": "1号"} | more
    return set_response(hazard=hazard, place=place or the_city(), level=level, by=by, **told)


def lead_of(place):
    post = Post.objects.filter(place=place, organisation__headquarters="flood").order_by("id")[0]
    return seat_from(Term.objects.get(post=post))


@pytest.fixture
def coast(city):
    """A county with a coast, 云霄."""
    return Place.objects.get(code="350622")


@pytest.fixture
def head(coast):
    return lead_of(coast)


def refused(code, work, *args, **more):
    with pytest.raises(Problem) as told:
        work(*args, **more)
    assert told.value.code == code


def test_a_county_orders_only_its_own(head, coast):
    response = start(head, II, coast)
    areas = {order.area for order in response.orders.all()}
    assert all(area.path.startswith(coast.path) for area in areas)
    assert len(areas) == 1 + Place.objects.filter(parent=coast, kind="town").count()
    assert response.headquarters.place == coast
    assert {order.headquarters for order in response.orders.all()} == {response.headquarters}


def test_a_county_does_not_order_another_about(head, hexi):
    task = Task(area=hexi, verb="转移", object="人", minutes=60)
    refused("rights.denied", do.issue_orders, [task], hazard="rain", level=I, by=head)
    assert not Order.objects.exists()


def test_a_county_does_not_decide_for_another_nor_for_the_city(head, hexi):
    refused("rights.denied", start, head, IV, hexi.parent)
    refused("rights.denied", start, head, IV)


def test_nobody_decides_for_a_place_without_a_headquarters(huang, hexi):
    refused("headquarters.none", start, huang, IV, hexi)


def test_the_city_does_not_decide_a_countys_response(huang, coast):
    refused("rights.denied", start, huang, IV, coast)


def test_a_countys_response_is_no_posture_of_the_city(head, coast, hexi):
    start(head, II, coast)
    town = Place.objects.filter(parent=coast, kind="town").first()
    assert posture("flood", path=coast.path) == posture("flood", path=town.path) == II
    assert posture("flood", path=the_city().path) is None
    assert posture("flood", path=hexi.path) is None
    assert posture("epidemic", path=coast.path) is None


def test_the_posture_is_the_worst_of_ones_own_and_those_above(huang, head, coast, hexi):
    start(huang, III)
    county = start(head, I, coast)
    assert (posture("flood", path=coast.path), posture("flood", path=hexi.path)) == (I, III)
    end_response(response=county, reason="x", document_no="2", by=head)
    assert posture("flood", path=coast.path) == III


def test_the_city_joins_the_orders_a_county_has_out(huang, head, coast):
    [order] = start(head, IV, coast).orders.all()
    response = start(huang, IV)
    assert Order.objects.count() == 11
    assert order in response.orders.all()
    told = Event.objects.get(kind="order.joined")
    assert (told.subject_id, told.after) == (str(order.pk), {"response": response.pk})


def test_ending_one_keeps_the_orders_of_the_other_open(huang, head, coast):
    county, above = start(head, IV, coast), start(huang, IV)
    end_response(response=county, reason="过境", document_no="2", by=head)
    order = county.orders.get()
    assert order.state == "issued"
    told = Event.objects.get(kind="order.kept")
    assert told.after == {"left_by": county.pk, "wanted_by": above.pk}
    assert told.reason == "响应结束：过境"
    end_response(response=above, reason="解除", document_no="3", by=huang)
    assert not Order.objects.exclude(state="withdrawn").exists()


def test_lowering_keeps_what_another_still_wants_and_closes_the_rest(huang, head, coast):
    above, county = start(huang, III), start(head, III, coast)
    start(huang, IV)
    harbour = above.orders.filter(action="harbour")
    assert harbour.count() == 5
    assert harbour.exclude(state="withdrawn").get().area == coast
    assert above.orders.filter(action="deploy", state="issued").count() == 11
    start(head, IV, coast)
    assert not county.orders.filter(action="harbour").exclude(state="withdrawn").exists()


def test_a_closed_order_is_not_joined_but_given_anew(huang, head, coast):
    [order] = start(head, IV, coast).orders.all()
    do.close_order(order=order, reason="完成", by=head)
    assert start(huang, IV).orders.count() == 11
    assert Order.objects.filter(area=coast, action="deploy").count() == 2


def test_another_hazard_has_orders_of_its_own(huang, head, coast):
    start(head, IV, coast, hazard="flood")
    start(head, IV, coast)
    start(huang, IV)
    assert Order.objects.filter(hazard="typhoon").count() == 11


def events(response):
    rows = Event.objects.filter(subject_kind="response", subject_id=str(response.pk))
    return list(rows.order_by("id").values_list("kind", "before", "after", "reason"))


def test_each_change_of_a_response_is_told_with_before_after_and_reason(huang):
    response = start(huang, III, clause="条款")
    start(huang, II, reason="升", document_no="2号")
    start(huang, IV, reason="降", document_no="3号")
    end_response(response=response, reason="止", document_no="4号", by=huang)
    after = {"level": 3, "document_no": "1号", "clause": "条款"}
    assert events(response) == [
        ("response.started", None, after, "研判"),
        ("response.raised", {"level": 3}, {"level": 2, "document_no": "2号", "clause": ""}, "升"),
        ("response.lowered", {"level": 2}, {"level": 4, "document_no": "3号", "clause": ""}, "降"),
        ("response.ended", None, {"document_no": "4号"}, "止"),
    ]


def test_a_response_keeps_its_start_and_the_moment_of_its_level(huang, now):
    start(huang, IV)
    now.advance(hours=1)
    response = start(huang, III)
    assert (response.started_at, response.level_since) == (START, now.at)
    assert (response.decided_by, response.edition) == (huang.label, "before-2022")


def test_orders_of_a_lower_level_close_with_what_was_decided(huang):
    response = start(huang, III)
    start(huang, IV, reason="减弱")
    closed = response.orders.filter(state="withdrawn")
    assert {o.action for o in closed} == {"harbour"}
    assert {o.close_reason for o in closed} == {"响应降至IV级：减弱"}


def test_a_decision_is_refused_without_reason_number_or_change(huang):
    refused("input.reason_missing", start, huang, IV, reason=" ")
    refused("response.document_missing", start, huang, IV, document_no=" ")
    response = start(huang, IV)
    refused("response.in_force", start, huang, IV)
    end = {"response": response, "by": huang}
    refused("input.reason_missing", end_response, reason=" ", document_no="2", **end)
    refused("response.document_missing", end_response, reason="x", document_no="", **end)
    assert Response.objects.get().ended_at is None


def test_an_end_is_once(huang):
    response = start(huang, IV)
    end_response(response=response, reason="x", document_no="2", by=huang)
    refused("state.changed", end_response, response=response, reason="x", document_no="3", by=huang)


def test_ending_needs_the_authority_of_the_level_in_force(huang, lin):
    response = start(huang, III)
    refused("rights.denied", end_response, response=response, reason="x", document_no="2", by=lin)
    start(huang, IV)
    response.refresh_from_db()
    assert end_response(response=response, reason="x", document_no="2", by=lin).ended_at


@pytest.mark.parametrize(
    ("role", "of", "level", "allowed"),
    [
        ("duty_officer", "city", IV, True),
        ("duty_officer", "city", None, True),
        ("duty_officer", "city", III, False),
        ("commander", "city", I, True),
        ("head", "county", I, True),
        ("head", "city", IV, False),
        ("head", "town", IV, False),
    ],
)
def test_the_edition_says_who_decides(role, of, level, allowed):
    assert may_decide(role=role, of=of, level=level, at=START) is allowed


# -- proposals


@pytest.fixture
def proposal(lin):
    enter_warning(hazard="typhoon", level=IV, place=the_city(), text="", number="1", by=lin)
    Worker().settle()
    return Proposal.objects.get()


def accept(proposal, by, level=IV, **more):
    told = {"reason": "同意", "document_no": "1号"} | more
    return accept_proposal(proposal=proposal, level=level, by=by, **told)


def test_of_two_who_accept_at_once_one_wins(proposal, huang, lin):
    other = Proposal.objects.get()
    accept(proposal, huang)
    refused("step.not_from", accept, other, lin, document_no="2号")
    assert Response.objects.get().document_no == "1号"
    refused("step.not_from", decline_proposal, proposal=proposal, reason="x", by=lin)


def test_an_accepted_proposal_says_who_when_and_why(proposal, huang, now):
    now.advance(minutes=3)
    response = accept(proposal, huang)
    proposal.refresh_from_db()
    assert (proposal.state, proposal.decided_by, proposal.decided_at, proposal.reason) == (
        "accepted",
        huang.label,
        now.at,
        "同意",
    )
    assert (response.edition, response.clause) == (proposal.edition, proposal.clause)
    assert Event.objects.get(kind="proposal.accepted").reason == "同意"


def test_a_level_the_rules_did_not_propose_is_refused(proposal, huang):
    refused("response.level_judgement", accept, proposal, huang, level=III)
    refused("response.level_judgement", accept, proposal, huang, level=None)
    proposal.refresh_from_db()
    assert proposal.state == "open"


def test_a_proposal_is_decided_by_who_may_with_reason_and_number(proposal, chen, huang):
    refused("rights.denied", accept, proposal, chen)
    refused("input.reason_missing", accept, proposal, huang, reason="")
    refused("response.document_missing", accept, proposal, huang, document_no="")
    refused("rights.denied", decline_proposal, proposal=proposal, reason="x", by=chen)
    refused("input.reason_missing", decline_proposal, proposal=proposal, reason="", by=huang)
    assert Proposal.objects.get().state == "open"


def test_where_two_levels_are_proposed_a_person_chooses(lin, huang, now):
    now.at = START.replace(year=2023)
    settle([finding_of(family="warning-rain", level=I, hazard="rain")], by=SYSTEM)
    [proposal] = propose(by=SYSTEM)
    assert (proposal.levels, proposal.worst, proposal.from_level) == (["I", "II"], I, None)
    assert proposal.edition == "2022"


def finding_of(family="rainstorm", level=I, place=None, key="1", hazard="rain"):
    place = place or the_city()
    return Finding(
        family, hazard, ("station", key), "站", place.pk, START, level, level, 1.0, "r", "g"
    )


def test_a_proposal_tells_its_evidence(proposal):
    told = Event.objects.get(kind="proposal.made")
    [signal] = proposal.evidence["signals"]
    [frozen] = proposal.evidence["as_of"]  # what was known then, whatever comes after
    assert (frozen["level"], frozen["at"]) == (4, START.astimezone(UTC).isoformat())
    assert (proposal.evidence["signals"], proposal.evidence["warning"]) == ([signal], "IV")
    assert told.after == {
        "levels": ["IV"],
        "clause": proposal.clause,
        "evidence": proposal.evidence,
    }
    assert (proposal.made_at, proposal.place) == (START, the_city())


def test_a_worse_warning_overtakes_the_open_proposal(proposal, lin):
    enter_warning(hazard="typhoon", level=III, place=the_city(), text="", number="2", by=lin)
    Worker().settle()
    states = dict(Proposal.objects.values_list("state", "levels"))
    assert states == {"overtaken": ["IV"], "open": ["III"]}


def test_a_response_that_fits_overtakes_the_open_proposal(proposal, huang):
    start(huang, IV)
    Worker().settle()
    assert Proposal.objects.get().state == "overtaken"


def test_what_is_proposed_already_is_not_proposed_twice(proposal):
    assert propose(by=SYSTEM) == []
    assert Proposal.objects.get().state == "open"


def test_a_response_at_another_level_is_proposed_to_change(proposal, huang):
    start(huang, II)
    Worker().settle()
    lower = Proposal.objects.get(state="open")
    assert (lower.levels, lower.from_level, lower.lowers, lower.ends) == (["IV"], 2, True, False)
    assert accept(lower, huang).level == IV


def test_an_end_is_proposed_and_accepted(huang):
    response = start(huang, III)
    [end] = propose(by=SYSTEM)
    assert (end.ends, end.lowers, end.from_level, end.edition) == (True, True, 3, "before-2022")
    accept(end, huang, level=None)
    response.refresh_from_db()
    assert response.ended_at


def test_an_end_needs_the_authority_of_the_level_that_ends(huang, lin):
    start(huang, III)
    [end] = propose(by=SYSTEM)
    refused("rights.denied", accept, end, lin, level=None)


def test_a_declined_proposal_returns_when_the_rules_want_something_else(proposal, huang, lin):
    decline_proposal(proposal=proposal, reason="影响小", by=huang)
    assert propose(by=SYSTEM) == []
    start(huang, II)
    [lower] = propose(by=SYSTEM)
    assert (lower.levels, lower.from_level) == (["IV"], 2)


def test_only_the_system_proposes(huang):
    refused("rights.denied", propose, by=huang)


def test_signals_outside_a_headquarters_place_ask_it_for_nothing(city):
    elsewhere = Place.objects.create(code="35", name="福建", kind="county", path="9.", source="t")
    settle([finding_of(place=elsewhere)], by=SYSTEM)
    assert propose(by=SYSTEM) == []


def test_rain_counts_towns_and_rivers_count_stations(hexi):
    rain = [finding_of(place=hexi, key=str(k)) for k in range(10)]
    river = [finding_of("river", place=hexi, key=f"r{k}", hazard="river") for k in range(4)]
    settle(rain + river, by=SYSTEM)
    made = {p.hazard: p for p in propose(by=SYSTEM)}
    assert {hazard: p.levels for hazard, p in made.items()} == {"rain": ["IV"], "flood": ["III"]}
    assert (made["rain"].evidence["reds"], len(made["rain"].evidence["signals"])) == (10, 10)
    assert (
        made["flood"].clause
        == "本市规则：4 站以上超保证 (local rule: 4 stations or more above guarantee)"
    )


def test_ten_red_towns_ask_for_more_than_one(city):
    towns = Place.objects.filter(kind="town")[:10]
    settle([finding_of(place=town, key=town.code) for town in towns], by=SYSTEM)
    assert [p.levels for p in propose(by=SYSTEM)] == [["III"]]


def test_only_red_counts(hexi):
    settle([finding_of(level=II, place=hexi)], by=SYSTEM)
    assert propose(by=SYSTEM) == []


def test_the_worst_of_warning_and_gauges_is_proposed(hexi, now):
    now.at = START.replace(year=2023)
    settle([finding_of("warning-rain", II), finding_of(place=hexi)], by=SYSTEM)
    [proposal] = propose(by=SYSTEM)
    assert (proposal.levels, proposal.evidence["warning"]) == (["III"], "II")


def test_of_local_rules_the_worst_that_is_met_counts():
    rules = local_rules(hazard="rain", level="city", at=START)
    assert by_signals(rules=rules, reds={"rainstorm": 9}).levels == (IV,)
    assert by_signals(rules=rules[::-1], reds={"rainstorm": 6, "flash-flood": 4}).levels == (III,)
    assert by_signals(rules=rules, reds={"rainstorm": 40}).levels == (II,)
    assert by_signals(rules=rules, reds={"river": 9}) is None
    assert local_rules(hazard="rain", level="county", at=START) == []


def test_a_level_asks_for_its_own_actions_and_those_below():
    def ids(hazard, level):
        return [row["id"] for row in actions_for(hazard=hazard, level=level, at=START)]

    assert ids("typhoon", IV) == ["deploy"]
    assert ids("typhoon", II) == ["deploy", "harbour", "inspect", "leave"]
    assert ids("rain", IV) == ["deploy", "watch"]
    assert ids("drought", I) == ["save_water", "carry_water"]
    assert ids("river", I) == []


# -- tasks follow signals


def test_tasks_follow_red_and_orange_signals_into_their_towns(huang, hexi):
    rain = start(huang, IV, hazard="rain")
    assert not rain.orders.filter(action="watch").exists()
    settle([finding_of(level=III, place=hexi)], by=SYSTEM)
    Worker().settle()
    assert not rain.orders.filter(action="watch").exists()
    settle([finding_of(level=II, place=hexi)], by=SYSTEM)
    Worker().settle()
    order = rain.orders.get(action="watch")
    assert (order.area, order.action_level, order.level) == (hexi, IV, IV)


def test_signals_of_another_family_bring_no_tasks(huang, hexi):
    settle([finding_of("river", level=I, place=hexi)], by=SYSTEM)
    assert not start(huang, IV, hazard="rain").orders.filter(action="watch").exists()
    assert start(huang, IV, hazard="flood").orders.filter(action="dike").count() == 1


def test_an_ended_response_follows_nothing(huang, hexi):
    rain = start(huang, IV, hazard="rain")
    end_response(response=rain, reason="x", document_no="2", by=huang)
    settle([finding_of(place=hexi)], by=SYSTEM)
    Worker().settle()
    assert not rain.orders.filter(action="watch").exists()


def test_a_village_signal_is_its_towns_task(huang, hexi):
    village = Place.objects.filter(parent=hexi).first()
    settle([finding_of(place=village), finding_of(place=hexi, key="2")], by=SYSTEM)
    assert [o.area for o in start(huang, IV, hazard="rain").orders.filter(action="watch")] == [hexi]


def test_a_task_says_what_the_plan_says(huang, coast):
    order = start(huang, I).orders.get(action="stop", area=coast)
    assert (order.verb, order.verb_en, order.exempt) == (
        "落实",
        "carry out",
        "水电气、通信、医疗、抢险",
    )
    assert (order.deadline_at, order.total, order.action_level) == (
        START + timedelta(minutes=180),
        0,
        I,
    )
    assert Order.objects.filter(action="deploy").first().total == 1


def test_adding_tasks_again_adds_none_and_needs_the_right(huang, head):
    response = start(huang, IV)
    assert add_tasks(response=response, by=huang) == []
    refused("rights.denied", add_tasks, response=response, by=head)


@pytest.mark.parametrize(("by", "at"), [("huang", "3506"), ("head", "350622"), ("chen", "350627")])
def test_an_order_without_response_is_of_the_headquarters_nearest_above(request, by, at):
    seat = request.getfixturevalue(by)
    area = Place.objects.filter(path__startswith=seat.place_path, kind="town").first()
    task = Task(area=area, verb="转移", object="人", minutes=60)
    [order] = do.issue_orders([task], hazard="rain", level=I, by=seat)
    assert order.headquarters.place.code == at


def test_a_head_of_another_town_decides_nothing_for_its_county(chen, hexi):
    seat = Seat(1, chen.post_id, "x", "head", hexi.parent.path, "town")
    assert start(seat, IV, hexi.parent).place == hexi.parent
    refused("rights.denied", start, chen, IV, hexi.parent, hazard="rain")
