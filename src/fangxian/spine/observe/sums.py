"""The sums that prove the telemetry file: a keyed sum over the rows of each table and day, so that
a part can be read again without the whole. Kept by triggers; see core.evidence."""

import sqlite3
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from fangxian.spine.core.macs import MODULUS, SIZE, row_mac

DAY_S = 86400
VERBS = ("INSERT", "UPDATE", "DELETE")
COLUMNS = {  # the first is what a row's day is reckoned from
    "observation": "valid_s, series_id, value, quality, reason, revision, received_s, seq",
    "superseded": "valid_s, series_id, revision, value, quality, reason, received_s",
    "frame": "received_s, id, digest, station, source, raw, verdict, told, form",
}


def _listed(table: str, side: str) -> str:
    return ", ".join(f"{side}.{name}" for name in COLUMNS[table].split(", "))


def _trigger(table: str, verb: str) -> str:
    gone = f"SELECT fx_gone('{table}', {_listed(table, 'old')});" if verb != "INSERT" else ""
    come = f"SELECT fx_come('{table}', {_listed(table, 'new')});" if verb != "DELETE" else ""
    name = f"prove_{table}_{verb.lower()}"
    return f"CREATE TRIGGER IF NOT EXISTS {name} AFTER {verb} ON {table} BEGIN {gone} {come} END;"


SCHEMA = """
CREATE TABLE IF NOT EXISTS evidence (
    name TEXT NOT NULL, day INTEGER NOT NULL, n INTEGER NOT NULL, total BLOB NOT NULL,
    PRIMARY KEY (name, day)) WITHOUT ROWID;
""" + "\n".join(
    _trigger(table, verb) for table in COLUMNS for verb in ("INSERT", "UPDATE", "DELETE")
)
TRIGGERS = len(COLUMNS) * 3


class Sums:
    """What one transaction changes of the sums; ``settle`` writes it down before the commit."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.moved: dict[tuple[str, int], list[int]] = {}
        db.create_function("fx_come", -1, self._come)
        db.create_function("fx_gone", -1, self._gone)

    def _come(self, *row: Any) -> None:
        one = self.moved.setdefault((row[0], row[1] // DAY_S), [0, 0])
        one[0] += 1
        one[1] += int.from_bytes(row_mac(*row))

    def _gone(self, *row: Any) -> None:
        one = self.moved.setdefault((row[0], row[1] // DAY_S), [0, 0])
        one[0] -= 1
        one[1] -= int.from_bytes(row_mac(*row))

    def settle(self, db: sqlite3.Connection) -> None:
        moved, self.moved = self.moved, {}
        for (table, of_day), (n, total) in moved.items():
            day = int(of_day)
            where = "WHERE name = ? AND day = ?"
            found = db.execute(f"SELECT n, total FROM evidence {where}", (table, day)).fetchone()
            before_n, before = found or (0, bytes(SIZE))
            after = ((int.from_bytes(before) + total) % MODULUS).to_bytes(SIZE)
            db.execute(
                "INSERT INTO evidence VALUES (?, ?, ?, ?) ON CONFLICT (name, day) DO UPDATE SET "
                "n = excluded.n, total = excluded.total",
                (table, day, before_n + n, after),
            )


def sum_up(db: sqlite3.Connection) -> None:
    """Sum up everything that is there: once, for a file that had no sums."""
    db.execute("DELETE FROM evidence")
    for (name, day), (n, total) in _read(db, None).items():
        row = (name, day, n, (total % MODULUS).to_bytes(SIZE))
        db.execute("INSERT INTO evidence VALUES (?, ?, ?, ?)", row)


def audit(db: sqlite3.Connection, days: Collection[int] | None) -> list[str]:
    """Read the rows of some days again, or all (None); what does not agree, a sentence each."""
    (standing,) = db.execute(
        "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'prove_%'"
    ).fetchone()
    broken = ["telemetry: its triggers were removed"] if standing < TRIGGERS else []
    kept = {
        (name, day): (n, bytes(total))
        for name, day, n, total in db.execute("SELECT * FROM evidence")
        if days is None or day in days
    }
    read = _read(db, days)
    for key in sorted({*kept, *read}):
        n, total = read.get(key, [0, 0])
        want_n, want = kept.get(key, (0, bytes(SIZE)))
        if (n, (total % MODULUS).to_bytes(SIZE)) != (want_n, want):
            name, of_day = key
            day = datetime.fromtimestamp(of_day * DAY_S, UTC)
            more = f"{n} rows, {want_n} were written" if n != want_n else "a row was changed"
            broken.append(f"telemetry {name} of {day:%Y-%m-%d}: {more}")
    return broken


def _read(db: sqlite3.Connection, days: Collection[int] | None) -> dict[tuple[str, int], list[int]]:
    found: dict[tuple[str, int], list[int]] = {}
    for table, listed in COLUMNS.items():
        moment = listed.partition(",")[0]
        spans = [(None, None)] if days is None else [(d * DAY_S, (d + 1) * DAY_S) for d in days]
        for since, until in spans:
            where = "" if since is None else f"WHERE {moment} >= {since} AND {moment} < {until}"
            for row in db.execute(f"SELECT {listed} FROM {table} {where}"):
                one = found.setdefault((table, int(row[0] // DAY_S)), [0, 0])
                one[0] += 1
                one[1] += int.from_bytes(row_mac(table, *row))
    return found
