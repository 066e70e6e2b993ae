"""Decisions on signals: rise, worsen, ease, fall; when to speak. What is measured against
what is said by the hazards."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fangxian.spine.core import dated
from fangxian.spine.core.dated import RuleSet
from fangxian.spine.core.editions import edition
from fangxian.spine.core.levels import Level

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says of one thing (``about``, its ``name`` then) at one time. ``level`` None:
    below every threshold; ``kept`` is the worst level that still holds when the dead-band is taken
    off. Not ``sure``: it rests on a reading that quality control doubts or could not check."""

    family: str
    hazard: str
    about: tuple[str, str]
    name: str
    place_id: int
    at: datetime
    level: Level | None
    kept: Level | None
    value: float | None
    rule: str
    group: str
    hold_s: int = 0
    evidence: dict[str, Any] = field(default_factory=dict)
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Rejudged:
    """Everything a rule says of one thing since its signal rose, said anew because readings under
    it were corrected, taken back or came late."""

    family: str
    about: tuple[str, str]
    findings: list[Finding]
    why: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a signal that is up. ``sure``: the level that trusted readings say, None
    while it waits to be confirmed."""

    level: Level
    worst: Level
    below_since: datetime | None
    sure: Level | None


def next_standing(now: Standing | None, finding: Finding) -> Standing | None:
    """The standing after a finding; None is no signal.

    It rises at once; it eases or falls only when the value has stayed below the threshold less
    its dead-band for ``hold_s``. What rests on a doubted reading shows and holds nothing: the next
    trusted one confirms it or ends it.
    """
    found = finding.level
    if not finding.sure:
        return _doubted(now, found)
    worst = now.worst if now else Level.IV
    if now is None or now.sure is None:
        return None if found is None else Standing(found, min(found, worst), None, found)
    if found is not None and found <= now.sure:
        return Standing(found, min(found, worst), None, found)
    kept = finding.kept if finding.kept is not None else found
    if kept is not None and kept <= now.sure:
        return Standing(now.sure, worst, None, now.sure)
    since = now.below_since or finding.at
    if finding.at - since < timedelta(seconds=finding.hold_s):
        return Standing(now.sure, worst, since, now.sure)
    target = kept if kept is not None else found
    return None if target is None else Standing(target, worst, None, target)


def _doubted(now: Standing | None, found: Level | None) -> Standing | None:
    if found is None:
        return now
    if now is None:
        return Standing(found, found, None, None)
    level = found if now.sure is None else min(found, now.sure)
    return Standing(level, min(now.worst, level), now.below_since, now.sure)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the desk may be spoken to, in seconds, by the worst level waiting."""

    urgent_s: int
    calm_s: int


dated.declare(RuleSet("announcing", "播报节奏", "Pace of announcements", DATA / "announcing"))


def pace(at: datetime) -> Pace:
    row = edition("announcing", at).content
    return Pace(row["urgent_s"], row["calm_s"])


def stale_after(at: datetime) -> timedelta:
    """A signal whose data is older than this is not said aloud: it is a silent station's."""
    return timedelta(seconds=edition("announcing", at).content["stale_after_s"])


def recall_after(level: Level, at: datetime) -> timedelta | None:
    """After how long a signal that was taken and still stands comes back; None: never."""
    seconds = edition("announcing", at).content.get("recall_after_s", {}).get(level.name)
    return timedelta(seconds=seconds) if seconds else None


def may_speak(*, worst: Level, last_at: datetime | None, now: datetime, pace: Pace) -> bool:
    """Whether what waits is announced now. One announcement carries everything that waits, so
    there are at most ten in ten minutes and no red is ever left out."""
    if last_at is None:
        return True
    wait_s = pace.urgent_s if worst <= Level.II else pace.calm_s
    return now - last_at >= timedelta(seconds=wait_s)
