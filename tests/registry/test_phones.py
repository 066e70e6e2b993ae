"""One form of a number; who cannot be reached is a gap; a change of office is known before."""

from datetime import timedelta

import pytest
from story import START

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.duties import without_duty, without_phone
from fangxian.spine.registry.models import Duty, Person, Post
from fangxian.spine.registry.phones import one_phone
from fangxian.spine.registry.read import holder
from fangxian.spine.registry.write import add_person, start_term


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("199-0000-0001", "19900000001"),
        ("+86 19900000001", "19900000001"),
        ("0086 199 0000 0001", "19900000001"),
        ("8619900000001", "19900000001"),
        ("１９９０００００００１", "19900000001"),
        ("0596-2020000", "05962020000"),
        ("0596-2020000转8", "05962020000转8"),
        ("0596-2020000 ext. 8", "05962020000转8"),
        ("+852 9123 4567", "+85291234567"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_a_number_is_brought_to_one_form(text, kept):
    assert one_phone(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "1990000",
        "19900000001/19900000002",
        "12900000001",
        "199000000012",
        "电话",
        "19900000001或办公室",
    ],
)
def test_what_is_no_number_is_refused_by_field(text):
    with pytest.raises(Problem) as told:
        one_phone(text)
    assert (told.value.code, told.value.fields["field"]) == ("input.invalid", "phone")


@pytest.mark.django_db
def test_a_holder_without_a_number_is_a_gap(chen):
    assert list(without_phone(START)) == []
    Person.objects.filter(pk=chen.person_id).update(phone_masked="****")
    [told] = without_phone(START)
    assert (told.subject_id, told.fields["n"] > 0) == (str(chen.post_id), True)
    assert told.owner_id == Post.objects.get(pk=chen.post_id).superior_id


@pytest.mark.django_db
def test_places_without_anybody_are_one_gap_by_what_is_above(hexi):
    before = {u.subject_id: u.fields["n"] for u in without_duty(START)}
    Duty.objects.filter(thing_kind="place", thing_id=hexi.code).update(valid_to=START)
    after = {u.subject_id: u.fields["n"] for u in without_duty(START)}
    assert after[hexi.parent.code] == before.get(hexi.parent.code, 0) + 1


@pytest.mark.django_db
def test_a_change_to_come_closes_the_old_term_in_the_same_act(chen):
    post, old = Post.objects.get(pk=chen.post_id), Person.objects.get(pk=chen.person_id)
    new = add_person(name="新任", phone="19900009999", by=SYSTEM)
    day = START + timedelta(days=20)
    start_term(post=post, person=new, at=day, by=SYSTEM)
    assert holder(post, day - timedelta(microseconds=1)) == old
    assert holder(post, day) == new
    with pytest.raises(Problem) as told:
        start_term(
            post=post,
            person=old,
            at=day + timedelta(days=1),
            until=day + timedelta(days=3),
            by=SYSTEM,
        )
    assert told.value.code == "term.overlap"


@pytest.mark.django_db
def test_who_holds_it_now_is_not_put_out_by_a_start_today(chen):
    post = Post.objects.get(pk=chen.post_id)
    new = add_person(name="新任", phone="", by=SYSTEM)
    with pytest.raises(Problem):
        start_term(post=post, person=new, at=START, by=SYSTEM)
