"""Readings and raw frames that are no longer hot go into files, a day each; what the log says of
such a file is its proof. A file that has outlived its use goes. All raise ``archive.no_parquet``
where what writes the files is not installed."""

import hashlib
from pathlib import Path

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, Named, record_many
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.archive import DAY_S, DayFiles
from fangxian.spine.observe.store import store

KEPT = ("stored", "duplicate")  # frames that are archived; what waits or was refused stays


def archive_readings(*, days: float) -> int:
    """Move days that ended more than ``days`` ago into files; how many readings went. The log
    learns of a file before its rows are taken out: killed anywhere, the next time ends it. What
    comes or is changed meanwhile stays and goes the next time."""
    telemetry, n = store(), 0
    for day in telemetry.days_before(_ended(days)):
        seq = telemetry.last_seq()
        path, rows = telemetry.write_day(day)
        told = {"file": path.name, "readings": rows, "sha256": sha256(path)}
        _record("readings.archived", path.name, told)
        telemetry.take_out(day, seq=seq)
        n += rows
    return n


def archive_frames(*, days: float) -> int:
    """The same of raw frames, by the day they came."""
    telemetry, n = store(), 0
    for day in telemetry.days_before(_ended(days), "frame"):
        written = telemetry.write_frames(day, KEPT)
        if written is None:
            continue  # what is left of the day waits or was refused
        path, rows = written
        told = {"file": path.name, "frames": rows, "sha256": sha256(path)}
        _record("frames.archived", path.name, told)
        telemetry.take_out_frames(day)
        n += rows
    return n


def forget_archived(what: str, *, days: float) -> int:
    """Remove files (of "readings" or "frames") of days that ended more than ``days`` ago; how
    many."""
    files: DayFiles = store().archive if what == "readings" else store().frame_files
    last, n = _ended(days), 0
    for day, path in files.days().items():
        if day < last:
            _record(f"{what}.forgotten", path.name, {"file": path.name})
            path.unlink()
            n += 1
    return n


def _ended(days: float) -> int:
    """The first day that did not end more than so many days ago, since 1970."""
    return int(clock.now().timestamp() // DAY_S - days)


@transaction.atomic
def _record(kind: str, name: str, told: dict[str, object]) -> None:
    record_many([Entry(kind, Named("archive", name), None, told)], by=SYSTEM)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
