"""`fangxian demo`: a scenario replayed as a drill."""

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
from typing import TYPE_CHECKING, Any

import click

from .main import say, start_django, start_ready, tell

if TYPE_CHECKING:
    from fangxian.ops.demo.scenario import Scenario

PLACE = Path("var/demo")
WEB_MOST_S = 60.0  # so long the pages may take to come up


@click.command(
    help=say(
        "重演一个剧情(默认莫兰蒂台风):真实过程,模拟细节,全程演练标识。",
        "Replay a scenario (Meranti by default): real course, modelled detail, marked as a drill.",
    )
)
@click.option("--headless", is_flag=True, help=say("全速运行并统计", "full speed, counts only"))
@click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "JSON on stdout"))
@click.option("--speed", default=600.0, show_default=True, help=say("倍速", "times real time"))
@click.option(
    "--audit",
    is_flag=False,
    flag_value=10,
    default=0,
    metavar="[MINUTES]",
    help=say("每十分钟用原始数据核对值班台", "hold the desk against raw data, each ten minutes"),
)
@click.option(
    "--hours", type=int, help=say("时长(小时)，默认整个剧情", "hours to replay; default all")
)
@click.option(
    "--scenario",
    default="meranti",
    show_default=True,
    help=say("剧情：meranti、fujian-2021、both", "meranti, fujian-2021 or both"),
)
@click.option(
    "--scenario-dir",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help=say("自备的剧情目录(docs/scenarios.md)", "a scenario of your own (docs/scenarios.md)"),
)
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
    hours: int | None,
    data: Path | None,
    desk: bool,
    audit: int,
    scenario: str,
    scenario_dir: Path | None,
) -> None:
    from fangxian.ops.demo.scenario import shipped

    source = scenario_dir or shipped(scenario)
    told = _examined(source)
    if headless:
        sys.exit(_headless(source, told, as_json, hours, data, desk, audit))
    _live(source, told, speed, hours, data, desk)


def _examined(source: Path) -> "Scenario":
    """The scenario of a folder, looked through before anything is moved or made."""
    from fangxian.ops.demo.scenario import keep_scenario

    with tempfile.TemporaryDirectory() as beside:
        return keep_scenario(source, Path(beside) / "scenario")


def _prepare(folder: Path) -> None:
    """A fresh drill folder: made once, then copied from the one kept beside it."""
    from fangxian.ops.demo.folder import story_password
    from fangxian.ops.demo.scenario import scenario_of
    from fangxian.ops.demo.template import keep_template, take_template

    if not take_template(folder):
        start_django()
        from fangxian.ops.demo.setup import make_drill

        make_drill(scenario_of(folder), password=story_password())
        keep_template(folder)


def _environment(folder: Path, name: str) -> dict[str, str]:
    port = os.environ.get("FANGXIAN_GATEWAY_PORT", "6511")
    return {
        "FANGXIAN_DATA_DIR": str(folder),
        "FANGXIAN_GATEWAY_URL": f"http://127.0.0.1:{port}",
        "FANGXIAN_GATEWAY_SECRET": f"drill:{name}|{secrets.token_urlsafe(16)}",
        "FANGXIAN_GATEWAY_PORT": port,
    }


def _mark(folder: Path, source: Path, told: "Scenario") -> None:
    """Mark the folder as a drill's before Django reads the configuration, and keep its scenario."""
    from fangxian.ops.demo.scenario import KEPT, keep_scenario
    from fangxian.ops.folder import mark_drill

    mark_drill(folder, name=told.name, at=told.starts_at, speed=0)
    story = keep_scenario(source, folder / KEPT).story()
    (folder / "story.toml").write_text(story)


def _claim(folder: Path) -> None:
    """Be the only demo of the folder until the process ends. Raises ``folder.busy`` where another
    demo runs, UsageError where it is not for a demo."""
    from fangxian.ops.demo.folder import holders, is_strange
    from fangxian.ops.lock import hold

    if is_strange(folder):
        raise click.UsageError(
            say(
                f"{folder} 不是演练目录,不会动它。",
                f"{folder} is not a drill's folder; it is left alone.",
            )
        )
    hold("demo")
    if names := holders(folder):
        raise click.UsageError(
            say(
                f"{folder} 里还有进程在运行({'、'.join(names)}),请先停掉。",
                f"processes still work in {folder} ({', '.join(names)}); stop them first.",
            )
        )


def _set_aside(folder: Path) -> None:
    """An earlier drill in the folder makes room and is kept."""
    from fangxian.ops.demo.folder import set_aside

    try:
        aside = set_aside(folder)
    except OSError as error:
        raise click.UsageError(
            say(f"{folder} 移不开:{error}", f"{folder} cannot be set aside: {error}")
        ) from None
    if aside:
        tell(
            say(
                f"上一次演练移到 {aside},不需要时可自行删除。",
                f"The earlier drill lies in {aside}; delete it when it is no longer wanted.",
            )
        )


