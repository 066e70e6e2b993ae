"""Readings that are no longer hot go into files, a day each; what the log says of such a file is
its proof. A file that has outlived its use goes."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, Named, record_many
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.archive import DAY_S
from fangxian.spine.observe.store import store


class NoParquetError(RuntimeError):
    """The library that writes the files is not installed."""

    told = True


def archive_readings(*, days: float) -> int:
    """Move days that ended more than ``days`` ago into files; how many readings went. The log
    learns of a file before its rows are taken out: killed anywhere, the next time ends it. Raises
    NoParquetError."""
    telemetry, n = store(), 0
    for day in telemetry.days_before(int(clock.now().timestamp() // DAY_S - days)):
        if find_spec("polars") is None:
            raise NoParquetError("keep.readings_hot needs polars: install fangxian[growth]")
        path, rows = telemetry.write_day(day)
        told = {"file": path.name, "readings": rows, "sha256": sha256(path)}
        _record("readings.archived", path.name, told)
        telemetry.take_out(day)
        n += rows
    return n


def forget_archived(*, days: float) -> int:
    """Remove files of days that ended more than ``days`` ago; how many."""
    last, n = int(clock.now().timestamp() // DAY_S - days), 0
    for day, path in store().archive.days().items():
        if day < last:
            _record("readings.forgotten", path.name, {"file": path.name})
            path.unlink()
            n += 1
    return n


@transaction.atomic
def _record(kind: str, name: str, told: dict[str, object]) -> None:
    record_many([Entry(kind, Named("archive", name), None, told)], by=SYSTEM)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
