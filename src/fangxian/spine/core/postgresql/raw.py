"""A session of our own beside Django's, for what is too many for it: the readings and the tracks.
It takes the statements written for their files, in the words of this server."""

import hashlib
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import django.db
import psycopg
from django.core.signals import request_finished

from fangxian.spine.core.config import config
from fangxian.spine.core.database import chunks

from . import sums
from .base import KEY

COPIED = 100_000  # rows in one go
OF_DJANGO = {"context", "cursor_factory", "prepare_threshold", "server_side_binding", "pool"}

WORDS = (  # what the statements of the files say otherwise
    ("%", "%%"),
    ("json_each(?) j", "jsonb_each_text(CAST(? AS jsonb)) j(key, value)"),
    ("json_each(:keys) j", "jsonb_array_elements_text(CAST(:keys AS jsonb)) j(value)"),
    (" CROSS JOIN ", " JOIN "),
    ("?", "%s"),
)


@lru_cache(512)
def spoken(sql: str) -> str:
    """A statement of a file in PostgreSQL's words; ``:name`` and ``?`` as psycopg has them."""
    import re

    for word, ours in WORDS:
        sql = sql.replace(word, ours)
    return re.sub(r"(?<![:\w]):([a-z_]+)", r"%(\1)s", sql)


def open_raw(name: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A session in the database of the records, each statement by itself."""
    wrapper: Any = django.db.connection
    told = {k: v for k, v in wrapper.get_connection_params().items() if k not in OF_DJANGO}
    return psycopg.connect(**told, autocommit=True, application_name=f"fangxian {name}")


class Session:
    """One connection, each statement by itself unless ``begin`` was said."""

    def __init__(self, schema: str) -> None:
        self.raw = open_raw(schema)
        self.raw.execute("SELECT set_config('search_path', %s, false)", [schema])
        self.raw.execute(KEY, [config().evidence_key])

    def execute(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
        return self.raw.execute(spoken(sql), values)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> Any:
        cursor = self.raw.cursor()
        rows = list(rows)
        if rows:
            cursor.executemany(spoken(sql), rows)
        return cursor

    def close(self) -> None:
        self.raw.close()


class Served:
    """Tables in a schema of their own on the server; a session for each thread."""

    schema = ""
    tables = ""

    def __init__(self) -> None:
        self._local = threading.local()
        self._make()
        # a request has a thread of its own, and its session goes with it
        request_finished.connect(self._let_go, weak=False)

    def _let_go(self, **_: Any) -> None:
        self.close()

    def _make(self) -> None:
        """The tables of this version, once. Whoever holds a transaction open beside this would wait
        for himself: where they are as they should be nothing is touched."""
        wanted = hashlib.sha256((sums.FUNCTIONS + self.tables).encode()).hexdigest()
        with open_raw(self.schema) as db:
            there = db.execute("SELECT to_regclass(%s)", [f"{self.schema}.made"]).fetchone()
            if there and there[0] is not None:
                made = db.execute(f"SELECT hash FROM {self.schema}.made").fetchone()
                if made and made[0] == wanted:
                    return
            with db.transaction():
                if db.execute("SELECT to_regclass('fx_moved')").fetchone() == (None,):
                    db.execute(sums.FUNCTIONS)
                db.execute("SELECT pg_advisory_xact_lock(653)")
                db.execute(f"CREATE SCHEMA IF NOT EXISTS {self.schema}")
                db.execute(f"SET LOCAL search_path TO {self.schema}")
                db.execute(self.tables)
                db.execute("CREATE TABLE IF NOT EXISTS made (hash text NOT NULL)")
                db.execute("DELETE FROM made")
                db.execute("INSERT INTO made VALUES (%s)", [wanted])

    @property
    def _db(self) -> Any:
        session: Session | None = getattr(self._local, "session", None)
        if session is None or session.raw.closed:
            self._local.session = session = Session(self.schema)
        return session

    @contextmanager
    def _write(self) -> Iterator[Any]:
        db = self._db
        with db.raw.transaction():
            yield db

    def take_table(self, name: str, rows: Iterable[Sequence[Any]]) -> int:
        """All rows of one of these tables from elsewhere (ops.moving); how many."""
        n = 0
        with self._write() as db:
            db.execute(f"DELETE FROM {name}")  # what a move that was killed left
        for part in chunks(rows, COPIED):
            self._before(name, part)
            with self._write() as db, db.raw.cursor().copy(f"COPY {name} FROM STDIN") as copy:
                for row in part:
                    copy.write_row(row)
            n += len(part)
        self._after(name)
        return n

    def _before(self, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """What a table must have before rows come."""

    def _after(self, name: str) -> None:
        """What follows from the rows that came."""

    def close(self) -> None:
        session: Session | None = getattr(self._local, "session", None)
        if session is not None:
            session.close()
            self._local.session = None
