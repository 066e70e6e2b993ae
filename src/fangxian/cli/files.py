"""What the file-in, file-out words share: files read and written as options, and how they end."""

import json
import math
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import click

from fangxian.spine.core.tables import Answer, Note, keep_inputs

from .main import language, say, tell

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)
MOST = 20  # sentences that are told one by one
json_option = click.option(
    "--json", "as_json", is_flag=True, help=say("摘要用 JSON", "summary as JSON")
)
out_option = click.option("--out", type=OUT, required=True)


class FileCommand(click.Command):
    """A word that refuses to write over a file it reads."""

    def invoke(self, ctx: click.Context) -> Any:
        given = [(p.type, ctx.params.get(p.name or "")) for p in self.params]
        keep_inputs(
            outputs=[path for kind, own in given if kind is OUT for path in _each(own)],
            inputs=[path for kind, own in given if kind is FILE for path in _each(own)],
        )
        return super().invoke(ctx)


def _each(given: Any) -> Sequence[Path | None]:
    """The files of an option that may stand once or often."""
    return given if isinstance(given, tuple) else (given,)


class FileGroup(click.Group):
    command_class = FileCommand


def said_by(answer: Answer) -> tuple[list[str], list[str], list[str]]:
    """Errors, notes, and what of the files was not used."""
    tongue, tables = language(), answer.read
    errors: list[Note] = [*(e for t in tables for e in t.errors), *answer.errors]
    notes: list[Note] = [*answer.notes, *(n for t in tables for n in t.notes)]
    notes += [near for table in tables for near in table.misspelt()]
    unused = [text for table in tables for text in table.unused()]
    return [e.text(tongue) for e in errors], [n.text(tongue) for n in notes], unused


def finish(
    answer: Answer, as_json: bool, *, out: Path | None = None, failed: bool = False
) -> NoReturn:
    """The summary on stdout, what was wrong on stderr; exit 3 when something was, 1 when all was."""
    errors, notes, unused = said_by(answer)
    told = {**answer.told, **({"out": str(out)} if out else {})}
    told = _plain({**told, "unused": unused, "notes": notes, "errors": errors})
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, allow_nan=False, default=str))
    else:
        for key, value in told.items():
            if key not in ("errors", "notes", "unused"):
                _show(key, value)
    tell_some(notes)
    tell_some([say(f"未使用:{text}", f"not used: {text}") for text in unused])
    tell_some(errors)
    sys.exit(1 if failed else 3 if errors else 0)


@cache
def tell_compiling() -> None:
    """From here on the first loop that is compiled is told; those kept from earlier are not."""
    from numba.core import event

    class Once(event.Listener):
        said = False

        def on_start(self, event: Any) -> None:
            if not self.said:
                self.said = True
                zh = "首次使用,编译一次……(fangxian warm 可事先编译)"
                tell(say(zh, "compiling once ... (fangxian warm does it beforehand)"))

        def on_end(self, event: Any) -> None:
            """One sentence is enough."""

    event.register("numba:compile", Once())  # type: ignore[no-untyped-call]


def tell_some(lines: Sequence[str]) -> None:
    """The first of many, and how many more there are."""
    for line in lines[:MOST]:
        tell(line)
    if len(lines) > MOST:
        tell(say(f"……另有 {len(lines) - MOST} 处", f"... and {len(lines) - MOST} more"))


def _plain(value: Any) -> Any:
    """The same without NaN and infinity, which JSON does not know."""
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _show(key: str, value: Any) -> None:
    """A value by its name; a list of rows as a table."""
    if not (isinstance(value, list) and value and all(isinstance(row, dict) for row in value)):
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        click.echo(f"{key}: {'' if text is None else text}")
        return
    columns = [c for c in value[0] if not isinstance(value[0][c], dict | list)]
    rows = [columns, *([_cell(row.get(c)) for c in columns] for row in value)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(columns))]
    click.echo(f"{key}:")
    for row in rows:
        click.echo("  " + "  ".join(x.rjust(w) for x, w in zip(row, widths, strict=True)))


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)
