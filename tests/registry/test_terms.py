"""Who holds a post, who takes it over, and that nothing passes by accident."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from story import START

from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat
from fangxian.spine.registry import read
from fangxian.spine.registry.models import Duty, Handover, Organisation, Person, Place, Post, Term
from fangxian.spine.registry.read import holder, seat_from
from fangxian.spine.registry.seal import unseal
from fangxian.spine.registry.write import (
    add_person,
    end_term,
    open_handover,
    reveal_phone,
    set_duties,
    sign_handover,
    start_term,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NOBODY = Seat(1, None, "x", "nobody", "1.", "city")


def refused(code, work, **more):
    with pytest.raises(Problem) as told:
        work(**more)
    assert told.value.code == code


@pytest.fixture
def term(city):
    """Chen's."""
    return Term.objects.get(person__user__username="chen")


@pytest.fixture
def new(city):
    return Person.objects.create(name="新镇长")


@pytest.fixture
def empty(hexi):
    """A post without duties and without a holder."""
    town = Organisation.objects.get(place=hexi)
    return Post.objects.create(organisation=town, place=hexi, name="文书", role="responder")


def seat_of_new(new, term):
    return Seat(new.pk, None, new.name, "successor", term.post.place.path)


# -- hand-over


@pytest.fixture
def handover(term, new, guan):
    return open_handover(term=term, successor=new, items=[{"kind": "order"}], by=guan)


def test_a_handover_is_opened_by_who_may_end_terms_and_is_told(handover, term, new, guan, chen):
    told = Event.objects.get(kind="handover.opened")
    assert told.after == {"term": str(term), "successor": "新镇长", "items": 1}
    refused("rights.denied", open_handover, term=term, successor=new, items=[], by=chen)


def test_naming_another_successor_replaces_the_open_one(handover, term, guan):
    other = Person.objects.create(name="乙")
    again = open_handover(term=term, successor=other, items=[], by=guan)
    assert (again.pk, Handover.objects.get().successor, again.items) == (handover.pk, other, [])


@pytest.mark.parametrize("first", ["old", "new"])
def test_one_signature_passes_nothing(handover, term, new, chen, first):
    by = chen if first == "old" else seat_of_new(new, term)
    signed = sign_handover(handover=handover, side=first, by=by)
    assert (signed.passed_at, holder(term.post).name) == (None, "陈")
    assert (signed.old_signed_at is None, signed.new_signed_at is None) == (
        first == "new",
        first == "old",
    )
    assert f"{first}_signed_at" in Event.objects.get(kind="handover.signed").after


@pytest.mark.parametrize("first", ["old", "new"])
def test_the_second_signature_passes_the_post_at_that_moment(handover, term, new, chen, now, first):
    seats = {"old": chen, "new": seat_of_new(new, term)}
    sign_handover(handover=handover, side=first, by=seats.pop(first))
    now.advance(hours=2)
    [(side, by)] = seats.items()
    done = sign_handover(handover=handover, side=side, by=by)
    assert done.passed_at == now.at
    assert (holder(term.post), holder(term.post, now.at - timedelta(seconds=1)).name) == (new, "陈")
    term.refresh_from_db()
    assert term.ends_at == Term.objects.get(person=new).starts_at == now.at
    kinds = Event.objects.filter(kind__in=["term.ended", "term.started", "handover.passed"])
    assert kinds.count() == 3
    assert Event.objects.get(kind="term.ended").reason == "交接"


def test_who_signed_for_the_old_side_stands_there(handover, chen):
    sign_handover(handover=handover, side="old", by=chen)
    found = Handover.objects.get()
    assert (found.old_signed_at, found.old_signed_by) == (START, chen.label)


def test_the_old_holder_does_not_sign_for_the_new_one(handover, chen, guan):
    refused("rights.denied", sign_handover, handover=handover, side="new", by=chen)
    refused("rights.denied", sign_handover, handover=handover, side="new", by=guan, reason="x")


