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
    require(by, "shift.close", place=by.place_path)
    shift, made = Shift.objects.get_or_create(
        by=by.label, ended_at=None, defaults={"started_at": clock.now()}
    )
    if made:
        record("shift.started", subject=shift, by=by)
    return shift


@transaction.atomic
def close_shift(*, by: Seat, summary: dict[str, Any]) -> Shift:
    """End the watch. Refused while a red item has no owner."""
    require(by, "shift.close", place=by.place_path)
    reds = Signal.objects.filter(
        cleared_at__isnull=True, level=Level.I, acknowledged_at__isnull=True
    ).count()
    if reds:
        raise Problem("shift.red_unowned", n=reds)
    shift = Shift.objects.filter(by=by.label, ended_at=None).first() or start_shift(by=by)
    shift.ended_at, shift.summary = clock.now(), summary
    shift.save(update_fields=["ended_at", "summary"])
    record("shift.ended", subject=shift, by=by, after=summary)
    return shift
