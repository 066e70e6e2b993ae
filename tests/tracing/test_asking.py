"""What the graph is asked: traces, joint exposures, what hangs on one interview, what if,
doubts."""

import json

import pytest
from click.testing import CliRunner
from met import case, hour, met, node, people, thing

from fangxian.cli.main import root
from fangxian.hazards.epidemic.tracing import asking, lists, read
from fangxian.hazards.epidemic.tracing.cover import alone, unseen
from fangxian.hazards.epidemic.tracing.models import Edge
from fangxian.hazards.epidemic.tracing.write.days import follow_up
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM

pytestmark = pytest.mark.django_db


def test_a_trace_goes_step_by_step_in_the_order_of_time(five):
    a, b, c, d, _ = five
    met(a, b, 9)
    met(b, c, 10)
    met(c, d, 8)
    told = [(s.node.person_id, s.step) for s in read.trace(node(a), depth=5, at=hour(1))]
    assert told == [(a.pk, 0), (b.pk, 1), (c.pk, 2)]


def test_goods_places_and_persons_are_one_graph(five):
    a, b, *_ = five
    lot, store = thing("lot", "L7"), thing("site", "cold_store:1")
    met(lot, store, 8, kind="stayed", hours=30)
    met(b, store, 9, kind="stayed", by="2")
    met(a, lot, 9, kind="handled", by="3")
    steps = read.trace(node(lot), depth=3, at=hour(8))
    assert (steps[0].node.kind, steps[0].step) == ("lot", 0)
    assert {s.node.person_id for s in steps if s.node.kind == "person"} == {a.pk, b.pk}


def test_a_place_that_two_cases_share_within_hours(five):
    a, b, c, *_ = five
    place = thing("site", "market:1")
    met(a, place, 9, 10, kind="stayed")
    met(b, place, 9, 12, kind="stayed", by="2")
    met(c, place, 9, 20, kind="stayed", by="3")
    for one in (a, b, c):
        case(one)
    [joint] = asking.joint_exposures(seat=SYSTEM)
    assert (joint.node.key, {n.person_id for n in joint.cases}) == ("market:1", {a.pk, b.pk})


def test_what_hangs_on_one_interview(five):
    a, b, c, d, _ = five
    met(a, b, 9, by="1")
    met(a, b, 9, by="2")
    met(b, c, 10, by="1")
    met(b, d, 10, by="3")
    told = asking.hangs_on(node(a), depth=3, at=hour(1))
    assert {(one.source[1], one.only) for one in told} == {("1", 1), ("3", 1)}


def test_what_one_more_edge_would_bring(five):
    a, b, c, d, _ = five
    met(a, b, 9)
    met(c, d, 11)
    more = (node(b).pk, node(c).pk, hour(10), hour(10, 12))
    new, there = asking.what_if(node(a), more=more, depth=4, at=hour(1))
    assert {n.person_id for n in new} == {c.pk, d.pk}
    assert {n.person_id for n in there} == {a.pk, b.pk}
    assert Edge.objects.count() == 2


def test_clocks_that_disagree_and_hours_nobody_knows_are_doubts(five):
    a, b, *_ = five
    met(a, b, 9, 8, by="1")
    met(a, b, 9, 18, by="2", hours_known=False, certainty=1)
    told = [one.en for one in asking.doubts(node(a))]
    assert told == [
        "no hours: it stands for the whole day",
        "only possible",
        "two sources tell different times",
    ]


def test_the_end_of_follow_up_moves_with_the_clock(five, now):
    """A day later exposed is a day later over: the counter-example of a clock that is not moved."""
    a, b, *_ = five
    met(a, b, 9)
    case(a)
    [first] = lists.on_day(hour(12).date(), seat=SYSTEM)
    met(a, b, 10, by="2")
    [second] = lists.on_day(hour(12).date(), seat=SYSTEM)
    assert (first.ends_on.isoformat(), second.ends_on.isoformat()) == ("2022-07-20", "2022-07-21")


