"""Rain forecasts as a table: rows of basin, part, member, issue and hour to whole series. A wrong
row is named and its member not taken. What becomes of them is rain_files.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import MISSING, Table, UnreadableError, read_table
from fangxian.spine.core.tables.times import Moment

from .models import Basin
from .rain_grids import MOST_HOURS, MOST_MM_H, TINY_MM, Rows

COLUMNS = ("basin", "part", "time", "mm", "issued", "member")
_TIME = ("时间", "时刻", "有效时间", "预报时间", "预报时刻", "valid", "valid time", "valid_time")
_MM = ("雨量", "降雨量", "降水量", "预报雨量", "时段雨量", "面雨量", "rain", "p", "p_mm", "rain_mm")
_BASIN = ("流域", "流域编号", "流域代码", "预报流域", "basin_code")
_PART = ("分块", "分块编号", "子流域", "子流域编号", "part_code", "sub_basin", "sub-basin")
_ISSUED = ("发布时间", "发布时刻", "起报时间", "起报时刻", "issued_at", "issue", "base_time")
RAIN_HEADS = {
    **dict.fromkeys(_BASIN, "basin"),
    **dict.fromkeys(_PART, "part"),
    **dict.fromkeys(_TIME, "time"),
    **dict.fromkeys([*_MM, *(f"{n}({u})" for n in _MM for u in ("mm", "毫米"))], "mm"),
    **dict.fromkeys(_ISSUED, "issued"),
    **dict.fromkeys(("成员", "集合成员", "realization", "ens"), "member"),
}

Key = tuple[str, str, datetime]  # basin, member, issue


@dataclass(frozen=True)
class Told:
    """Rain (hours, parts) by basin, member and issue, or why there is none."""

    table: Table
    basins: Mapping[str, Basin]
    rain: Mapping[Key, Rows | UnreadableError]


@dataclass
class Series:
    """A member: its rain by hour and part ("" is all of them), the row of each, and whether one of
    its rows is wrong."""

    mm: dict[tuple[int, str], float] = field(default_factory=dict)
    rows: dict[tuple[int, str], int] = field(default_factory=dict)
    bad: bool = False


def read_rain_table(
    path: Path, *, issued: datetime | None, member: str | None, accumulated: bool
) -> Told:
    """Issue and member are those of the call where a row tells none; a ``member`` that rows do tell
    is the only one taken. Raises ``table.*``, and ``call.wrong`` where no issue is told."""
    table = read_table(path, needed=["basin", "time", "mm"], known=COLUMNS, aliases=RAIN_HEADS)
    if issued is None and "issued" not in table.columns:
        zh, en = "没有发布时间列，请给 --issued", "it has no column issued: give --issued"
        raise Problem("call.wrong", zh=f"{path.name} {zh}", en=f"{path.name}: {en}")
    codes = {table.text(row, "basin") for row in range(len(table.rows))}
    basins = {b.code: b for b in Basin.objects.filter(code__in=codes)}
    parts = {
        code: list(basin.parts.order_by("code").values_list("code", flat=True))
        for code, basin in basins.items()
    }
    found, lost = _by_member(table, parts, issued, member, accumulated)
    rain: dict[Key, Rows | UnreadableError] = {}
    for key, one in sorted(found.items()):
        bad = one.bad or key[0] in lost
        rows = [] if bad else _whole(table, one, parts[key[0]], accumulated)
        zh, en = "有的行不对（已逐行指出）", "some of its rows are wrong (each is named)"
        rain[key] = rows or UnreadableError(zh, en)
    return Told(table, basins, rain)


def _by_member(
    table: Table,
    parts: Mapping[str, Sequence[str]],
    issued: datetime | None,
    member: str | None,
    accumulated: bool,
) -> tuple[dict[Key, Series], set[str]]:
    """Rows by basin, member and issue; and basins with a row of nobody knows which issue. A member
    that lacks an hour which a row of an unknown basin has may be torn: that may be its own."""
    rows = range(len(table.rows))
    times = table.moments("time")
    issues = table.moments("issued") if "issued" in table.columns else [None for _ in rows]
    found: dict[Key, Series] = {}
    lost: set[str] = set()
    strays: dict[tuple[str, datetime], set[int]] = {}
    for row in rows:
        code = table.text(row, "basin")
        own = table.text(row, "member") if "member" in table.columns else ""
        part = table.text(row, "part") if "part" in table.columns else ""
        if not parts.get(code):
            table.wrong(
                row, "basin", f"没有流域“{code}”，或它没有分块", f"no basin {code!r} with parts"
            )
            _stray(strays, own or member or "1", issues[row], issued, times[row])
            continue
        if member and own and own != member:
            continue
        at = _issue(table, row, issues[row], issued)
        if at is None:
            lost.add(code)
            continue
        one = found.setdefault((code, own or member or "1", at), Series())
        hour = _hour(table, row, times[row], at)
        mm = _mm(table, row, accumulated)
        fits = _fits(table, row, one, hour, part, parts[code])
        if hour is None or mm is None or not fits or row in table.torn:
            one.bad = True
            continue
        one.mm[hour, part], one.rows[hour, part] = mm, row
    for (_, name, at), one in found.items():
        hours = {hour for hour, _ in one.mm}
        one.bad = one.bad or bool(strays.get((name, at), set()) - hours)
    return found, lost


def _stray(
    strays: dict[tuple[str, datetime], set[int]],
    member: str,
    told: Moment | None,
    issued: datetime | None,
    time: Moment | None,
) -> None:
    at = told.at if told else issued
    if at and time:
        hours = int((time.at - at).total_seconds() // 3600)
        strays.setdefault((member, at), set()).add(hours)


def _empty(table: Table, row: int, column: str) -> bool:
    return table.text(row, column).casefold() in MISSING


def _issue(table: Table, row: int, told: Moment | None, issued: datetime | None) -> datetime | None:
    """The issue of a row, which is over and the one asked for; else None, and why is told."""
    column = "issued" if "issued" in table.columns else "time"
    if column == "issued" and told is None and not _empty(table, row, column):
        return None  # told when it was read
    at = told.at if told else issued
    if at is None:
        table.wrong(row, column, "没有发布时刻，请给 --issued", "no issue: give --issued")
    elif at > clock.now():
        table.wrong(row, column, "发布时刻还没有到（时区？）", "an issue to come (a zone?)")
    elif issued is not None and at != issued:
        table.wrong(row, column, "发布时刻与 --issued 不同", "another issue than --issued")
    else:
        return at
    return None


def _hour(table: Table, row: int, time: Moment | None, at: datetime) -> int | None:
    """Hours from the issue to the end of a row's hour; None where that is none."""
    if time is None:
        if _empty(table, row, "time"):
            table.wrong(row, "time", "缺时间", "no time")
        return None
    hours = (time.at - at).total_seconds() / 3600
    if hours == int(hours) and 1 <= hours <= MOST_HOURS:
        return int(hours)
    zh = f"应在发布后 1–{MOST_HOURS} 个整小时（时段之末），现为 {hours:g}"
    en = f"the end of its hour is not 1-{MOST_HOURS} whole hours after the issue but {hours:g}"
    table.wrong(row, "time", zh, en)
    return None


