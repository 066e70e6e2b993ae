"""Whether a document of EPCIS is right: rules above any schema, each with a name. GS1's own schemas
pass some wrong documents and refuse some right ones; this verdict is ours
(docs/decisions/027-cold-chain.md)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .judge_query import judge_query
from .moments import is_number as _is_number
from .moments import moment
from .read import read
from .shape import (
    ACTIONS,
    CBV,
    EPCS,
    FIELDS,
    NUMBERS,
    PAIR,
    PAIRS,
    PLACE,
    QUANTITIES,
    TEXT,
    Document,
    Event,
    Fault,
    words,
)

OFFSET = re.compile(r"[+-]((0\d|1[0-3]):[0-5]\d|14:00)", re.ASCII)
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
NAME = re.compile(r"[A-Z][A-Za-z0-9]*(_[A-Za-z0-9]+)*", re.ASCII)
UOM = re.compile(r"[A-Z0-9]{2,3}", re.ASCII)
# the parts of a GS1 Digital Link whose length is fixed
LINK = re.compile(r"https?://[^/]+(?:/[^/]+)*?/(01|00|414|417|8017|8018)/([^/?#]+)")
LENGTHS = {"01": 14, "00": 18, "414": 13, "417": 13, "8017": 18, "8018": 18}
Found = Iterator[Fault]


def check(raw: bytes) -> Document:
    """A document read and judged: all that is wrong stands among its ``faults``."""
    found = read(raw)
    for event, path in zip(found.events, found.paths, strict=True):
        found.faults.extend(judge(event, path))
    if found.form == "query":
        found.faults.extend(judge_query(found.query))
    return found


def judge(event: Event, path: str = "") -> list[Fault]:
    """What is wrong with one event."""
    kind = event.get("type")
    if kind not in FIELDS:
        text = f"没有 “{kind}” 这种事件 / no such type of event"
        return [Fault("event_type", f"{path}.type".strip("."), text)]
    found: list[Fault] = []
    for rule in (_mandatory, _times, _words, _content, _lists, _identifiers, _sensors):
        found.extend(rule(event, path))
    return found


def _at(path: str, *names: str) -> str:
    return ".".join(part for part in (path, *names) if part)


def _mandatory(event: Event, path: str) -> Found:
    wanted = ["eventTime", "eventTimeZoneOffset"]
    if event["type"] != "TransformationEvent":
        wanted.append("action")
    if event["type"] == "AssociationEvent":
        wanted.append("parentID")
    if event["type"] == "TransactionEvent":
        wanted.append("bizTransactionList")
    for name in wanted:
        if event.get(name) in (None, "", []):
            yield Fault("missing_mandatory", _at(path, name), f"缺 {name} / {name} is absent")


def _times(event: Event, path: str) -> Found:
    time = event.get("eventTime")
    if time not in (None, "") and not moment(time, strict=True):
        text = (
            f"“{time}” 应如 2026-07-22T06:45:00+08:00 / must be a date, time and offset like that"
        )
        yield Fault("eventTime_format", _at(path, "eventTime"), text)
    offset = event.get("eventTimeZoneOffset")
    if offset not in (None, "") and not (
        isinstance(offset, str) and OFFSET.fullmatch(offset.strip())
    ):
        text = f"“{offset}” 应如 +08:00 / must be like that"
        yield Fault("eventTimeZoneOffset_format", _at(path, "eventTimeZoneOffset"), text)
    others = [("recordTime", event.get("recordTime"))]
    declared = event.get("errorDeclaration")
    if isinstance(declared, dict):
        if not declared.get("declarationTime"):
            where = _at(path, "errorDeclaration.declarationTime")
            yield Fault("missing_mandatory", where, "缺 declarationTime / it is absent")
        others.append(("errorDeclaration.declarationTime", declared.get("declarationTime")))
    for name, value in others:
        if value not in (None, "") and not moment(value):
            text = f"“{value}” 不是带时区的时间 / no time with an offset"
            yield Fault("time_format", _at(path, name), text)


def _word(kind: str, rule: str, value: Any, where: str) -> Found:
    """A word of the CBV, or an address that is not one of GS1's."""
    if not isinstance(value, str) or value in words()[kind]:
        if not isinstance(value, str):
            yield Fault("field_type", where, "应为文字 / must be text")
        return
    if URI.fullmatch(value) and not value.startswith(("urn:epcglobal:cbv:", *CBV)):
        return
    text = f"CBV 没有 “{value}”；自有词要用网址 / not a word of the CBV; own words need an address"
    yield Fault(rule, where, text)


