"""SQLite has one writer at a time and its own wait looks ten times a second at last: beside a
worker that writes all the time, a person's click would wait for seconds. Here a writer that waits
looks every 2 ms, and the worker leaves a pause between its transactions (core.queue)."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.sqlite3 import base

from fangxian.spine.core.macs import know_functions
from fangxian.spine.core.pending import HoldsEvents

LOOK_EVERY_S = 0.002


class DatabaseWrapper(HoldsEvents, base.DatabaseWrapper):
    """The wait for the place of the writer, at most the connection's ``timeout`` in seconds."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        raw = super().get_new_connection(conn_params)
        know_functions(raw)
        return raw

    def _start_transaction_under_autocommit(self) -> None:
        self.ensure_connection()
        with self.wrap_database_errors:
            begin(self.connection, float(self.settings_dict["OPTIONS"].get("timeout", 5)))

    def faults(self) -> list[str]:
        with self.cursor() as cursor:
            cursor.execute("PRAGMA integrity_check")
            return [str(row[0]) for row in cursor.fetchall() if row[0] != "ok"]

    def tidy(self) -> None:
        with self.cursor() as cursor:
            cursor.execute("PRAGMA analysis_limit=1000")
            cursor.execute("ANALYZE")
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """The database as it stands now, for as long as it is read; writers go on meanwhile."""
        self.ensure_connection()
        raw = self.connection
        if raw.in_transaction:  # the caller's moment
            yield
            return
        raw.execute("BEGIN")
        try:
            yield
        finally:
            raw.execute("ROLLBACK")


def begin(raw: sqlite3.Connection, timeout_s: float) -> None:
    """Begin a transaction that may write.

    Raises:
        sqlite3.OperationalError: the database was locked for all of ``timeout_s``.
    """
    until = time.monotonic() + timeout_s
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                raw.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
            time.sleep(LOOK_EVERY_S)
    finally:
        raw.execute(f"PRAGMA busy_timeout = {int(timeout_s * 1000)}")
