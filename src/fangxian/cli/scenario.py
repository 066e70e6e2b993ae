"""`fangxian scenario`: the clock of a drill."""

from pathlib import Path

import click

from .demo import PLACE
from .main import say


@click.command(
    help=say(
        "演练时钟:pause、speed N、jump 时刻、show。",
        "The drill's clock: pause, speed N, jump TIME, show.",
    )
)
@click.argument("verb", type=click.Choice(["show", "pause", "speed", "jump"]))
@click.argument("value", required=False)
@click.option("--data", type=click.Path(path_type=Path), default=None)
def scenario_command(verb: str, value: str | None, data: Path | None) -> None:
    from datetime import datetime

    from fangxian.ops.demo.folder import demo_folder
    from fangxian.spine.core.clock import BEIJING, ScenarioClock, beijing
    from fangxian.spine.core.problems import Problem

    folder = demo_folder(data) or PLACE
    times = ScenarioClock(folder / "clock.json")
    if not times.path.is_file():
        named = data or folder
        zh, en = f"{named} 不是演练目录,没有时钟", f"{named} is no drill's folder: it has no clock"
        raise Problem("call.wrong", zh=zh, en=en)
    if verb == "pause":
        times.set(speed=0)
    elif verb == "speed":
        if value is None or not value.replace(".", "", 1).isdigit():
            raise click.UsageError(say("speed 后面是倍数", "speed takes a number"))
        times.set(speed=float(value))
    elif verb == "jump":
        try:
            at = datetime.fromisoformat(value or "")
        except ValueError:
            raise click.UsageError(
                say(
                    "jump 后面是时刻,如 2016-09-15T02:00",
                    "jump takes a time such as 2016-09-15T02:00",
                )
            ) from None
        times.set(at=at if at.tzinfo else at.replace(tzinfo=BEIJING))
    click.echo(f"{beijing(times.now()):%Y-%m-%d %H:%M:%S} ×{times.speed:g}")
