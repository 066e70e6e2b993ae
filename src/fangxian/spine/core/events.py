"""Recording events: one row a write, in the write's own transaction, chained by hash. Who is
concerned by a kind is said in wiring."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models

from . import clock
from .database import database
from .macs import head_seal
from .models import ChainHead, Due, Event, Evidence
from .rights import Seat
from .words import EVENTS

GENESIS = "0" * 64
# the hottest two statements of the system, in plain SQL that every database knows
READ_HEAD = f"SELECT last_id, last_hash, length FROM {ChainHead._meta.db_table} WHERE id = 1"
MOVE_HEAD = (
    f"UPDATE {ChainHead._meta.db_table} SET last_id = %s, last_hash = %s, length = %s, seal = %s "
    "WHERE id = 1"
)


@dataclass(frozen=True, slots=True)
class Named:
    """A subject known by kind and key only."""

    kind: str
    key: str


def named(subject: models.Model) -> Named:
    return Named(kind_of(subject), str(subject.pk))


def kind_of(subject: models.Model) -> str:
    """What the log calls a row: the name of its table's model, or what the model says where two
    rooms have one of the same name."""
    return str(getattr(subject, "EVENT_KIND", "") or subject._meta.model_name)


@dataclass(frozen=True, slots=True)
class Entry:
    """What one event tells; ``record`` adds the time and the chain."""

    kind: str
    subject: Named
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    reason: str = ""


def record(
    kind: str,
    *,
    subject: models.Model,
    by: Seat,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> Event:
    """Append one event. Must run inside the transaction that makes the change."""
    return record_many([Entry(kind, named(subject), before, after, reason)], by=by)[0]


def record_many(entries: Iterable[Entry], *, by: Seat) -> list[Event]:
    """Append several events of one write in order; they have numbers when the transaction ends, or
    as soon as somebody reads the log in it."""
    if not connection.in_atomic_block:
        raise RuntimeError("an event must be recorded inside the transaction of its write")
    at = clock.now()
    events = []
    for entry in entries:
        if entry.kind not in EVENTS:
            raise LookupError(f"event {entry.kind} has no words: declare_events")
        events.append(
            Event(
                kind=entry.kind,
                subject_kind=entry.subject.kind,
                subject_id=entry.subject.key,
                at=at,
                person_id=by.person_id,
                post_id=by.post_id,
                actor=by.label,
                before=_plain(entry.before),
                after=_plain(entry.after),
                reason=entry.reason,
            )
        )
    database().recorded += events
    return events


def chain(events: Sequence[Event]) -> None:
    """Add events to the log, in order, inside the transaction that they were recorded in."""
    head = _lock_head()
    for event in events:
        event.previous_hash = head.last_hash
        event.hash = head.last_hash = link_hash(event)
    Event.objects.bulk_create(events)
    with connection.cursor() as cursor:
        where = (events[-1].pk, head.last_hash, head.length + len(events))
        cursor.execute(MOVE_HEAD, [*where, head_seal(*where)])


def _lock_head() -> ChainHead:
    """The last link, held until the transaction ends, so that the chain never forks. On SQLite
    the transaction itself is the lock: it is begun IMMEDIATE."""
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(READ_HEAD + lock)
        row = cursor.fetchone()
    if row:
        return ChainHead(pk=1, last_id=row[0], last_hash=row[1], length=row[2])
    return ChainHead.objects.create(pk=1, last_id=0, last_hash=GENESIS, length=0)


def _plain(state: dict[str, Any] | None) -> Any:
    return None if state is None else json.loads(json.dumps(state, cls=DjangoJSONEncoder))


def link_hash(event: Event) -> str:
    """SHA-256 over the previous link and everything this one says."""
    told = [
        event.previous_hash,
        event.kind,
        event.subject_kind,
        event.subject_id,
        int(event.at.timestamp() * 1_000_000),
        event.person_id,
        event.post_id,
        event.actor,
        event.before,
        event.after,
        event.reason,
    ]
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify_chain() -> list[str]:
    """Walk the whole log; return what is broken, first break first. Empty means intact. The head is
    read first and the walk ends there: what a busy worker adds meanwhile is not judged."""
    newest = Event.objects.order_by("-id").values("id")[:1]
    head = ChainHead.objects.filter(pk=1).annotate(newest=models.Subquery(newest)).first()
    if head is None and (Event.objects.exists() or Evidence.objects.exists()):
        return ["the end of the log is missing"]
    wanted = (head.last_id, head.last_hash, head.length) if head else (0, GENESIS, 0)
    if head and (head.newest or 0) > head.last_id:
        return [f"event {head.newest} was put behind the end of the log"]
    if head and head.length and head.seal != head_seal(*wanted):
        return ["the end of the log was written by somebody who has not our key"]
    previous, length = (head.base_hash, head.archived) if head else (GENESIS, 0)
    last_id = 0 if not length else wanted[0]
    walk = Event.objects.filter(id__lte=wanted[0]) if head else Event.objects.all()
    for event in walk.order_by("id").iterator(chunk_size=2000):
        length, last_id = length + 1, event.pk
        if event.previous_hash != previous:
            return [f"event {event.pk}: an event before it was removed or re-ordered"]
        if event.hash != link_hash(event):
            return [f"event {event.pk}: its content was changed after it was written"]
        previous = event.hash
    if (last_id, previous, length) != wanted:
        return [f"the log ends at event {last_id}, but {wanted[2]} events were written"]
    return []


def kinds_since(after: int) -> tuple[int, set[str]]:
    """The newest event's number, and the kinds of those after ``after`` (none below 0)."""
    if after < 0:
        return Event.objects.order_by("-id").values_list("id", flat=True).first() or 0, set()
    rows = list(Event.objects.filter(id__gt=after).values_list("id", "kind"))
    return max((key for key, _ in rows), default=after), {kind for _, kind in rows}


def call_off(subject: models.Model, *kinds: str) -> None:
    """Take back what ``call_at`` asked for."""
    due = Due.objects.filter(subject_kind=kind_of(subject), subject_id=str(subject.pk))
    (due.filter(kind__in=kinds) if kinds else due).delete()


def write_back(rows: Iterable[models.Model], fields: list[str]) -> None:
    """Write the named columns of rows that exist: an upsert, an order faster than bulk_update."""
    rows = list(rows)
    if rows:
        type(rows[0])._base_manager.bulk_create(
            rows, update_conflicts=True, unique_fields=["id"], update_fields=fields
        )


def history(subject: models.Model) -> models.QuerySet[Event]:
    """Everything recorded about one subject, oldest first."""
    return Event.objects.filter(subject_kind=kind_of(subject), subject_id=str(subject.pk)).order_by(
        "id"
    )


def subject_pk(event: Event) -> int:
    return int(event.subject_id)
