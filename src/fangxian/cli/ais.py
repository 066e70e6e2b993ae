"""`fangxian ais`: sentences of AIS into messages."""

import json
import sys
from collections import Counter
from pathlib import Path

import click

from .files import FILE
from .main import say


@click.group(help=say("AIS 语句：解码。", "AIS sentences: decoded."))
def ais_command() -> None:
    """AIS."""


@ais_command.command(
    help=say(
        "解码一份 NMEA 文件，一条消息一行 JSON；校验错、不完整、不成句的说明原因（退出码 3）。",
        "Decode a file of NMEA, a line of JSON a message; what is none says why (exit 3).",
    )
)
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True)
def decode(file: Path, as_json: bool) -> None:
    from fangxian.hazards.epidemic.coast.ais import Decoder

    kinds: Counter[str] = Counter()
    out = sys.stdout
    with file.open("rb") as lines:
        for message in Decoder().read(lines):
            kinds[message.reason or "ok"] += 1
            if as_json:
                out.write(json.dumps(message.told(), ensure_ascii=False) + "\n")
    if not as_json:
        words = {"ok": say("正确", "good"), "checksum": say("校验错", "wrong checksum")}
        words |= {
            "incomplete": say("缺部分", "incomplete"),
            "malformed": say("不成句", "malformed"),
        }
        for kind, n in kinds.most_common():
            click.echo(f"{words[kind]} {n}")
    sys.exit(3 if set(kinds) - {"ok"} else 0)
