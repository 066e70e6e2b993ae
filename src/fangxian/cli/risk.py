"""`fangxian risk`: lists of risk areas compared, and stays matched with them."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from .files import FILE, FOLDER
from .main import say, start_django, start_ready


@click.group(help=say("风险地区清单：比较、比对行程。", "Lists of risk areas: compared, matched."))
def risk_command() -> None:
    """Risk lists."""


def _entry(level: str, area: Any) -> dict[str, str]:
    return {"level": level, **area._asdict()}


@risk_command.command(
    help=say(
        "两份清单的差异：新增、移出、调级。",
        "What changed between two lists: added, removed, moved.",
    )
)
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
@click.option("--json", "as_json", is_flag=True)
def diff(old: Path, new: Path, as_json: bool) -> None:
    start_django()
    from fangxian.hazards.epidemic.regimes.lists import difference, read_list

    before, after = (read_list(path.read_bytes(), name=path.name) for path in (old, new))
    found = difference(before, after)
    if as_json:
        told = {
            "from": before.published_at.isoformat(),
            "to": after.published_at.isoformat(),
            "counts": {"from": before.counted, "to": after.counted},
            "stated": {"from": before.stated, "to": after.stated},
            "added": [_entry(*entry) for entry in found.added],
            "removed": [_entry(*entry) for entry in found.removed],
            "moved": [{**area._asdict(), "was": was, "now": now} for area, was, now in found.moved],
            "notes": [*before.notes, *after.notes],
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for word, rows in (
        (say("新增", "added"), found.added),
        (say("移出", "removed"), found.removed),
    ):
        counts = Counter(level for level, _ in rows)
        click.echo(f"{word} {len(rows)}  {dict(counts)}")
    click.echo(say(f"调级 {len(found.moved)}", f"moved {len(found.moved)}"))
    for note in (*before.notes, *after.notes):
        click.echo(say(f"  清单自身的疑点：{note}", f"  odd in a list: {note}"), err=True)


@risk_command.command(
    name="match",
    help=say(
        "行程表与清单比对：谁在列入期（含回溯期）到过。列：person, province, city, county, part, from, to。",
        "Stays matched with lists. Columns: person, province, city, county, part, from, to.",
    ),
)
@click.argument("file", type=FILE)
@click.option("--lists", "folder", type=FOLDER, help=say("清单文件夹", "folder of lists"))
@click.option("--json", "as_json", is_flag=True)
def match(file: Path, folder: Path | None, as_json: bool) -> None:
    start_django()
    from fangxian.hazards.epidemic.regimes import stays
    from fangxian.hazards.epidemic.regimes.match import match_stays

    rows, wrong = stays.read_stays(file)
    spans = stays.spans_of_folder(folder) if folder else stays.spans_of_office()
    met = list(match_stays(rows, spans, look_back=stays.look_backs()))
    counts = Counter(one.how.how for one in met)
    if as_json:
        told = {
            "stays": len(rows),
            "areas": len(spans),
            "met": dict(counts),
            "rows": [
                {
                    "person": one.stay.key,
                    "level": one.span.level,
                    **one.span.area._asdict(),
                    "listed_from": one.span.since.isoformat(),
                    "listed_to": one.span.until.isoformat() if one.span.until else None,
                    "list": one.span.first,
                    "how": one.how.how,
                    "exclusion": one.how.exclusion,
                }
                for one in met
            ],
            "wrong": wrong,
        }
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        persons = len({one.stay.key for one in met if one.how.how != "beside"})
        click.echo(
            say(
                f"{len(rows)} 段行程 × {len(spans)} 个区域：涉及 {persons} 人 {dict(counts)}",
                f"{len(rows)} stays × {len(spans)} areas: {persons} persons {dict(counts)}",
            )
        )
        for one in wrong:
            click.echo(f"{one['row']} {say(one['zh'], one['en'])}", err=True)
    if wrong:
        raise SystemExit(3)


@risk_command.command(
    help=say(
        "清单入库；受影响的人自动成为属地任务。", "Take a list in; whom it concerns becomes tasks."
    )
)
@click.argument("file", type=FILE)
@click.option("--authority", default="CN", help=say("发布机关", "the authority"))
@click.option("--json", "as_json", is_flag=True)
def take(file: Path, authority: str, as_json: bool) -> None:
    start_ready()
    from fangxian.hazards.epidemic.regimes.write import take_list
    from fangxian.spine.core.rights import SYSTEM

    row = take_list(raw=file.read_bytes(), authority=authority, source=file.name, by=SYSTEM)
    told = {"list": str(row), "added": row.added, "removed": row.removed, "moved": row.moved}
    if as_json:
        click.echo(json.dumps({**told, "notes": row.notes}, ensure_ascii=False))
    else:
        click.echo(
            say(
                "{list}：新增 {added}，移出 {removed}，调级 {moved}",
                "{list}: {added} added, {removed} removed, {moved} moved",
            ).format(**told)
        )
