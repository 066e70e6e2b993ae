"""Tables of readings: CSV and xlsx as `core.tables` reads them, one reading a row. Judging and
storing is in `observe/write.py`."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import (
    MISSING,
    CellError,
    Moment,
    Note,
    Table,
    UnreadableError,
    convert,
    read_table,
    scale_jumps,
)
from fangxian.spine.observe.elements import element_of

HEAD = ("station", "element", "at", "value")
ALIASES = {
    **{name: name for name in (*HEAD, "unit")},
    "站码": "station",
    "测站编码": "station",
    "stcd": "station",
    "要素": "element",
    "时间": "at",
    "tm": "at",
    "数值": "value",
    "值": "value",
    "单位": "unit",
    "eenheid": "unit",
}
AHEAD_DAYS = 1  # what lies later is a mistyped date; a station's clock may be a little fast
MOST = 1e7

Reading = tuple[str, str, datetime, float | None]


@dataclass(frozen=True, slots=True)
class TableRow:
    """One good row."""

    number: int
    reading: Reading


@dataclass
class Readings:
    """The good rows by time, what is wrong in which cell, and what else is to be said."""

    rows: list[TableRow]
    errors: list[CellError]
    notes: list[Note] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)


def read_readings(path: Path) -> Readings:
    """Two values for one series and time: the first stays, the later row is an error. Raises the
    problems of ``core.tables.read_table`` when the file is no table of readings at all."""
    table = read_table(path, needed=HEAD, aliases=ALIASES)
    moments = table.moments("at", ahead_days=AHEAD_DAYS)
    wrong_times = {(e.sheet, e.row): e for e in table.errors if e.name == "at"}
    table.errors = [e for e in table.errors if e.name != "at"]
    rows: list[tuple[int, Reading]] = []
    for row, moment in enumerate(moments):
        reading = None
        if row not in table.torn:
            wrong_time = wrong_times.get((table.sheets[row], table.lines[row]))
            reading = _reading(table, row, moment, wrong_time)
        if reading is not None:
            rows.append((row, reading))
    kept = _first_of_each(table, rows)
    _tell_order_and_leaps(table, kept)
    kept.sort(key=lambda pair: pair[1][2])
    good = [TableRow(table.lines[row], reading) for row, reading in kept]
    order = {key: k for k, key in enumerate(zip(table.sheets, table.lines, strict=True))}
    errors = sorted(table.errors, key=lambda e: order[e.sheet, e.row])
    return Readings(good, errors, table.notes, table.unused())


def _reading(
    table: Table, row: int, moment: Moment | None, wrong_time: CellError | None
) -> Reading | None:
    """A row; None where a cell is wrong, and the first such is told."""
    station, element = table.text(row, "station"), table.text(row, "element")
    if not (4 <= len(station) <= 10 and station.isalnum() and station.isascii()):
        zh = f"“{station}”不是站码,应为 4–10 位字母数字"
        en = f"{station!r} is no station code: 4 to 10 letters or digits"
        table.wrong(row, "station", zh, en)
        return None
    symbol = element.upper()
    try:
        element_of(symbol)
    except Problem:
        zh = f"“{element}”不是要素标识符,如 Z、P5、Q"
        table.wrong(row, "element", zh, f"{element!r} is no element such as Z, P5, Q")
        return None
    if moment is None:
        if wrong_time is None:
            table.wrong(row, "at", "缺时间", "no time")
        else:
            table.errors.append(wrong_time)
        return None
    before = len(table.errors)
    value: float | None = table.number(row, "value", low=-MOST, high=MOST)
    if value is not None and value != value:
        value = None
    if value is not None and "unit" in table.columns:
        value = _converted(table, row, symbol, value)
    if len(table.errors) > before:
        return None
    return station, symbol, moment.at, value


def _converted(table: Table, row: int, symbol: str, value: float) -> float:
    """By the row's unit; an element has one of its own."""
    own = element_of(symbol)[0].unit
    unit = table.text(row, "unit")
    try:
        return convert(value, unit="" if unit in MISSING else unit, to=own)
    except UnreadableError as error:
        table.wrong(row, "unit", error.zh, error.en)
        return value


def _first_of_each(table: Table, rows: list[tuple[int, Reading]]) -> list[tuple[int, Reading]]:
    seen: dict[tuple[str, str, datetime], int] = {}
    values: dict[int, float | None] = {}
    kept, again = [], 0
    for row, reading in rows:
        key, value = reading[:3], reading[3]
        if key not in seen:
            seen[key], values[row] = row, value
            kept.append((row, reading))
        elif values[seen[key]] == value:
            again += 1
        else:
            line, first = table.lines[seen[key]], values[seen[key]]
            zh = f"同站、同要素、同时刻在第 {line} 行是 {first},此行是 {value};取前者"
            en = f"line {line} has {first} for this station, element and time; the first is kept"
            table.wrong(row, "value", zh, en)
    if again:
        name = table.path.name
        table.notes.append(Note(f"{name} 有 {again} 行重复", f"{name}: {again} rows stand twice"))
    return kept


def _tell_order_and_leaps(table: Table, rows: list[tuple[int, Reading]]) -> None:
    series: dict[tuple[str, str], list[tuple[int, Reading]]] = defaultdict(list)
    for row, reading in rows:
        series[reading[:2]].append((row, reading))
    name, falling = table.path.name, 0
    for (station, element), own in series.items():
        times = [reading[2] for _, reading in own]
        falling += len(times) > 1 and times == sorted(times, reverse=True)
        own.sort(key=lambda pair: pair[1][2])
        known = [(row, reading[3]) for row, reading in own if reading[3] is not None]
        for k in scale_jumps([value for _, value in known])[:1]:
            line = table.lines[known[k][0]]
            zh = f"{name} 第 {line} 行:{station} {element} 前后差约千倍,单位变了?"
            en = f"{name}, line {line}: {station} {element} leaps by about 1000; another unit?"
            table.notes.append(Note(zh, en))
    if falling:
        en = f"{name}: newest first; sorted by time"
        table.notes.append(Note(f"{name} 新的在前,已按时间排好", en))
