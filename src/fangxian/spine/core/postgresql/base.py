"""PostgreSQL as Django has it; what was recorded is chained at the end of each transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import transaction
from django.db.backends.postgresql import base

from fangxian.spine.core.config import config
from fangxian.spine.core.pending import HoldsEvents

from . import CLIENT_ALIVE, SERVER_ALIVE

FOLD = (  # one row a table of what its sum has moved by
    "WITH gone AS (DELETE FROM fx_moved RETURNING *) INSERT INTO fx_moved "
    "SELECT name, sum(n), sum(p0), sum(p1) FROM gone GROUP BY name"
)
KEY = "SELECT set_config('fangxian.evidence', %s, false)"


class DatabaseWrapper(HoldsEvents, base.DatabaseWrapper):
    """Django's own, and the events of the open transaction."""

    def get_connection_params(self) -> dict[str, Any]:
        given = CLIENT_ALIVE | dict(super().get_connection_params())
        return given | {"options": f"{SERVER_ALIVE} {given.get('options', '')}".strip()}

    def _configure_connection(self, connection: Any) -> bool:
        super()._configure_connection(connection)  # type: ignore[misc]
        psycopg.Cursor(connection).execute(KEY, [config().evidence_key])  # bound, in no statement
        return True

    def faults(self) -> list[str]:
        """Indexes that an operation left unfinished; the rest PostgreSQL itself looks after."""
        with self.cursor() as cursor:
            wrong = "NOT (indisvalid AND indisready)"
            cursor.execute(f"SELECT indexrelid::regclass::text FROM pg_index WHERE {wrong}")
            return [f"index {name} is not valid" for (name,) in cursor.fetchall()]

    def tidy(self) -> None:
        with self.cursor() as cursor:
            cursor.execute("ANALYZE")
            cursor.execute("SELECT to_regclass('fx_moved')")
            if cursor.fetchone() != (None,):
                cursor.execute(FOLD)

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """The database as it stands now, for as long as it is read; writers go on meanwhile."""
        if self.in_atomic_block:  # the caller's moment
            yield
            return
        with transaction.atomic(self.alias):
            self.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield
