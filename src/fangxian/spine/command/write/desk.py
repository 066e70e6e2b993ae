"""The duty desk's own writing: the log and the watch."""

from typing import Any

from django.db import transaction

from fangxian.spine.assess.models import Signal
from fangxian.spine.command.models import LogEntry, Shift
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.registry.models import Person


@transaction.atomic
def add_log(
    *, kind: str, text: str, by: Seat, unit: str = "", person: str = "", handling: str = ""
) -> LogEntry:
    require(by, "log.write", place=by.place_path)
    if not text.strip():
        raise Problem("input.invalid", field="text", why="不能为空")
    entry = LogEntry.objects.create(
        at=clock.now(),
        kind=kind,
        text=text[:500],
        unit=unit,
        person=person,
        handling=handling,
        by=by.label,
    )
    record("log.added", subject=entry, by=by, after={"text": entry.text})
    return entry


@transaction.atomic
def start_shift(*, by: Seat) -> Shift:
    """Begin a watch. Whoever was named as successor signs for what he takes over by that."""
    require(by, "shift.close", place=by.place_path)
    now = clock.now()
    mine = Shift.objects.filter(successor__isnull=False, successor=by.person_id, signed_at=None)
    for before in mine:
        Shift.objects.filter(pk=before.pk).update(signed_at=now)
        record("shift.signed", subject=before, by=by, after=before.summary)
    shift, made = Shift.objects.get_or_create(
        by=by.label, ended_at=None, defaults={"started_at": now}
    )
    if made:
        record("shift.started", subject=shift, by=by)
    return shift


@transaction.atomic
def close_shift(*, by: Seat, summary: dict[str, Any], successor: Person | None = None) -> Shift:
    """End the watch. Refused while a red item has no owner, and, while anything stands, without a
    named successor, who signs."""
    require(by, "shift.close", place=by.place_path)
    reds = Signal.objects.filter(
        cleared_at__isnull=True, level=Level.I, acknowledged_at__isnull=True
    ).count()
    if reds:
        raise Problem("shift.red_unowned", n=reds)
    stands = sum(n for n in summary.values() if isinstance(n, int))
    if stands and successor is None:
        raise Problem("shift.no_successor", n=stands)
    shift = Shift.objects.filter(by=by.label, ended_at=None).first() or start_shift(by=by)
    shift.ended_at, shift.summary, shift.successor = clock.now(), summary, successor
    shift.save(update_fields=["ended_at", "summary", "successor"])
    told = {**summary, "successor": successor.name if successor else ""}
    record("shift.ended", subject=shift, by=by, after=told)
    return shift
