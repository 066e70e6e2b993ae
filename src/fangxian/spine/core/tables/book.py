"""Workbooks that people fill: a sheet of rows with drop-downs, a sheet that explains the columns,
and the workbook given back with what is wrong marked in its cells."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fangxian.spine.core.problems import Problem

from .cells import open_sheets
from .notes import CellError

NOTES, LISTS = "说明", "选项"  # sheets that are not rows
MOST_CHOICES = 3000
FILL_ROWS = 5000
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def guarded(text: str) -> str:
    """A text that a spreadsheet would run as a formula, kept a text; a number stays a number."""
    return f"'{text}" if text.startswith(DANGEROUS) and not _is_number(text) else text


def unguarded(text: str) -> str:
    """The same text as it was."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(DANGEROUS) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Head:
    """A column of a sheet: its head, what stands in the explaining sheet, its choices. ``hidden``
    is for what comes back unread by people."""

    title: str
    needed: bool = False
    hint: str = ""
    example: str = ""
    offered: Sequence[str] = ()
    hidden: bool = False


def make_book(
    title: str, heads: Sequence[Head], rows: Iterable[Sequence[str]], *, hint: str, mark: str = ""
) -> bytes:
    """An xlsx: all cells are texts, needed heads are dark, choices are drop-downs. ``mark`` (who,
    when) stands on the explaining sheet and in the page's foot."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet, notes = book.create_sheet(title[:31]), book.create_sheet(NOTES)
    lists = book.create_sheet(LISTS)
    sheet.freeze_panes = "A2"
    sheet.oddFooter.center.text = mark
    columns = _dress(sheet, heads)
    sheet.append([_head_cell(sheet, head) for head in heads])
    for row in rows:
        sheet.append([_as_text(sheet, text) for text in row])
    for letter, wide in (("A", 22), ("C", 70), ("D", 26)):
        notes.column_dimensions[letter].width = wide
    for line in ([hint], [mark] if mark else [], ["列", "必填", "说明", "例"]):
        notes.append(line)
    for head in heads:
        if not head.hidden:
            needed = "必填" if head.needed else ""
            notes.append([head.title, needed, head.hint, _as_text(notes, head.example)])
    for n in range(max(map(len, columns), default=0)):
        lists.append([column[n] if n < len(column) else None for column in columns])
    lists.sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _dress(sheet: Any, heads: Sequence[Head]) -> list[Sequence[str]]:
    """Widths, texts as texts, and drop-downs; the columns of choices they are taken from."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    columns: list[Sequence[str]] = []
    for n, head in enumerate(heads, 1):
        width = sheet.column_dimensions[get_column_letter(n)]
        width.number_format, width.hidden = "@", head.hidden
        width.width = max(12, min(40, 2 * len(head.title) + 6))
        if head.offered and len(head.offered) <= MOST_CHOICES:
            columns.append(head.offered)
            letter = get_column_letter(len(columns))
            where = f"{LISTS}!${letter}$1:${letter}${len(head.offered)}"
            rule = DataValidation("list", formula1=where, allow_blank=True, showErrorMessage=False)
            rule.add(f"{get_column_letter(n)}2:{get_column_letter(n)}{FILL_ROWS}")
            sheet.data_validations.append(rule)
    return columns


def _head_cell(sheet: Any, head: Head) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font, PatternFill

    cell = WriteOnlyCell(sheet, head.title)
    cell.fill = PatternFill("solid", fgColor="0B5A8A" if head.needed else "E6F1F8")
    cell.font = Font(bold=True, color="FFFFFF" if head.needed else "17212B")
    return cell


def _as_text(sheet: Any, text: str) -> Any:
    """A text stays one, whatever a spreadsheet would make of it."""
    from openpyxl.cell import WriteOnlyCell

    if not text:
        return None
    cell = WriteOnlyCell(sheet, text)
    cell.data_type, cell.number_format = "s", "@"
    return cell


def write_errors(path: Path, errors: Sequence[CellError], target: Path) -> None:
    """The table again as a workbook, the wrong cells marked with the reason. Raises
    ``output.unwritable``."""
    try:
        target.write_bytes(errors_book(path, errors))
    except OSError as error:
        raise Problem("output.unwritable", file=str(target), why=error.strerror) from error


def errors_book(path: Path, errors: Sequence[CellError]) -> bytes:
    """The same as bytes."""
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    book = Workbook()
    book.remove(book.worksheets[0])
    mark = PatternFill("solid", fgColor="F7C600")
    for one in open_sheets(path):
        sheet = book.create_sheet(one.name or None)
        if one.hidden:
            sheet.sheet_state = "hidden"
        for number, cells in one.lines:
            for column, text in enumerate(cells, 1):
                if text:
                    sheet.cell(number, column, text).data_type = "s"
        for error in errors:
            if error.sheet == one.name:
                cell = sheet.cell(error.row, error.column or 1)
                cell.fill = mark
                cell.comment = Comment("\n".join(dict.fromkeys([error.zh, error.en])), "fangxian")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
