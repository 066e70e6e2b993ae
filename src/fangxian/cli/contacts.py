"""`fangxian contacts`: contacts of other systems brought in, and one's own taken out."""

import csv
import json
import sys
from pathlib import Path

import click

from .files import FILE
from .main import say, start_ready, tell


@click.group(
    help=say("接触者文件：导入 Go.Data、SORMAS、CSV，导出。", "Contacts: Go.Data, SORMAS, CSV.")
)
def contacts_command() -> None:
    """Contacts."""


@contacts_command.command(
    name="import", help=say("导入接触关系；人员只登记一次。", "Bring contacts in; nobody twice.")
)
@click.argument("file", type=FILE)
@click.option("--people", type=FILE, help=say("Go.Data 的人员表", "the people of Go.Data"))
@click.option("--place", required=True, help=say("区划代码", "code of the place"))
@click.option("--json", "as_json", is_flag=True)
def import_(file: Path, people: Path | None, place: str, as_json: bool) -> None:
    start_ready()
    from fangxian.hazards.epidemic.tracing.files import bring, read_file
    from fangxian.spine.core.problems import Problem
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.registry.models import Place

    where = Place.objects.filter(code=place, successor=None).first()
    if where is None:
        raise Problem("not_found", what=place)
    found = read_file(file, people)
    told = bring(found, place=where, name=file.name, by=SYSTEM)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        zh = f"{told['system']}：{told['edges']} 条，{told['people']} 人"
        click.echo(say(zh, f"{told['system']}: {told['edges']} edges, {told['people']} people"))
        for row in found.wrong:
            tell(f"{row['where']} {say(row['zh'], row['en'])}")
    if found.wrong:
        raise SystemExit(3)


@contacts_command.command(
    help=say("导出接触关系为 CSV（标准输出）。", "Contacts as CSV on stdout.")
)
def export() -> None:
    start_ready()
    from fangxian.hazards.epidemic.tracing.files import rows_out
    from fangxian.spine.core.rights import SYSTEM

    csv.writer(sys.stdout).writerows(rows_out(seat=SYSTEM))
