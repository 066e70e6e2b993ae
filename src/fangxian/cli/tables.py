"""CSV in and out for the file-in, file-out words. What cannot be read is named by line and column;
the rest is used."""

import contextlib
import csv
import gzip
import json
import math
import sys
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import click

from .main import say, tell

MISSING = ("", "NA", "NaN", "nan")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)
json_option = click.option(
    "--json", "as_json", is_flag=True, help=say("摘要用 JSON", "summary as JSON")
)


@dataclass
class Table:
    """Rows of a CSV by column name, the line of each, and what could not be read."""

    path: Path
    columns: list[str]
    rows: list[dict[str, str]]
    lines: list[int]
    errors: list[str] = field(default_factory=list)

    def wrong(self, row: int, column: str, zh: str, en: str) -> None:
        line = self.lines[row]
        self.errors.append(
            say(
                f"{self.path.name} 第 {line} 行“{column}”列:{zh}",
                f"{self.path.name}, line {line}, column {column}: {en}",
            )
        )

    def number(
        self, row: int, column: str, *, low: float | None = None, high: float | None = None
    ) -> float:
        """The number in a cell; NaN where it is empty, NA or wrong (then it is told)."""
        text = (self.rows[row].get(column) or "").strip()
        if text in MISSING:
            return math.nan
        try:
            value = float(text)
        except ValueError:
            self.wrong(row, column, f"“{text}”不是数", f"{text!r} is no number")
            return math.nan
        if (
            math.isinf(value)
            or (low is not None and value < low)
            or (high is not None and value > high)
        ):
            self.wrong(row, column, f"{text} 超出范围", f"{text} is out of range")
            return math.nan
        return value

    def numbers(self, column: str, **bounds: float) -> "list[float]":
        return [self.number(row, column, **bounds) for row in range(len(self.rows))]

    def day(self, row: int, column: str) -> "Any":
        """A date (YYYY-MM-DD, a time after it is left out) as datetime64[D]; NaT where it is missing
        or wrong."""
        import numpy as np

        text = (self.rows[row].get(column) or "").strip()
        if text in MISSING:
            return np.datetime64("NaT", "D")
        parts = text.replace("/", "-").replace("T", " ").split(" ")[0].split("-")
        try:
            year, month, day = (int(p) for p in parts)
            return np.datetime64(f"{year:04d}-{month:02d}-{day:02d}", "D")
        except ValueError:
            self.wrong(row, column, f"“{text}”不是日期(年-月-日)", f"{text!r} is no date (Y-M-D)")
            return np.datetime64("NaT", "D")


def stop(zh: str, en: str) -> NoReturn:
    """End with exit 1 and one sentence."""
    tell(say(zh, en))
    sys.exit(1)


def read_table(path: Path, needed: Sequence[str | tuple[str, ...]]) -> Table:
    """Read a CSV with a head, gzipped or not; each of ``needed`` is a column or a choice of names
    for one. Ends with exit 1 when the file or a column is not there."""
    reader = csv.DictReader(_text(path).splitlines())
    columns = [c.strip() for c in reader.fieldnames or []]
    reader.fieldnames = columns
    twice = sorted({c for c in columns if c and columns.count(c) > 1})
    if twice:
        stop(f"{path.name} 有重复的列 {twice}", f"{path.name} has columns twice: {twice}")
    for choice in needed:
        names = (choice,) if isinstance(choice, str) else choice
        if not any(name in columns for name in names):
            stop(
                f"{path.name} 缺少“{' 或 '.join(names)}”列;有:{', '.join(columns)}",
                f"{path.name} has no column {' or '.join(names)}; it has {', '.join(columns)}",
            )
    table = Table(path, columns, [], [])
    for row in _rows(reader, path):
        if not any(row.get(c) for c in columns):
            continue
        table.rows.append({k: v for k, v in row.items() if isinstance(k, str)})
        table.lines.append(reader.line_num)
        if None in row:
            extra = say("多出的单元格", "more cells than the head")
            table.wrong(len(table.rows) - 1, "-", extra, extra)
    if not table.rows:
        stop(f"{path.name} 没有数据行", f"{path.name} has no rows")
    return table


def _text(path: Path) -> str:
    """What a file says, gzipped or not, in UTF-8 or GB18030; exit 1 when it cannot be read."""
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        stop(f"读不了 {path}:{error}", f"cannot read {path}: {error}")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030", errors="replace")


def _rows(reader: "csv.DictReader[str]", path: Path) -> Iterable[dict[str, str]]:
    try:
        yield from reader
    except csv.Error as error:
        stop(
            f"{path.name} 第 {reader.line_num} 行之后读不了:{error}",
            f"{path.name} cannot be read after line {reader.line_num}: {error}",
        )


def read_json(path: Path) -> dict[str, Any]:
    """One JSON object from a file; ends with exit 1 when it is none."""
    try:
        found = json.loads(_text(path))
    except ValueError as error:
        stop(f"{path.name} 不是可读的 JSON:{error}", f"{path.name} is no readable JSON: {error}")
    if not isinstance(found, dict):
        stop(f"{path.name} 应是一个 JSON 对象", f"{path.name} must hold one JSON object")
    return found


def first_of(table: Table, *names: str) -> str:
    """The first of these columns the table has."""
    return next(name for name in names if name in table.columns)


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
    """Write all or nothing."""
    _take_its_place(
        path,
        lambda part: part.write_text(
            json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8"
        ),
    )


def _take_its_place(path: Path, write: Callable[[Path], Any]) -> None:
    """Write into a file beside it that then takes the name; exit 1 when that cannot be."""
    part = path.with_name(path.name + ".part")
    try:
        write(part)
        part.replace(path)
    except OSError as error:
        stop(f"写不了 {path}:{error.strerror}", f"cannot write {path}: {error.strerror}")
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write all or nothing."""

    def write(part: Path) -> None:
        with part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows([shown(v) for v in row] for row in rows)

    _take_its_place(path, write)


def _plain(value: Any) -> Any:
    """The same without NaN and infinity, which JSON does not know."""
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def finish(
    told: dict[str, Any], as_json: bool, errors: Sequence[str], *, failed: bool = False
) -> NoReturn:
    """The summary on stdout, what was wrong on stderr; exit 3 when something was, 1 when all was."""
    told = _plain({**told, "errors": list(errors)})
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, allow_nan=False, default=str))
    else:
        for key, value in told.items():
            if key != "errors":
                _show(key, value)
    for line in errors[:20]:
        tell(line)
    if len(errors) > 20:
        tell(say(f"……另有 {len(errors) - 20} 处", f"... and {len(errors) - 20} more"))
    sys.exit(1 if failed else 3 if errors else 0)


def _show(key: str, value: Any) -> None:
    """A value by its name; a list of rows as a table."""
    if not (isinstance(value, list) and value and all(isinstance(row, dict) for row in value)):
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        click.echo(f"{key}: {'' if text is None else text}")
        return
    columns = [c for c in value[0] if not isinstance(value[0][c], dict | list)]
    rows = [columns, *([_cell(row.get(c)) for c in columns] for row in value)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(columns))]
    click.echo(f"{key}:")
    for row in rows:
        click.echo("  " + "  ".join(x.rjust(w) for x, w in zip(row, widths, strict=True)))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)
