"""The telemetry file with the archive of its older days: rows that are there whole, in either, and
days that move from one to the other."""

import json
import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fangxian.spine.core.problems import Problem

from .archive import DAY_S, FRAMES, READINGS, Archive, FrameFiles
from .readings import Reading
from .telemetry import TelemetryFile

if TYPE_CHECKING:
    import polars as pl

log = logging.getLogger("fangxian.telemetry")
FOLDER = "archive"
SERIES_AT_A_TIME = 20  # so that nobody waits for long
FRAMES_AT_A_TIME = 5000
COLUMNS = ", ".join(f"o.{name}" for name in READINGS)
HOT = (
    f"SELECT {COLUMNS} FROM json_each(:keys) j CROSS JOIN observation o "
    "ON o.series_id = CAST(j.value AS BIGINT) AND o.valid_s > :since AND o.valid_s <= :until"
)


class AgingFile(TelemetryFile):
    """What is here, and what has left."""

    @property
    def archive(self) -> Archive:
        """The files of the days of readings that are no longer here."""
        return Archive(self.path.parent / FOLDER)

    @property
    def frame_files(self) -> FrameFiles:
        """Those of raw frames."""
        return FrameFiles(self.archive.folder)

    def _whole(
        self, series: Collection[int] | None, *, since_s: int, until_s: int
    ) -> "pl.LazyFrame | None":
        """All rows of series (None: of all) over a span that reaches into the archive, as
        ``READINGS``; None where it does not: then the rows here are all. Raises
        ``archive.no_parquet``."""
        if since_s >= self.archive.until_s():
            return None
        keys = [key for some in self._some_series() for key in some] if series is None else series
        return self._both(keys, since_s, until_s)

    def _both(self, series: Collection[int], since_s: int, until_s: int) -> "pl.LazyFrame":
        """What is here goes before what is archived; nothing is read before it is asked for."""
        old = self.archive.of(series, since_s=since_s, until_s=until_s)
        asked = {"keys": json.dumps(list(series)), "since": since_s, "until": until_s}
        new = self.archive.table(self._db.execute(HOT, asked).fetchall()).lazy()
        import polars as pl

        return pl.concat([old.join(new, on=["series_id", "valid_s"], how="anti"), new])

    def _thaw(self, db: Any, readings: Iterable[Reading]) -> None:
        """Bring back the archived rows of what is written anew, so that it meets them. Where they
        cannot be read what came is kept all the same, as a first revision."""
        until_s = self.archive.until_s()
        by_day: dict[int, set[tuple[int, int]]] = {}
        for one in readings:
            if one.valid_s < until_s:
                key = (one.series_id, one.valid_s)
                by_day.setdefault(one.valid_s // DAY_S, set()).add(key)
        for day, keys in by_day.items():
            span = {"since_s": day * DAY_S - 1, "until_s": (day + 1) * DAY_S - 1}
            try:
                old = self.archive.of({key for key, _ in keys}, **span).collect().rows()
            except Problem as problem:
                log.error("archived_day_unread day=%s why=%s", day, problem.text("en"))
                return
            db.executemany(
                "INSERT INTO observation VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (series_id, valid_s) DO NOTHING",
                [row for row in old if row[:2] in keys],
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
        before it takes its place. The file, and how many readings it has. Raises
        ``archive.no_parquet``."""
        span = day * DAY_S - 1, (day + 1) * DAY_S - 1
        parts = (self._both(keys, *span) for keys in self._some_series())
        return self.archive.write(day, (in_order(part) for part in parts))

    def take_out(self, day: int, *, seq: int) -> None:
        """Take out of here what of a day was stored up to ``seq``, the end of the log before its
        file was written: what came or was changed since then is not in it."""
        for keys in self._some_series():
            with self._write() as db:
                db.executemany(
                    "DELETE FROM observation WHERE series_id = ? AND valid_s >= ? AND valid_s < ? "
                    "AND seq <= ?",
                    [(key, day * DAY_S, (day + 1) * DAY_S, seq) for key in keys],
                )

    def _some_series(self) -> Iterator[list[int]]:
        rows = self._db.execute("SELECT series_id FROM latest ORDER BY series_id").fetchall()
        for at in range(0, len(rows), SERIES_AT_A_TIME):
            yield [row[0] for row in rows[at : at + SERIES_AT_A_TIME]]

    def write_frames(self, day: int, verdicts: Sequence[str]) -> tuple[Path, int] | None:
        """Write the raw frames of these verdicts that came on a day into its file, with those that
        lie there already. The file, and how many it has; None where none is here. Raises
        ``archive.no_parquet``."""
        parts = list(self._frames_of(day, verdicts))
        if not parts:
            return None
        old = self.frame_files.of_day(day)
        import polars as pl

        new = pl.concat(parts)
        return self.frame_files.write(day, [old.join(new, on="raw", how="anti"), new])

    def _frames_of(self, day: int, verdicts: Sequence[str]) -> "Iterator[pl.DataFrame]":
        """By their numbers, which go with time as long as our clock does; each by its own time."""
        first, last = self._frames_until(day * DAY_S), self._frames_until((day + 1) * DAY_S)
        marks = ",".join("?" * len(verdicts))
        span = (day * DAY_S, (day + 1) * DAY_S)
        while rows := self._db.execute(
            f"SELECT {', '.join(FRAMES)} FROM frame WHERE id > ? AND id <= ? AND verdict IN "
            f"({marks}) AND received_s >= ? AND received_s < ? ORDER BY id LIMIT ?",
            (first, last, *verdicts, *span, FRAMES_AT_A_TIME),
        ).fetchall():
            first = rows[-1][0]
            yield self.frame_files.table(rows)

    def take_out_frames(self, day: int) -> None:
        """Take out of here the frames that lie in a day's file, and no other."""
        rows = self.frame_files.of_day(day).select("id", "received_s").rows()
        for at in range(0, len(rows), FRAMES_AT_A_TIME):
            with self._write() as db:
                db.executemany(
                    "DELETE FROM frame WHERE id = ? AND received_s = ?",
                    rows[at : at + FRAMES_AT_A_TIME],
                )

    def _frames_until(self, before_s: float) -> int:
        """The number before the first frame that came at a time or later."""
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


def in_order(rows: "pl.LazyFrame") -> "pl.DataFrame":
    """Readings by series and time."""
    return rows.sort("series_id", "valid_s").collect()
