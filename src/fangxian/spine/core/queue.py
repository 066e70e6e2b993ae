"""The event log as a queue: fan out, claim, run, back off, bury. The loop itself is in ops."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When

from . import clock
from .database import database
from .events import Entry, Named, record, record_many
from .models import BadRow, Cursor, Due, Event, Job
from .problems import Problem
from .rights import SYSTEM, Seat, require
from .steps import Machine, Step, move, of_column

log = logging.getLogger("fangxian.queue")

Function = Callable[[Event], None]
Many = Callable[[Sequence[Event]], None]
Wiring = Mapping[str, Sequence[Function]]

LEASE_S = 60.0
AGED_S = 60.0  # what has waited for as long comes first, whatever its rank
MAX_ATTEMPTS = 8
BACKOFF_S = 2.0
HOLD_S = 0.1  # nobody else can write for as long
ENTANGLED = {"40P01", "40001"}  # two workers waited for each other: one begins again
PAUSE_S = 0.005  # and then whoever waits is let in (core.sqlite)


JOB = Machine(
    "job",
    **of_column("state", Job.State.values),
    steps={
        "claim": Step(("ready", "claimed"), "claimed"),
        "finish": Step(("claimed",), "done"),
        "give_back": Step(("claimed",), "ready"),
        "bury": Step(("claimed",), "dead"),
        "retry": Step(("dead",), "ready", right="work.retry", event="job.retried"),
    },
    done=frozenset({"done"}),
)


# functions that take many events of one kind at once: two thousand orders are called in seconds
MANY: dict[Function, Many] = {}
BY_LEVEL: set[str] = set()  # kinds whose jobs come the worst level first
# what a function is not for is seen by its event: no job is made of it
ONLY_FOR: dict[Function, Callable[[Event], bool]] = {}


class CursorMovedError(RuntimeError):
    """Two readers of one log: the later one takes its work back."""


def function_name(function: Function) -> str:
    return f"{function.__module__.removeprefix('fangxian.')}.{function.__name__}"


def sweep_due(limit: int = 200) -> int:
    """Turn moments that have come into events, each once."""
    if not Due.objects.filter(due_at__lte=clock.now()).exists():  # no lock for nothing
        return 0
    with transaction.atomic():
        come = Due.objects.filter(due_at__lte=clock.now()).order_by("due_at", "id")
        due = list(come.select_for_update(skip_locked=True)[:limit])
        if due:
            Due.objects.filter(pk__in=[row.pk for row in due]).delete()
            record_many(
                (Entry(row.kind, Named(row.subject_kind, row.subject_id)) for row in due), by=SYSTEM
            )
    return len(due)


def fan_out(wiring: Wiring, limit: int = 500) -> int:
    """Make the jobs of new events; the cursor moves in the same transaction."""
    done = Cursor.objects.filter(name="fan_out").values_list("value", flat=True).first() or 0
    if not Event.objects.filter(id__gt=done).exists():
        return 0
    with transaction.atomic():
        cursor, _ = Cursor.objects.get_or_create(name="fan_out")
        events = list(Event.objects.filter(id__gt=cursor.value).order_by("id")[:limit])
        if not events:
            return 0
        at = clock.now()
        jobs = [
            Job(
                event=event,
                function=function_name(function),
                subject=f"{event.subject_kind}:{event.subject_id}",
                rank=rank_of(event),
                due_at=at,
            )
            for event in events
            for function in wiring.get(event.kind, ())
            if function not in ONLY_FOR or ONLY_FOR[function](event)
        ]
        Job.objects.bulk_create(jobs, ignore_conflicts=True)
        move_cursor("fan_out", cursor.value, events[-1].pk)
    return len(events)


def rank_of(event: Event) -> int:
    """How soon its jobs come: 1 is first; of kinds that come by thousands, the level they tell."""
    level = (event.after or {}).get("level") if event.kind in BY_LEVEL else None
    return level if isinstance(level, int) and 1 <= level <= 4 else 1


def move_cursor(name: str, before: int, after: int) -> None:
    """Move a reader's cursor inside the transaction of what it concluded. Another reader that was
    first makes this one's conclusions void: the transaction must not stand."""
    if not Cursor.objects.filter(pk=name, value=before).update(value=after):
        raise CursorMovedError(f"{name}: another reader moved it from {before}")


def claim_jobs(worker: str, limit: int = 100) -> list[Job]:
    """Claim what may run now by compare-and-set, the worst first, then the oldest.

    A job waits while an earlier job of the same function and subject is unfinished, so order
    is kept per subject. A dead worker's claim is free again when its lease has run out.
    """
    now_s, long_ago = time.time(), clock.now() - timedelta(seconds=AGED_S)
    free = Q(state=Job.State.READY, due_at__lte=clock.now()) | Q(
        state=Job.State.CLAIMED, claimed_until_s__lt=now_s
    )
    if not Job.objects.filter(free).exists():  # no lock for nothing
        return []
    aged = When(due_at__lte=long_ago, then=Value(0))
    soon = Case(aged, default=F("rank"), output_field=IntegerField())
    earlier = Job.objects.filter(
        subject=OuterRef("subject"),
        function=OuterRef("function"),
        state__in=[Job.State.READY, Job.State.CLAIMED],
        id__lt=OuterRef("id"),
    )
    with transaction.atomic():
        jobs = list(
            Job.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(free, ~Exists(earlier))
            .select_related("event")
            .order_by(soon, "id")[:limit]
        )
        if jobs:
            Job.objects.filter(pk__in=[job.pk for job in jobs]).update(
                state=Job.State.CLAIMED, claimed_by=worker, claimed_until_s=now_s + LEASE_S
            )
    for job in jobs:
        job.state, job.claimed_by = Job.State.CLAIMED, worker
    return jobs


