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
    from fangxian.spine.core.problems import Problem
    from fangxian.spine.ready.models import Drill

    drill = Drill.objects.filter(pk=key).first()
    if drill is None:
        raise Problem("not_found", what=str(key))
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
        for one in scored(drill)
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    words = {True: ("及时", "in time"), False: ("没有及时", "late or never"), None: ("—", "—")}
    for row in rows:
        took = "—" if row["minutes"] is None else f"{row['minutes']:g}"
        click.echo(f"{row['minute']:g}′ {row['inject']} {took} {words[row['in_time']][k]}")


@drill_command.command(
    name="stop",
    help=say("真有险情:一步结束演练。", "A real emergency: end the drill in one step."),
)
@click.argument("key", type=int)
@click.option("--reason", default="真实险情")
def stop(key: int, reason: str) -> None:
    start_ready()
    from fangxian.spine.command.drilled import stop_drill
    from fangxian.spine.core.problems import Problem
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.ready.models import Drill

    drill = Drill.objects.select_related("headquarters__place").filter(pk=key).first()
    if drill is None:
        raise Problem("not_found", what=str(key))
    n = stop_drill(drill=drill, reason=reason, by=SYSTEM)
    tell(say(f"演练已结束,撤回 {n} 条演练指令。", f"Ended; {n} orders of the drill taken back."))
