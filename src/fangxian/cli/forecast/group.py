"""The word `forecast` and the options its commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from fangxian.cli.files import FILE, FileGroup
from fangxian.cli.main import say


@click.group(
    cls=FileGroup,
    help=say(
        "洪水预报计算:模拟、率定、校正、评定、水库。",
        "Flood forecasts: simulate, calibrate, correct, verify, reservoir.",
    ),
)
def forecast_command() -> None:
    """Files in, files out; but for `rain` no database is touched."""


Word = TypeVar("Word", bound=Callable[..., Any])


def option(name: str, zh: str, en: str, **more: Any) -> Callable[[Word], Word]:
    """An option with its help in both languages; a default is shown."""
    return click.option(name, help=say(zh, en), show_default="default" in more, **more)


model_option = option(
    "--model",
    "新安江、GR4J(日)、GR4H(时)",
    "Xinanjiang, GR4J (daily), GR4H (hourly)",
    type=click.Choice(["xaj", "gr4j", "gr4h"]),
    required=True,
)
basin_option = click.option(
    "--basin", type=FILE, required=True, help="JSON: params, sub_areas_km2, dt_h, initial, ..."
)
forcing_option = option(
    "--forcing",
    "CSV 或 xlsx:时间、雨量、蒸发[、实测流量]",
    "CSV or xlsx: time, rain, evaporation[, observed flow]",
    type=FILE,
    required=True,
)
published_option = option(
    "--published",
    "照已发表程序(水量不闭合,仅供比对)",
    "as the published program (loses water, to compare)",
    is_flag=True,
)
flat_option = option(
    "--flat",
    "自由水容量不随产流面积减小",
    "free water whose capacity does not shrink with the area that runs off",
    is_flag=True,
)
rain_error_option = option(
    "--rain-error",
    "雨量相对误差",
    "relative error of the rain",
    type=click.FloatRange(0),
    default=0.3,
)
rain_memory_option = option(
    "--rain-memory",
    "雨量误差持续的步数",
    "steps over which the rain's error lasts",
    type=click.FloatRange(0),
    default=0.0,
)
seed_option = option(
    "--seed",
    "随机种子:同种子同结果",
    "random seed: same seed, same result",
    type=click.IntRange(0),
    default=1,
)
