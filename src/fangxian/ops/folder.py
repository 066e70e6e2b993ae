"""What a data folder is: a real one, or a drill's for ever. Needs no Django."""

import json
import sqlite3
from collections.abc import Callable, Collection
from contextlib import closing
from datetime import datetime
from pathlib import Path

from fangxian.spine.core.clock import ScenarioClock
from fangxian.spine.core.macs import know_functions
from fangxian.spine.core.marks import Kind, kind_of

REAL = ("records.sqlite3", "telemetry.sqlite3", "tracks.sqlite3", "secret.key")


def mark_drill(folder: Path, *, name: str, at: datetime, speed: float) -> None:
    """Make a folder a drill's: its own clock, and no real channel. A folder with real records is
    refused."""
    mark = folder / "scenario.json"
    real = [name for name in REAL if (folder / name).exists()]
    if (real and not mark.exists()) or Kind.REAL in {kind_of(folder / name) for name in real}:
        raise ValueError(f"{folder} holds {real[0]} of a real one and cannot become a drill's")
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(json.dumps({"name": name}))
    clock_file = folder / "clock.json"
    if not clock_file.exists():
        clock_file.write_text(json.dumps({"sim_s": at.timestamp(), "real_s": 0.0, "speed": 0.0}))
    ScenarioClock(clock_file).set(at=at, speed=speed)


def copy_database(
    source: Path,
    target: Path,
    *,
    without: Collection[str] = (),
    make: Callable[[sqlite3.Connection], None] | None = None,
) -> None:
    """A database that may be in use, copied by SQLite itself; of the tables named nothing.
    ``make`` changes the copy before it is done."""
    with closing(sqlite3.connect(source)) as db, closing(sqlite3.connect(target)) as copy:
        db.backup(copy)
        know_functions(copy)
        there = {name for (name,) in copy.execute("select name from sqlite_master")}
        for table in without:
            if table in there:
                copy.execute(f'delete from "{table}"')
        if make:
            make(copy)
        copy.commit()
