"""Tables of readings: CSV in UTF-8, UTF-8 with BOM or GB18030, and xlsx. Errors name the cell."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.problems import Problem

from .sl651.body import elements_by_symbol

HEAD = ("station", "element", "at", "value")
ALIASES = {
    "站码": "station",
    "测站编码": "station",
    "stcd": "station",
    "要素": "element",
    "时间": "at",
    "tm": "at",
    "数值": "value",
    "值": "value",
}


@dataclass(frozen=True, slots=True)
class TableRow:
    """One good row."""

    number: int
    reading: tuple[str, str, datetime, float | None]


@dataclass(frozen=True, slots=True)
class CellError:
    """What is wrong in which cell."""

    row: int
    column: int
    zh: str
    en: str

    @property
    def cell(self) -> str:
        return f"{chr(64 + self.column)}{self.row}" if self.column else f"{self.row}:{self.row}"


def read_table(path: Path) -> tuple[list[TableRow], list[CellError]]:
    """Good rows and errors. Raises ``table.unreadable`` when the file is no table at all."""
    lines = list(_lines(path))
    if not lines:
        raise Problem("table.unreadable", file=path.name, why="空表")
    head = [ALIASES.get(cell.strip().lower(), cell.strip().lower()) for cell in lines[0]]
    absent = [name for name in HEAD if name not in head]
    if absent:
        raise Problem("table.unreadable", file=path.name, why=f"缺少列 {', '.join(absent)}")
    columns = [head.index(name) for name in HEAD]
    rows: list[TableRow] = []
    errors: list[CellError] = []
    for number, line in enumerate(lines[1:], 2):
        if not any(cell.strip() for cell in line):
            continue
        if len(line) < len(head):
            text = f"有 {len(line)} 列,表头有 {len(head)} 列"
            errors.append(
                CellError(number, 0, text, f"{len(line)} columns, the head has {len(head)}")
            )
            continue
        found = _row(number, [line[c].strip() for c in columns], columns)
        if isinstance(found, CellError):
            errors.append(found)
        else:
            rows.append(found)
    return rows, errors


def _row(number: int, cells: list[str], columns: list[int]) -> TableRow | CellError:
    station, element, at_text, value_text = cells
    if not (4 <= len(station) <= 10 and station.isalnum() and station.isascii()):
        return CellError(
            number,
            columns[0] + 1,
            f"“{station}”不是站码,应为 4–10 位字母数字",
            f"{station!r} is no station code: 4 to 10 letters or digits",
        )
    symbol = element.upper()
    if symbol != "P5" and symbol not in elements_by_symbol():
        return CellError(
            number,
            columns[1] + 1,
            f"“{element}”不是要素标识符,如 Z、P5、Q",
            f"{element!r} is no element such as Z, P5, Q",
        )
    at = _time(at_text)
    if at is None:
        return CellError(
            number,
            columns[2] + 1,
            f"“{at_text}”不是时间,应如 2016-09-15 08:00",
            f"{at_text!r} is no time such as 2016-09-15 08:00",
        )
    try:
        value = float(value_text) if value_text not in {"", "—", "-"} else None
    except ValueError:
        return CellError(
            number,
            columns[3] + 1,
            f"“{value_text}”不是数;缺测请留空",
            f"{value_text!r} is no number; leave a missing value blank",
        )
    if value is not None and not abs(value) < 1e7:
        return CellError(
            number, columns[3] + 1, f"{value_text} 超出范围", f"{value_text} is out of range"
        )
    return TableRow(number, (station, symbol, at, value))


def _time(text: str) -> datetime | None:
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=BEIJING)
        except ValueError:
            continue
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=BEIJING)


def _lines(path: Path) -> Iterator[list[str]]:
    raw = path.read_bytes()
    if raw[:4] == b"PK\x03\x04":
        yield from _sheet(path)
        return
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Problem("table.unreadable", file=path.name, why="编码不是 UTF-8 或 GB18030")
    if "\x00" in text:
        raise Problem("table.unreadable", file=path.name, why="不是文本")
    yield from csv.reader(io.StringIO(text))


def _sheet(path: Path) -> Iterator[list[str]]:
    import zipfile

    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise Problem("table.unreadable", file=path.name, why=str(error)) from error
    for row in book.worksheets[0].iter_rows(values_only=True):
        yield [_cell(value) for value in row]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def write_errors(path: Path, errors: list[CellError], target: Path) -> None:
    """The table again as a workbook, the wrong cells marked with the reason."""
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    book = Workbook()
    sheet = book.worksheets[0]
    for line in _lines(path):
        sheet.append(line)
    mark = PatternFill("solid", fgColor="F7C600")
    for error in errors:
        cell = sheet.cell(error.row, error.column or 1)
        cell.fill = mark
        cell.comment = Comment(f"{error.zh}\n{error.en}", "fangxian")
    book.save(target)
