"""The files of `fangxian forecast`: times, rain, flow and its unit. docs/forecast-files.md."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from fangxian.cli.main import say, tell
from fangxian.cli.tables import Table, first_of, read_table, stop

# Columns of flow by unit; where a name says none, the unit is taken to be the model's.
FLOWS = {
    "m3s": ("flow_m3s", "q_obs_m3s", "q_m3s", "Qobs"),
    "mm": ("flow_mm", "Qmm"),
    "": ("flow", "q", "Q"),
}
LEVELS = ("level_m", "stage_m", "Z")
UNITS = {"m3s": "m³/s", "mm": "mm", "": ""}
TIMES = ("time", "day", "date", "DatesR", "Time", "t")
RAINS = ("P", "prcp", "rain", "RAIM", "p_mm")
# No rain of a step is more: a day's record is 1,825 mm (WMO). A larger number is a wrong unit.
MOST_MM = 3000.0
PANS = ("em_mm", "E", "ET0", "PET", "pet", "pet_mm")


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
    label lies. Labels are numbers, times, or, where neither, just names in their order."""

    labels: list[str]
    start: Any
    step: Any

    def at(self, labels: list[str]) -> Any:
        """Positions; outside the axis they are below 0 or beyond its length, -1 for what is none."""
        import numpy as np

        if self.step is None:
            place = {label: k for k, label in enumerate(self.labels)}
            return np.array([place.get(label, -1) for label in labels])
        values = _values(labels)
        if values is None or values.dtype != np.asarray(self.start).dtype:
            return np.full(len(labels), -1)
        return np.rint((values - self.start) / self.step).astype(int)


def _values(labels: list[str]) -> Any:
    """Labels as numbers or as times in minutes; None when one is neither."""
    import numpy as np

    try:
        return np.array([float(label) for label in labels])
    except ValueError:
        pass
    try:
        clean = [label.replace("/", "-").replace("T", " ").removesuffix("Z") for label in labels]
        return np.array(clean, "datetime64[m]")
    except ValueError:
        return None


def labels_of(table: Table) -> list[str]:
    """The time of each row as it is written; the number of the row where there is no such column."""
    known = [name for name in TIMES if name in table.columns]
    if not known:
        return [str(k + 1) for k in range(len(table.rows))]
    return [(row.get(known[0]) or "").strip() for row in table.rows]


def axis_of(table: Table) -> tuple[Axis, Any]:
    """The axis of a file's rows, and the position of each row. Ends with exit 1, naming the line,
    where a time repeats or goes back."""
    import numpy as np

    labels = labels_of(table)
    plain = Axis(labels, None, None), np.arange(len(labels))
    values = _values(labels)
    if values is None or len(labels) < 2:
        return plain
    steps = np.diff(values)
    back = np.flatnonzero(steps <= np.zeros(1, steps.dtype))
    if back.size:
        k = int(back[0]) + 1
        stop(
            f"{table.path.name} 第 {table.lines[k]} 行时刻“{labels[k]}”重复或倒退",
            f"{table.path.name}, line {table.lines[k]}: time {labels[k]!r} repeats or goes back",
        )
    at = (values - values[0]) / steps.min()
    # months, say, or a few rows far apart: an axis would be all holes, rows follow one another
    if not np.allclose(at, np.rint(at), atol=1e-6) or at[-1] > 100 * len(labels):
        return plain
    at = np.rint(at).astype(int)
    even = [""] * (int(at[-1]) + 1)
    for position, label in zip(at, labels, strict=True):
        even[position] = label
    return Axis(even, values[0], steps.min()), at


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
        names = _one(table, FLOWS[kind])
        if names:
            return names[0], kind
    return "", ""


def flow_name(table: Table, unit: str = "") -> str:
    """A column of flow, one of this unit before others; exit 1 when a file has none, or only one
    of another unit."""
    name, kind = flow_column(table, unit)
    if not name:
        known = ", ".join(n for names in FLOWS.values() for n in names)
        stop(f"{table.path.name} 没有流量列({known})", f"{table.path.name} has no flow ({known})")
    if unit and kind and unit != kind:
        stop(
            f"{table.path.name} 的流量单位是 {kind},应是 {unit}",
            f"the flow of {table.path.name} is in {kind}, it must be in {unit}",
        )
    return name


def flow_of(table: Table, unit: str = "") -> Any:
    """The flow of a file (rows,), by ``flow_name``."""
    import numpy as np

    return np.array(table.numbers(flow_name(table, unit), low=0))


