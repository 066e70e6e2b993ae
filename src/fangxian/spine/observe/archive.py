"""Readings older than the hot window: a file of Parquet a day, sorted by series, beside the other
archives of the folder. A file is never changed; a day that got late readings is written anew. What
the rows of the telemetry file say goes before what a file says, so a day may lie in both."""

import os
import time
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass

DAY_S = 86400
PREFIX, SUFFIX = "readings-", ".parquet"
COLUMNS = ("series_id", "valid_s", "value", "quality", "reason", "revision", "received_s", "seq")
SETTLED_NS = 1_000_000_000  # two changes within a tick of the file system have one time
ROW_GROUP = 20_000  # rows that are read together, of some seventy series
Row = tuple[int, int, float | None, int, str, int, float, int]  # as COLUMNS


class Archive:
    """The files of one folder. Safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def days(self) -> dict[int, Path]:
        """What is archived: days since 1970 (UTC) with their files, the oldest first."""
        try:
            changed_ns = self.folder.stat().st_mtime_ns
        except FileNotFoundError:
            return {}
        if time.time_ns() - changed_ns < SETTLED_NS:
            return _listed(self.folder)
        return _days(self.folder, changed_ns)

    def until_s(self) -> int:
        """Before this time there may be archived readings; 0 with none."""
        return (max(self.days(), default=-1) + 1) * DAY_S

    def path(self, day: int) -> Path:
        return self.folder / f"{PREFIX}{day:06d}{SUFFIX}"

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

    def write(self, day: int, parts: Iterable[Sequence[Row]]) -> tuple[Path, int]:
        """Write a day's file, read it back, and put it into its place; its rows come in parts, each
        series in one, by series. Returns the file and how many rows it has. Raises ValueError
        where what is read back differs."""
        import polars as pl

        frames = [pl.DataFrame(list(part), schema=_schema(), orient="row") for part in parts]
        whole = pl.concat(frames) if frames else pl.DataFrame(schema=_schema())
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


def merged(old: dict[int, Row], new: Iterable[Row]) -> list[Row]:
    """The rows of a series by time; ``new`` goes before what the archive says."""
    held = old | {row[1]: row for row in new}
    return [held[at] for at in sorted(held)]


@lru_cache(16)
def _days(folder: Path, _changed_ns: int) -> dict[int, Path]:
    return _listed(folder)


def _listed(folder: Path) -> dict[int, Path]:
    paths = sorted(folder.glob(f"{PREFIX}*{SUFFIX}"))
    return {int(path.name[len(PREFIX) : -len(SUFFIX)]): path for path in paths}


def _schema() -> "dict[str, Any]":
    import polars as pl

    kinds: list[type[pl.DataType]] = [
        *(pl.Int64, pl.Int64, pl.Float64, pl.Int8),
        *(pl.String, pl.Int32, pl.Float64, pl.Int64),
    ]
    return dict(zip(COLUMNS, kinds, strict=True))


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
