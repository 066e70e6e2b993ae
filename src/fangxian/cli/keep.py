"""`fangxian backup | keys | proof | auditor | upkeep`: what keeps a headquarters' data."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from .main import know_subjects, say, start_ready, tell

PATH = click.Path(path_type=Path)
WORDS = say("封存口令", "words of the escrow")


def progress() -> Any:
    """A line on stderr that says how far a long work has come."""
    last = [""]

    def told(what: str, done: int, total: int) -> None:
        share = 100 * done // total if total else 100
        line = f"{what} {share} %"
        if line != last[0] and sys.stderr.isatty():
            click.echo(f"\r{line:60}", err=True, nl=False)
        last[0] = line

    return told


def _out(told: dict[str, Any], zh: str, en: str, as_json: bool) -> None:
    if sys.stderr.isatty():
        click.echo("\r" + " " * 60 + "\r", err=True, nl=False)
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else say(zh, en))


def _without_folder() -> None:
    """These words work where there is no data folder yet, and make none."""
    from fangxian.spine.core.config import ConfigError, config

    try:
        config()
    except ConfigError as error:
        raise click.UsageError(str(error)) from None


@click.group(help=say("备份:做、验、恢复。", "Backups: made, verified, restored."))
def backup_command() -> None:
    pass


@backup_command.command("create", help=say("备份到 PATH(文件或目录)。", "Back up to PATH."))
@click.argument("path", type=PATH)
@click.option("--json", "as_json", is_flag=True)
def create(path: Path, as_json: bool) -> None:
    start_ready()
    know_subjects()
    from fangxian.ops.upkeep import back_up

    made = back_up(path, tell=progress())
    size = f"{made['size'] / 1e6:.1f} MB"
    tried = say("已试恢复", "restored on trial") if made.get("restored") else ""
    _out(
        made,
        f"已备份到 {made['path']}({size}),已读回 {tried}。密钥另行封存:fangxian keys escrow",
        f"backed up to {made['path']} ({size}), read back {tried}; keys: fangxian keys escrow",
        as_json,
    )


@backup_command.command("verify", help=say("逐字节读一份备份。", "Read every byte of a backup."))
@click.argument("path", type=PATH)
@click.option("--escrow", type=PATH, help=say("密钥封存件", "the escrow of the keys"))
@click.option("--json", "as_json", is_flag=True)
def verify(path: Path, escrow: Path | None, as_json: bool) -> None:
    _without_folder()
    from fangxian.ops.backup import verify

    manifest = verify(path, key=_key(escrow), tell=progress())
    n = len(manifest["members"])
    _out(
        manifest,
        f"完好:{n} 个文件,{manifest['at']}",
        f"sound: {n} files of {manifest['at']}",
        as_json,
    )


@backup_command.command(
    "restore",
    help=say("恢复到空目录 --into,不覆盖任何资料。", "Restore into an empty folder --into."),
)
@click.argument("path", type=PATH)
@click.option("--into", type=PATH, required=True, help=say("空目录", "an empty folder"))
@click.option("--escrow", type=PATH, help=say("密钥封存件", "the escrow of the keys"))
@click.option("--json", "as_json", is_flag=True)
def restore(path: Path, into: Path, escrow: Path | None, as_json: bool) -> None:
    _without_folder()
    from fangxian.ops.backup import restore

    manifest = restore(path, into, key=_key(escrow), tell=progress())
    _out(
        manifest,
        f"已恢复到 {into}。请核对:FANGXIAN_DATA_DIR={into} fangxian doctor --data-only",
        f"restored into {into}; look: FANGXIAN_DATA_DIR={into} fangxian doctor --data-only",
        as_json,
    )


def _key(escrow: Path | None) -> str | None:
    """The keys of backups out of an escrow; its words are asked for."""
    if escrow is None:
        return None
    from fangxian.ops.escrow import open_escrow

    words = click.prompt(WORDS, hide_input=True, err=True)
    told = open_escrow(escrow, words)
    return " ".join([told["backup.key"], told.get("backup.old", "")])


@click.group(help=say("密钥:列出、封存、更换。", "Keys: listed, put in escrow, changed."))
def keys_command() -> None:
    pass


@keys_command.command("list", help=say("列出各用途的密钥。", "The keys by purpose."))
@click.option("--json", "as_json", is_flag=True)
def list_keys(as_json: bool) -> None:
    start_ready()
    from fangxian.ops.keys import listed

    rows = listed()
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        where = say("由环境给出", "given") if row["given"] else say("在数据目录", "in the folder")
        safe = say("已封存", "in escrow") if row["escrowed"] else say("未封存", "in no escrow")
        click.echo(f"{row['purpose']:10} {row['id']}  {where}  {safe}")


@keys_command.command(
    "escrow",
    help=say("把全部密钥封存到 PATH,放入保险柜。", "Put all keys into PATH, for the safe."),
)
@click.argument("path", type=PATH)
@click.password_option("--words", prompt=WORDS)
def escrow(path: Path, words: str) -> None:
    start_ready()
    from fangxian.ops.keys import escrow

    ids = ", ".join(escrow(path, words))
    tell(
        say(
            f"已封存 {ids} 到 {path}。口令另记;没有口令谁也打不开。",
            f"keys {ids} are in {path}; without its words nobody opens it.",
        )
    )


@keys_command.command("recover", help=say("从封存件取回密钥。", "Keys back from an escrow."))
@click.argument("path", type=PATH)
@click.option("--into", type=PATH, required=True, help=say("数据目录", "the data folder"))
@click.option("--words", prompt=WORDS, hide_input=True)
def recover(path: Path, into: Path, words: str) -> None:
    _without_folder()
    from fangxian.ops.escrow import recover

    written = ", ".join(recover(path, words, into))
    none = say("密钥都在,没有写入。", "all the keys are there; nothing was written.")
    tell(say(f"已写入:{written}", f"written: {written}") if written else none)


@keys_command.command(
    "rotate",
    help=say(
        "更换存证或备份密钥;封存个人资料的用 reseal --new-key。先停服务。",
        "Change the key of proofs or backups; of sealed data: reseal --new-key. Stop serve first.",
    ),
)
@click.argument("purpose", type=click.Choice(["evidence", "backup"]))
def rotate(purpose: str) -> None:
    start_ready()
    know_subjects()
    from fangxian.ops.keys import rotate
    from fangxian.ops.lock import hold

    hold("serve")
    hold("worker")
    hold("cover")
    tell(say("新密钥 ", "the new key: ") + rotate(purpose))


@click.group(help=say("存证:外存、接受不符。", "Proofs: anchored, a break accepted."))
def proof_command() -> None:
    pass


@proof_command.command("anchor", help=say("现在就外存一次。", "Drop an anchor now."))
def anchor() -> None:
    start_ready()
    from fangxian.ops import anchors

    anchors.must_be_set_up()
    dropped = anchors.drop()
    assert dropped is not None  # noqa: S101 - a place is set up
    click.echo(dropped.line())


@proof_command.command(
    "accept",
    help=say(
        "查清后接受现有不符,写明原因。", "After looking: go on from what is there, with a reason."
    ),
)
@click.option("--reason", required=True, help=say("原因", "why"))
def accept(reason: str) -> None:
    start_ready()
    know_subjects()
    from fangxian.ops import anchors
    from fangxian.spine.core import evidence
    from fangxian.spine.core.rights import SYSTEM

    found = [*evidence.accept(reason=reason, by=SYSTEM), *anchors.accept()]
    none = say("没有不符", "everything agrees; nothing to accept")
    click.echo("\n".join(found) or none)


@click.command(help=say("监督进程:指出每一步迟误。", "The auditor: names every late step."))
@click.option("--once", is_flag=True, help=say("只看一次", "look once"))
@click.option("--json", "as_json", is_flag=True)
def auditor_command(once: bool, as_json: bool) -> None:
    start_ready()
    know_subjects()
    from fangxian.ops import auditor
    from fangxian.ops.lock import hold
    from fangxian.ops.worker import run_loops

    if once:
        late = auditor.late_steps()
        none = say("没有迟误", "nothing is late")
        told = json.dumps({"late": late}, ensure_ascii=False)
        click.echo(told if as_json else "\n".join(late) or none)
        sys.exit(1 if late else 0)
    hold("auditor")
    run_loops(auditor.loops())


@click.command(help=say("维护进程:备份、存证、清理。", "Upkeep: backups, proofs, tidying."))
def upkeep_command() -> None:
    start_ready()
    know_subjects()
    from fangxian.ops import upkeep
    from fangxian.ops.lock import hold
    from fangxian.ops.worker import run_loops

    hold("upkeep")
    run_loops(upkeep.loops())