def test_the_new_one_does_not_sign_for_the_old(handover, new, term):
    by = seat_of_new(new, term)
    refused("rights.denied", sign_handover, handover=handover, side="old", by=by, reason="x")


def test_the_superior_signs_for_one_who_is_gone_with_a_reason(handover, term):
    superior = seat_from(Term.objects.get(post=term.post.superior))
    refused("input.reason_missing", sign_handover, handover=handover, side="old", by=superior)
    signed = sign_handover(handover=handover, side="old", by=superior, reason="失联")
    assert signed.old_signed_by == superior.label
    assert Event.objects.get(kind="handover.signed").reason == "失联"


def test_another_head_signs_for_nobody(handover, term):
    other = Post.objects.filter(role="head", place__kind="county").exclude(pk=term.post.superior_id)
    by = seat_from(Term.objects.get(post=other.first()))
    refused("rights.denied", sign_handover, handover=handover, side="old", by=by, reason="x")
    refused("rights.denied", sign_handover, handover=handover, side="old", by=NOBODY, reason="x")


def test_what_has_passed_is_not_signed_again(handover, chen, new, term):
    sign_handover(handover=handover, side="old", by=chen)
    sign_handover(handover=handover, side="new", by=seat_of_new(new, term))
    with pytest.raises(Handover.DoesNotExist):
        sign_handover(handover=handover, side="old", by=chen)


# -- terms


def test_a_term_is_started_and_told(empty, new, guan, chen):
    refused("rights.denied", start_term, post=empty, person=new, at=START, by=chen)
    term = start_term(post=empty, person=new, at=START, by=guan, until=START + DAY)
    told = Event.objects.get(kind="term.started")
    assert (told.subject_id, told.after["person"], told.after["kind"]) == (
        str(term.pk),
        "新镇长",
        "holder",
    )
    assert (holder(empty), holder(empty, START + DAY)) == (new, None)


def test_terms_may_touch_but_not_overlap(empty, new, guan):
    start_term(post=empty, person=new, at=START, until=START + 2 * DAY, by=guan)
    start_term(post=empty, person=new, at=START - DAY, until=START, by=guan)
    start_term(post=empty, person=new, at=START + 2 * DAY, until=START + 3 * DAY, by=guan)
    for at, until in ((START + DAY, None), (START - 9 * DAY, None), (START, START + DAY)):
        refused("term.overlap", start_term, post=empty, person=new, at=at, until=until, by=guan)
    start_term(post=empty, person=new, at=START + 3 * DAY, by=guan)


def test_a_post_without_duties_may_be_left_empty(empty, new, guan, chen):
    term = start_term(post=empty, person=new, at=START - DAY, by=guan)
    refused("rights.denied", end_term, term=term, at=START, by=chen)
    assert end_term(term=term, at=START, by=guan, reason="撤岗") is None
    assert holder(empty) is None
    told = Event.objects.get(kind="term.ended")
    assert (told.before["ends_at"], told.after["ends_at"][:10], told.reason) == (
        None,
        "2016-09-14",
        "撤岗",
    )


def test_an_ended_term_does_not_end_again_later(empty, new, guan):
    term = start_term(post=empty, person=new, at=START - DAY, by=guan)
    end_term(term=term, at=START, by=guan)
    refused("step.not_from", end_term, term=term, at=START, by=guan)


def test_standing_in_needs_a_reason(term, guan):
    more = {"term": term, "at": START, "by": guan, "to_superior": True}
    refused("input.reason_missing", end_term, reason=" ", **more)
    stand_in = end_term(reason="调离", **more)
    assert (stand_in.kind, stand_in.reason, stand_in.starts_at) == ("interim", "调离", START)
    assert Event.objects.get(kind="term.started").reason == "调离"
    assert holder(term.post) == holder(term.post.superior)


