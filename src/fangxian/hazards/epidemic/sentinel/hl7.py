"""HL7 version 2: visits (ADT) and results (ORU^R01). A message that cannot be taken is refused with
its place, and the next one goes on; each is answered (ACK)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from fangxian.hazards.epidemic.hl7 import moment_of, part_of, text_of
from fangxian.spine.core import clock
from fangxian.spine.people.matching import Record

from .clinical import NOBODY, RefusedError, Told, first, needed
from .codes import TEST, VISIT

SEEN = {"A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A13"}
CANCELLED = {"A11"}
FINAL, WAITING, VOID = {"F", "C", "U"}, {"P", "R", "S", "I", "O", "N"}, {"X", "D", "W"}
SEX = {"M": "M", "F": "F"}


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


def _told(where: str, message: Any) -> Iterator[Told]:
    segments: dict[str, list[Any]] = {}
    for segment in message.children:
        segments.setdefault(segment.name, []).append(segment)
    head = segments["MSH"][0]
    kind, _, event = text_of(head, 9).replace("_", "^").partition("^")
    site = text_of(head, 4).split("^")[0]
    needed(where, {"MSH-4": site, "MSH-7": text_of(head, 7), "MSH-10": text_of(head, 10)})
    at = _moment(f"{where} MSH-7", text_of(head, 7))
    pid = segments.get("PID", [None])[0]
    shared = {"site": site, "at": at, "patient": part_of(pid, 3, 0), "who": _who(pid)}
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
    number = part_of(visit, 19, 0)
    needed(where, {"PV1-19": number})
    begun = text_of(visit, 44)
    day = _moment(f"{where} PV1-44", begun) if begun else shared["at"]
    codes = [part_of(one, 3, 0) for one in segments.get("DG1", [])]
    return Told(
        where,
        VISIT,
        number=number,
        day=clock.beijing(day).date(),
        icd10=tuple(code for code in codes if code),
        inpatient=text_of(visit, 2) == "I",
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
        status = text_of(segment, 11) or "F"
        if status in WAITING:
            continue
        if status not in FINAL | VOID:
            raise RefusedError(f"{place}-11: {status} is no status of a result")
        taken = first([text_of(segment, 14), text_of(order, 7), text_of(order, 22)])
        day = _moment(f"{place}-14", taken) if taken else shared["at"]
        number = first([part_of(order, 3, 0), part_of(order, 2, 0)])
        needed(place, {"OBR-3": number, "OBX-3": part_of(segment, 3, 0)})
        codes = tuple(code for k in (0, 3) if (code := part_of(segment, 3, k)))
        words = [part_of(segment, 8, 0), *(part_of(segment, 5, k) for k in (0, 1, 3))]
        yield Told(
            place,
            TEST,
            number=f"{number} {codes[0]} {text_of(segment, 4)}".strip(),
            day=clock.beijing(day).date(),
            loinc=codes,
            words=tuple(word for word in words if word),
            void=status in VOID,
            **shared,
        )


def _who(pid: Any) -> Record:
    if pid is None:
        return NOBODY
    family, given = part_of(pid, 5, 0), part_of(pid, 5, 1)
    chinese = any("一" <= c <= "鿿" for c in family + given)
    name = family + given if chinese else f"{family} {given}".strip()
    birth = text_of(pid, 7)[:8]
    kinds = [repeat.to_er7().split("^") for repeat in pid.children.get("PID_3") or ()]
    numbers = [row[0] for row in kinds if len(row) > 4 and row[4] in ("NNCHN", "NI", "SS", "PPN")]
    return Record(
        name=name,
        sex=SEX.get(text_of(pid, 8), ""),
        birth=f"{birth[:4]}-{birth[4:6]}-{birth[6:8]}" if len(birth) == 8 else birth[:4],
        id_number=first(numbers),
        phone=part_of(pid, 13, 0),
    )


def _moment(where: str, text: str) -> datetime:
    try:
        return moment_of(text)
    except ValueError:
        raise RefusedError(f"{where}: {text} is no time") from None
