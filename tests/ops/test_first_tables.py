"""An empty folder gets the tables that walking through every migration ends at."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing

from django.apps import apps
from django.db.migrations.loader import MigrationLoader

WALK = """
import django; django.setup()
from django.core.management import call_command
from fangxian.ops import bootstrap
call_command("migrate", verbosity=0) if {walk} else bootstrap._migrate()
"""


def made(folder, walk):
    """What a database holds, columns by name: tables, keys, indexes, checks, and what is done."""
    folder.mkdir()
    environment = {"FANGXIAN_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "fangxian.settings"}
    subprocess.run([sys.executable, "-c", WALK.format(walk=walk)], env=environment, check=True)
    with closing(sqlite3.connect(folder / "records.sqlite3")) as db:
        tables = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        done = set(db.execute("SELECT app, name FROM django_migrations"))
        return {table: looks(db, table, sql) for table, sql in tables.items()}, done


def looks(db, table, sql):
    def of(pragma, name=table):
        return db.execute(f'PRAGMA {pragma}("{name}")').fetchall()

    indexes = {
        (own and name, unique, part, *((k[2], k[3], k[4]) for k in of("index_xinfo", name)))
        for _, name, unique, own, part in [
            (i[0], i[1], i[2], i[3] == "c", i[4]) for i in of("index_list")
        ]
    }
    columns = {row[1:] for row in of("table_xinfo")}
    checks = sorted(re.findall(r'CONSTRAINT "\w+" CHECK \(.*?\)(?=,|\)$)', sql))
    return columns, indexes, {row[2:] for row in of("foreign_key_list")}, checks


def test_the_tables_of_an_empty_folder_are_those_of_all_migrations(tmp_path):
    walked, begun = made(tmp_path / "walked", True), made(tmp_path / "begun", False)
    assert begun[1] == walked[1]
    assert begun[0].keys() == walked[0].keys()
    differ = [table for table in walked[0] if begun[0][table] != walked[0][table]]
    assert not differ, [(begun[0][table], walked[0][table]) for table in differ[:3]]


def test_no_migration_of_ours_brings_rows():
    """Else an empty folder would lack them."""
    ours = {a.label for a in apps.get_app_configs() if a.name.startswith("fangxian.")}
    loader = MigrationLoader(None, ignore_no_migrations=True)
    found = [
        (key, type(operation).__name__)
        for key, migration in loader.disk_migrations.items()
        for operation in migration.operations
        if key[0] in ours and type(operation).__name__ in {"RunPython", "RunSQL"}
    ]
    assert not found
