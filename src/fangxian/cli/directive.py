"""`fangxian directive`: read a text sentence by sentence, and enter one."""

import json
from datetime import datetime
from pathlib import Path

import click

from .main import language, say, start_django, start_ready, tell

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(help=say("批示件：逐句读、录入。", "Directives: read, entered."))
def directive_command() -> None:
    """Directives."""


def _issued(text: str | None) -> datetime:
    from fangxian.spine.core import clock

    if text is None:
        return clock.now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        zh, en = f"“{text}”不是日期，如 2023-06-07", f"{text!r} is no day, as 2023-06-07"
        raise click.UsageError(say(zh, en)) from None
    return at if at.tzinfo else at.replace(tzinfo=clock.BEIJING)


def _text(file: Path) -> str:
    from fangxian.spine.command.directives.reading.files import text_of
    from fangxian.spine.core.problems import Problem

    try:
        return text_of(file.read_bytes(), file.name)
    except Problem as problem:
        raise click.ClickException(problem.text(language())) from None


@directive_command.command(
    help=say(
        "逐句读一份文件（txt、docx、带文字的 pdf），不写入。",
        "Read a file (txt, docx, PDF with text) sentence by sentence; nothing is written.",
    )
)
@click.argument("file", type=FILE)
@click.option(
    "--issued", default=None, help=say("印发日期，默认今天", "issued on, today by default")
)
@click.option("--json", "as_json", is_flag=True)
def read(file: Path, issued: str | None, as_json: bool) -> None:
    start_django()
    import fangxian.wiring  # noqa: F401 - the rooms declare their dated sets
    from fangxian.spine.command.directives.intake import layout, read_text

    told = layout(read_text(_text(file), issued=_issued(issued)))
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    marks = {"requirement": say("要求", "asks"), "exhortation": say("号召", "exhorts")}
    for item in told["items"]:
        sure = "" if item["sure"] else "?"
        limit = item["deadline"] or item.get("repeats") or item.get("relative_limit") or ""
        owners = "、".join(item["owners_in_text"]) or "—"
        click.echo(
            f"[{marks[item['kind']]}{sure}] {item['sentence_simplified']} | {owners} | {limit}"
        )
    for run in told["suspect_spans"]:
        best = " / ".join(run["candidates"][:5]) or "—"
        click.echo(say(f"断字 {run['raw']} → {best}", f"broken run {run['raw']} → {best}"))
    n = told["totals"]
    zh = f"{n['sentences']} 句：要求 {n['requirements']}，号召 {n['exhortations']}；注音 {told['removed_glosses']}"
    en = f"{n['sentences']} sentences: {n['requirements']} ask, {n['exhortations']} exhort"
    tell(say(zh, en))


@directive_command.command(
    help=say("录入一份文件，逐句待定。", "Enter a file; its sentences wait.")
)
@click.argument("file", type=FILE)
@click.option(
    "--issued", default=None, help=say("印发日期，默认今天", "issued on, today by default")
)
@click.option("--title", default="")
@click.option("--leader", default="")
@click.option("--again", default="", help=say("再录的理由", "why it comes again"))
@click.option("--json", "as_json", is_flag=True)
def enter(
    file: Path, issued: str | None, title: str, leader: str, again: str, as_json: bool
) -> None:
    start_ready()
    from fangxian.spine.command.directives.write.texts import enter_directive
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.registry.read import city

    directive = enter_directive(
        title=title,
        text=_text(file),
        issued_at=_issued(issued),
        place=city(),
        leader=leader,
        file_name=file.name,
        anyway=again,
        by=SYSTEM,
    )
    kinds = list(directive.items.values_list("kind", flat=True))
    told = {"id": directive.pk, "title": directive.title, "sentences": len(kinds)}
    told["requirements"] = kinds.count("requirement")
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    zh = f"已录入《{directive.title}》：{len(kinds)} 句，要求 {told['requirements']} 句，待逐句定。"
    tell(say(zh, f"entered {directive.title}: {len(kinds)} sentences"))
