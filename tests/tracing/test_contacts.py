"""Who is a contact, by whom, since when; up and down as more is known; and back."""

import pytest
from met import ONSET, case, contacts, hour, met, node, people, thing

from fangxian.hazards.epidemic.arrivals import models as arrivals
from fangxian.hazards.epidemic.tracing.models import Contact, Edge
from fangxian.hazards.epidemic.tracing.write import edges
from fangxian.ops.worker import Worker
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.people.models import Pair
from fangxian.spine.people.write import join, part

pytestmark = pytest.mark.django_db


def test_contacts_and_their_contacts(five):
    a, b, c, d, _ = five
    met(a, b, 9)
    met(b, c, 10)
    met(c, d, 11)
    case(a)
    assert contacts(a) == {b.pk: 1, c.pk: 2}


def test_who_met_a_contact_before_he_met_the_case_is_none(five):
    a, b, c, *_ = five
    met(a, b, 9)
    met(b, c, 8)
    case(a)
    assert contacts(a) == {b.pk: 1}


@pytest.mark.parametrize(("day", "counts"), [(7, False), (8, True)])
def test_two_days_before_onset_count_in_the_ninth_edition(five, day, counts):
    a, b, *_ = five
    met(a, b, day)
    case(a)
    assert (b.pk in contacts(a)) is counts


def test_four_days_before_onset_count_in_the_eighth(five, now):
    from datetime import timedelta

    a, b, *_ = five
    shift = timedelta(days=60)
    edges.enter_edges(
        [
            edges.Told(
                edges.end_of_person(a),
                edges.end_of_person(b),
                "contact",
                *(hour(6, h) - shift for h in (10, 11)),
            )
        ],
        source=("interview", "1"),
        by=SYSTEM,
    )
    case(a, onset=ONSET - shift)
    assert contacts(a) == {b.pk: 1}


def test_what_has_not_ended_yet_is_refused(five):
    a, b, *_ = five
    with pytest.raises(Problem, match="还没有到") as problem:
        met(a, b, 12, 8, hours=24 * 30)
    assert problem.value.fields["field"] == "until"


def test_many_at_one_place_are_looked_at_once(five):
    """Against every pair: whom those met who met the case, at places with several visits."""
    a, *others = five
    place, shop = thing("site", "P1"), thing("site", "P2")
    for k, one in enumerate(five):
        met(one, place, 9, 8 + 2 * k, hours=3, kind="stayed")
        met(one, shop, 11, 8 + k, hours=1, kind="stayed")
    case(a)
    # at the place each meets the next alone; in the shop too, hours 8-9, 9-10, …
    assert contacts(a) == {others[0].pk: 1, others[1].pk: 2}


def test_after_isolation_nobody_is_met(five, now):
    now.at = hour(13)
    a, b, c, *_ = five
    met(a, b, 10)
    met(a, c, 12)
    case(a, isolated=hour(11))
    assert contacts(a) == {b.pk: 1}


def test_two_at_one_place_at_one_time_met(five):
    a, b, c, *_ = five
    place = thing("site", "market:1")
    met(a, place, 9, 10, hours=2, kind="stayed")
    met(b, place, 9, 11, kind="stayed", by="2")
    met(c, place, 9, 15, kind="stayed", by="3")
    case(a)
    assert contacts(a) == {b.pk: 1}


def test_a_place_without_hours_stands_for_its_day(five):
    a, b, *_ = five
    place = thing("site", "market:1")
    met(a, place, 9, 10, kind="stayed")
    since, until = edges.whole_days(hour(9))
    told = edges.Told(edges.end_of_person(b), place, "stayed", since, until, hours_known=False)
    edges.enter_edges([told], source=("interview", "2"), by=SYSTEM)
    case(a)
    assert contacts(a) == {b.pk: 1}


def test_goods_lead_from_hand_to_hand(five):
    a, b, *_ = five
    lot = thing("lot", "L1")
    met(a, lot, 9, kind="handled", hours=48)
    met(b, lot, 10, kind="handled", by="2")
    case(a)
    assert contacts(a) == {b.pk: 1}


def test_a_cycle_ends(five):
    a, b, c, *_ = five
    for one, other, day in ((a, b, 9), (b, c, 10), (c, a, 11)):
        met(one, other, day)
    case(a)
    assert contacts(a) == {b.pk: 1, c.pk: 1}


def test_a_case_that_becomes_none_has_no_contacts(five):
    a, b, c, *_ = five
    met(a, b, 9)
    met(c, b, 10)
    case(a)
    case(c)
    edges.exclude_case(node=node(a), reason="复核阴性", by=SYSTEM)
    assert contacts(a) == {}
    assert contacts(c) == {b.pk: 1}  # by another he still is


