"""What somebody found out about a signal of the sea: true, or false and why."""

from django.db import transaction

from fangxian.hazards.epidemic.coast.watching import (
    FENCE,
    IDENTITY,
    LANDING,
    LOITERING,
    LOST,
    MEETING,
)
from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.rules import Finding, Rejudged
from fangxian.spine.assess.write import settle
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require

FAMILIES = (FENCE, LOST, MEETING, LANDING, LOITERING, IDENTITY)


@transaction.atomic
def end_signal(*, signal: Signal, true: bool, reason: str, by: Seat) -> Signal:
    """It was looked into: what is true ends as dealt with, what is false is withdrawn."""
    path = signal.place.path if signal.place else None
    require(by, "vessel.check", place=path)
    if signal.family not in FAMILIES or signal.cleared_at is not None:
        raise Problem("not_found", what=f"信号 {signal.pk} / signal")
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    why = f"{by.label}：{reason.strip()[:160]}"
    if not true:
        settle([Rejudged(signal.family, signal.about, [], why)], by=SYSTEM)
    else:
        over = Finding(
            family=signal.family,
            hazard=signal.hazard,
            about=signal.about,
            name=signal.about_name,
            place_id=signal.place_id,
            at=clock.now(),
            level=None,
            kept=None,
            value=None,
            rule=signal.rule,
            group=signal.group,
            evidence={**signal.evidence, "settled": why},
        )
        settle([over], by=SYSTEM)
    signal.refresh_from_db()
    told = {"true": true, "signal": signal.pk}
    record("sea_signal.judged", subject=signal, by=by, after=told, reason=reason)
    return signal
