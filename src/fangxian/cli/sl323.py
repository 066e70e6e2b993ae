"""`fangxian sl323`: the real-time rain and water tables looked at, taken in, written out."""

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

import click

from .files import tell_some
from .main import language, say, start_ready


def _window(since: str, until: str) -> "tuple[datetime | None, datetime | None]":
    """Beijing times as written; a day alone is all of it."""
    from fangxian.hazards.flood.sl323.form import moment

    begin, end = moment(since), moment(until)
    for text, at in ((since, begin), (until, end)):
        if text and at is None:
            zh, en = f"“{text}”不是时间，如 2016-09-14 08:00", f"{text!r} is no time"
            raise click.UsageError(say(zh, en))
    if end and not {" ", "T"} & set(until.strip()):
        end += timedelta(days=1, seconds=-1)
    if begin and end and begin > end:
        raise click.UsageError(say("止在起之前", "the window ends before it begins"))
    return begin, end


@click.group(
    help=say("实时雨水情库（SL 323）：检查、收入、导出。", "SL 323 tables: check, in, out.")
)
def sl323_command() -> None:
    """SL 323."""


_source = click.argument("source")
_from = click.option(
    "--from", "since", default="", help=say("读数自（北京时）", "readings from (Beijing)")
)
_to = click.option(
    "--to",
    "until",
    default="",
    help=say("读数至；只写日期算整天", "until; a day alone is all of it"),
)
_json = click.option("--json", "as_json", is_flag=True)


@sl323_command.command(
    help=say(
        "看一个库有什么、缺什么、缺了会怎样。SOURCE：CSV 文件夹、xlsx、SQLite 文件或 postgresql:// 地址。",
        "What a source has, lacks, and what that disables. SOURCE: a folder of CSV, an xlsx, an "
        "SQLite file or a postgresql:// address.",
    )
)
@_source
@_json
def check(source: str, as_json: bool) -> None:
    start_ready()
    from fangxian.hazards.flood.sl323.report import look
    from fangxian.hazards.flood.sl323.sources import open_source
    from fangxian.hazards.flood.sl323.taking import summary

    report = look(open_source(source))
    if as_json:
        click.echo(json.dumps(report.told(), ensure_ascii=False))
        return
    here = len(report.missing) + len(report.empty)
    click.echo(
        say(
            f"缺表 {len(report.missing)}，空表 {len(report.empty)}",
            f"{here} tables missing or empty",
        )
    )
    for zh, en in summary(report):
        click.echo("  " + say(zh, en))


@sl323_command.command(
    "import",
    help=say(
        "收入站、任务、指标、界限、曲线和一段时间的读数；再收一次不变。有行未收退出码 3。",
        "Take stations, tasks, marks, limits, curves, and readings of a window; again changes "
        "nothing. Exit 3 where rows were refused.",
    ),
)
@_source
@_from
@_to
@_json
def import_tables(source: str, since: str, until: str, as_json: bool) -> None:
    start_ready()
    import fangxian.wiring  # noqa: F401 - doors and rules are declared
    from fangxian.hazards.flood.sl323.sources import open_source
    from fangxian.hazards.flood.sl323.taking import summary, take_tables
    from fangxian.spine.core.rights import SYSTEM

    def done(table: str, n: int) -> None:
        click.echo(say(f"  {table} … 读数 {n}", f"  {table} … {n} readings"), err=True)

    begin, end = _window(since, until)
    report = take_tables(open_source(source), by=SYSTEM, since=begin, until=end, done=done)
    if as_json:
        click.echo(json.dumps(report.told(), ensure_ascii=False))
    else:
        n, changed = report.readings, report.changed
        click.echo(say(f"读数 {n}，变动 {changed}", f"{n} readings, {changed} changed"))
        tell_some([zh if language() == "zh" else en for zh, en in summary(report)])
    sys.exit(3 if report.refused or report.unjoined else 0)


@sl323_command.command(
    "export",
    help=say("写出为 CSV 文件夹。", "Write a folder of CSV files."),
)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@_from
@_to
@_json
def export(folder: Path, since: str, until: str, as_json: bool) -> None:
    start_ready()
    import fangxian.wiring  # noqa: F401 - doors and rules are declared
    from fangxian.hazards.flood.sl323.giving import give_tables
    from fangxian.spine.core import clock
    from fangxian.spine.core.rights import SYSTEM

    begin, end = _window(since, until)
    end = end or clock.now()
    begin = begin or end - timedelta(days=7)
    told = give_tables(folder, by=SYSTEM, since=begin, until=end)
    if as_json:
        click.echo(json.dumps(told))
        return
    for table, n in told.items():
        click.echo(say(f"{table}：{n} 行", f"{table}: {n} rows"))
