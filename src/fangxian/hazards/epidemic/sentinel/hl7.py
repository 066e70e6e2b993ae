"""HL7 version 2: visits (ADT) and results (ORU^R01). A message that cannot be taken is refused with
its place, and the next one goes on; each is answered (ACK)."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.people.matching import Record

from .clinical import NOBODY, RefusedError, Told, first, needed
from .codes import TEST, VISIT

SEEN = {"A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A13"}
CANCELLED = {"A11"}
FINAL, WAITING, VOID = {"F", "C", "U"}, {"P", "R", "S", "I", "O", "N"}, {"X", "D", "W"}
MOMENT = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\.\d+)?([+-]\d{4})?$")
SEX = {"M": "M", "F": "F"}


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


def read_message(where: str, text: str) -> list[Told]:
    """What one message tells. Raises RefusedError."""
    from hl7apy.consts import VALIDATION_LEVEL
    from hl7apy.exceptions import HL7apyException
    from hl7apy.parser import parse_message

    try:
        found = parse_message(text, find_groups=False, validation_level=VALIDATION_LEVEL.TOLERANT)
        return list(_told(where, found))
    except (HL7apyException, ArithmeticError, ValueError, LookupError, AttributeError) as error:
        if isinstance(error, RefusedError):
            raise
        raise RefusedError(f"{where}: {type(error).__name__} {error}"[:300]) from None


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


def _told(where: str, message: Any) -> Iterator[Told]:
    segments: dict[str, list[Any]] = {}
    for segment in message.children:
        segments.setdefault(segment.name, []).append(segment)
    head = segments["MSH"][0]
    kind, _, event = _text(head, 9).replace("_", "^").partition("^")
    site = _text(head, 4).split("^")[0]
    needed(where, {"MSH-4": site, "MSH-7": _text(head, 7), "MSH-10": _text(head, 10)})
    at = _moment(f"{where} MSH-7", _text(head, 7))
    pid = segments.get("PID", [None])[0]
    shared = {"site": site, "at": at, "patient": _part(pid, 3, 0), "who": _who(pid)}
    if kind == "ADT":
        yield _visit(where, event.split("^")[0], segments, shared)
    elif kind == "ORU":
        yield from _results(where, message, shared)
    else:
        raise RefusedError(f"{where} MSH-9: {kind or '—'} is not taken; ADT and ORU^R01 are")


def _visit(where: str, event: str, segments: dict[str, list[Any]], shared: dict[str, Any]) -> Told:
    if event not in SEEN | CANCELLED:
        taken = ", ".join(sorted(SEEN | CANCELLED))
        raise RefusedError(f"{where} MSH-9: event {event or '—'} is not taken; {taken} are")
    visit = segments.get("PV1", [None])[0]
    number = _part(visit, 19, 0)
    needed(where, {"PV1-19": number})
    begun = _text(visit, 44)
    day = _moment(f"{where} PV1-44", begun) if begun else shared["at"]
    codes = [_part(one, 3, 0) for one in segments.get("DG1", [])]
    return Told(
        where,
        VISIT,
        number=number,
        day=clock.beijing(day).date(),
        icd10=tuple(code for code in codes if code),
        inpatient=_text(visit, 2) == "I",
        void=event in CANCELLED,
        **shared,
    )


def _results(where: str, message: Any, shared: dict[str, Any]) -> Iterator[Told]:
    """One for each observation that is final or taken back."""
    order = None
    for n, segment in enumerate(message.children, 1):
        if segment.name == "OBR":
            order = segment
        if segment.name != "OBX":
            continue
        place = f"{where} segment {n} OBX"
        status = _text(segment, 11) or "F"
        if status in WAITING:
            continue
        if status not in FINAL | VOID:
            raise RefusedError(f"{place}-11: {status} is no status of a result")
        taken = first([_text(segment, 14), _text(order, 7), _text(order, 22)])
        day = _moment(f"{place}-14", taken) if taken else shared["at"]
        number = first([_part(order, 3, 0), _part(order, 2, 0)])
        needed(place, {"OBR-3": number, "OBX-3": _part(segment, 3, 0)})
        codes = tuple(code for k in (0, 3) if (code := _part(segment, 3, k)))
        words = [_part(segment, 8, 0), *(_part(segment, 5, k) for k in (0, 1, 3))]
        yield Told(
            place,
            TEST,
            number=f"{number} {codes[0]} {_text(segment, 4)}".strip(),
            day=clock.beijing(day).date(),
            loinc=codes,
            words=tuple(word for word in words if word),
            void=status in VOID,
            **shared,
        )


def _text(segment: Any, n: int) -> str:
    """Field ``n`` of a segment, its first repetition; empty where there is none."""
    if segment is None:
        return ""
    fields = segment.children.get(f"{segment.name}_{n}")
    return fields[0].to_er7().strip() if fields else ""


def _part(segment: Any, n: int, k: int) -> str:
    parts = _text(segment, n).split("^")
    return parts[k].split("&")[0].strip() if len(parts) > k else ""


def _who(pid: Any) -> Record:
    if pid is None:
        return NOBODY
    family, given = _part(pid, 5, 0), _part(pid, 5, 1)
    chinese = any("一" <= c <= "鿿" for c in family + given)
    name = family + given if chinese else f"{family} {given}".strip()
    birth = _text(pid, 7)[:8]
    kinds = [repeat.to_er7().split("^") for repeat in pid.children.get("PID_3") or ()]
    numbers = [row[0] for row in kinds if len(row) > 4 and row[4] in ("NNCHN", "NI", "SS", "PPN")]
    return Record(
        name=name,
        sex=SEX.get(_text(pid, 8), ""),
        birth=f"{birth[:4]}-{birth[4:6]}-{birth[6:8]}" if len(birth) == 8 else birth[:4],
        id_number=first(numbers),
        phone=_part(pid, 13, 0),
    )


def _moment(where: str, text: str) -> datetime:
    """A time of HL7; one without an offset is Beijing time."""
    found = MOMENT.match(text.split("^")[0])
    if found is None:
        raise RefusedError(f"{where}: {text} is no time")
    year, *rest = (int(part) if part else None for part in found.groups()[:6])
    month, day, hour, minute, second = rest
    try:
        at = datetime(
            year or 0, month or 1, day or 1, hour or 0, minute or 0, second or 0, tzinfo=BEIJING
        )
    except ValueError:
        raise RefusedError(f"{where}: {text} is no time") from None
    if zone := found[7]:
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
        at += BEIJING.utcoffset(at) or timedelta()
        at -= offset if zone[0] == "+" else -offset
    return at
