"""What other systems send about goods: documents of EPCIS, results of laboratories as JSON."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat

from .write.capture import capture
from .write.samples import RESULTS, Result, enter_results

MOST = 200


@dataclass
class Taken:
    """What became of a message."""

    capture: dict[str, Any] = field(default_factory=dict)
    results: dict[str, int] = field(default_factory=dict)
    refused: list[dict[str, str]] = field(default_factory=list)
    answer: str = ""
    media: str = ""

    def told(self) -> dict[str, Any]:
        return {
            "capture": self.capture,
            "results": self.results,
            "n_refused": len(self.refused),
            "refused": self.refused[:MOST],
        }


def take_bytes(raw: bytes, *, by: Seat) -> Taken:
    """A document of EPCIS, or ``{"results": […]}``."""
    taken = Taken()
    if raw.lstrip()[:1] != b"<":
        try:
            told = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise Problem("report.unreadable", why=str(error)[:200]) from None
        if isinstance(told, dict) and isinstance(told.get("results"), list):
            rows, taken.refused = read_results(told["results"])
            taken.results = enter_results(rows, by=by)
            return taken
    found = capture(raw, name="接口", by=by)
    taken.capture = found.told()
    return taken


WORDS = {
    "阴性": "negative",
    "阳性": "positive",
    "不定": "inconclusive",
    "可疑": "inconclusive",
    "neg": "negative",
    "pos": "positive",
    "not detected": "negative",
    "detected": "positive",
    "未检出": "negative",
    "检出": "positive",
}


YEARS = range(2000, 2101)


def clean(value: Any) -> str:
    """A cell as text that any database keeps: a number or text, without halves of letters."""
    if not isinstance(value, str | int | float):
        return ""
    return str(value).encode("utf-8", "replace").decode().replace("\0", "").strip()[:200]


def read_results(rows: list[Any]) -> tuple[list[Result], list[dict[str, str]]]:
    """Results of tables and programs: which are right, and what is wrong with the others."""
    found, wrong = [], []
    for n, row in enumerate(rows, 1):
        where = f"第 {n} 行 / row {n}"
        if not isinstance(row, dict):
            wrong.append({"where": where, "zh": "不是一行", "en": "is no row"})
            continue
        number = clean(row.get("number") or row.get("管号"))
        said = clean(row.get("result") or row.get("结果")).lower()
        result = WORDS.get(said, said)
        when = clean(row.get("at") or row.get("时间"))
        try:
            at = datetime.fromisoformat(when.replace("/", "-")) if when else clock.now()
            at = at if at.tzinfo else at.replace(tzinfo=clock.BEIJING)
            if at.year not in YEARS:
                raise ValueError(when)
        except (ValueError, OverflowError):
            wrong.append({"where": where, "zh": f"时间“{when}”", "en": f"time {when!r}"})
            continue
        if not number or len(number) > 40 or result not in RESULTS:
            text = f"{number} {said}"
            wrong.append(
                {"where": where, "zh": f"管号或结果：{text}", "en": f"tube, result: {text}"}
            )
            continue
        found.append(
            Result(
                number,
                clean(row.get("laboratory") or row.get("实验室")) or "—",
                result,
                min(at, clock.now()),
                corrects=str(row.get("corrects") or row.get("更正") or "").lower()
                in ("true", "1", "是", "yes"),
            )
        )
    return found, wrong