def test_without_a_superior_nobody_stands_in(guan, huang):
    term = Term.objects.get(person_id=huang.person_id)
    more = {"term": term, "at": START, "by": guan, "to_superior": True, "reason": "x"}
    refused("term.no_superior", end_term, **more)
    assert holder(term.post).pk == huang.person_id


def test_where_the_superior_post_is_empty_the_next_above_stands_in(term, guan):
    Term.objects.filter(post=term.post.superior).update(ends_at=START)
    interim = end_term(term=term, at=START, by=guan, to_superior=True, reason="x")
    assert interim.person == holder(term.post.superior.superior, START)


def test_where_every_superior_post_is_empty_nobody_stands_in(term, guan):
    Term.objects.exclude(pk=term.pk).update(ends_at=START)
    refused(
        "term.no_superior", end_term, term=term, at=START, by=guan, to_superior=True, reason="x"
    )


def test_who_is_followed_at_once_may_go(term, guan, new):
    Term.objects.filter(pk=term.pk).update(ends_at=START + DAY)
    Term.objects.create(post=term.post, person=new, starts_at=START - DAY)
    term.refresh_from_db()
    assert end_term(term=term, at=START, by=guan) is None


def test_who_is_followed_only_later_may_not_go_yet(term, guan, new):
    Term.objects.filter(pk=term.pk).update(ends_at=START + DAY)
    Term.objects.create(post=term.post, person=new, starts_at=START + DAY)
    refused("term.no_successor", end_term, term=term, at=START, by=guan)


def test_duties_that_have_ended_hold_nobody(term, guan):
    term.post.duties.update(valid_to=START)
    assert end_term(term=term, at=START, by=guan) is None


# -- people


def test_a_phone_is_kept_sealed_and_shown_masked(guan, lin):
    person = add_person(name="甲", phone="13800001234", email="a@b.invalid", by=guan)
    person.refresh_from_db()
    assert (person.phone_masked, person.email) == ("138****1234", "a@b.invalid")
    assert b"13800001234" not in bytes(person.phone_sealed)
    assert unseal(person.phone_sealed) == "13800001234"
    assert Event.objects.get(kind="person.added").after == {"name": "甲"}
    refused("rights.denied", add_person, name="乙", phone="1", by=lin)


def test_reading_a_phone_is_refused_to_a_seat_without_clearance(chen, zheng, lin):
    person = Person.objects.get(user__username="chen")
    for by in (chen, zheng):
        refused("rights.denied", reveal_phone, person=person, reason="x", by=by)
    refused("input.reason_missing", reveal_phone, person=person, reason=" ", by=lin)
    assert not Event.objects.filter(kind="person.phone_read").exists()


def test_clearance_is_asked_even_of_who_has_the_right(monkeypatch, lin):
    from fangxian.spine.core import rights

    less = {role: dict(row) for role, row in rights.grants().items()}
    less["duty_officer"]["clearance"] = 1
    monkeypatch.setattr(rights, "grants", lambda: less)
    person = Person.objects.get(user__username="chen")
    refused("rights.denied", reveal_phone, person=person, reason="x", by=lin)


def test_the_phone_of_one_without_a_post_is_the_citys(new, guan):
    person = add_person(name="甲", phone="13800001234", by=guan)
    assert reveal_phone(person=person, reason="x", by=guan) == "13800001234"


# -- duties


def duties_of(hexi, by, **more):
    told = {"thing_kind": "lot", "thing_id": "7", "thing_name": "冻品", "place": hexi} | more
    return {d.role: d.post for d in set_duties(by=by, **told)}


def test_a_thing_is_answered_for_by_who_answers_for_its_place(hexi, guan, lin):
    refused(
        "rights.denied",
        set_duties,
        thing_kind="lot",
        thing_id="7",
        thing_name="x",
        place=hexi,
        by=lin,
    )
    of_place = {d.role: d.post for d in Duty.objects.filter(thing_id=hexi.code)}
    assert duties_of(hexi, guan) == of_place
    assert {d.valid_from for d in Duty.objects.filter(thing_kind="lot")} == {START}
    told = Event.objects.filter(kind="duty.set").order_by("id")
    assert [e.after["duty"] for e in told] == ["冻品 属地A岗", "冻品 属地B岗", "冻品 部门监管"]


