"""HL7 version 2 as it travels: messages of a file or a batch, their fields, times and answers. What
a message means is said by the subjects that take it."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.clock import BEIJING

MOMENT = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\.\d+)?([+-]\d{4})?$")


def looks_like_hl7(text: bytes) -> bool:
    return text[:3] in (b"MSH", b"FHS", b"BHS") or text[:4] == b"\x0bMSH"


def messages(raw: bytes) -> Iterator[tuple[str, str]]:
    """The messages of a file or a batch with their places; line ends of any kind, MLLP frames and
    batch headers are taken off. Bytes that are not UTF-8 are read as GB 18030."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", "replace")
    lines = [line.strip("\x0b\x1c") for line in re.split(r"\r\n|\r|\n", text)]
    block: list[str] = []
    n = begun = 0
    for k, line in enumerate([*lines, "MSH"], 1):
        if line.startswith("MSH"):
            if block:
                n += 1
                yield f"message[{n}] line {begun}", "\r".join(block)
            block, begun = [line], k
        elif block and line.strip() and line[:3] not in ("FHS", "BHS", "BTS", "FTS"):
            block.append(line)


def control_id(text: str) -> str:
    """MSH-10, however broken the rest is."""
    parts = text.split("\r", 1)[0].split("|")
    return parts[9] if len(parts) > 9 else ""


def acknowledge(text: str, why: str) -> str:
    """The answer to a message: taken (AA), or refused with the reason (AE)."""
    head = text.split("\r", 1)[0].split("|") + [""] * 12
    now = f"{clock.beijing(clock.now()):%Y%m%d%H%M%S%z}"
    own = f"{clock.now().timestamp():.6f}".replace(".", "")
    msh = f"MSH|^~\\&|FANGXIAN||{head[2]}|{head[3]}|{now}||ACK|{own}|P|{head[11] or '2.5.1'}"
    msa = f"MSA|{'AE' if why else 'AA'}|{head[9]}"
    err = f"ERR||||E||||{_escaped(why)}" if why else ""
    return "\r".join(line for line in (msh, msa, err) if line) + "\r"


def _escaped(text: str) -> str:
    marks = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}
    return "".join(marks.get(c, c) for c in text)


def text_of(segment: Any, n: int) -> str:
    """Field ``n`` of a segment, its first repetition; empty where there is none."""
    if segment is None:
        return ""
    fields = segment.children.get(f"{segment.name}_{n}")
    return fields[0].to_er7().strip() if fields else ""


def part_of(segment: Any, n: int, k: int) -> str:
    parts = text_of(segment, n).split("^")
    return parts[k].split("&")[0].strip() if len(parts) > k else ""


def moment_of(text: str) -> datetime:
    """A time of HL7; one without an offset is Beijing time. Raises ValueError."""
    found = MOMENT.match(text.split("^")[0])
    if found is None:
        raise ValueError(text)
    year, *rest = (int(part) if part else None for part in found.groups()[:6])
    month, day, hour, minute, second = rest
    at = datetime(
        year or 0, month or 1, day or 1, hour or 0, minute or 0, second or 0, tzinfo=BEIJING
    )
    if zone := found[7]:
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
        at += BEIJING.utcoffset(at) or timedelta()
        at -= offset if zone[0] == "+" else -offset
    return at
