"""What other systems send of the sea: sentences of AIS as they come, texts of masters and fixes of
terminals as JSON."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat

from .write.positions import take_ais, take_table
from .write.trips import take_text

MOST = 200


@dataclass
class Taken:
    """What became of a message."""

    fixes: dict[str, Any] = field(default_factory=dict)
    trips: list[str] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)
    answer: str = ""
    media: str = ""

    def told(self) -> dict[str, Any]:
        return {
            "fixes": self.fixes,
            "trips": self.trips,
            "n_refused": len(self.refused),
            "refused": self.refused[:MOST],
        }


def take_bytes(raw: bytes, *, by: Seat) -> Taken:
    """Sentences (``!AIVDM…``), or ``{"texts": [{"text", "at"}]}``, or a table of ``beidou`` or
    ``radar`` as ``{"source", "csv"}``."""
    taken = Taken()
    if raw.lstrip()[:1] in (b"!", b"\\", b"$"):
        taken.fixes = take_ais(raw.splitlines(), by=by).told()
        return taken
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Problem("report.unreadable", why=str(error)[:200]) from None
    if isinstance(told, dict) and isinstance(told.get("csv"), str):
        source = str(told.get("source") or "")
        taken.fixes = take_table(told["csv"].encode(), source=source, by=by).told()
        return taken
    if not isinstance(told, dict) or not isinstance(told.get("texts"), list):
        raise Problem("report.unreadable", why='{"texts": [{"text": …, "at": …}]}')
    for row in told["texts"]:
        _text(row, taken, by)
    return taken


def _text(row: Any, taken: Taken, by: Seat) -> None:
    text = str(row.get("text") or "") if isinstance(row, dict) else str(row)
    when = str(row.get("at") or "") if isinstance(row, dict) else ""
    try:
        at = datetime.fromisoformat(when) if when else clock.now()
        at = at if at.tzinfo else at.replace(tzinfo=clock.BEIJING)
        taken.trips.append(str(take_text(text=text, by=by, at=at)))
    except Problem as problem:
        told = {"text": text[:80], "zh": problem.text("zh"), "en": problem.text("en")}
        taken.refused.append(told)
    except ValueError:
        taken.refused.append({"text": text[:80], "zh": f"时间“{when}”", "en": f"time {when!r}"})
