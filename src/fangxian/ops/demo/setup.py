"""Making the demo's data folder: places, rules, staff, stations, marks. Copied from a template
kept beside it when that was made by the same source."""

import hashlib
import shutil
from datetime import timedelta
from pathlib import Path

import fangxian
from fangxian.ops.bootstrap import make_ready
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.load import make_staff

from .storm import make_marks, make_stations
from .storm_time import STARTS_AT

FILES = ("records.sqlite3", "telemetry.sqlite3", "secret.key")


def make_drill(folder: Path, *, password: str) -> None:
    """Fill a folder that is marked as a drill's."""
    template = folder.parent / f".{folder.name}-template-{_source_digest()}"
    if not template.exists():
        make_ready()
        make_staff(since=STARTS_AT - timedelta(days=260), password=password, by=SYSTEM)
        _, rivers = make_stations()
        make_marks(rivers)
        _keep(folder, template)
        return
    for file in FILES:
        shutil.copyfile(template / file, folder / file)


def _keep(folder: Path, template: Path) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for old in folder.parent.glob(f".{folder.name}-template-*"):
        shutil.rmtree(old)
    draft = template.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    for file in FILES:
        shutil.copyfile(folder / file, draft / file)
    draft.rename(template)


def _source_digest() -> str:
    """Changes whenever our code or its data does."""
    digest = hashlib.sha256()
    root = Path(fangxian.__file__).parent
    for path in sorted(root.rglob("*")):
        if path.suffix in {".py", ".csv", ".toml", ".geojson", ".txt"}:
            stat = path.stat()
            digest.update(f"{path.name}{stat.st_mtime_ns}{stat.st_size}".encode())
    return digest.hexdigest()[:12]
