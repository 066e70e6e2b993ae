"""Where the tables lie: a folder of CSV files, a workbook with a sheet a table, an SQLite file, a
PostgreSQL database. Names of tables and columns in any case."""

import csv
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from fangxian.spine.core.problems import Problem

Row = dict[str, str]


class Source(Protocol):
    """Tables by their upper-case names, and their rows as texts by upper-case columns. ``since``
    and ``until`` (Beijing, as written) bound the column ``time``."""

    def tables(self) -> dict[str, list[str]]: ...

    def rows(
        self, table: str, *, time: str = "", since: str = "", until: str = ""
    ) -> Iterator[Row]: ...


def open_source(told: str) -> Source:
    """Raises ``call.wrong`` for what is none."""
    if told.startswith(("postgresql://", "postgres://")):
        return Server(told)
    path = Path(told)
    if path.is_dir():
        return Folder(path)
    if path.suffix.lower() == ".xlsx" and path.is_file():
        return Workbook(path)
    if path.is_file():
        return File(path)
    zh, en = f"没有 {path}", f"there is no {path}"
    raise Problem("call.wrong", zh=zh, en=en)


def plain(value: Any) -> str:
    """One text for a value, whatever holds it: numbers without a tail, times to the second."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return f"{value:%Y-%m-%d} 00:00:00"
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value).strip()


def _within(rows: Iterable[Row], time: str, since: str, until: str) -> Iterator[Row]:
    for row in rows:
        at = row.get(time, "").replace("T", " ").replace("/", "-")
        if not time or ((not since or at >= since) and (not until or at <= until)):
            yield row


class Folder:
    """TABLE.csv each, UTF-8 or GB 18030."""

    def __init__(self, path: Path) -> None:
        self.files = {file.stem.upper(): file for file in sorted(path.iterdir()) if _csv(file)}

    def tables(self) -> dict[str, list[str]]:
        return {name: [h.upper() for h in self._head(name)] for name in self.files}

    def _lines(self, table: str) -> list[list[str]]:
        raw = self.files[table].read_bytes()
        for code in ("utf-8-sig", "gb18030"):
            try:
                return list(csv.reader(raw.decode(code).splitlines()))
            except UnicodeDecodeError:
                continue
        zh, en = "不是 UTF-8 也不是 GB18030", "neither UTF-8 nor GB 18030"
        raise Problem("file.unfit", file=self.files[table].name, zh=zh, en=en)

    def _head(self, table: str) -> list[str]:
        lines = self._lines(table)
        return [cell.strip() for cell in lines[0]] if lines else []

    def rows(
        self, table: str, *, time: str = "", since: str = "", until: str = ""
    ) -> Iterator[Row]:
        lines = self._lines(table)
        head = [cell.strip().upper() for cell in lines[0]] if lines else []
        told = (dict(zip(head, map(str.strip, line), strict=False)) for line in lines[1:] if line)
        yield from _within(told, time, since, until)


def _csv(file: Path) -> bool:
    return file.is_file() and file.suffix.lower() == ".csv"


class Workbook:
    """A sheet a table."""

    def __init__(self, path: Path) -> None:
        from openpyxl import load_workbook

        self.book = load_workbook(path, read_only=True, data_only=True)

    def tables(self) -> dict[str, list[str]]:
        return {
            sheet.title.upper(): [plain(c).upper() for c in next(sheet.values, ())]
            for sheet in self.book.worksheets
        }

    def rows(
        self, table: str, *, time: str = "", since: str = "", until: str = ""
    ) -> Iterator[Row]:
        sheet = next(s for s in self.book.worksheets if s.title.upper() == table)
        lines = iter(sheet.values)
        head = [plain(c).upper() for c in next(lines, ())]
        told = (dict(zip(head, map(plain, line), strict=False)) for line in lines)
        yield from _within((row for row in told if any(row.values())), time, since, until)


class File:
    """An SQLite file, read only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.names = {name.upper(): name for name in self._names()}
        except sqlite3.DatabaseError as error:
            zh, en = f"不是 SQLite 库：{error}", f"no SQLite file: {error}"
            raise Problem("file.unfit", file=path.name, zh=zh, en=en) from None

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)

    def _names(self) -> list[str]:
        with closing(self._open()) as db:
            found = db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
            return [name for (name,) in found]

    def tables(self) -> dict[str, list[str]]:
        with closing(self._open()) as db:
            return {
                upper: [c[1].upper() for c in db.execute(f'PRAGMA table_info("{name}")')]
                for upper, name in self.names.items()
            }

    def rows(
        self, table: str, *, time: str = "", since: str = "", until: str = ""
    ) -> Iterator[Row]:
        with closing(self._open()) as db:
            found = db.execute(f'SELECT * FROM "{self.names[table]}"')
            head = [d[0].upper() for d in found.description]
            told = (dict(zip(head, map(plain, line), strict=True)) for line in found)
            yield from _within(told, time, since, until)


class Server:
    """A PostgreSQL database, read only, as it stands at one moment."""

    def __init__(self, url: str) -> None:
        try:
            import psycopg
        except ImportError:
            zh, en = "没有安装 psycopg：pip install fangxian[growth]", "psycopg is not installed"
            raise Problem("call.wrong", zh=zh, en=en) from None
        try:
            self.db = psycopg.connect(url)
        except psycopg.Error as error:
            zh, en = f"连不上：{error}", f"cannot connect: {error}"
            raise Problem("call.wrong", zh=zh, en=en) from None
        self.db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self.db.read_only = True
        self.names: dict[str, tuple[str, str]] = {}
        columns = self.db.execute(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
            " ORDER BY table_name, ordinal_position"
        ).fetchall()
        self.columns: dict[str, list[str]] = {}
        self.real: dict[str, dict[str, str]] = {}
        for schema, table, column in columns:
            self.names[table.upper()] = schema, table
            self.columns.setdefault(table.upper(), []).append(column.upper())
            self.real.setdefault(table.upper(), {})[column.upper()] = column

    def tables(self) -> dict[str, list[str]]:
        return self.columns

    def rows(
        self, table: str, *, time: str = "", since: str = "", until: str = ""
    ) -> Iterator[Row]:
        from psycopg import sql

        asked = sql.SQL("SELECT * FROM {}").format(sql.Identifier(*self.names[table]))
        bounds: list[Any] = []
        if time in self.real[table]:
            name = sql.Identifier(self.real[table][time])
            told = [("{} >= %s", since), ("{} <= %s", until)]
            parts = [(sql.SQL(t).format(name), v) for t, v in told if v]
            bounds = [v for _, v in parts]
            if parts:
                asked = asked + sql.SQL(" WHERE ") + sql.SQL(" AND ").join(p for p, _ in parts)
        with self.db.cursor(name="sl323") as found:
            found.execute(asked, bounds)
            head: list[str] = []
            for line in found:
                head = head or [d.name.upper() for d in found.description or ()]
                yield dict(zip(head, map(plain, line), strict=True))
