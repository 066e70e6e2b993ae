"""How plans of reservoirs are raced, as dated data; pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from fangxian.spine.core import dated
from fangxian.spine.core.dated import Complaint, Content, RuleSet
from fangxian.spine.core.editions import edition
from fangxian.spine.core.levels import Level

DATA = Path(__file__).parent / "data"
CODES = ("rule", "pre", "hold")  # plans that need nobody's numbers
OWN, GATES = "own", "gates"
MOST_H = 72  # of a plan that somebody writes; it is cut to what the forecast has left


def _complaints(content: Content) -> Iterable[Complaint]:
    for name in ("level_old_h", "issue_old_h", "order_min", "late_m", "risk_told"):
        value = content.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
            yield name, "a number, more than 0"
    if content.get("order_level") not in Level.__members__:
        yield "order_level", "I, II, III or IV"
    told = [row.get("code") for row in content.get("plan") or ()]
    if not told or set(told) - set(CODES):
        yield "plan", f"[[plan]] blocks with code one of {', '.join(CODES)}"


DISPATCH_RULES = RuleSet(
    "dispatch_rules", "水库调度规则", "Reservoir rules", DATA / "dispatch_rules", _complaints
)
dated.declare(DISPATCH_RULES)


def dispatching(at: datetime) -> Mapping[str, Any]:
    """The rules in force."""
    return edition("dispatch_rules", at).content
