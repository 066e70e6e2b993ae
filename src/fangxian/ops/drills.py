"""Live drills: a folder of their own made from the real one, its clock, and the injects as they
become due. What is in it can reach nobody outside."""

import json
import shutil
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

from fangxian.spine.core.macs import know_functions
from fangxian.spine.core.marks import Kind
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.seal import seal

from .backup import records_as_files
from .folder import copy_database, mark_drill

RECORDS = "records.sqlite3"
KEYS = ("secret.key", "secret.old", "evidence.key")
DRILL = "drill.json"
PHONES = "phone"  # the purpose that registry.seal names
# what of the real folder has no business in a drill: log-ins, letters on their way, work in hand
FASTEST = 3600.0
LEFT_OUT = (
    "django_session",
    "mfa_authenticator",
    "api_apikey",
    "core_job",
    "core_due",
    "reach_delivery",
    "reach_message",
)


def open_folder(*, source: Path, target: Path, drill: int, at: datetime, speed: float) -> None:
    """Make the folder of a live drill. Raises ``call.wrong`` where something lies there already."""
    if (target / RECORDS).exists():
        zh, en = f"{target} 里已有资料,请另给目录", f"{target} holds records already; name another"
        raise Problem("call.wrong", zh=zh, en=en)
    if not 0 < speed <= FASTEST:
        zh, en = f"速度应在 0 到 {FASTEST:g} 之间", f"a speed between 0 and {FASTEST:g}"
        raise Problem("call.wrong", zh=zh, en=en)
    target.mkdir(parents=True, exist_ok=True)
    target.chmod(0o700)  # it holds what is sealed beside the key
    mark_drill(target, name=f"drill-{drill}", at=at, speed=speed)
    with records_as_files(source) as records:
        copy_database(records / RECORDS, target / RECORDS, without=LEFT_OUT, make=_of_drill)
    for name in KEYS:  # what is sealed stays sealed, under the same key
        if (source / name).exists():
            shutil.copy2(source / name, target / name)
    for path in target.iterdir():
        path.chmod(0o600)
    (target / DRILL).write_text(json.dumps({"drill": drill}))


def _of_drill(db: sqlite3.Connection) -> None:
    """What makes a copy a drill's. Of the office-holders neither number nor address goes along:
    whatever is lost of the marks, nobody real is in it."""
    db.execute(f"PRAGMA application_id = {Kind.DRILL:d}")
    know_functions(db)
    found = db.execute("SELECT id, length(phone_sealed), email FROM registry_person").fetchall()
    rows = [
        (
            seal(f"1{key:010d}", purpose=PHONES, drill=True) if phone else b"",
            f"{key}@drill.invalid" if mail else "",
            key,
        )
        for key, phone, mail in found
    ]
    db.executemany("UPDATE registry_person SET phone_sealed = ?, email = ? WHERE id = ?", rows)


def drill_of(folder: Path) -> int | None:
    """Which drill a folder is for; None for one that is for none."""
    path = folder / DRILL
    return int(json.loads(path.read_text())["drill"]) if path.exists() else None


def play() -> int:
    """A round of the worker in a drill's folder: what is due is given."""
    from fangxian.spine.core.config import config
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.ready.models import Drill
    from fangxian.spine.ready.write.drills import give_due

    key = drill_of(config().data_dir) if config().drill else None
    drill = Drill.objects.filter(pk=key, state="running").first() if key else None
    return give_due(drill=drill, by=SYSTEM) if drill else 0


def install_givers() -> None:
    """What injects do in a live drill."""
    from fangxian.spine.ready.write.drills import GIVERS

    GIVERS.update(warning=_warn, reading=_read, call=_call, report=_report)


def _warn(step: Any, by: Any) -> None:
    from fangxian.spine.assess.write import enter_warning
    from fangxian.spine.core.levels import Level
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.registry.read import city

    enter_warning(
        hazard=str(step.more["hazard"]),
        level=Level[str(step.more["level"])],
        place=city(),
        text=step.zh,
        number=f"演练-{step.number}",
        by=SYSTEM,
        modelled=True,
    )


def _read(step: Any, by: Any) -> None:
    from fangxian.spine.core import clock
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.observe.accept import Intake
    from fangxian.spine.observe.intake.rows import arrivals_of
    from fangxian.spine.observe.store import store

    row = (str(step.more["station"]), str(step.more["element"]), clock.now(), step.more["value"])
    Intake(store()).accept(arrivals_of([row], source="drill"), by=SYSTEM)


def _call(step: Any, by: Any) -> None:
    from fangxian.spine.command.write.desk import add_log

    add_log(kind="call", text=step.zh, unit=str(step.more["unit"]), by=by)


def _report(step: Any, by: Any) -> None:
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.observe.models import Form
    from fangxian.spine.observe.reports.write import accept_report, answers_by_name, xml_of

    form = Form.objects.filter(code=str(step.more["form"]), ended_at=None).first()
    if form is None:
        raise Problem("form.unknown", form=str(step.more["form"]), version="—")
    kind, _, key = str(step.more["about"]).partition(":")
    names = {k: str(v) for k, v in step.more.items() if k not in ("form", "about")}
    raw = xml_of(form, answers_by_name(form, names), instance=f"uuid:drill-{step.number}")
    accept_report(raw=raw, by=SYSTEM, door="drill", about=(kind, key))
