"""`fangxian forecast fill`: short gaps filled by a named method."""

from pathlib import Path

import click

from fangxian.cli.files import FILE, finish, json_option, out_option
from fangxian.cli.forecast.group import forecast_command, option
from fangxian.cli.main import say
from fangxian.spine.core.tables import write_table


@forecast_command.command(
    help=say(
        "补时间轴上的短缺口;补了什么写在行里",
        "fill short gaps of the time axis; what was filled is said in its row",
    )
)
@click.argument("source", type=FILE, metavar="IN")
@option(
    "--method",
    "linear 前后线性插值;last 沿用前值;zero 填 0",
    "linear: between before and after; last: the value before; zero",
    type=click.Choice(["linear", "last", "zero"]),
    required=True,
)
@option(
    "--most",
    "最长补几步,更长的不补并报出",
    "the longest gap that is filled, in steps; a longer one is left and named",
    type=click.IntRange(1, 1000),
    default=3,
)
@option(
    "--column",
    "只补这一列(缺省为全部数值列);可多次",
    "this column alone (default: all of numbers); may be repeated",
    multiple=True,
)
@out_option
@json_option
def fill(
    source: Path, method: str, most: int, column: tuple[str, ...], out: Path, as_json: bool
) -> None:
    from fangxian.hazards.flood.forecast.fill import fill as made

    answer = made(source, method=method, most=most, columns=column)
    write_table(out, answer.columns, answer.rows)
    finish(answer, as_json, out=out)
