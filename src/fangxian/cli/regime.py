"""`fangxian regime`: who is managed how and until when, from a file; the rule book in words."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from .files import FILE
from .main import say, start_django, start_ready, tell


@click.group(help=say("管控措施计算（文件进、文件出）。", "Measures for people, files in and out."))
def regime_command() -> None:
    """Regimes."""


@regime_command.command(
    help=say(
        "逐人计算管控阶段、检测日与解除日，每个日期写明依据。格式见 docs/regime-files.md。",
        "Stages, tests and release of each person, each date with its reason. docs/regime-files.md.",
    )
)
@click.argument("file", type=FILE)
@click.option("--as-of", default="", help=say("截至日期，默认今天", "as of this day; today"))
@click.option("--json", "as_json", is_flag=True)
def plan(file: Path, as_of: str, as_json: bool) -> None:
    start_django()
    from fangxian.hazards.epidemic.regimes.book import books
    from fangxian.hazards.epidemic.regimes.plan import plan_persons
    from fangxian.spine.core import clock
    from fangxian.spine.core.problems import Problem

    on = _day(as_of) if as_of else clock.beijing(clock.now()).date()
    try:
        persons = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Problem("json.unreadable", file=file.name, why=str(error)) from None
    if isinstance(persons, dict):
        persons = [persons]
    if not isinstance(persons, list) or not all(isinstance(row, dict) for row in persons):
        raise Problem("json.unreadable", file=file.name, why="a list of persons is wanted")
    end = datetime.combine(on + timedelta(days=1), datetime.min.time(), clock.BEIJING)
    found = books(until=end - timedelta(seconds=1)) or books(until=clock.now())
    plans = plan_persons(persons, found, as_of=on.toordinal())
    rows = [plans.of(number) for number in range(len(persons))]
    if as_json:
        click.echo(json.dumps({"as_of": on.isoformat(), "persons": rows}, ensure_ascii=False))
    else:
        for row in rows:
            _show(row)
    if lacking := sum(any(one["stops"] for one in row["said"]) for row in rows):
        tell(say(f"{lacking} 人资料不全，没有计划", f"{lacking} persons have no plan yet"))
        raise SystemExit(3)


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
        if not 2000 <= found.year <= 2100:
            raise ValueError(text)
        return found
    except ValueError:
        raise click.BadParameter(say(f"“{text}”不是日期", f"{text!r} is no date")) from None


def _show(row: dict[str, Any]) -> None:
    until = row["release"]["on"] if row["release"] else say("无计划", "no plan")
    click.echo(say(f"{row['id']}：解除 {until}", f"{row['id']}: released {until}"))
    for stage in row["stages"]:
        name, why = say(stage["stage_zh"], stage["stage_en"]), say(stage["why_zh"], stage["why_en"])
        click.echo(f"  {stage['from']} – {stage['to']}  {name}  {why}")
    if row["tests"]:
        click.echo(say("  检测：", "  tests: ") + ", ".join(test["on"] for test in row["tests"]))
    for one in row["said"]:
        click.echo(
            f"  {one['path']} {say(one['zh'], one['en'])}：{say(one['do_zh'], one['do_en'])}"
        )


def _explain_arrival(key: int, *, as_json: bool) -> None:
    """The plan of somebody under measures, with every reason; nobody's name."""
    start_ready()
    from fangxian.hazards.epidemic.arrivals.read import arrival
    from fangxian.spine.core.rights import SYSTEM

    one = arrival(key, seat=SYSTEM)
    if as_json:
        told = {"id": key, "state": one.state, "plan": one.plan}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _show({"id": str(key), **one.plan})


@regime_command.command(
    help=say(
        "用文字说明一项措施（各版本），或一名管控对象（编号）的每个日期。",
        "Say a regime in words, or every date of somebody under measures by his number.",
    )
)
@click.argument("code")
@click.option("--json", "as_json", is_flag=True)
def explain(code: str, as_json: bool) -> None:
    if code.isdecimal():
        _explain_arrival(int(code), as_json=as_json)
        return
    start_django()
    import difflib
    from dataclasses import asdict

    from fangxian.hazards.epidemic.regimes.book import books
    from fangxian.spine.core import clock
    from fangxian.spine.core.problems import Problem

    found = books(until=clock.now())
    mine = [(book, one) for book in found for one in book.regimes if one.code == code]
    if not mine:
        known = sorted({one.code for book in found for one in book.regimes})
        near = difflib.get_close_matches(code, known, 3) or known
        raise Problem("not_found", what=f"{code} ({', '.join(near)})")
    if as_json:
        told = [{"edition": book.name, **asdict(one)} for book, one in mine]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for book, one in mine:
        names = book.stages
        stages = " + ".join(f"{say(*names[stage])} {days}" for stage, days in one.stages)
        click.echo(f"{book.name}  {say(one.zh, one.en)}：{stages}")
        click.echo(say(f"  来源 {one.source}", f"  source {one.source}"))
        if one.unverified:
            click.echo(say("  未核实 ", "  unverified ") + ", ".join(one.unverified))
