"""`fangxian ready dry | night`: a level raised in thought; a past night through today's roster."""

import json
import sys
from datetime import datetime

import click

from .main import language, say, start_ready, tell


@click.group(help=say("备勤:试启动、旧夜重叫。", "Readiness: dry runs, a past night recalled."))
def ready_command() -> None:
    """Readiness."""


@ready_command.command(
    help=say(
        "试启动一个级别:没有人可叫的任务、一人几处、缺的保障;有没有人的任务则退出码 1。",
        "Raise a level in thought: tasks without anybody, people named twice, lacks; exit 1 where "
        "a task has nobody.",
    )
)
@click.argument("hazard")
@click.argument("level", type=click.Choice(["I", "II", "III", "IV"]))
@click.option("--json", "as_json", is_flag=True)
def dry(hazard: str, level: str, as_json: bool) -> None:
    start_ready()
    from fangxian.spine.command.dry import WHYS, dry_run
    from fangxian.spine.core.levels import Level
    from fangxian.spine.registry.read import city

    found = dry_run(hazard=hazard, level=Level[level], place=city())
    k = 0 if language().startswith("zh") else 1
    told = {
        "hazard": hazard,
        "level": level,
        "edition": found.edition.name,
        "tasks": len(found.lines),
        "unnamed": [
            {"action": x.action, "place": x.area.code, "what": (x.zh, x.en)[k], "why": x.why}
            for x in found.unnamed
        ],
        "twice": [
            {"person": x.person.pk, "posts": list(x.posts), "headquarters": list(x.headquarters)}
            for x in found.twice
        ],
        "lacks": [
            {
                "place": x.place.code,
                "what": x.need.what,
                "code": x.need.code,
                "want": x.want,
                "have": x.have,
                "why": [why[k] for why in x.why],
            }
            for x in found.lacks
        ],
    }
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for x in found.unnamed:
            click.echo(f"{x.area} {(x.zh, x.en)[k]}: {WHYS[x.why][k]}")
        for lack in found.lacks:
            why = "；".join(w[k] for w in lack.why) or "—"
            click.echo(f"{lack.place} {lack.need.code} {lack.have:g}/{lack.want:g} {why}")
    n, bad = len(found.lines), len(found.unnamed)
    zh = f"{n} 项任务,{bad} 项没有人,{len(found.twice)} 人几处,缺 {len(found.lacks)} 项"
    en = f"{n} tasks, {bad} without anybody, {len(found.twice)} named twice, {len(found.lacks)} lacks"
    tell(say(zh, en))
    sys.exit(1 if bad else 0)


@ready_command.command(
    help=say(
        "把过去一夜的指令按今天的名册再叫一遍:谁离任、谁叫不到;有叫不到的则退出码 1。",
        "Call a past night's orders by today's roster: who has left, who cannot be called; exit 1 "
        "where somebody cannot.",
    )
)
@click.option(
    "--from", "since", required=True, help=say("起,如 2016-09-14T20:00", "such as 2016-09-14T20:00")
)
@click.option("--to", "until", required=True, help=say("止(不含)", "exclusive"))
@click.option("--json", "as_json", is_flag=True)
def night(since: str, until: str, as_json: bool) -> None:
    start_ready()
    from fangxian.spine.command.night import BAD, VERDICTS, recall
    from fangxian.spine.core.rights import SYSTEM

    found = recall(since=_moment(since), until=_moment(until), seat=SYSTEM)
    k = 0 if language().startswith("zh") else 1
    if as_json:
        rows = [
            {
                "order": one.order.pk,
                "what": str(one.order),
                "then": one.then.name if one.then else None,
                "now": one.now.name if one.now else None,
                "post": str(one.post) if one.post else None,
                "verdict": one.verdict,
            }
            for one in found
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        for one in found:
            click.echo(
                f"{one.order}: {one.then or '—'} → {one.now or '—'} {VERDICTS[one.verdict][k]}"
            )
    bad = sum(one.verdict in BAD for one in found)
    tell(
        say(
            f"{len(found)} 条指令,{bad} 条今天叫不到人",
            f"{len(found)} orders, {bad} without anybody today",
        )
    )
    sys.exit(1 if bad else 0)


def _moment(text: str) -> datetime:
    from fangxian.spine.core.clock import BEIJING

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(
            say(f"“{text}”不是时刻", f"{text!r} is no time such as 2016-09-14T20:00")
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=BEIJING)
