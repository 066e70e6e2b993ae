"""The word `forecast`, its options, and the reading of its files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from fangxian.cli.main import say
from fangxian.cli.tables import Table, first_of, read_table, stop

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)
json_option = click.option(
    "--json", "as_json", is_flag=True, help=say("摘要用 JSON", "summary as JSON")
)
FLOWS = ("q_obs_m3s", "Qobs", "Qmm", "flow", "q", "Q")


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


def read_forcing(path: Path, weights: Any = None) -> Forcing:
    """Columns day|date|time|DatesR; rain p1_mm.. | P_* | P | prcp; em_mm | E_* | E | ET0 | PET;
    observed flow as one of ``FLOWS``. ``weights`` (sub-basins, gauges) turns gauges into
    sub-basins. Ends with exit 1 at a gap in the forcing, naming line and column."""
    import numpy as np

    table = read_table(path, [("day", "date", "time", "DatesR", "t")])
    label = first_of(table, "day", "date", "time", "DatesR", "t")
    rain_names = [c for c in table.columns if c.startswith(("P_", "p")) and c[1:2] in "_0123456789"]
    rains = ("P", "prcp", "rain", "RAIM")
    rain_names = rain_names or [c for c in table.columns if c in rains][:1]
    pans = ("em_mm", "E", "ET0", "PET", "pet")
    pan_names = [c for c in table.columns if c.startswith("E_")]
    pan_names = pan_names or [c for c in table.columns if c in pans][:1]
    if not rain_names or not pan_names:
        stop(
            f"{path.name} 要有雨量(P…)与蒸发(E…)列",
            f"{path.name} needs columns of rain (P..) and evaporation (E..)",
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
    flows = [c for c in FLOWS if c in table.columns]
    observed = np.array(table.numbers(flows[0], low=0)) if flows else None
    labels = [(row.get(label) or "").strip() for row in table.rows]
    return Forcing(table, labels, rain, pan, observed)


def span(labels: list[str], first: str | None, last: str | None) -> tuple[int, int]:
    """Rows from a label to a label, both included; all without them. Exit 2 for unknown ones."""

    def find(text: str | None, default: int) -> int:
        if text is None:
            return default
        rows = [k for k, label in enumerate(labels) if label.startswith(text)]
        if not rows:
            raise click.UsageError(say(f"没有时刻 {text}", f"no row {text!r}"))
        return rows[0] if default == 0 else rows[-1] + 1

    return find(first, 0), find(last, len(labels))
