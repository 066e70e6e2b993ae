"""Proof that rows are as this program left them. Each table has a sum over its rows, kept by
triggers: every row's MAC, by a key outside the database, added modulo 2^256. Whoever changes,
removes or puts back a row by another way cannot make the sum agree. Bellare and Micciancio's
multiset hash (EUROCRYPT 1997), with a keyed function."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction

from . import clock
from .database import database
from .events import Entry, Named, record_many
from .macs import head_seal
from .models import ChainHead, Event, Evidence
from .problems import Problem
from .rights import SYSTEM, Seat, require

TELEMETRY = "telemetry"
# work in hand, and what is made anew from other rows: nobody is held to it
LEFT_OUT = frozenset(
    {
        "core_evidence",
        "core_event",  # chained
        "core_chainhead",  # keyed
        "core_cursor",
        "core_job",
        "core_due",
        "core_heartbeat",
        "core_idempotencykey",
        "cover_gap",
    }
)


def tables() -> dict[str, list[str]]:
    """The tables that are proved, with their columns."""
    return {
        model._meta.db_table: [str(field.column) for field in model._meta.local_concrete_fields]
        for model in _models()
        if model._meta.db_table not in LEFT_OUT
    }


def _models() -> Iterator[type[models.Model]]:
    for model in apps.get_models(include_auto_created=True):
        ours = (model.__module__ or "").startswith("fangxian.") or model._meta.label == "auth.User"
        if ours and model._meta.managed and not model._meta.proxy:
            yield model


def sums() -> Any:
    """How the sums are kept in this database."""
    if connection.vendor == "postgresql":
        from .postgresql import sums as served

        return served
    from .sqlite import sums

    return sums


def lift() -> list[str]:
    """Take the triggers away, as before tables are remade; what did not agree before that."""
    kept = sums()
    standing = kept.standing()
    broken = audit() if standing else []
    kept.drop(standing)
    return broken


@transaction.atomic
def lay(broken: Iterable[str] = ()) -> int:
    """Put the triggers on and sum up the tables that have none. Returns how many tables were
    summed up. What did not agree before (``broken``), and a sum that somebody removed, is kept for
    the doctor until a person accepts it."""
    kept, wanted = sums(), tables()
    kept.prepare()
    standing = kept.standing()
    rows = {row.name: row for row in Evidence.objects.all()}
    before = _summed_once()
    if not rows and not before:  # a log of a version that had no key yet
        _seal_head()
    fresh = []
    for table, columns in wanted.items():
        if table in rows and kept.triggers(table, columns).items() <= standing.items():
            continue
        _put_triggers(table, columns)
        n, total = kept.read(table, columns)
        kept.forget(table)
        why = "its sum was removed" if table in before and table not in rows else ""
        why = why or next((text for text in broken if text.startswith(f"{table}:")), "")
        if table in rows and table not in {text.partition(":")[0] for text in broken}:
            why = rows[table].broken
        Evidence.objects.update_or_create(
            name=table, defaults={"n": n, "total": total, "broken": why, "since": clock.now()}
        )
        fresh.append(table)
    if fresh:
        told = {"tables": sorted(fresh), "broken": list(broken)}
        record_many([Entry("evidence.summed", Named("evidence", "records"), None, told)], by=SYSTEM)
    return len(fresh)


def _put_triggers(table: str, columns: list[str]) -> None:
    triggers = sums().triggers(table, columns)
    sums().drop(triggers)
    with connection.cursor() as cursor:
        for sql in triggers.values():
            cursor.execute(sql)


@transaction.atomic
def sum_moved() -> None:
    """The sums of rows that came from another database, where they were proved. What did not agree
    there, and what had no sum, stays told."""
    for table, columns in tables().items():
        _put_triggers(table, columns)
    _sum_up()


def _seal_head() -> None:
    for head in ChainHead.objects.exclude(length=0):
        sealed = head_seal(head.last_id, head.last_hash, head.length)
        ChainHead.objects.filter(pk=head.pk).update(seal=sealed)


@transaction.atomic
def sum_anew() -> None:
    """Every sum and the log's end by the key of now."""
    _sum_up()
    _seal_head()


def _sum_up() -> None:
    kept = sums()
    kept.prepare()
    for table, columns in tables().items():
        n, total = kept.read(table, columns)
        kept.forget(table)
        Evidence.objects.filter(pk=table).update(n=n, total=total)


@transaction.atomic
def accept(*, reason: str, by: Seat) -> list[str]:
    """A person has looked at what does not agree and goes on from what is there; what it was stays
    in the log."""
    require(by, "key.change")
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    sums().prepare()  # on a server no writer moves a sum meanwhile
    broken = audit()
    if broken:
        lay(audit())
        sum_anew()
        Evidence.objects.exclude(broken="").update(broken="")
        entry = Entry(
            "evidence.accepted", Named("evidence", "records"), {"broken": broken}, None, reason
        )
        record_many([entry], by=by)
    return broken


def _summed_once() -> set[str]:
    """Tables that the log says had a sum."""
    told = Event.objects.filter(kind="evidence.summed").values_list("after", flat=True)
    return {table for after in told for table in (after or {}).get("tables", ())}


def audit() -> list[str]:
    """Read every proved table again; what does not agree with its sum, a sentence each. Beside
    running writers it sees one moment, and holds nobody up."""
    found = []
    kept = sums()
    with database().one_moment():
        rows = {row.name: row for row in Evidence.objects.exclude(name=TELEMETRY)}
        standing, written = kept.standing(), kept.written()
        if not rows:
            return ["core_evidence: there are no sums; run fangxian init"]
        for table, columns in tables().items():
            row = rows.get(table)
            if row is None:
                found.append(f"{table}: its sum is missing")
                continue
            if row.broken:
                found.append(f"{table}: {row.broken}")
            if not kept.triggers(table, columns).items() <= standing.items():
                found.append(f"{table}: its triggers were removed")
            n, total = kept.read(table, columns)
            if n != written[table][0]:
                found.append(f"{table}: {n} rows, and {written[table][0]} were written")
            elif total != written[table][1]:
                found.append(f"{table}: a row was changed outside this program")
    return found
