"""Pure decisions of command: which edition, which level is proposed, which order step is allowed.
The numbers and mappings are dated data."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from fangxian.spine.core.config import config
from fangxian.spine.core.levels import Level

DATA = Path(__file__).parent / "data"


@lru_cache
def table(name: str) -> dict[str, Any]:
    """A table as shipped, or the office's own from ``rules/`` in the data folder."""
    own = config().data_dir / "rules" / name
    return tomllib.loads((own if own.exists() else DATA / name).read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the rules want: levels worst first (two where a person must judge), and why."""

    levels: tuple[Level, ...]
    edition: str
    clause: str


def edition_on(at: datetime) -> dict[str, Any]:
    """The plan edition in force at ``at``."""
    for edition in table("response_rules.toml")["edition"]:
        if _holds(edition, at):
            return dict(edition)
    raise LookupError(f"no plan edition holds at {at}")


def _holds(row: Mapping[str, Any], at: datetime) -> bool:
    start, end = row.get("valid_from"), row.get("valid_to")
    return (start is None or start <= at) and (end is None or at < end)


def by_warning(*, hazard: str, warning: Level, at: datetime) -> Wanted | None:
    """What the edition of the day makes of a weather office's warning; None is no response."""
    edition = edition_on(at)
    row = edition["map"].get(hazard, {}).get(warning.name)
    if row is None:
        return None
    return Wanted(tuple(Level[name] for name in row["proposed"]), edition["id"], row["clause"])


def by_signals(*, hazard: str, reds: Mapping[str, int]) -> Wanted | None:
    """What our own gauges propose: ``reds`` is the number of places at red by rule family."""
    best: Wanted | None = None
    for row in table("response_rules.toml")["local"]:
        n = sum(reds.get(family, 0) for family in row["families"])
        if row["hazard"] == hazard and n >= row["towns"]:
            levels = tuple(Level[name] for name in row["proposed"])
            if best is None or levels[0] < best.levels[0]:
                best = Wanted(levels, "local", f"{row['clause_zh']} ({row['clause_en']})")
    return best


def local_hazards() -> list[str]:
    rows = table("response_rules.toml")
    named = {row["hazard"] for row in rows["local"]}
    return sorted(named | {h for edition in rows["edition"] for h in edition["hazards"]})


def may_decide(*, role: str, level: Level | None, at: datetime) -> bool:
    """Whether the edition gives a role the authority to start (or end) a level."""
    authority = edition_on(at)["authority"]
    return role in authority[(level or Level.IV).name]


def actions_for(*, hazard: str, level: Level) -> list[dict[str, Any]]:
    """Plan actions a level asks for: its own and those of every lower level."""
    rows = table("plan_actions.toml")["action"]
    return [r for r in rows if hazard in r["hazards"] and Level[r["level"]] >= level]


@dataclass(frozen=True, slots=True)
class AckClock:
    """How long an acknowledgement may take, and who is called by what when it does not come."""

    limit: timedelta
    first: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]


def ack_clock(*, level: Level, at: datetime) -> AckClock:
    rows = [r for r in table("clocks.toml")["clock"] if r["valid_from"] <= at]
    row = max(rows, key=lambda r: r["valid_from"])
    return AckClock(
        timedelta(minutes=row["acknowledge_min"][level.name]),
        tuple(row["first"]),
        tuple(tuple(step) for step in row["steps"]),
    )


# order state machine: verb -> (states it may start from, state it leads to)
STEPS: dict[str, tuple[frozenset[str], str]] = {
    "deliver": (frozenset({"issued"}), "delivered"),
    "acknowledge": (frozenset({"issued", "delivered"}), "acknowledged"),
    "refuse": (frozenset({"issued", "delivered"}), "refused"),
    "progress": (frozenset({"acknowledged", "in_progress"}), "in_progress"),
    "report": (frozenset({"acknowledged", "in_progress"}), "reported"),
    "send_back": (frozenset({"reported"}), "in_progress"),
    "verify": (frozenset({"reported"}), "verified"),
    "reissue": (frozenset({"refused"}), "issued"),
    "close": (
        frozenset(
            {
                "issued",
                "delivered",
                "acknowledged",
                "refused",
                "in_progress",
                "reported",
                "verified",
            }
        ),
        "closed",
    ),
}
OPEN_STATES = frozenset(STEPS["close"][0])
UNACKNOWLEDGED = frozenset({"issued", "delivered"})


def replay(cases: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the edition of each day would have proposed, one row a case and hazard with a warning
    level. ``recorded`` is what the headquarters did."""
    from fangxian.spine.core.clock import BEIJING

    found = []
    for case in cases["cases"]:
        at = datetime.fromisoformat(case["t"])
        at = at if at.tzinfo else at.replace(tzinfo=BEIJING)
        for hazard in ("rain", "typhoon"):
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
                    "edition": wanted.edition if wanted else edition_on(at)["id"],
                    "clause": wanted.clause if wanted else "此级预警不启动响应 (no response)",
                }
            )
    return found
