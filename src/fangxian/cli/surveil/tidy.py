"""`fangxian surveil tidy`: counts made whole by choices that are named."""

from pathlib import Path

import click

from fangxian.cli.files import FILE, finish, json_option, out_option
from fangxian.cli.main import language, say
from fangxian.cli.surveil.group import surveil_command
from fangxian.spine.core.tables import write_table


@surveil_command.command(
    help=say(
        "整理病例数:补日期、扣负数、摊补报;每处改动写在行里",
        "make counts whole: dates, negatives, backlogs; each change is said in its row",
    )
)
@click.argument("source", type=FILE, metavar="IN")
@click.option(
    "--gaps",
    type=click.Choice(["missing", "zero"]),
    help=say(
        "没有行的日期:missing 补空行,zero 填 0(缺省不补)",
        "dates without a row: missing adds an empty row, zero a 0 (default: none)",
    ),
)
@click.option(
    "--empty",
    type=click.Choice(["zero"]),
    help=say("有行无数:zero 填 0(缺省留空)", "rows without a count: zero (default: left)"),
)
@click.option(
    "--negative",
    type=click.Choice(["back"]),
    help=say(
        "负数:back 从前面的日子扣回,近的先扣(缺省拒绝)",
        "negative counts: back takes them off the days before, newest first (default: refused)",
    ),
)
@click.option(
    "--spread",
    multiple=True,
    metavar="[SERIES=]DATE:DAYS",
    help=say(
        "补报日:把当日数均摊到连同当日的若干期,如 2022-01-20:7;可多次",
        "a backlog: its count is spread over so many periods, itself the last; may be repeated",
    ),
)
@out_option
@json_option
def tidy(
    source: Path,
    gaps: str | None,
    empty: str | None,
    negative: str | None,
    spread: tuple[str, ...],
    out: Path,
    as_json: bool,
) -> None:
    from fangxian.hazards.epidemic.sentinel.tidy import Asked
    from fangxian.hazards.epidemic.sentinel.tidy import tidy as make_whole

    answer = make_whole(source, Asked(gaps, empty, negative, spread), language=language())
    write_table(out, answer.columns, answer.rows)
    finish(answer, as_json, out=out)