def test_what_is_set_already_stays_and_what_lacks_is_a_gap(hexi, guan, empty):
    assert duties_of(hexi, guan, posts={"A": empty}) == {"A": empty, "B": None, "department": None}
    again = duties_of(hexi, guan)
    assert again == {"A": empty, "B": None, "department": None}
    assert Duty.objects.filter(thing_kind="lot").count() == 3


def test_duties_that_have_ended_are_set_anew(hexi, guan, empty):
    duties_of(hexi, guan, posts={"A": empty})
    Duty.objects.filter(thing_kind="lot").update(valid_to=START)
    assert duties_of(hexi, guan)["A"] != empty
    Duty.objects.filter(thing_id=hexi.code).update(valid_to=START)
    assert duties_of(hexi, guan, thing_id="8") == {"A": None, "B": None, "department": None}


# -- seats and selectors


def test_a_named_successor_has_a_seat_to_sign_with_until_it_passes(handover, new, term, chen):
    user = get_user_model().objects.create(username="new")
    Person.objects.filter(pk=new.pk).update(user=user)
    [seat] = read.seats_of(user)
    assert (seat.role, seat.post_id, seat.place_path) == ("successor", None, term.post.place.path)
    sign_handover(handover=handover, side="new", by=seat)
    sign_handover(handover=handover, side="old", by=chen)
    assert [s.role for s in read.seats_of(user)] == ["head"]


def test_who_is_named_nowhere_has_no_seat(handover, new):
    user = get_user_model().objects.create(username="other")
    assert read.seats_of(user) == []
    assert read.chosen_of([], None) is None
    refused("rights.no_seat", read.seat_of_person, person=new)


def test_a_seat_is_held_from_its_first_to_before_its_last_moment(empty, new):
    Term.objects.create(post=empty, person=new, starts_at=START, ends_at=START + DAY)
    assert holder(empty, START - timedelta(seconds=1)) is None
    assert holder(empty, START) == holder(empty, START + DAY - timedelta(seconds=1)) == new
    assert holder(empty, START + DAY) is None


def test_the_headquarters_nearest_above_is_found(hexi):
    assert read.headquarters_above("flood", hexi.path).place == hexi.parent
    assert read.headquarters_above("epidemic", hexi.path).place.kind == "city"
    refused("headquarters.none", read.headquarters_above, kind="flood", path="9.")
    refused("headquarters.none", read.headquarters_at, kind="epidemic", place=hexi.parent)
    leader = read.leader_of(read.headquarters_above("flood", hexi.path))
    assert (leader.name, leader.place) == ("指挥长", hexi.parent)


def test_an_organisation_without_posts_has_no_leader(hexi):
    lonely = Organisation.objects.create(name="x", kind="department", place=hexi)
    refused("not_found", read.leader_of, organisation=lonely)


def test_posts_are_found_by_number_and_role(city, hexi, huang, lin):
    assert read.the_post(huang.post_id).pk == huang.post_id
    refused("not_found", read.the_post, key=0)
    assert read.post_by_role("commander").pk == huang.post_id
    assert read.post_by_role("head", hexi).name == "镇长"
    refused("not_found", read.post_by_role, role="commander", place=hexi)
    assert read.fallback_post().pk == lin.post_id


def test_without_a_duty_officer_the_leader_owns_what_nobody_owns(huang):
    Post.objects.filter(role="duty_officer").update(role="x")
    assert read.fallback_post().pk == huang.post_id
    Post.objects.filter(role="commander").update(role="x")
    assert read.fallback_post() == Post.objects.filter(place__kind="city").order_by("id").first()


