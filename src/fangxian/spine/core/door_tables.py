"""Tables of the door: read from what people have, and made for them to fill. What rows mean is in
door.py and in the rooms."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import clock
from .door import VERSION, Change, Door, Examined, Row, row_version
from .problems import Problem
from .tables import CellError, Table, read_table
from .tables.book import LISTS, NOTES, Head, guarded, make_book, unguarded
from .tables.heads import written


@dataclass
class Given:
    """A table as it was read: its rows as texts by column, and where each stands."""

    table: Table
    rows: list[dict[str, str]]

    def errors(self, found: Examined) -> list[CellError]:
        """What is wrong, by cell, in the order of the table."""
        told = list(self.table.errors)
        for row, column, zh, en in found.wrong:
            told.append(self.table.error(row, column, zh, en))
        order = {
            key: n for n, key in enumerate(zip(self.table.sheets, self.table.lines, strict=True))
        }
        return sorted(told, key=lambda e: order.get((e.sheet, e.row), 0))


def read_given(one: Door, path: Path, *, always: Mapping[str, str] | None = None) -> Given:
    """A CSV or xlsx by the heads of a door (Chinese, English, or the names of columns). ``always``
    are values for columns the table does not have. Raises the problems of ``read_table``."""
    aliases: dict[str, str] = {}
    for column in one.fields:
        for head in map(written, (column.zh, column.en, column.name, *column.heads)):
            aliases.setdefault(head.casefold(), column.name)
            aliases.setdefault("".join(head.casefold().split()), column.name)
    needed = [c.name for c in one.fields if c.needed and c.name not in (always or {})]
    names = [column.name for column in one.fields]
    try:
        table = read_table(
            path,
            needed=needed,
            known=[*names, VERSION],
            aliases=aliases,
            without=(NOTES, LISTS),
        )
    except Problem as problem:
        raise _by_head(one, problem) from None
    given = []
    for n in range(len(table.rows)):
        row = {c: unguarded(table.text(n, c)) for c in (*names, VERSION) if c in table.columns}
        for name, value in (always or {}).items():
            if not row.get(name):
                row[name] = value
        given.append(row)
    return Given(table, given)


def _by_head(one: Door, problem: Problem) -> Problem:
    """The same problem with the head people know, where it names a column."""
    heads = {c.name: f"{c.zh} ({c.name})" for c in one.fields}
    column = str(problem.fields.get("column", ""))
    if column not in heads:
        return problem
    return Problem(problem.code, **{**problem.fields, "column": heads[column]})


def _heads(one: Door, look: object, *, zh: bool, lists: bool) -> list[Head]:
    heads = [
        Head(
            title=column.zh if zh else column.en,
            needed=column.needed,
            hint=(column.hint_zh if zh else column.hint_en) or column.hint_zh,
            example=column.example,
            offered=list((column.offered or column.known)(look)) if column.known and lists else (),
        )
        for column in one.fields
    ]
    return [*heads, Head(VERSION, hidden=True, hint="")]


def workbook(
    one: Door,
    rows: Sequence[Row],
    *,
    zh: bool = True,
    who: str = "",
    clear: bool = False,
    versions: bool = True,
    lists: bool = True,
) -> bytes:
    """The rows of a door as a workbook to edit and bring back: secrets masked unless they were
    asked for in clear; without rows it is the template. ``lists`` offers what may stand in a cell,
    of the whole city."""
    look = one.look()
    lines = [_line(one, row, clear=clear, version=versions) for row in rows]
    mark = (
        f"{one.zh} {len(rows)} 行 · {who} · {clock.beijing(clock.now()):%Y-%m-%d %H:%M}"
        if rows
        else ""
    )
    hint = (one.hint_zh if zh else one.hint_en) or one.hint_zh
    return make_book(
        one.name("zh" if zh else "en"),
        _heads(one, look, zh=zh, lists=lists),
        lines,
        hint=hint,
        mark=mark,
    )


def csv_text(one: Door, rows: Sequence[Row], *, zh: bool = True, clear: bool = False) -> str:
    """The same as CSV, UTF-8 with its mark."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*(c.zh if zh else c.en for c in one.fields), VERSION])
    for row in rows:
        writer.writerow([guarded(t) for t in _line(one, row, clear=clear, version=True)])
    return "\ufeff" + out.getvalue()


def _line(one: Door, row: Row, *, clear: bool, version: bool) -> list[str]:
    shown = row if clear else (one.masked(row))
    return [*(shown[column.name] for column in one.fields), row_version(row) if version else ""]


def difference(one: Door, change: Change, *, zh: bool) -> dict[str, Any]:
    """One change as people compare it, by the heads they know: what each column was and becomes.
    What is secret is masked, and said to change where its mask does not show it."""
    before, after = change.before or {}, change.after or {}
    old = one.masked(before) if before else {}
    new = one.masked(after) if after else {}
    columns = []
    for column in one.fields:
        was, is_ = old.get(column.name, ""), new.get(column.name, "")
        if before.get(column.name, "") == after.get(column.name, ""):
            continue
        if was == is_:
            is_ += "（已改）" if zh else " (another)"
        columns.append((column.zh if zh else column.en, was, is_))
    return {
        "key": " / ".join(part for part in change.key if part),
        "state": "new" if change.before is None else "gone" if change.after is None else "changed",
        "columns": columns,
        "implied": change.row < 0,
    }


def sha256(path: Path) -> str:
    """What a file is known by."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise Problem("table.broken", file=path.name, why=error.strerror) from error
