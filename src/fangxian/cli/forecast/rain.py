"""`fangxian forecast rain`: rain forecasts of others into the data folder."""

from datetime import datetime
from pathlib import Path

import click

from fangxian.cli.files import finish, json_option
from fangxian.cli.forecast.group import forecast_command, option
from fangxian.cli.main import say, start_ready


def _moment(_context: click.Context, _option: click.Parameter, text: str | None) -> datetime | None:
    """Beijing without an offset; exit 2 for what is no time."""
    from fangxian.spine.core.tables import UnreadableError, read_moment

    if text is None:
        return None
    try:
        return read_moment(text).at
    except UnreadableError as error:
        raise click.BadParameter(say(error.zh, error.en)) from None


@forecast_command.command(
    help=say(
        "收入雨量预报（入库，每次都留）：CSV、xlsx、ASC 格网、NetCDF，或它们的文件夹。"
        "再收一次不变；有未收的退出码 3。",
        "Take rain forecasts into the data folder, each issue kept: CSV, xlsx, ASC grids, NetCDF, "
        "or a folder of them. Again changes nothing. Exit 3 where some were refused.",
    )
)
@click.argument("path", type=click.Path(exists=True, path_type=Path), metavar="FILE|FOLDER")
@option("--source", "谁的预报", "whose forecast", required=True)
@option(
    "--issued",
    "发布时刻（北京时），文件没有时",
    "when it was issued (Beijing), where the file does not say",
    callback=_moment,
)
@option(
    "--member",
    "成员名，文件没有时；有则只收这一个",
    "name of the member where the file tells none, else the only one taken",
)
@click.option(
    "--accumulated/--hourly",
    default=None,
    help=say(
        "雨量是自发布起的累计 / 逐小时（默认照文件）",
        "rain counted on from the issue / by the hour; default: as the file says",
    ),
)
@json_option
def rain(
    path: Path,
    source: str,
    issued: datetime | None,
    member: str | None,
    accumulated: bool | None,
    as_json: bool,
) -> None:
    start_ready()
    import fangxian.wiring  # noqa: F401 - subjects and their problems are declared
    from fangxian.hazards.flood.forecast.rain_files import Asked, take_files
    from fangxian.spine.core.rights import SYSTEM

    answer = take_files(path, Asked(source, issued, member, accumulated), by=SYSTEM)
    nothing = not answer.told["taken"] and not answer.told["same"]
    finish(answer, as_json, failed=nothing and bool(answer.errors or answer.told["refused"]))
