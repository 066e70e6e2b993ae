"""The word `surveil` and the options its commands share."""

from pathlib import Path

import click

from fangxian.cli.main import say

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)
json_option = click.option(
    "--json", "as_json", is_flag=True, help=say("摘要用 JSON", "summary as JSON")
)


@click.group(help=say("传染病监测计算:探测、再生数、时空扫描、现况估计、演练推演。",
                      "Epidemic surveillance: detect, Rt, scan, nowcast, simulate."))  # fmt: skip
def surveil_command() -> None:
    """Files in, files out; no database is touched."""
