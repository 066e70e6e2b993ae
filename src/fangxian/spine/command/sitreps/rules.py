"""Which reports are owed by when, by dated data: fixed hours, and while a response runs first,
follow-up and final ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from fangxian.spine.core import clock, dated
from fangxian.spine.core.dated import Complaint, Content, RuleSet
from fangxian.spine.core.editions import edition
from fangxian.spine.core.levels import Level


def _check(content: Content) -> Iterable[Complaint]:
    for name in ("first_phone_min", "first_written_min", "final_h", "near_min"):
        if not isinstance(content.get(name), int):
            yield name, "a number"
    if not 0 < content.get("early_part", 0) <= 1:
        yield "early_part", "a share of the span, over 0 to 1"
    rain = [row.get("mm") for row in content.get("rain_class", ()) if row.get("zh")]
    if (
        not rain
        or any(not isinstance(mm, int) for mm in rain)
        or rain != sorted(rain, reverse=True)
    ):
        yield "rain_class", "mm and zh, the largest first"
    if set(content.get("follow_up_h", {})) != set(Level.__members__):
        yield "follow_up_h", "hours for each of I, II, III, IV"
    codes = {row.get("code") for row in content.get("kind", ())}
    for code in {"daily", "flash", "special", "first", "follow", "final"} - codes:
        yield "kind", f"there is no {code}"
    for row in content.get("kind", ()):
        try:
            [time.fromisoformat(text) for text in row["at"]]
        except (KeyError, ValueError, TypeError):
            yield "kind", f'{row.get("code")}: at = ["08:00"] or []'
        if row.get("family") and set(row.get("level_h", {})) != set(Level.__members__):
            yield "kind", f"{row.get('code')}: level_h for each of I, II, III, IV"


dated.declare(
    RuleSet(
        "sitreps",
        "报告种类与报送时限",
        "Reports and when they are owed",
        Path(__file__).parent / "data" / "sitreps",
        _check,
    )
)


@dataclass(frozen=True, slots=True)
class Kind:
    code: str
    zh: str
    en: str
    series: str
    at: tuple[time, ...]
    span: timedelta
    family: str = ""  # of signals that make it owed while they stand
    level_h: Mapping[str, int] = field(default_factory=dict)


def clocks(at: datetime) -> Mapping[str, Any]:
    return edition("sitreps", at).content


def kinds(at: datetime) -> dict[str, Kind]:
    """The kinds of report in force, by code."""
    return {
        row["code"]: Kind(
            row["code"],
            row["zh"],
            row["en"],
            row["series"],
            tuple(time.fromisoformat(text) for text in row["at"]),
            timedelta(hours=row["span_h"]),
            row.get("family", ""),
            row.get("level_h", {}),
        )
        for row in clocks(at)["kind"]
    }


def fixed_due(kind: Kind, *, after: datetime) -> datetime | None:
    """The next fixed hour of a kind later than ``after``."""
    if not kind.at:
        return None
    day = clock.beijing(after).date()
    moments = [
        datetime.combine(day + timedelta(days=k), hour, clock.BEIJING)
        for k in (0, 1)
        for hour in kind.at
    ]
    return min(moment for moment in moments if moment > after)


def response_due(
    *,
    started_at: datetime,
    ended_at: datetime | None,
    level: Level,
    written: Iterable[tuple[str, datetime]],
    content: Mapping[str, Any],
) -> tuple[str, datetime] | None:
    """(kind, by when) of the next report that a response owes; ``written`` are kinds and times of
    those that were signed. None when the final one is there."""
    rows = sorted(written, key=lambda row: row[1])
    done = {kind for kind, _ in rows}
    if "final" in done:
        return None
    if ended_at is not None:
        return "final", ended_at + timedelta(hours=content["final_h"])
    if "first" not in done:
        return "first", started_at + timedelta(minutes=content["first_written_min"])
    last = max(at for _, at in rows)
    return "follow", last + timedelta(hours=content["follow_up_h"][level.name])
