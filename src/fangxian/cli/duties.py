"""`fangxian duties | staff | gaps | places`: who answers for what, and what is not covered."""

import json
import sys
from datetime import datetime, timedelta
from typing import Any

import click

from .main import language, make_folder, say, start_django, start_ready, tell


@click.group(help=say("责任与任期。", "Duties and terms of office."))
def duties_command() -> None:
    """Registers of duty."""


@duties_command.command(
    help=say(
        "列出时段内每一段无人负责的责任;有则退出码 1。",
        "List every span in which a duty has no holder; exit 1 if any.",
    )
)
@click.option("--from", "since", required=True, help=say("起,如 2016-01-01", "such as 2016-01-01"))
@click.option("--to", "until", required=True, help=say("止(不含)", "exclusive"))
@click.option(
    "--planned", is_flag=True, help=say("含未到的日子,按现任推定", "days to come, as planned")
)
@click.option("--json", "as_json", is_flag=True)
def prove(since: str, until: str, planned: bool, as_json: bool) -> None:
    start_ready()
    from fangxian.spine.core.problems import Problem
    from fangxian.spine.registry.prove import prove as prove_window

    try:
        proof = prove_window(since=_day(since), until=_day(until), planned=planned)
    except Problem as refused:
        raise click.UsageError(refused.text(language())) from None
    found = proof.gaps
    if as_json:
        click.echo(json.dumps([gap.row() for gap in found], ensure_ascii=False))
    else:
        for gap in found:
            click.echo(
                f"{gap.since:%Y-%m-%d %H:%M} – {gap.until:%Y-%m-%d %H:%M} {gap.thing} "
                f"{gap.role} {gap.post} {gap.reason}"
            )
        span = f"{proof.since:%Y-%m-%d} – {proof.until:%Y-%m-%d}"
        zh = f"{span}，{proof.duties} 项责任：{len(found)} 段无人负责"
        en = f"{span}, of {proof.duties} duties: {len(found)} spans without a holder"
        if proof.planned_days:
            zh += f"；其中 {proof.planned_days} 天未到，按现任推定"
            en += f"; {proof.planned_days} days of it are to come, as planned"
        tell(say(zh, en))
    sys.exit(1 if found else 0)


def _day(text: str) -> datetime:
    from fangxian.spine.core.clock import BEIJING

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(
            say(f"“{text}”不是日期,应如 2016-01-01", f"{text!r} is no date such as 2016-01-01")
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=BEIJING)


@click.command(
    help=say(
        "生成全市虚构人员(约 2,700 人),同一种子结果相同。",
        "Make a full synthetic staff (about 2,700 people); same seed, same staff.",
    )
)
@click.option("--seed", default=20160915)
@click.password_option(help=say("演练人员的口令", "password of the named cast"))
def staff_command(seed: int, password: str) -> None:
    start_django()
    from fangxian.spine.command.rosters.cast import make_rosters
    from fangxian.spine.core import clock
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.registry.load import make_staff
    from fangxian.spine.registry.models import Person

    make_folder()
    if Person.objects.exists():
        raise click.UsageError(say("已有人员,不再生成。", "There are people already."))
    n = make_staff(since=clock.now(), password=password, by=SYSTEM, seed=seed)
    make_rosters(since=clock.now() - timedelta(days=1), days=45, by=SYSTEM)
    tell(say(f"已生成 {n} 名虚构人员。", f"{n} synthetic people."))


@click.command(
    help=say(
        "当前缺口:规则、对象、自何时、责任岗位。", "Open gaps: rule, subject, since when, owner."
    )
)
@click.option("--rule", default=None)
@click.option("--json", "as_json", is_flag=True)
@click.option("--sweep", "sweep_first", is_flag=True, help=say("先重新检查", "look anew first"))
def gaps_command(rule: str | None, as_json: bool, sweep_first: bool) -> None:
    start_ready()
    from fangxian.spine.core.clock import beijing
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.cover.engine import by_code, sweep
    from fangxian.spine.cover.read import open_gaps
    from fangxian.spine.registry.read import holders
    from fangxian.wiring import COVER

    rules = by_code(COVER)
    if rule is not None and rule not in rules:
        raise click.UsageError(
            say(
                f"没有规则 {rule};有 {', '.join(rules)}",
                f"no rule {rule}; there are {', '.join(rules)}",
            )
        )
    if sweep_first:
        for one in COVER:
            sweep(one, by=SYSTEM)
    rows = open_gaps(seat=SYSTEM)
    rows = rows.filter(rule=rule) if rule else rows
    held = holders([g.owner_id for g in rows if g.owner_id])
    told: list[dict[str, Any]] = [
        {
            "rule": g.rule,
            "subject": f"{g.subject_kind}:{g.subject_id}",
            "text": rules[g.rule].sentence(g, language()),
            "since": beijing(g.since).isoformat(),
            "reason": g.fields,
            "owner": str(g.owner or "—"),
            "holder": held[g.owner_id].name if g.owner_id in held else None,
        }
        for g in rows
    ]
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for row in told:
        click.echo(f"{row['since'][:16]} {row['text']} → {row['owner']} {row['holder'] or '—'}")
    tell(say(f"{len(told)} 处缺口", f"{len(told)} gaps"))


@click.command(
    help=say(
        "查找区划:代码、名称、旧名、繁体、拼音、首字母。",
        "Find places by code, name, old name, Traditional form, pinyin, initials.",
    )
)
@click.argument("query")
@click.option("--json", "as_json", is_flag=True)
def places_command(query: str, as_json: bool) -> None:
    start_ready()
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.registry.read import find_places

    found = find_places(query, seat=SYSTEM)
    if as_json:
        rows = [{"code": t.key, "name": t.name, "in": t.beside} for t in found]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for thing in found:
        click.echo(f"{thing.key} {thing.name} {thing.beside}")
