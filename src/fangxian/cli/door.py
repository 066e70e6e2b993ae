"""`fangxian import | export | template | admin | key`: the door to the registers."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from .files import OUT, tell_some
from .main import know_subjects, language, say, start_django, start_ready, tell

SHOWN = 1000  # differences in an answer; all are counted


@click.command(
    help=say(
        "导入表格。KIND 为 places、organisations、posts、people、terms、sites、duties、users、"
        "stations、bases、limits、thresholds、marks、report_plans；不写则为读数表（表头 station,element,at,value）。",
        "Import a table. KIND is places, organisations, posts, people, terms, sites, duties, "
        "users, stations, bases, limits, thresholds, marks, report_plans; without it, readings.",
    )
)
@click.argument("words", nargs=-1, required=True, metavar="[KIND] FILE")
@click.option("--dry-run", is_flag=True, help=say("只看会改什么", "only show what would change"))
@click.option("--valid-rows", is_flag=True, help=say("只导入无误的行", "take the good rows"))
@click.option("--undo", is_flag=True, help=say("撤销该表上次导入", "take back the last import"))
@click.option("--yes", is_flag=True, help=say("撤销时不再询问", "do not ask before an undo"))
@click.option("--frame", help=say("坐标系：WGS84、CGCS2000、GCJ-02、BD-09", "coordinate system"))
@click.option("--json", "as_json", is_flag=True)
def import_command(
    words: tuple[str, ...],
    dry_run: bool,
    valid_rows: bool,
    undo: bool,
    yes: bool,
    frame: str,
    as_json: bool,
) -> None:
    if words[0] == "readings" or (len(words) == 1 and not undo):
        from .telemetry import import_readings

        import_readings(_file(words[-1]), as_json=as_json, dry_run=dry_run)
        return
    start_ready()
    from fangxian.spine.core.door import door

    know_subjects()
    one = door(words[0])
    if undo and len(words) > 1:
        told = say("撤销时不写文件：import KIND --undo", "no file with --undo: import KIND --undo")
        raise click.UsageError(told)
    if undo:
        _undo(one.code, as_json, yes=yes)
        return
    if len(words) != 2:
        raise click.UsageError(say("应为：import KIND FILE", "it should be: import KIND FILE"))
    always = {"frame": frame} if frame else {}
    _take(one, _file(words[1]), always, dry_run=dry_run, valid_rows=valid_rows, as_json=as_json)


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise click.UsageError(say(f"没有文件 {text}", f"there is no file {text}"))
    return path


def _take(
    one: Any, path: Path, always: dict[str, str], *, dry_run: bool, valid_rows: bool, as_json: bool
) -> None:
    from fangxian.spine.core.door import examine, take
    from fangxian.spine.core.door_tables import difference, read_given
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.core.tables import keep_inputs
    from fangxian.spine.core.tables.book import write_errors

    book = path.with_name(f"{path.stem}-errors.xlsx")
    keep_inputs(outputs=[book], inputs=[path])
    tell(say(f"读取 {path.name} …", f"reading {path.name} ..."))
    given = read_given(one, path, always=always)
    torn = bool(given.table.errors)
    tell(say(f"{len(given.rows)} 行，比对 …", f"{len(given.rows)} rows, comparing ..."))
    found, row = examine(one, given.rows, by=SYSTEM), None
    good = not (found.wrong or torn)
    if not dry_run and (good or valid_rows):
        tell(say("写入 …", "writing ..."))
        found, row = take(one, given.rows, by=SYSTEM, source=path.name, valid_rows=valid_rows)
    errors = given.errors(found)
    changes = [*found.implied, *found.changes]
    told = {
        "kind": one.code,
        "rows": found.rows,
        "new": found.made,
        "changed": found.changed,
        "implied": len(found.implied),
        "same": found.same,
        "bad_rows": found.bad_rows,
        "stored": len(found.changes) + len(found.implied) if row else 0,
        "import": row.pk if row else None,
        "dry_run": dry_run,
        "differences": [difference(one, c, zh=language() == "zh") for c in changes[:SHOWN]],
        "not_shown": max(len(changes) - SHOWN, 0),
        "unused": given.table.unused(),
        "errors": [
            {"sheet": e.sheet, "cell": e.cell, "column": e.head or e.name, "why": say(e.zh, e.en)}
            for e in errors
        ],
    }
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _print(told)
    tell_some([say(f"未使用：{text}", f"not used: {text}") for text in given.table.unused()])
    tell_some([e.text(language()) for e in errors])
    if errors:
        write_errors(path, errors, book)
        tell(say(f"错误单元格已标在 {book}", f"the cells with errors are marked in {book}"))
    sys.exit(0 if not errors else 3 if dry_run or valid_rows else 1)


def _print(told: dict[str, Any]) -> None:
    zh = "会" if told["dry_run"] else "已" if told["import"] else "没有写入；可"
    click.echo(
        say(
            f"{told['kind']}：{told['rows']} 行；{zh}新增 {told['new']}、改动 {told['changed']}、"
            f"随之改动 {told['implied']}，相同 {told['same']}，有误 {told['bad_rows']} 行",
            f"{told['kind']}: {told['rows']} rows; new {told['new']}, changed {told['changed']}, "
            f"following {told['implied']}, same {told['same']}, wrong {told['bad_rows']}; "
            + ("nothing written" if not told["import"] else f"import {told['import']}"),
        )
    )
    for one in told["differences"][:40]:
        columns = "；".join(f"{k}: {b or '—'} → {a or '—'}" for k, b, a in one["columns"])
        sign = {"new": "+", "changed": "~", "gone": "-"}[one["state"]]
        click.echo(f"  {sign} {one['key']}  {columns}")
    more = max(len(told["differences"]) - 40, 0) + told["not_shown"]
    if more:
        click.echo(say(f"  ……另有 {more} 行", f"  ... and {more} more"))


def _undo(kind: str, as_json: bool, *, yes: bool) -> None:
    from fangxian.spine.core import clock
    from fangxian.spine.core.door_undo import undo
    from fangxian.spine.core.models import Import
    from fangxian.spine.core.problems import Problem
    from fangxian.spine.core.rights import SYSTEM

    last = Import.objects.filter(kind=kind, undone_at=None).order_by("-pk").first()
    if last is None:
        raise Problem("not_found", what=say(f"{kind} 的导入", f"an import of {kind}"))
    at = f"{clock.beijing(last.at):%Y-%m-%d %H:%M}"
    told = say(
        f"撤销 {at} {last.by} 导入的“{last.source}”：新增 {last.made} 行、改动 {last.changed} 行",
        f"take back “{last.source}” of {at} by {last.by}: {last.made} new, {last.changed} changed",
    )
    if not yes:
        click.confirm(told, abort=True, err=True)
    n = undo(last, by=SYSTEM)
    if as_json:
        click.echo(json.dumps({"kind": kind, "import": last.pk, "undone": n}))
    else:
        click.echo(say(f"已撤销导入 {last.pk}：{n} 行", f"import {last.pk} taken back: {n} rows"))


@click.command(
    help=say(
        "导出一种台账为 xlsx 或 CSV，可改后再导入；电话打星号。--empty 只要空表模板。KIND 为 all 时全部导出到目录 --out。",
        "Export a register as xlsx or CSV to edit and import again; --empty is the template. "
        "With all: everything in open formats into the folder --out.",
    )
)
@click.argument("kind")
@click.option("--out", type=OUT, help=say("默认 KIND.xlsx", "KIND.xlsx by default"))
@click.option("--empty", is_flag=True, help=say("空表模板", "the empty template"))
@click.option("--json", "as_json", is_flag=True)
def export_command(kind: str, out: Path | None, empty: bool, as_json: bool) -> None:
    (start_django if empty else start_ready)()
    from fangxian.spine.core.door import door, rows_of, tell_export
    from fangxian.spine.core.door_tables import csv_text, workbook
    from fangxian.spine.core.problems import Problem
    from fangxian.spine.core.rights import SYSTEM

    know_subjects()
    if kind == "all":
        _export_all(out or Path("fangxian-export"), as_json)
        return
    one, zh = door(kind), language() == "zh"
    rows = [] if empty else rows_of(one, seat=SYSTEM)
    if rows:
        tell_export(one.code, len(rows), by=SYSTEM)
    if as_json:
        click.echo(json.dumps([one.masked(row) for row in rows], ensure_ascii=False))
        return
    path = out or Path(f"{kind}.xlsx")
    try:
        if path.suffix.lower() == ".csv":
            path.write_text(csv_text(one, rows, zh=zh), encoding="utf-8")
        else:
            path.write_bytes(workbook(one, rows, zh=zh, who="fangxian export"))
    except OSError as error:
        raise Problem("output.unwritable", file=str(path), why=error.strerror) from error
    tell(say(f"{path}：{len(rows)} 行", f"{path}: {len(rows)} rows"))


def _export_all(folder: Path, as_json: bool) -> None:
    from fangxian.ops.export import export_all

    written = export_all(folder, tell=lambda name, n: tell(f"{name}: {n}"))
    if as_json:
        click.echo(json.dumps(written, ensure_ascii=False))
    else:
        n = sum(written.values())
        tell(
            say(
                f"{folder}:{len(written)} 个文件,{n} 行",
                f"{folder}: {len(written)} files, {n} rows",
            )
        )


@click.command(
    help=say(
        "用新密钥重新封存个人资料；--new-key 先换密钥。旧密钥留在 secret.old，全部重封后可删。",
        "Seal personal data anew; --new-key changes the key first. Old keys stay in secret.old.",
    )
)
@click.option("--new-key", is_flag=True, help=say("先换密钥", "change the key first"))
def reseal_command(new_key: bool) -> None:
    start_ready()
    from fangxian.ops.keys import note_keys
    from fangxian.ops.lock import hold
    from fangxian.spine.core.config import ConfigError, config
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.core.seal import reseal

    know_subjects()
    hold("serve")  # running processes would go on sealing by the old key
    if new_key:
        try:
            config().change_key()
            note_keys()
        except ConfigError as error:
            raise click.UsageError(str(error)) from None
    total = 0
    while True:
        done, lost = reseal(by=SYSTEM)
        total += done
        tell(say(f"已重封 {total}", f"{total} sealed anew"))
        if not done:
            break
    if lost:
        tell(say(f"{lost} 条打不开，未动", f"{lost} cannot be opened and were left"))
    sys.exit(3 if lost else 0)


@click.command(
    help=say(
        "建立首任管理员：岗位、任期和账号。口令从提示或标准输入读。",
        "Make the first administrator: post, term and account. The password is asked for.",
    )
)
@click.argument("name")
@click.option("--user", "username", default="admin", help=say("账号，默认 admin", "account"))
@click.option("--phone", default="", help=say("电话", "phone"))
@click.password_option()
def admin_command(name: str, username: str, phone: str, password: str) -> None:
    start_ready()
    from fangxian.spine.core.config import config
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.registry.accounts import first_administrator

    first_administrator(name=name, username=username, phone=phone, password=password, by=SYSTEM)
    tell(
        say(
            f"{name} 可以用账号 {username} 登录 {config().url}/setup，按缺项逐一登记。",
            f"{name} can log in as {username} at {config().url}/setup and fill what is missing.",
        )
    )
