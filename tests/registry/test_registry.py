"""Places, names, terms, and the proof that every duty has a holder at every minute."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from story import START

from fangxian.spine.command.read import open_items
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.models import Duty, Person, Place, Post, Term
from fangxian.spine.registry.names import readings
from fangxian.spine.registry.prove import uncovered
from fangxian.spine.registry.read import find_places, holder, place_label
from fangxian.spine.registry.write import (
    end_term,
    open_handover,
    reveal_phone,
    sign_handover,
    start_term,
)


def test_the_tree_is_whole(city):
    counts = {k: Place.objects.filter(kind=k, successor=None).count() for k in Place.Kind.values}
    assert counts == {"city": 1, "county": 11, "town": 146, "village": 2135, "grid": 0}
    assert not Place.objects.filter(kind="village", lon=None).exists()


def test_a_place_has_the_name_of_the_day(city):
    longhai = Place.objects.get(code="350604")
    assert place_label(longhai, START) == "龙海市"
    assert place_label(longhai, datetime(2022, 1, 1, tzinfo=UTC)) == "龙海区"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("长泰", "350605"),
        ("changtai", "350605"),
        ("ct", "350605"),
        ("长泰县", "350605"),
        ("龙海市", "350604"),
        ("350681", "350604"),
        ("龍海", "350604"),
        ("xiangcheng", "350602"),
        ("颜厝", "350604107"),
        ("yancuo", "350604107"),
        ("hexi", "350627"),
    ],
)
def test_known_traps_of_names(city, typed, code):
    assert any(t.key.startswith(code) for t in find_places(typed, seat=SYSTEM))


def test_99_of_100_names_are_found_by_name_and_pinyin(city):
    names = set(Place.objects.values_list("name", flat=True))
    found = {"name": 0, "pinyin": 0}
    for name in names:
        found["name"] += name in [t.name for t in find_places(name, seat=SYSTEM)]
        typed = "".join(readings(name)[0])
        heard = [readings(t.name) for t in find_places(typed, seat=SYSTEM)]
        found["pinyin"] += any(typed in ["".join(r) for r in many] for many in heard)
    assert min(found.values()) / len(names) >= 0.99


def test_a_post_with_duties_cannot_be_left_empty(guan):
    term = Term.objects.get(person__user__username="chen")
    with pytest.raises(Problem) as refused:
        end_term(term=term, at=START, by=guan)
    assert refused.value.code == "term.no_successor"
    stand_in = end_term(term=term, at=START, by=guan, to_superior=True, reason="调离")
    assert stand_in.kind == "interim"
    assert stand_in.person == holder(term.post.superior)
    window = {"since": START - timedelta(days=9), "until": START + timedelta(days=9)}
    assert uncovered(**window) == []


def test_nothing_passes_until_both_have_signed(guan, chen):
    term = Term.objects.get(person_id=chen.person_id)
    new = Person.objects.create(name="新镇长")
    handover = open_handover(
        term=term, successor=new, items=open_items(term.post, seat=SYSTEM), by=guan
    )
    sign_handover(handover=handover, side="old", by=chen)
    assert holder(term.post).name == "陈"
    sign_handover(handover=handover, side="new", by=seat_of_successor(new, term))
    assert holder(term.post) == new


def seat_of_successor(person, term):
    from fangxian.spine.core.rights import Seat

    return Seat(person.pk, None, person.name, "successor", term.post.place.path)


def test_a_superior_may_sign_for_one_who_is_gone_and_it_is_recorded(guan):
    term = Term.objects.get(person__user__username="chen")
    new = Person.objects.create(name="新镇长")
    handover = open_handover(term=term, successor=new, items=[], by=guan)
    with pytest.raises(Problem) as refused:
        sign_handover(handover=handover, side="old", by=guan)
    assert refused.value.code == "input.reason_missing"
    sign_handover(handover=handover, side="old", by=guan, reason="失联")
    assert Event.objects.get(kind="handover.signed").reason == "失联"


def test_a_stranger_cannot_sign(guan, lin):
    term = Term.objects.get(person__user__username="chen")
    handover = open_handover(
        term=term, successor=Person.objects.create(name="甲"), items=[], by=guan
    )
    with pytest.raises(Problem) as refused:
        sign_handover(handover=handover, side="new", by=lin)
    assert refused.value.code == "rights.denied"


def test_reading_a_phone_needs_a_reason_and_is_recorded(lin, chen):
    person = Person.objects.get(user__username="chen")
    assert "1990" not in person.phone_masked[3:]
    with pytest.raises(Problem) as refused:
        reveal_phone(person=person, reason=" ", by=lin)
    assert refused.value.code == "input.reason_missing"
    assert reveal_phone(person=person, reason="叫应", by=lin).startswith("199")
    assert Event.objects.filter(kind="person.phone_read", reason="叫应").exists()
    with pytest.raises(Problem) as refused:
        reveal_phone(person=person, reason="好奇", by=chen)
    assert refused.value.code == "rights.denied"


def test_two_cannot_hold_a_post_at_once(guan):
    post = Post.objects.filter(role="head").first()
    with pytest.raises(Problem) as refused:
        start_term(post=post, person=Person.objects.first(), at=START, by=SYSTEM)
    assert refused.value.code == "term.overlap"


SPAN = st.tuples(st.integers(0, 200), st.integers(1, 120))


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(terms=st.lists(SPAN, max_size=6))
def test_the_proof_equals_a_check_of_every_minute(city, terms):
    """Terms of one post in minutes; the sweep against looking at each of 240 minutes."""
    zero = datetime(2030, 1, 1, tzinfo=UTC)
    place = Place.objects.get(code="350602")
    organisation = Post.objects.first().organisation
    Duty.objects.filter(thing_id="t").delete()
    Term.objects.filter(post__name="试岗").delete()
    Post.objects.filter(name="试岗").delete()
    post = Post.objects.create(
        organisation=organisation, place=place, name="试岗", role="responder"
    )
    Duty.objects.create(
        thing_kind="t", thing_id="t", thing_name="t", place=place, role="A", post=post
    )
    person = Person.objects.first()
    spans = [(start, start + length) for start, length in terms]
    Term.objects.bulk_create(
        Term(
            post=post,
            person=person,
            starts_at=zero + timedelta(minutes=a),
            ends_at=zero + timedelta(minutes=b),
        )
        for a, b in spans
    )
    found = [
        g
        for g in uncovered(since=zero, until=zero + timedelta(minutes=240))
        if g.post.endswith("试岗")
    ]
    swept = {
        m
        for g in found
        for m in range(
            int((g.since - zero).total_seconds()) // 60, int((g.until - zero).total_seconds()) // 60
        )
    }
    assert swept == {m for m in range(240) if not any(a <= m < b for a, b in spans)}


def test_a_wave_of_changes_leaves_no_minute_empty(guan):
    chosen = random.Random(1).sample(
        list(Term.objects.filter(post__duties__isnull=False).distinct()), 60
    )
    for term in chosen:
        if term.post.superior_id and term.person.user_id is None:
            end_term(term=term, at=START, by=SYSTEM, to_superior=True, reason="换届")
    assert uncovered(since=START - timedelta(days=1), until=START + timedelta(days=1)) == []