def run_jobs(jobs: Sequence[Job], wiring: Wiring) -> int:
    """Run claimed jobs, each in a savepoint, finished in the transaction of its effects. A person
    who writes meanwhile waits for no more than one such transaction."""
    functions = {function_name(f): f for row in wiring.values() for f in row}
    rest = deque(_together(jobs, functions))
    done = 0
    try:
        while rest:
            until = time.monotonic() + HOLD_S
            with transaction.atomic():
                done += _run_part(rest.popleft(), functions)
                while rest and time.monotonic() < until and not _holds_the_end():
                    done += _run_part(rest.popleft(), functions)
            time.sleep(PAUSE_S)
    except BaseException:  # the transaction itself: what it undid waits for nobody's lease
        _claimed(jobs).update(state=Job.State.READY, claimed_until_s=0)
        raise
    return done


def _holds_the_end() -> bool:
    """Whether this transaction has the end of the log already, for which other workers wait; with
    files there is one writer anyway."""
    return database().vendor == "postgresql" and database().written > 0


def _claimed(jobs: Sequence[Job]) -> QuerySet[Job]:
    """Those of them that are still ours to do."""
    mine = {"state": Job.State.CLAIMED, "claimed_by": jobs[0].claimed_by if jobs else ""}
    return Job.objects.filter(pk__in=[job.pk for job in jobs], **mine)


def _together(jobs: Sequence[Job], functions: Mapping[str, Function]) -> Iterator[list[Job]]:
    """Jobs in parts: those of one function that takes many, at the place of the first."""
    parts: dict[object, list[Job]] = {}
    for job in jobs:
        many = functions.get(job.function) in MANY
        parts.setdefault(job.function if many else job.pk, []).append(job)
    yield from parts.values()


def _run_part(part: Sequence[Job], functions: Mapping[str, Function]) -> int:
    """Together, if they are many and that succeeds; else each by itself."""
    function = functions.get(part[0].function)
    if function in MANY and len(part) > 1 and _run_many(part, MANY[function]):
        return len(part)
    return sum(_run(job, functions) for job in part)


def _run_many(jobs: Sequence[Job], many: Many) -> bool:
    try:
        with transaction.atomic():
            if _claimed(jobs).update(state=Job.State.DONE) != len(jobs):
                raise CursorMovedError("somebody else has one of them")
            many([job.event for job in jobs])
            return True
    except Exception as error:  # noqa: BLE001 - each is tried by itself, and what fails is told
        log.warning("jobs_apart function=%s n=%s why=%s", jobs[0].function, len(jobs), error)
        return False


def _run(job: Job, functions: Mapping[str, Function]) -> bool:
    try:
        with transaction.atomic():
            if not _claimed([job]).update(state=Job.State.DONE):
                return False  # somebody else has it
            functions[job.function](job.event)
            return True
    except Exception as error:  # noqa: BLE001 - the one blind catch (style rule 12)
        _count_failure(job, error)
        return False


def _count_failure(job: Job, error: Exception) -> None:
    if getattr(error.__cause__, "sqlstate", "") in ENTANGLED:
        _claimed([job]).update(state=Job.State.READY)
        return
    job.attempts += 1
    job.last_error = f"{type(error).__name__}: {error}"[:2000]
    job.state = Job.State.DEAD if job.attempts >= MAX_ATTEMPTS else Job.State.READY
    job.due_at = clock.now() + timedelta(seconds=BACKOFF_S * 2**job.attempts)
    job.save()
    log.error(
        "job_failed event=%s function=%s attempts=%s state=%s",
        job.event_id,
        job.function,
        job.attempts,
        job.state,
        exc_info=error,
    )


@transaction.atomic
def retry_job(*, job: Job, by: Seat) -> None:
    """Give a dead letter another round."""
    move(job, "retry", machine=JOB, by=by, attempts=0, due_at=clock.now())


def work_waits() -> bool:
    """Whether a moment has come, an event has not been fanned out, or a job could run now."""
    if Due.objects.filter(due_at__lte=clock.now()).exists():
        return True
    cursor = Cursor.objects.filter(name="fan_out").first()
    if Event.objects.filter(id__gt=cursor.value if cursor else 0).exists():
        return True
    return Job.objects.filter(state=Job.State.READY, due_at__lte=clock.now()).exists()


@transaction.atomic
def settle_bad_row(*, row: BadRow, by: Seat) -> None:
    """Somebody has looked at what could not be taken; its gap closes."""
    require(by, "work.retry")
    changed = BadRow.objects.filter(pk=row.pk, settled_at=None).update(
        settled_at=clock.now(), settled_by=by.label
    )
    if not changed:
        raise Problem("state.changed", what=str(row))
    record("bad_row.settled", subject=row, by=by, reason=row.why)