def _headless(
    source: Path,
    told: "Scenario",
    as_json: bool,
    hours: int | None,
    data: Path | None,
    desk: bool,
    audit: int,
) -> int:
    from fangxian.cli.ports import free_port
    from fangxian.ops.demo.folder import demo_folder

    asked = demo_folder(data)
    folder = asked or Path(tempfile.mkdtemp(prefix="fangxian-demo-"))
    os.environ["FANGXIAN_GATEWAY_PORT"] = str(free_port())
    os.environ["FANGXIAN_PORT"] = str(free_port())
    os.environ.update(_environment(folder, told.name))
    began = time.monotonic()
    try:
        _claim(folder)
        _set_aside(folder)
        _mark(folder, source, told)
        _prepare(folder)
        counts = _replayed(folder, as_json, hours, desk, audit)
    finally:
        if asked is None:
            shutil.rmtree(folder, ignore_errors=True)
    counts["total_s"] = round(time.monotonic() - began, 1)
    if as_json:
        click.echo(json.dumps(counts, ensure_ascii=False, indent=1, default=str))
    else:
        for key, value in counts.items():
            click.echo(f"{key}: {value}")
    return 0 if counts["ok"] else 1


def _replayed(
    folder: Path, as_json: bool, hours: int | None, desk: bool, audit: int
) -> dict[str, Any]:
    """Replay the folder's scenario beside a gateway, and the pages where something asks them."""
    from fangxian.ops.demo.scenario import scenario_of
    from fangxian.ops.supervisor import wait_for_port

    words = ["gateway", *(["web"] if scenario_of(folder).inputs() else [])]
    children = [
        subprocess.Popen([sys.executable, "-m", "fangxian.cli", word], env=dict(os.environ))
        for word in words
    ]
    try:
        start_django()
        if "web" in words and not wait_for_port(int(os.environ["FANGXIAN_PORT"]), WEB_MOST_S):
            zh, en = (
                "网页进程没有起来，报告发不出去",
                "the pages did not come up: nothing can report",
            )
            raise click.ClickException(say(zh, en))
        from fangxian.ops.demo.headless import run

        return run(_bar(as_json), hours, desk=desk, audit=audit)
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(10)


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


def _live(
    source: Path,
    told: "Scenario",
    speed: float,
    hours: int | None,
    data: Path | None,
    desk: bool,
) -> None:
    from fangxian.ops.demo.folder import demo_folder, say_running, story_password
    from fangxian.ops.supervisor import supervise
    from fangxian.spine.core.config import ConfigError, config
    from fangxian.spine.core.problems import Problem

    folder = demo_folder(data) or PLACE.resolve()
    os.environ.update(_environment(folder, told.name))
    try:
        url = config().url
        _claim(folder)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    except Problem as problem:
        if problem.code != "folder.busy":
            raise
        _join(folder)
        return
    _refuse_taken_ports()
    _set_aside(folder)
    _mark(folder, source, told)
    say_running(folder, url)
    _prepare(folder)
    password = story_password()
    tell(
        say(
            f"""
  防线 演练:{told.zh},{speed:g} 倍速
  打开 {url}
  登录页列出演练人员,按“坐下”即可;页顶讲剧情,也可暂停、变速、跳到下一节点
  账号 lin(值班员) huang(指挥长) zheng(水情) chen(和溪镇长) guan(管理员)
  口令 {password}
  时钟 ./run scenario pause | speed 60 | jump {told.starts_at:%Y-%m-%d}T20:00
  Ctrl-C 结束。雨量水位、病例和医院全部是模拟的,任何真实通道都不可达。
""",
            f"""
  Fangxian drill: {told.en}, {speed:g} times real time
  open {url}
  the log-in page lists the cast, one press sits down; each page tells the story and has the clock
  accounts lin (duty officer) huang (commander) zheng (hydrologist) chen (town head) guan (admin)
  password {password}
  clock ./run scenario pause | speed 60 | jump {told.starts_at:%Y-%m-%d}T20:00
  Ctrl-C ends it. All rain, levels, cases and hospitals are modelled; no real channel can be reached.
""",
        )
    )
    words = [
        ["web"],
        ["worker"],
        ["reach"],
        ["intake"],
        ["compute"],
        ["auditor"],
        ["upkeep"],
        ["gateway"],
        [
            "demo-replay",
            "--speed",
            str(speed),
            "--hours",
            str(hours or told.hours),
            *(["--desk"] if desk else []),
        ],
    ]
    supervise(words)


def _join(folder: Path) -> None:
    """Somebody was first: say where."""
    from fangxian.ops.demo.folder import running_at

    url = running_at(folder)
    if url is None:
        tell(say("演练正在启动,请稍候再试。", "The demo is just starting; try again in a moment."))
        sys.exit(1)
    tell(say(f"演练已在运行({folder}),打开:", f"The demo runs already ({folder}); open:"))
    click.echo(url)


def _refuse_taken_ports() -> None:
    """A door that somebody else holds would only make a child fail again and again."""
    from fangxian.cli.ports import is_taken
    from fangxian.spine.core.config import config

    doors = {name: getattr(config(), name) for name in ("port", "sl651_port", "gateway_port")}
    for name, port in doors.items():
        if is_taken(port):
            setting = f"FANGXIAN_{name.upper()}"
            raise click.UsageError(
                say(
                    f"端口 {port} 已被占用;用 {setting}=另一个端口 再启动。",
                    f"port {port} is taken; start again with another {setting}.",
                )
            )


@click.command(help=say("演练的测站与值守。", "The demo's stations and desks."))
@click.option("--hours", type=int)
@click.option("--speed", default=600.0)
@click.option("--desk", is_flag=True)
def demo_replay_command(hours: int | None, speed: float, desk: bool) -> None:
    start_ready()
    from fangxian.ops.demo.replay import replay
    from fangxian.ops.supervisor import wait_for_port
    from fangxian.spine.core.config import config

    wait_for_port(config().sl651_port, 60)  # the clock starts when the intake's door is open
    replay(hours=hours, desk=desk, speed=speed, progress=_bar(quiet=False))
