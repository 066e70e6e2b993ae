"""`fangxian forecast cycle` and `search`: in a data folder, not on files."""

import json
import sys
from datetime import datetime

import click

from fangxian.cli.forecast.group import forecast_command
from fangxian.cli.main import say, start_ready


@forecast_command.command(
    help=say(
        "按库里的资料预报全部流域；有流域不能预报退出码 3。",
        "Forecast all basins from the stored readings; exit 3 where one cannot be.",
    )
)
@click.option("--at", type=click.DateTime(), help=say("时刻（北京时），默认现在", "when (Beijing)"))
@click.option("--basin", "codes", multiple=True, help=say("只做这些流域", "these basins alone"))
@click.option("--json", "as_json", is_flag=True)
def cycle(at: datetime | None, codes: tuple[str, ...], as_json: bool) -> None:
    start_ready()
    import fangxian.wiring  # noqa: F401 - rules and events are declared
    from fangxian.hazards.flood.forecast.cycle import run_cycle
    from fangxian.hazards.flood.forecast.models import Issue
    from fangxian.spine.core import clock
    from fangxian.spine.core.rights import SYSTEM

    def done(n: int, of: int) -> None:
        click.echo(f"  {n}/{of}", err=True)

    made = run_cycle(
        at=at.replace(tzinfo=clock.BEIJING) if at else clock.now(),
        by=SYSTEM,
        why=Issue.Why.HAND,
        codes=list(codes) or None,
        done=done,
    )
    rows = [
        {
            "basin": issue.basin.code,
            "at": issue.at.isoformat(),
            "issue": issue.pk,
            "peak": issue.told["peak"],
            "crossings": issue.told["crossings"],
            "inputs": issue.inputs,
        }
        for issue in made.issues
    ]
    failed = {code: problem.text("en") for code, problem in made.failed.items()}
    if as_json:
        told = {"issues": rows, "same": made.same, "failed": failed}
        click.echo(json.dumps(told, ensure_ascii=False))
    for row in [] if as_json else rows:
        peak = row["peak"]
        words = say("洪峰", "peak"), say("小时后", "h on")
        click.echo(f"{row['basin']} {words[0]} {peak['flow']:g} m3/s, {peak['hours']} {words[1]}")
    for code, problem in made.failed.items():
        click.echo(f"{code}: {say(problem.text('zh'), problem.text('en'))}", err=True)
    sys.exit(3 if failed else 0)


@forecast_command.command(
    hidden=True, help=say("做一项排队的率定。", "Do a calibration that waits.")
)
@click.argument("key", type=int)
def search(key: int) -> None:
    start_ready()
    import fangxian.wiring  # noqa: F401 - rules and events are declared
    from fangxian.hazards.flood.forecast.write import work_on
    from fangxian.spine.core.rights import SYSTEM

    one = work_on(key=key, by=SYSTEM)
    click.echo(f"{one.pk} {one.state} {one.wrong}")
    sys.exit(0 if one.state == "done" else 1)
