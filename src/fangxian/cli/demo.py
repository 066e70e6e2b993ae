"""`fangxian demo` and `fangxian scenario`: Meranti replayed as a drill, and its clock."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click

from .main import say, start_django, start_ready, tell

NAME = "meranti"
PASSWORD = "fangxian-demo"  # noqa: S105 - of a drill on this machine only, printed at start


@click.command(
    help=say(
        "重演莫兰蒂台风:真实路径,模拟雨量水位,全程演练标识。",
        "Replay Meranti: the real track, modelled rain and levels, marked as a drill.",
    )
)
@click.option("--headless", is_flag=True, help=say("全速运行并统计", "full speed, counts only"))
@click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "JSON on stdout"))
@click.option("--speed", default=600.0, show_default=True, help=say("倍速", "times real time"))
@click.option(
    "--audit",
    is_flag=True,
    help=say("每十分钟用原始数据核对值班台", "hold the desk against raw data"),
)
@click.option("--hours", default=72, show_default=True, help=say("时长(小时)", "hours to replay"))
@click.option(
    "--data", type=click.Path(path_type=Path), default=None, help=say("数据目录", "data folder")
)
@click.option(
    "--desk",
    is_flag=True,
    help=say("值班台留给屏幕前的人", "leave the desks to whoever sits at the screen"),
)
def demo_command(
    headless: bool,
    as_json: bool,
    speed: float,
    hours: int,
    data: Path | None,
    desk: bool,
    audit: bool,
) -> None:
    if headless:
        sys.exit(_headless(as_json, hours, data, desk, audit))
    _live(speed, hours, data or Path("var/demo"), desk)


def _prepare(folder: Path) -> None:
    """A fresh drill folder: made once, then copied from the one kept beside it."""
    from fangxian.ops.demo.template import keep_template, take_template

    if not take_template(folder):
        start_django()
        from fangxian.ops.demo.setup import make_drill

        make_drill(password=PASSWORD)
        keep_template(folder)


def _environment(folder: Path) -> dict[str, str]:
    port = os.environ.get("FANGXIAN_GATEWAY_PORT", "6511")
    return {
        "FANGXIAN_DATA_DIR": str(folder),
        "FANGXIAN_GATEWAY_URL": f"http://127.0.0.1:{port}",
        "FANGXIAN_GATEWAY_SECRET": f"drill:{NAME}|{secrets.token_urlsafe(16)}",
        "FANGXIAN_GATEWAY_PORT": port,
    }


def _mark(folder: Path, speed: float) -> None:
    """Mark the folder as a drill's before Django reads the configuration."""
    from fangxian.ops.demo.storm_time import STARTS_AT
    from fangxian.ops.folder import mark_drill

    mark_drill(folder, name=NAME, at=STARTS_AT, speed=speed)


def _headless(as_json: bool, hours: int, data: Path | None, desk: bool, audit: bool) -> int:
    folder = data or Path(tempfile.mkdtemp(prefix="fangxian-demo-"))
    _mark(folder, 0)
    from fangxian.cli.ports import free_port

    os.environ["FANGXIAN_GATEWAY_PORT"] = str(free_port())
    environment = _environment(folder)
    os.environ.update(environment)
    began = time.monotonic()
    _prepare(folder)
    gateway = subprocess.Popen(
        [sys.executable, "-m", "fangxian.cli", "gateway"], env={**os.environ, **environment}
    )
    try:
        start_django()
        from fangxian.ops.demo.headless import run

        counts = run(_bar(as_json), hours, desk=desk, audit=audit)
    finally:
        gateway.terminate()
        gateway.wait(10)
        if data is None:
            shutil.rmtree(folder, ignore_errors=True)
    counts["total_s"] = round(time.monotonic() - began, 1)
    if as_json:
        click.echo(json.dumps(counts, ensure_ascii=False, indent=1, default=str))
    else:
        for key, value in counts.items():
            click.echo(f"{key}: {value}")
    return 0 if counts["ok"] else 1


