"""`fangxian people`: identity numbers judged, persons matched."""

import json
import sys
from pathlib import Path

import click

from .files import FILE
from .main import language, say, start_ready, tell


@click.group(help=say("人员:证件号码检查。", "Persons: checking identity numbers."))
def people_command() -> None:
    """Persons."""


@people_command.command(
    help=say(
        "列出保存到期的人员资料（只看不删）；--delete 删除并留删除凭证。",
        "List records whose time is over; --delete deletes them and keeps a proof of each.",
    )
)
@click.option("--delete", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
def expired(delete: bool, as_json: bool) -> None:
    start_ready()
    from fangxian.spine.core import clock
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.people import read
    from fangxian.spine.people.write import delete_expired

    counts: dict[str, int] = {}
    for person in read.expired(clock.now(), seat=SYSTEM):
        counts[person.retention] = counts.get(person.retention, 0) + 1
    proofs = [proof.digest for proof in delete_expired(by=SYSTEM)] if delete else []
    told = {"expired": counts, "deleted": len(proofs), "proofs": proofs}
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for code, n in counts.items():
            click.echo(say(f"{code}：到期 {n}", f"{code}: {n} over"))
        click.echo(say(f"已删除 {len(proofs)}", f"{len(proofs)} deleted"))


@people_command.command(
    name="import",
    help=say(
        "登记人员：同一证件号即同一人，疑似同一人的列出待定，不自动合并。",
        "Enter persons: the same number is the same person; whoever may be is proposed, not joined.",
    ),
)
@click.argument("file", type=FILE)
@click.option("--place", required=True, help=say("区划代码", "code of the place"))
@click.option("--retention", default="general", help=say("资料类别", "class of data"))
@click.option("--json", "as_json", is_flag=True)
def import_(file: Path, place: str, retention: str, as_json: bool) -> None:
    start_ready()
    from fangxian.spine.core.problems import Problem
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.people.table import enter_table
    from fangxian.spine.registry.models import Place

    where = Place.objects.filter(code=place, successor=None).first()
    if where is None:
        raise Problem("not_found", what=place)
    told = enter_table(
        path=file,
        place=where,
        retention=retention,
        by=SYSTEM,
        step=lambda n, all_: tell(f"{n}/{all_}"),
    )
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(
            say(
                f"{told['rows']} 行：新 {told['new']}，已有 {told['met']}，待定 {told['pairs']}",
                f"{told['rows']} rows: {told['new']} new, {told['met']} met, "
                f"{told['pairs']} to decide",
            )
        )
    for line in told["unused"]:
        tell(say(f"未使用：{line}", f"not used: {line}"))
    for line in told["errors"][:20]:
        tell(line)
    sys.exit(3 if told["errors"] else 0)


@people_command.command(
    help=say(
        "逐行判断 id_number（身份证、通行证、护照号）或 mrz（护照机读行）列。不输出号码本身。",
        "Judge the column id_number or mrz row by row. The number itself is not printed.",
    )
)
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True)
def check(file: Path, as_json: bool) -> None:
    from fangxian.spine.core import clock
    from fangxian.spine.core.problems import Problem
    from fangxian.spine.core.tables import read_table
    from fangxian.spine.people.identity import judge_mrz, judge_number

    aliases = {
        "证件号码": "id_number",
        "证件号": "id_number",
        "身份证号": "id_number",
        "身份证号码": "id_number",
    }
    aliases |= {"机读码": "mrz", "机读行": "mrz", "id": "id_number"}
    table = read_table(file, needed=[("id_number", "mrz")], aliases=aliases)
    today = clock.beijing(clock.now()).date()
    judge = judge_number if "id_number" in table.columns else judge_mrz
    column = "id_number" if "id_number" in table.columns else "mrz"
    bad = 0
    lines = []
    try:
        for n in range(len(table.rows)):
            found = judge(table.text(n, column), today=today)
            bad += not found.ok
            if as_json:
                lines.append(json.dumps(found.row(), ensure_ascii=False))
            elif found.why:
                lines.append(f"{table.lines[n]}: {'✓' if found.ok else '✗'} {found.why}")
    except Problem as problem:
        raise click.UsageError(problem.text(language())) from None
    if lines:
        click.echo("\n".join(lines))
    n = len(table.rows)
    tell(say(f"{n} 行，{bad} 行有误", f"{n} rows, {bad} wrong"))
    sys.exit(3 if bad else 0)
