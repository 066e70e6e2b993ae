"""Files out: whole or not at all, and never over what was read."""

import contextlib
import csv
import json
import math
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fangxian.spine.core.problems import Problem

from .notes import Note
from .reader import Table


@dataclass
class Answer:
    """What a function of files comes to: a summary, a table to write, and the tables it has read,
    with what else is to be said."""

    told: dict[str, Any]
    columns: Sequence[str] = ()
    rows: Iterable[Sequence[Any]] = ()
    read: list[Table] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    errors: list[Note] = field(default_factory=list)
    drawn: dict[str, Any] = field(default_factory=dict)  # what a plot shows beside the rows


def keep_inputs(*, outputs: Iterable[Path | None], inputs: Iterable[Path | None]) -> None:
    """Raises ``output.is_input`` where an output is a file that is read, also by a link, or is
    named twice."""
    taken = {mark for path in inputs if path for mark in _marks(path)}
    for path in filter(None, outputs):
        own = _marks(path)
        if not own.isdisjoint(taken):
            raise Problem("output.is_input", file=str(path))
        taken |= own


def _marks(path: Path) -> set[Any]:
    """By what a file is known: where its name leads, and which file lies there."""
    found: set[Any] = {path.resolve()}
    with contextlib.suppress(OSError):
        told = path.stat()
        found.add((told.st_dev, told.st_ino))
    return found


def shown(value: Any) -> str:
    """A number as R writes it: 15 digits, NA for NaN and for nothing."""
    if value is None:
        return "NA"
    if isinstance(value, float):
        if math.isnan(value):
            return "NA"
        return f"{value:.17g}" if math.isinf(value) else f"{value:.15g}"
    return str(value)


def write_json(path: Path, value: Any) -> None:
    """Write all or nothing. Raises ``output.unwritable``."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    _take_its_place(path, lambda part: part.write_text(text, encoding="utf-8"))


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write all or nothing. Raises ``output.unwritable``."""

    def write(part: Path) -> None:
        with part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows([shown(v) for v in row] for row in rows)

    _take_its_place(path, write)


def _take_its_place(path: Path, write: Callable[[Path], Any]) -> None:
    """Write into a file beside it that then takes the name."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")  # no file of the caller's
    try:
        write(part)
        part.replace(path)
    except OSError as error:
        raise Problem("output.unwritable", file=str(path), why=error.strerror) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
