"""Documents of EPCIS taken in as jobs: whole or not at all, or as much as is right, as is chosen;
the same event is the same by its hash. An error declaration takes back what its event told."""

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.epcis.judge import check
from fangxian.hazards.epidemic.coldchain.epcis.shape import Document, Event, Fault
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require_sight

from .goods import digest, keep_hashed, moment_of

logger = logging.getLogger(__name__)

AHEAD_S = 600  # clocks differ
YEARS = range(1950, 2200)
AT_ONCE = 2000  # events written in one go
TOLD = 100  # problems that a job remembers
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Captured:
    """What became of a document."""

    job: m.Job
    faults: Sequence[Fault]

    def told(self) -> dict[str, Any]:
        job = self.job
        return {
            "job": job.pk,
            "state": job.state,
            "mode": job.mode,
            "events": job.events,
            "taken": job.taken,
            "same": job.same,
            "refused": job.refused,
            "n_problems": len(self.faults),
            "problems": [fault.told() for fault in self.faults[:TOLD]],
        }


def capture(
    raw: bytes,
    *,
    name: str,
    by: Seat,
    mode: str = m.Job.Mode.ROLLBACK,
    progress: Progress | None = None,
) -> Captured:
    """Take a document in. A query or a question has no events to take."""
    require_sight(by, "cold.capture")
    if mode not in m.Job.Mode.values:
        raise Problem("input.invalid", field="mode", why="、".join(m.Job.Mode.values))
    document = check(raw)
    right, wrong, faults = _sorted(document)
    job = m.Job.objects.create(
        name=name[:120],
        sha256=hashlib.sha256(raw).hexdigest(),
        mode=mode,
        at=clock.now(),
        events=len(document.events),
        by=by.label,
    )
    whole = not faults or (mode == m.Job.Mode.PROCEED and document.events)
    if not whole or not document.events:
        return Captured(_ended(job, m.Job.State.FAILED, 0, 0, faults, by), faults)
    try:
        if mode == m.Job.Mode.ROLLBACK:
            with transaction.atomic():
                taken, same = _take(right, job, by, progress)
        else:
            taken, same = _take(right, job, by, progress)
    except Exception as error:
        logger.exception("EPCIS document %s", job.pk)
        faults.append(Fault("not_written", "", f"{type(error).__name__}: {error}"[:300]))
        taken = job.held.count()
        return Captured(_ended(job, m.Job.State.FAILED, taken, 0, faults, by), faults)
    return Captured(_ended(job, m.Job.State.DONE, taken, same, faults, by, refused=wrong), faults)


def _sorted(document: Document) -> tuple[list[Event], int, list[Fault]]:
    """The events that are right, how many are not, and all faults, those of this moment too: an
    event of the future has not happened."""
    faults = list(document.faults)
    paths = set(document.paths)
    bad = {owner for fault in faults if (owner := _owner(fault.path, paths)) is not None}
    late = clock.now().timestamp() + AHEAD_S
    right = []
    for event, path in zip(document.events, document.paths, strict=True):
        if path in bad:
            continue
        when = moment_of(event["eventTime"])
        if when.year not in YEARS:
            text = f"{event['eventTime']} 不是年份 / no such year"
            faults.append(Fault("eventTime_odd", f"{path}.eventTime", text))
            bad.add(path)
        elif when.timestamp() > late:
            text = f"{event['eventTime']} 还没有到 / is in the future"
            faults.append(Fault("eventTime_future", f"{path}.eventTime", text))
            bad.add(path)
        else:
            right.append(event)
    return right, len(bad), faults


def _owner(path: str, paths: set[str]) -> str | None:
    """The event that a fault lies in."""
    while path not in paths:
        if not path:
            return None
        path = path.rpartition(".")[0]
    return path


def _take(
    events: Sequence[Event], job: m.Job, by: Seat, progress: Progress | None
) -> tuple[int, int]:
    taken = same = 0
    for at in range(0, len(events), AT_ONCE):
        part = events[at : at + AT_ONCE]
        with transaction.atomic():
            fresh = {digest(event): event for event in part if "errorDeclaration" not in event}
            new, known = keep_hashed(fresh, job=job, by=by)
            taken, same = taken + new, same + known + (len(part) - len(fresh))
            for event in part:
                if "errorDeclaration" in event:
                    n = min(1, _withdraw(event, by))
                    taken, same = taken + n, same - n
        if progress is not None:
            progress(min(at + AT_ONCE, len(events)), len(events))
    return taken, same


def _withdraw(event: Event, by: Seat) -> int:
    """The event that was an error counts no more, with all that was reached by it."""
    key = digest(event)
    rows = m.GoodsEvent.objects.filter(hash=key)
    if event.get("eventID"):
        rows = rows | m.GoodsEvent.objects.filter(event_id=event["eventID"])
    reason = str(event["errorDeclaration"].get("reason") or "errorDeclaration")[:200]
    done = 0
    for row in rows.filter(withdrawn_at=None):
        m.GoodsEvent.objects.filter(pk=row.pk).update(
            withdrawn_at=clock.now(), withdrawn_why=reason
        )
        record("goods_event.withdrawn", subject=row, by=by, after={"hash": row.hash}, reason=reason)
        done += 1
    if not done and not m.GoodsEvent.objects.filter(hash=key).exists():
        # its event has not come yet: when it does, it is an error already
        keep_hashed({key: event}, by=by)
        m.GoodsEvent.objects.filter(hash=key).update(withdrawn_at=clock.now(), withdrawn_why=reason)
        done = 1
    return done


@transaction.atomic
def _ended(
    job: m.Job,
    state: str,
    taken: int,
    same: int,
    faults: Sequence[Fault],
    by: Seat,
    *,
    refused: int | None = None,
) -> m.Job:
    m.Job.objects.filter(pk=job.pk).update(
        state=state,
        taken=taken,
        same=same,
        refused=job.events if refused is None else refused,
        problems=[fault.told() for fault in faults[:TOLD]],
        ended_at=clock.now(),
    )
    job.refresh_from_db()
    after = {"state": state, "taken": taken, "same": same, "refused": job.refused}
    record("goods_job.ended", subject=job, by=by, after=after)
    return job
