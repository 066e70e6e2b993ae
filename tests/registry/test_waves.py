"""A change of many office-holders: no minute unowned, whatever is signed or not, in any order."""

import random
from datetime import timedelta

import pytest
from story import START

from fangxian.spine.core import clock
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.queue import sweep_due
from fangxian.spine.core.rights import Seat
from fangxian.spine.registry.models import (
    Duty,
    Organisation,
    Person,
    Place,
    Post,
    Term,
    Wave,
    WaveChange,
)
from fangxian.spine.registry.prove import prove
from fangxian.spine.registry.read import holder, seats_of_person
from fangxian.spine.registry.waves import (
    carry_wave,
    merge_organisation,
    open_wave,
    person_gone,
    prove_wave,
    withdraw_wave,
)
from fangxian.spine.registry.write import add_person, sign_handover

DAY = timedelta(days=1)


def a_wave(*posts, successors=(), at=START + 30 * DAY, leaves=True):
    wave = Wave.objects.create(name="2016 换届", at=at)
    for k, post in enumerate(posts):
        follows = successors[k] if k < len(successors) else None
        WaveChange.objects.create(wave=wave, post=post, successor=follows, leaves=leaves)
    return wave


def the_day(wave, now):
    now.at = wave.at + timedelta(minutes=1)
    sweep_due()
    carry_wave(Event.objects.filter(kind="wave.due").last())


@pytest.fixture
def head(city):
    return Post.objects.get(terms__person__name="陈")


def signer(person, post):
    return Seat(person.pk, post.pk, person.name, "head", post.place.path)


def sign(handover, side, by):
    return sign_handover(handover=handover, side=side, by=by)


def test_what_both_signed_before_passes_on_the_day_and_not_before(head, guan, now):
    old, new = holder(head), add_person(name="新", phone="13800001234", by=guan)
    wave = a_wave(head, successors=[new])
    (handover,) = open_wave(wave=wave, items_of=lambda post: [], by=guan)
    sign(handover, "old", seats_of_person(old)[0])
    sign(handover, "new", signer(new, head))
    assert holder(head) == old
    assert holder(head, wave.at) == new
    the_day(wave, now)
    assert WaveChange.objects.get().outcome == "passed"


def test_who_leaves_unsigned_is_followed_by_his_superior_until_the_hand_over(head, guan, now):
    new = add_person(name="新", phone="13800001234", by=guan)
    wave = a_wave(head, successors=[new])
    open_wave(wave=wave, items_of=lambda post: [], by=guan)
    the_day(wave, now)
    change = WaveChange.objects.get()
    assert change.outcome == "interim"
    assert holder(head) == holder(head.superior)
    now.at += timedelta(minutes=9)
    keeper = next(s for s in seats_of_person(holder(head)) if s.post_id == head.superior_id)
    sign(change.handover, "old", keeper)
    sign(change.handover, "new", signer(new, head))
    assert holder(head) == new


def test_who_stays_until_he_has_signed_stays(head, guan, now):
    wave = a_wave(head, successors=[add_person(name="新", phone="", by=guan)], leaves=False)
    open_wave(wave=wave, items_of=lambda post: [], by=guan)
    old = holder(head)
    the_day(wave, now)
    assert holder(head) == old
    assert WaveChange.objects.get().outcome == "stays"


def test_a_wave_that_leaves_a_post_to_nobody_is_refused_and_says_which(city, guan):
    top = Post.objects.filter(superior=None).first()
    wave = a_wave(top)
    assert [c.post for c in prove_wave(wave).lacking] == [top]
    with pytest.raises(Problem) as refused:
        open_wave(wave=wave, items_of=lambda post: [], by=guan)
    assert refused.value.code == "wave.nobody"
    assert str(top) in refused.value.text("zh")


def test_a_wave_that_is_withdrawn_changes_nothing(head, guan, now):
    new = add_person(name="新", phone="", by=guan)
    wave, old = a_wave(head, successors=[new]), holder(head)
    open_wave(wave=wave, items_of=lambda post: [], by=guan)
    withdraw_wave(wave=wave, by=guan, reason="延期")
    now.at = wave.at + DAY
    assert sweep_due() == 0
    assert holder(head) == old


