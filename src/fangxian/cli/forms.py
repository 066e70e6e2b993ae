"""`fangxian forms | reports`: forms checked and loaded, reports brought in."""

import json
import sys
from pathlib import Path

import click

from .files import FILE
from .main import say, start_ready, tell


@click.group(help=say("表单：检查、装载。", "Forms: checked and loaded."))
def forms_command() -> None:
    """Forms."""


@forms_command.command(
    help=say(
        "检查 XLSForm（xlsx）或 XForm（xml）能否在 ODK Collect 上使用。",
        "Check an XLSForm (xlsx) or XForm (xml) for use in ODK Collect.",
    )
)
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True)
def check(files: tuple[Path, ...], as_json: bool) -> None:
    from fangxian.spine.observe.reports.check import check_form

    told = [check_form(path).row(path.name) for path in files]
    if as_json:
        click.echo(json.dumps(told[0] if len(told) == 1 else told, ensure_ascii=False))
    else:
        for row in told:
            click.echo(f"{'✓' if row['ok'] else '✗'} {row['file']} {row['reason']}")
            for line in row["warnings"]:
                tell(f"    {line}")
    sys.exit(0 if all(row["ok"] for row in told) else 1)


@forms_command.command(help=say("装载一张表单（新版本）。", "Load a form, or a new version of it."))
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True)
def load(file: Path, as_json: bool) -> None:
    start_ready()
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.observe.reports.write import load_form

    form = load_form(path=file, by=SYSTEM)
    told = {"code": form.code, "version": form.version, "title": form.title, "hash": form.digest}
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(
            say(f"已装载 {form.title} {form.version}", f"{form.title} {form.version} loaded")
        )


@click.group(help=say("报告：导入、查看。", "Reports: brought in and listed."))
def reports_command() -> None:
    """Reports."""


@reports_command.command(
    name="import",
    help=say(
        "导入报告：表格（列名为题名）或提交的 XML。",
        "Bring in reports: a table whose heads are questions, or submitted XML.",
    ),
)
@click.argument("form")
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True)
def import_(form: str, files: tuple[Path, ...], as_json: bool) -> None:
    start_ready()
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.observe.reports.table import bring_in

    told = [bring_in(form_code=form, path=path, by=SYSTEM) for path in files]
    bad = sum(len(row["errors"]) for row in told)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for row in told:
            click.echo(
                say(
                    f"{row['file']}：新 {row['new']}，已有 {row['known']}，待查 {row['findings']}",
                    f"{row['file']}: {row['new']} new, {row['known']} known, "
                    f"{row['findings']} to look at",
                )
            )
            for error in row["errors"]:
                tell(error)
    sys.exit(3 if bad else 0)
