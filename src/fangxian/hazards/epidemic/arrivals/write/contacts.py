"""Contacts that tracing names come under measures, go up and down by rule, and out again. What is
known of them here is what the event says."""

from datetime import datetime

from django.db import transaction

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.core.steps import move
from fangxian.spine.people.models import Person
from fangxian.spine.people.read import speaking_for

from .entering import arrivals_of, expose, open_of, withdraw_exposure
from .handing import entered
from .leaving import convert, no_case

ABOUT = "trace"


@transaction.atomic
def follow_contact(event: Event) -> None:
    """Somebody was named: he has an arrival that is open, or gets one at his place, and his
    exposure is as it is told now."""
    told = event.after or {}
    person = Person.objects.filter(pk=told.get("person") or 0).select_related("place").first()
    if person is None:
        return
    mine = arrivals_of(person)
    if mine.filter(state=m.S.DEAD).exists():
        return
    one = open_of(person) or mine.filter(state=m.S.CASE).first() or _opened(speaking_for(person))
    if one.state == m.S.DECLARED:  # he was met here: somebody has to find him now
        now = clock.now()
        move(one, "arrive", machine=m.ARRIVAL, by=SYSTEM, state_at=now, **entered(one, now))
    about, until = (ABOUT, str(told["index"])), datetime.fromisoformat(told["until"])
    old = one.exposures.filter(about_kind=ABOUT, about_key=about[1], withdrawn_at=None).first()
    if old is not None:
        if (old.kind, old.until_at) == (told["kind"], until):
            return
        withdraw_exposure(exposed=old, reason="接触情况有变", by=SYSTEM)
    since = datetime.fromisoformat(told["since"])
    expose(arrival=one, kind=told["kind"], since=since, until=until, about=about, by=SYSTEM)


def _opened(person: Person) -> m.Arrival:
    """Under measures from now: his town has to find him, for nobody holds him yet."""
    now = clock.now()
    one = m.Arrival.objects.create(
        person=person,
        place=person.place,
        state=m.S.ARRIVED,
        state_at=now,
        made_at=now,
        arrived_at=now,
        source="流调",
    )
    record("arrival.declared", subject=one, by=SYSTEM, after={"place": person.place.code})
    return one


@transaction.atomic
def forget_contact(event: Event) -> None:
    """He is no contact of that case any more; without another reason his plan is empty and he is
    released by whoever holds him."""
    told = event.after or {}
    person = Person.objects.filter(pk=told.get("person") or 0).first()
    if person is None:
        return
    rows = m.Exposed.objects.filter(
        arrival__in=arrivals_of(person),
        about_kind=ABOUT,
        about_key=str(told.get("index")),
        withdrawn_at=None,
    )
    for row in rows.select_related("arrival__place", "arrival__person"):
        withdraw_exposure(exposed=row, reason=event.reason or "不再是接触者", by=SYSTEM)


@transaction.atomic
def follow_case(event: Event) -> None:
    """Tracing named somebody a case: his measures are those of a case, whoever holds him. One who
    was under no measures is held by nobody yet, which is a gap of his town."""
    person = _person(event)
    if person is None or arrivals_of(person).filter(state=m.S.DEAD).exists():
        return
    one = _of_node(event) or open_of(person) or _opened(speaking_for(person))
    if one.state != m.S.CASE:
        convert(arrival=one, reason="流调认定为病例", by=SYSTEM)


@transaction.atomic
def follow_exclusion(event: Event) -> None:
    """He is none after all: back under measures, as his plan says."""
    one = _of_node(event)
    if one is not None and one.state == m.S.CASE:
        no_case(arrival=one, reason=event.reason or "排除", by=SYSTEM)


def _of_node(event: Event) -> m.Arrival | None:
    """The arrival of the person whom a node of tracing stands for."""
    person = _person(event)
    if person is None:
        return None
    rows = arrivals_of(person).filter(state__in=(*m.HERE, m.S.LOST, m.S.CASE))
    return rows.select_related("person", "place").first()


def _person(event: Event) -> Person | None:
    key = (event.after or {}).get("person_id") or 0
    return Person.objects.filter(pk=key).select_related("place").first()
