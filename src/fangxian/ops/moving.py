"""All rows of a headquarters from files onto a server, or back: how it grows, and how a server's
rows get into a backup. What is taken is read at one moment; keys and numbers stay as they are."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection, connections, models, transaction
from django.db.migrations.recorder import MigrationRecorder

from fangxian.spine.core import evidence
from fangxian.spine.core.config import PREFIX, config
from fangxian.spine.core.database import chunks, database, go_on_numbering
from fangxian.spine.core.events import Entry, Named, record_many, verify_chain
from fangxian.spine.core.models import Event
from fangxian.spine.core.postgresql import served
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.store import store
from fangxian.spine.observe.tracks import tracks

SOURCE = "moved_from"
CHUNK = 2000
TELEMETRY = ("observation", "superseded", "frame", "latest")
TRACKS = ("fix", "last", "said", "jump", "heard")
Tell = Callable[[str, int, int], None]
MOVED = ".moved"
MOVE = Named("rows", "all")


def quiet(what: str, done: int, total: int) -> None:
    """Tells nobody."""


def pull(source: str, *, note: bool = True, tell: Tell = quiet) -> dict[str, int]:
    """Take all rows of ``source`` (a folder, or the address of a server) into the empty tables of
    this process. With ``note`` the log says so. Returns rows by table.

    Raises:
        move.not_empty: here are rows already.
        move.other_version: its tables are those of another version.
        move.broken: the log or a sum does not agree with what was read.
    """
    if Event.objects.exclude(kind="evidence.summed").exists():
        raise Problem("move.not_empty", what=named(config().database) or config().data_dir)
    if not source.startswith("postgres") and (why := _broken(source)):
        raise Problem("move.broken", why=why)
    _open(source)
    try:
        if _version(SOURCE) != _version("default"):
            raise Problem("move.other_version", what=named(source))
        with connections[SOURCE].one_moment():  # type: ignore[attr-defined]
            taken = _beside(source, tell)  # a kill in between leaves no records, and is begun anew
            with transaction.atomic():  # whole and proved, or not at all
                taken |= _records(tell)
                if broken := verify_chain():
                    raise Problem("move.broken", why=broken[0])
                if note:
                    told = {"rows": sum(taken.values())}
                    record_many([Entry("rows.moved", MOVE, None, told)], by=SYSTEM)
    finally:
        connections[SOURCE].close()
        del connections.databases[SOURCE]
    database().tidy()
    store().tidy()
    return taken


def named(source: str) -> str:
    """What a source is called: an address without its password."""
    head, at, rest = source.rpartition("@")
    return f"{head.partition('://')[0]}://…@{rest}" if at else source


def is_moved(folder: Path) -> bool:
    """Whether the rows of just this folder were moved onto our server before, and only its files
    had to be put away: the log here goes on from the end of the log there."""
    path = folder / "records.sqlite3"
    if not config().database or not path.is_file():
        return False
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        end = db.execute("SELECT last_hash FROM core_chainhead").fetchone()
    return bool(end) and Event.objects.filter(kind="rows.moved", previous_hash=end[0]).exists()


def _broken(folder: str) -> str:
    """What does not agree in a folder, found by a process of its own: the first sentence."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(f"{PREFIX}DATABASE_URL")}
    keys = {"SECRET_KEY": config().key, "EVIDENCE_SECRET": config().evidence_key}
    own = {PREFIX + name: key for name, key in keys.items()} | {f"{PREFIX}DATA_DIR": folder}
    words = [sys.executable, "-c", AUDIT]
    done = subprocess.run(words, env=kept | own, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else done.stderr.strip()[-500:]


AUDIT = """
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxian.settings")
import django; django.setup()
import fangxian.wiring
from fangxian.spine.core.evidence import audit
from fangxian.spine.observe.store import store
print(*[*audit(), *store().audit()][:1])
"""


def _open(source: str) -> None:
    """Django's second database, for reading."""
    settings = dict(connections.databases["default"])
    if source.startswith("postgres"):
        settings |= served(source)
        settings["OPTIONS"] = {k: v for k, v in settings["OPTIONS"].items() if k != "pool"}
    else:
        path = Path(source) / "records.sqlite3"
        if not path.is_file():
            raise Problem("move.nothing", what=source)
        settings |= {"ENGINE": "fangxian.spine.core.sqlite", "NAME": path, "OPTIONS": {}}
    connections.databases[SOURCE] = settings


def _version(alias: str) -> set[tuple[str, str]]:
    """What the tables of a database have been through."""
    return set(MigrationRecorder(connections[alias]).applied_migrations())


def _records(tell: Tell) -> dict[str, int]:
    """Every table of the records, emptied here of what its making brought."""
    evidence.lift()
    models_here = apps.get_models(include_auto_created=True)
    everything = [m for m in models_here if m._meta.managed and not m._meta.proxy]
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for model in reversed(everything):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")
        taken = {}
        for k, model in enumerate(everything):
            tell("records", k, len(everything))
            taken[model._meta.db_table] = _table(model)
        go_on_numbering(*everything)
    connection.check_constraints()
    evidence.sum_moved()
    return taken


def _table(model: type[models.Model]) -> int:
    """Row by row as the database has them: some models are parts of others."""
    fields = model._meta.local_concrete_fields
    rows = (
        model._base_manager.using(SOURCE).order_by("pk").values_list(*(f.attname for f in fields))
    )
    quote = connection.ops.quote_name
    listed = ", ".join(quote(str(f.column)) for f in fields)
    insert = (
        f"INSERT INTO {quote(model._meta.db_table)} ({listed}) "
        f"VALUES ({', '.join(['%s'] * len(fields))})"
    )
    n = 0
    with connection.cursor() as cursor:
        for part in chunks(rows.iterator(chunk_size=CHUNK), CHUNK):
            cursor.executemany(
                insert,
                [
                    [f.get_db_prep_save(v, connection) for f, v in zip(fields, row, strict=True)]
                    for row in part
                ],
            )
            n += len(part)
    return n


def _beside(source: str, tell: Tell) -> dict[str, int]:
    """Readings, frames and tracks."""
    taken = {}
    here: tuple[tuple[Any, Sequence[str], str], ...] = (
        (store(), TELEMETRY, "telemetry"),
        (tracks(), TRACKS, "tracks"),
    )
    for target, names, room in here:
        for k, name in enumerate(names):
            tell(room, k, len(names))
            taken[f"{room}.{name}"] = target.take_table(name, _read(source, room, name))
    return taken


def _read(source: str, room: str, name: str) -> Iterator[tuple[Any, ...]]:
    """All rows of a table beside the records."""
    if not source.startswith("postgres"):
        path = Path(source) / f"{room}.sqlite3"
        if path.is_file():
            with sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True) as db:
                yield from db.execute(f"SELECT * FROM {name}")
        return
    raw: Any = connections[SOURCE].connection  # the moment of the records
    with raw.cursor(name=f"moved_{name}") as cursor:
        cursor.itersize = 20_000
        cursor.execute(f"SELECT * FROM {room}.{name}")
        yield from cursor


def put_away(folder: Path) -> list[str]:
    """The files whose rows lie on a server now, under another name: nobody takes them for it."""
    gone = []
    for name in ("records", "telemetry", "tracks"):
        for path in folder.glob(f"{name}.sqlite3*"):  # and what is not yet taken into it
            if not path.name.endswith(MOVED):
                path.rename(path.with_name(path.name + MOVED))
                gone.append(path.name + MOVED)
    return gone
