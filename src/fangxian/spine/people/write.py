"""Services of people, the only writers of its tables. Nothing personal goes into events or logs."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, Named, named, record, record_many
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.seal import Sealed, declare_sealed, seal
from fangxian.spine.core.steps import move
from fangxian.spine.registry.models import Person as OfficeHolder
from fangxian.spine.registry.models import Place

from .matching import CLEAR, Evidence, Record, compare
from .models import PAIR, Deletion, Glass, Household, MatchKey, Pair, Person
from .read import (
    IDENTITY,
    NEEDS,
    expired,
    key_of,
    look_for,
    masked,
    may_see,
    needs_of,
    record_of,
    speaking_for,
)
from .rules import glass_open_for, kept_for
from .rules import needs as known_needs


def _find_by(person: Person, text: str) -> None:
    """What somebody is found by, made anew."""
    keys = Record(**json.loads(text)).keys
    MatchKey.objects.filter(person=person).delete()
    MatchKey.objects.bulk_create(MatchKey(key=key_of(key), person=person) for key in keys)


HOME = "household"
declare_sealed(
    Sealed(Person, "identity_sealed", IDENTITY, _find_by),
    Sealed(Person, "needs_sealed", NEEDS),
    Sealed(Household, "address_sealed", HOME),
)
SURE = 18.0  # the same number and nothing against it: met again, not another person


@transaction.atomic
def enter_persons(
    rows: Sequence[Record],
    *,
    place: Place,
    source: str,
    by: Seat,
    retention: str = "general",
) -> list[Person]:
    """The record of each of ``rows``: one that is there already where the very number and nothing
    against it say so, else a new one. Whoever else it may be is proposed, never joined in silence.
    The same table twice makes nobody twice."""
    require(by, "people.write", place=place.path)
    if retention not in kept_for(clock.now()):
        raise Problem("input.invalid", field="retention", why=retention)
    found = look_for(rows)
    now = clock.now()
    people: list[Person] = []
    pairs: list[tuple[Person, Person, Evidence]] = []
    new: list[tuple[Person, Record, int]] = []
    here: dict[str, tuple[Person, Record]] = {}  # numbers of this very table
    for n, (one, (likely, _)) in enumerate(zip(rows, found, strict=True)):
        known = likely[0] if likely else None
        sure = known is not None and bool(one.number) and known.evidence.score >= SURE
        if known and sure and _same_number(one, known.person):
            people.append(known.person)
            continue
        twin = here.get(one.number) if one.number else None
        if twin and compare(one, twin[1]).score >= SURE:
            people.append(twin[0])
            continue
        person = _made(one, place=place, source=source, retention=retention)
        people.append(person)
        new.append((person, one, n))
        if twin:
            pairs.append((twin[0], person, compare(one, twin[1])))
        here.setdefault(one.number, (person, one))
    Person.objects.bulk_create([person for person, _, _ in new])
    keys = [MatchKey(key=key_of(key), person=person) for person, one, _ in new for key in one.keys]
    MatchKey.objects.bulk_create(keys, batch_size=2000)
    _propose([(person, found[n][0]) for person, _, n in new])
    Pair.objects.bulk_create(_pair(one, other, evidence) for one, other, evidence in pairs)
    met = [p.pk for p in people if p.pk not in {person.pk for person, _, _ in new}]
    Person.objects.filter(pk__in=met).update(last_used_at=now)
    told = {"new": len(new), "met": len(people) - len(new), "source": source}
    record_many([Entry("persons.entered", Named("place", place.code), None, told)], by=by)
    return people


def _same_number(one: Record, person: Person) -> bool:
    return record_of(person).number == one.number


def _made(one: Record, *, place: Place, source: str, retention: str) -> Person:
    now = clock.now()
    return Person(
        place=place,
        identity_sealed=_sealed(one),
        source=source[:120],
        retention=retention,
        added_at=now,
        last_used_at=now,
        **masked(one),
    )


def _sealed(one: Record) -> bytes:
    return seal(json.dumps(asdict(one), ensure_ascii=False), purpose=IDENTITY)


def _pair(one: Person, other: Person, evidence: Evidence) -> Pair:
    return Pair(
        one=one,
        other=other,
        score=round(evidence.score, 2),
        reasons=[list(words) for words in evidence.reasons],
        proposed_at=clock.now(),
    )


def _propose(found: Iterable[tuple[Person, list]]) -> None:  # type: ignore[type-arg]
    """The likeliest of each, and those that are nearly as likely."""
    rows = []
    for person, likely in found:
        for row in likely[:5]:
            if row.evidence.score < likely[0].evidence.score - CLEAR:
                break
            rows.append(_pair(row.person, person, row.evidence))
    Pair.objects.bulk_create(rows)


@transaction.atomic
def join(*, pair: Pair, by: Seat) -> Person:
    """Say that two records are one person: the older speaks for both, the other keeps what it has
    and can be parted again. Returns the one that speaks."""
    place = pair.one.place.path
    move(
        pair,
        "join",
        machine=PAIR,
        by=by,
        place=place,
        decided_at=clock.now(),
        decided_by=by.label,
    )
    one, other = speaking_for(pair.one), speaking_for(pair.other)
    if one.pk != other.pk:
        Person.objects.filter(pk=other.pk).update(merged_into=one)
    return one


@transaction.atomic
def part(*, pair: Pair, by: Seat, reason: str = "") -> None:
    """Say that two records are two persons; it is remembered. A join is taken back."""
    move(
        pair,
        "part",
        machine=PAIR,
        by=by,
        place=pair.one.place.path,
        reason=reason,
        decided_at=clock.now(),
        decided_by=by.label,
    )
    Person.objects.filter(pk=pair.other_id, merged_into=pair.one_id).update(merged_into=None)


@transaction.atomic
def correct(*, person: Person, record_now: Record, by: Seat, reason: str) -> Person:
    """Another name, number, phone or address; what he is found by follows. Events say which fields
    changed and nothing of what they say."""
    require(by, "people.write", place=person.place.path)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    before, after = asdict(record_of(person)), asdict(record_now)
    changed = sorted(name for name in after if before[name] != after[name])
    rows = {"identity_sealed": _sealed(record_now), "last_used_at": clock.now()}
    Person.objects.filter(pk=person.pk).update(**rows, **masked(record_now))
    _find_by(person, json.dumps(after, ensure_ascii=False))
    record("person.changed", subject=person, by=by, after={"fields": changed}, reason=reason)
    person.refresh_from_db()
    return person


@dataclass(frozen=True, slots=True)
class Known:
    """Who somebody is, in clear, and what help he needs."""

    record: Record
    needs: tuple[str, ...]


@transaction.atomic
def reveal(people: Iterable[Person], *, purpose: str, seat: Seat) -> list[Known]:
    """Who they are. Who looked, when and what for is recorded for each of them; looking keeps no
    record longer.

    Raises ``input.reason_missing`` without a purpose and ``rights.denied`` for any of them that
    the seat may not see."""
    people = list(people)
    if not purpose.strip():
        raise Problem("input.reason_missing", field="purpose")
    for person in people:
        if not may_see(person, seat=seat):
            require(seat, "people.reveal", place=person.place.path, sensitivity=2)
    entries = [Entry("persons.read", named(p), None, None, purpose.strip()[:200]) for p in people]
    record_many(entries, by=seat)
    return [Known(record_of(person), needs_of(person)) for person in people]


@transaction.atomic
def describe(
    *,
    person: Person,
    by: Seat,
    language: str = "",
    needs: Sequence[str] = (),
    household: str = "",
) -> Person:
    """What language somebody speaks, what help he needs, and with whom he lives (the village's
    number of the household, at his place); what is empty stays as it is. Raises ``input.invalid``
    for a kind of help that is not known."""
    require(by, "people.write", place=person.place.path)
    known = known_needs(clock.now())
    strange = [need for need in needs if need not in known]
    if strange:
        why = f"{strange[0]}；有 {'、'.join(zh for zh, _ in known.values())}"
        raise Problem("input.invalid", field="needs", why=why)
    changes: dict[str, object] = {}
    if language:
        changes["language"] = language[:20]
    if needs:
        changes["needs_sealed"] = seal(json.dumps(sorted(needs)), purpose=NEEDS)
    if household:
        home, made = Household.objects.get_or_create(place=person.place, code=household[:40])
        address = record_of(person).address
        if made and address:
            home.address_sealed = seal(address, purpose=HOME)
            home.save(update_fields=["address_sealed"])
        changes["household"] = home
    Person.objects.filter(pk=person.pk).update(**changes)
    record("person.described", subject=person, by=by, after={"fields": sorted(changes)})
    person.refresh_from_db()
    return person


@transaction.atomic
def link_office_holder(*, person: Person, code: str, by: Seat) -> Person:
    """Say that somebody is the office-holder of a staff number: one link, and two records that stay
    apart. Raises ``not_found``, ``input.invalid`` where the office-holder is linked already."""
    require(by, "people.write", place=person.place.path)
    holder = OfficeHolder.objects.filter(code=code.strip()).exclude(code="").first()
    if holder is None:
        raise Problem("not_found", what=f"任职人员 {code}")
    if Person.objects.filter(office_holder=holder).exclude(pk=person.pk).exists():
        raise Problem("input.invalid", field="code", why=f"{code} 已与他人关联 / is linked already")
    Person.objects.filter(pk=person.pk).update(office_holder=holder)
    record("person.linked", subject=person, by=by, after={"office_holder": holder.code})
    person.refresh_from_db()
    return person


@transaction.atomic
def break_glass(*, person: Person, reason: str, by: Seat) -> Glass:
    """See for some hours who this is though it is not one's own: with a reason, told to whoever
    answers for the place (``glass.broken`` causes it), and looked at afterwards."""
    require(by, "people.break_glass", place=person.place.path)
    if by.post_id is None:
        raise Problem("rights.no_seat")
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    now = clock.now()
    glass = Glass.objects.create(
        person=person,
        post_id=by.post_id,
        by=by.label,
        reason=reason.strip()[:200],
        from_at=now,
        until=now + glass_open_for(now),
    )
    told = {"until": glass.until, "glass": glass.pk}
    record("glass.broken", subject=person, by=by, after=told, reason=reason)
    return glass


@transaction.atomic
def review_glass(*, glass: Glass, by: Seat, note: str = "") -> None:
    """Say that a broken glass was looked at, by somebody else than who broke it."""
    require(by, "people.review", place=glass.person.place.path)
    if by.post_id == glass.post_id:
        raise Problem("step.second_person", seat=by.label)
    Glass.objects.filter(pk=glass.pk).update(reviewed_at=clock.now(), reviewed_by=by.label)
    record("glass.reviewed", subject=glass.person, by=by, reason=note)


@transaction.atomic
def hold(*, person: Person, reason: str, by: Seat) -> None:
    """Keep a record beyond its time for a reason; an empty one lets it go again."""
    require(by, "people.write", place=person.place.path)
    Person.objects.filter(pk=person.pk).update(held=reason.strip()[:200])
    record("person.held", subject=person, by=by, reason=reason)


@transaction.atomic
def delete_expired(*, by: Seat, most: int = 1000) -> list[Deletion]:
    """Delete records whose time is over, at most ``most`` of them, with a proof of each."""
    require(by, "people.delete", place=by.place_path)
    proofs = []
    for person in list(islice(expired(clock.now(), seat=by), most)):
        for row in (*person.merged.select_related("place"), person):
            proof = Deletion.objects.create(
                retention=row.retention,
                place=row.place,
                last_used_on=clock.beijing(row.last_used_at).date(),
                deleted_at=clock.now(),
                digest=hashlib.sha256(bytes(row.identity_sealed)).hexdigest(),
            )
            record("person.deleted", subject=row, by=by, after={"proof": proof.digest})
            row.delete()
            proofs.append(proof)
    return proofs
