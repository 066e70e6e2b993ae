"""Persons of the city: one record, sealed; found again, proposed, joined, parted, deleted."""

import random
from datetime import timedelta

import pytest
from judged import judge
from story import START, seat_of
from tuning import person as made
from tuning import queries, twin

from fangxian.ops.worker import Worker
from fangxian.spine.core import seal
from fangxian.spine.core.config import Config
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat
from fangxian.spine.people import read, write
from fangxian.spine.people.matching import Record, compare
from fangxian.spine.people.models import Deletion, Pair, Person
from fangxian.spine.reach.models import Delivery

NUMBER = "350627198001010019"
CHEN = Record(
    name="陈小明", sex="M", birth="1980-01-01", id_kind="idcard", id_number=NUMBER,
    phone="13800001234", address="和溪镇林坂村12号",
)  # fmt: skip


@pytest.fixture
def doctor(hexi):
    """Xu, whose work is with persons."""
    return seat_of("xu")


def enter(*rows, place, by=SYSTEM, **more):
    return write.enter_persons(rows, place=place, source="test", by=by, **more)


def test_who_it_is_lies_sealed_and_masked(hexi):
    (person,) = enter(CHEN, place=hexi)
    assert (person.name_masked, person.number_masked) == ("陈**", "350****19")
    for text in ("陈小明", NUMBER, "13800001234", "林坂村"):
        assert text.encode() not in bytes(person.identity_sealed)
        assert not Event.objects.filter(after__icontains=text).exists()
        assert not Event.objects.filter(reason__icontains=text).exists()
    keys = set(person.match_keys.values_list("key", flat=True))
    assert keys
    assert not any(NUMBER in key or key[-4:] == "1234" for key in keys)


def test_the_same_table_twice_makes_nobody_twice(hexi):
    first = enter(CHEN, place=hexi)
    again = enter(CHEN, place=hexi)
    assert [p.pk for p in again] == [p.pk for p in first]
    assert Person.objects.count() == 1


def test_somebody_likely_is_proposed_with_reasons_never_joined(hexi):
    enter(CHEN, place=hexi)
    like = Record(name="陈晓明", birth="1980-01-01", phone="13800001234")
    (other,) = enter(like, place=hexi)
    pair = Pair.objects.get(other=other)
    assert (pair.state, ["姓名同音", "names sound the same"] in pair.reasons) == ("proposed", True)
    assert Person.objects.filter(merged_into=None).count() == 2


def test_a_join_can_be_parted_and_is_remembered(hexi, doctor):
    (one,) = enter(CHEN, place=hexi)
    (other,) = enter(Record(name="陳小明", birth="1980-01-01"), place=hexi)
    pair = Pair.objects.get()
    assert write.join(pair=pair, by=doctor).pk == one.pk
    other.refresh_from_db()
    assert read.speaking_for(other).pk == one.pk
    assert read.persons(seat=doctor).count() == 1
    write.part(pair=pair, by=doctor, reason="父子同名")
    other.refresh_from_db()
    assert other.merged_into is None
    assert read.open_pairs(seat=doctor).count() == 0


def test_twins_and_namesakes_are_two_persons():
    rng = random.Random(3)
    for _ in range(200):
        one = made(rng)
        assert compare(one, twin(one, rng)).score < 7
        later = f"{int(one.birth[:4]) + 13}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}"
        assert compare(one, Record(name=one.name, sex=one.sex, birth=later)).score < 7


def test_damaged_records_are_found_again():
    rng = random.Random(11)
    register = [made(rng) for _ in range(6000)]
    told = judge(register, queries(register, 800, 12))
    assert told.recall >= 0.99, told.missed[:3]
    assert told.precision >= 0.995, told.wrong[:3]


def test_the_database_finds_whom_the_rules_find(hexi):
    rng = random.Random(5)
    register = [made(rng) for _ in range(300)]
    people = enter(*register, place=hexi)
    asked = queries(register, 60, 6)
    found = read.look_for([query for query, _ in asked])
    told = judge(register, asked)
    right = sum(
        clear and truth >= 0 and likely[0].person.pk == people[truth].pk
        for (_, truth), (likely, clear) in zip(asked, found, strict=True)
    )
    assert right == told.found


def test_nobody_is_seen_without_place_clearance_and_purpose(hexi, doctor, chen):
    (person,) = enter(CHEN, place=hexi)
    elsewhere = hexi.parent.parent.children.exclude(pk=hexi.parent_id).first()
    other = Seat(2, doctor.post_id, "外县", "epidemiologist", elsewhere.path, "county")
    for seat in (chen, other):
        with pytest.raises(Problem) as refused:
            write.reveal([person], purpose="流调", seat=seat)
        assert refused.value.code == "rights.denied"
    with pytest.raises(Problem) as refused:
        write.reveal([person], purpose=" ", seat=doctor)
    assert refused.value.code == "input.reason_missing"
    assert write.reveal([person], purpose="流调", seat=doctor)[0].record == CHEN
    event = Event.objects.get(kind="persons.read")
    assert (event.actor, event.reason, event.subject_id) == (doctor.label, "流调", str(person.pk))


