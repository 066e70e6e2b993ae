"""`fangxian vaccinate`: doses judged by a schedule, and what is due, files in and out."""

import json
from pathlib import Path

import click

from .files import FILE
from .main import language, say, start_django, tell


@click.group(
    help=say("免疫程序：判定剂次、推算应种日期。", "Schedules: doses judged, what is due.")
)
def vaccinate_command() -> None:
    """Vaccination."""


@vaccinate_command.command(
    help=say(
        "逐例判定剂次并推算下一剂。规则：CDSi 格式的文件夹，或已装载的机构代码（nhc、ice）。"
        "格式见 docs/vaccine-cases.md。",
        "Judges each case and says what is due. Rules: a folder in the form of CDSi, or the code "
        "of an authority (nhc, ice). docs/vaccine-cases.md.",
    )
)
@click.option("--rules", required=True, metavar="DIR|CODE")
@click.option("--cases", type=FILE, required=True)
@click.option("--json", "as_json", is_flag=True, help=say("每例一行 JSON", "a line of JSON a case"))
def evaluate(rules: str, cases: Path, as_json: bool) -> None:
    start_django()
    from fangxian.hazards.epidemic.vaccination import cases as table
    from fangxian.hazards.epidemic.vaccination.cdsi import read_rules
    from fangxian.hazards.epidemic.vaccination.judging import EPOCH, Judge, Schedule
    from fangxian.hazards.epidemic.vaccination.schedules import judge_of

    folder = Path(rules)
    judge = Judge(Schedule([(EPOCH, read_rules(folder))])) if folder.is_dir() else judge_of(rules)
    told = table.evaluate(judge, table.read_cases(cases))
    if not told:
        tell(say("表中没有一例", "the table has no case"))
    for one in told:
        line = json.dumps(one.row(), ensure_ascii=False) if as_json else one.line(language())
        click.echo(line)
    if wrong := sum(one.said is None for one in told):
        tell(say(f"{wrong} 例读不了", f"{wrong} cases could not be read"))
        raise SystemExit(3)
