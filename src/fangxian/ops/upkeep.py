"""What a folder needs to be kept well, by itself: proofs anchored outside and read again, backups
made, tried and thinned out, what has outlived its use removed, the planner's figures renewed. A
process of its own: large copies must hold up nobody."""

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Min

from fangxian.spine.core import clock, evidence
from fangxian.spine.core.config import config
from fangxian.spine.core.database import database
from fangxian.spine.core.events import (
    GENESIS,
    Entry,
    Named,
    link_hash,
    record_many,
    verify_chain,
)
from fangxian.spine.core.guard import BEAT_EVERY_S, Loop
from fangxian.spine.core.models import ChainHead, Event, Job
from fangxian.spine.core.operating import operating
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.archive import readable
from fangxian.spine.observe.store import store

from . import anchors, backup
from .auditor import Timed
from .old_readings import archive_frames, archive_readings, forget_archived, sha256

HOUR_S = 3600.0
DAY_S = 86400.0
CHUNK = 5000
ARCHIVE = "archive"
FILED = ("events", "readings", "frames")


class ProofError(RuntimeError):
    """Rows are not as this program left them."""

    told = True


def loops() -> list[Loop]:
    """What upkeep does; in a drill only the tidying."""
    kept = [
        Loop("upkeep", lambda: 0, BEAT_EVERY_S),
        Loop("upkeep:tidy", Timed(lambda: DAY_S, tidy)),
    ]
    if config().drill:
        return kept
    return [
        *kept,
        Loop("anchor", Timed(lambda: 60 * operating("proof")["anchor_every_min"], _anchor)),
        Loop("evidence", Timed(lambda: HOUR_S * operating("proof")["audit_every_h"], prove)),
        Loop("backup", _back_up),
        Loop("upkeep:keep", Timed(lambda: DAY_S, partial(thin_out))),
    ]


def _anchor() -> int:
    return int(anchors.drop() is not None)


def prove() -> int:
    """Read the log, the records and some days of readings again. Raises ProofError."""
    from .doctor import some_days

    broken = [*verify_chain(), *evidence.audit(), *store().audit(some_days()), *anchors.check()]
    if broken:
        raise ProofError("; ".join(broken[:5]))
    return 1


def tidy() -> int:
    """The planner's figures, and the write-ahead logs taken in."""
    store().tidy()
    database().tidy()
    return 1


def newest_backup_s() -> float | None:
    """When the newest backup of the folder for backups was made (seconds of real time)."""
    files = _backups()
    return files[-1].stat().st_mtime if files else None


def _backups() -> list[Path]:
    own = backup.own_name(config().data_dir)
    return sorted(Path(config().backup_dir).glob(f"{own}-*{backup.SUFFIX}"))


def _back_up() -> int | None:
    if not config().backup_dir:
        return None
    last_s = newest_backup_s()
    if last_s is not None and time.time() - last_s < HOUR_S * operating("backup")["every_h"]:
        return None
    return int(bool(back_up(Path(config().backup_dir))))


def back_up(target: Path, *, tell: backup.Tell = backup.quiet) -> dict[str, Any]:
    """Make a backup, read it through, restore every so many-th into an empty place, remove the
    oldest beyond what is kept; all of it recorded, its failing too."""
    try:
        made = backup.create(target, tell=tell)
        backup.verify(Path(made["path"]), tell=tell)
        number = Event.objects.filter(kind="backup.made").count()
        if number % int(operating("backup")["try_restore_every"]) == 0:
            try_restore(Path(made["path"]))
            made["restored"] = True
    except Exception as error:
        _record("backup.failed", {"why": str(error)[:300], "target": str(target)})
        raise
    if target.is_dir():
        for left in target.glob(f"{backup.own_name(config().data_dir)}-*.part"):
            if time.time() - left.stat().st_mtime > backup.SPACE_OLD_S:
                left.unlink()  # of a backup that was killed
        for old in _backups()[: -int(operating("backup")["keep"])]:
            old.unlink()
    told = {key: made[key] for key in ("path", "size", "at")}
    _record("backup.made", told | {"restored": made.get("restored", False)})
    return made


@transaction.atomic
def _record(kind: str, told: dict[str, Any]) -> None:
    record_many([Entry(kind, Named("backup", "folder"), None, told)], by=SYSTEM)


