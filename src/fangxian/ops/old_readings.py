"""Readings and raw frames that are no longer hot go into files, a day each; what the log says of
such a file is its proof. A file that has outlived its use goes."""

import hashlib
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, Named, record_many
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.archive import DAY_S, DayFiles
from fangxian.spine.observe.store import store

KEPT = ("stored", "duplicate")  # frames that are archived; what waits or was refused stays


class NoParquetError(RuntimeError):
    """The library that writes the files is not installed."""

    told = True


def archive_readings(*, days: float) -> int:
    """Move days that ended more than ``days`` ago into files; how many readings went. The log
    learns of a file before its rows are taken out: killed anywhere, the next time ends it. Raises
    NoParquetError."""
    telemetry, n = store(), 0
    for day in telemetry.days_before(int(clock.now().timestamp() // DAY_S - days)):
        _check_parquet()
        path, rows = telemetry.write_day(day)
        told = {"file": path.name, "readings": rows, "sha256": sha256(path)}
        _record("readings.archived", path.name, told)
        telemetry.take_out(day)
        n += rows
    return n


def archive_frames(*, days: float) -> int:
    """The same of raw frames, by the day they came."""
    telemetry, n = store(), 0
    for day in telemetry.days_before(int(clock.now().timestamp() // DAY_S - days), "frame"):
        parts = telemetry.frames_of(day, KEPT)
        if (first := next(parts, None)) is None:
            continue  # what is left of the day waits or was refused
        _check_parquet()
        path, rows = telemetry.frame_files.write(day, chain([first], parts))
        told = {"file": path.name, "frames": rows, "sha256": sha256(path)}
        _record("frames.archived", path.name, told)
        telemetry.take_out_frames(day, KEPT)
        n += rows
    return n


def _check_parquet() -> None:
    if find_spec("polars") is None:
        raise NoParquetError("keep.…_hot needs polars: install fangxian[growth]")


def forget_archived(what: str, *, days: float) -> int:
    """Remove files (of "readings" or "frames") of days that ended more than ``days`` ago; how
    many."""
    files: DayFiles = store().archive if what == "readings" else store().frame_files
    last, n = int(clock.now().timestamp() // DAY_S - days), 0
    for day, path in files.days().items():
        if day < last:
            _record(f"{what}.forgotten", path.name, {"file": path.name})
            path.unlink()
            n += 1
    return n


@transaction.atomic
def _record(kind: str, name: str, told: dict[str, object]) -> None:
    record_many([Entry(kind, Named("archive", name), None, told)], by=SYSTEM)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