def _words(event: Event, path: str) -> Found:
    action = event.get("action")
    if action not in (None, "", *ACTIONS):
        text = f"“{action}” 不是 {' / '.join(ACTIONS)} 之一 / none of these"
        yield Fault("action_value", _at(path, "action"), text)
    for kind in ("bizStep", "disposition"):
        if event.get(kind) not in (None, ""):
            yield from _word(kind, f"cbv_{kind}", event[kind], _at(path, kind))
    states = event.get("persistentDisposition")
    if isinstance(states, dict):
        for name in states:
            for word in states[name] if isinstance(states[name], list) else [states[name]]:
                where = _at(path, "persistentDisposition", name)
                yield from _word("disposition", "cbv_disposition", word, where)
    declared = event.get("errorDeclaration")
    if isinstance(declared, dict) and declared.get("reason"):
        where = _at(path, "errorDeclaration.reason")
        yield from _word("errorReason", "cbv_errorReason", declared["reason"], where)


def _content(event: Event, path: str) -> Found:
    """What an event of its type must and must not have."""
    kind, action = event["type"], event.get("action")
    for name in event:
        if name.startswith("{") or name == "type" or name in FIELDS[kind]:
            continue
        if any(name in fields for fields in FIELDS.values()):
            text = f"{kind} 没有 “{name}” / has no such field"
            yield Fault("field_not_of_type", _at(path, name), text)
    if "ilmd" in event and kind == "ObjectEvent" and action in ("OBSERVE", "DELETE"):
        text = "只有 ADD 能带 ilmd / only an ADD may carry it"
        yield Fault("ilmd_action", _at(path, "ilmd"), text)
    yield from _GOODS.get(kind, _object_goods)(event, path)


def _work_goods(event: Event, path: str) -> Found:
    goes_in = event.get("inputEPCList") or event.get("inputQuantityList")
    comes_out = event.get("outputEPCList") or event.get("outputQuantityList")
    joined = event.get("transformationID")
    if not (goes_in and comes_out) and not (joined and (goes_in or comes_out)):
        text = "要有投入和产出，或加工批号 / needs what went in and came out, or its ID"
        yield Fault("event_content", path, text)


def _group_goods(event: Event, path: str) -> Found:
    action = event.get("action")
    children = event.get("childEPCs") or event.get("childQuantityList")
    if action in ("ADD", "OBSERVE") and not children:
        yield Fault("event_content", path, "没有子件 / no children are named")
    in_or_out = event["type"] == "AggregationEvent" and action in ("ADD", "DELETE")
    if in_or_out and not event.get("parentID"):
        text = "装入和拆出要有 parentID / adding and taking out need it"
        yield Fault("missing_mandatory", _at(path, "parentID"), text)


def _object_goods(event: Event, path: str) -> Found:
    named = any(name in event for name in ("epcList", "quantityList"))
    if event["type"] == "ObjectEvent" and not named and not event.get("sensorElementList"):
        yield Fault("event_content", path, "没有说是什么货 / it names no goods")


_GOODS = {
    "TransformationEvent": _work_goods,
    "AggregationEvent": _group_goods,
    "AssociationEvent": _group_goods,
}


# texts that rules of their own speak of, and the one that may be a list
_TOLD = (
    "action",
    "eventTime",
    "eventTimeZoneOffset",
    "bizStep",
    "disposition",
    "certificationInfo",
)


def _lists(event: Event, path: str) -> Found:
    for name, holds in FIELDS[event["type"]].items():
        if name not in event:
            continue
        value, where = event[name], _at(path, name)
        if holds in (EPCS, QUANTITIES, PAIRS, "sensors"):
            if not isinstance(value, list):
                yield Fault("field_type", where, "应为列表 / must be a list")
                continue
        elif holds in (PLACE, "error", "ilmd", "states"):
            if not isinstance(value, dict):
                yield Fault("field_type", where, "应为对象 / must be an object")
                continue
        elif holds == TEXT and name not in _TOLD and not isinstance(value, str):
            yield Fault("field_type", where, "应为文字 / must be text")
        if holds == QUANTITIES:
            yield from _quantities(value, where)
        elif holds == PAIRS:
            yield from _pairs(value, name, where)


def _quantities(held: list[Any], path: str) -> Found:
    for n, one in enumerate(held):
        where = f"{path}[{n}]"
        if not isinstance(one, Mapping):
            yield Fault("field_type", where, "应为对象 / must be an object")
            continue
        if not one.get("epcClass"):
            yield Fault("missing_mandatory", _at(where, "epcClass"), "缺 epcClass / it is absent")
        quantity = one.get("quantity")
        if "quantity" in one and not _is_number(quantity):
            text = f"“{quantity}” 不是数 / is no number"
            yield Fault("quantity_type", _at(where, "quantity"), text)
        uom = one.get("uom")
        if uom is not None and not (isinstance(uom, str) and UOM.fullmatch(uom)):
            text = f"“{uom}” 不是单位代码（如 KGM） / no code of a unit"
            yield Fault("uom_format", _at(where, "uom"), text)
        for name in one:
            if name not in ("epcClass", "quantity", "uom"):
                yield Fault("field_namespace", _at(where, name), "多余的字段 / no such field")


