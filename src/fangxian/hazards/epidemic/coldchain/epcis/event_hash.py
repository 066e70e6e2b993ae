"""What an event is known by: the hash of GS1 over its contents, the same however it was written
down. Source: CBV 2.0, section 8.9; held to epcis-event-hash-generator 1.9.3 by tests/gold."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from .gs1 import link
from .shape import METADATA, PAIR, REPORT, Event, words

WEB = "https://ref.gs1.org/cbv/"
VOC = "https://gs1.org/voc/"
CURIES = {"cbv:": WEB, "gs1:": VOC}
# The order of the standard, not that of XML.
ORDER = (
    "eventTime",
    "eventTimeZoneOffset",
    "certificationInfo",
    "parentID",
    "epcList",
    "inputEPCList",
    "childEPCs",
    "quantityList",
    "childQuantityList",
    "inputQuantityList",
    "outputEPCList",
    "outputQuantityList",
    "action",
    "transformationID",
    "bizStep",
    "disposition",
    "persistentDisposition",
    "readPoint",
    "bizLocation",
    "sensorElementList",
)
LEFT_OUT = frozenset({"type", "recordTime", "eventID", "errorDeclaration"})
HEADS = {
    "bizStep": WEB + "BizStep-",
    "disposition": WEB + "Disp-",
    "bizTransaction": WEB + "BTT-",
    "sourceDest": WEB + "SDT-",
    "component": WEB + "Comp-",
    "measurement": VOC,
    "exception": VOC,
}
REPORT_WORDS = {"type": "measurement", "exception": "exception", "component": "component"}
EPC_LISTS = ("epcList", "inputEPCList", "childEPCs", "outputEPCList")
QUANTITIES = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")


def event_hash(event: Event) -> str:
    """``ni:///sha-256;…?ver=CBV2.0`` of an event as `read` makes it."""
    digest = hashlib.sha256(pre_hash(event).encode()).hexdigest()
    return f"ni:///sha-256;{digest}?ver=CBV2.0"


def pre_hash(event: Event) -> str:
    """The text that is hashed."""
    told = [f"eventType={event['type']}"]
    told += [_standard(name, event[name]) for name in ORDER if event.get(name) not in (None, "")]
    return "".join([*told, *_rest(event)])


def _rest(event: Event) -> list[str]:
    """What the order does not name, sorted: pairs, master data of the lot, extensions."""
    told = []
    for name, value in event.items():
        if name in PAIR:
            told.append(name + "".join(sorted(_pair(name, one) for one in value)))
        elif name not in ORDER and name not in LEFT_OUT:
            told += _foreign(name, value)
    return sorted(told)


def _pair(name: str, held: dict[str, Any]) -> str:
    kind = "bizTransaction" if name == "bizTransactionList" else "sourceDest"
    first = f"type={_word(kind, held['type'])}" if held.get("type") else ""
    return f"{first}{PAIR[name]}={canonical(held.get(PAIR[name], ''))}"


def _word(kind: str, value: str) -> str:
    return HEADS[kind] + value if value in words()[kind] else canonical(value)


def _standard(name: str, value: Any) -> str:
    if name in EPC_LISTS:
        inner = "".join(sorted(f"epc={canonical(one)}" for one in value))
        return name + inner if inner else ""
    if name in QUANTITIES:
        rows = sorted("quantityElement" + _fields(one, _QUANTITY) for one in value)
        return name + "".join(rows) if rows else ""
    if name == "persistentDisposition":
        rows = [
            "".join(sorted(f"{half}={_word('disposition', one)}" for one in value.get(half, ())))
            for half in ("set", "unset")
        ]
        return name + "".join(rows)
    if name in ("readPoint", "bizLocation"):
        more = {key: held for key, held in value.items() if key != "id"}
        return f"{name}id={canonical(value.get('id', ''))}{_extra(more)}"
    if name == "sensorElementList":
        return name + "".join(sorted(_sensor(one) for one in value))
    if name in ("bizStep", "disposition"):
        return f"{name}={_word(name, value)}"
    if name == "certificationInfo" and isinstance(value, list):
        return "".join(sorted(f"{name}={canonical(one)}" for one in value))
    return f"{name}={utc(value) if name == 'eventTime' else canonical(value)}"


_QUANTITY = ("epcClass", "quantity", "uom")
_TIMES = ("time", "startTime", "endTime")


def _fields(held: dict[str, Any], order: Iterable[str]) -> str:
    told = []
    for name in order:
        value = held.get(name)
        if value in (None, ""):
            continue
        if name in _TIMES:
            text = utc(value)
        elif name in REPORT_WORDS and "type" in order and isinstance(value, str):
            kind = REPORT_WORDS[name]
            text = VOC + value if kind == "measurement" and ":" not in value else _word(kind, value)
        else:
            text = canonical(value)
        told.append(f"{name}={text}")
    return "".join(told)


# where the reports' own order differs from the schema's
_REPORT = tuple(name for name in REPORT if name != "bizRules")


def _sensor(held: dict[str, Any]) -> str:
    told = ["sensorElement"]
    if held.get("sensorMetadata"):
        own = held["sensorMetadata"]
        more = {key: value for key, value in own.items() if key not in METADATA}
        told.append("sensorMetadata" + _fields(own, METADATA) + _extra(more))
    reports = []
    for one in held.get("sensorReport", ()):
        more = {key: value for key, value in one.items() if key not in REPORT}
        reports.append("sensorReport" + _fields(one, _REPORT) + _extra(more))
    more = {k: v for k, v in held.items() if k not in ("sensorMetadata", "sensorReport")}
    return "".join([*told, *sorted(reports), _extra(more)])


def _extra(held: dict[str, Any]) -> str:
    return "".join(sorted(text for name, value in held.items() for text in _foreign(name, value)))


def _foreign(name: str, value: Any) -> list[str]:
    """An extension as ``{namespace}name=value`` with what is inside it; each of a list."""
    if isinstance(value, list):
        return [text for one in value for text in _foreign(name, one)]
    if isinstance(value, dict):
        text = canonical(value["#text"]) if "#text" in value else ""
        more = _extra({k: v for k, v in value.items() if k not in ("#text", "@context")})
        return [name + (f"={text}" if text else "") + more]
    text = canonical(value)
    return [f"{name}={text}" if text else name]


def canonical(value: Any) -> str:
    """A value as the hash wants it: numbers without idle zeros, identifiers as Digital Links."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value).strip()
    try:
        number = float(text)
        return str(int(number)) if number == int(number) else str(number)
    except (ValueError, OverflowError):
        for prefix, address in CURIES.items():
            if text.startswith(prefix):
                return address + text[len(prefix) :]
        return link(text)


def utc(value: Any) -> str:
    """A time in UTC to the millisecond; as it stands where it is none."""
    text = str(value).strip()
    head, dot, tail = text.partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        text = f"{head}.{tail[:digits][:6].ljust(6, '0')}{tail[digits:]}"
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return str(value).strip()
    at = at.astimezone(UTC)
    at = at.replace(microsecond=min(round(at.microsecond, -3), 999_000))
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