def whole(table: Table, column: str, **bounds: float) -> Any:
    """A column that must have no gap, >= 0; exit 1 names the line of the first, and what stands
    there."""
    import numpy as np

    before = len(table.errors)
    values = np.array(table.numbers(column, low=0, **bounds))
    if len(table.errors) > before:
        stop(table.errors[before], table.errors[before])
    gaps = np.flatnonzero(np.isnan(values))
    if gaps.size:
        line = table.lines[int(gaps[0])]
        stop(
            f"{table.path.name} 第 {line} 行“{column}”列缺值;须先补全",
            f"{table.path.name}, line {line}, column {column}: missing; fill the gap first",
        )
    return values


def step_h(axis: Axis) -> float | None:
    """Hours of a step where the labels are times."""
    import numpy as np

    if axis.step is None or not isinstance(axis.step, np.timedelta64):
        return None
    return float(axis.step / np.timedelta64(1, "m")) / 60


def refused(error: Exception) -> click.UsageError:
    """What a kernel says of numbers that it does not take."""
    return click.UsageError(say(f"这些数值不可用:{error}", str(error)))


def read_forcing(path: Path, weights: Any = None, unit: str = "") -> Forcing:
    """Time as one of ``TIMES``; rain p1_mm.. | P_* | one of ``RAINS``; evaporation E_* | one of
    ``PANS``; observed flow as one of ``FLOWS``. ``weights`` (sub-basins, gauges) turns gauges into
    sub-basins. Ends with exit 1 at a gap in the forcing, naming line and column."""
    import numpy as np

    table = read_table(path, [])
    axis, at = axis_of(table)
    jump = np.flatnonzero(np.diff(at) > 1)
    if jump.size:
        line = table.lines[int(jump[0]) + 1]
        tell(
            say(
                f"{path.name} 第 {line} 行起时间跳跃(共 {len(jump)} 处),模型照样接着算",
                f"{path.name}: time jumps at line {line} ({len(jump)} in all); the model runs on",
            )
        )
    rain_names = rain_columns(table)
    pan_names = [c for c in table.columns if c.startswith("E_")] or _one(table, PANS)
    if not rain_names or not pan_names:
        stop(
            f"{path.name} 要有雨量(P…)与蒸发(E…)列;有:{', '.join(table.columns)}",
            f"{path.name} needs columns of rain (P..) and evaporation (E..); "
            f"it has {', '.join(table.columns)}",
        )
    rain, pan = (
        np.array([whole(table, c, high=MOST_MM) for c in names]).T
        for names in (rain_names, pan_names)
    )
    if weights is not None:
        if weights.ndim == 2 and not np.allclose(weights.sum(axis=1), 1, atol=0.01):
            row = int(np.argmax(np.abs(weights.sum(axis=1) - 1)))
            stop(
                f"权重第 {row + 1} 行之和是 {weights[row].sum():g},应为 1",
                f"row {row + 1} of the weights sums to {weights[row].sum():g}, not to 1",
            )
        if weights.ndim != 2 or weights.shape[1] != rain.shape[1]:
            stop(
                f"权重应是 子流域 × {rain.shape[1]} 个雨量站,实为 {weights.shape}",
                f"weights must be sub-basins x {rain.shape[1]} gauges, they are {weights.shape}",
            )
        rain = rain @ weights.T
    if pan.shape[1] == 1:
        pan = np.repeat(pan, rain.shape[1], axis=1)
    name, kind = flow_column(table, unit)
    observed = np.array(table.numbers(name, low=0)) if name else None
    return Forcing(table, labels_of(table), rain, pan, observed, kind, step_h(axis))


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
    table = read_table(path, [("start", "t_start"), ("end", "t_end")])
    begin, end = first_of(table, "t_start", "start"), first_of(table, "t_end", "end")
    found = []
    for row in table.rows:
        a, b = span(labels, row[begin], row[end])
        found.append((a, b - 1))
    return found


def span(labels: list[str], first: str | None, last: str | None) -> tuple[int, int]:
    """Rows from a label to a label, both included; all without them. Exit 2 for unknown ones."""

    def find(text: str | None, default: int) -> int:
        if text is None:
            return default
        rows = [k for k, label in enumerate(labels) if label == text]
        rows = rows or [k for k, label in enumerate(labels) if label.startswith(text)]
        if not rows:
            raise click.UsageError(say(f"没有时刻 {text}", f"no row {text!r}"))
        return rows[0] if default == 0 else rows[-1] + 1

    a, b = find(first, 0), find(last, len(labels))
    if a >= b:
        raise click.UsageError(say(f"{first} 在 {last} 之后", f"{first!r} comes after {last!r}"))
    return a, b
