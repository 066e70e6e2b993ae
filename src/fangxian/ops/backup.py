"""Backups: the databases at one moment, the files beside them and their keys, closed into one
file; looked through without Django, and restored into an empty place. Restoring never writes over
anything."""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, cast

from fangxian.spine.core.config import PREFIX, config
from fangxian.spine.core.files import sync_folder
from fangxian.spine.core.problems import Problem

from .closed import ClosedFileError, Closing, Opening

MANIFEST = "manifest.json"
DATABASES = ("records.sqlite3", "telemetry.sqlite3", "tracks.sqlite3")
SUFFIX = ".fxb"
LEFT_OUT = (".lock", ".moved", "-wal", "-shm", "backup.key", "backup.old", ".part")
FOLDERS_LEFT_OUT = frozenset({"uploads", "backups", "cache"})
SPACE_OLD_S = 6 * 3600
SPACE = ".space-"  # what lies open for a moment does so in the data folder, never beside a backup
WAIT_S = 60.0
PAGES = 4096
Tell = Callable[[str, int, int], None]  # what, how much of how many


def quiet(what: str, done: int, total: int) -> None:
    """Tells nobody."""


def create(target: Path, *, tell: Tell = quiet) -> dict[str, Any]:
    """Back up the folder of this process into ``target``, a new file or a folder for one. It is
    whole or it is not there. Returns the manifest with ``path``."""
    folder = config().data_dir
    if target.is_dir():
        at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        target = target / f"{own_name(folder)}-{at}{SUFFIX}"
    if target.exists():
        raise Problem("backup.there", path=str(target))
    draft = target.with_name(f"{target.name}.part")
    try:
        with open_space(folder) as space:
            if config().database:
                copies = _copy_server(Path(space) / "copied")
            else:
                copies = _copy_databases(folder, Path(space), tell)
            with draft.open("wb") as file:
                closed = Closing(file, config().backup_key)
                with tarfile.open(fileobj=cast(Any, closed), mode="w|gz") as tar:
                    manifest = _fill(tar, folder, copies, tell)
                closed.close()
                file.flush()
                os.fsync(file.fileno())
        draft.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise Problem("output.unwritable", file=str(target), why=str(error)) from error
    finally:
        draft.unlink(missing_ok=True)
    return manifest | {"path": str(target), "size": target.stat().st_size}


@contextmanager
def open_space(folder: Path) -> Iterator[str]:
    """A place for copies that are not closed. What a kill left of an earlier one goes first."""
    for left in folder.glob(f"{SPACE}*"):
        if time.time() - left.stat().st_mtime > SPACE_OLD_S:  # another may be at work beside us
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=SPACE) as space:
        yield space


def own_name(folder: Path) -> str:
    """What backups of this headquarters begin with: drill or real, and when its folder was made, so
    that several may lie in one place."""
    if config().database:
        mark = hashlib.sha256(config().database.encode()).hexdigest()[:8]
        return f"fangxian-real-{mark}"
    address = f"{(folder / DATABASES[0]).absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as db:
        (made,) = db.execute("SELECT min(applied) FROM django_migrations").fetchone()
    mark = hashlib.sha256(str(made).encode()).hexdigest()[:8]
    return f"fangxian-{config().kind.name.lower()}-{mark}"


def _copy_databases(folder: Path, space: Path, tell: Tell) -> list[Path]:
    """The databases as they stood at one moment. Writers are held only until all moments are
    pinned, a few milliseconds; the copying itself holds nobody."""
    there = [folder / name for name in DATABASES if (folder / name).exists()]
    if not there:
        raise Problem("backup.nothing", folder=str(folder))
    copies = []
    with ExitStack() as stack:
        pinned = []
        with ExitStack() as held:
            for path in there:
                held.enter_context(_held(path))
            for path in there:
                db = stack.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
                db.execute("BEGIN")
                db.execute("SELECT count(*) FROM sqlite_master").fetchone()
                pinned.append(db)
        for path, db in zip(there, pinned, strict=True):
            copy = space / path.name
            with closing(sqlite3.connect(copy)) as to:
                db.backup(
                    to,
                    pages=PAGES,
                    progress=lambda _, left, total, name=path.name: tell(  # type: ignore[misc]
                        name, total - left, total
                    ),
                )
            copies.append(copy)
    return copies


@contextmanager
def records_as_files(folder: Path) -> Iterator[Path]:
    """Where the databases of this folder lie as files: itself, or for a while those of its
    server."""
    if not config().database:
        yield folder
        return
    with open_space(folder) as space:
        _copy_server(Path(space) / "copied")
        yield Path(space) / "copied"


