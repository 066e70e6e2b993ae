"""The files of forecasts: times, rain, flow and its unit. docs/forecast-files.md."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import (
    Note,
    Table,
    UnreadableError,
    convert,
    course_of,
    read_moment,
    read_table,
    scale_jumps,
)

from .heads import EVENTS, HEADS

# Columns of flow by unit; where a name says none, the unit is taken to be the model's.
FLOWS = {
    "m3s": ("flow_m3s", "q_obs_m3s", "q_m3s", "Qobs"),
    "mm": ("flow_mm", "Qmm"),
    "": ("flow", "q", "Q"),
}
LEVELS = ("level_m", "stage_m", "Z")
TIMES = ("time", "day", "date", "DatesR", "Time", "t")
RAINS = ("P", "prcp", "rain", "RAIM", "p_mm")
# No rain of a step is more: a day's record is 1,825 mm (WMO). A larger number is a wrong unit.
MOST_MM = 3000.0
PANS = ("em_mm", "E", "ET0", "PET", "pet", "pet_mm")
KNOWN = {*TIMES, *RAINS, *PANS, *LEVELS, *(n for own in FLOWS.values() for n in own)}
KNOWN |= {"issued", "lead", "corrected", "unit", "q05", "q95"}
AHEAD_DAYS = 3660  # a plan may be drawn years ahead; 2202 is a mistyped 2022


@dataclass
class Forcing:
    """Rain and evaporation by column, time labels, and observed flow with its unit where the file
    has one."""

    table: Table
    labels: list[str]
    rain: Any
    pan: Any
    observed: Any
    unit: str
    step_h: float | None


@dataclass
class Axis:
    """Even steps of time: the label of each ("" where the file has no row), and where any other
    label lies. Labels are times, numbers, or, where neither, just names in their order."""

    labels: list[str]
    start: Any
    step: Any

    def at(self, labels: list[str]) -> Any:
        """Positions; outside the axis below 0 or beyond its length, -1 for what is none."""
        import numpy as np

        if self.step is None:
            place = {label: k for k, label in enumerate(self.labels)}
            return np.array([place.get(label, -1) for label in labels])
        values = values_of(labels)
        if values is None or values.dtype != np.asarray(self.start).dtype:
            return np.full(len(labels), -1)
        return np.rint((values - self.start) / self.step).astype(int)

    def whole(self) -> list[str]:
        """The labels, also of places that have no row."""
        return [label or self._label(k) for k, label in enumerate(self.labels)]

    def _label(self, k: int) -> str:
        import numpy as np

        value = self.start + k * self.step
        if isinstance(value, np.datetime64):
            text = str(value).replace("T", " ")
            alone = all(len(label) == 10 for label in self.labels if label)
            return text[:10] if alone else text[:16] if text.endswith(":00") else text
        return f"{float(value):g}"

    @property
    def step_h(self) -> float | None:
        """Hours of a step where the labels are times."""
        import numpy as np

        if self.step is None or not isinstance(self.step, np.timedelta64):
            return None
        return float(self.step / np.timedelta64(1, "s")) / 3600


def values_of(labels: list[str]) -> Any:
    """Labels as numbers or as times in seconds; None when one is neither."""
    import numpy as np

    try:
        return np.array([float(label) for label in labels])
    except ValueError:
        pass
    try:
        if min(map(len, labels)) < 8:  # numpy takes a "7" for a year
            return None
        return np.array([label.replace(" ", "T") for label in labels], "datetime64[s]")
    except ValueError:
        return None


def read_rows(path: Path) -> Table:
    """A table of forecasts, whatever columns it has."""
    return read_table(path, known=KNOWN, aliases=HEADS)


def labels_of(table: Table, column: str | None = None) -> list[str]:
    """The time of each row: as 2016-09-14 08:00 in Beijing where they are times, else as written;
    the number of the row where there is no such column. Raises ``table.cell`` where one of many
    times is none."""
    column = column or table.first_of(*TIMES)
    if column is None:
        for near in table.misspelt(*TIMES, *(h for h, name in HEADS.items() if name in TIMES)):
            raise Problem("file.unfit", file=table.path.name, zh=near.zh, en=near.en)
        return [str(k + 1) for k in range(len(table.rows))]
    texts = [table.text(k, column) for k in range(len(table.rows))]
    if not any(_is_time(text) for text in texts[:50]):
        return texts
    before = len(table.errors)
    moments = table.moments(column, ahead_days=AHEAD_DAYS)
    labels = [moment.label if moment else "" for moment in moments]
    if len(table.errors) > before:
        wrong = table.errors[before]
        raise Problem("table.cell", zh=wrong.text("zh"), en=wrong.text("en"))
    if "" in labels:
        raise table.stop_at(labels.index(""), column, "缺时间", "no time")
    return labels


def _is_time(text: str) -> bool:
    try:
        read_moment(text)
    except UnreadableError:
        return False
    return True


def axis_of(table: Table) -> tuple[Axis, list[str], Any]:
    """The axis of a file's rows, the label and the position of each row; a file with the newest
    first is turned round. Raises ``table.cell`` where a time repeats or goes back."""
    import numpy as np

    labels = labels_of(table)
    values = values_of(labels)
    if values is None or len(labels) < 2:
        return Axis(labels, None, None), labels, np.arange(len(labels))
    course = course_of(values.astype(float).tolist())
    if course.newest_first:
        table.turn_round()
        labels, values = labels[::-1], values[::-1]
    if course.back is not None:
        column, label = table.first_of(*TIMES) or "time", labels[course.back]
        raise table.stop_at(
            course.back, column, f"时刻“{label}”重复或倒退", f"time {label!r} repeats or goes back"
        )
    step = np.diff(values).min()
    at = (values - values[0]) / step
    # months, say, or a few rows far apart: an axis would be all holes, rows follow one another
    if not np.allclose(at, np.rint(at), atol=1e-6) or at[-1] > 100 * len(labels):
        return Axis(labels, None, None), labels, np.arange(len(labels))
    at = np.rint(at).astype(int)
    even = [""] * (int(at[-1]) + 1)
    for position, label in zip(at, labels, strict=True):
        even[position] = label
    return Axis(even, values[0], step), labels, at


def spread_out(values: Any, at: Any, length: int) -> Any:
    """Values (.., rows) at their positions, NaN where there is no row (.., length)."""
    import numpy as np

    values = np.asarray(values)
    out = np.full((*values.shape[:-1], length), np.nan)
    inside = (at >= 0) & (at < length)
    out[..., at[inside]] = values[..., inside]
    return out


def flow_column(table: Table, unit: str = "") -> tuple[str, str]:
    """A column of flow and its unit, one of this unit before others; "" where there is none."""
    for kind in (unit, "", *FLOWS):
        name = table.first_of(*FLOWS[kind])
        if name:
            return name, kind
    return "", ""


def flow_name(table: Table, unit: str = "") -> str:
    """A column of flow, one of this unit before others. Raises ``file.unfit`` when a file has none,
    or only one of another unit."""
    name, kind = flow_column(table, unit)
    if not name:
        known = ", ".join(n for names in FLOWS.values() for n in names)
        zh, en = f"没有流量列({known})", f"it has no flow ({known})"
        zh, en = meant(table, zh, en)
        raise Problem("file.unfit", file=table.path.name, zh=zh, en=en)
    if unit and kind and unit != kind:
        zh, en = f"流量单位是 {kind},应是 {unit}", f"its flow is in {kind}, it must be in {unit}"
        raise Problem("file.unfit", file=table.path.name, zh=zh, en=en)
    return name


def meant(table: Table, zh: str, en: str) -> tuple[str, str]:
    """A refusal with what the misspelt heads of the file may have been meant for."""
    for near in table.misspelt():
        zh, en = f"{zh};{near.zh}", f"{en}; {near.en}"
    return zh, en


def flow_of(table: Table, name: str, *, low: float | None = 0) -> Any:
    """A column of flow or level (rows,), converted by a column ``unit`` if there is one; a leap of
    about a thousand is told."""
    import numpy as np

    values = table.numbers(name, low=low)
    if "unit" in table.columns:
        to = "mm" if name in FLOWS["mm"] else "m" if name in LEVELS else "m3/s"
        for row, value in enumerate(values):
            try:
                values[row] = convert(value, unit=table.text(row, "unit"), to=to)
            except UnreadableError as error:
                table.wrong(row, "unit", error.zh, error.en)
                values[row] = np.nan
    for row in scale_jumps(values)[:1]:
        found = table.error(
            row, name, "前后差约千倍,单位变了?", "leaps by about 1000: another unit?"
        )
        table.notes.append(Note(found.text("zh"), found.text("en")))
    return np.array(values)


def whole(table: Table, column: str, **bounds: float) -> Any:
    """A column that must have no gap, >= 0. Raises ``table.cell`` for the first, and says what
    stands there."""
    import numpy as np

    before = len(table.errors)
    values = np.array(table.numbers(column, low=0, **bounds))
    if len(table.errors) > before:
        wrong = table.errors[before]
        raise Problem("table.cell", zh=wrong.text("zh"), en=wrong.text("en"))
    gaps = np.flatnonzero(np.isnan(values))
    if gaps.size:
        zh = f"缺值(共 {gaps.size} 处);短的可用 fangxian forecast fill 补"
        en = f"missing ({gaps.size} in all); fangxian forecast fill fills short gaps"
        raise table.stop_at(int(gaps[0]), column, zh, en)
    return values


def read_forcing(path: Path, weights: Any = None, unit: str = "") -> Forcing:
    """Time as one of ``TIMES``; rain p1_mm.. | P_* | one of ``RAINS``; evaporation E_* | one of
    ``PANS``; observed flow as one of ``FLOWS``. ``weights`` (sub-basins, gauges) turns gauges into
    sub-basins. Raises ``table.cell`` at a gap in the forcing."""
    import numpy as np

    table = read_rows(path)
    axis, labels, at = axis_of(table)
    jump = np.flatnonzero(np.diff(at) > 1)
    if jump.size:
        line = table.lines[int(jump[0]) + 1]
        zh = f"{path.name} 第 {line} 行起时间跳跃(共 {len(jump)} 处),模型照样接着算"
        zh += ";短的可先用 fangxian forecast fill 补"
        en = f"{path.name}: time jumps at line {line} ({len(jump)} in all); the model runs on"
        en += "; fangxian forecast fill fills short gaps"
        table.notes.append(Note(zh, en))
    rain_names = rain_columns(table)
    pan_names = [c for c in table.columns if c.startswith("E_")] or _one(table, PANS)
    if not rain_names or not pan_names:
        has = ", ".join(table.columns)
        zh = f"要有雨量(P…)与蒸发(E…)列;有:{has}"
        en = f"it needs columns of rain (P..) and evaporation (E..); it has {has}"
        zh, en = meant(table, zh, en)
        raise Problem("file.unfit", file=path.name, zh=zh, en=en)
    rain, pan = (
        np.array([whole(table, c, high=MOST_MM) for c in names]).T
        for names in (rain_names, pan_names)
    )
    if weights is not None:
        rain = _by_sub_basin(rain, weights, path)
    if pan.shape[1] == 1:
        pan = np.repeat(pan, rain.shape[1], axis=1)
    name, kind = flow_column(table, unit)
    observed = flow_of(table, name) if name else None
    return Forcing(table, labels, rain, pan, observed, kind, axis.step_h)


def _by_sub_basin(rain: Any, weights: Any, path: Path) -> Any:
    import numpy as np

    if weights.ndim == 2 and not np.allclose(weights.sum(axis=1), 1, atol=0.01):
        row = int(np.argmax(np.abs(weights.sum(axis=1) - 1)))
        zh = f"权重第 {row + 1} 行之和是 {weights[row].sum():g},应为 1"
        en = f"row {row + 1} of the weights sums to {weights[row].sum():g}, not to 1"
        raise Problem("file.unfit", file=path.name, zh=zh, en=en)
    if weights.ndim != 2 or weights.shape[1] != rain.shape[1]:
        zh = f"权重应是 子流域 × {rain.shape[1]} 个雨量站,实为 {weights.shape}"
        en = f"weights must be sub-basins x {rain.shape[1]} gauges, they are {weights.shape}"
        raise Problem("file.unfit", file=path.name, zh=zh, en=en)
    return rain @ weights.T


def member_columns(table: Table) -> list[str]:
    """m1, m2, ..: the members of an ensemble."""
    return [c for c in table.columns if c[:1] == "m" and c[1:].isdecimal()]


def rain_columns(table: Table) -> list[str]:
    """The columns of rain, one a gauge or sub-basin; none where there are none."""
    names = [c for c in table.columns if c.startswith(("P_", "p")) and c[1:2] in "_0123456789"]
    return [c for c in names if c not in RAINS] or _one(table, RAINS)


def _one(table: Table, names: tuple[str, ...]) -> list[str]:
    """The first of these columns the table has, if it has one."""
    return [name for name in names if name in table.columns][:1]


def read_spans(path: Path, labels: list[str]) -> list[tuple[int, int]]:
    """First and last row of each event of a CSV with start, end (or t_start, t_end)."""
    table = read_table(path, needed=[("t_start", "start"), ("t_end", "end")], aliases=EVENTS)
    begin, end = table.first_of("t_start", "start"), table.first_of("t_end", "end")
    found = []
    for row in range(len(table.rows)):
        a, b = span(labels, table.text(row, begin or ""), table.text(row, end or ""))
        found.append((a, b - 1))
    return found


def span(labels: list[str], first: str | None, last: str | None) -> tuple[int, int]:
    """Rows from a label to a label, both included; all without them. Raises ``call.wrong`` for
    unknown ones."""

    def find(text: str | None, default: int) -> int:
        if text is None:
            return default
        rows = [k for k, label in enumerate(labels) if label == text]
        rows = rows or [k for k, label in enumerate(labels) if label.startswith(_as_label(text))]
        if not rows:
            raise Problem("call.wrong", zh=f"没有时刻 {text}", en=f"no row {text!r}")
        return rows[0] if default == 0 else rows[-1] + 1

    a, b = find(first, 0), find(last, len(labels))
    if a >= b:
        zh, en = f"{first} 在 {last} 之后", f"{first!r} comes after {last!r}"
        raise Problem("call.wrong", zh=zh, en=en)
    return a, b


def _as_label(text: str) -> str:
    try:
        return read_moment(text).label
    except UnreadableError:
        return text
