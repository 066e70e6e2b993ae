"""`fangxian forecast verify` and `reservoir`."""

from pathlib import Path

import click

from fangxian.cli.files import FILE, OUT, finish, json_option, out_option
from fangxian.cli.forecast.group import forecast_command, option
from fangxian.cli.forecast.plot import draw, mark_option, plot_option
from fangxian.cli.main import say
from fangxian.spine.core.tables import write_table


@forecast_command.command(
    help=say(
        "精度评定(GB/T 22482):分预见期、分洪水",
        "verify and grade (GB/T 22482), by lead and by event",
    )
)
@option("--observed", "CSV:时间、实测流量", "CSV: time, observed flow", type=FILE, required=True)
@option(
    "--forecast",
    "time, flow;或 issued, lead, corrected|flow, q05, q95, m1…",
    "time, flow; or issued, lead, corrected|flow, q05, q95, m1..",
    type=FILE,
    required=True,
)
@click.option("--events", type=FILE, help="CSV: start, end")
@option(
    "--area",
    "流域面积 km²(评定径流深)",
    "area in km2, for runoff depths",
    type=click.FloatRange(0, min_open=True),
)
@option(
    "--dt-h",
    "时段长 h(时间列不是时刻时)",
    "hours of a step, where the times do not say it",
    type=click.FloatRange(0, min_open=True),
)
@option(
    "--lead",
    "无 lead 列时的预见期步数",
    "lead in steps where the file has no lead",
    type=click.IntRange(1),
    default=1,
)
@option("--mark", "警戒流量", "a warning mark", type=float)
@option("--out", "分预见期表 CSV", "the table by lead, CSV", type=OUT)
@json_option
def verify(
    observed: Path,
    forecast: Path,
    events: Path | None,
    area: float | None,
    dt_h: float | None,
    lead: int,
    mark: float | None,
    out: Path | None,
    as_json: bool,
) -> None:
    from fangxian.hazards.flood.forecast.verify import Asked
    from fangxian.hazards.flood.forecast.verify import verify as judge

    answer = judge(observed, forecast, Asked(events, area, dt_h, lead, mark))
    if out is not None:
        write_table(out, answer.columns, answer.rows)
    if not as_json:
        answer.told.pop("events", None)  # the same as ``floods``, by item and with tolerances
    finish(answer, as_json)


@forecast_command.command(help=say("水库调洪试算", "carry a flood through a reservoir"))
@click.option(
    "--reservoir",
    "described",
    type=FILE,
    required=True,
    help="JSON: levels, volumes, outlet_levels, outlet_flows, dead, limit, release, top, "
    "dt_h; seasons: [{from, to, level}]; gates: [{name, levels, openings, flows}]",
)
@option(
    "--inflow",
    "CSV:time, flow[, plan | 各闸门名(开度 m)]",
    "CSV: time, flow[, plan | a column of openings (m) for each gate]",
    type=FILE,
    required=True,
)
@option("--level", "起调水位", "level at the start, m", type=float, required=True)
@mark_option
@plot_option
@out_option
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
    from fangxian.hazards.flood.forecast.reservoir import route_flood

    found = route_flood(described, inflow, level)
    write_table(out, found.answer.columns, found.answer.rows)
    if plot is not None:
        draw(
            plot,
            found.labels,
            title=say(f"水库调洪:{inflow.name}", f"reservoir: {inflow.name}"),
            observed=found.inflow,
            flow=found.outflow,
            marks=marks,
            level=found.level,
            unit="m³/s",
            seen=say("入库", "inflow"),
            name=say("出库", "outflow"),
        )
    finish(found.answer, as_json, out=out)