def test_an_interview_taken_back_takes_its_contacts_back(five):
    a, b, c, *_ = five
    met(a, b, 9, by="1")
    met(a, c, 9, by="2")
    case(a)
    assert edges.withdraw_source(source=("interview", "2"), reason="记错人", by=SYSTEM) == 1
    assert contacts(a) == {b.pk: 1}
    assert Event.objects.filter(kind="contact.gone").count() == 1


def test_what_two_tell_stays_when_one_is_taken_back(five):
    a, b, *_ = five
    met(a, b, 9, by="1")
    met(a, b, 9, by="2")
    case(a)
    edges.withdraw_source(source=("interview", "2"), reason="记错人", by=SYSTEM)
    assert contacts(a) == {b.pk: 1}


def test_the_same_told_again_is_the_same(five):
    a, b, *_ = five
    case(a)
    for _ in range(3):
        met(a, b, 9)
    assert (Edge.objects.count(), Contact.objects.count()) == (1, 1)


def test_a_later_contact_is_raised_when_he_meets_the_case_himself(five):
    a, b, c, *_ = five
    met(a, b, 9)
    met(b, c, 10)
    case(a)
    met(a, c, 11, by="2")
    assert contacts(a) == {b.pk: 1, c.pk: 1}


def test_one_person_entered_twice_is_one_and_can_be_two_again(five, xu):
    a, b, *_ = five
    [other] = people(1, first=50)
    met(a, other, 9)
    met(other, b, 10)
    [twin] = people(1, first=60)
    met(twin, five[3], 11, by="2")
    case(a)
    assert five[3].pk not in contacts(a)
    pair = Pair.objects.create(one=other, other=twin, score=9, proposed_at=xu and hour(12))
    join(pair=pair, by=xu)
    edges.follow_contacts([node(a)], by=SYSTEM)
    assert contacts(a) == {other.pk: 1, b.pk: 2, five[3].pk: 2}
    pair.refresh_from_db()
    part(pair=pair, by=xu)
    edges.follow_contacts([node(a)], by=SYSTEM)
    assert contacts(a) == {other.pk: 1, b.pk: 2}


@pytest.mark.parametrize(
    ("change", "code"),
    [({"kind": "waved"}, "input.invalid"), ({"certainty": 4}, "input.invalid")],
)
def test_what_nobody_can_mean_is_refused(five, change, code):
    with pytest.raises(Problem) as problem:
        met(five[0], five[1], 9, **change)
    assert problem.value.code == code


def test_nobody_meets_himself_and_no_edge_ends_before_it_begins(five):
    with pytest.raises(Problem):
        met(five[0], five[0], 9)
    with pytest.raises(Problem):
        met(five[0], five[1], 9, hours=-1)


def test_a_contact_comes_under_measures_goes_up_and_out_by_himself(five):
    """From the interview to the plan and back, by events alone."""
    a, b, c, *_ = five
    met(a, b, 9)
    met(b, c, 10)
    case(a)
    Worker().settle()
    rules = {
        one.person_id: one.plan["stages"][0]["rule"]
        for one in arrivals.Arrival.objects.all()
        if one.plan.get("stages")  # the case himself is held, and has no plan of a contact
    }
    assert rules == {b.pk: "imp-9-national", c.pk: "cc2-9"}
    met(a, c, 11, by="2")
    Worker().settle()
    assert arrivals.Arrival.objects.get(person=c).plan["stages"][0]["rule"] == "imp-9-national"
    edges.exclude_case(node=node(a), reason="复核阴性", by=SYSTEM)
    Worker().settle()
    left = {one.person_id: one.plan["stages"] for one in arrivals.Arrival.objects.all()}
    assert left == {a.pk: [], b.pk: [], c.pk: []}


def test_nothing_of_who_he_is_stands_in_the_graph(five):
    a, b, *_ = five
    met(a, b, 9)
    case(a)
    assert "村民" not in node(a).label + node(b).label
    text = "".join(f"{e.before}{e.after}{e.reason}" for e in Event.objects.all())
    assert "村民" not in text


def test_a_case_who_was_under_no_measures_is_somebodys_from_now(five, now):
    from fangxian.hazards.epidemic.arrivals.cover.people import unheld

    case(five[0])
    Worker().settle()
    one = arrivals.Arrival.objects.get(person=five[0])
    assert one.state == "case"
    assert str(one.pk) in {gap.subject_id for gap in unheld(now.at)}
