"""Proof that rows are as this program left them. Each table has a sum over its rows, kept by
triggers: every row's MAC, by a key outside the database, added modulo 2^256. Whoever changes,
removes or puts back a row by another way cannot make the sum agree. Bellare and Micciancio's
multiset hash (EUROCRYPT 1997), with a keyed function."""

from collections.abc import Iterable, Iterator

from django.apps import apps
from django.db import connection, models, transaction

from . import clock
from .events import Entry, Named, record_many
from .macs import MODULUS, SIZE, head_seal
from .models import ChainHead, Event, Evidence
from .problems import Problem
from .rights import SYSTEM, Seat, require
from .sqlite.base import one_moment

PREFIX = "evidence"
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


def _triggers(table: str, columns: Iterable[str]) -> dict[str, str]:
    """Name and text of a table's three triggers."""

    def mac(side: str) -> str:
        values = ", ".join(f'{side}."{name}"' for name in columns)
        return f"fx_mac('{table}', {values})"

    moved = {
        "insert": f"n = n + 1, total = fx_add(total, {mac('new')})",
        "update": f"total = fx_add(fx_take(total, {mac('old')}), {mac('new')})",
        "delete": f"n = n - 1, total = fx_take(total, {mac('old')})",
    }
    return {
        f"{PREFIX}_{table}_{verb}": (
            f"CREATE TRIGGER {PREFIX}_{table}_{verb} AFTER {verb.upper()} ON {table} BEGIN "
            f"UPDATE core_evidence SET {sets} WHERE name = '{table}'; END"
        )
        for verb, sets in moved.items()
    }


def _standing() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s",
            [f"{PREFIX}_%"],
        )
        return dict(cursor.fetchall())


def lift() -> list[str]:
    """Take the triggers away, as before tables are remade; what did not agree before that."""
    broken = audit() if _standing() else []
    with connection.cursor() as cursor:
        for name in _standing():
            cursor.execute(f"DROP TRIGGER {name}")
    return broken


@transaction.atomic
def lay(broken: Iterable[str] = ()) -> int:
    """Put the triggers on and sum up the tables that have none. Returns how many tables were
    summed up. What did not agree before (``broken``), and a sum that somebody removed, is kept for
    the doctor until a person accepts it."""
    standing, wanted = _standing(), tables()
    rows = {row.name: row for row in Evidence.objects.all()}
    before = _summed_once()
    if not rows and not before:  # a log of a version that had no key yet
        _seal_head()
    fresh = []
    for table, columns in wanted.items():
        triggers = _triggers(table, columns)
        if table in rows and triggers.items() <= standing.items():
            continue
        with connection.cursor() as cursor:
            for name, sql in triggers.items():
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
                cursor.execute(sql)
        n, total = _sum_of(table, columns)
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


def _seal_head() -> None:
    for head in ChainHead.objects.exclude(length=0):
        sealed = head_seal(head.last_id, head.last_hash, head.length)
        ChainHead.objects.filter(pk=head.pk).update(seal=sealed)


@transaction.atomic
def sum_anew() -> None:
    """Every sum and the log's end by the key of now."""
    for table, columns in tables().items():
        n, total = _sum_of(table, columns)
        Evidence.objects.filter(pk=table).update(n=n, total=total)
    _seal_head()


@transaction.atomic
def accept(*, reason: str, by: Seat) -> list[str]:
    """A person has looked at what does not agree and goes on from what is there; what it was stays
    in the log."""
    require(by, "key.change")
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
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


def _sum_of(table: str, columns: Iterable[str]) -> tuple[int, bytes]:
    connection.ensure_connection()
    total, n = 0, 0
    listed = ", ".join(f'"{name}"' for name in columns)
    read = f"SELECT fx_mac('{table}', {listed}) FROM {table}"  # just as the triggers read
    for (mac,) in connection.connection.cursor().execute(read):
        total += int.from_bytes(mac)
        n += 1
    return n, (total % MODULUS).to_bytes(SIZE)


def audit() -> list[str]:
    """Read every proved table again; what does not agree with its sum, a sentence each. Beside
    running writers it sees one moment, and holds nobody up."""
    found = []
    with one_moment(connection):
        rows = {row.name: row for row in Evidence.objects.exclude(name=TELEMETRY)}
        standing = _standing()
        if not rows:
            return ["core_evidence: there are no sums; run fangxian init"]
        for table, columns in tables().items():
            row = rows.get(table)
            if row is None:
                found.append(f"{table}: its sum is missing")
                continue
            if row.broken:
                found.append(f"{table}: {row.broken}")
            if not _triggers(table, columns).items() <= standing.items():
                found.append(f"{table}: its triggers were removed")
            n, total = _sum_of(table, columns)
            if n != row.n:
                found.append(f"{table}: {n} rows, and {row.n} were written")
            elif total != bytes(row.total):
                found.append(f"{table}: a row was changed outside this program")
    return found
