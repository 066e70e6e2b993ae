"""What one process of all may do at a time: each such loop has a lease by its name. With files one
process a folder is held to by its lock (ops.lock). On a server a lease is a lock of a session that
does nothing else: it is free when its process or its host is gone."""

import time
from typing import Any

import django.db

ASK_EVERY_S = 1.0
TAKE = "SELECT pg_try_advisory_lock(651, hashtext(%s))"


class Leases:
    """Those of this process."""

    def __init__(self) -> None:
        self._session: Any = None
        self._held: set[str] = set()
        self._asked_s: dict[str, float] = {}

    def held(self, name: str) -> bool:
        """Whether this process has the lease, or gets it now. Who has not asks once a second, and
        who has makes sure as often that the session still stands."""
        now_s = time.monotonic()
        if now_s - self._asked_s.get(name, -ASK_EVERY_S) < ASK_EVERY_S:
            return name in self._held
        self._asked_s[name] = now_s
        asked = "SELECT true WHERE %s <> ''" if name in self._held else TAKE
        try:
            (got,) = self._open().execute(asked, [name]).fetchone()
        except Exception:
            self.let_go()
            raise
        if got:
            self._held.add(name)
        return bool(got)

    def let_go(self) -> None:
        """Give all leases back."""
        session, self._session = self._session, None
        self._held.clear()
        self._asked_s.clear()
        if session is not None:
            session.close()

    def _open(self) -> Any:
        if self._session is None:
            from .postgresql.raw import open_raw

            self._session = open_raw("leases")
        return self._session


_leases = Leases()


def held(name: str) -> bool:
    """Whether this process is the one that does what ``name`` names."""
    return django.db.connection.vendor != "postgresql" or _leases.held(name)


def let_go() -> None:
    _leases.let_go()
