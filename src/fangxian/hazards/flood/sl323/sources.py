"""Where the tables lie: a folder of CSV files, a workbook with a sheet a table, an SQLite file, a
PostgreSQL database. Names of tables and columns in any case."""

import codecs
import csv
import math
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem

from .form import moment

Row = dict[str, str]
CHUNK = 1 << 20


class Source(Protocol):
    """Tables by their upper-case names, and their rows as texts by upper-case columns. A source
    that can leaves out rows whose ``time`` lies outside ``since`` .. ``until``; ``rows_of`` does it
    for all."""

    def tables(self) -> Iterable[str]: ...

    def rows(
        self,
        table: str,
        *,
        time: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Row]: ...


def open_source(told: str) -> Source:
    """Raises ``call.wrong`` for what is none, ``file.unfit`` for what cannot be read."""
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
        value = clock.beijing(value) if value.tzinfo else value
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return f"{value:%Y-%m-%d} 00:00:00"
    if isinstance(value, float):
        return repr(value).removesuffix(".0") if math.isfinite(value) else ""
    return str(value).strip()


def rows_of(
    source: Source,
    table: str,
    *,
    time: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Row]:
    """The rows of a table within a window; one whose time cannot be read is of every window. Raises
    ``file.unfit`` at the place from which on it cannot be read."""
    try:
        for row in source.rows(table, time=time, since=since, until=until):
            at = moment(row.get(time, "")) if since or until else None
            if at and ((since and at < since) or (until and at > until)):
                continue
            yield row
    except (csv.Error, sqlite3.Error, zipfile.BadZipFile, UnicodeError, OSError) as error:
        zh, en = f"读不下去：{error}", f"cannot be read on: {error}"
        raise Problem("file.unfit", file=table, zh=zh, en=en) from None


class Folder:
    """TABLE.csv each, UTF-8 or GB 18030."""

    def __init__(self, path: Path) -> None:
        self.files = {file.stem.upper(): file for file in sorted(path.iterdir()) if _csv(file)}

    def tables(self) -> Iterable[str]:
        return list(self.files)

    def rows(
        self,
        table: str,
        *,
        time: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Row]:
        path = self.files[table]
        with path.open(encoding=_encoding(path), newline="") as file:
            lines = csv.reader(file)
            head = [cell.strip().upper() for cell in next(lines, ())]
            for line in lines:
                if line:
                    yield dict(zip(head, map(str.strip, line), strict=False))


def _encoding(path: Path) -> str:
    """UTF-8 where all of it is, else GB 18030."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "gb18030"
    return "utf-8-sig"


def _csv(file: Path) -> bool:
    return file.is_file() and file.suffix.lower() == ".csv"


class Workbook:
    """A sheet a table."""

    def __init__(self, path: Path) -> None:
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException

        try:
            self.book = load_workbook(path, read_only=True, data_only=True)
        except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
            zh, en = f"不是 xlsx 工作簿：{error}", f"no xlsx workbook: {error}"
            raise Problem("file.unfit", file=path.name, zh=zh, en=en) from None

    def tables(self) -> Iterable[str]:
        return [sheet.title.upper() for sheet in self.book.worksheets]

    def rows(
        self,
        table: str,
        *,
        time: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Row]:
        sheet = next(s for s in self.book.worksheets if s.title.upper() == table)
        lines = iter(sheet.values)
        head = [plain(c).upper() for c in next(lines, ())]
        told = (dict(zip(head, map(plain, line), strict=False)) for line in lines)
        yield from (row for row in told if any(row.values()))


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
        db = sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)
        db.text_factory = _text
        return db

    def _names(self) -> list[str]:
        with closing(self._open()) as db:
            found = db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
            return [name for (name,) in found]

    def tables(self) -> Iterable[str]:
        return list(self.names)

    def rows(
        self,
        table: str,
        *,
        time: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Row]:
        with closing(self._open()) as db:
            found = db.execute(f'SELECT * FROM "{self.names[table]}"')
            head = [d[0].upper() for d in found.description]
            for line in found:
                yield dict(zip(head, map(plain, line), strict=True))


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("gb18030")


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
            "SELECT table_schema, table_name, column_name, data_type"
            " FROM information_schema.columns"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
            " ORDER BY table_name, ordinal_position"
        ).fetchall()
        self.times: dict[tuple[str, str], str] = {}
        for schema, table, column, kind in columns:
            self.names[table.upper()] = schema, table
            if kind.startswith("timestamp without"):
                self.times[table.upper(), column.upper()] = column

    def tables(self) -> Iterable[str]:
        return list(self.names)

    def rows(
        self,
        table: str,
        *,
        time: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Row]:
        import psycopg
        from psycopg import sql

        asked = sql.SQL("SELECT * FROM {}").format(sql.Identifier(*self.names[table]))
        bounds: list[Any] = []
        if column := self.times.get((table, time)):  # a text is compared as a time, by rows_of
            name = sql.Identifier(column)
            told = [("{} >= %s", since), ("{} <= %s", until)]
            parts = [(sql.SQL(t).format(name), v) for t, v in told if v]
            bounds = [clock.beijing(v).replace(tzinfo=None) for _, v in parts]
            if parts:
                asked = asked + sql.SQL(" WHERE ") + sql.SQL(" AND ").join(p for p, _ in parts)
        try:
            with self.db.transaction(), self.db.cursor(name="sl323") as found:
                found.execute(asked, bounds)
                head: list[str] = []
                for line in found:
                    head = head or [d.name.upper() for d in found.description or ()]
                    yield dict(zip(head, map(plain, line), strict=True))
        except psycopg.Error as error:
            zh, en = f"读不下去：{error}", f"cannot be read on: {error}"
            raise Problem("file.unfit", file=table, zh=zh, en=en) from None
