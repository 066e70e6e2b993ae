"""Readings and raw frames older than their hot window: a file of Parquet a day, beside the other
archives of the folder. A file is never changed; a day that got late rows is written anew. What the
rows of the telemetry file say goes before what a file says, so a day may lie in both."""

import os
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass

DAY_S = 86400
SUFFIX = ".parquet"
READINGS = {
    **{"series_id": "Int64", "valid_s": "Int64", "value": "Float64", "quality": "Int8"},
    **{"reason": "String", "revision": "Int32", "received_s": "Float64", "seq": "Int64"},
}
FRAMES = {  # the digest is that of the raw bytes
    **{"id": "Int64", "station": "String", "source": "String", "raw": "Binary"},
    **{"received_s": "Float64", "verdict": "String", "told": "String", "form": "String"},
}
COLUMNS = tuple(READINGS)
SETTLED_NS = 1_000_000_000  # two changes within a tick of the file system have one time
ROW_GROUP = 20_000  # rows that are read together, of some seventy series
Row = tuple[int, int, float | None, int, str, int, float, int]  # as COLUMNS


class DayFiles:
    """The files of one kind in a folder. Safe to use from several threads and processes."""

    prefix: str
    columns: Mapping[str, str]  # with their type in polars

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def days(self) -> dict[int, Path]:
        """What is archived: days since 1970 (UTC) with their files, the oldest first."""
        try:
            changed_ns = self.folder.stat().st_mtime_ns
        except FileNotFoundError:
            return {}
        if time.time_ns() - changed_ns < SETTLED_NS:
            return _listed(self.folder, self.prefix)
        return _days(self.folder, self.prefix, changed_ns)

    def until_s(self) -> int:
        """Before this time there may be archived rows; 0 with none."""
        return (max(self.days(), default=-1) + 1) * DAY_S

    def path(self, day: int) -> Path:
        return self.folder / f"{self.prefix}{day:06d}{SUFFIX}"

    def write(self, day: int, parts: Iterable[Sequence[tuple[Any, ...]]]) -> tuple[Path, int]:
        """Write a day's file, read it back, and put it into its place; its rows come in parts.
        Returns the file and how many rows it has. Raises ValueError where what is read back
        differs."""
        import polars as pl

        schema = {name: getattr(pl, kind) for name, kind in self.columns.items()}
        frames = [pl.DataFrame(list(part), schema=schema, orient="row") for part in parts]
        whole = pl.concat(frames) if frames else pl.DataFrame(schema=schema)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.path(day)
        draft = path.with_suffix(".part")
        whole.write_parquet(draft, compression="zstd", row_group_size=ROW_GROUP)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        if not whole.equals(pl.read_parquet(draft)):
            raise ValueError(f"{draft.name}: what is read back is not what was written")
        draft.replace(path)
        _sync(self.folder)
        return path, len(whole)


class FrameFiles(DayFiles):
    """Raw frames by the day they came, in the order they came."""

    prefix, columns = "frames-", FRAMES

    def rows(self, day: int) -> list[tuple[Any, ...]]:
        """A day's frames, as ``columns``; none without a file."""
        if (path := self.days().get(day)) is None:
            return []
        import polars as pl

        return pl.read_parquet(path).rows()


class Archive(DayFiles):
    """Readings by the day they are valid, sorted by series."""

    prefix, columns = "readings-", READINGS

    def rows(
        self, series: Collection[int] | None, *, since_s: int, until_s: int
    ) -> dict[int, dict[int, Row]]:
        """Archived rows of series (None: of all) with since_s < valid_s <= until_s, by series and
        time."""
        files = [
            path
            for day, path in self.days().items()
            if day * DAY_S <= until_s and since_s < (day + 1) * DAY_S - 1
        ]
        found: dict[int, dict[int, Row]] = {}
        if not files:
            return found
        import polars as pl

        held = pl.scan_parquet(files).filter(
            pl.col("valid_s") > since_s, pl.col("valid_s") <= until_s
        )
        if series is not None:
            held = held.filter(pl.col("series_id").is_in(list(series)))
        for row in held.collect().rows():
            found.setdefault(row[0], {})[row[1]] = row
        return found

    def oldest(self, series: Collection[int]) -> dict[int, int]:
        """The time of the first archived reading of each series that has any."""
        if not (files := list(self.days().values())):
            return {}
        import polars as pl

        held = pl.scan_parquet(files).filter(pl.col("series_id").is_in(list(series)))
        return dict(held.group_by("series_id").agg(pl.col("valid_s").min()).collect().rows())


def merged(old: dict[int, Row], new: Iterable[Row]) -> list[Row]:
    """The rows of a series by time; ``new`` goes before what the archive says."""
    held = old | {row[1]: row for row in new}
    return [held[at] for at in sorted(held)]


@lru_cache(16)
def _days(folder: Path, prefix: str, _changed_ns: int) -> dict[int, Path]:
    return _listed(folder, prefix)


def _listed(folder: Path, prefix: str) -> dict[int, Path]:
    paths = sorted(folder.glob(f"{prefix}*{SUFFIX}"))
    return {int(path.name[len(prefix) : -len(SUFFIX)]): path for path in paths}


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
