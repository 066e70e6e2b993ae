"""`fangxian response replay`: what the plan edition of each day would have proposed."""

import json
import sys
from pathlib import Path

import click

from .main import say, start_ready


@click.group(help=say("应急响应。", "Emergency responses."))
def response_command() -> None:
    """Responses."""


@response_command.command(
    help=say(
        "按当日版本重演案例:预警到响应。",
        "Replay dated cases: from warning to response, by the edition of the day.",
    )
)
@click.argument("cases", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
def replay(cases: Path, as_json: bool) -> None:
    start_ready()
    from fangxian.spine.command.rules import replay as replay_cases

    try:
        rows = replay_cases(json.loads(cases.read_text(encoding="utf-8")))
    except (json.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        text = f"{type(error).__name__}: {error}"
        click.echo(say(f"{cases} 读不出来:{text}", f"{cases} cannot be read: {text}"), err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        agrees = "✓" if row["recorded"] in row["proposed"] else "✗"
        click.echo(
            f"{agrees} {row['t']} {row['who']} {row['hazard']} {row['warning']} → "
            f"{'/'.join(row['proposed']) or '—'} ({row['recorded']}) [{row['edition']}] {row['clause']}"
        )
