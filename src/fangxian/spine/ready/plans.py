"""Plans as data: actions, needs, strength and cadence of each level, by editions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.dated import Complaint, Content, Edition, RuleSet, declare
from fangxian.spine.core.editions import edition
from fangxian.spine.core.hazards import hazards, responding
from fangxian.spine.core.levels import Level

from .rules import USES, goods, skills

Words = tuple[str, str]
ACTION = {"id", "hazards", "level", "target", "verb_zh", "object_zh", "minutes"}
NEED = {"plan", "level", "scope", "what", "code", "n"}
PLAN = {"zh", "en", "headquarters", "hazards", "drill_days", "cadence_h", "strength"}
WHATS: dict[str, Words] = {
    "team": ("队伍", "team"),
    "goods": ("物资", "goods"),
    "shelter": ("避灾容量", "shelter places"),
}
SCOPES = ("city", "county", "town")


def _complaints(content: Content) -> Iterable[Complaint]:
    yield from _actions(content)
    plans = content.get("plan", {})
    for code, row in plans.items():
        if strange := set(row) - {f.name for f in fields(Plan)}:
            yield f"plan.{code}", f"unknown: {', '.join(sorted(strange))}"
        if lacking := PLAN - set(row):
            yield f"plan.{code}", f"{', '.join(sorted(lacking))} missing"
            continue
        for name in ("cadence_h", "strength"):
            if set(row[name]) != set(Level.__members__):
                yield f"plan.{code}.{name}", "a number for each of I, II, III, IV"
    for k, row in enumerate(content.get("need", [])):
        yield from ((f"need.{k}{name}", why) for name, why in _need(row, plans))


def _need(row: Mapping[str, Any], plans: Collection[str]) -> Iterable[Complaint]:
    if lacking := NEED - set(row):
        yield "", f"{', '.join(sorted(lacking))} missing"
    elif row["plan"] not in plans:
        yield ".plan", f"no plan {row['plan']}; there are {', '.join(plans)}"
    elif row["level"] not in Level.__members__:
        yield ".level", "levels are I, II, III, IV"
    elif row["what"] not in WHATS:
        yield ".what", f"one of {', '.join(WHATS)}"
    elif row["scope"] not in SCOPES:
        yield ".scope", f"one of {', '.join(SCOPES)}"
    elif not isinstance(row["n"], int | float) or set(row) - NEED:
        yield "", f"n is a number, and nothing but {', '.join(sorted(NEED))}"


def _actions(content: Content) -> Iterable[Complaint]:
    seen = set()
    for k, row in enumerate(content.get("action", [])):
        lacking = ACTION - set(row)
        if lacking:
            yield f"action.{k}", f"{', '.join(sorted(lacking))} missing"
        elif row["level"] not in Level.__members__:
            yield f"action.{k}.level", "levels are I, II, III, IV"
        elif row["id"] in seen:
            yield f"action.{k}.id", f"{row['id']} stands twice"
        seen.add(row.get("id"))


TARGETS = {"counties", "towns", "coast", "signal_towns"}  # and those that subjects bring


def _entered(content: Content) -> Iterable[Complaint]:
    """Names that nobody knows: such an action would be asked of nobody, or stop a response."""
    known = set(hazards())
    for k, row in enumerate(content.get("action", [])):
        if row["target"] not in TARGETS:
            yield f"action.{k}.target", f"{row['target']}；有 {', '.join(sorted(TARGETS))}"
        if strange := set(row["hazards"]) - known:
            yield f"action.{k}.hazards", f"{', '.join(strange)}；有 {', '.join(sorted(known))}"
    for code, row in content.get("plan", {}).items():
        if strange := set(row["hazards"]) - known:
            yield f"plan.{code}.hazards", f"{', '.join(strange)}；有 {', '.join(sorted(known))}"
    planned = {hazard for row in content.get("plan", {}).values() for hazard in row["hazards"]}
    if lacking := set(responding()) - planned:  # else nobody would prove what they lack
        yield "plan", f"没有预案的灾种：{', '.join(sorted(lacking))}"
    if not content.get("coast") and any(r["target"] == "coast" for r in content.get("action", [])):
        yield "coast", "有任务发给沿海，没有写哪些县沿海"
    now = clock.now()
    names: dict[str, Collection[str]] = {
        "team": list(skills(now)),
        "goods": list(goods(now)),
        "shelter": list(USES),
    }
    for k, row in enumerate(content.get("need", [])):
        there = names[row["what"]]
        if row["code"] not in there:
            yield f"need.{k}.code", f"{row['code']}；有 {', '.join(there)}"


PLANS = RuleSet(
    "plan_actions",
    "应急预案",
    "Plans: what a response asks for",
    Path(__file__).parent / "data" / "plan_actions",
    _complaints,
    _entered,
)
declare(PLANS)


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan of a headquarters, in one edition."""

    code: str
    zh: str
    en: str
    headquarters: str
    hazards: tuple[str, ...]
    drill_days: int
    cadence_h: Mapping[str, float]
    strength: Mapping[str, int]
    stop_zh: str = ""
    stop_en: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """What each place of a scope must have for a level of a plan."""

    plan: str
    level: Level
    scope: str
    what: str
    code: str
    n: float

    def words(self, at: datetime) -> Words:
        """What it is: the skill, the goods with unit, the use."""
        if self.what == "team":
            return skills(at).get(self.code, (self.code, self.code))
        if self.what == "shelter":
            return USES.get(self.code, (self.code, self.code))
        one = goods(at).get(self.code)
        return (f"{one.zh}（{one.unit}）", one.en) if one else (self.code, self.code)


def plan_edition(at: datetime) -> Edition:
    return edition("plan_actions", at)


def plans(of: Edition) -> dict[str, Plan]:
    """The plans of an edition. One of before they were written has none."""
    return {
        code: Plan(code, **{**row, "hazards": tuple(row["hazards"])})
        for code, row in of.content.get("plan", {}).items()
    }


def plan_of(hazard: str, of: Edition) -> Plan | None:
    """The plan under which a hazard is responded to."""
    return next((plan for plan in plans(of).values() if hazard in plan.hazards), None)


def needs(of: Edition, *, plan: str, level: Level) -> list[Need]:
    """What a level wants: its own needs and those of every lower level, of one code the largest."""
    found: dict[tuple[str, str, str], Need] = {}
    for row in of.content.get("need", []):
        one = Need(**{**row, "level": Level[row["level"]]})
        key = (one.scope, one.what, one.code)
        if (
            one.plan == plan
            and one.level >= level
            and one.n >= (found[key].n if key in found else 0)
        ):
            found[key] = one
    return list(found.values())


def actions_for(
    *, hazard: str, level: Level, at: datetime, of: Edition | None = None
) -> Sequence[dict[str, Any]]:
    """Plan actions a level asks for: its own and those of every lower level; with ``of`` by that
    edition."""
    rows = (of or plan_edition(at)).content["action"]
    return [r for r in rows if hazard in r["hazards"] and Level[r["level"]] >= level]
