"""Rules of the watch at sea as dated data: classes, fences, limits, rewards, what a patrol sees."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fangxian.spine.core import dated
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.dated import Complaint, Content, RuleSet
from fangxian.spine.core.editions import edition
from fangxian.spine.core.levels import Level

DATA = Path(__file__).parent / "data"
NUMBERS = (
    "late_h",
    "due_h",
    "fresh_min",
    "jumps",
    "renamed_h",
    "over_min",
    "fixes_days",
    "crossing_h",
    "known_days",
    "paid_days",
    "word_tries",
    "lost_min",
    "heard_others",
    "heard_km",
    "meet_km",
    "meet_min",
    "meet_kn",
    "land_km",
    "land_kn",
    "land_min",
    "port_km",
    "loiter_km",
    "loiter_min",
    "loiter_shore_km",
    "loiter_kn",
    "stale_h",
    "tip_h",
    "gap_days",
    "fever_c",
)
LEVELS = {"I": Level.I, "II": Level.II, "III": Level.III, "IV": Level.IV}


def _complaints(content: Content) -> Iterable[Complaint]:
    for name in NUMBERS:
        value = content.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
            yield name, "a number, more than 0"
    for name in ("dark_weight", "tide_weight", "land_tide_m"):
        if not isinstance(content.get(name), int | float):
            yield name, "a number"
    kinds = {row.get("code") for row in content.get("kind") or ()}
    if not kinds:
        yield "kind", "[[kind]] blocks: classes of vessels"
    for n, fence in enumerate(content.get("fence") or ()):
        yield from _fence(fence, f"fence[{n}]", kinds)
    for kind in ("boat", "foot", "drone", "camera"):
        row = (content.get("patrol") or {}).get(kind) or {}
        if not row.get("reach_km", 0) > 0 or not 0 <= row.get("dark", -1) <= 1:
            yield f"patrol.{kind}", "reach_km above 0, dark from 0 to 1"
    if content.get("vaccine") not in ("told", "needed"):
        yield "vaccine", "told or needed"


def _fence(fence: Mapping[str, Any], path: str, kinds: set[Any]) -> Iterable[Complaint]:
    for name in ("code", "zh", "en"):
        if not fence.get(name):
            yield f"{path}.{name}", f"{name} = … is missing"
    if set(fence.get("kinds") or ["?"]) - kinds:
        yield f"{path}.kinds", "classes of [[kind]]"
    if set(fence.get("months") or [0]) - set(range(1, 13)):
        yield f"{path}.months", "1 to 12"
    if set(fence.get("hours") or [24]) - set(range(24)):
        yield f"{path}.hours", "0 to 23"
    if fence.get("level") not in LEVELS:
        yield f"{path}.level", "I to IV"
    shape = fence.get("polygon")
    if shape is None and not fence.get("beyond_km", 0) > 0:
        yield f"{path}.polygon", "[[lon, lat], …] of four points or more, or beyond_km"
    if shape is not None and len(shape) < 4:
        yield f"{path}.polygon", "four points or more, closed"


SEA_RULES = RuleSet(
    "sea_rules", "海上管控规则", "Rules of the watch at sea", DATA / "sea_rules", _complaints
)
dated.declare(SEA_RULES)


@dataclass(frozen=True, slots=True)
class Fence:
    """A fence: for which classes, when, inside a polygon or beyond a distance from the shore."""

    code: str
    zh: str
    en: str
    kinds: frozenset[str]
    months: frozenset[int]
    hours: frozenset[int]
    level: Level
    polygon: tuple[tuple[float, float], ...]
    beyond_km: float

    def in_force(self, at: datetime) -> bool:
        here = beijing(at)
        return here.month in self.months and here.hour in self.hours


@dataclass(frozen=True, slots=True)
class Sight:
    """What a kind of patrol sees."""

    reach_km: float
    dark: float
    kn: float


@dataclass(frozen=True, slots=True)
class Sea:
    """The rules in force."""

    held: Mapping[str, Any]
    fences: tuple[Fence, ...]
    name: str

    def __getitem__(self, name: str) -> float:
        return float(self.held[name])

    def minutes(self, name: str) -> timedelta:
        return timedelta(minutes=self.held[name])

    def hours(self, name: str) -> timedelta:
        return timedelta(hours=self.held[name])

    def sight(self, kind: str) -> Sight:
        row = self.held["patrol"][kind]
        return Sight(float(row["reach_km"]), float(row["dark"]), float(row["kn"]))


def sea(at: datetime) -> Sea:
    """The rules in force at a time."""
    found = edition("sea_rules", at)
    fences = tuple(
        Fence(
            row["code"],
            row["zh"],
            row["en"],
            frozenset(row["kinds"]),
            frozenset(row["months"]),
            frozenset(row["hours"]),
            LEVELS[row["level"]],
            tuple((float(x), float(y)) for x, y in row.get("polygon") or ()),
            float(row.get("beyond_km") or 0),
        )
        for row in found.content.get("fence") or ()
    )
    return Sea(found.content, fences, found.name)


def kinds(at: datetime) -> dict[str, tuple[str, str]]:
    rows = edition("sea_rules", at).content["kind"]
    return {row["code"]: (row["zh"], row["en"]) for row in rows}


def rewards(at: datetime) -> dict[str, tuple[str, str, int]]:
    rows = edition("sea_rules", at).content.get("reward") or []
    return {row["code"]: (row["zh"], row["en"], int(row["cny"])) for row in rows}
