"""Fixes of vessels: a file of their own beside the telemetry, as they are many and soon old. What
they mean is judged in `watching`."""

import math
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from fangxian.spine.core.config import config
from fangxian.spine.core.marks import mark

from .telemetry import take_rows

SCHEMA = """
CREATE TABLE IF NOT EXISTS fix (
  track TEXT NOT NULL, at_s INTEGER NOT NULL, lon REAL NOT NULL, lat REAL NOT NULL,
  sog REAL, cog REAL, station TEXT NOT NULL DEFAULT '', PRIMARY KEY (track, at_s)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS last (
  track TEXT NOT NULL PRIMARY KEY, at_s INTEGER NOT NULL, lon REAL NOT NULL, lat REAL NOT NULL,
  sog REAL, cog REAL, station TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fix_by_time ON fix (at_s);
CREATE INDEX IF NOT EXISTS last_by_time ON last (at_s);
CREATE TABLE IF NOT EXISTS said (
  track TEXT NOT NULL, name TEXT NOT NULL, first_s INTEGER NOT NULL, last_s INTEGER NOT NULL,
  PRIMARY KEY (track, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS jump (
  track TEXT NOT NULL, at_s INTEGER NOT NULL, kn REAL NOT NULL, PRIMARY KEY (track, at_s)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS heard (
  cell_x INTEGER NOT NULL, cell_y INTEGER NOT NULL, hour INTEGER NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY (cell_x, cell_y, hour)
) WITHOUT ROWID;
"""
CELL_DEG = 0.05  # of the map of hearing
FASTEST_KN = 60.0  # no vessel goes faster: two fixes of one number are two vessels
PUT = (
    "INSERT INTO fix VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (track, at_s) DO UPDATE SET "
    "lon = excluded.lon, lat = excluded.lat, sog = excluded.sog, cog = excluded.cog"
)
LAST = (
    "INSERT INTO last VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (track) DO UPDATE SET "
    "at_s = excluded.at_s, lon = excluded.lon, lat = excluded.lat, sog = excluded.sog, "
    "cog = excluded.cog, station = excluded.station WHERE excluded.at_s >= last.at_s"
)
SAID = (
    "INSERT INTO said VALUES (?, ?, ?, ?) ON CONFLICT (track, name) DO UPDATE SET "
    "last_s = CASE WHEN excluded.last_s > said.last_s THEN excluded.last_s ELSE said.last_s END"
)
HEARD = (
    "INSERT INTO heard VALUES (?, ?, ?, ?) ON CONFLICT (cell_x, cell_y, hour) DO UPDATE SET "
    "n = heard.n + excluded.n"
)


@dataclass(frozen=True, slots=True)
class Fix:
    """A vessel at a time: degrees of WGS84, knots, degrees. ``track`` names the transponder as
    ``ais:412…``, ``beidou:…``, ``radar:…``."""

    track: str
    at_s: int
    lon: float
    lat: float
    sog_kn: float | None = None
    cog_deg: float | None = None
    station: str = ""


Row = tuple[str, int, float, float, float | None, float | None, str]


