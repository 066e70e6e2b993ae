"""`fangxian forecast reservoir`."""

from pathlib import Path
from typing import Any

import click

from fangxian.cli.forecast.files import TIMES, axis_of, flow_name, labels_of, refused, whole
from fangxian.cli.forecast.group import forecast_command
from fangxian.cli.forecast.plot import draw, mark_option, plot_option
from fangxian.cli.main import say, tell
from fangxian.cli.tables import (
    FILE,
    OUT,
    Table,
    finish,
    json_option,
    read_json,
    read_table,
    stop,
    write_table,
)


@forecast_command.command(help=say("水库调洪试算", "carry a flood through a reservoir"))
@click.option(
    "--reservoir",
    "described",
    type=FILE,
    required=True,
    help="JSON: levels, volumes, outlet_levels, outlet_flows, dead, limit, release, top, "
    "dt_h; seasons: [{from, to, level}]; gates: [{name, levels, openings, flows}]",
)
@click.option(
    "--inflow",
    type=FILE,
    required=True,
    help=say(
        "CSV:time, flow[, plan | 各闸门名(开度 m)]",
        "CSV: time, flow[, plan | a column of openings (m) for each gate]",
    ),
)
@click.option("--level", type=float, required=True, help=say("起调水位", "level at the start, m"))
@mark_option
@plot_option
@click.option("--out", type=OUT, required=True)
@json_option
def reservoir(
    described: Path,
    inflow: Path,
    level: float,
    marks: dict[str, float],
    plot: Path | None,
    out: Path,
    as_json: bool,
) -> None:
    import numpy as np

    from fangxian.kernels.hydro.reservoir import route

    table = read_table(inflow, [])
    axis_of(table)  # times must go forward
    given, flow = read_json(described), whole(table, flow_name(table, "m3s"))
    plan = whole(table, "plan") if "plan" in table.columns else None
    gates = given.get("gates")
    gates = gates if isinstance(gates, list) else []
    names = [str(gate.get("name")) for gate in gates if isinstance(gate, dict)]
    openings, there = None, [name for name in names if name in table.columns]
    if there and (len(there) < len(names) or plan is not None):
        missing = [name for name in names if name not in there]
        stop(
            f"{inflow.name} 按闸门开度运行:缺少闸门 {missing},且不能另有 plan 列",
            f"{inflow.name} gives openings of gates: {missing} are missing, and it cannot have a plan too",
        )
    if there:
        openings = np.array([whole(table, name) for name in names]).T
    try:
        dam = _dam(given, table)
        dt_h = float(given["dt_h"])
    except KeyError as error:
        stop(f"{described.name} 缺少 {error}", f"{described.name} has no {error}")
    except (TypeError, ValueError, AttributeError) as error:
        stop(f"{described.name} 不可用:{error}", f"{described.name} is not usable: {error}")
    try:
        found = route(dam, flow, level=level, dt_h=dt_h, plan=plan, openings=openings)
    except ValueError as error:
        raise refused(error) from None
    times = labels_of(table)
    rows = zip(
        times,
        map(float, flow),
        map(float, found.outflow),
        map(float, found.level),
        map(float, found.volume),
        strict=True,
    )
    write_table(out, ["time", "inflow", "outflow", "level", "volume"], rows)
    if found.beyond:
        tell(
            say(
                "警告:水位超出库容曲线,漫坝",
                "warning: beyond the storage curve, the dam is overtopped",
            )
        )
    if plot is not None:
        draw(
            plot,
            times,
            observed=flow,
            flow=found.outflow,
            marks=marks,
            level=found.level,
            unit="m³/s",
            seen=say("入库", "inflow"),
            name=say("出库", "outflow"),
        )
    finish(
        {
            "highest": float(found.level.max()),
            "largest_outflow": float(found.outflow.max()),
            "by": "gates" if openings is not None else "plan" if plan is not None else "rule",
            "beyond": found.beyond,
            "balance": found.balance,
            "out": str(out),
        },
        as_json,
        table.errors,
    )


def _dam(given: dict[str, Any], table: Table) -> Any:
    """The reservoir of a file, its flood-limit level by the days of the inflow."""
    from fangxian.kernels.hydro.reservoir import Gate, Rating, Reservoir, limits_by_season

    limit = given["limit"]
    if "seasons" in given:
        seasons = [
            (str(s["from"]).zfill(4), str(s["to"]).zfill(4), float(s["level"]))
            for s in given["seasons"]
        ]
        limit = limits_by_season(_days(table), seasons, float(limit))
    gates = tuple(Gate(g["levels"], g["openings"], g["flows"]) for g in given.get("gates") or [])
    return Reservoir(
        given["levels"],
        given["volumes"],
        Rating(given["outlet_levels"], given["outlet_flows"]),
        float(given["dead"]),
        limit,
        float(given["release"]),
        float(given["top"]),
        gates,
    )


def _days(table: Table) -> Any:
    """The day of each row; ends with exit 1 where one is none, since a season needs it."""
    import numpy as np

    time = next((c for c in TIMES if c in table.columns), "time")
    days = np.array([table.day(row, time) for row in range(len(table.rows))])
    bad = np.flatnonzero(np.isnat(days))
    if bad.size:
        line = table.lines[int(bad[0])]
        stop(
            f"{table.path.name} 第 {line} 行“time”列不是日期,无法定汛限水位",
            f"{table.path.name}, line {line}, column time: no date, which a season needs",
        )
    return days