def _pairs(held: list[Any], name: str, path: str) -> Found:
    half = PAIR[name]
    kind = "bizTransaction" if name == "bizTransactionList" else "sourceDest"
    for n, one in enumerate(held):
        where = f"{path}[{n}]"
        if not isinstance(one, Mapping):
            yield Fault("field_type", where, "应为对象 / must be an object")
            continue
        if not one.get(half):
            yield Fault("missing_mandatory", _at(where, half), f"缺 {half} / {half} is absent")
        if kind == "sourceDest" and not one.get("type"):
            yield Fault("missing_mandatory", _at(where, "type"), "缺 type / it is absent")
        elif one.get("type"):
            value = one["type"]
            if isinstance(value, str) and value.startswith(CBV) and kind == "sourceDest":
                continue  # a prefix of one's own after the vocabulary's
            yield from _word(kind, f"cbv_{kind}", value, _at(where, "type"))


def _identifiers(event: Event, path: str) -> Found:
    for name, value in _named(event):
        where = _at(path, name)
        if not isinstance(value, str):
            yield Fault("field_type", where, "应为文字 / must be text")
        elif not URI.fullmatch(value.strip()):
            text = f"“{value[:80]}” 不是网址或 URN / is no URI"
            yield Fault("identifier_format", where, text)
        elif (link := LINK.match(value.strip())) is not None:
            key, digits = link.groups()
            if not (digits.isascii() and digits.isdigit() and len(digits) == LENGTHS[key]):
                text = f"({key}) 应为 {LENGTHS[key]} 位数字：{digits[:40]} / digits"
                yield Fault("digital_link", where, text)


def _named(event: Event) -> Iterator[tuple[str, Any]]:
    """Everything that must be an identifier."""
    for name in ("eventID", "parentID", "transformationID"):
        if event.get(name) not in (None, ""):
            yield name, event[name]
    for name, holds in FIELDS[event["type"]].items():
        value = event.get(name)
        if holds == PLACE and isinstance(value, dict):
            yield f"{name}.id", value.get("id", "")
        elif holds == EPCS and isinstance(value, list):
            yield from ((f"{name}[{n}]", one) for n, one in enumerate(value))
        elif holds in (QUANTITIES, PAIRS) and isinstance(value, list):
            part = "epcClass" if holds == QUANTITIES else PAIR[name]
            for n, one in enumerate(value):
                if isinstance(one, Mapping) and one.get(part):
                    yield f"{name}[{n}].{part}", one[part]


def _sensors(event: Event, path: str) -> Found:
    held = event.get("sensorElementList")
    for n, one in enumerate(held if isinstance(held, list) else ()):
        where = _at(path, f"sensorElementList[{n}]")
        if not isinstance(one, Mapping):
            yield Fault("field_type", where, "应为对象 / must be an object")
            continue
        reports = one.get("sensorReport")
        if not reports or not isinstance(reports, list):
            yield Fault("missing_mandatory", _at(where, "sensorReport"), "没有测值 / no report")
            continue
        metadata = one.get("sensorMetadata")
        if isinstance(metadata, Mapping):
            yield from _sensor_times(metadata, _at(where, "sensorMetadata"))
        for m, report in enumerate(reports):
            yield from _sensor_report(report, f"{where}.sensorReport[{m}]")


def _sensor_times(held: Mapping[str, Any], path: str) -> Found:
    for name in ("time", "startTime", "endTime"):
        if name in held and not moment(held[name]):
            text = f"“{held[name]}” 不是带时区的时间 / no time with an offset"
            yield Fault("time_format", _at(path, name), text)


def _sensor_report(report: Any, path: str) -> Found:
    if not isinstance(report, Mapping):
        yield Fault("field_type", path, "应为对象 / must be an object")
        return
    # a report that only tells of an exception measures nothing: EPCIS 2.0, 7.3.7.3
    if not report.get("type") and not report.get("exception"):
        yield Fault("missing_mandatory", _at(path, "type"), "没有说测的是什么 / what is measured?")
    kinds = (("type", "measurement"), ("exception", "exception"), ("component", "component"))
    for name, kind in kinds:
        value = report.get(name)
        if value is None or (isinstance(value, str) and value in words()[kind]):
            continue
        # what is measured grows without the standard: names of that shape are taken
        named = isinstance(value, str) and (
            URI.fullmatch(value) or (kind == "measurement" and NAME.fullmatch(value))
        )
        if not named:
            text = f"标准词表没有 “{value}” / not a word of the standard"
            yield Fault(f"cbv_{kind}", _at(path, name), text)
    for name in NUMBERS:
        if name in report and not _is_number(report[name]):
            text = f"“{report[name]}” 不是数 / is no number"
            yield Fault("quantity_type", _at(path, name), text)
    if "booleanValue" in report and not isinstance(report["booleanValue"], bool):
        yield Fault("field_type", _at(path, "booleanValue"), "应为 true 或 false / must be either")
    yield from _sensor_times(report, path)