class Tracks:
    """What is asked of fixes; where they lie is said by those below."""

    _db: Any
    _write: Callable[[], AbstractContextManager[Any]]

    def take_table(self, name: str, rows: Iterable[Sequence[Any]]) -> int:
        """All rows of one of these tables from elsewhere (ops.moving); how many."""
        return take_rows(self, name, rows)

    def put(self, fixes: Iterable[Fix], *, names: Iterable[tuple[str, str, int]] = ()) -> int:
        """Keep fixes, and names that transponders said (track, name, time); the same again changes
        nothing. Returns how many rows there are of them."""
        rows: list[Row] = [
            (f.track, f.at_s, f.lon, f.lat, f.sog_kn, f.cog_deg, f.station) for f in fixes
        ]
        newest: dict[str, Row] = {}
        cells: dict[tuple[int, int, int], int] = {}
        for row in rows:
            if row[0] not in newest or row[1] >= newest[row[0]][1]:
                newest[row[0]] = row
            cell = (int(row[2] // CELL_DEG), int(row[3] // CELL_DEG), row[1] // 3600)
            cells[cell] = cells.get(cell, 0) + 1
        jumps = _jumps(rows, self.last_of(list(newest)))
        with self._write() as db:
            db.executemany(PUT, rows)
            db.executemany("INSERT INTO jump VALUES (?, ?, ?) ON CONFLICT DO NOTHING", jumps)
            db.executemany(LAST, newest.values())
            db.executemany(SAID, [(track, name, at, at) for track, name, at in names])
            db.executemany(HEARD, [(*cell, n) for cell, n in cells.items()])
        return len(rows)

    def last(self, *, since_s: int) -> list[Row]:
        """The newest fix of every track since a time."""
        rows: list[Row] = self._db.execute(
            "SELECT * FROM last WHERE at_s >= ? ORDER BY track", (since_s,)
        ).fetchall()
        return rows

    def last_of(self, tracks: Sequence[str]) -> dict[str, Row]:
        """The newest fix of some tracks."""
        found: dict[str, Row] = {}
        for at in range(0, len(tracks), 900):
            part = tracks[at : at + 900]
            marks = ",".join("?" * len(part))
            rows = self._db.execute(f"SELECT * FROM last WHERE track IN ({marks})", part)
            found.update((row[0], row) for row in rows)
        return found

    def trails(self, tracks: Sequence[str], *, since_s: int, until_s: int) -> dict[str, list[Row]]:
        """The fixes of some tracks in a span, in the order of time."""
        found: dict[str, list[Row]] = {track: [] for track in tracks}
        for at in range(0, len(tracks), 900):
            part = tracks[at : at + 900]
            marks = ",".join("?" * len(part))
            rows = self._db.execute(
                f"SELECT * FROM fix WHERE track IN ({marks}) AND at_s BETWEEN ? AND ? "
                "ORDER BY track, at_s",
                (*part, since_s, until_s),
            )
            for row in rows:
                found[row[0]].append(row)
        return found

    def names(self, tracks: Sequence[str]) -> dict[str, list[tuple[str, int, int]]]:
        """Names that transponders said: name, first, last; the newest last."""
        found: dict[str, list[tuple[str, int, int]]] = {}
        for at in range(0, len(tracks), 900):
            part = tracks[at : at + 900]
            marks = ",".join("?" * len(part))
            rows = self._db.execute(
                f"SELECT track, name, first_s, last_s FROM said WHERE track IN ({marks}) "
                "ORDER BY track, last_s",
                part,
            )
            for track, name, first_s, last_s in rows:
                found.setdefault(track, []).append((name, first_s, last_s))
        return found

    def jumps(self, *, since_s: int) -> dict[str, tuple[int, float]]:
        """Tracks that went faster than any vessel can: how often, and how fast at most."""
        rows = self._db.execute(
            "SELECT track, COUNT(*), MAX(kn) FROM jump WHERE at_s >= ? GROUP BY track", (since_s,)
        )
        return {track: (n, kn) for track, n, kn in rows}

    def hearing(self, *, since_s: int) -> list[tuple[int, int, int, int]]:
        """Fixes by cell and hour since a time."""
        rows: list[tuple[int, int, int, int]] = self._db.execute(
            "SELECT cell_x, cell_y, hour, n FROM heard WHERE hour >= ? "
            "ORDER BY cell_x, cell_y, hour",
            (since_s // 3600,),
        ).fetchall()
        return rows

    def forget(self, *, before_s: int) -> int:
        """Fixes before a time go, in parts."""
        total = 0
        while True:
            with self._write() as db:
                n = db.execute(
                    "DELETE FROM fix WHERE (track, at_s) IN "
                    "(SELECT track, at_s FROM fix WHERE at_s < ? LIMIT 5000)",
                    (before_s,),
                ).rowcount
                db.execute("DELETE FROM heard WHERE hour < ?", (before_s // 3600,))
                db.execute("DELETE FROM jump WHERE at_s < ?", (before_s,))
            if n <= 0:
                return total
            total += n

    def newest_s(self) -> int:
        """When the newest fix was; 0 without any."""
        return int(self._db.execute("SELECT COALESCE(MAX(at_s), 0) FROM last").fetchone()[0])


class TrackFile(Tracks):
    """One file of fixes. Safe to use from several threads: each has its own connection."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._db.executescript(SCHEMA)
        mark(self._db, config().kind)

    @property
    def _db(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = sqlite3.connect(self.path, timeout=20, isolation_level=None)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            self._local.db = db
        return db

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.rollback()
            raise
        db.commit()


def _jumps(rows: Sequence[Row], last: dict[str, Row]) -> list[tuple[str, int, float]]:
    """Legs of tracks that no vessel can go, in knots."""
    found = []
    before = dict(last)
    for row in sorted(rows, key=lambda row: (row[0], row[1])):
        old = before.get(row[0])
        if old is not None and row[1] > old[1]:
            east = (row[2] - old[2]) * math.cos(math.radians(row[3])) * 60
            north = (row[3] - old[3]) * 60
            kn = math.hypot(east, north) / (row[1] - old[1]) * 3600
            if kn > FASTEST_KN:
                found.append((row[0], row[1], round(kn, 1)))
        if old is None or row[1] >= old[1]:
            before[row[0]] = row
    return found


def tracks() -> Tracks:
    """Those of this installation."""
    return _open(config().data_dir / "tracks.sqlite3")


@lru_cache(4)
def _open(path: Path) -> Tracks:
    if config().database:
        from fangxian.spine.core.postgresql.raw import Served

        class ServedTracks(Served, Tracks):
            schema, tables = "tracks", for_server(SCHEMA)

        return ServedTracks()
    return TrackFile(path)


def for_server(schema: str) -> str:
    """The tables of a file as a server makes them."""
    for word, ours in (("INTEGER", "BIGINT"), ("REAL", "DOUBLE PRECISION"), ("WITHOUT ROWID", "")):
        schema = schema.replace(word, ours)
    return schema
