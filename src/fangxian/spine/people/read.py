"""Selectors of people: lists masked, persons in clear only with a purpose that is recorded, and who
may be whom."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import PROTECT, Q, QuerySet

from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, may, visible
from fangxian.spine.core.seal import blind, unseal

from .matching import PROPOSE, Evidence, Record, clear, compare
from .models import Glass, MatchKey, Pair, Person
from .rules import kept_for

IDENTITY, NEEDS, KEYS = "person.identity", "person.needs", "person.key"
CHUNK = 900  # keys asked at once


def persons(*, seat: Seat) -> QuerySet[Person]:
    """The persons of a seat's places, masked: a list never shows who they are."""
    prefix = visible(seat, "people.read")
    if prefix is None:
        return Person.objects.none()
    found = Person.objects.filter(place__path__startswith=prefix, merged_into=None)
    return found.select_related("place__parent")


def open_pairs(*, seat: Seat) -> QuerySet[Pair]:
    """Proposals that wait for somebody's decision."""
    prefix = visible(seat, "people.merge")
    if prefix is None:
        return Pair.objects.none()
    rows = Pair.objects.filter(state=Pair.State.PROPOSED, one__place__path__startswith=prefix)
    return rows.select_related("one__place", "other__place").order_by("-score")


def glasses_to_review(*, seat: Seat) -> QuerySet[Glass]:
    prefix = visible(seat, "people.review")
    if prefix is None:
        return Glass.objects.none()
    rows = Glass.objects.filter(reviewed_at=None, person__place__path__startswith=prefix)
    return rows.select_related("person__place").order_by("from_at")


def may_see(person: Person, *, seat: Seat) -> bool:
    """Whether a seat may see who this is: its own place, duty and clearance, or a broken glass."""
    if may(seat, "people.reveal", place=person.place.path, sensitivity=2):
        return True
    now = clock.now()
    glass = Glass.objects.filter(person=person, post=seat.post_id or 0, until__gt=now)
    return glass.exists()


def person(key: int, *, seat: Seat) -> Person:
    """One a seat may know of, still masked: of its places, or where it may break a glass. Raises
    ``not_found``."""
    found = Person.objects.filter(pk=key).select_related("place__parent", "household").first()
    rights = ("people.read", "people.break_glass")
    if found is None or not any(may(seat, right, place=found.place.path) for right in rights):
        raise Problem("not_found", what=f"人员 {key}")
    return found


def household_of(person: Person) -> QuerySet[Person]:
    """Who else lives with somebody."""
    rows = Person.objects.filter(household=person.household_id or 0, merged_into=None)
    return rows.exclude(pk=person.pk)


def pair(key: int, *, seat: Seat) -> Pair:
    """Two records a seat may decide on. Raises ``not_found``."""
    rows = Pair.objects.select_related("one__place", "other__place")
    found = rows.filter(pk=key).first()
    if found is None or not may(seat, "people.merge", place=found.one.place.path):
        raise Problem("not_found", what=f"{key}")
    return found


def glass(key: int, *, seat: Seat) -> Glass:
    """A broken glass a seat may review. Raises ``not_found``."""
    found = glasses_to_review(seat=seat).filter(pk=key).first()
    if found is None:
        raise Problem("not_found", what=f"{key}")
    return found


def needs_of(person: Person) -> tuple[str, ...]:
    """What help he needs, for the room's own work: never shown without ``reveal``."""
    return (
        tuple(json.loads(unseal(person.needs_sealed, purpose=NEEDS))) if person.needs_sealed else ()
    )


def record_of(person: Person) -> Record:
    """Who it is, for the room's own work: never shown without ``reveal``."""
    return Record(**json.loads(unseal(person.identity_sealed, purpose=IDENTITY)))


def speaking_for(person: Person) -> Person:
    """The record that speaks for this one: itself, or what it was joined with."""
    while person.merged_into is not None:
        person = person.merged_into
    return person


def key_of(text: str) -> str:
    return blind(text, purpose=KEYS)[:16]


@dataclass(frozen=True, slots=True)
class Likely:
    """Somebody who may be the one that was asked for."""

    person: Person
    evidence: Evidence


