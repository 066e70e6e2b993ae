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
from .archive import COLUMNS, DAY_S, FRAMES, Archive, FrameFiles, Row, merged
from .readings import Reading
from .statements import SCHEMA

FOLDER = "archive"
RAW = list(FRAMES).index("raw")
SERIES_AT_A_TIME = 20  # so that nobody waits for long


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

    @property
    def archive(self) -> Archive:
        """The files of the days of readings that are no longer here."""
        return Archive(self.path.parent / FOLDER)

    @property
    def frame_files(self) -> FrameFiles:
        """Those of raw frames."""
        return FrameFiles(self.archive.folder)

    def _archived(
        self, series: Sequence[int], *, since_s: int, until_s: int
    ) -> dict[int, dict[int, Row]]:
        """What the archive has of a span; where it cannot have any, nobody looks."""
        if since_s >= self.archive.until_s():
            return {}
        return self.archive.rows(series, since_s=since_s, until_s=until_s)

    def _thaw(self, db: Any, readings: Iterable[Reading]) -> None:
        """Bring back the archived rows of what is written anew, so that it meets them."""
        until_s = self.archive.until_s()
        by_day: dict[int, set[tuple[int, int]]] = {}
        for one in readings:
            if one.valid_s < until_s:
                key = (one.series_id, one.valid_s)
                by_day.setdefault(one.valid_s // DAY_S, set()).add(key)
        for day, keys in by_day.items():
            since_s = day * DAY_S - 1
            old = self.archive.rows(
                {key for key, _ in keys}, since_s=since_s, until_s=since_s + DAY_S
            )
            rows = [old[key][at] for key, at in keys if at in old.get(key, {})]
            db.executemany(
                "INSERT INTO observation VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (series_id, valid_s) DO NOTHING",
                rows,
            )

    def days_before(self, day: int, table: str = "observation") -> list[int]:
        """Days before ``day`` of which a table has rows here, the oldest first: the sums know."""
        rows = self._db.execute(
            "SELECT day FROM evidence WHERE name = ? AND day < ? "
            "GROUP BY day HAVING SUM(n) > 0 ORDER BY day",
            (table, day),
        )
        return [int(row[0]) for row in rows]

    def write_day(self, day: int) -> tuple[Path, int]:
        """Write all readings of a day into its file, with those that lie there already: read back
        before it takes its place. The file, and how many readings it has."""
        return self.archive.write(day, self._parts_of_day(day))

    def take_out(self, day: int) -> None:
        """Take a day's readings out here, some series at a time: they lie in the archive."""
        since_s, until_s = day * DAY_S - 1, (day + 1) * DAY_S - 1
        for keys in self._some_series():
            with self._write() as db:
                db.executemany(
                    "DELETE FROM observation WHERE series_id = ? AND valid_s > ? AND valid_s <= ?",
                    [(key, since_s, until_s) for key in keys],
                )

    def _some_series(self) -> Iterator[list[int]]:
        rows = self._db.execute("SELECT series_id FROM latest ORDER BY series_id").fetchall()
        for at in range(0, len(rows), SERIES_AT_A_TIME):
            yield [row[0] for row in rows[at : at + SERIES_AT_A_TIME]]

    def _parts_of_day(self, day: int) -> Iterator[list[Row]]:
        since_s, until_s = day * DAY_S - 1, (day + 1) * DAY_S - 1
        for keys in self._some_series():
            old = self._archived(keys, since_s=since_s, until_s=until_s)
            part: list[Row] = []
            for key in keys:
                new = self._db.execute(
                    f"SELECT {', '.join(COLUMNS)} FROM observation "
                    "WHERE series_id = ? AND valid_s > ? AND valid_s <= ?",
                    (key, since_s, until_s),
                ).fetchall()
                part += merged(old.get(key, {}), new)
            if part:
                yield part

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

    def frames_of(
        self, day: int, verdicts: Sequence[str], at_a_time: int = 20_000
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Raw frames of these verdicts that came on a day, as the archive has them, in parts; then
        those that lie there already. Nothing where none is here."""
        first, last = self._frames_until(day * DAY_S), self._frames_until((day + 1) * DAY_S)
        marks = ",".join("?" * len(verdicts))
        old: list[tuple[Any, ...]] | None = None
        seen: set[bytes] = set()
        while rows := self._db.execute(
            f"SELECT {', '.join(FRAMES)} FROM frame WHERE id > ? AND id <= ? "
            f"AND verdict IN ({marks}) ORDER BY id LIMIT ?",
            (first, last, *verdicts, at_a_time),
        ).fetchall():
            old = self.frame_files.rows(day) if old is None else old
            seen |= {row[RAW] for row in rows} if old else set()
            first = rows[-1][0]
            yield rows
        if left := [row for row in old or () if row[RAW] not in seen]:
            yield left

    def take_out_frames(self, day: int, verdicts: Sequence[str]) -> None:
        """Take a day's frames out here: they lie in the archive."""
        first, last = self._frames_until(day * DAY_S), self._frames_until((day + 1) * DAY_S)
        marks = ",".join("?" * len(verdicts))
        for begin in range(first, last, 5000):
            with self._write() as db:
                db.execute(
                    f"DELETE FROM frame WHERE id > ? AND id <= ? AND verdict IN ({marks})",
                    (begin, min(begin + 5000, last), *verdicts),
                )

    def _frames_until(self, before_s: float) -> int:
        """The number before the first frame that came at a time or later: numbers go with time."""
        low, high = 0, int(self._db.execute("SELECT COALESCE(MAX(id), 0) FROM frame").fetchone()[0])
        while low < high:
            middle = (low + high + 1) // 2
            row = self._db.execute(
                "SELECT received_s FROM frame WHERE id <= ? ORDER BY id DESC LIMIT 1", (middle,)
            ).fetchone()
            if row is None or row[0] < before_s:
                low = middle
            else:
                high = middle - 1
        return low

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
