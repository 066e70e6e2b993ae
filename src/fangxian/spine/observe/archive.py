"""Readings and raw frames older than their hot window: a file of Parquet a day, beside the other
archives of the folder. A file is never changed; a day that got late rows is written anew. What the
rows of the telemetry file say goes before what a file says, so a day may lie in both."""

import os
import time
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fangxian.spine.core.files import sync_folder
from fangxian.spine.core.problems import Problem

if TYPE_CHECKING:
    import polars as pl

DAY_S = 86400
SUFFIX = ".parquet"
READINGS = {  # as the table has them, with their types in polars
    **{"series_id": "Int64", "valid_s": "Int64", "value": "Float64", "quality": "Int8"},
    **{"reason": "String", "revision": "Int32", "received_s": "Float64", "seq": "Int64"},
}
FRAMES = {  # the digest is that of the raw bytes
    **{"id": "Int64", "station": "String", "source": "String", "raw": "Binary"},
    **{"received_s": "Float64", "verdict": "String", "told": "String", "form": "String"},
}
SETTLED_NS = 1_000_000_000  # two changes within a tick of the file system have one time
ROW_GROUP = 20_000  # rows that are read together, of some seventy series


def readable() -> bool:
    """Whether what reads and writes the files is installed."""
    return find_spec("polars") is not None


def need_parquet() -> None:
    """Raises ``archive.no_parquet`` where it is not."""
    if not readable():
        raise Problem("archive.no_parquet")


class DayFiles:
    """The files of one kind in a folder. Safe to use from several threads and processes."""

    prefix: str
    columns: Mapping[str, str]

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

    def table(self, rows: Iterable[tuple[Any, ...]] = ()) -> "pl.DataFrame":
        """Rows with these columns. Raises ``archive.no_parquet``."""
        need_parquet()
        import polars as pl

        schema = {name: getattr(pl, kind) for name, kind in self.columns.items()}
        return pl.DataFrame(list(rows), schema=schema, orient="row")

    def of_day(self, day: int) -> "pl.DataFrame":
        """All rows of a day; none without a file. Raises ``archive.no_parquet``."""
        if (path := self.days().get(day)) is None:
            return self.table()
        need_parquet()
        import polars as pl

        return pl.read_parquet(path)

    def write(self, day: int, parts: "Iterable[pl.DataFrame]") -> tuple[Path, int]:
        """Write a day's file, read it back, and put it into its place; its rows come in parts.
        Returns the file and how many rows it has. Raises ``archive.no_parquet``, and ValueError
        where what is read back differs."""
        need_parquet()
        import polars as pl

        whole = pl.concat([self.table(), *parts])
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / f"{self.prefix}{day:06d}{SUFFIX}"
        draft = path.with_suffix(".part")
        whole.write_parquet(draft, compression="zstd", row_group_size=ROW_GROUP)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        if not whole.equals(pl.read_parquet(draft)):
            raise ValueError(f"{draft.name}: what is read back is not what was written")
        draft.replace(path)
        sync_folder(self.folder)
        return path, len(whole)


class FrameFiles(DayFiles):
    """Raw frames by the day they came."""

    prefix, columns = "frames-", FRAMES


class Archive(DayFiles):
    """Readings by the day they are valid, sorted by series."""

    prefix, columns = "readings-", READINGS

    def of(self, series: Collection[int], *, since_s: int, until_s: int) -> "pl.LazyFrame":
        """Archived rows of series with since_s < valid_s <= until_s, to be read. Raises
        ``archive.no_parquet``."""
        files = [
            path
            for day, path in self.days().items()
            if day * DAY_S <= until_s and since_s < (day + 1) * DAY_S - 1
        ]
        if not files:
            return self.table().lazy()
        need_parquet()
        import polars as pl

        return pl.scan_parquet(files).filter(
            pl.col("series_id").is_in(list(series)),
            pl.col("valid_s") > since_s,
            pl.col("valid_s") <= until_s,
        )

    def oldest(self, series: Collection[int]) -> dict[int, int]:
        """The time of the first archived reading of each series that has any. Raises
        ``archive.no_parquet``."""
        if not (files := list(self.days().values())):
            return {}
        need_parquet()
        import polars as pl

        held = pl.scan_parquet(files).filter(pl.col("series_id").is_in(list(series)))
        return dict(held.group_by("series_id").agg(pl.col("valid_s").min()).collect().rows())


@lru_cache(16)
def _days(folder: Path, prefix: str, _changed_ns: int) -> dict[int, Path]:
    return _listed(folder, prefix)


def _listed(folder: Path, prefix: str) -> dict[int, Path]:
    paths = sorted(folder.glob(f"{prefix}*{SUFFIX}"))
    return {int(path.name[len(prefix) : -len(SUFFIX)]): path for path in paths}
