"""The doctor: looks whether the data are sound and says what broke."""

import time
from typing import Any

from django.db import connection

from fangxian.spine.core.events import verify_chain
from fangxian.spine.core.health import PROCESSES
from fangxian.spine.core.models import Heartbeat, Job
from fangxian.spine.observe.store import store

LOOP_SILENT_S = 60.0


def examine() -> dict[str, Any]:
    """Every check with what it found."""
    checks = [
        _check("event-chain", "事件链完整", "event chain intact", verify_chain()),
        _check("records", "业务库完好", "records file sound", _records()),
        _check("telemetry", "遥测库完好", "telemetry file sound", store().check()),
        _check("dead-letters", "没有死信", "no dead letters", _dead()),
        _check("loops", "后台循环在跳", "loops alive", _loops()),
    ]
    return {"ok": all(check["ok"] for check in checks), "checks": checks}


def _check(code: str, zh: str, en: str, broken: list[str]) -> dict[str, Any]:
    return {"code": code, "zh": zh, "en": en, "ok": not broken, "broken": broken}


def _records() -> list[str]:
    """Foreign keys and constraints of the records, by Django's own check."""
    try:
        connection.check_constraints()
    except Exception as error:  # noqa: BLE001 - whatever the driver says is the finding
        return [str(error)]
    return []


def _dead() -> list[str]:
    return [f"{job}: {job.last_error}" for job in Job.objects.filter(state="dead")]


def _loops() -> list[str]:
    """Silent loops; and a process that never ran is not alive."""
    now_s = time.time()
    beats = {row.name: row.real_s for row in Heartbeat.objects.all()}
    never = [f"{name} never ran" for name in PROCESSES if name not in beats]
    return never + [
        f"{name} silent for {now_s - real_s:.0f} s"
        for name, real_s in sorted(beats.items())
        if now_s - real_s > LOOP_SILENT_S
    ]
