"""The demo's data folder as a template kept in var/, so that a later start only copies. Needs no
Django: the copy must be there before the settings read the folder's key."""

import hashlib
import os
import shutil
from pathlib import Path

import fangxian
from fangxian.ops.folder import copy_database

from .scenario import KEPT, scenario_of

KEPT_IN = Path("var")
FILES = ("records.sqlite3", "telemetry.sqlite3", "secret.key", "evidence.key")


def take_template(folder: Path) -> bool:
    """Copy the template made by this very source; False if there is none."""
    template = _template(folder)
    if not template.exists():
        return False
    for file in FILES:
        shutil.copyfile(template / file, folder / file)
    return True


def keep_template(folder: Path) -> None:
    """Keep a freshly made folder for the next start. The databases are copied by SQLite: this
    process has them open, and closing another handle on such a file gives up its locks."""
    template = _template(folder)
    for old in KEPT_IN.glob(f"{template.name.rpartition('-')[0]}-*"):
        shutil.rmtree(old, ignore_errors=True)
    draft = template.with_suffix(f".{os.getpid()}")
    draft.mkdir(parents=True)
    for file in FILES[:2]:
        copy_database(folder / file, draft / file)
    for file in FILES[2:]:
        shutil.copyfile(folder / file, draft / file)
    try:
        draft.rename(template)
    except OSError:  # another start was first
        shutil.rmtree(draft, ignore_errors=True)


def _template(folder: Path) -> Path:
    """Named after all our code and data and the scenario: whatever changes makes a new one."""
    digest = hashlib.sha256()
    root = Path(fangxian.__file__).parent
    for path in sorted(root.rglob("*")):
        if path.suffix in {".py", ".csv", ".toml", ".geojson", ".txt"}:
            stat = path.stat()
            digest.update(f"{path.name}{stat.st_mtime_ns}{stat.st_size}".encode())
    for path in sorted((folder / KEPT).rglob("*")):
        digest.update(path.name.encode() + (path.read_bytes() if path.is_file() else b""))
    name = scenario_of(folder).name
    return KEPT_IN / f".demo-template-{name}-{digest.hexdigest()[:12]}"
