"""Several hosts work on one database: they must have the same keys, or what one seals the others
cannot open. The database has no key, only what shows whether one is the same."""

import hashlib

from django.db import connection

from fangxian.spine.core.config import config

TABLE = "CREATE TABLE IF NOT EXISTS fx_key (name text PRIMARY KEY, told text NOT NULL)"


def _told(key: str) -> str:
    return hashlib.sha256(f"fangxian|{key}".encode()).hexdigest()


def same_keys() -> bool:
    """Whether the keys of this process are those of the database; the first to ask sets them."""
    wanted = {"secret": _told(config().key), "evidence": _told(config().evidence_key)}
    before = {_told(key) for key in (*config().old_keys, *config().old_evidence_keys)}
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        for row in wanted.items():
            cursor.execute("INSERT INTO fx_key VALUES (%s, %s) ON CONFLICT DO NOTHING", row)
        cursor.execute("SELECT name, told FROM fx_key")
        for name, told in cursor.fetchall():
            if told in before and told != wanted.get(name):  # changed, and killed before it said so
                cursor.execute("UPDATE fx_key SET told = %s WHERE name = %s", [wanted[name], name])
            elif told != wanted.get(name):
                return False
    return True


def keys_changed() -> None:
    """The keys were changed by their own steps (ops.keys)."""
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        cursor.execute("DELETE FROM fx_key")
    same_keys()
