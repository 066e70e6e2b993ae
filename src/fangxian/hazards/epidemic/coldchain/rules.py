"""Gates, samples and clocks of the cold chain as dated data, and decisions without the database."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from fangxian.kernels.epi.sampling import possible_share, sample_size
from fangxian.spine.core import dated
from fangxian.spine.core.dated import Complaint, Content, RuleSet
from fangxian.spine.core.editions import edition

DATA = Path(__file__).parent / "data"
ROLES = ("A", "B", "department", "technical", "patrol")
STEPS = ("appoint", "check", "unload", "sample", "clear", "disinfect", "certify", "release")
CLOCKS = (
    "result_h",
    "arrive_h",
    "call_h",
    "handled_h",
    "refused_h",
    "hold_h",
    "find_h",
    "seal_h",
    "review_h",
    "sync_h",
)
NUMBERS = ("count_days", "look_back_days", "warm_min", "gap_min", "hold_level")


def _gates(content: Content) -> Iterable[Complaint]:
    rows = content.get("gate") or []
    if [row.get("code") for row in rows] != list(STEPS):
        yield "gate", f"[[gate]] blocks in this order: {', '.join(STEPS)}"
    for n, row in enumerate(rows):
        for name in ("zh", "en", "proof_zh", "proof_en"):
            if not row.get(name):
                yield f"gate[{n}].{name}", f"{name} = … is missing"
        for name in ("role", "calls"):
            if row.get(name) not in ROLES:
                yield f"gate[{n}].{name}", f"one of {', '.join(ROLES)}"
        yield from _hours(row, f"gate[{n}]")
    notices = content.get("notice") or []
    if not any(row.get("place") == "" for row in notices):
        yield "notice", 'a [[notice]] with place = "" for all other places'
    for n, row in enumerate(notices):
        if row.get("mode") not in ("before", "after"):
            yield f"notice[{n}].mode", "before or after"
        yield from _hours(row, f"notice[{n}]")
    if not content.get("papers"):
        yield "papers", "the papers that a lot needs"


def _hours(row: Mapping[str, Any], path: str) -> Iterable[Complaint]:
    if not isinstance(row.get("hours"), int | float) or row["hours"] <= 0:
        yield f"{path}.hours", "hours, more than 0"


def _sampling(content: Content) -> Iterable[Complaint]:
    if not 0.5 <= content.get("sure", 0) < 1:
        yield "sure", "0.5 to 1, below 1"
    for name in ("lot", "packing"):
        row = content.get(name) or {}
        if row.get("how") == "table":
            rows = row.get("rows") or []
            if not rows or rows != sorted(rows) or any(r[1] < 1 for r in rows):
                yield f"{name}.rows", "[[from packages, tubes], …], rising, a tube at least"
        elif row.get("how") != "formula":
            yield f"{name}.how", "table or formula"
        if not 0 < row.get("prevalence", 0) < 1:
            yield f"{name}.prevalence", "the share that is to be found, 0 to 1"
    if not isinstance((content.get("environment") or {}).get("a_day"), int):
        yield "environment.a_day", "a whole number"
    for n, row in enumerate(content.get("staff") or []):
        if not row.get("code") or not isinstance(row.get("days"), int) or row["days"] < 1:
            yield f"staff[{n}]", "code, zh, en, days"
    if not content.get("staff"):
        yield "staff", "[[staff]] blocks: classes of posts"


def _clocks(content: Content) -> Iterable[Complaint]:
    for name in (*CLOCKS, *NUMBERS, "tolerance", "work_loss"):
        value = content.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
            yield name, "a number, more than 0"
    if not isinstance(content.get("too_warm_c"), int | float):
        yield "too_warm_c", "degrees Celsius"
    if not content.get("hold_families"):
        yield "hold_families", 'kinds of signal, or ["*"]'


LOT_GATES = RuleSet("lot_gates", "冷链批次关口", "Gates of lots", DATA / "lot_gates", _gates)
COLD_SAMPLING = RuleSet(
    "cold_sampling", "冷链采样方案", "Samples of lots", DATA / "cold_sampling", _sampling
)
COLD_CLOCKS = RuleSet(
    "cold_clocks", "冷链时限", "Clocks of the cold chain", DATA / "cold_clocks", _clocks
)
SETS = (LOT_GATES, COLD_SAMPLING, COLD_CLOCKS)
dated.declare(*SETS)


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: who passes a lot through it, on which proof, within which time."""

    code: str
    zh: str
    en: str
    role: str
    proof_zh: str
    proof_en: str
    limit: timedelta
    calls: str


def gates(at: datetime) -> dict[str, Gate]:
    """The gates in force, in their order."""
    return {
        row["code"]: Gate(
            row["code"],
            row["zh"],
            row["en"],
            row["role"],
            row["proof_zh"],
            row["proof_en"],
            timedelta(hours=row["hours"]),
            row["calls"],
        )
        for row in edition("lot_gates", at).content["gate"]
    }


def papers_wanted(at: datetime) -> tuple[str, ...]:
    return tuple(edition("lot_gates", at).content["papers"])


@dataclass(frozen=True, slots=True)
class Notice:
    """When lots of a place are announced, and whether a container leaves as it came."""

    before: bool
    limit: timedelta
    whole_container: bool


def notice_of(place_code: str, at: datetime) -> Notice:
    """The row of the longest place code."""
    rows = edition("lot_gates", at).content["notice"]
    mine = [row for row in rows if place_code.startswith(row["place"])]
    row = max(mine, key=lambda row: len(row["place"]))
    return Notice(
        row["mode"] == "before", timedelta(hours=row["hours"]), bool(row.get("whole_container"))
    )


