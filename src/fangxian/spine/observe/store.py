"""The only door to readings and raw frames: an SQLite file of its own, or tables on a server
(served.py) behind the same functions. What a reading means is in assess."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fangxian.spine.core.config import config

from .history import History, batched
from .readings import Memory, Quality, RawFrame, Reading, usable
from .statements import (
    CORRECT,
    LATEST,
    MOST_KEYS,
    NEWEST,
    NEWEST_USABLE,
    TRUSTED,
    UPSERT,
)

__all__ = ["Memory", "Quality", "RawFrame", "Reading", "Store", "from_s", "store", "usable"]

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


class Store(History):
    """One telemetry file. Safe to use from several threads: each has its own connection."""

    def put(
        self,
        readings: Iterable[Reading],
        *,
        received_s: float,
        frames: Iterable[RawFrame] = (),
    ) -> int:
        """Store readings and their raw frames in one durable transaction; return how many
        readings were new or changed. The same reading twice changes nothing; a changed one gets
        the next revision and the old one is kept."""
        rows = list(readings)
        with self._write() as db:
            self._thaw(db, rows)
            seq = self._last_seq(db)
            db.executemany(
                UPSERT,
                [
                    (r.series_id, r.valid_s, r.value, r.quality, r.reason, received_s, seq + n)
                    for n, r in enumerate(rows, 1)
                ],
            )
            count = "SELECT COUNT(*) FROM observation WHERE seq > ?"
            changed = int(db.execute(count, (seq,)).fetchone()[0])
            self._note_latest(db, rows, received_s)
            self._put_frames(db, frames, received_s)
        return changed

    @staticmethod
    def _note_latest(db: Any, rows: Sequence[Reading], received_s: float) -> None:
        """Newest usable reading and last receipt of the series written to. A newest one that
        turned out unusable is looked for anew."""
        newest: dict[int, int | None] = {}
        refused: set[tuple[int, int]] = set()
        for r in rows:
            before = newest.setdefault(r.series_id, None)
            if usable(r.value, r.quality):
                newest[r.series_id] = r.valid_s if before is None else max(before, r.valid_s)
            else:
                refused.add((r.series_id, r.valid_s))
        db.executemany(LATEST, [(key, at, received_s) for key, at in newest.items()])
        for keys in batched(sorted({key for key, _ in refused}), MOST_KEYS):
            marks = ",".join("?" * len(keys))
            found = db.execute(
                f"SELECT series_id, valid_s FROM latest WHERE series_id IN ({marks})", keys
            )
            for row in found.fetchall():
                if row in refused:
                    db.execute(NEWEST_USABLE, {"series": row[0]})

    @staticmethod
    def _last_seq(db: Any) -> int:
        return int(db.execute("SELECT COALESCE(MAX(seq), 0) FROM observation").fetchone()[0])

    @staticmethod
    def _put_frames(db: Any, frames: Iterable[RawFrame], received_s: float) -> None:
        db.executemany(
            "INSERT INTO frame (digest, station, source, raw, received_s, verdict, told, form) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING",
            [
                (f.digest, f.station, f.source, f.raw, received_s, f.verdict, f.told, f.form)
                for f in frames
            ],
        )

    def correct(self, reading: Reading, *, received_s: float) -> None:
        """Replace a reading by a person's; the raw one stays among the superseded."""
        with self._write() as db:
            self._replace(db, reading, received_s, self._last_seq(db) + 1)

    def _replace(self, db: Any, reading: Reading, received_s: float, seq: int) -> None:
        self._thaw(db, [reading])
        key = reading.series_id, reading.valid_s
        db.execute(CORRECT, (reading.value, int(reading.quality), received_s, seq, *key))
        self._note_latest(db, [reading], received_s)

    def since(self, seq: int, limit: int = 20_000) -> list[tuple[int, int, int, float | None, int]]:
        """Readings stored after ``seq``: (seq, series, valid_s, value, quality), oldest first."""
        return self._db.execute(
            "SELECT seq, series_id, valid_s, value, quality FROM observation "
            "WHERE seq > ? ORDER BY seq LIMIT ?",
            (seq, limit),
        ).fetchall()

    def stuck(self, reason: str = "stuck") -> dict[int, int]:
        """Series whose newest usable reading is doubted for ``reason``, with its time."""
        rows = self._db.execute(
            "SELECT l.series_id, l.valid_s FROM latest l CROSS JOIN observation o "
            "ON o.series_id = l.series_id AND o.valid_s = l.valid_s "
            "WHERE o.quality = 2 AND o.reason = ?",
            (reason,),
        )
        return dict(rows)

    def latest(self) -> dict[int, tuple[int | None, float]]:
        """Newest usable valid time (None: never one) and last receipt of anything per series."""
        rows = self._db.execute("SELECT series_id, valid_s, received_s FROM latest")
        return {key: (valid_s, received_s) for key, valid_s, received_s in rows}

    def newest_s(self) -> int | None:
        """The newest usable valid time of all."""
        row = self._db.execute("SELECT MAX(valid_s) FROM latest").fetchone()
        return int(row[0]) if row[0] is not None else None

    def newest(self, series: Sequence[int]) -> dict[int, tuple[int, float | None, int]]:
        """The newest usable reading of each series: (valid_s, value, quality)."""
        found: dict[int, tuple[int, float | None, int]] = {}
        for keys in batched(series, MOST_KEYS):
            rows = self._db.execute(NEWEST.format(",".join("?" * len(keys))), keys)
            found |= {row[0]: row[1:] for row in rows}
        return found

    def judged_until(self, series: Sequence[int], *, seq: int) -> dict[int, tuple[int, float]]:
        """The newest usable reading of each series among those stored up to ``seq``."""
        found: dict[int, tuple[int, float]] = {}
        for key in series:
            row = self._db.execute(
                "SELECT valid_s, value FROM observation WHERE series_id = ? AND seq <= ? "
                "AND value IS NOT NULL AND quality < 3 ORDER BY valid_s DESC LIMIT 1",
                (key, seq),
            ).fetchone()
            if row:
                found[key] = row
        return found

    def memory(self, series_id: int, *, within_s: int) -> Memory | None:
        """What quality control remembers of a series, from its last ``within_s`` seconds before
        the newest trusted reading; None without one."""
        one = {"series": series_id}
        row = self._db.execute(TRUSTED + "ORDER BY valid_s DESC LIMIT 1", one).fetchone()
        if row is None:
            return None
        at, value = row
        one |= {"since": at - within_s, "at": at, "value": value, "day": at - 86400}
        (other,) = self._db.execute(
            TRUSTED.replace("valid_s, value", "MAX(valid_s)")
            + "AND valid_s >= :since AND value != :value",
            one,
        ).fetchone()
        (same,) = self._db.execute(
            TRUSTED.replace("valid_s, value", "MIN(valid_s)") + "AND valid_s > :other",
            one | {"other": at - within_s - 1 if other is None else other},
        ).fetchone()
        day = TRUSTED + "AND valid_s > :day ORDER BY valid_s LIMIT 1"
        day_s, day_value = self._db.execute(day, one).fetchone()
        doubt = self._db.execute(
            "SELECT valid_s, value FROM observation WHERE series_id = :series AND valid_s > :at "
            "AND value IS NOT NULL AND quality = 2 ORDER BY valid_s DESC LIMIT 1",
            one,
        ).fetchone()
        return Memory(at, value, same, day_s, day_value, doubt)

    def frames(self, station: str, verdict: str) -> list[tuple[int, bytes, str, float]]:
        """Raw frames of a station with a verdict: (id, raw, format, received_s)."""
        return self._db.execute(
            "SELECT id, raw, form, received_s FROM frame WHERE station = ? AND verdict = ? "
            "ORDER BY id",
            (station, verdict),
        ).fetchall()

    def held_stations(self) -> set[str]:
        """Codes for which frames wait."""
        rows = self._db.execute("SELECT DISTINCT station FROM frame WHERE verdict = 'quarantined'")
        return {row[0] for row in rows}

    def of_the_future(self, late_s: float) -> list[tuple[int, int, float]]:
        """Readings refused as of the future that were not, by a clock that was ``late_s`` behind:
        (series, valid_s, value)."""
        return self._db.execute(
            "SELECT series_id, valid_s, value FROM observation "
            "WHERE reason = 'future' AND valid_s <= received_s + ?",
            (late_s,),
        ).fetchall()

    def corrected_since(self, seq: int) -> list[tuple[int, int]]:
        """Corrections by a person after ``seq``: (series, seq)."""
        return self._db.execute(
            "SELECT series_id, seq FROM observation WHERE reason = 'corrected' AND seq > ?", (seq,)
        ).fetchall()

    def settle_frames(self, ids: Iterable[int], verdict: str) -> None:
        with self._write() as db:
            db.executemany("UPDATE frame SET verdict = ? WHERE id = ?", [(verdict, i) for i in ids])

    def counts(self) -> dict[str, int]:
        """Frames by verdict, readings, and readings by quality."""
        db = self._db
        found = {
            f"frames_{v}": n
            for v, n in db.execute("SELECT verdict, COUNT(*) FROM frame GROUP BY verdict")
        }
        found |= {
            f"readings_{Quality(q).name.lower()}": n
            for q, n in db.execute("SELECT quality, COUNT(*) FROM observation GROUP BY quality")
        }
        return found | {"readings": sum(n for k, n in found.items() if k.startswith("readings_"))}

    def has_frames(self, digests: Sequence[str]) -> set[str]:
        marks = ",".join("?" * len(digests))
        rows = self._db.execute(f"SELECT digest FROM frame WHERE digest IN ({marks})", digests)
        return {row[0] for row in rows}

    def came_late(self, *, seq: int, valid_s: int) -> bool:
        """Whether what was stored after ``seq`` has readings of ``valid_s`` or before."""
        asked = "SELECT EXISTS (SELECT 1 FROM observation WHERE seq > ? AND valid_s <= ?)"
        return bool(self._db.execute(asked, (seq, valid_s)).fetchone()[0])

    def last_seq(self) -> int:
        """The number of the newest reading stored or changed."""
        return self._last_seq(self._db)


def store() -> Store:
    """The telemetry of this process's data folder."""
    return _open(config().telemetry_db)


@lru_cache
def _open(path: Path) -> Store:
    if config().database:
        from .served import ServedStore

        return ServedStore()
    path.parent.mkdir(parents=True, exist_ok=True)
    return Store(path)


def from_s(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
