"""Whose seat one takes: chosen, own posts first; and what it may do, denied unless granted."""

import pytest
from django.contrib.auth import get_user_model
from story import seat_of

from fangxian.hazards.flood.tables import shipped_thresholds
from fangxian.ops.worker import Worker
from fangxian.spine.assess.models import Threshold
from fangxian.spine.assess.write import load_thresholds, set_threshold
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write import orders as do
from fangxian.spine.core import rights
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, declare_rights, grants, may, visible
from fangxian.spine.reach.models import Delivery
from fangxian.spine.reach.write import take_receipts
from fangxian.spine.registry.models import Person, Post, Term
from fangxian.spine.registry.read import seats_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def deputy_gone(huang, now):
    """Huang stands in for the deputy, whose post is empty."""
    post = Post.objects.get(place__kind="city", name="副指挥长")
    post.terms.update(ends_at=now.at)
    person = Person.objects.get(pk=huang.person_id)
    Term.objects.create(post=post, person=person, kind="interim", starts_at=now.at)
    now.advance(minutes=1)
    return post


def test_an_own_post_comes_before_one_that_is_held_for_another(huang, deputy_gone):
    seats = seats_of(get_user_model().objects.get(username="huang"))
    assert [(s.post_id, s.interim) for s in seats] == [
        (huang.post_id, False),
        (deputy_gone.pk, True),
    ]
    assert seat_of("huang").post_id == huang.post_id


def test_another_own_seat_is_taken_in_the_header_and_kept(client, huang, deputy_gone):
    client.force_login(get_user_model().objects.get(username="huang"))
    assert 'class="seats"' in client.get("/").content.decode()
    client.post("/seat", {"post": deputy_gone.pk})
    assert client.get("/").wsgi_request.seat.post_id == deputy_gone.pk
    assert client.post("/seat", {"post": huang.post_id + 1000}).status_code == 403
    assert client.get("/").wsgi_request.seat.post_id == deputy_gone.pk


def test_a_right_over_a_place_is_refused_without_a_place():
    seat = Seat(1, 1, "x", "hydrologist", "1.5.", "county")
    assert not may(seat, "threshold.edit")
    assert not may(seat, "threshold.edit", place="1.")
    assert may(seat, "threshold.edit", place="1.5.7.")


def test_a_county_cannot_edit_what_holds_for_the_whole_city(city):
    load_thresholds(shipped_thresholds(), by=SYSTEM)
    row = Threshold.objects.filter(place=None, station=None).first()
    county = Post.objects.filter(place__kind="county").first()
    seat = Seat(1, county.pk, "x", "hydrologist", county.place.path, "county")
    with pytest.raises(Problem) as refused:
        set_threshold(threshold=row, value=1.0, source="x", by=seat)
    assert refused.value.code == "rights.denied"
    assert visible(seat, "rules.edit") is None
    assert visible(Seat(1, 1, "x", "hydrologist", "1.", "city"), "rules.edit") == ""


@pytest.fixture
def nothing_declared(monkeypatch):
    """And what subjects declared is known again, whatever the test does."""
    monkeypatch.setattr(rights, "_DECLARED", {})
    yield
    monkeypatch.undo()
    grants.cache_clear()


def test_a_subject_adds_rights_to_a_bundle(nothing_declared):
    declare_rights("answer", {"lot.answer": "duty"})
    assert grants()["responder"]["rights"]["lot.answer"] == "duty"
    assert "lot.answer" not in grants()["gauging_program"]["rights"]


def test_clearance_is_asked_where_a_thing_is_sensitive():
    seat = Seat(1, 1, "x", "administrator", "1.", "city")
    assert may(seat, "person.reveal", place="1.2.", sensitivity=2)
    assert not may(seat, "person.reveal", place="1.2.", sensitivity=3)
    low = Seat(1, 1, "x", "gauging_program", "1.", "city")
    assert may(low, "observation.import", sensitivity=0)
    assert not may(low, "observation.import", sensitivity=1)


def test_an_escalated_answer_is_recorded_under_the_post_that_gave_it(lin, hexi, now):
    task = Task(area=hexi, verb="转移", object="人", minutes=60)
    [order] = do.issue_orders([task], hazard="rain", level=Level.I, by=lin)
    worker = Worker()
    worker.settle()
    now.advance(minutes=6)
    worker.settle()
    deputy = Delivery.objects.get(post_id=order.chain[0])
    receipt = {"key": f"real-{deputy.pk}", "state": "answered", "answer": "1"}
    take_receipts([receipt], by=SYSTEM)
    worker.settle()
    told = Event.objects.get(kind="order.acknowledged")
    assert (told.post_id, told.person_id) == (order.chain[0], deputy.person_id)
