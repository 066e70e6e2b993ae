"""Somebody found at the shore or at sea: entered, under measures, in the graph of exposures and in
somebody's hands, in one act."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from fangxian.hazards.epidemic.arrivals.write.entering import Declared, arrive, declare
from fangxian.hazards.epidemic.coast import models as m
from fangxian.hazards.epidemic.coast.rules import sea
from fangxian.hazards.epidemic.tracing.write.edges import End, Told, end_of_person, enter_edges
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.people.matching import Record
from fangxian.spine.registry.models import Place

SOURCE = "海上岸线查获"


@transaction.atomic
def take_found(
    *,
    people: Sequence[Record],
    place: Place,
    by: Seat,
    at: datetime | None = None,
    vessel: m.Vessel | None = None,
    tip: m.Tip | None = None,
    signal: int | None = None,
    country: str = "",
    note: str = "",
) -> list[m.Found]:
    """Everybody found together: each is a person, an arrival from abroad that the finder's post
    holds from now on, a node that met the others and the vessel. From here on every hand-over is
    the arrivals'."""
    require(by, "coast.found", place=place.path)
    if not people:
        raise Problem("input.invalid", field="people", why="没有人 / nobody")
    now = clock.now()
    when = min(at or now, now)
    rows = [
        Declared(
            who=who,
            place=place,
            by="sea",
            carrier=vessel.number if vessel else "",
            country=country or "—",
            expected_on=clock.beijing(when).date(),
            entered_at=when,
            authority=by.label[:60],
            source=SOURCE,
            populations=("overseas",),
        )
        for who in people
    ]
    found = declare(rows, by=by)
    kept = []
    for one in found:
        arrive(arrival=one, by=by, at=when)
        kept.append(
            m.Found.objects.create(
                person=one.person,
                arrival=one.pk,
                place=place,
                vessel=vessel,
                tip=tip,
                signal=signal,
                at=when,
                by=by.label,
                note=note[:200],
            )
        )
    _met(kept, vessel, when)
    for row in kept:
        after: dict[str, Any] = {"arrival": row.arrival, "vessel": vessel.number if vessel else ""}
        record("sea_found.taken", subject=row, by=by, after=after)
    return kept


def _met(rows: Sequence[m.Found], vessel: m.Vessel | None, at: datetime) -> None:
    """They were together, and aboard: hours of the crossing are not known."""
    since = at - sea(at).hours("crossing_h")
    told = []
    ends = [end_of_person(row.person) for row in rows]
    if vessel is not None:
        boat = End("vessel", vessel.number, None, vessel.place, str(vessel))
        told += [Told(end, boat, "rode", since, at, hours_known=False) for end in ends]
    told += [
        Told(a, b, "contact", since, at, hours_known=False)
        for n, a in enumerate(ends)
        for b in ends[n + 1 :]
        if a.key != b.key
    ]
    if told:
        enter_edges(told, source=("coast", f"found:{rows[0].pk}"), by=SYSTEM)
