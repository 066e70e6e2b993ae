"""A colour that somebody thinks is wrong: appealed against, answered, loosened by two persons for a
time, and taken back."""

from datetime import datetime

from django.db import transaction

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.colours import by_rule, order, override_within
from fangxian.hazards.epidemic.arrivals.rights import asked
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move


@transaction.atomic
def appeal(*, arrival: m.Arrival, text: str, by: Seat) -> m.Appeal:
    """Somebody says why his colour is wrong, on his own page; one open appeal at a time."""
    require(by, "arrival.visit", **asked(arrival, by))
    if not text.strip():
        raise Problem("input.reason_missing", field="text")
    there = arrival.appeals.filter(answered_at=None).first()
    if there is not None:
        return there
    row = m.Appeal.objects.create(arrival=arrival, text=text.strip()[:400], made_at=clock.now())
    record("appeal.made", subject=row, by=by)
    return row


@transaction.atomic
def answer_appeal(*, appeal: m.Appeal, answer: str, by: Seat) -> m.Appeal:
    require(by, "arrival.release", place=appeal.arrival.place.path)
    if not answer.strip():
        raise Problem("input.reason_missing", field="answer")
    rows = m.Appeal.objects.filter(pk=appeal.pk, answered_at=None)
    changed = rows.update(
        answered_at=clock.now(), answered_by=by.label, answer=answer.strip()[:400]
    )
    appeal.refresh_from_db()
    if changed:
        record("appeal.answered", subject=appeal, by=by)
    return appeal


@transaction.atomic
def ask_override(
    *, arrival: m.Arrival, colour: str, until: datetime, reason: str, by: Seat
) -> m.Override:
    """One person asks for a looser colour for a time; nothing changes until a second one says so.
    Raises ``input.invalid`` for a colour that is not looser than the rule's: nobody is made red by
    hand."""
    require(by, "arrival.release", place=arrival.place.path)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    now = clock.now()
    known, ruled = order(now), by_rule(arrival, now)
    if colour not in known or known.index(colour) <= known.index(ruled.code):
        why = f"规则为“{ruled.words[0]}”，只能改宽 / by rule {ruled.words[1]}; only looser"
        raise Problem("input.invalid", field="colour", why=why)
    longest = override_within(now)
    if not now < until <= now + longest:
        raise Problem("input.invalid", field="until", why=f"≤ {longest.days} 天 / days")
    row = m.Override.objects.create(
        arrival=arrival,
        colour=colour,
        reason=reason.strip()[:200],
        until=until,
        asked_at=now,
        asked_post_id=by.post_id,
        asked_by=by.label,
    )
    record("override.asked", subject=row, by=by, after={"colour": colour}, reason=reason)
    return row


@transaction.atomic
def confirm_override(*, override: m.Override, by: Seat) -> m.Override:
    """The second person: of another post than the first."""
    place, now = override.arrival.place.path, clock.now()
    first = override.asked_post_id
    move(
        override,
        "confirm",
        machine=m.OVERRIDE,
        by=by,
        place=place,
        first=first,
        confirmed_at=now,
        confirmed_by=by.label,
    )
    return override


@transaction.atomic
def end_override(*, override: m.Override, reason: str, by: Seat) -> m.Override:
    """Taken back: the rule holds again at once."""
    place = override.arrival.place.path
    move(
        override,
        "end",
        machine=m.OVERRIDE,
        by=by,
        place=place,
        reason=reason,
        ended_at=clock.now(),
    )
    return override
