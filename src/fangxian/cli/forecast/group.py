"""The word `forecast`."""

import click

from fangxian.cli.main import say


@click.group(
    help=say(
        "洪水预报计算:模拟、率定、校正、评定、水库。",
        "Flood forecasts: simulate, calibrate, correct, verify, reservoir.",
    )
)
def forecast_command() -> None:
    """Files in, files out; no database is touched."""