@pytest.mark.parametrize(
    "selector", [read.posts, read.organisations, read.people, read.duties, read.open_handovers]
)
def test_a_register_is_read_within_ones_own_place(selector, handover, chen, lin, hexi):
    county = seat_from(Term.objects.filter(post__place=hexi.parent).first())
    own, above, all_of_it = (set(selector(seat=seat)) for seat in (chen, county, lin))
    assert own <= above <= all_of_it
    assert len(own) > 0
    assert selector is read.open_handovers or len(own) < len(all_of_it)
    assert list(selector(seat=NOBODY)) == []


def test_a_handover_elsewhere_or_passed_is_not_shown(handover, new, term, lin):
    other = Post.objects.filter(role="head", place__kind="town").exclude(pk=term.post_id).first()
    assert list(read.open_handovers(seat=seat_from(Term.objects.get(post=other)))) == []
    at = {"old_signed_at": START, "new_signed_at": START, "passed_at": START}
    Handover.objects.update(**at)
    assert list(read.open_handovers(seat=lin)) == []


def test_people_are_those_who_hold_a_post_now(term, chen, now):
    assert term.person in read.people(seat=chen)
    Term.objects.filter(pk=term.pk).update(ends_at=START)
    assert term.person not in read.people(seat=chen)


def test_posts_come_with_who_holds_them_now(term, chen, new):
    Term.objects.filter(pk=term.pk).update(ends_at=START - DAY)
    Term.objects.create(post=term.post, person=new, starts_at=START - DAY)
    found = {post.pk: post.current_terms for post in read.posts(seat=chen)}
    assert [t.person for t in found[term.post_id]] == [new]


def test_duties_in_force_are_listed_by_post(term, chen):
    assert read.duties_of_post(term.post, seat=chen).count() == 1
    Duty.objects.filter(post=term.post).update(valid_to=START)
    assert read.duties_of_post(term.post, seat=chen).count() == 0


def test_the_terms_of_a_post_are_read_newest_first_by_who_may(term, chen, new):
    Term.objects.filter(pk=term.pk).update(ends_at=START)
    Term.objects.create(post=term.post, person=new, starts_at=START)
    found = read.terms_of_post(term.post, seat=chen)
    assert [t.person.name for t in found] == ["新镇长", "陈"]
    other = Post.objects.filter(role="head", place__kind="county").exclude(pk=term.post.superior_id)
    by = seat_from(Term.objects.get(post=other.first()))
    refused("rights.denied", read.terms_of_post, post=term.post, seat=by)


def test_places_are_seen_and_found_within_ones_own(hexi, chen, lin):
    officer = seat_from(Term.objects.get(post__place=hexi, post__name="水利员"))
    assert all(p.path.startswith(hexi.path) for p in read.places(seat=officer))
    assert read.current_places(seat=lin).count() == 1 + 11 + 146 + 2135
    assert read.places(seat=lin).count() == 1 + 13 + 146 + 2135
    assert list(read.places(seat=NOBODY)) == []
    assert [t.key for t in read.find_places("和溪", seat=officer)][:1] == [hexi.code]
    assert read.find_places("龙海", seat=officer) == []
    assert read.find_places("和溪", seat=NOBODY) == []


def test_a_place_knows_its_town_and_its_label(hexi):
    village = Place.objects.filter(parent=hexi).first()
    assert (read.town_of(village), read.town_of(hexi.parent)) == (hexi, hexi.parent)
    assert read.place_label(hexi) == "南靖县 和溪镇"
    assert read.place_label(village) == f"和溪镇 {village.name}"


def test_a_second_post_may_be_held_by_the_same_person(empty, chen):
    person = Person.objects.get(pk=chen.person_id)
    start_term(post=empty, person=person, at=START - DAY, by=SYSTEM)
    seats = read.seats_of(person.user)
    assert read.chosen_of(seats, None).post_id == empty.pk
    assert read.chosen_of(seats, chen.post_id).post_id == chen.post_id
