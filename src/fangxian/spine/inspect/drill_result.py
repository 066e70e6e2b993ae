"""How a live drill went, as a file that goes from its own folder to the real one."""

import hashlib
import json
from datetime import datetime
from typing import Any

from fangxian.spine.command.drilled import steps_done
from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.inspect.models import Finding
from fangxian.spine.ready.models import Drill
from fangxian.spine.ready.scripts import STEPS, read_script

FORM = "fangxian-drill-1"
LARGEST = 5_000_000  # bytes


def result_of(drill: Drill) -> dict[str, Any]:
    """What a drill's folder knows of it. Raises ``drill.result`` before its end."""
    if drill.state not in ("done", "broken_off") or drill.begun_at is None:
        raise Problem("drill.result", why="演练还没有结束")
    findings = Finding.objects.filter(about_kind="drill", about_key=str(drill.pk))
    return {
        "form": FORM,
        "drill": drill.pk,
        "script": _digest(drill),
        "state": drill.state,
        "begun_at": drill.begun_at.isoformat(),
        "ended_at": (drill.ended_at or clock.now()).isoformat(),
        "reason": drill.reason,
        "injects": [
            {
                "number": i.number,
                "given_at": i.given_at.isoformat(),
                "done_at": i.done_at.isoformat() if i.done_at else None,
                "done_by": i.done_by,
                "note": i.note,
            }
            for i in drill.injects.order_by("number")
        ],
        "log": [[kind, at.isoformat()] for kind, at in steps_done(drill)],
        "findings": [
            {"what": f.what, "grade": f.grade, "found_by": f.found_by}
            for f in findings.order_by("pk")
        ],
    }


def read_result(raw: bytes, drill: Drill) -> dict[str, Any]:
    """The result as it is written down, every part of it judged before any is kept."""
    try:
        told = json.loads(raw[:LARGEST])
        if told["form"] != FORM or told["drill"] != drill.pk:
            raise Problem("drill.result", why="不是这次演练的结果")
        if told["script"] != _digest(drill):
            raise Problem("drill.result", why="脚本在开目录以后改过")
        if told["state"] not in ("done", "broken_off"):
            raise Problem("drill.result", why="演练还没有结束")
        numbers = {step.number for step in read_script(drill.script)}
        injects = [
            {
                "number": int(row["number"]),
                "given_at": _moment(row["given_at"]),
                "done_at": _moment(row["done_at"]) if row["done_at"] else None,
                "done_by": str(row["done_by"])[:120],
                "note": str(row["note"])[:300],
            }
            for row in told["injects"]
        ]
        given = [row["number"] for row in injects]
        if not set(given) <= numbers or len(set(given)) < len(given):
            raise Problem("drill.result", why="有脚本里没有的注入，或同一注入写了两次")
        return {
            "state": told["state"],
            "reason": str(told["reason"])[:200],
            "begun_at": _moment(told["begun_at"]),
            "ended_at": _moment(told["ended_at"]),
            "injects": injects,
            "log": [[kind, _moment(at).isoformat()] for kind, at in told["log"] if kind in STEPS],
            "findings": [
                {key: str(row[key]) for key in ("what", "grade", "found_by")}
                for row in told["findings"]
            ],
        }
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        why = f"{type(error).__name__} {error}"[:120]
        raise Problem("drill.result", why=f"文件读不懂：{why}") from None


def _moment(given: str) -> datetime:
    at = datetime.fromisoformat(given)
    if at.tzinfo is None:
        raise ValueError(given)
    return at


def _digest(drill: Drill) -> str:
    return hashlib.sha256(drill.script.encode()).hexdigest()
