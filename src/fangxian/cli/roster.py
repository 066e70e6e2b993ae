"""`fangxian roster`: who is on duty, filling a span, and the proof of a span."""

import json
import sys
from datetime import datetime, timedelta
from typing import Any

import click

from .main import say, start_ready, tell


@click.group(help=say("值班表：谁在值班、排班、证明。", "Rosters: who is on, filling, the proof."))
def roster_command() -> None:
    """Duty rosters."""


def _at(text: str | None) -> datetime:
    from fangxian.spine.core import clock

    if text is None:
        return clock.now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        zh, en = f"“{text}”不是时间，如 2026-12-01 08:30", f"{text!r} is no time, as 2026-12-01"
        raise click.UsageError(say(zh, en)) from None
    return at if at.tzinfo else at.replace(tzinfo=clock.BEIJING)


@roster_command.command(help=say("此刻谁在值班，下一班是谁。", "Who is on duty, and who is next."))
@click.option("--at", "at_text", default=None, help=say("时刻，默认现在", "a time, now by default"))
@click.option("--json", "as_json", is_flag=True)
def now(at_text: str | None, as_json: bool) -> None:
    start_ready()
    from fangxian.spine.command.rosters.models import ROLES
    from fangxian.spine.command.rosters.read import now_and_next, rosters
    from fangxian.spine.core.rights import SYSTEM

    at, rows = _at(at_text), []
    there = list(rosters(seat=SYSTEM))
    seats = now_and_next(there, at)
    for roster in there:
        on, follower = seats[roster.pk]
        rows.append(
            {
                "post": str(roster.post),
                "role": roster.role,
                "now": [turn.person.name for turn in on if turn.person],
                "next": follower.person.name if follower and follower.person else None,
                "next_at": follower.starts_at.isoformat() if follower else None,
            }
        )
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
    for row in [] if as_json else rows:
        on_now = "、".join(row["now"]) or say("无人", "nobody")  # type: ignore[arg-type]
        zh = f"{row['post']}（{ROLES[str(row['role'])][0]}）：{on_now}；下一班 {row['next'] or '—'}"
        click.echo(say(zh, f"{row['post']}: {on_now}; next {row['next'] or '-'}"))


@roster_command.command(help=say("按名单排班，已排的不动。", "Fill a span; what is there stays."))
@click.option("--from", "since", required=True, help=say("起，如 2026-12-01", "as 2026-12-01"))
@click.option("--to", "until", required=True, help=say("止（不含）", "exclusive"))
@click.option("--json", "as_json", is_flag=True)
def fill(since: str, until: str, as_json: bool) -> None:
    start_ready()
    from fangxian.spine.command.rosters import write
    from fangxian.spine.command.rosters.read import rosters
    from fangxian.spine.core.rights import SYSTEM

    told: dict[str, Any] = {"turns": 0, "empty": 0}
    for roster in rosters(seat=SYSTEM):
        made = write.fill(roster=roster, since=_at(since), until=_at(until), by=SYSTEM)
        told["turns"] += len(made)
        told["empty"] += sum(turn.person_id is None for turn in made)
    if as_json:
        click.echo(json.dumps(told))
    zh = f"已排 {told['turns']} 班，其中 {told['empty']} 班没有人能值。"
    tell(say(zh, f"{told['turns']} turns made, {told['empty']} of them empty."))


@roster_command.command(
    help=say(
        "证明时段内每小时有人值班；有缺口则退出码 1。推算的日子另行列出。",
        "Prove that somebody is on duty every hour; exit 1 if not. Guessed days are listed.",
    )
)
@click.option("--from", "since", default=None, help=say("起，默认现在", "from, now by default"))
@click.option("--to", "until", default=None, help=say("止，默认一年后", "to, a year on by default"))
@click.option("--json", "as_json", is_flag=True)
def prove(since: str | None, until: str | None, as_json: bool) -> None:
    start_ready()
    from fangxian.spine.command.rosters.read import prove_rosters

    start = _at(since)
    end = _at(until) if until else start + timedelta(days=365)
    if end <= start:
        raise click.UsageError(say("止应晚于起", "it ends before it begins"))
    proof = prove_rosters(since=start, until=end)
    rows = [
        {
            "roster": str(hole.roster.post),
            "from": hole.since.isoformat(),
            "to": hole.until.isoformat(),
            "reason": hole.reason,
            "person": hole.person.name if hole.person else None,
        }
        for hole in proof.holes
    ]
    told = {
        "rosters": proof.rosters,
        "turns": proof.turns,
        "holes": rows,
        "guessed_days": [day.on.isoformat() for day in proof.guessed],
    }
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for row in rows:
            click.echo(f"{row['from']} – {row['to']} {row['roster']} {row['reason']}")
    n = len(proof.guessed)
    zh = f"{proof.rosters} 张值班表、{proof.turns} 班：{len(rows)} 处缺口；{n} 天的节假日是推算"
    en = f"{proof.rosters} rosters, {proof.turns} turns: {len(rows)} holes; {n} days are guessed"
    tell(say(zh, en))
    if not proof.rosters:
        tell(say("没有值班表：什么也没有证明。", "There is no roster: nothing is proved."))
    sys.exit(1 if rows or not proof.rosters else 0)
