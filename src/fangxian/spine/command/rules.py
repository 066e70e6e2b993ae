"""Decisions of command: which edition, which level is proposed, who may decide. The numbers and
mappings are dated data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fangxian.spine.core import dated, hazards
from fangxian.spine.core.dated import Complaint, Content, Edition, RuleSet
from fangxian.spine.core.editions import edition
from fangxian.spine.core.levels import Level

from .replies import VERBS

DATA = Path(__file__).parent / "data"


def _check_response_rules(content: Content) -> Iterable[Complaint]:
    for level, rows in content.get("authority", {}).items():
        yield from (
            (f"authority.{level}", f"no level {k}") for k in rows if k not in Level.__members__
        )
    if "city" not in content.get("authority", {}):
        yield "authority", "who decides for the city is not said"
    for hazard, rows in content.get("map", {}).items():
        for name, row in rows.items():
            if {name, *row["proposed"]} - set(Level.__members__):
                yield f"map.{hazard}", f"{name}: levels are I, II, III, IV"


def _check_clocks(content: Content) -> Iterable[Complaint]:
    if set(content.get("acknowledge_min", {})) != set(Level.__members__):
        yield "acknowledge_min", "a number of minutes for each of I, II, III, IV"
    if not content.get("steps"):
        yield "steps", "at least one step of escalation"


def _check_replies(content: Content) -> Iterable[Complaint]:
    yield from ((verb, "a list of words") for verb in VERBS if not content.get(verb))


dated.declare(
    RuleSet(
        "response_rules",
        "预警到响应",
        "From warning to response",
        DATA / "response_rules",
        _check_response_rules,
    ),
    RuleSet("local_rules", "本市实况规则", "From our gauges to response", DATA / "local_rules"),
    RuleSet(
        "clocks", "签收时限与升级", "Acknowledgement and escalation", DATA / "clocks", _check_clocks
    ),
    RuleSet("replies", "短信回复用语", "Words of replies", DATA / "replies", _check_replies),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the rules want: levels worst first (two where a person must judge), and why."""

    levels: tuple[Level, ...]
    edition: str
    clause: str


def edition_on(at: datetime) -> Edition:
    """The plan edition in force at ``at``."""
    return edition("response_rules", at)


def by_warning(*, hazard: str, warning: Level, at: datetime) -> Wanted | None:
    """What the edition of the day makes of a weather office's warning; None is no response."""
    plan = edition_on(at)
    row = plan.content["map"].get(hazard, {}).get(warning.name)
    if row is None:
        return None
    return Wanted(tuple(Level[name] for name in row["proposed"]), plan.name, row["clause"])


def local_rules(*, hazard: str, level: str, at: datetime) -> list[dict[str, Any]]:
    """What gauges may propose for a hazard to a headquarters of ``level`` (city, county, town)."""
    rows = edition("local_rules", at).content["local"]
    return [row for row in rows if row["hazard"] == hazard and row["headquarters"] == level]


def by_signals(*, rules: Iterable[Mapping[str, Any]], reds: Mapping[str, int]) -> Wanted | None:
    """What our own gauges propose: ``reds`` is the number of places at red by rule family."""
    best: Wanted | None = None
    for row in rules:
        if sum(reds.get(family, 0) for family in row["families"]) >= row["towns"]:
            levels = tuple(Level[name] for name in row["proposed"])
            if best is None or levels[0] < best.levels[0]:
                best = Wanted(levels, "local", f"{row['clause_zh']} ({row['clause_en']})")
    return best


def may_decide(*, role: str, of: str, level: Level | None, at: datetime) -> bool:
    """Whether the edition gives a role the authority to start (or end) a level for a headquarters
    ``of`` the city, a county or a town."""
    authority = edition_on(at).content["authority"].get(of, {})
    return role in authority.get((level or Level.IV).name, ())


@dataclass(frozen=True, slots=True)
class AckClock:
    """How long an acknowledgement may take, and who is called by what when it does not come."""

    limit: timedelta
    first: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]


def ack_clock(*, level: Level, at: datetime, minutes: int | None = None) -> AckClock:
    """The clock of a level; with ``minutes`` of an order that has a limit of its own."""
    row = edition("clocks", at).content
    return AckClock(
        timedelta(minutes=minutes or row["acknowledge_min"][level.name]),
        tuple(row["first"]),
        tuple(tuple(step) for step in row["steps"]),
    )


def span(name: str, at: datetime) -> timedelta:
    """A span of the clocks in force at ``at``, written as minutes."""
    return timedelta(minutes=edition("clocks", at).content[f"{name}_min"])


def replay(cases: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the edition of each day would have proposed, one row a case and hazard with a warning
    level. ``recorded`` is what the headquarters did."""
    from fangxian.spine.core.clock import BEIJING

    found = []
    for case in cases["cases"]:
        at = datetime.fromisoformat(case["t"])
        at = at if at.tzinfo else at.replace(tzinfo=BEIJING)
        for hazard in hazards.responding():
            warning = case.get(hazard, {}).get("w")
            if warning not in Level.__members__:
                continue
            wanted = by_warning(hazard=hazard, warning=Level[warning], at=at)
            found.append(
                {
                    "who": case["who"],
                    "t": case["t"],
                    "hazard": hazard,
                    "warning": warning,
                    "proposed": [level.name for level in wanted.levels] if wanted else [],
                    "recorded": case[hazard].get("r"),
                    "edition": wanted.edition if wanted else edition_on(at).name,
                    "clause": wanted.clause if wanted else "此级预警不启动响应 (no response)",
                }
            )
    return found
