"""How contacts are traced, as dated data."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fangxian.spine.core import dated
from fangxian.spine.core.dated import Complaint, Content, RuleSet
from fangxian.spine.core.editions import edition
from fangxian.spine.core.problems import Problem

NUMBERS = ("look_back_days", "depth", "joint_h", "clocks_apart_h", "trace_days", "unasked_h")


def _complaints(content: Content) -> Iterable[Complaint]:
    for name in NUMBERS:
        if not isinstance(content.get(name), int) or content[name] < 0:
            yield name, "a whole number, 0 or more"


TRACING = RuleSet(
    "tracing",
    "流调溯源",
    "Contact tracing",
    Path(__file__).parent / "data" / "tracing",
    _complaints,
)
dated.declare(TRACING)


@dataclass(frozen=True, slots=True)
class Rules:
    """How far back before onset, how many steps, what is near enough in time, how far back a trace
    of what is no case looks, and within how many hours somebody asks a case whom he met."""

    look_back_days: int
    depth: int
    joint_h: int
    clocks_apart_h: int
    trace_days: int
    unasked_h: int


def rules(at: datetime) -> Rules:
    """The rules in force; those of the oldest edition before it began."""
    try:
        content = edition("tracing", at).content
    except Problem:
        content = dated.shipped("tracing")[0].content
    return Rules(*(int(content[name]) for name in NUMBERS))
