"""Attack on changes of office."""

from datetime import timedelta

import pytest
from story import START
from test_waves import a_wave, the_day

from fangxian.spine.core import clock
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat
from fangxian.spine.cover import sites as site_cover
from fangxian.spine.registry.models import (
    Duty,
    Handover,
    Organisation,
    Place,
    Post,
    Term,
    WaveChange,
)
from fangxian.spine.registry.prove import prove
from fangxian.spine.registry.read import holder, seats_of_person
from fangxian.spine.registry.waves import (
    merge_organisation,
    open_wave,
    person_gone,
    withdraw_wave,
)
from fangxian.spine.registry.write import (
    add_person,
    open_handover,
    sign_handover,
    start_term,
    succeed,
)

DAY = timedelta(days=1)


@pytest.fixture
def head(city):
    return Post.objects.get(terms__person__name="陈")


def signer(person, post):
    return Seat(person.pk, post.pk, person.name, "head", post.place.path)


def new(guan, name="新"):
    return add_person(name=name, phone="13800001234", by=guan)


def gaps(days=60):
    return prove(since=START, until=START + days * DAY, planned=True).gaps


@pytest.fixture
def strange(guan, head):
    """The administrator of another county than the head's."""
    county = (
        Place.objects.filter(kind="county", successor=None)
        .exclude(pk=head.place.ancestor("county").pk)
        .first()
    )
    return Seat(None, None, "别县管理员", "administrator", county.path, "county")


def test_a_successor_who_dies_before_his_day_leaves_no_gap(head, guan):
    later = new(guan)
    succeed(post=head, person=later, at=START + 10 * DAY, by=guan)
    person_gone(person=later, reason="病故", by=guan)
    assert gaps() == []


def test_a_successor_who_signed_and_dies_before_the_day_of_the_wave_leaves_no_gap(head, guan):
    later = new(guan)
    wave = a_wave(head, successors=[later])
    (handover,) = open_wave(wave=wave, items_of=lambda post: [], by=guan)
    sign_handover(handover=handover, side="old", by=seats_of_person(holder(head))[0])
    sign_handover(handover=handover, side="new", by=signer(later, head))
    person_gone(person=later, reason="病故", by=guan)
    assert gaps() == []


def test_a_holder_whose_follower_is_planned_can_die(head, guan):
    later = new(guan)
    succeed(post=head, person=later, at=START + 10 * DAY, by=guan)
    person_gone(person=holder(head), reason="病故", by=guan)
    assert holder(head) == holder(head.superior)
    assert holder(head, START + 11 * DAY) == later


def test_a_wave_with_one_post_whose_follower_is_planned_is_carried(head, guan, now):
    wave = a_wave(head)
    open_wave(wave=wave, items_of=lambda post: [], by=guan)
    succeed(post=head, person=new(guan), at=wave.at + 10 * DAY, by=guan)
    the_day(wave, now)
    assert WaveChange.objects.get().outcome


def test_a_handover_signed_for_one_does_not_pass_to_another(head, guan):
    one, two = new(guan, "甲"), new(guan, "乙")
    term = head.terms.get(ends_at=None)
    handover = open_handover(term=term, successor=one, items=[], by=guan)
    sign_handover(handover=handover, side="old", by=seats_of_person(holder(head))[0])
    wave = a_wave(head, successors=[two])
    (handover,) = open_wave(wave=wave, items_of=lambda post: [], by=guan)
    assert handover.old_signed_at is None


def test_a_new_signature_of_another_is_none_of_mine(head, guan):
    one, two = new(guan, "甲"), new(guan, "乙")
    term = head.terms.get(ends_at=None)
    handover = open_handover(term=term, successor=one, items=[], by=guan)
    sign_handover(handover=handover, side="new", by=signer(one, head))
    handover = open_handover(term=term, successor=two, items=[], by=guan)
    sign_handover(handover=handover, side="old", by=seats_of_person(holder(head))[0])
    assert holder(head) != two


def test_a_holder_who_is_gone_leaves_no_handover_that_cannot_be_signed(head, guan):
    later = new(guan)
    open_handover(term=head.terms.get(ends_at=None), successor=later, items=[], by=guan)
    person_gone(person=holder(head), reason="病故", by=guan)
    still = Handover.objects.filter(passed_at=None, term__ends_at__isnull=False)
    assert not still.exists()


