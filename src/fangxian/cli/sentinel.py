"""`fangxian sentinel`: what the sentinels say on a day, and their counts from and to other
systems."""

import json
import sys
from pathlib import Path

import click

from .files import FILE, OUT
from .main import say, start_ready, tell

RARE = ("days", "window", "observed", "expected", "series")  # how rarely chance brings it


@click.group(
    help=say("哨点监测：逐日研判、导入导出计数。", "Sentinels: judged by day, counts in and out.")
)
def sentinel_command() -> None:
    """Sentinels."""


@sentinel_command.command(
    help=say(
        "按当日已有的数据研判某一天（只算不写）：信号、报送、距上一例本土病例。",
        "Judge a day from what is stored, writing nothing: signals, reports, the bottom line.",
    )
)
@click.option(
    "--as-of", "day", type=click.DateTime(["%Y-%m-%d"]), help=say("默认昨天", "yesterday")
)
@click.option("--json", "as_json", is_flag=True)
def run(day: object, as_json: bool) -> None:
    start_ready()
    from datetime import datetime, timedelta

    from fangxian.hazards.epidemic.sentinel.read import no_local_case
    from fangxian.hazards.epidemic.sentinel.standing import reports
    from fangxian.hazards.epidemic.sentinel.write.counts import found_on
    from fangxian.spine.core import clock
    from fangxian.spine.core.clock import beijing
    from fangxian.spine.core.problems import Problem
    from fangxian.spine.core.rights import SYSTEM

    yesterday = beijing(clock.now()).date() - timedelta(days=1)
    asked = day.date() if isinstance(day, datetime) else yesterday
    found = found_on(asked)
    made = reports(asked, SYSTEM)
    if made is None:
        raise Problem("rights.denied", seat=SYSTEM.label, right="register.read")
    told = {
        "day": asked.isoformat(),
        "signals": [
            {
                "about": f.about[1],
                "name": f.name,
                "level": f.level.name if f.level else None,
                "rule": f.rule,
                **{k: f.evidence[k] for k in ("observed", "expected", "votes", "heard")},
                "rare": {k: (f.evidence["rare"] or {}).get(k) for k in RARE},
                "members": f.evidence["members"],
                "together": f.evidence["together"],
            }
            for f in found
        ],
        "reports": {"due": made.due, "made": made.done, "missing": list(made.missing)},
        "days_without_local_case": no_local_case(asked, seat=SYSTEM).days,
    }
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for finding in found:
        level = finding.level.name if finding.level else "—"
        text = say(finding.evidence["zh"], finding.evidence["en"])
        click.echo(f"{level} {finding.name} {text}")
    click.echo(
        say(
            f"{asked}：{len(found)} 个信号，应报 {made.due} 已报 {made.done}",
            f"{asked}: {len(found)} signals, {made.done} of {made.due} reports made",
        )
    )


@sentinel_command.command(
    name="import",
    help=say(
        "导入计数与临床报文：DHIS2、ADX、HL7 v2（ADT、ORU）、FHIR R4B；逐条判断，坏的说明位置。",
        "Take DHIS2, ADX, HL7 v2 (ADT, ORU) or FHIR R4B; what is bad fails alone, with its place.",
    ),
)
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True)
def import_(files: tuple[Path, ...], as_json: bool) -> None:
    start_ready()
    from fangxian.hazards.epidemic.sentinel.intake import take_bytes
    from fangxian.spine.core.rights import SYSTEM

    told = [
        {"file": path.name, **take_bytes(path.read_bytes(), by=SYSTEM).told()} for path in files
    ]
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    for row in told:
        if not as_json:
            click.echo(
                say(
                    f"{row['file']}：{row['values']} 条，新或改 {row['changed']}，"
                    f"相同 {row['same']}，拒收 {row['n_refused']}",
                    f"{row['file']}: {row['values']} values, {row['changed']} new or changed, "
                    f"{row['same']} same, {row['n_refused']} refused",
                )
            )
        for line in row["refused"]:
            tell(line)
    sys.exit(3 if any(row["n_refused"] for row in told) else 0)


@sentinel_command.command(
    name="export",
    help=say("导出计数为 DHIS2 JSON 或 ADX。", "Give counts as DHIS2 JSON or ADX."),
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--form", type=click.Choice(["dhis2", "adx"]), default="dhis2")
@click.option("--out", type=OUT, required=True)
def export(since: object, until: object, form: str, out: Path) -> None:
    start_ready()
    from datetime import datetime

    from fangxian.hazards.epidemic.sentinel.intake import give_values

    if not isinstance(since, datetime) or not isinstance(until, datetime):
        raise click.UsageError("--since, --until")
    out.write_bytes(give_values(since=since.date(), until=until.date(), form=form))
    tell(str(out))