def minutes_unowned(since, until):
    """The slow way: every duty at every tenth minute and at every edge of a term."""
    edges = {since, until - timedelta(minutes=1)}
    edges |= set(Term.objects.filter(starts_at__gte=since).values_list("starts_at", flat=True))
    ends = Term.objects.filter(ends_at__gte=since, ends_at__lt=until)
    edges |= set(ends.values_list("ends_at", flat=True))
    terms = {}
    for term in Term.objects.all():
        terms.setdefault(term.post_id, []).append((term.starts_at, term.ends_at))
    found = 0
    for duty in Duty.objects.exclude(post=None):
        for at in edges:
            if not since <= at < until or (duty.valid_from and at < duty.valid_from):
                continue
            held = any(a <= at and (b is None or at < b) for a, b in terms.get(duty.post_id, ()))
            found += not held
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_thirty_of_a_hundred_holders_change_and_no_minute_is_unowned(city, now, guan, seed):
    rng = random.Random(seed)
    county = Place.objects.get(name="南靖县")
    posts = list(
        Post.objects.filter(place__path__startswith=county.path).select_related("superior")
    )
    chosen = rng.sample(posts, round(len(posts) * 0.3))
    people = [Person(code=f"W{k}", name=f"新{k}") for k in range(len(chosen))]
    Person.objects.bulk_create(people)
    rng.shuffle(people)
    wave = Wave.objects.create(name="换届", at=START + 20 * DAY)
    WaveChange.objects.bulk_create(
        WaveChange(
            wave=wave,
            post=post,
            successor=rng.choice([people[k], people[k], None]),
            leaves=rng.random() < 0.7,
        )
        for k, post in enumerate(chosen)
    )
    assert prove_wave(wave).lacking == []
    handovers = open_wave(wave=wave, items_of=lambda post: [], by=guan)
    rng.shuffle(handovers)
    for handover in handovers:
        now.at += timedelta(minutes=rng.randint(0, 60))
        if rng.random() < 0.5:
            sign(handover, "old", signer(handover.term.person, handover.term.post))
            if rng.random() < 0.8:
                sign(handover, "new", signer(handover.successor, handover.term.post))
        elif rng.random() < 0.1:
            person_gone(person=handover.term.person, reason="病故", by=guan)
    the_day(wave, now)
    window = {"since": START - DAY, "until": wave.at + 30 * DAY}
    proof = prove(**window, planned=True, within=county.path)
    assert proof.gaps == []
    assert minutes_unowned(**window) == 0
    outcomes = set(WaveChange.objects.values_list("outcome", flat=True))
    assert {"passed", "interim", "stays"} <= outcomes


def test_a_holder_who_dies_is_followed_by_his_superior_at_once(head, guan):
    dead = holder(head)
    (interim,) = person_gone(person=dead, reason="因公殉职", by=guan)
    assert (interim.kind, holder(head)) == ("interim", holder(head.superior))
    event = Event.objects.get(kind="person.gone")
    assert (event.reason, event.actor) == ("因公殉职", guan.label)
    assert prove(since=START - DAY, until=START + DAY, planned=True).gaps == []


def test_a_superior_who_leaves_in_the_same_wave_keeps_nothing(head, guan, now):
    above = head.superior
    wave = a_wave(head, above)
    open_wave(wave=wave, items_of=lambda post: [], by=guan)
    gone = {holder(head).pk, holder(above).pk}
    the_day(wave, now)
    assert holder(head) == holder(above) == holder(above.superior)
    assert holder(head).pk not in gone


def test_a_department_that_is_merged_leaves_no_duty_behind(city, guan):
    old = Organisation.objects.get(name="漳州市水利局")
    into = Organisation.objects.get(name="漳州市市场监管局")
    n = Duty.objects.filter(post__organisation=old, valid_to=None).count()
    assert n > 0
    assert merge_organisation(old=old, into=into, by=guan, reason="机构改革") == n
    assert not Duty.objects.filter(post__organisation=old, valid_to=None).exists()
    assert not Term.objects.filter(post__organisation=old, ends_at=None).exists()
    assert prove(since=START - DAY, until=clock.now() + DAY, planned=True).gaps == []
