"""The sums of core.evidence in SQLite: a trigger adds and takes each row's MAC in the row of its
table."""

from collections.abc import Iterable

from django.db import connection

from fangxian.spine.core.macs import MODULUS, SIZE
from fangxian.spine.core.models import Evidence

PREFIX = "evidence"
Sum = tuple[int, bytes]


def triggers(table: str, columns: Iterable[str]) -> dict[str, str]:
    """Name and text of a table's three triggers."""

    def mac(side: str) -> str:
        values = ", ".join(f'{side}."{name}"' for name in columns)
        return f"fx_mac('{table}', {values})"

    moved = {
        "insert": f"n = n + 1, total = fx_add(total, {mac('new')})",
        "update": f"total = fx_add(fx_take(total, {mac('old')}), {mac('new')})",
        "delete": f"n = n - 1, total = fx_take(total, {mac('old')})",
    }
    return {
        f"{PREFIX}_{table}_{verb}": (
            f"CREATE TRIGGER {PREFIX}_{table}_{verb} AFTER {verb.upper()} ON {table} BEGIN "
            f"UPDATE core_evidence SET {sets} WHERE name = '{table}'; END"
        )
        for verb, sets in moved.items()
    }


def standing() -> dict[str, str]:
    """The triggers that are there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s",
            [f"{PREFIX}_%"],
        )
        return dict(cursor.fetchall())


def drop(names: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def read(table: str, columns: Iterable[str]) -> Sum:
    """The sum of what is there."""
    connection.ensure_connection()
    total, n = 0, 0
    listed = ", ".join(f'"{name}"' for name in columns)
    told = f"SELECT fx_mac('{table}', {listed}) FROM {table}"  # just as the triggers read
    for (mac,) in connection.connection.cursor().execute(told):
        total += int.from_bytes(mac)
        n += 1
    return n, (total % MODULUS).to_bytes(SIZE)


def written() -> dict[str, Sum]:
    """The sums that the triggers kept, by table."""
    rows = Evidence.objects.values_list("name", "n", "total")
    return {name: (n, bytes(total)) for name, n, total in rows}


def forget(table: str) -> None:
    """Nothing moved since the sum of a table was written down."""


def prepare() -> None:
    """Every connection knows the functions (core.sqlite); the key is asked for at each MAC."""
