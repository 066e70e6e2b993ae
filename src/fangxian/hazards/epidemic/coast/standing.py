"""Lines of the standing proof "no local case" about the coast: seen, in, checked, on any day."""

from datetime import date, datetime, timedelta

from fangxian.spine.core import clock
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.cover.checks import Check, Checked

from . import models as m
from . import read
from .seeing import seen_of, went
from .shore import codes


def _span(day: date) -> tuple[datetime, datetime]:
    begun = datetime.combine(day, datetime.min.time(), clock.BEIJING)
    return begun, min(begun + timedelta(days=1), clock.now())


def shore(day: date, seat: Seat) -> Checked | None:
    """Pieces of shore that somebody looked at on a day."""
    if visible(seat, "patrol.read") is None:
        return None
    begun, end = _span(day)
    hours = max(1, int((end - begun).total_seconds() // 3600))
    table = seen_of(went(begun, end), since=begun, hours=hours).table
    seen = [bool(row.any()) for row in table]
    names = codes()
    missing = tuple(name for name, was in zip(names, seen, strict=True) if not was)
    return Checked(len(names), len(names) - len(missing), missing, "/coast/patrols")


def vessels(day: date, seat: Seat) -> Checked | None:
    """Vessels that were due on a day and are in, with the people who went."""
    if visible(seat, "vessel.read") is None:
        return None
    begun, end = _span(day)
    rows = list(read.trips(seat=seat).filter(due_at__gte=begun, due_at__lt=end))
    missing = tuple(
        str(row)
        for row in rows
        if row.in_at is None or ((row.extra or row.missing) and row.settled_at is None)
    )
    return Checked(len(rows), len(rows) - len(missing), missing, "/coast")


def tips(day: date, seat: Seat) -> Checked | None:
    """Tips of a day that were checked."""
    if visible(seat, "tip.read") is None:
        return None
    begun, end = _span(day)
    rows = list(read.tips(seat=seat).filter(told_at__gte=begun, told_at__lt=end))
    missing = tuple(row.code for row in rows if row.state == m.Tip.State.NEW)
    return Checked(len(rows), len(rows) - len(missing), missing, "/coast/tips")


CHECKS = (
    Check("shore_seen", "岸线有人查看", "Shore looked at", shore),
    Check("vessels_in", "渔船应归已归、人数相符", "Vessels in with the people who went", vessels),
    Check("tips_checked", "举报线索已核查", "Tips checked", tips),
)
