"""Rows of a dated table by column: the head is found, every cell that cannot be read is named, and
so is every column and sheet that nobody used."""

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from fangxian.spine.core.problems import Problem

from .cells import Sheet, open_sheets, open_text
from .heads import by_one_name, nearest, written
from .notes import CellError, Note, UnreadableError
from .times import Moment, read_moment

MISSING = frozenset({"", "na", "n/a", "nan", "-", "—", "–", "--"})
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
HEAD_WITHIN = 30  # lines in which the head must stand


@dataclass
class Table:
    """Texts by column name, where each row stands, what could not be read, and what was used."""

    path: Path
    columns: list[str]
    rows: list[dict[str, str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)
    torn: set[int] = field(default_factory=set)  # rows with more or fewer cells than the head
    places: dict[str, dict[str, int]] = field(default_factory=dict)
    errors: list[CellError] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    known: frozenset[str] = frozenset()  # heads the caller would have taken
    heads: dict[str, str] = field(default_factory=dict)  # as written, by the name taken for it

    def first_of(self, *names: str) -> str | None:
        """The first of these columns the table has."""
        return next((name for name in names if name in self.columns), None)

    def unused(self) -> list[str]:
        """Columns nobody asked for and sheets that were not read."""
        left = [self.heads.get(c, c) for c in self.columns if c not in self.used]
        return [f"{self.path.name}: {name}" for name in (*left, *self.unread)]

    def misspelt(self, *wanted: str) -> list[Note]:
        """Columns nobody used that are like a known head, each with the nearest; of ``wanted``
        heads alone where there are any."""
        known = self.known.intersection(wanted) if wanted else self.known
        found = []
        for column in self.columns:
            head = self.heads.get(column, column)
            near = None if {column, head} & (self.used | self.known) else nearest(head, known)
            if near is not None:
                found.append(near_note(head, near))
        return found

    def error(self, row: int, column: str, zh: str, en: str) -> CellError:
        sheet = self.sheets[row]
        place = self.places[sheet].get(column, 0)
        return CellError(
            zh=zh,
            en=en,
            file=self.path.name,
            row=self.lines[row],
            column=place,
            name=column,
            sheet=sheet,
            head=self.heads.get(column, ""),
        )

    def wrong(self, row: int, column: str, zh: str, en: str) -> None:
        self.errors.append(self.error(row, column, zh, en))

    def stop_at(self, row: int, column: str, zh: str, en: str) -> Problem:
        """The refusal of the whole file for one cell."""
        found = self.error(row, column, zh, en)
        return Problem("table.cell", zh=found.text("zh"), en=found.text("en"))

    def text(self, row: int, column: str) -> str:
        """A cell as it is written; empty where the row has none."""
        self.used.add(column)
        return self.rows[row].get(column, "")

    def number(
        self, row: int, column: str, *, low: float | None = None, high: float | None = None
    ) -> float:
        """The number in a cell; NaN where it is missing or wrong (then it is told)."""
        try:
            return read_number(self.text(row, column), low=low, high=high)
        except UnreadableError as error:
            self.wrong(row, column, error.zh, error.en)
            return math.nan

    def numbers(
        self, column: str, *, low: float | None = None, high: float | None = None
    ) -> list[float]:
        return [self.number(row, column, low=low, high=high) for row in range(len(self.rows))]

    def moments(self, column: str, *, ahead_days: float | None = None) -> list[Moment | None]:
        """The times of a column, None where one is missing or wrong (then it is told). Raises
        ``table.mixed_zones`` where some have a zone and some have none."""
        found: list[Moment | None] = []
        for row in range(len(self.rows)):
            text, moment = self.text(row, column), None
            if text.casefold() not in MISSING:
                try:
                    moment = read_moment(text, ahead_days=ahead_days)
                except UnreadableError as error:
                    self.wrong(row, column, error.zh, error.en)
            found.append(moment)
        self._one_zone(column, found)
        return found

    def _one_zone(self, column: str, moments: list[Moment | None]) -> None:
        zoned = {m.zoned: k for k, m in reversed(list(enumerate(moments))) if m is not None}
        if len(zoned) == 2:
            fields = {"file": self.path.name, "column": column}
            with_zone, without = self.lines[zoned[True]], self.lines[zoned[False]]
            raise Problem("table.mixed_zones", **fields, zoned=with_zone, local=without)
        if True in zoned and any(
            not self.rows[k][column].endswith("+08:00") for k in zoned.values()
        ):
            zh, en = (
                "时间带时区,已换算为北京时间",
                "its times have a zone (UTC); read as Beijing time",
            )
            self.notes.append(Note(f"{self.path.name} {zh}", f"{self.path.name}: {en}"))

    def days(self, column: str, *, ahead_days: float | None = None) -> list[date | None]:
        return [None if m is None else m.day for m in self.moments(column, ahead_days=ahead_days)]

    def turn_round(self) -> None:
        """Oldest row first, of a file that has the newest first; told."""
        for rows in (self.rows, self.lines, self.sheets):
            rows.reverse()
        zh, en = "新的在前,已按时间排好", "newest first; sorted by time"
        self.notes.append(Note(f"{self.path.name} {zh}", f"{self.path.name}: {en}"))


def near_note(head: str, near: str) -> Note:
    """What is said of a misspelt head."""
    return Note(
        f"没有这一列“{head}”,最近的是“{near}”", f"no such column {head!r}; the nearest is {near!r}"
    )


def read_number(text: str, *, low: float | None = None, high: float | None = None) -> float:
    """NaN for what is missing. Raises UnreadableError for what is no number or out of range."""
    clean = unicodedata.normalize("NFKC", text).strip()
    if clean.casefold() in MISSING or text in MISSING:
        return math.nan
    if clean.startswith("="):
        raise UnreadableError(
            f"公式“{text}”没有存下的值;请在 Excel 中打开并保存",
            f"formula {text!r} has no saved value",
        )
    if not NUMBER.fullmatch(clean):
        if NUMBER.fullmatch(clean.replace(",", ".", 1)):
            raise UnreadableError(
                f"“{text}”不是数;小数点应是“.”(分号“;”分隔的文件常用逗号)",
                f"{text!r} is no number; a decimal comma, as files separated by ';' have?",
            )
        raise UnreadableError(f"“{text}”不是数;缺测请留空", f"{text!r} is no number")
    value = float(clean)
    below, above = low is not None and value < low, high is not None and value > high
    if math.isinf(value) or below or above:
        raise UnreadableError(f"{text} 超出范围", f"{text} is out of range")
    return value


def read_table(
    path: Path,
    *,
    needed: Sequence[str | tuple[str, ...]] = (),
    known: Collection[str] = (),
    aliases: Mapping[str, str] | None = None,
    without: Collection[str] = (),
) -> Table:
    """Read a CSV (gzipped or not) or xlsx. Each of ``needed`` is a column or a choice of names for
    one; without it the head is the first line that has a ``known`` name. ``aliases`` (folded) give
    columns one name; sheets ``without`` are not looked at. Raises ``table.broken | encoding |
    no_column | columns_twice | no_rows``."""
    table: Table | None = None
    last: Problem | None = None
    sheets = [sheet for sheet in open_sheets(path) if sheet.name not in without]
    unread = []
    for sheet in sheets:
        try:
            above, head, own = _find_head(path, sheet, needed, known, aliases or {})
            if sheet.hidden or (table and not needed and set(head) != set(table.columns)):
                raise Problem("table.no_rows", file=path.name)
        except Problem as problem:
            last = last or problem
            if any(any(cells) for _, cells in sheet.lines):
                unread.append(sheet.name)
            continue
        table = table or Table(path, [], known=frozenset(_names(needed, known, aliases or {})))
        table.heads |= {name: head for name, head in own.items() if name != head}
        _take(table, sheet, above, head)
    if table is None:
        raise last or Problem("table.no_rows", file=path.name)
    if not table.rows:
        raise Problem("table.no_rows", file=path.name)
    table.unread = [name for name in unread if name]
    return table


def _find_head(
    path: Path,
    sheet: Sheet,
    needed: Sequence[str | tuple[str, ...]],
    known: Collection[str],
    aliases: Mapping[str, str],
) -> tuple[int, list[str], dict[str, str]]:
    """How many lines stand above the data, the names, and how each is written."""
    choices = [(c,) if isinstance(c, str) else c for c in needed]
    names = _names(needed, known, {})
    best, most = None, 0
    for k, (_, cells) in enumerate(sheet.lines[:HEAD_WITHIN]):
        if not any(cells):
            continue
        head = by_one_name(cells, aliases, names)
        if choices and all(any(name in head for name in choice) for choice in choices):
            best = (k + 1, head)
            break
        fit = len(names.intersection(head))
        if best is None or fit > most:
            best, most = (k + 1, head), fit
        if most and not choices:
            break
    if best is None:
        raise Problem("table.no_rows", file=path.name)
    above, head = best
    for choice in choices:
        if not any(name in head for name in choice):
            raise _no_column(path, choice, sheet.lines[above - 1][1], names, aliases)
    twice = sorted(c for c, n in Counter(head).items() if c and n > 1)
    if twice:
        raise Problem("table.columns_twice", file=path.name, columns=twice)
    cells = sheet.lines[above - 1][1]
    return above, head, dict(zip(head, map(written, cells), strict=True))


def _names(
    needed: Sequence[str | tuple[str, ...]], known: Collection[str], aliases: Mapping[str, str]
) -> set[str]:
    """All heads the caller takes."""
    choices = [(c,) if isinstance(c, str) else c for c in needed]
    return {name for choice in choices for name in choice} | set(known) | set(aliases)


def _no_column(
    path: Path,
    choice: tuple[str, ...],
    cells: list[str],
    names: Collection[str],
    aliases: Mapping[str, str],
) -> Problem:
    """What is missing, and which head may have been meant for it."""
    head = [written(cell) for cell in cells]
    would_do = {*choice, *(alias for alias, name in aliases.items() if name in choice)}
    fields = {"file": path.name, "column": " | ".join(choice)}
    fields |= {"has": ", ".join(filter(None, head))}
    for cell in head:
        near = None if cell in names else nearest(cell, would_do)
        if near is not None:
            return Problem("table.head_near", **fields, head=cell, near=near)
    return Problem("table.no_column", **fields)


def _take(table: Table, sheet: Sheet, above: int, head: list[str]) -> None:
    """The rows of one sheet; a column without a name goes by its number."""
    path, body = table.path, sheet.lines[above:]
    titles = sum(any(cells) for _, cells in sheet.lines[: above - 1])
    if titles:
        zh, en = f"表头之上的 {titles} 行未读", f"{titles} lines above the head are not read"
        table.notes.append(
            Note(f"{path.name} {sheet.name} {zh}", f"{path.name} {sheet.name}: {en}")
        )
    names = [name or f"[{k}]" for k, name in enumerate(head, 1)]
    named = max((k for k, name in enumerate(head, 1) if name), default=0)
    filled = max((_width(cells) for _, cells in body), default=0)
    names = names[: max(named, min(filled, len(names)))]
    there = set(table.columns)
    table.columns += [name for name in names if name not in there]
    table.places[sheet.name] = {name: k for k, name in enumerate(names, 1)}
    for number, cells in body:
        if not any(cells):
            continue
        table.rows.append(dict(zip(names, cells, strict=False)))
        table.lines.append(number)
        table.sheets.append(sheet.name)
        more, fewer = any(cells[len(names) :]), not sheet.name and len(cells) < len(names)
        if more or fewer:
            row = len(table.rows) - 1
            table.torn.add(row)
            zh = f"有 {len(cells)} 列,表头有 {len(names)} 列"
            table.wrong(row, "-", zh, f"{len(cells)} cells, the head has {len(names)}")


def _width(cells: list[str]) -> int:
    """The last cell that says something, counted from 1."""
    k = len(cells)
    while k and not cells[k - 1]:
        k -= 1
    return k


def read_json(path: Path) -> dict[str, Any]:
    """One JSON object from a file. Raises ``json.unreadable``."""
    try:
        found = json.loads(open_text(path))
    except ValueError as error:
        raise Problem("json.unreadable", file=path.name, why=str(error)) from error
    if not isinstance(found, dict):
        raise Problem("json.unreadable", file=path.name, why="{…}?")
    return found
