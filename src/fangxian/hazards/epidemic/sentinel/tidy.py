"""Counts made whole by choices that are named: dates without a row, days without a count, negative
corrections, days of a backlog. Whether a choice is right is left to who makes it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from fangxian.hazards.epidemic.sentinel.detect import AHEAD_DAYS, COUNTS, whole_grid
from fangxian.hazards.epidemic.sentinel.heads import BESIDE, COUNTED
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import (
    Answer,
    Note,
    Table,
    UnreadableError,
    read_moment,
    read_table,
)


class Spread(NamedTuple):
    """A day whose count is a backlog (of one series, or of all), and over how many days, itself
    the last of them, it is spread."""

    series: str | None
    day: Any
    days: int


class Asked(NamedTuple):
    """Dates without a row: None, ``missing`` or ``zero``; a row without a count: None or ``zero``;
    a negative count: None or ``back``."""

    gaps: str | None
    empty: str | None
    negative: str | None
    spread: tuple[str, ...]


@dataclass
class Count:
    """The count of one period, where it stands in the file (None: nowhere), and what was done."""

    key: Any
    value: float
    row: int | None
    was: str
    why: list[Note] = field(default_factory=list)

    def set(self, value: float, zh: str, en: str) -> None:
        self.value = value
        self.why.append(Note(zh, en))


def tidy(source: Path, asked: Asked, *, language: str) -> Answer:
    """A row for each series and period, with ``was`` and ``change`` where it differs from the file.

    Negative counts first, then backlogs, then what is still missing. Raises ``table.cell`` for a
    negative count nobody chose to take back, or larger than all before it; ``call.wrong`` for a
    spread that cannot be read or whose day is not there.
    """
    table = read_table(source, needed=[COUNTS, ("date", "t")], known=BESIDE, aliases=COUNTED)
    column = table.first_of(*COUNTS) or COUNTS[0]
    when, series = _read(table, column, gaps=asked.gaps)
    spreads = [_spread(text) for text in asked.spread]
    used = set[int]()
    for name, counts in series.items():
        _take_back(table, column, counts, asked.negative)
        for k, spread in enumerate(spreads):
            if spread.series in (None, name) and _spread_out(counts, spread):
                used.add(k)
        for one in counts:
            if asked.empty == "zero" and one.row is not None and one.value != one.value:
                one.set(0.0, "无数填 0", "no count: 0")
            if asked.gaps == "zero" and one.row is None and one.value != one.value:
                one.set(0.0, "无行填 0", "no row: 0")
    left = [text for k, text in enumerate(asked.spread) if k not in used]
    if left:
        zh, en = f"没有这一天或这一系列:{left[0]}", f"no such day or series: {left[0]}"
        raise Problem("call.wrong", zh=zh, en=en)
    return _answer(table, column, when, series, language)


def _read(table: Table, column: str, *, gaps: str | None) -> tuple[str, dict[str, list[Count]]]:
    """The column of time, and the counts of each series in the order of time."""
    import numpy as np

    when = "date" if "date" in table.columns else "t"
    keys: list[Any]
    if when == "date":
        days = table.days("date", ahead_days=AHEAD_DAYS)
        keys = [None if day is None else np.datetime64(day, "D") for day in days]
    else:
        keys = [None if t != t else t for t in table.numbers("t")]
    found: dict[str, dict[Any, Count]] = {}
    for row, key in enumerate(keys):
        text = table.text(row, "series") if "series" in table.columns else ""
        own = found.setdefault(text, {})
        if key is None:
            continue
        if key in own:
            raise table.stop_at(row, column, "同一期重复", "a second row for this period")
        own[key] = Count(key, table.number(row, column), row, table.text(row, column))
    order = sorted({key for own in found.values() for key in own})
    if not order:
        raise Problem(
            "file.unfit", file=table.path.name, zh="没有可用的时间", en="it has no usable time"
        )
    grid = whole_grid(order, when == "date") if gaps else order
    if gaps and when == "date" and _uneven(grid):
        zh, en = "日期没有共同的间隔,缺的日期没有补", "dates have no common step; none was added"
        table.notes.append(Note(zh, en))
    series = {}
    for name, own in found.items():
        places = grid if gaps else sorted(own)
        series[name] = [own.get(key) or _absent(key) for key in places]
    return when, series


def _uneven(days: list[Any]) -> bool:
    """Whether days are left without a common step (months are even)."""
    import numpy as np

    steps = np.diff(np.array(days, "datetime64[D]")).astype(int)
    months = len(steps) and steps.min() >= 28 and steps.max() <= 31
    return bool(len(days) < 3 or (steps != steps[0]).any()) and not months


def _absent(key: Any) -> Count:
    one = Count(key, math.nan, None, "")
    one.why.append(Note("补行", "row added"))
    return one


def _take_back(table: Table, column: str, counts: list[Count], choice: str | None) -> None:
    """A negative count becomes 0; what it takes back comes off the days before, newest first."""
    for k, one in enumerate(counts):
        if not one.value < 0:
            continue
        row = one.row or 0
        if choice is None:
            zh = f"{one.value:g} 是负数;选 --negative back 从前面的日子扣回"
            en = f"{one.value:g} is negative; --negative back takes it off the days before"
            raise table.stop_at(row, column, zh, en)
        owed, label = -one.value, _label(one.key)
        if sum(max(c.value, 0) for c in counts[:k] if c.value == c.value) < owed:
            zh, en = "负数大于此前的总数", "takes back more than all the days before have"
            raise table.stop_at(row, column, f"{one.value:g} {zh}", f"{one.value:g} {en}")
        one.set(0.0, "负数扣回前日", "negative: taken off the days before")
        for other in reversed(counts[:k]):
            part = min(owed, other.value) if other.value > 0 else 0.0
            if part:
                owed -= part
                zh, en = f"被 {label} 扣去 {part:g}", f"{part:g} taken off by {label}"
                other.set(other.value - part, zh, en)
            if not owed:
                break


def _spread_out(counts: list[Count], spread: Spread) -> bool:
    """The count of a day in whole cases over it and the days before, the remainder on the latest.
    False where the series has no such day. A day in between without a count gets its share."""
    place = {one.key: k for k, one in enumerate(counts)}
    k = place.get(spread.day)
    if k is None or not counts[k].value >= 0:
        return False
    first = k - spread.days + 1
    if first < 0:
        zh = f"{_label(spread.day)} 之前不足 {spread.days} 期"
        en = f"fewer than {spread.days} periods up to {_label(spread.day)}"
        raise Problem("call.wrong", zh=zh, en=en)
    total = counts[k].value
    share, rest = divmod(total, spread.days)
    label = _label(spread.day)
    for i in range(first, k + 1):
        part = share + (1.0 if k - i < math.floor(rest) else 0.0)
        part += rest % 1 if i == k else 0.0
        if i == k:
            zh, en = f"{total:g} 摊到 {spread.days} 期", f"{total:g} spread over {spread.days}"
            counts[i].set(part, zh, en)
        else:
            was = counts[i].value if counts[i].value == counts[i].value else 0.0
            zh, en = f"摊自 {label} {part:g}", f"{part:g} of {label}"
            counts[i].set(was + part, zh, en)
    return True


def _spread(text: str) -> Spread:
    """``[SERIES=]DATE:DAYS``; t where the file has no dates."""
    import numpy as np

    series, mark, rest = text.rpartition("=")
    when, _, many = rest.rpartition(":")
    try:
        day = float(when) if when.isdecimal() and len(when) < 8 else None
        key = np.datetime64(read_moment(when).day, "D") if day is None else day
        days = int(many)
    except (UnreadableError, ValueError):
        days = 0
    if days < 2:
        zh, en = f"“{text}”应如 2022-01-20:7", f"{text!r} must be like 2022-01-20:7"
        raise Problem("call.wrong", zh=zh, en=en)
    return Spread(series if mark else None, key, days)


def _label(key: Any) -> str:
    return f"{key:g}" if isinstance(key, float) else str(key)


def _answer(
    table: Table, column: str, when: str, series: dict[str, list[Count]], language: str
) -> Answer:
    beside = [c for c in table.columns if c not in ("series", when, column)]
    named = "series" in table.columns
    changes = [
        {
            **({"series": name} if named else {}),
            when: _label(one.key),
            "was": one.was,
            "now": _shown(one.value),
            "change": "; ".join(note.text(language) for note in one.why),
        }
        for name, counts in series.items()
        for one in counts
        if one.why
    ]
    counts = [one for own in series.values() for one in own]
    told: dict[str, Any] = {
        "series": len(series),
        "periods": len(counts),
        "changed": len(changes),
        "still_missing": sum(one.value != one.value for one in counts),
        "changes": changes,
    }
    for name in beside:
        table.used.add(name)
    columns = [*(["series"] if named else []), when, column, *beside, "was", "change"]

    def rows() -> Iterator[list[Any]]:
        for name, own in series.items():
            for one in own:
                kept = ["" if one.row is None else table.text(one.row, c) for c in beside]
                why = "; ".join(note.text(language) for note in one.why)
                row = [_label(one.key), _shown(one.value), *kept, one.was if one.why else "", why]
                yield [name, *row] if named else row

    return Answer(told, columns, rows(), [table])


def _shown(value: float) -> str:
    return "" if value != value else f"{value:.15g}"
