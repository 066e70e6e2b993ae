"""The colour of a code follows of a rule; it is loosened by two persons and never tightened by
hand. Papers of many name what is not known."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from flights import landed, port
from story import seat_of

from fangxian.hazards.epidemic.arrivals import papers
from fangxian.hazards.epidemic.arrivals.colours import colour_of
from fangxian.hazards.epidemic.arrivals.cover.ways import unanswered_appeals
from fangxian.hazards.epidemic.arrivals.write import appealing, entering, leaving
from fangxian.hazards.epidemic.arrivals.write.health import link_of
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM

pytestmark = pytest.mark.django_db


def test_a_colour_says_rule_and_evidence(six):
    told = colour_of(six[0])
    assert told.code == "red"
    assert "imp-8-national" in told.why[1]
    assert told.rule.startswith("code_colours")


def test_it_goes_with_what_it_followed_of(six, xu):
    leaving.convert(arrival=six[0], by=xu)
    assert colour_of(six[0]).code == "red"
    six[1].state = "released"
    assert colour_of(six[1]).code == "green"


def loosen(one, by, colour="yellow", days=1):
    until = one.arrived_at + timedelta(days=days)
    return appealing.ask_override(arrival=one, colour=colour, until=until, reason="核实", by=by)


def test_one_person_alone_changes_nothing(six, xu):
    row = loosen(six[0], xu)
    assert colour_of(six[0]).code == "red"
    with pytest.raises(Problem) as problem:
        appealing.confirm_override(override=row, by=xu)
    assert problem.value.code == "step.second_person"


def test_two_persons_loosen_it_for_a_time_and_it_is_taken_back(six, xu, now):
    row = loosen(six[0], xu)
    appealing.confirm_override(override=row, by=seat_of("huang"))
    assert (colour_of(six[0]).code, colour_of(six[0]).override) == ("yellow", row)
    now.advance(days=2)
    assert colour_of(six[0]).code == "red"  # its time is over
    again = appealing.ask_override(
        arrival=six[0], colour="green", until=now.at + timedelta(days=1), reason="核实", by=xu
    )
    appealing.confirm_override(override=again, by=seat_of("huang"))
    appealing.end_override(override=again, reason="新情况", by=xu)
    assert colour_of(six[0]).code == "red"


@pytest.mark.parametrize(("colour", "days"), [("red", 1), ("purple", 1), ("yellow", 60)])
def test_nobody_is_made_red_by_hand_and_nothing_is_for_ever(six, xu, colour, days):
    with pytest.raises(Problem) as problem:
        loosen(six[0], xu, colour, days)
    assert problem.value.code == "input.invalid"


def test_an_appeal_is_made_by_himself_and_answered_in_time(client, six, xu, now):
    client.post(link_of(six[0]), {"appeal": "我没有去过那里"})
    now.advance(hours=25)
    [gap] = unanswered_appeals(now.at)
    assert gap.owner_id == xu.post_id
    appealing.answer_appeal(appeal=six[0].appeals.get(), answer="已核实，维持", by=xu)
    assert list(unanswered_appeals(now.at)) == []
    assert "已核实，维持" in client.get(link_of(six[0])).content.decode()


def test_papers_of_many_name_the_placeholder_that_is_empty(six, xu):
    [odd] = landed(1, by=xu, first=70, port=port_there())
    type(odd).objects.filter(pk=odd.pk).update(populations=[])
    odd.refresh_from_db()
    made = papers.make([*six, odd], "order", purpose="告知", by=xu)
    assert (made.made, [(one.pk, name) for one, name in made.wrong]) == (6, [(odd.pk, "reason")])
    assert made.pdf.startswith(b"%PDF")
    none = papers.make(six, "release", purpose="解除", by=xu)
    assert {name for _, name in none.wrong} == {"state"}


def port_there():
    from fangxian.spine.registry.models import Site

    return Site.objects.filter(kind="port").first() or port()


def test_a_thousand_at_once(xu):
    from flights import passengers

    people = entering.declare(passengers(1000), by=SYSTEM)
    made = papers.make(people, "order", purpose="告知", by=xu)
    assert {name for _, name in made.wrong} == {"holder"}
    assert len(made.wrong) == 1000


def test_the_page_of_papers_and_codes(client, six, xu):
    client.force_login(get_user_model().objects.get(username="xu"))
    given = {"paper": "order", "of": "here", "purpose": "告知"}
    answer = client.post("/arrivals/papers", given)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    refused = client.post("/arrivals/papers", {**given, "paper": "release"})
    assert refused.status_code == 422
    asked = {"colour": "yellow", "days": "1", "reason": "核实"}
    assert client.post(f"/arrivals/{six[0].pk}/code/override", asked).status_code == 302
    assert "等第二个人核定" in client.get(f"/arrivals/{six[0].pk}").content.decode()