def test_the_successor_of_one_who_is_gone_can_still_take_over(head, guan, now):
    later = new(guan)
    handover = open_handover(term=head.terms.get(ends_at=None), successor=later, items=[], by=guan)
    person_gone(person=holder(head), reason="病故", by=guan)
    now.at += DAY
    sign_handover(handover=handover, side="old", by=guan, reason="病故")
    sign_handover(handover=handover, side="new", by=signer(later, head))
    assert holder(head) == later


def test_another_countys_administrator_does_not_cancel_a_wave(head, guan, strange):
    wave = a_wave(head, successors=[new(guan)])
    open_wave(wave=wave, items_of=lambda post: [], by=guan)
    with pytest.raises(Problem):
        withdraw_wave(wave=wave, by=strange, reason="x")


def test_another_countys_administrator_does_not_open_a_wave(head, strange):
    with pytest.raises(Problem):
        open_wave(wave=a_wave(head), items_of=lambda post: [], by=strange)


def test_another_countys_administrator_does_not_declare_somebody_gone(head, guan, strange):
    later = new(guan)
    succeed(post=head, person=later, at=START + 10 * DAY, by=guan)
    with pytest.raises(Problem):
        person_gone(person=later, reason="x", by=strange)


def test_who_leads_without_a_superior_and_dies_leaves_his_other_posts_to_others(head, guan):
    top = Post.objects.filter(superior=None, terms__ends_at=None).first()
    person = holder(top)
    Term.objects.filter(post=head).delete()
    start_term(post=head, person=person, at=START - DAY, by=guan)
    person_gone(person=person, reason="病故", by=guan)
    assert holder(head) != person


def test_a_post_below_that_takes_over_its_superior_is_not_its_own_superior(city, guan):
    below = (
        Post.objects.exclude(superior=None)
        .exclude(superior__organisation=None)
        .select_related("superior__organisation", "organisation")
        .first()
    )
    for below in Post.objects.exclude(superior=None).select_related(
        "superior__organisation", "organisation"
    ):
        if (
            below.organisation_id != below.superior.organisation_id
            and below == below.organisation.post_set.order_by("pk").first()
        ):
            break
    merge_organisation(
        old=below.superior.organisation, into=below.organisation, by=guan, reason="机构改革"
    )
    below.refresh_from_db()
    assert not Post.objects.filter(superior=below, pk=below.pk).exists()


def test_a_duty_that_begins_tomorrow_is_merged_too(city, guan):
    old = Organisation.objects.get(name="漳州市水利局")
    into = Organisation.objects.get(name="漳州市市场监管局")
    duty = Duty.objects.filter(post__organisation=old, valid_to=None).first()
    Duty.objects.create(
        thing_kind=duty.thing_kind,
        thing_id="明天",
        thing_name="明天",
        place=duty.place,
        role=duty.role,
        post=duty.post,
        valid_from=START + DAY,
    )
    merge_organisation(old=old, into=into, by=guan, reason="机构改革")
    assert gaps() == []


def test_who_takes_over_tomorrow_does_not_sit_in_a_merged_organisation(city, guan):
    old = Organisation.objects.get(name="漳州市水利局")
    into = Organisation.objects.get(name="漳州市市场监管局")
    post = old.post_set.filter(terms__ends_at=None).first()
    succeed(post=post, person=new(guan), at=START + 10 * DAY, by=guan)
    merge_organisation(old=old, into=into, by=guan, reason="机构改革")
    assert holder(post, START + 11 * DAY) is None


def test_a_wave_of_another_place_tells_no_posts_of_it(client, guan, head, chen):
    from django.contrib.auth import get_user_model

    Post.objects.filter(place__kind="city").exclude(superior=None).first()
    top = Post.objects.filter(superior=None, terms__ends_at=None).first()
    wave = a_wave(top)
    client.force_login(get_user_model().objects.get(username="chen"))
    page = client.get(f"/waves/{wave.pk}")
    assert page.status_code == 404 or str(top) not in page.content.decode()


def test_who_is_gone_and_is_followed_by_nobody_is_a_gap_until_somebody_is_appointed(head, guan):
    top = Post.objects.filter(superior=None, terms__ends_at=None).first()
    person = holder(top)
    person_gone(person=person, reason="病故", by=guan)
    told = Event.objects.filter(kind="person.gone").last().after
    assert str(top) in told["kept"]
    gone = [found for found in site_cover.gone(clock.now()) if found.fields["post"] == str(top)]
    assert len(gone) == 1
    succeed(post=top, person=new(guan), at=clock.now(), by=guan)
    assert list(site_cover.gone(clock.now())) == []
