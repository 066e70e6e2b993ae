"""The dated tables behind forecasts: grades, and how and when they are made."""

import csv
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from fangxian.kernels.hydro.grade import Rules
from fangxian.spine.core import dated
from fangxian.spine.core.dated import Complaint, Content, RuleSet


def grading_rules(on: date) -> tuple[Rules, list[str]]:
    """GB/T 22482 as in force on a day, and the clauses whose text was not verified."""
    path = files("fangxian.hazards.flood") / "data" / "gbt22482.csv"
    with path.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if date.fromisoformat(r["valid_from"]) <= on]
    value = {
        row["clause"]: float(row["value"]) for row in sorted(rows, key=lambda r: r["valid_from"])
    }

    def three(kind: str) -> tuple[float, float, float]:
        return value[f"{kind}_jia"], value[f"{kind}_yi"], value[f"{kind}_bing"]

    single = {name: v for name, v in value.items() if not name.startswith(("dc_", "rate_"))}
    rules = Rules(**single, dc=three("dc"), rate=three("rate"))
    return rules, sorted({row["clause"] for row in rows if row["verified"] == "0"})


DATA = Path(__file__).parent / "data"
NUMBERS = (
    "ahead_h",
    "warm_days",
    "again_h",
    "members",
    "rain_error",
    "rain_memory_h",
    "rain_old_h",
    "hour_told",
    "burst_mm_h",
    "event_min",
    "late_min",
    "state_days",
    "judge_h",
    "judge_back_h",
    "judge_near_h",
    "hindcast_h",
    "judge_wait_h",
    "level_old_h",
    "learn_h",
    "learn_missing",
    "over_fit",
    "stale_h",
    "gauge_share",
    "least_floods",
    "flood_rise",
    "level_likely",
    "level_possible",
)


def _complaints(content: Content) -> Iterable[Complaint]:
    for name in NUMBERS:
        value = content.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
            yield name, "a number, more than 0"
    if not content.get("scenario"):
        yield "scenario", "[[scenario]] blocks: rain where nobody forecasts it"
    for n, row in enumerate(content.get("scenario") or ()):
        if not {"code", "zh", "en", "keeps"} <= set(row) or not 0 <= row["keeps"] <= 1:
            yield f"scenario.{n}", "code, zh, en, and keeps from 0 to 1"


FORECAST_RULES = RuleSet(
    "forecast_rules", "洪水预报规则", "Forecast rules", DATA / "forecast_rules", _complaints
)
dated.declare(FORECAST_RULES)


def shipped_rules(at: datetime) -> Mapping[str, Any]:
    """Those that are shipped, for words that work on files alone."""
    return dated.in_force(dated.shipped("forecast_rules"), at).content


def forecasting(at: datetime) -> Mapping[str, Any]:
    """The rules of forecasts in force in this folder."""
    from fangxian.spine.core.editions import edition  # words on files have no database

    return edition("forecast_rules", at).content
