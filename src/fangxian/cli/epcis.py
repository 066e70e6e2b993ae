"""`fangxian epcis`: documents of EPCIS judged, taken in, written out."""

import json
import sys
from pathlib import Path

import click

from .files import FILE
from .main import say, start_django, start_ready


@click.group(help=say("EPCIS 文件：检查、收入、导出。", "EPCIS documents: judged, taken, written."))
def epcis_command() -> None:
    """EPCIS."""


@epcis_command.command(
    help=say(
        "检查一份 EPCIS 1.2 或 2.0 文件（JSON、XML），不对的说出哪条规则。有错退出码 1。",
        "Judge a document of EPCIS 1.2 or 2.0 by rules with names; exit 1 where it is wrong.",
    )
)
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True)
def check(file: Path, as_json: bool) -> None:
    from fangxian.hazards.epidemic.coldchain.epcis.judge import check as judged

    found = judged(file.read_bytes())
    told = {
        "ok": not found.faults,
        "events": len(found.events),
        "form": found.form,
        "version": found.version,
        "problems": [fault.told() for fault in found.faults],
    }
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        n = len(found.events)
        click.echo(say(f"{file.name}：{n} 个事件", f"{file.name}: {n} events"))
        for fault in found.faults:
            click.echo(f"  {fault.rule}  {fault.path}  {fault.text}")
    sys.exit(1 if found.faults else 0)


@epcis_command.command(
    help=say(
        "收入一份文件。--mode rollback 有错全不收，proceed 收下正确的（退出码 3）。",
        "Take a document in. --mode rollback: all or nothing; proceed: what is right (exit 3).",
    )
)
@click.argument("file", type=FILE)
@click.option("--mode", type=click.Choice(["rollback", "proceed"]), default="rollback")
@click.option("--json", "as_json", is_flag=True)
def load(file: Path, mode: str, as_json: bool) -> None:
    start_ready()
    from fangxian.hazards.epidemic.coldchain.write.capture import capture
    from fangxian.spine.core.rights import SYSTEM

    with click.progressbar(length=1000, label=file.name, file=sys.stderr) as bar:
        at = 0

        def progress(done: int, total: int) -> None:
            nonlocal at
            now = done * 1000 // max(total, 1)
            bar.update(now - at)
            at = now

        found = capture(file.read_bytes(), name=file.name, by=SYSTEM, mode=mode, progress=progress)
    told = found.told()
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(
            say(
                f"收下 {told['taken']}，已有 {told['same']}，不收 {told['refused']}",
                f"taken {told['taken']}, known {told['same']}, refused {told['refused']}",
            )
        )
        for row in told["problems"]:
            click.echo(f"  {row['rule']}  {row['path']}  {row['text']}", err=True)
    if found.job.state == "failed":
        sys.exit(1)
    sys.exit(3 if told["refused"] else 0)


@epcis_command.command(
    help=say("导出事件（只含有效的）。", "Write the events that count, as JSON-LD or XML.")
)
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(["json", "xml", "xml-1.2"]), default="json")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--lot", default="", help=say("只要一个批次及其来龙去脉", "a lot and its way alone"))
@click.option("--json", "as_json", is_flag=True)
def export(out: Path, form: str, since: object, until: object, lot: str, as_json: bool) -> None:
    start_django()
    from fangxian.hazards.epidemic.coldchain.epcis.write import as_json as to_json
    from fangxian.hazards.epidemic.coldchain.epcis.write import as_xml
    from fangxian.hazards.epidemic.coldchain.taking import events_of
    from fangxian.spine.core import clock

    found = events_of(since=since, until=until, lot=lot)
    at = clock.now()
    if form == "json":
        out.write_text(to_json(found, at=at), "utf-8")
    else:
        out.write_bytes(as_xml(found, at=at, version="1.2" if form == "xml-1.2" else "2.0"))
    told = {"events": len(found), "file": str(out)}
    click.echo(
        json.dumps(told, ensure_ascii=False)
        if as_json
        else say(f"{len(found)} 个事件", f"{len(found)} events")
    )
