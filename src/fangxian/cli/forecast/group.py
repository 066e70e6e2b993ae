"""The word `forecast`, its options, and the reading of its files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from fangxian.cli.main import say
from fangxian.cli.tables import Table, first_of, read_table, stop

FLOWS = ("q_obs_m3s", "Qobs", "Qmm", "flow", "q_m3s", "q", "Q")
TIMES = ("time", "day", "date", "DatesR", "Time", "t")
RAINS = ("P", "prcp", "rain", "RAIM", "p_mm")
PANS = ("em_mm", "E", "ET0", "PET", "pet", "pet_mm")


@click.group(help=say("洪水预报计算:模拟、率定、校正、评定、水库。",
                      "Flood forecasts: simulate, calibrate, correct, verify, reservoir."))  # fmt: skip
def forecast_command() -> None:
    """Files in, files out; no database is touched."""


@dataclass
class Forcing:
    """Rain and evaporation by column, time labels, and observed flow where the file has one."""

    table: Table
    labels: list[str]
    rain: Any
    pan: Any
    observed: Any


def labels_of(table: Table) -> list[str]:
    """The time of each row as it is written; the number of the row where there is no such column."""
    known = [name for name in TIMES if name in table.columns]
    if not known:
        return [str(k + 1) for k in range(len(table.rows))]
    return [(row.get(known[0]) or "").strip() for row in table.rows]


def read_forcing(path: Path, weights: Any = None) -> Forcing:
    """Time as one of ``TIMES``; rain p1_mm.. | P_* | one of ``RAINS``; evaporation E_* | one of
    ``PANS``; observed flow as one of ``FLOWS``. ``weights`` (sub-basins, gauges) turns gauges into
    sub-basins. Ends with exit 1 at a gap in the forcing, naming line and column."""
    import numpy as np

    table = read_table(path, [])
    rain_names = rain_columns(table)
    pan_names = [c for c in table.columns if c.startswith("E_")] or _one(table, PANS)
    if not rain_names or not pan_names:
        stop(
            f"{path.name} 要有雨量(P…)与蒸发(E…)列;有:{', '.join(table.columns)}",
            f"{path.name} needs columns of rain (P..) and evaporation (E..); "
            f"it has {', '.join(table.columns)}",
        )
    rain = np.array([table.numbers(c, low=0) for c in rain_names]).T
    pan = np.array([table.numbers(c, low=0) for c in pan_names]).T
    for values, names in ((rain, rain_names), (pan, pan_names)):
        gap = np.argwhere(np.isnan(values))
        if gap.size:
            line, column = table.lines[int(gap[0][0])], names[int(gap[0][1])]
            stop(f"{path.name} 第 {line} 行“{column}”列缺值;驱动资料须先补全",
                 f"{path.name}, line {line}, column {column}: missing; fill gaps of the forcing first")  # fmt: skip
    if weights is not None:
        if weights.shape[1] != rain.shape[1]:
            stop(f"权重有 {weights.shape[1]} 个雨量站,文件有 {rain.shape[1]} 个",
                 f"weights are of {weights.shape[1]} gauges, the file has {rain.shape[1]}")  # fmt: skip
        rain = rain @ weights.T
    if pan.shape[1] == 1:
        pan = np.repeat(pan, rain.shape[1], axis=1)
    flows = _one(table, FLOWS)
    observed = np.array(table.numbers(flows[0], low=0)) if flows else None
    return Forcing(table, labels_of(table), rain, pan, observed)


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

    return find(first, 0), find(last, len(labels))