def look_for(records: Sequence[Record]) -> list[tuple[list[Likely], bool]]:
    """For each record who it may be, the likeliest first, and whether that one stands apart."""
    blinded = [{key_of(key) for key in one.asks} for one in records]
    wanted = sorted(set().union(*blinded)) if blinded else []
    by_key: dict[str, list[int]] = {}
    for at in range(0, len(wanted), CHUNK):
        rows = MatchKey.objects.filter(key__in=wanted[at : at + CHUNK])
        for key, person in rows.values_list("key", "person_id"):
            by_key.setdefault(key, []).append(person)
    near = [{p for key in keys for p in by_key.get(key, ())} for keys in blinded]
    there = _by_pk(set().union(*near) if near else set())
    opened = {pk: record_of(person) for pk, person in there.items()}
    told = []
    for one, candidates in zip(records, near, strict=True):
        best: dict[int, Likely] = {}
        for pk in candidates:  # a record that was joined with another names that one
            head, evidence = speaking_for(there[pk]), compare(one, opened[pk])
            old = best.get(head.pk)
            if evidence.score >= PROPOSE and (old is None or old.evidence.score < evidence.score):
                best[head.pk] = Likely(head, evidence)
        likely = sorted(best.values(), key=lambda row: -row.evidence.score)
        told.append((likely, clear([(0, row.evidence) for row in likely])))
    return told


def _by_pk(keys: set[int]) -> dict[int, Person]:
    wanted, found = sorted(keys), {}
    for at in range(0, len(wanted), CHUNK):
        rows = Person.objects.filter(pk__in=wanted[at : at + CHUNK])
        for person in rows.select_related("merged_into"):
            found[person.pk] = person
    return found


def find_number(number: str, *, seat: Seat) -> Person | None:
    """Who has this very number, among those the seat may see."""
    key = key_of(f"n{Record(id_number=number).number}")
    rows = persons(seat=seat).filter(match_keys__key=key)
    return rows.first()


# persons that a room still works with, whatever their time: appended by the room
IN_USE: list[Callable[[], QuerySet[Any]]] = []


def _in_use() -> Q:
    """Records that are worked with, and those that a row of another room rests on."""
    found = Q(pk__in=[])
    for relation in Person._meta.related_objects:
        if getattr(relation, "on_delete", None) is PROTECT and relation.related_model is not Person:
            rows = relation.related_model._base_manager.filter(
                **{f"{relation.field.name}__isnull": False}
            )
            found |= Q(pk__in=rows.values(relation.field.name))
    for ask in IN_USE:
        found |= Q(pk__in=ask())
    return found


def expired(at: datetime, *, seat: Seat) -> Iterator[Person]:
    """Records whose time is over, with all that were joined to them, of which nobody holds any and
    with which no room works: the dry run of a deletion."""
    rows = persons(seat=seat).filter(held="").exclude(merged__in=Person.objects.exclude(held=""))
    using = Person.objects.filter(_in_use())
    rows = rows.exclude(pk__in=using.values("pk")).exclude(merged__in=using)
    for code, span in kept_for(at).items():
        since = at - span
        younger = Person.objects.filter(merged_into__isnull=False, last_used_at__gte=since)
        yield from rows.filter(retention=code, last_used_at__lt=since).exclude(merged__in=younger)


def masked(record: Record) -> dict[str, Any]:
    """What a list shows of somebody."""
    name, number, tel = record.name or record.name_latin, record.number, record.tel
    return {
        "name_masked": mask_name(name),
        "number_masked": f"{number[:3]}****{number[-2:]}" if len(number) > 6 else "",
        "phone_masked": f"{tel[:3]}****{tel[-4:]}" if len(tel) >= 8 else "",
        "sex": record.sex,
        "birth_year": int(record.born[:4]) if record.born[:4].isdecimal() else None,
    }


def mask_name(name: str) -> str:
    """The surname and stars; of a name in letters the first letter."""
    if not name:
        return "—"
    return name[0] + "*" * min(3, max(1, len(name) - 1))