def _mm(table: Table, row: int, accumulated: bool) -> float | None:
    high = MOST_MM_H * MOST_HOURS if accumulated else MOST_MM_H
    before = len(table.errors)
    mm = table.number(row, "mm", low=-TINY_MM, high=high)
    if _empty(table, row, "mm"):
        table.wrong(row, "mm", "缺雨量", "no rain")
    return max(mm, 0.0) if len(table.errors) == before else None


def _fits(
    table: Table, row: int, one: Series, hour: int | None, part: str, parts: Sequence[str]
) -> bool:
    """Whether a row's part is one, and has no row of that hour."""
    if part and part not in parts:
        some = ", ".join(parts)
        table.wrong(row, "part", f"没有分块“{part}”；有 {some}", f"no part {part!r}; it has {some}")
        return False
    same = ["", part] if part else ["", *parts]
    other = next((one.rows[hour, p] for p in same if hour and (hour, p) in one.rows), None)
    if other is not None:
        line = table.lines[other]
        table.wrong(row, "time", f"与第 {line} 行是同一小时", f"the same hour as line {line}")
    return other is None


def _whole(table: Table, one: Series, parts: Sequence[str], accumulated: bool) -> Rows:
    """Its rain (hours, parts); [] where an hour is missing or a count falls, which is told."""
    rows: Rows = []
    before = [0.0] * len(parts)
    for hour in range(1, max(hour for hour, _ in one.mm) + 1):
        keys = [(hour, part) if (hour, part) in one.mm else (hour, "") for part in parts]
        for key, part in zip(keys, parts, strict=True):
            if key not in one.mm:
                row = min((h, r) for (h, _), r in one.rows.items() if h >= hour)[1]
                zh, en = f"之前缺第 {hour} 小时", f"before it hour {hour} is missing"
                zh, en = f"{zh}（分块 {part}）", f"{en} (part {part})"
                table.wrong(row, "time", zh, en)
                return []
        count = [one.mm[key] for key in keys]
        mm = [a - b for a, b in zip(count, before, strict=True)] if accumulated else count
        for key, value in zip(keys, mm, strict=True):
            if not -TINY_MM <= value <= MOST_MM_H:
                zh, en = f"这一小时合 {value:.4g} 毫米", f"that is {value:.4g} mm in its hour"
                table.wrong(one.rows[key], "mm", zh, en)
                return []
        rows.append([max(value, 0.0) for value in mm])
        before = count
    return rows