def try_restore(path: Path) -> None:
    """Restore a backup into an empty place and let the doctor look at it there. Raises
    ``backup.broken``."""
    with backup.open_space(config().data_dir) as space:
        into = Path(space) / "var"
        backup.restore(path, into)
        elsewhere = {"FANGXIAN_ANCHOR_FILE", "FANGXIAN_DATABASE_URL", "FANGXIAN_DATABASE_URL_FILE"}
        kept = {k: v for k, v in os.environ.items() if k not in elsewhere}
        words = [sys.executable, "-m", "fangxian.cli", "doctor", "--json", "--data-only"]
        done = subprocess.run(
            words,
            env=kept | {"FANGXIAN_DATA_DIR": str(into)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Problem("backup.broken", path=str(path), why=_broken_of(done))


def _broken_of(done: "subprocess.CompletedProcess[str]") -> str:
    try:
        checks = json.loads(done.stdout)["checks"]
    except (ValueError, KeyError):
        return done.stderr.strip()[-300:]
    return "; ".join(text for check in checks for text in check["broken"])[:300]


def thin_out() -> int:
    """Remove what has outlived its use, class by class, and move old events into files."""
    keep = operating("keep")
    n = 0
    if keep["jobs_done"]:
        until = clock.now() - timedelta(days=keep["jobs_done"])
        done = Job.objects.filter(state=Job.State.DONE, due_at__lt=until)
        while keys := list(done.values_list("pk", flat=True)[:CHUNK]):
            n += Job.objects.filter(pk__in=keys).delete()[0]
    now_s = clock.now().timestamp()
    for name, verdicts in (("stored", ("stored", "duplicate")), ("refused", ("rejected",))):
        if days := keep[f"frames_{name}"]:
            n += store().forget_frames(verdicts, before_s=now_s - days * DAY_S)
    if days := keep["frames_stored"]:
        n += forget_archived("frames", days=days)
    if days := keep.get("frames_hot", 0):  # editions entered before do not have it
        n += archive_frames(days=days)
    if days := keep["readings"]:
        n += store().forget_readings(before_s=int(now_s - days * DAY_S))
        n += forget_archived("readings", days=days)
    if days := keep["frames_stored"]:
        n += forget_archived("frames", days=days)
    if days := keep["events"]:
        n += archive(days=days)
    if days := keep.get("frames_hot", 0):  # editions entered before do not have these
        n += archive_frames(days=days)
    if days := keep.get("readings_hot", 0):
        n += archive_readings(days=days)
    return n


def archive(*, days: float) -> int:
    """Move events older than ``days`` into a file with their chain: written and read back first,
    then taken out of the log, whose beginning remembers the link. Events with unfinished work stay,
    and all after them."""
    until = clock.now() - timedelta(days=days)
    younger = Event.objects.filter(at__gte=until).aggregate(end=Min("id"))["end"]
    busy = Job.objects.exclude(state=Job.State.DONE).aggregate(end=Min("event_id"))["end"]
    if younger is None:
        return 0  # never the whole log: its last link stays
    rows = Event.objects.filter(id__lt=min(younger, busy or younger)).order_by("id")
    first = rows.first()
    if first is None:
        return 0
    folder = config().data_dir / ARCHIVE
    folder.mkdir(exist_ok=True, mode=0o700)
    last = rows.last()
    assert last is not None  # noqa: S101 - first is
    path = folder / f"events-{first.pk:012d}-{last.pk:012d}.jsonl.gz"
    with gzip.open(path.with_suffix(".part"), "wt", encoding="utf-8") as file:
        n = sum(1 for line in _lines(rows.iterator(chunk_size=2000)) if file.write(line))
    path.with_suffix(".part").replace(path)
    if read_archive(path) != (first.previous_hash, last.hash, n):
        raise ProofError(f"{path.name} is not what was written into it")
    with transaction.atomic():
        Job.objects.filter(event_id__lte=last.pk).delete()
        Event.objects.filter(pk__lte=last.pk).delete()
        head = ChainHead.objects.select_for_update().get(pk=1)
        ChainHead.objects.filter(pk=1).update(base_hash=last.hash, archived=head.archived + n)
        told = {"file": path.name, "events": n, "last_hash": last.hash, "sha256": sha256(path)}
        record_many([Entry("events.archived", Named("archive", path.name), None, told)], by=SYSTEM)
    return n


def check_archives() -> list[str]:
    """Files of events, readings and frames against what the log last said of each."""
    said: dict[str, tuple[str, dict[str, Any]]] = {}
    kinds = [f"{what}.{verb}" for what in FILED for verb in ("archived", "forgotten")]
    for event in Event.objects.filter(kind__in=kinds).order_by("id"):
        told = event.after or {}
        said[told["file"]] = (event.kind, told)
    found = []
    for name, (kind, told) in said.items():
        what = kind.partition(".")[0]
        folder = config().data_dir / ARCHIVE if what == "events" else store().archive.folder
        path = folder / name
        if kind.endswith(".forgotten"):
            continue
        if not path.is_file():
            found.append(f"{name}: {told[what]} archived {what} are missing")
        elif sha256(path) != told["sha256"]:
            found.append(f"{name}: archived {what} were changed")
    if store().archive.days() and not readable():
        found.append("archived readings cannot be read: install fangxian[growth]")
    return found


def _lines(events: Iterator[Event]) -> Iterator[str]:
    for event in events:
        told = {
            field.attname: getattr(event, field.attname) for field in Event._meta.concrete_fields
        }
        yield json.dumps(told, ensure_ascii=False, default=str, sort_keys=True) + "\n"


def read_archive(path: Path) -> tuple[str, str, int]:
    """The link before a file's first event, its last link, and how many there are, each link
    checked. Raises ProofError."""
    before, previous, n = GENESIS, "", 0
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            told = json.loads(line)
            event = Event(**told | {"at": datetime.fromisoformat(told["at"])})
            if not n:
                before = previous = event.previous_hash
            if event.previous_hash != previous or event.hash != link_hash(event):
                raise ProofError(f"{path.name}: event {event.pk} was changed")
            previous, n = event.hash, n + 1
    return before, previous, n
