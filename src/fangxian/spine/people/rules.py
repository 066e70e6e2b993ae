"""Rules of people as dated data: how long records are kept, how long a broken glass stays open."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from fangxian.spine.core.dated import Complaint, Content, RuleSet, declare
from fangxian.spine.core.editions import edition


def _complaints(content: Content) -> Iterable[Complaint]:
    for name in ("break_glass_h", "review_days"):
        if not isinstance(content.get(name), int):
            yield name, "a whole number"
    for code, row in content.get("class", {}).items():
        if not isinstance(row.get("days"), int) or row["days"] < 1:
            yield f"class.{code}.days", "days, a whole number"
    if "general" not in content.get("class", {}):
        yield "class", "[class.general] is missing"


RETENTION = RuleSet(
    "retention",
    "资料保存期限",
    "How long records are kept",
    Path(__file__).parent / "data" / "retention",
    _complaints,
)


def _need_complaints(content: Content) -> Iterable[Complaint]:
    for code, row in content.get("need", {}).items():
        if not {"zh", "en"} <= set(row):
            yield f"need.{code}", "zh = … and en = … are needed"


NEEDS = RuleSet(
    "needs",
    "需要的帮助",
    "What help people need",
    Path(__file__).parent / "data" / "needs",
    _need_complaints,
)
declare(RETENTION, NEEDS)


def needs(at: datetime) -> dict[str, tuple[str, str]]:
    """Kinds of help, with their words (zh, en)."""
    return {c: (row["zh"], row["en"]) for c, row in edition("needs", at).content["need"].items()}


def kept_for(at: datetime) -> dict[str, timedelta]:
    """How long records of each class are kept after their last use."""
    rows = edition("retention", at).content["class"]
    return {code: timedelta(days=row["days"]) for code, row in rows.items()}


def review_within(at: datetime) -> timedelta:
    """How soon a broken glass is looked at."""
    return timedelta(days=edition("retention", at).content["review_days"])


def glass_open_for(at: datetime) -> timedelta:
    return timedelta(hours=edition("retention", at).content["break_glass_h"])
