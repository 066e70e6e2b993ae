"""Whether a data folder is a real headquarters' or a drill's. It stands in the head of each
database, so that it goes wherever the file goes; the name beside them is only a name."""

import json
import os
import sqlite3
from contextlib import closing
from enum import IntEnum
from pathlib import Path


class Kind(IntEnum):
    """SQLite's application id of our files."""

    REAL = int.from_bytes(b"FXre")
    DRILL = int.from_bytes(b"FXdr")


def kind_of(path: Path) -> Kind | None:
    """What a database says of itself; None where there is none or it says nothing."""
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            (number,) = db.execute("PRAGMA application_id").fetchone()
    except sqlite3.DatabaseError:
        return None  # no database: whoever opens it says so
    return Kind(number) if number in set(Kind) else None


def is_proved(path: Path) -> bool:
    """Whether a records file has sums that a key made."""
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return bool(db.execute("SELECT count(*) FROM core_evidence").fetchone()[0])
    except sqlite3.DatabaseError:
        return False  # of a version without sums, or no database


def mark(db: sqlite3.Connection, kind: Kind) -> None:
    """Mark a database that has no mark yet; a mark is for ever."""
    if db.execute("PRAGMA application_id").fetchone() == (0,):
        db.execute(f"PRAGMA application_id = {kind:d}")


def name_in(folder: Path) -> str | None:
    """The drill's name beside the databases. What is there and cannot be read names one too."""
    path = folder / "scenario.json"
    if not os.path.lexists(path):
        return None
    try:
        return str(json.loads(path.read_text())["name"])
    except (OSError, ValueError, TypeError, KeyError):
        return "drill"