def _bar(quiet: bool) -> Callable[[int, int], None]:
    def show(hour: int, hours: int) -> None:
        if sys.stderr.isatty():
            done = 30 * hour // hours
            end = "\n" if hour == hours else ""
            text = say("重演", "replay")
            click.echo(
                f"\r{text} [{'█' * done}{'·' * (30 - done)}] {hour}/{hours} h{end}",
                err=True,
                nl=False,
            )
        elif not quiet and hour % 12 == 0:
            tell(f"{hour}/{hours} h")

    return show


def _live(speed: float, hours: int, folder: Path, desk: bool) -> None:
    folder = folder.resolve()
    if (folder / "scenario.json").exists() or not folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
    elif any(folder.iterdir()):
        raise click.UsageError(
            say(
                f"{folder} 不是演练目录,不会清空。",
                f"{folder} is not a drill's folder; it is not emptied.",
            )
        )
    _mark(folder, 0)
    os.environ.update(_environment(folder))
    _prepare(folder)
    from fangxian.ops.supervisor import supervise
    from fangxian.spine.core.config import config

    url = config().url
    tell(
        say(
            f"""
  防线 演练:2016年第14号台风莫兰蒂,{speed:g} 倍速
  打开 {url}
  账号 lin(值班员) huang(指挥长) zheng(水情) chen(和溪镇长) guan(管理员)
  口令 {PASSWORD}
  时钟 ./run scenario pause | speed 60 | jump 2016-09-15T02:00
  Ctrl-C 结束。雨量水位全部是模拟值,任何真实通道都不可达。
""",
            f"""
  Fangxian drill: typhoon Meranti (1614), {speed:g} times real time
  open {url}
  accounts lin (duty officer) huang (commander) zheng (hydrologist) chen (town head) guan (admin)
  password {PASSWORD}
  clock ./run scenario pause | speed 60 | jump 2016-09-15T02:00
  Ctrl-C ends it. All rain and levels are modelled; no real channel can be reached.
""",
        )
    )
    words = [
        ["web"],
        ["worker"],
        ["reach"],
        ["intake"],
        ["gateway"],
        [
            "demo-replay",
            "--speed",
            str(speed),
            "--hours",
            str(hours),
            *(["--desk"] if desk else []),
        ],
    ]
    supervise(words)


@click.command(help=say("演练的测站与值守。", "The demo's stations and desks."))
@click.option("--hours", default=72)
@click.option("--speed", default=600.0)
@click.option("--desk", is_flag=True)
def demo_replay_command(hours: int, speed: float, desk: bool) -> None:
    start_ready()
    from fangxian.ops.demo.replay import replay
    from fangxian.ops.supervisor import wait_for_port
    from fangxian.spine.core import clock
    from fangxian.spine.core.config import config

    wait_for_port(config().sl651_port, 60)  # the clock starts when the intake's door is open
    times = clock.current()
    if isinstance(times, clock.ScenarioClock):
        times.set(speed=speed)
    replay(hours=hours, desk=desk, progress=_bar(quiet=False))


@click.command(
    help=say(
        "演练时钟:pause、speed N、jump 时刻、show。",
        "The drill's clock: pause, speed N, jump TIME, show.",
    )
)
@click.argument("verb", type=click.Choice(["show", "pause", "speed", "jump"]))
@click.argument("value", required=False)
@click.option("--data", type=click.Path(path_type=Path), default=Path("var/demo"))
def scenario_command(verb: str, value: str | None, data: Path) -> None:
    from datetime import datetime

    from fangxian.spine.core.clock import BEIJING, ScenarioClock, beijing
    from fangxian.spine.core.problems import Problem

    if not (data / "clock.json").is_file():
        zh, en = f"{data} 不是演练目录,没有时钟", f"{data} is no drill's folder: it has no clock"
        raise Problem("call.wrong", zh=zh, en=en)
    times = ScenarioClock(data / "clock.json")
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
