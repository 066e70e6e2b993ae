"""The word `surveil` and the options its commands share."""

import click

from fangxian.cli.files import FileGroup
from fangxian.cli.main import say


@click.group(
    cls=FileGroup,
    help=say(
        "传染病监测计算:探测、再生数、时空扫描、现况估计、演练推演。",
        "Epidemic surveillance: detect, Rt, scan, nowcast, simulate.",
    ),
)
def surveil_command() -> None:
    """Files in, files out; no database is touched."""


seed_option = click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