def test_a_broken_glass_shows_for_three_hours_is_told_and_is_looked_at(hexi, guan, lin, now):
    (person,) = enter(CHEN, place=hexi)
    assert not read.may_see(person, seat=lin)
    glass = write.break_glass(person=person, reason="走失老人", by=lin)
    Worker().settle()
    told = Delivery.objects.get(message__subject_kind="glass")
    assert (told.person.name, "陈小明" in told.message.text) == ("陈", False)  # Hexi's head
    assert read.may_see(person, seat=lin)
    assert [g.pk for g in read.glasses_to_review(seat=guan)] == [glass.pk]
    now.at += timedelta(hours=3, minutes=1)
    assert not read.may_see(person, seat=lin)
    write.review_glass(glass=glass, by=guan)
    assert not read.glasses_to_review(seat=guan).exists()


def test_a_record_goes_when_its_time_is_over_unless_it_is_held(hexi, guan, now):
    kept, gone = enter(CHEN, made(random.Random(1)), place=hexi, retention="arrival")
    write.hold(person=kept, reason="诉讼", by=SYSTEM)
    now.at = START + timedelta(days=59)
    assert list(read.expired(now.at, seat=guan)) == []
    now.at = START + timedelta(days=61)
    assert list(read.expired(now.at, seat=guan)) == [gone]
    proofs = write.delete_expired(by=guan)
    assert Person.objects.get().pk == kept.pk
    assert Deletion.objects.get().digest == proofs[0].digest


def test_a_record_joined_to_one_that_is_held_or_younger_stays(hexi, guan, doctor, now):
    (_one,) = enter(CHEN, place=hexi, retention="arrival")
    (other,) = enter(Record(name="陳小明", birth="1980-01-01"), place=hexi, retention="arrival")
    write.join(pair=Pair.objects.get(), by=doctor)
    write.hold(person=other, reason="诉讼", by=SYSTEM)
    now.at = START + timedelta(days=61)
    assert list(read.expired(now.at, seat=guan)) == []
    write.hold(person=other, reason="", by=SYSTEM)
    assert len(write.delete_expired(by=guan)) == 2  # a proof of each
    assert not Person.objects.exists()


def test_looking_at_somebody_keeps_his_record_no_longer(hexi, guan, doctor, now):
    (person,) = enter(CHEN, place=hexi, retention="arrival")
    now.at = START + timedelta(days=59)
    write.reveal([person], purpose="流调", seat=doctor)
    now.at = START + timedelta(days=61)
    assert list(read.expired(now.at, seat=guan)) == [person]


def test_who_lives_together_and_needs_help_is_known(hexi, doctor):
    one, other = enter(CHEN, Record(name="陈小红", phone="13800001234"), place=hexi)
    for person in (one, other):
        write.describe(person=person, needs=["mobility"], household="0012", by=doctor)
    assert list(read.household_of(one)) == [other]
    assert b"mobility" not in bytes(one.needs_sealed)
    assert write.reveal([one], purpose="转移", seat=doctor)[0].needs == ("mobility",)
    with pytest.raises(Problem) as refused:
        write.describe(person=one, needs=["flying"], by=doctor)
    assert refused.value.code == "input.invalid"


def test_an_office_holder_is_linked_once(hexi, doctor):
    one, other = enter(CHEN, Record(name="陈小红", phone="13900001234"), place=hexi)
    write.link_office_holder(person=one, code="R00001", by=doctor)
    with pytest.raises(Problem) as refused:
        write.link_office_holder(person=other, code="R00001", by=doctor)
    assert refused.value.code == "input.invalid"


def test_the_log_tells_a_citizen_from_an_office_holder(hexi, doctor):
    from fangxian.spine.core.events import history
    from fangxian.spine.registry.models import Person as OfficeHolder

    (person,) = enter(CHEN, place=hexi)
    write.reveal([person], purpose="流调", seat=doctor)
    same = OfficeHolder(pk=person.pk)
    assert history(person).filter(kind="persons.read").count() == 1
    assert history(same).filter(kind="persons.read").count() == 0


def test_a_new_key_opens_what_the_old_one_sealed(hexi, tmp_path, monkeypatch):
    own = Config(data_dir=tmp_path)
    monkeypatch.setattr(seal, "config", lambda: own)
    (person,) = enter(CHEN, place=hexi)
    before = bytes(person.identity_sealed)
    own.change_key()
    assert read.record_of(person) == CHEN
    assert seal.reseal(by=SYSTEM)[0] == 1
    assert read.look_for([CHEN])[0][1]  # he is found by the new key
    person.refresh_from_db()
    assert bytes(person.identity_sealed)[:8] != before[:8]
    (tmp_path / "secret.old").unlink()
    own.__dict__.pop("old_keys", None)
    assert read.record_of(person) == CHEN


def test_what_was_sealed_by_a_key_that_is_gone_says_so(hexi):
    with pytest.raises(seal.UnopenedError) as refused:
        seal.unseal(b"00000000.xyz", purpose="x")
    assert refused.value.code == "seal.no_key"


def test_records_of_another_hand_are_found():
    from truth import make

    register, arrivals, truth = make(4000, 42, queries=500)
    people = [Record(**row) for row in register]
    told = judge(people, [(Record(**row), k) for row, k in zip(arrivals, truth, strict=True)])
    assert told.recall >= 0.985, told.missed[:3]
    assert told.precision >= 0.99, told.wrong[:3]
