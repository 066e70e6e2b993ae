"""`fangxian forecast uh`, `pa`, `spi`, `spei` and `rating`: one table in, one out."""

from collections.abc import Callable
from pathlib import Path

import click

from fangxian.cli.files import FILE, finish, json_option, out_option
from fangxian.cli.forecast.group import forecast_command, option
from fangxian.cli.forecast.plot import UNITS, draw, mark_option, plot_option
from fangxian.cli.main import say
from fangxian.spine.core.tables import write_table

POSITIVE = click.FloatRange(0, min_open=True)


def _two_numbers(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> tuple[float, float] | None:
    """N,K; exit 2 for what is none."""
    if text is None:
        return None
    try:
        a, b = map(float, text.replace(",", ",").split(","))
    except ValueError:
        zh, en = f"“{text}”应是两个数,如 3,2.5", f"{text!r} must be two numbers such as 3,2.5"
        raise click.BadParameter(say(zh, en)) from None
    return a, b


def _two_months(
    context: click.Context, given: click.Parameter, text: str | None
) -> tuple[int, int] | None:
    """EARLY,LATE; exit 2 for what are no months."""
    found = _two_numbers(context, given, text)
    if found is None:
        return None
    if not all(month in range(1, 13) for month in found):
        zh, en = f"“{text}”应是两个月份,如 6,8", f"{text!r} must be two months such as 6,8"
        raise click.BadParameter(say(zh, en))
    return int(found[0]), int(found[1])


@forecast_command.command(help=say("单位线:由净雨推流量", "flow of net rain by a unit hydrograph"))
@option(
    "--net", "CSV 或 xlsx:时间、净雨 mm", "CSV or xlsx: time, net (mm)", type=FILE, required=True
)
@option(
    "--ordinates",
    "单位线纵标:share(和为 1)或 flow_m3s",
    "ordinates: share (sum 1), or flow_m3s",
    type=FILE,
)
@option(
    "--nash",
    "瞬时单位线:水库个数 N、常数 K(时段数)",
    "Nash's N reservoirs with constant K, in steps",
    metavar="N,K",
    callback=_two_numbers,
)
@option(
    "--unit-rain",
    "flow_m3s 纵标对应的净雨 mm",
    "mm of net rain that ordinates in m3/s are of",
    type=POSITIVE,
    default=10.0,
)
@option(
    "--area",
    "流域面积 km²:给出 m³/s(否则 mm/时段)",
    "area in km2: flow in m3/s, else mm a step",
    type=POSITIVE,
)
@option(
    "--dt-h",
    "时段长 h(时间列不是时刻时)",
    "hours of a step, where the times do not say it",
    type=POSITIVE,
)
@mark_option
@plot_option
@out_option
@json_option
def uh(
    net: Path,
    ordinates: Path | None,
    nash: tuple[float, float] | None,
    unit_rain: float,
    area: float | None,
    dt_h: float | None,
    marks: dict[str, float],
    plot: Path | None,
    out: Path,
    as_json: bool,
) -> None:
    from fangxian.hazards.flood.forecast.indices import Unit, unit_flow

    if (ordinates is None) == (nash is None):
        zh, en = "--ordinates 与 --nash 须给其一", "one of --ordinates and --nash is needed"
        raise click.UsageError(say(zh, en))
    found = unit_flow(net, Unit(ordinates, nash, unit_rain, area, dt_h))
    write_table(out, found.answer.columns, found.answer.rows)
    if plot is not None:
        draw(
            plot,
            found.labels,
            title=say(f"单位线汇流:{net.name}", f"by unit hydrograph: {net.name}"),
            rain=found.rain,
            flow=found.flow,
            marks=marks,
            unit=UNITS[found.unit],
            name=say("计算", "computed"),
        )
    finish(found.answer, as_json, out=out)


@forecast_command.command(help=say("前期影响雨量 Pa(逐日)", "antecedent rain Pa, by day"))
@click.argument("source", type=FILE, metavar="IN")
@option(
    "--decay",
    "日消退系数 K",
    "what is left after a day",
    type=click.FloatRange(0, 1),
    required=True,
)
@option("--cap", "上限 Im,mm", "at most, mm", type=POSITIVE, required=True)
@option("--start", "首日的 Pa,mm", "Pa of the first day, mm", type=click.FloatRange(0), default=0.0)
@out_option
@json_option
def pa(source: Path, decay: float, cap: float, start: float, out: Path, as_json: bool) -> None:
    from fangxian.hazards.flood.forecast.indices import antecedent

    answer = antecedent(source, decay=decay, cap=cap, start=start)
    write_table(out, answer.columns, answer.rows)
    finish(answer, as_json, out=out)


def monthly_options(command: Callable[..., None]) -> Callable[..., None]:
    """What SPI and SPEI share, in this order."""
    for one in reversed(
        [
            click.argument("source", type=FILE, metavar="IN"),
            option(
                "--months",
                "累计几个月",
                "months that are added up",
                type=click.IntRange(1, 48),
                required=True,
            ),
            option(
                "--turn",
                "旱涝急转:前季、后季的末月,如 6,8",
                "sudden turn: last months of the early and the late season, such as 6,8",
                metavar="EARLY,LATE",
                callback=_two_months,
            ),
            out_option,
            json_option,
        ]
    ):
        command = one(command)
    return command


@forecast_command.command(help=say("标准化降水指数 SPI(月雨量)", "SPI of monthly rain"))
@monthly_options
def spi(source: Path, months: int, turn: tuple[int, int] | None, out: Path, as_json: bool) -> None:
    from fangxian.hazards.flood.forecast.drought import standardised

    answer = standardised(source, months=months, turn=turn)
    write_table(out, answer.columns, answer.rows)
    finish(answer, as_json, out=out)


@forecast_command.command(
    help=say("标准化降水蒸散指数 SPEI(月雨量、月蒸发)", "SPEI of monthly rain and evaporation")
)
@monthly_options
def spei(source: Path, months: int, turn: tuple[int, int] | None, out: Path, as_json: bool) -> None:
    from fangxian.hazards.flood.forecast.drought import standardised

    answer = standardised(source, months=months, turn=turn, balance=True)
    write_table(out, answer.columns, answer.rows)
    finish(answer, as_json, out=out)


@forecast_command.command(
    help=say(
        "水位流量关系:查流量或水位,不外延", "stage to flow and back by a curve, never extended"
    )
)
@click.argument("curve", type=FILE, metavar="CURVE")
@click.argument("source", type=FILE, metavar="IN")
@option(
    "--to",
    "flow 由水位查流量;level 由流量查水位",
    "flow: of levels; level: of flows",
    type=click.Choice(["flow", "level"]),
    required=True,
)
@out_option
@json_option
def rating(curve: Path, source: Path, to: str, out: Path, as_json: bool) -> None:
    from fangxian.hazards.flood.forecast.rating import rate

    answer = rate(curve, source, to=to)
    write_table(out, answer.columns, answer.rows)
    finish(answer, as_json, out=out)