def _copy_server(space: Path) -> list[Path]:
    """The rows of a server as files (ops.moving), by a process whose own folder is ``space``."""
    keys = {"SECRET_KEY": config().key, "EVIDENCE_SECRET": config().evidence_key}
    kept = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
    own = {PREFIX + name: key for name, key in keys.items()} | {f"{PREFIX}DATA_DIR": str(space)}
    words = [sys.executable, "-m", "fangxian.cli", "--lang", "zh", "move", "--copy", "--from", "-"]
    done = subprocess.run(
        words,
        env=kept | own,
        input=config().database,  # it may hold a password: in no list of processes
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Problem("backup.server", why=done.stderr.strip()[-500:])
    _keep_breaks(space / DATABASES[0])
    return [space / name for name in DATABASES if (space / name).exists()]


def _keep_breaks(records: Path) -> None:
    """What does not agree on the server does not in its copy either, though its sums are new."""
    from fangxian.spine.core.evidence import audit

    with closing(sqlite3.connect(records)) as db:
        for text in audit():
            table, _, why = text.partition(": ")
            db.execute("UPDATE core_evidence SET broken = ? WHERE name = ?", (why[:300], table))
        db.commit()


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Nobody writes to a database meanwhile."""
    with closing(sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            db.execute("ROLLBACK")


def _fill(tar: tarfile.TarFile, folder: Path, copies: list[Path], tell: Tell) -> dict[str, Any]:
    members: dict[str, dict[str, Any]] = {}
    files = [(path.name, path) for path in copies] + list(_files(folder))
    for k, (name, path) in enumerate(files):
        tell("files", k, len(files))
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
            size = file.tell()
            file.seek(0)
            info = tarfile.TarInfo(name)
            info.size, info.mode = size, 0o600
            tar.addfile(info, file)
        members[name] = {"size": size, "sha256": digest.hexdigest()}
    manifest = {
        "fangxian": _version(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "scenario": config().scenario,
        "members": members,
    }
    data = json.dumps(manifest, ensure_ascii=False).encode()
    info = tarfile.TarInfo(MANIFEST)
    info.size, info.mode = len(data), 0o600
    tar.addfile(info, io.BytesIO(data))
    return manifest


def _version() -> str:
    from importlib.metadata import version

    return version("fangxian")


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        skipped = (
            name.startswith(SPACE)
            or path.name.endswith(LEFT_OUT)
            or name.partition("/")[0] in FOLDERS_LEFT_OUT
        )
        if path.is_file() and not path.is_symlink() and name not in DATABASES and not skipped:
            yield name, path


def verify(path: Path, *, key: str | None = None, tell: Tell = quiet) -> dict[str, Any]:
    """Open a backup and read every byte. Raises ``backup.broken`` with what is wrong."""
    return _through(path, None, key, tell)


def restore(
    path: Path, into: Path, *, key: str | None = None, tell: Tell = quiet
) -> dict[str, Any]:
    """Unpack a backup into a folder that holds nothing. What does not open leaves nothing."""
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise Problem("backup.not_empty", folder=str(into))
    draft = into.with_name(f"{into.name}.part")
    if draft.exists():
        raise Problem("backup.not_empty", folder=str(draft))
    draft.mkdir(parents=True, mode=0o700)
    try:
        manifest = _through(path, draft, key, tell)
        keys = _keys(key)
        (draft / "backup.key").write_text(keys[0])
        (draft / "backup.old").write_text("".join(f"{one}\n" for one in keys[1:]))
        for name in ("backup.key", "backup.old"):
            (draft / name).chmod(0o600)
        _forget_beats(draft / DATABASES[0])
        if into.exists():
            into.rmdir()
        draft.rename(into)
        sync_folder(into.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return manifest


def _forget_beats(records: Path) -> None:
    """Who was alive when the backup was made says nothing of who is."""
    with closing(sqlite3.connect(records)) as db:
        db.execute("DELETE FROM core_heartbeat")
        db.commit()


def _through(path: Path, into: Path | None, key: str | None, tell: Tell) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    manifest: dict[str, Any] | None = None
    try:
        with path.open("rb") as file:
            opened = Opening(file, _keys(key))
            with tarfile.open(fileobj=cast(Any, opened), mode="r|gz") as tar:
                for member in tar:
                    tell(member.name, file.tell(), path.stat().st_size)
                    if member.name == MANIFEST:
                        manifest = json.loads(_body(tar, member).read())
                    else:
                        found[member.name] = _take(tar, member, into)
            while opened.read(1 << 20):  # to the mark of the end
                pass
    except ClosedFileError as error:
        raise Problem("backup.broken", path=str(path), why=str(error)) from error
    except FileNotFoundError:
        raise Problem("not_found", what=str(path)) from None
    except (OSError, tarfile.TarError, ValueError, EOFError) as error:
        raise Problem("backup.broken", path=str(path), why=f"{error}") from error
    if manifest is None or manifest["members"] != found:
        raise Problem("backup.broken", path=str(path), why="it is not what its list says")
    return manifest


def _keys(given: str | None) -> list[str]:
    """Keys that may have closed it: given, or those of this folder. None is made for this."""
    if given or config().backup_secret:
        return (given or config().backup_secret).split()
    files = (config().data_dir / name for name in ("backup.key", "backup.old"))
    return [key for file in files if file.exists() for key in file.read_text().split()]


def _body(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Any:
    body = tar.extractfile(member)
    if body is None:
        raise ValueError(f"{member.name} is no file")
    return body


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path | None) -> dict[str, Any]:
    """One member read through, and written where it goes: never outside of the folder."""
    parts = Path(member.name).parts
    if not member.isfile() or Path(member.name).is_absolute() or ".." in parts:
        raise ValueError(f"{member.name!r} does not belong into a backup")
    digest, body, size = hashlib.sha256(), _body(tar, member), 0
    with ExitStack() as stack:
        out = None
        if into:
            target = into / member.name
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            out = stack.enter_context(target.open("xb"))
            target.chmod(0o600)
        while piece := body.read(1 << 20):
            digest.update(piece)
            size += len(piece)
            if out:
                out.write(piece)
    return {"size": size, "sha256": digest.hexdigest()}
