"""The cells of a file as texts: CSV in the encodings and separators people have, and xlsx. What
they mean is left to reader.py."""

import csv
import io
import re
import statistics
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from fangxian.spine.core.problems import Problem

from .bounds import TooBigError, gunzipped, in_order, look_at

FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
OLD_EXCEL = b"\xd0\xcf\x11\xe0"


@dataclass
class Sheet:
    """Lines of cells with the number of each; a CSV is one sheet without a name."""

    name: str
    lines: list[tuple[int, list[str]]]
    hidden: bool = False


def open_sheets(path: Path) -> list[Sheet]:
    """All sheets of a file. Raises ``table.broken`` or ``table.encoding``."""
    raw = _raw(path)
    if raw[:4] == b"PK\x03\x04":
        try:
            return _book(raw)
        except (
            zipfile.BadZipFile,
            zlib.error,
            ParseError,
            LookupError,
            ValueError,
            TypeError,
            OverflowError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise Problem("table.broken", file=path.name, why=str(error)[:200]) from error
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        why = "不是 Excel 工作簿，请另存为 .xlsx / this is no Excel workbook"
        raise Problem("table.broken", file=path.name, why=why)
    text = _decoded(raw, path)
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        return [Sheet("", [(reader.line_num, [c.strip() for c in row]) for row in reader])]
    except csv.Error as error:
        why = f"{reader.line_num}: {error}"
        raise Problem("table.broken", file=path.name, why=why) from error


def open_text(path: Path) -> str:
    """What a file says, gzipped or not. Raises ``table.broken`` or ``table.encoding``."""
    return _decoded(_raw(path), path)


def _raw(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        return gunzipped(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError, zlib.error, TooBigError) as error:
        raise Problem("table.broken", file=path.name, why=str(error)) from error


def _decoded(raw: bytes, path: Path) -> str:
    if raw[:4] == OLD_EXCEL:
        raise Problem("table.broken", file=path.name, why="Excel 97–2003 (.xls)")
    marked = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise Problem("table.encoding", file=path.name)


def _separator(text: str) -> str:
    """Comma, tab or semicolon: the one most lines have most of; a decimal comma is in no head."""
    lines = [line for line in text[:20_000].splitlines() if line.strip()][:30]

    def score(mark: str) -> tuple[float, int]:
        counts = [line.count(mark) for line in lines] or [0]
        return statistics.median(counts), min(counts)

    return max(",\t;", key=score)


def _book(raw: bytes) -> list[Sheet]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        look_at(archive)
        sheets = [n for n in archive.namelist() if n.startswith("xl/worksheets/sheet")]
        texts = [archive.read(name) for name in sheets]
    fast = all([in_order(text) for text in texts])  # every one is looked at
    values = _values(raw, saved=True, fast=fast)
    if any(FORMULA.search(text) for text in texts):
        # one without a saved value is empty in ``values``: its text takes the cell
        for sheet, other in zip(values, _values(raw, saved=False, fast=fast), strict=True):
            for (_, cells), (_, own) in zip(sheet.lines, other.lines, strict=True):
                cells.extend([""] * (len(own) - len(cells)))
                for k, text in enumerate(own):
                    if not cells[k] and text.startswith("="):
                        cells[k] = text
    return values


def _values(raw: bytes, *, saved: bool, fast: bool) -> list[Sheet]:
    """``fast`` reads row after row, and only where they stand in their order."""
    from openpyxl import load_workbook

    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and rules that no value depends on
        book = load_workbook(io.BytesIO(raw), read_only=fast, data_only=saved)
        for sheet in book.worksheets:
            if fast:
                sheet.reset_dimensions()  # what a file says of its own size may be old
            lines = [(n, [_shown(c) for c in row]) for n, row in enumerate(_rows(sheet), 1)]
            found.append(Sheet(sheet.title, lines, sheet.sheet_state != "visible"))
        book.close()
    return found


def _rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    yield from sheet.iter_rows(values_only=True)


def _shown(value: Any) -> str:
    """A cell as text; a date-time at its nearest second, as a serial has but six decimals."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        whole = (value + timedelta(milliseconds=500)).replace(microsecond=0)
        return f"{whole:%Y-%m-%d %H:%M:%S}" if whole.second else f"{whole:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if type(value).__name__ in ("ArrayFormula", "DataTableFormula"):
        return "=" + str(getattr(value, "text", "") or "").removeprefix("=")
    return str(value).strip()
