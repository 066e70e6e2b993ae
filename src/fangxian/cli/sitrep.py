"""`fangxian report`: make a situation report, and check any file's pages."""

import json
import sys
from datetime import datetime
from pathlib import Path

import click

from .main import language, say, start_django, start_ready, tell

FORMS = ("txt", "docx", "pdf", "ofd")
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(
    help=say("上报材料：生成、检查版式。", "Situation reports: made, their pages checked.")
)
def report_command() -> None:
    """Situation reports."""


@report_command.command(
    help=say(
        "生成一份草稿并写成文件（KIND 如 daily、flash、special）。",
        "Draft a report and write it to a file (KIND as daily, flash, special).",
    )
)
@click.argument("kind")
@click.option(
    "--at", "at_text", default=None, help=say("截至时刻，默认现在", "until, now by default")
)
@click.option("--format", "form", type=click.Choice(FORMS), default="docx")
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option("--headquarters", default="flood", help=say("指挥部", "flood or epidemic"))
def make(kind: str, at_text: str | None, form: str, out: Path, headquarters: str) -> None:
    start_ready()
    from fangxian.spine.command.sitreps.render import rendered
    from fangxian.spine.command.sitreps.write import draft
    from fangxian.spine.core import clock
    from fangxian.spine.core.problems import Problem
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.registry.read import city, headquarters_at

    try:
        until = datetime.fromisoformat(at_text) if at_text else clock.now()
        until = until if until.tzinfo else until.replace(tzinfo=clock.BEIJING)
    except ValueError:
        zh, en = f"“{at_text}”不是时间", f"{at_text!r} is no time"
        raise click.UsageError(say(zh, en)) from None
    try:
        hq = headquarters_at(headquarters, city())
        report = draft(headquarters=hq, kind=kind, until=until, by=SYSTEM)
        content = rendered(report, form)
    except Problem as problem:
        raise click.ClickException(problem.text(language())) from None
    try:
        out.write_bytes(content)
    except OSError as error:
        raise click.ClickException(say(f"写不了 {out}：{error}", f"{out}: {error}")) from None
    zh = f"{report.title}：第 {report.pk} 号草稿，{len(content)} 字节，写入 {out}"
    tell(say(zh, f"{report.title}: draft {report.pk}, {len(content)} bytes, written to {out}"))


@report_command.command(
    help=say(
        "按 GB/T 9704 检查任意 docx 或 pdf 的版式；有不符则退出码 1。",
        "Check the pages of any docx or pdf by GB/T 9704; exit 1 if a rule does not hold.",
    )
)
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True)
def check(file: Path, as_json: bool) -> None:
    start_django()
    from fangxian.spine.command.sitreps.paper.check import judge
    from fangxian.spine.core.problems import Problem

    try:
        rules = judge(file.read_bytes(), file.name)
    except Problem as problem:
        raise click.ClickException(problem.text(language())) from None
    wrong = [rule for rule in rules if rule.ok is False]
    if as_json:
        told = {"file": file.name, "ok": not wrong, "rules": [rule.row() for rule in rules]}
        click.echo(json.dumps(told, ensure_ascii=False))
    for rule in [] if as_json else rules:
        mark = "✓" if rule.ok else "?" if rule.ok is None else "✗"
        zh = f"{mark} {rule.code}：要 {rule.wanted}，是 {rule.found}"
        click.echo(say(zh, f"{mark} {rule.code}: wanted {rule.wanted}, found {rule.found}"))
    sys.exit(1 if wrong else 0)
