"""`fangxian telemetry decode` and `fangxian import`: frames and tables in."""

import json
import sys
from pathlib import Path
from typing import IO, Any

import click

from .main import language, say, start_django, start_ready, tell


@click.group(help=say("遥测报文:解码、发送。", "Telemetry frames: decode, send."))
def telemetry_command() -> None:
    """Frames by themselves need no database."""


@telemetry_command.command(
    help=say(
        "逐行读十六进制报文,逐行输出 JSON;有拒收则退出码 3。",
        "Hex frames, one a line, to JSON, one a line; exit 3 if some were rejected.",
    )
)
@click.argument("file", type=click.File("r", encoding="ascii", errors="replace"))
@click.option("--format", "form", type=click.Choice(["sl651"]), default="sl651")
@click.option("--json", "as_json", is_flag=True)
def decode(file: IO[str], form: str, as_json: bool) -> None:
    del form
    from fangxian.spine.observe.intake.sl651.assemble import Assembler

    assembler, rejected = Assembler(), 0
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        told = _decode_line(line, assembler)
        if told is None:
            continue
        rejected += not told["ok"]
        _print(told, number, as_json)
    for one in assembler.broken(all_open=True):
        rejected += 1
        text = f"{one.total - len(one.missing)} of {one.total} packets came; missing {one.missing}"
        error = {"code": "incomplete", "at_byte": 0, "text": text}
        told = {"ok": False, "function": one.function, "station": one.station, "error": error}
        _print(told, 0, as_json)
    sys.exit(3 if rejected else 0)


def _decode_line(line: str, assembler: Any) -> dict[str, Any] | None:
    """One line; None while a message of several packets is not complete."""
    from fangxian.spine.observe.intake.sl651.body import decode_message
    from fangxian.spine.observe.intake.sl651.frame import FrameError, decode_frame

    text = "".join(line.split())
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        at = next((k for k, c in enumerate(text) if c not in "0123456789abcdefABCDEF"), len(text))
        return _rejected("not_hex", at // 2, f"character {at + 1} of the line is not hexadecimal")
    try:
        whole = assembler.add(decode_frame(raw))
        return decode_message(whole.frame).row() if whole else None
    except FrameError as error:
        return _rejected(error.code, error.at_byte, error.text)


def _rejected(code: str, at_byte: int, text: str) -> dict[str, Any]:
    return {"ok": False, "error": {"code": code, "at_byte": at_byte, "text": text}}


def _print(told: dict[str, Any], number: int, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    elif told["ok"]:
        values = " ".join(f"{e['symbol']}={e['value']}{e['unit']}" for e in told["elements"])
        click.echo(f"{told['station']} {told['function']} {told['observed_at']} {values}")
    else:
        error = told["error"]
        click.echo(f"line {number}: {error['code']} at byte {error['at_byte']}: {error['text']}")


def import_readings(file: Path, *, as_json: bool, dry_run: bool) -> None:
    """A table of readings, one a row."""
    (start_django if dry_run else start_ready)()
    from fangxian.cli.files import tell_some
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.core.tables import keep_inputs
    from fangxian.spine.core.tables.book import write_errors
    from fangxian.spine.observe.accept import Intake
    from fangxian.spine.observe.intake.rows import arrivals_of
    from fangxian.spine.observe.intake.table import read_readings

    book = file.with_name(f"{file.stem}-errors.xlsx")
    keep_inputs(outputs=[book], inputs=[file])
    found = read_readings(file)
    errors = found.errors
    verdicts = None
    if not dry_run:
        rows = arrivals_of((row.reading for row in found.rows), source=f"table {file.name}")
        verdicts = Intake().accept(rows, by=SYSTEM)
    told = {
        "rows": len(found.rows) + len({(e.sheet, e.row) for e in errors}),
        "good": len(found.rows),
        "stored": verdicts.taken if verdicts else 0,
        "quarantined": verdicts.held if verdicts else 0,
        "changed": verdicts.readings if verdicts else 0,
        "unused": found.unused,
        "notes": [note.text(language()) for note in found.notes],
        "errors": [{"sheet": e.sheet, "cell": e.cell, "why": say(e.zh, e.en)} for e in errors],
    }
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(
            say(
                f"{told['good']} 行可用,存入 {told['stored']},变动 {told['changed']},"
                f"未登记测站 {told['quarantined']},错误 {len(errors)}",
                f"{told['good']} good rows, {told['stored']} stored, {told['changed']} "
                f"changed, {told['quarantined']} of unknown stations, {len(errors)} errors",
            )
        )
    tell_some([note.text(language()) for note in found.notes])
    tell_some([say(f"未使用:{text}", f"not used: {text}") for text in found.unused])
    tell_some([f"{e.sheet and e.sheet + '!'}{e.cell}: {say(e.zh, e.en)}" for e in errors])
    if errors:
        write_errors(file, errors, book)
        tell(say(f"错误单元格已标在 {book}", f"the cells with errors are marked in {book}"))
    sys.exit(3 if errors else 0)
