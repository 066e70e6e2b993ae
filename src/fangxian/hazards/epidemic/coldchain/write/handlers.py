"""Who handled a lot: an edge of the graph of exposures between a person and the goods."""

from collections.abc import Sequence
from datetime import datetime

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.rules import clocks
from fangxian.hazards.epidemic.tracing.write.edges import End, Told, end_of_person, enter_edges
from fangxian.spine.core import clock
from fangxian.spine.core.rights import SYSTEM, Seat
from fangxian.spine.people.models import Person

SOURCE = "coldchain"


def end_of_lot(lot: m.Lot) -> End:
    return End("lot", lot.number, None, lot.place, str(lot))


def handled(*, lot: m.Lot, people: Sequence[Person], since: datetime, by: Seat) -> None:
    """These people handled a lot at a time: sure. ``by`` was asked for the lot; the graph is told
    by the system."""
    if not people:
        return
    until = min(since + clocks(since).handled, clock.now())
    rows = [
        Told(
            end_of_person(person),
            end_of_lot(lot),
            "handled",
            since,
            max(since, until),
            certainty=3,
            note=by.label[:200],
        )
        for person in people
    ]
    enter_edges(rows, source=(SOURCE, f"lot:{lot.number}"), by=SYSTEM)


def handled_by_shift(shift: m.Shift) -> None:
    """Whoever was on shift where lots lay may have handled them: possible, not more."""
    end = shift.until or clock.now()
    rows = []
    for visit in _visits(shift, end):
        since = max(shift.since, visit.since)
        until = max(since, min(end, visit.until or end))
        rows.append(
            Told(
                end_of_person(shift.worker.person),
                end_of_lot(visit.lot),
                "handled",
                since,
                until,
                certainty=1,
                note="当班 / on shift",
            )
        )
    if rows:
        enter_edges(rows, source=(SOURCE, f"shift:{shift.pk}"), by=SYSTEM)


def _visits(shift: m.Shift, end: datetime) -> Sequence[m.Visit]:
    rows = m.Visit.objects.filter(site=shift.worker.site_id, since__lte=end)
    return list(rows.exclude(until__lt=shift.since).select_related("lot__place").order_by("since"))