def announced_late(
    notice: Notice, *, made: datetime, expected: datetime | None, cleared: datetime | None
) -> bool:
    """Whether a lot was announced too late by the rule of its place."""
    if notice.before:
        return expected is not None and expected - made < notice.limit
    return cleared is not None and made - cleared > notice.limit


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks and limits in force."""

    result: timedelta
    arrive: timedelta
    call: timedelta
    handled: timedelta
    refused: timedelta
    hold: timedelta
    find: timedelta
    seal: timedelta
    review: timedelta
    sync: timedelta
    count: timedelta
    look_back: timedelta
    tolerance: float
    work_loss: float
    too_warm_c: float
    warm_min: float
    gap_min: float
    hold_level: int
    hold_families: tuple[str, ...]


def clocks(at: datetime) -> Clocks:
    held = edition("cold_clocks", at).content
    spans = {name.removesuffix("_h"): timedelta(hours=held[name]) for name in CLOCKS}
    return Clocks(
        count=timedelta(days=held["count_days"]),
        look_back=timedelta(days=held["look_back_days"]),
        tolerance=held["tolerance"],
        work_loss=held["work_loss"],
        too_warm_c=held["too_warm_c"],
        warm_min=held["warm_min"],
        gap_min=held["gap_min"],
        hold_level=held["hold_level"],
        hold_families=tuple(held["hold_families"]),
        **spans,
    )


def hold_causes(at: datetime) -> dict[str, tuple[str, str]]:
    rows = edition("cold_clocks", at).content.get("hold_cause") or []
    return {row["code"]: (row["zh"], row["en"]) for row in rows}


def staff_classes(at: datetime) -> dict[str, tuple[str, str]]:
    rows = edition("cold_sampling", at).content["staff"]
    return {row["code"]: (row["zh"], row["en"]) for row in rows}


def test_days(duty: str, at: datetime) -> int:
    """Days that a negative test is good for; the shortest there is for a class nobody knows."""
    rows = {row["code"]: row["days"] for row in edition("cold_sampling", at).content["staff"]}
    return int(rows.get(duty, min(rows.values())))


def environment_tubes(at: datetime) -> int:
    """Tubes of the surroundings of a site on a day on which it has stock."""
    return int(edition("cold_sampling", at).content["environment"]["a_day"])


@dataclass(frozen=True, slots=True)
class Plan:
    """Tubes of a lot and of its packing, and what they can find."""

    lot: int
    packing: int
    sure: float
    prevalence: float


def plan_for(packages: int, at: datetime) -> Plan:
    """How many tubes a lot of so many packages needs by the plan of a day."""
    held = edition("cold_sampling", at).content
    sure = float(held["sure"])
    return Plan(
        _tubes(held["lot"], packages, sure),
        _tubes(held["packing"], packages, sure),
        sure,
        float(held["packing"]["prevalence"]),
    )


def _tubes(row: Mapping[str, Any], packages: int, sure: float) -> int:
    if row["how"] == "table":
        mine = [tubes for since, tubes in row["rows"] if packages >= since]
        n = mine[-1] if mine else row["rows"][0][1]
    else:
        n = sample_size(sure=sure, prevalence=row["prevalence"])
    return int(min(n, packages, row.get("most", n)))


def proved(tubes: int, sure: float) -> tuple[float, str, str]:
    """What so many negative tubes prove, as a share and in words: never that a lot is safe."""
    share = possible_share(tubes=tubes, sure=sure)
    at_most = math.ceil(share * 100 - 1e-9) if share >= 0.01 else math.ceil(share * 1000) / 10
    zh = f"{tubes} 管 0 阳性：{sure * 100:g}% 把握下阳性率不高于 {at_most:g}%"
    en = f"0 of {tubes}: prevalence ≤ {at_most:g} % at {sure * 100:g} %"
    return share, zh, en


@dataclass(frozen=True, slots=True)
class Logged:
    """What a logger's table says: its span, extremes, minutes above the limit, the longest
    silence in minutes."""

    since: datetime
    until: datetime
    readings: int
    min_c: float
    max_c: float
    warm_min: float
    gap_min: float


def judge_logger(points: Sequence[tuple[datetime, float]], *, too_warm_c: float) -> Logged:
    """Time above the limit counts from the reading before to the reading after, as nobody knows
    when it was crossed. ``points`` in the order of time, two at least."""
    warm = gap = 0.0
    for (a, cold_a), (b, cold_b) in pairwise(points):
        minutes = (b - a).total_seconds() / 60
        gap = max(gap, minutes)
        if cold_a > too_warm_c or cold_b > too_warm_c:
            warm += minutes
    values = [value for _, value in points]
    return Logged(points[0][0], points[-1][0], len(points), min(values), max(values), warm, gap)


def stood(logged: Logged | None, *, since: datetime, until: datetime, held: Clocks) -> str:
    """Whether a logger shows that a store stayed cold from when to when: empty, or what is against
    it."""
    if logged is None:
        return "没有温度记录 / no record of the temperature"
    begun, ended = logged.since, logged.until
    slack = timedelta(minutes=held.gap_min)
    if begun > since + slack or ended < until - slack:
        return f"记录只有 {begun:%m-%d %H:%M} 至 {ended:%m-%d %H:%M} / it covers only that"
    if logged.warm_min > held.warm_min:
        return (
            f"高于 {held.too_warm_c:g} ℃ 达 {logged.warm_min:.0f} 分钟（最高 {logged.max_c:.1f} ℃）"
            f" / above it for {logged.warm_min:.0f} minutes"
        )
    if logged.gap_min > held.gap_min:
        return f"记录中断 {logged.gap_min:.0f} 分钟 / silent for {logged.gap_min:.0f} minutes"
    return ""
