"""Who belongs to a vessel: he joins her, he leaves her."""

from datetime import date

from django.db import transaction

from fangxian.hazards.epidemic.coast import models as m
from fangxian.hazards.epidemic.coast.rights import asked
from fangxian.spine.core.events import record
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.people.matching import Record
from fangxian.spine.people.read import speaking_for
from fangxian.spine.people.write import enter_persons


@transaction.atomic
def join_crew(*, vessel: m.Vessel, who: Record, since: date, by: Seat) -> m.Crew:
    """Somebody belongs to a vessel since a day; once."""
    require(by, "vessel.write", **asked(vessel))
    [person] = enter_persons(
        [who], place=vessel.place, source="渔船民登记", retention="crew", by=by
    )
    row, new = m.Crew.objects.get_or_create(
        vessel=vessel, person=speaking_for(person), until=None, defaults={"since": since}
    )
    if new:
        record("sea_crew.joined", subject=row, by=by, after={"vessel": vessel.number})
    return row


@transaction.atomic
def leave_crew(*, row: m.Crew, on: date, by: Seat) -> None:
    require(by, "vessel.write", **asked(row.vessel))
    if m.Crew.objects.filter(pk=row.pk, until=None).update(until=max(on, row.since)):
        record("sea_crew.left", subject=row, by=by, after={"vessel": row.vessel.number})
