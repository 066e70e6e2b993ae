"""`fangxian drill`: a live drill's folder, its score, its end."""

import json
from pathlib import Path
from typing import Any

import click

from .main import language, say, start_ready, tell


@click.group(help=say("演练:开演练目录、评分、一步结束。", "Drills: their folder, score and end."))
def drill_command() -> None:
    """Drills."""


@drill_command.command(
    name="open",
    help=say(
        "为一次实战演练另开目录(复制台账,改不到正式数据,发不到真渠道)。",
        "Make the folder of a live drill: a copy of the records that reaches nobody real.",
    ),
)
@click.argument("key", type=int)
@click.option("--into", "target", type=click.Path(path_type=Path), required=True)
@click.option("--speed", type=float, default=1.0, show_default=True)
def open_(key: int, target: Path, speed: float) -> None:
    start_ready()
    from fangxian.ops.drills import open_folder
    from fangxian.spine.core import clock
    from fangxian.spine.core.config import config
    from fangxian.spine.core.problems import Problem
    from fangxian.spine.ready.models import Drill

    if config().drill or not Drill.objects.filter(pk=key, kind="live").exists():
        zh = f"没有实战演练 {key}(在正式目录里、种类为实战的才能开)"
        raise Problem("call.wrong", zh=zh, en=f"there is no live drill {key} in a real folder")
    open_folder(source=config().data_dir, target=target, drill=key, at=clock.now(), speed=speed)
    tell(
        say(
            f"已开。运行 FANGXIAN_DATA_DIR={target} fangxian serve,在演练页点“开始”。",
            f"Made. Run FANGXIAN_DATA_DIR={target} fangxian serve and press begin on its page.",
        )
    )


@drill_command.command(
    help=say("评分:每步几分钟、是否及时。", "Score: minutes a step, in time or not.")
)
@click.argument("key", type=int)
@click.option("--json", "as_json", is_flag=True)
def score(key: int, as_json: bool) -> None:
    start_ready()
    from fangxian.spine.command.drilled import scored

    k = 0 if language().startswith("zh") else 1
    rows: list[dict[str, Any]] = [
        {
            "minute": one.step.minute,
            "inject": one.step.zh,
            "expect": one.step.expect or None,
            "within_min": one.step.within_min or None,
            "minutes": one.minutes,
            "in_time": one.in_time,
        }
        for one in scored(_drill(key))
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    words = {True: ("及时", "in time"), False: ("没有及时", "late or never"), None: ("—", "—")}
    for row in rows:
        took = "—" if row["minutes"] is None else f"{row['minutes']:g}"
        click.echo(f"{row['minute']:g}′ {row['inject']} {took} {words[row['in_time']][k]}")


@drill_command.command(
    help=say(
        "在演练目录里取结果(写到标准输出)。",
        "In the drill's folder: its result, to standard output.",
    )
)
@click.argument("key", type=int)
def result(key: int) -> None:
    start_ready()
    from fangxian.spine.inspect.drill_result import result_of

    click.echo(json.dumps(result_of(_drill(key)), ensure_ascii=False))


@drill_command.command(
    help=say(
        "在正式目录里带回演练结果:计入已演练,问题进隐患整改。",
        "In the real folder: bring a result back; the plan is drilled, what was found is rectified.",
    )
)
@click.argument("key", type=int)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def bring(key: int, file: Path) -> None:
    start_ready()
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.inspect.write.bring_back import bring_back

    drill = bring_back(drill=_drill(key), raw=file.read_bytes(), by=SYSTEM)
    tell(say(f"已带回:{drill.title}。", f"Brought back: {drill.title}."))


def _drill(key: int) -> Any:
    from fangxian.spine.core.problems import Problem
    from fangxian.spine.ready.models import Drill

    drill = Drill.objects.select_related("headquarters__place").filter(pk=key).first()
    if drill is None:
        raise Problem("not_found", what=str(key))
    return drill


@drill_command.command(
    name="stop",
    help=say("真有险情:一步结束演练。", "A real emergency: end the drill in one step."),
)
@click.argument("key", type=int)
@click.option("--reason", default="真实险情")
def stop(key: int, reason: str) -> None:
    start_ready()
    from fangxian.spine.command.drilled import stop_drill
    from fangxian.spine.core.rights import SYSTEM

    n = stop_drill(drill=_drill(key), reason=reason, by=SYSTEM)
    tell(say(f"演练已结束,撤回 {n} 条演练指令。", f"Ended; {n} orders of the drill taken back."))