def test_who_met_two_cases_is_kept_by_the_later(five, now):
    now.at = hour(13)
    a, b, c, _, e = five
    met(a, e, 9)  # one step from a, earlier
    met(b, c, 11)
    met(c, e, 12)  # two steps from b, later
    case(a)
    case(b)
    ends = {one.node.person_id: one for one in lists.on_day(hour(13).date(), seat=SYSTEM)}
    plain = lists.ends_of([(1, hour(9)), (2, hour(12))], as_of=hour(13).date())
    assert ends[e.pk].ends_on == max(plain)


def test_a_day_of_follow_up_and_its_indicators(five, now):
    a, *others = five
    for one in others:
        met(a, one, 9)
    case(a)
    now.at = hour(14)
    day = now.at.date()
    for one, state in zip(others, ("well", "ill", "refused"), strict=False):
        follow_up(node=node(one), on=day, state=state, by=SYSTEM)
    told = lists.indicators(day, lists.on_day(day, seat=SYSTEM))
    assert (told.listed, told.seen, told.share) == (4, 2, 0.5)
    assert told.states == {"well": 1, "ill": 1, "refused": 1}
    assert told.unseen_two_days == 2


def test_nobody_seen_or_tried_is_a_gap_of_the_town(five, now):
    a, b, c, *_ = five
    met(a, b, 9)
    met(a, c, 9)
    case(a)
    assert list(unseen(now.at)) == []  # named today: yesterday nobody could have gone
    now.at = hour(14)
    follow_up(node=node(b), on=hour(13).date(), state="refused", by=SYSTEM)
    [gap] = unseen(now.at)
    assert (gap.subject_id, bool(gap.owner_id)) == (f"{node(c).pk}:day", True)


def test_a_case_whom_nobody_asked_is_a_gap(five, now):
    case(five[0])
    now.at = hour(14)
    [gap] = alone(now.at)
    assert gap.owner_id


def test_a_day_that_has_not_come_is_refused(five, now):
    met(five[0], five[1], 9)
    with pytest.raises(Problem) as problem:
        follow_up(node=node(five[0]), on=hour(20).date(), state="well", by=SYSTEM)
    assert problem.value.code == "input.invalid"


def test_the_word_trace(five):
    a, b, *_ = five
    met(a, b, 9)
    words = ["--lang", "en", "trace", "person", str(a.pk), "--depth", "2", "--json"]
    done = CliRunner().invoke(root, words)
    told = json.loads(done.stdout)
    assert [row["step"] for row in told["reached"]] == [0, 1]
    assert "村民" not in done.stdout
    done = CliRunner().invoke(root, ["--lang", "en", "trace", "person", "999999"])
    assert done.exit_code == 1


def test_who_sees_a_town_sees_its_nodes_alone(five, chen, zheng):
    met(five[0], five[1], 9)
    assert read.nodes(seat=chen).count() == 2
    assert read.nodes(seat=zheng).count() == 0


def test_people_of_two_towns_meet(five, chen):
    from fangxian.spine.people.matching import Record
    from fangxian.spine.people.write import enter_persons
    from fangxian.spine.registry.models import Place

    other = Place.objects.get(name="金山镇", kind="town", parent__name="南靖县")
    [far] = enter_persons(
        [Record(name="外乡人", id_number="Q1")], place=other, source="t", by=SYSTEM
    )
    met(five[0], far, 9)
    assert read.nodes(seat=chen).count() == 1
    assert len(people(0)) == 0


def test_a_trace_of_a_case_begins_where_he_could_pass_it_on(five):
    from fangxian.hazards.epidemic.tracing.contacts import traced_from

    a, b, *_ = five
    met(a, b, 7)  # the ninth edition looks back two days from the 10th
    case(a)
    assert traced_from(node(a)) == hour(8, 0)
    assert [step.node.person_id for step in read.trace(node(a), depth=2, at=hour(8, 0))] == [a.pk]
    assert (hour(12, 9) - traced_from(node(b))).days == 21
