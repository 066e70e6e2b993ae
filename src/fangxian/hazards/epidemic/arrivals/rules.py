"""Clocks of people under measures as dated data, and decisions without the database."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

from fangxian.spine.core import dated
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.dated import Complaint, Content, RuleSet
from fangxian.spine.core.editions import edition

HOURS = ("result_h", "handover_h", "receipt_h", "declared_h", "check_h", "released_h")
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def _complaints(content: Content) -> Iterable[Complaint]:
    for name in HOURS:
        if not isinstance(content.get(name), int | float) or content[name] <= 0:
            yield name, "hours, more than 0"
    for name in ("amber_at", "health_by"):
        if not TIME.fullmatch(str(content.get(name, ""))):
            yield name, "a time of day as 18:00"
    for name in ("answer_min", "beds_ahead_days"):
        if not isinstance(content.get(name), int) or content[name] < 1:
            yield name, "a whole number, 1 or more"
    fever = content.get("fever_c")
    if not isinstance(fever, list) or len(fever) != 2 or not 35 < fever[0] < fever[1] < 43:
        yield "fever_c", "two temperatures, the lower first"


CLOCKS = RuleSet(
    "arrival_clocks",
    "管控时限",
    "Clocks of measures",
    Path(__file__).parent / "data" / "arrival_clocks",
    _complaints,
)
dated.declare(CLOCKS)


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks in force."""

    amber_at: time
    health_by: time
    result: timedelta
    handover: timedelta
    answer_min: int
    receipt: timedelta
    declared: timedelta
    check: timedelta
    released: timedelta
    fever_c: tuple[float, float]
    beds_ahead_days: int


def clocks(at: datetime) -> Clocks:
    content = edition("arrival_clocks", at).content
    spans = {name.removesuffix("_h"): timedelta(hours=content[name]) for name in HOURS}
    return Clocks(
        amber_at=time.fromisoformat(content["amber_at"]),
        health_by=time.fromisoformat(content["health_by"]),
        answer_min=content["answer_min"],
        fever_c=tuple(content["fever_c"]),
        beds_ahead_days=content["beds_ahead_days"],
        **spans,
    )


def on_day(at: datetime, hour: time) -> datetime:
    """A time of day on the Beijing day of a moment."""
    return datetime.combine(at.astimezone(BEIJING).date(), hour, BEIJING)
