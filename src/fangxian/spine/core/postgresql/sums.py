"""The sums of core.evidence in PostgreSQL: after each statement a trigger notes how far it moved
the sum of its table, as a row of its own, so that no two writers wait for each other. The key is
told to each of our sessions; a writer without it moves nothing, which is seen. A MAC is two
numbers of 60 bits of SHA-256 over key, table, row and key; numbers are added each by itself."""

from collections.abc import Iterable
from typing import Any

import psycopg
from django.db import connection

from fangxian.spine.core.config import config
from fangxian.spine.core.models import Evidence

from .base import KEY

PREFIX = "evidence"
WORD, WORDS = 8, 2
MASK = (1 << 60) - 1
Sum = tuple[int, bytes]

PARTS = ", ".join(
    f"sum(('x' || substr(h, {start}, 15))::bit(60)::bigint) AS p{n}"
    for n, start in enumerate((1, 17))
)
FUNCTIONS = f"""
SELECT pg_advisory_xact_lock(653); -- one process makes them at a time
CREATE TABLE IF NOT EXISTS fx_moved (name text NOT NULL, n bigint NOT NULL,
    p0 numeric NOT NULL, p1 numeric NOT NULL);
CREATE INDEX IF NOT EXISTS fx_moved_by_name ON fx_moved (name);
CREATE OR REPLACE FUNCTION fx_mac(key text, of_table text, told text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT encode(sha256(convert_to(
        key || '|' || of_table || '|' || told || '|' || key, 'UTF8')), 'hex') $$;
CREATE OR REPLACE FUNCTION fx_note() RETURNS trigger LANGUAGE plpgsql
SET timezone = 'UTC' SET datestyle = 'ISO, MDY' SET bytea_output = 'hex'
SET extra_float_digits = 1 SET intervalstyle = 'iso_8601' AS $$
DECLARE fx_key text := current_setting('fangxian.evidence', true);
BEGIN
    IF coalesce(fx_key, '') = '' THEN RETURN NULL; END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO fx_moved SELECT TG_TABLE_NAME, -n, -p0, -p1 FROM (
            SELECT count(*) AS n, {PARTS} FROM (
                SELECT fx_mac(fx_key, TG_TABLE_NAME, fx_row::text) AS h FROM fx_old fx_row
                OFFSET 0) x) y WHERE n > 0;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO fx_moved SELECT TG_TABLE_NAME, n, p0, p1 FROM (
            SELECT count(*) AS n, {PARTS} FROM (
                SELECT fx_mac(fx_key, TG_TABLE_NAME, fx_row::text) AS h FROM fx_new fx_row
                OFFSET 0) x) y WHERE n > 0;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION fx_read(of_table text, OUT n bigint, OUT p0 numeric,
    OUT p1 numeric) LANGUAGE plpgsql
SET timezone = 'UTC' SET datestyle = 'ISO, MDY' SET bytea_output = 'hex'
SET extra_float_digits = 1 SET intervalstyle = 'iso_8601' AS $$
BEGIN
    EXECUTE format('SELECT count(*), {PARTS.replace("'", "''")} FROM (SELECT fx_mac($1, $2, '
        't::text) AS h FROM %I t OFFSET 0) x', of_table) INTO n, p0, p1
        USING current_setting('fangxian.evidence'), of_table;
END $$;
"""
SIDES = {
    "insert": "NEW TABLE AS fx_new",
    "update": "OLD TABLE AS fx_old NEW TABLE AS fx_new",
    "delete": "OLD TABLE AS fx_old",
}


def triggers(table: str, columns: Iterable[str]) -> dict[str, str]:
    """Name and text of a table's three triggers; rows are read whole, whatever their columns."""
    return {
        f"{PREFIX}_{table}_{verb}": (
            f"CREATE TRIGGER {PREFIX}_{table}_{verb} AFTER {verb.upper()} ON {table} "
            f"REFERENCING {sides} FOR EACH STATEMENT EXECUTE FUNCTION fx_note()"
        )
        for verb, sides in SIDES.items()
    }


def standing() -> dict[str, str]:
    """The triggers that are there and in force, with the texts that we would give them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgname LIKE %s AND t.tgenabled = 'O' "
            "AND p.proname = 'fx_note' AND c.relnamespace = current_schema()::regnamespace",
            [f"{PREFIX}\\_%"],
        )
        rows = cursor.fetchall()
    return {name: triggers(table, ()).get(name, "") for name, table in rows}


def drop(names: Iterable[str]) -> None:
    asked = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = %s"
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(asked, [name])
            for (table,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name} ON {table}")


def read(table: str, columns: Iterable[str]) -> Sum:
    """The sum of what is there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM fx_read(%s)", [table])
        n, *parts = cursor.fetchone()
    return n, _packed(parts)


def written() -> dict[str, Sum]:
    """The sums of the tables: as they were written down, and what moved since."""
    found = {
        name: (n, _unpacked(bytes(total)))
        for name, n, total in Evidence.objects.values_list("name", "n", "total")
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sum(n)::bigint, sum(p0), sum(p1) FROM fx_moved GROUP BY name")
        for name, n, *parts in cursor.fetchall():
            before, at = found.get(name, (0, [0] * WORDS))
            found[name] = before + n, [a + int(b) for a, b in zip(at, parts, strict=True)]
    return {name: (n, _packed(parts)) for name, (n, parts) in found.items()}


def forget(table: str) -> None:
    """The sum of a table is written down anew: what moved before is in it."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM fx_moved WHERE name = %s", [table])


def prepare() -> None:
    """What the triggers call, and the key of now for this session."""
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS)
    raw: Any = connection.connection
    psycopg.Cursor(raw).execute(KEY, [config().evidence_key])  # bound, in no statement


def _packed(parts: Iterable[int | None]) -> bytes:
    return b"".join((int(part or 0) & MASK).to_bytes(WORD) for part in parts)


def _unpacked(total: bytes) -> list[int]:
    return [int.from_bytes(total[at : at + WORD]) for at in range(0, WORDS * WORD, WORD)]
