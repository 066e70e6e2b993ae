"""The doctor: looks whether the data are sound, whether all that must be there is there, and says
what broke."""

import random
import re
import time
from collections.abc import Callable
from typing import Any

from django.db import connection

from fangxian.spine.core import clock, evidence
from fangxian.spine.core.config import config
from fangxian.spine.core.database import database
from fangxian.spine.core.events import verify_chain
from fangxian.spine.core.health import PROCESSES, processes, troubles
from fangxian.spine.core.models import Cursor, Heartbeat, Job
from fangxian.spine.core.operating import operating
from fangxian.spine.observe.models import ReportFile, Series
from fangxian.spine.observe.store import store
from fangxian.spine.registry.models import Place, Post

from . import anchors, keys

LOOP_SILENT_S = 60.0
DAY_S = 86400
BACKUP_LATE = 1.5  # intervals
TELEMETRY_CURSOR = "watch."
FILES_TRIED = 200

Found = list[str]
# code, zh, en, what looks; those of the data first: they hold for a restored folder too
DATA: tuple[tuple[str, str, str, Callable[[bool], Found]], ...]


def examine(*, full: bool = False, data_only: bool = False) -> dict[str, Any]:
    """Every check with what it found. ``full`` reads every reading again; ``data_only`` leaves out
    what belongs to a running installation."""
    rows = DATA if data_only else DATA + RUNNING
    checks = [_check(code, zh, en, look, full) for code, zh, en, look in rows]
    return {"ok": all(check["ok"] for check in checks), "checks": checks}


def _check(
    code: str, zh: str, en: str, look: Callable[[bool], Found], full: bool
) -> dict[str, Any]:
    try:
        broken = look(full)
    except Exception as error:  # noqa: BLE001 - a check that raises has found something
        broken = [f"{type(error).__name__}: {error}"]
    return {"code": code, "zh": zh, "en": en, "ok": not broken, "broken": broken}


def _records(_: bool) -> Found:
    """Foreign keys and constraints of the records, by Django's own check, and the database's."""
    connection.check_constraints()
    return database().faults()


def _telemetry(full: bool) -> Found:
    return store().check() + store().audit(None if full else some_days())


def some_days() -> set[int]:
    """Today, yesterday and some days by chance: what is changed anywhere is found some day."""
    today = int(clock.now().timestamp() // DAY_S)
    back = random.sample(range(2, 3650), int(operating("proof")["audit_days"]))
    return {today, today - 1, *(today - n for n in back)}


def _there(_: bool) -> Found:
    """A folder that was emptied is not a new one: what the one file knows of the other."""
    found = []
    last = store().last_seq()
    for cursor in Cursor.objects.filter(name__startswith=TELEMETRY_CURSOR, value__gt=last):
        found.append(f"readings up to number {cursor.value} were judged, {last} are there")
    if Series.objects.exists() and not last:
        found.append("there are stations with series and not one reading")
    if not Place.objects.exists():
        found.append("there is not one place")
    if not Post.objects.exists():
        found.append("there is not one post: nobody answers for anything")
    folder = config().data_dir / "reports"
    files = ReportFile.objects.order_by("-pk").values_list("digest", flat=True)[:FILES_TRIED]
    lost = [one for one in files if not (folder / one[:2] / one).is_file()]
    return found + ([f"{len(lost)} files of reports are missing: {lost[0]}"] if lost else [])


def _archives(_: bool) -> Found:
    from .upkeep import check_archives

    return check_archives()


def _dead(_: bool) -> Found:
    return [f"{job}: {job.last_error}" for job in Job.objects.filter(state="dead")]


def _loops(_: bool) -> Found:
    """Silent loops and failing ones; and a process that never ran is not alive."""
    beats = {row.name: row for row in Heartbeat.objects.all()}
    never = [f"{name} never ran" for name in processes() if name not in beats]
    gone = {name for name in beats if re.fullmatch(r"worker-\d+", name)} - processes().keys()
    silent = [
        f"{name} silent for {beat.silent_s():.0f} s"
        for name, beat in sorted(beats.items())
        if beat.silent_s() > LOOP_SILENT_S and name not in gone
    ]
    failing = [f"{b.name} failed {b.failures} times: {b.why}" for b in beats.values() if b.failures]
    return never + silent + failing


def _channels(_: bool) -> Found:
    """Whether texts, calls and letters could leave."""
    from fangxian.spine.reach.channels import open_channel

    found = []
    for name in ("sms", "voice", "mail"):
        try:
            open_channel(name)
        except Exception as error:  # noqa: BLE001 - whatever keeps it shut is the finding
            found.append(f"{name}: {error}")
    return [] if config().drill else found


def _kept(_: bool) -> Found:
    """Backups, anchors, keys in a safe: what one needs when the machine is gone."""
    if config().drill:
        return []
    found = [
        f"key {one['purpose']} is in no escrow" for one in keys.listed() if not one["escrowed"]
    ]
    if not config().backup_dir:
        found.append("no folder for backups is set up (FANGXIAN_BACKUP_DIR)")
    else:
        from .upkeep import newest_backup_s

        last_s, every_s = newest_backup_s(), 3600 * operating("backup")["every_h"]
        if last_s is None:
            found.append("there is no backup")
        elif time.time() - last_s > BACKUP_LATE * every_s:
            found.append(f"the last backup is {(time.time() - last_s) / 3600:.0f} h old")
    if not anchors.places():
        found.append("no place for anchors is set up (FANGXIAN_ANCHOR_FILE)")
    return found


def _machine(_: bool) -> Found:
    """What is said on every page of disk, clock and processes."""
    return [trouble.en for trouble in troubles() if trouble.code not in PROCESSES]


DATA = (
    ("event-chain", "事件链完整", "event chain intact", lambda _: verify_chain()),
    ("evidence", "业务记录与存证相符", "records as they were written", lambda _: evidence.audit()),
    ("anchors", "与外存的存证相符", "log agrees with its anchors", lambda _: anchors.check()),
    ("archives", "归档日志完好", "archived events as they were", _archives),
    ("records", "业务库完好", "records file sound", _records),
    ("telemetry", "遥测库完好、与存证相符", "telemetry sound and as stored", _telemetry),
    ("there", "应有的资料都在", "what must be there is there", _there),
)
RUNNING = (
    ("dead-letters", "没有死信", "no dead letters", _dead),
    ("loops", "后台循环在跳", "loops alive", _loops),
    ("channels", "短信、语音、邮件可用", "channels set up", _channels),
    ("kept", "备份、外存、密钥封存", "backups, anchors, keys in a safe", _kept),
    ("machine", "磁盘、时钟、网关", "disk, clock, gateway", _machine),
)
