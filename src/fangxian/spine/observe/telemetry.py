"""The telemetry file itself: its connections, its transactions, its proof and its keeping. What is
in it is read and written by store.py."""

import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fangxian.spine.core.config import config
from fangxian.spine.core.marks import mark

from . import sums
from .statements import SCHEMA


class TelemetryFile:
    """One file, opened once for each thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        with self._write() as db:
            db.executescript(SCHEMA + sums.SCHEMA)
        mark(self._db, config().kind)

    @property
    def _db(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = sqlite3.connect(self.path, timeout=20, isolation_level=None)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            self._local.db = db
            self._local.sums = sums.Sums(db)
        return db

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        moved: sums.Sums = self._local.sums
        moved.moved.clear()
        try:
            yield db
            moved.settle(db)
        except BaseException:
            db.rollback()
            raise
        db.commit()

    def forget_frames(self, verdicts: Sequence[str], *, before_s: float) -> int:
        """Raw frames of these verdicts that came before a time go; how many went."""
        marks = ",".join("?" * len(verdicts))
        return self._forget(
            f"DELETE FROM frame WHERE id IN (SELECT id FROM frame WHERE verdict IN ({marks}) "
            "AND received_s < ? LIMIT 5000)",
            (*verdicts, before_s),
        )

    def forget_readings(self, *, before_s: int) -> int:
        """Readings valid before a time go, and what they replaced."""
        n = 0
        for table, more in (("superseded", ", revision"), ("observation", "")):
            key = f"series_id, valid_s{more}"
            n += self._forget(
                f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} "
                "WHERE valid_s < ? LIMIT 5000)",
                (before_s,),
            )
        return n

    def _forget(self, sql: str, values: tuple[Any, ...]) -> int:
        """In parts, so that nobody waits for long."""
        total = 0
        while True:
            with self._write() as db:
                n = db.execute(sql, values).rowcount
            if n <= 0:
                return total
            total += n

    def take_table(self, name: str, rows: Iterable[Sequence[Any]]) -> int:
        """All rows of one of these tables from elsewhere (ops.moving); how many."""
        return take_rows(self, name, rows)

    def tidy(self) -> None:
        """Tell the planner how large the tables have become: at start and once a day."""
        self._db.execute("PRAGMA analysis_limit=1000")
        self._db.execute("ANALYZE")

    def sum_up(self) -> None:
        """Begin the proof of a file that has none."""
        with self._write() as db:
            sums.sum_up(db)

    def audit(self, days: Collection[int] | None = None) -> list[str]:
        """What of some days, or of all, is not as it was stored (observe.sums)."""
        db = self._db
        db.execute("BEGIN")
        try:
            return sums.audit(db, days)
        finally:
            db.execute("COMMIT")

    def check(self) -> list[str]:
        """What SQLite itself finds broken; empty means sound."""
        rows = self._db.execute("PRAGMA integrity_check").fetchall()
        return [str(row[0]) for row in rows if row[0] != "ok"]

    def close(self) -> None:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is not None:
            db.close()
            self._local.db = None


def take_rows(into: Any, name: str, rows: Iterable[Sequence[Any]]) -> int:
    """Rows of a table into a file, in one transaction."""
    n = 0
    with into._write() as db:
        db.execute(f"DELETE FROM {name}")
        for row in rows:
            if not n:
                insert = f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})"
            db.execute(insert, row)
            n += 1
    return n
