"""What a data folder is: a real one, or a drill's for ever. Needs no Django."""

import json
import sqlite3
from collections.abc import Collection
from contextlib import closing
from datetime import datetime
from pathlib import Path

from fangxian.spine.core.clock import ScenarioClock


def mark_drill(folder: Path, *, name: str, at: datetime, speed: float) -> None:
    """Make a folder a drill's: its own clock, and no real channel. A folder with real records is
    refused."""
    mark = folder / "scenario.json"
    if (folder / "records.sqlite3").exists() and not mark.exists():
        raise ValueError(f"{folder} holds real records and cannot become a drill's")
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(json.dumps({"name": name}))
    clock_file = folder / "clock.json"
    if not clock_file.exists():
        clock_file.write_text(json.dumps({"sim_s": at.timestamp(), "real_s": 0.0, "speed": 0.0}))
    ScenarioClock(clock_file).set(at=at, speed=speed)


def copy_database(source: Path, target: Path, *, without: Collection[str] = ()) -> None:
    """A database that may be in use, copied by SQLite itself; of the tables named nothing."""
    with closing(sqlite3.connect(source)) as db, closing(sqlite3.connect(target)) as copy:
        db.backup(copy)
        there = {name for (name,) in copy.execute("select name from sqlite_master")}
        for table in without:
            if table in there:
                copy.execute(f'delete from "{table}"')
        copy.commit()
