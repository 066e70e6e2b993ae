"""The dated rules of drought: grades of the index, how much history it needs, what a sudden turn
is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fangxian.spine.core import dated
from fangxian.spine.core.dated import Complaint, Content, RuleSet
from fangxian.spine.core.editions import edition
from fangxian.spine.core.levels import Level

MONTHS = (1, 3, 6)  # windows that the table has a column for
NUMBERS = ("years_least", "years_wanted", "after_min", "stale_days", "hold_days")
PA = ("decay", "cap_mm", "days")
TURN = ("dry_spi", "dry_days", "wet_mm", "wet_days", "dead_mm", "hold_h", "told")


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade of drought: the index at or below which it is one; without a level no signal."""

    code: str
    zh: str
    en: str
    spi: float
    level: Level | None


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _complaints(content: Content) -> Iterable[Complaint]:
    for name in NUMBERS:
        if not _number(content.get(name)) or content[name] < 0:
            yield name, "a number, not below 0"
    for name in ("missing_most", "dead_band", "day_told"):
        if not _number(content.get(name)) or not 0 <= content[name] < 1:
            yield name, "a number from 0 to below 1"
    months = content.get("months")
    if not isinstance(months, list) or not months or not set(months) <= set(MONTHS):
        yield "months", f"a list of any of {MONTHS}"
    elif content.get("graded_by") not in months:
        yield "graded_by", "one of months"
    yield from _grades(content)
    for table, names in (("pa", PA), ("turn", TURN)):
        given = content.get(table, {})
        yield from ((f"{table}.{n}", "a number") for n in names if not _number(given.get(n)))
    if content.get("turn", {}).get("level") not in Level.__members__:
        yield "turn.level", "I, II, III or IV"
    if not 0 < (content.get("turn", {}).get("told") or 0) <= 1:
        yield "turn.told", "a share, more than 0 up to 1"
    if _number(content.get("pa", {}).get("decay")) and not 0 <= content["pa"]["decay"] <= 1:
        yield "pa.decay", "from 0 to 1"


def _grades(content: Content) -> Iterable[Complaint]:
    rows = content.get("grade") or ()
    if not rows:
        yield "grade", "[[grade]] blocks, the lightest first"
    last = 0.0
    for n, row in enumerate(rows):
        if not {"code", "zh", "en", "spi"} <= set(row) or not _number(row["spi"]):
            yield f"grade.{n}", "code, zh, en, and spi as a number"
            return
        if row["spi"] >= last:
            yield f"grade.{n}.spi", "below 0, and below the grade before it"
        if row.get("level") not in {None, *Level.__members__}:
            yield f"grade.{n}.level", "I, II, III, IV, or left out"
        last = row["spi"]


DROUGHT_RULES = RuleSet(
    "drought_rules",
    "旱情规则",
    "Drought rules",
    Path(__file__).parent / "data" / "drought_rules",
    _complaints,
)
dated.declare(DROUGHT_RULES)


def drought_rules(at: datetime) -> Mapping[str, Any]:
    """The rules of drought in force."""
    return edition("drought_rules", at).content


def grades(at: datetime) -> list[Grade]:
    """The grades in force, the lightest first."""
    return [
        Grade(
            row["code"],
            row["zh"],
            row["en"],
            float(row["spi"]),
            Level[row["level"]] if row.get("level") else None,
        )
        for row in drought_rules(at)["grade"]
    ]


def grade_of(index: float | None, told: Iterable[Grade]) -> Grade | None:
    """The worst grade that an index reaches; None where it reaches none, or is not known."""
    reached = [g for g in told if index is not None and index <= g.spi]
    return reached[-1] if reached else None
