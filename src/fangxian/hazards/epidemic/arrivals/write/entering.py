"""How somebody comes under measures: declared before he comes, met at the port, found in town,
named as a contact."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.rights import asked, asked_at_door
from fangxian.hazards.epidemic.regimes.lists import Area
from fangxian.hazards.epidemic.regimes.write import counties_of
from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, named, record, record_many
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.people.matching import Record
from fangxian.spine.people.models import Person
from fangxian.spine.people.read import speaking_for
from fangxian.spine.people.write import enter_persons
from fangxian.spine.registry.models import Place, Site

from .following import check_newcomers
from .handing import entered, hold
from .planning import replan

OWN = "本人申报"  # by whoever knows name and number
TRAVEL = ("by", "carrier", "seat", "port", "country", "expected_on", "authority", "source")


@dataclass(frozen=True, slots=True)
class Stay:
    """Where somebody was, in his words."""

    area: Area
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Declared:
    """What somebody declares: who he is, how and when he comes, where he was, where he goes."""

    who: Record
    place: Place
    by: str = ""
    carrier: str = ""
    seat: str = ""
    port: Site | None = None
    country: str = ""
    expected_on: date | None = None
    entered_at: datetime | None = None
    authority: str = ""
    source: str = ""
    populations: tuple[str, ...] = ()
    stays: tuple[Stay, ...] = ()
    served: tuple[dict[str, Any], ...] = field(default_factory=tuple)


@transaction.atomic
def declare(rows: Sequence[Declared], *, by: Seat) -> list[m.Arrival]:
    """The arrival of each of ``rows``: the one that is open already for the same person (what he
    says now fills what was not known), else a new one. The same table twice makes nothing twice."""
    for place in {row.place for row in rows}:
        require(by, "arrival.enter", place=place.path)
    people = _people(rows, by)
    there = {
        one.person_id: one
        for at in range(0, len(people), 900)
        for one in m.Arrival.objects.filter(
            state__in=m.OPEN, person__in=people[at : at + 900]
        ).select_related("person", "port")
    }
    now = clock.now()
    found, new = [], []
    for row, person in zip(rows, people, strict=True):
        one = there.get(person.pk)
        if one is None:
            one = there[person.pk] = m.Arrival(
                person=person, place=row.place, state_at=now, made_at=now
            )
            new.append(one)
        _fill(one, row)
        found.append(one)
    m.Arrival.objects.bulk_create(new)
    fresh = {id(one) for one in new}
    for one in {id(one): one for one in found if id(one) not in fresh}.values():
        one.save()
    _keep_stays(list(zip(found, rows, strict=True)))
    record_many([Entry("arrival.declared", named(one), None, _told(one)) for one in new], by=by)
    everybody = list({one.pk: one for one in found}.values())
    replan(everybody, why="申报", by=by)
    check_newcomers(everybody)
    return found


def _people(rows: Sequence[Declared], by: Seat) -> list[Person]:
    """Who they are, by place: the room of persons says whether he is known."""
    found: dict[int, Person] = {}
    for place in dict.fromkeys(row.place for row in rows):
        mine = [n for n, row in enumerate(rows) if row.place == place]
        people = enter_persons(
            [rows[n].who for n in mine], place=place, source="来漳申报", retention="arrival", by=by
        )
        found.update(zip(mine, map(speaking_for, people), strict=True))
    return [found[n] for n in range(len(rows))]


def _fill(one: m.Arrival, row: Declared) -> None:
    """What is said now goes where nothing was known; what is known of his coming is not undone."""
    for name in TRAVEL:
        value = getattr(row, name)
        known = getattr(one, name)
        if value and (not known or (one.state == m.S.DECLARED and row.source != OWN)):
            setattr(one, name, value)
    one.entered_at = one.entered_at or row.entered_at
    if one.pk is None or row.source != OWN:  # a stranger who knows a number changes nothing
        one.populations = list(dict.fromkeys([*one.populations, *row.populations]))
    known = {(s.get("from"), s.get("where")) for s in one.served}
    one.served = [
        *one.served,
        *(s for s in row.served if (s.get("from"), s.get("where")) not in known),
    ]


def _keep_stays(pairs: Sequence[tuple[m.Arrival, Declared]]) -> None:
    counties = counties_of(stay.area for _, row in pairs for stay in row.stays)
    there = set(
        m.Stayed.objects.filter(
            arrival__in={one.pk for one, row in pairs if row.stays}
        ).values_list("arrival", "county", "part", "since_s")
    )
    new = {}
    for one, row in pairs:
        for stay in row.stays:
            key = (one.pk, counties[stay.area[:3]], stay.area.part[:120], _s(stay.since))
            if key not in there:
                new[key] = m.Stayed(
                    arrival=one,
                    county_id=key[1],
                    part=key[2],
                    since_s=key[3],
                    until_s=_s(stay.until),
                )
    m.Stayed.objects.bulk_create(new.values(), batch_size=2000)


def _s(at: datetime) -> int:
    return int(at.timestamp())


def _told(one: m.Arrival) -> dict[str, Any]:
    return {"carrier": one.carrier, "expected_on": one.expected_on, "place": one.place.code}


@transaction.atomic
def arrive(
    *, arrival: m.Arrival, by: Seat, at: datetime | None = None, site: Site | None = None
) -> m.Arrival:
    """He is here, and whoever says so holds him from this moment. Who came on several papers is
    one; a second tap changes nothing."""
    now = clock.now()
    at = min(at or now, now)
    if by.post_id is None:
        raise Problem("rights.no_seat")
    if arrival.state in (*m.HERE, m.S.CASE):
        if not arrival.holdings.filter(until=None).exists():  # named by tracing, held by nobody
            require(by, "arrival.manage", **asked_at_door(arrival, by))
            hold(arrival, post=by.post_id, site=site, by=by, at=now)
            record("arrival.managed", subject=arrival, by=by)
        return arrival
    about, told = asked_at_door(arrival, by), entered(arrival, at)
    move(arrival, "arrive", machine=m.ARRIVAL, by=by, state_at=now, **about, **told)
    hold(arrival, post=by.post_id, site=site, by=by, at=at)
    replan([arrival], why="抵达", by=by)
    return arrival


@transaction.atomic
def find_in_town(*, arrival: m.Arrival, by: Seat) -> m.Arrival:
    """Somebody of a list was found at home: his town holds him from now on."""
    if by.post_id is None:
        raise Problem("rights.no_seat")
    now = clock.now()
    if arrival.state == m.S.DECLARED:
        arrive(arrival=arrival, by=by, at=now)
    m.Arrival.objects.filter(pk=arrival.pk, found_at=None).update(found_at=now)
    arrival.refresh_from_db()
    replan([arrival], why="已找到", by=by)
    return arrival


@transaction.atomic
def expose(
    *,
    arrival: m.Arrival,
    kind: str,
    until: datetime,
    by: Seat,
    since: datetime | None = None,
    about: tuple[str, str] = ("", ""),
) -> m.Exposed:
    """An exposure of somebody under measures: the plan is made anew from it. Once by one thing."""
    require(by, "arrival.enter", **asked(arrival, by))
    if kind not in m.Exposed.Kind.values:
        raise Problem("input.invalid", field="kind", why=kind)
    if since is not None and since > until:
        raise Problem("input.invalid", field="until", why=f"{since} > {until}")
    same = m.Exposed.objects.filter(
        arrival=arrival, about_kind=about[0], about_key=about[1], withdrawn_at=None
    )
    if about[1] and (there := same.first()):
        return there
    row = m.Exposed.objects.create(
        arrival=arrival,
        kind=kind,
        since_at=since,
        until_at=until,
        found_at=max(until, clock.now()),
        about_kind=about[0],
        about_key=about[1],
    )
    record("arrival.exposed", subject=arrival, by=by, after={"kind": kind, "until": until})
    if arrival.state == m.S.RELEASED:
        move(
            arrival,
            "again",
            machine=m.ARRIVAL,
            by=by,
            reason="再次暴露",
            **asked(arrival, by),
            state_at=clock.now(),
        )
    if arrival.state not in (m.S.CASE, m.S.DEAD):  # a case is planned anew when he is none
        replan([arrival], why="新的暴露", by=by)
    return row


@transaction.atomic
def say_index(
    *, exposed: m.Exposed, state: str, by: Seat, tests: Sequence[dict[str, str]] | None = None
) -> None:
    """What became of whom he met: a case, or excluded. The measures go up or down by rule."""
    require(by, "arrival.enter", **asked(exposed.arrival, by))
    if state not in m.Exposed.Index.values:
        raise Problem("input.invalid", field="index", why=state)
    exposed.index, exposed.index_at = state, clock.now()
    exposed.index_tests = list(tests) if tests is not None else exposed.index_tests
    exposed.save(update_fields=["index", "index_at", "index_tests"])
    record("arrival.index_known", subject=exposed.arrival, by=by, after={"index": state})
    replan([exposed.arrival], why="密接者情况变化", by=by)


@transaction.atomic
def withdraw_exposure(*, exposed: m.Exposed, reason: str, by: Seat) -> None:
    """An exposure that was none: it never counted, and the plan follows."""
    require(by, "arrival.enter", **asked(exposed.arrival, by))
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    rows = m.Exposed.objects.filter(pk=exposed.pk, withdrawn_at=None)
    if not rows.update(withdrawn_at=clock.now(), withdrawn_why=reason.strip()[:200]):
        return
    record("arrival.unexposed", subject=exposed.arrival, by=by, reason=reason)
    replan([exposed.arrival], why="暴露撤回", by=by)


@transaction.atomic
def confirm_served(
    *, arrival: m.Arrival, number: int, confirmed: bool, by: Seat, reason: str = ""
) -> m.Arrival:
    """Whether another city confirms days that were served there."""
    require(by, "arrival.manage", **asked(arrival, by))
    if confirmed and not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    if not 0 <= number < len(arrival.served):
        raise Problem("not_found", what=f"served[{number}]")
    served = [dict(row) for row in arrival.served]
    served[number] |= {"confirmed": confirmed, "said": reason.strip()[:120], "by": by.label}
    m.Arrival.objects.filter(pk=arrival.pk).update(served=served)
    arrival.refresh_from_db()
    told = {"where": served[number].get("where"), "confirmed": confirmed}
    record("arrival.served", subject=arrival, by=by, after=told, reason=reason)
    replan([arrival], why="外地管控天数核实", by=by)
    return arrival


def arrivals_of(person: Person) -> QuerySet[m.Arrival]:
    """All of a person, by whichever of his records."""
    head = speaking_for(person)
    return m.Arrival.objects.filter(Q(person=head) | Q(person__merged_into=head))


def open_of(person: Person) -> m.Arrival | None:
    """The arrival that is open for a person, whichever of his records it names."""
    rows = arrivals_of(person)
    order = [m.S.MANAGED, m.S.ARRIVED, m.S.LOST, m.S.DECLARED]
    found = rows.filter(state__in=m.OPEN).select_related("person", "place__parent", "port")
    return min(found, key=lambda one: order.index(m.S(one.state)), default=None)
