"""What other systems send about people under measures: declarations and results as JSON, results as
HL7 v2 (ORU^R01). Each row is taken or refused with its reason; the same again changes nothing."""

import json
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fangxian.hazards.epidemic.hl7 import acknowledge, looks_like_hl7, messages
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat

from .reading import Lookup, declared_of, hl7_rows, read_rows, result_of
from .write.entering import declare
from .write.meeting import code_of
from .write.testing import enter_results

MOST_REFUSED = 200


@dataclass
class Taken:
    """What became of a message."""

    arrivals: list[str] = field(default_factory=list)
    results: dict[str, int] = field(default_factory=dict)
    refused: list[dict[str, str]] = field(default_factory=list)
    answer: str = ""
    media: str = ""

    def told(self) -> dict[str, Any]:
        return {
            "arrivals": self.arrivals,
            "results": self.results,
            "n_refused": len(self.refused),
            "refused": self.refused[:MOST_REFUSED],
        }


def take_bytes(raw: bytes, *, by: Seat) -> Taken:
    """Take a message. Raises ``report.unreadable`` for what is neither JSON nor HL7."""
    if looks_like_hl7(raw.lstrip()):
        return _take_hl7(raw, by)
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Problem("report.unreadable", why=str(error)[:200]) from None
    if not isinstance(told, dict) or not {"declarations", "results"} & set(told):
        why = '{"declarations": […], "results": […]}'
        raise Problem("report.unreadable", why=why)
    taken = Taken()
    look = Lookup(by)
    make = partial(declared_of, look=look, source="接口")
    found = read_rows(_numbered("declarations", told), make)
    taken.arrivals = [code_of(one.pk) for one in declare(found.rows, by=by)] if found.rows else []
    results = read_rows(_numbered("results", told), result_of)
    taken.results = enter_results(results.rows, by=by)
    taken.refused = [*found.wrong, *results.wrong]
    return taken


def _numbered(name: str, told: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    rows = told.get(name) or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Problem("report.unreadable", why=f"{name}: a list of objects is wanted")
    return [(f"{name}[{k}]", row) for k, row in enumerate(rows)]


def _take_hl7(raw: bytes, by: Seat) -> Taken:
    taken, answers = Taken(), []
    found = read_rows(hl7_rows(raw), result_of)
    taken.results, taken.refused = enter_results(found.rows, by=by), found.wrong
    for where, message in messages(raw):
        why = "; ".join(row["en"] for row in taken.refused if row["where"] == where)
        answers.append(acknowledge(message, why[:200]))
    taken.answer, taken.media = "".join(answers), "application/hl7-v2"
    return taken
