"""Whether a document of EPCIS is right: rules above any schema, each with a name. GS1's own schemas
pass some wrong documents and refuse some right ones; this verdict is ours
(docs/decisions/027-goods-and-shore.md)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .gs1 import fault_of
from .judge_query import judge_query
from .judge_sensors import judge_sensors
from .moments import URI, at, moment
from .moments import is_number as _is_number
from .read import read
from .shape import (
    ACTIONS,
    CBV,
    EPCS,
    FIELDS,
    PAIR,
    PAIRS,
    PLACE,
    PREFIXES,
    QUANTITIES,
    TEXT,
    Document,
    Event,
    Fault,
    words,
)

OFFSET = re.compile(r"[+-]((0\d|1[0-3]):[0-5]\d|14:00)", re.ASCII)
CBV_HTTP = ("http://ref.gs1.org/cbv/",)
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
    if not isinstance(kind, str) or kind not in FIELDS:
        text = f"没有 “{kind}” 这种事件 / no such type of event"
        return [Fault("event_type", f"{path}.type".strip("."), text)]
    found: list[Fault] = []
    for rule in (_mandatory, _times, _words, _content, _lists, _identifiers, judge_sensors):
        found.extend(rule(event, path))
    return found


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
            yield Fault("missing_mandatory", at(path, name), f"缺 {name} / {name} is absent")


def _times(event: Event, path: str) -> Found:
    time = event.get("eventTime")
    if time not in (None, "") and not moment(time, strict=True):
        text = (
            f"“{time}” 应如 2026-07-22T06:45:00+08:00 / must be a date, time and offset like that"
        )
        yield Fault("eventTime_format", at(path, "eventTime"), text)
    offset = event.get("eventTimeZoneOffset")
    if offset not in (None, "") and not (
        isinstance(offset, str) and OFFSET.fullmatch(offset.strip())
    ):
        text = f"“{offset}” 应如 +08:00 / must be like that"
        yield Fault("eventTimeZoneOffset_format", at(path, "eventTimeZoneOffset"), text)
    others = [("recordTime", event.get("recordTime"))]
    declared = event.get("errorDeclaration")
    if isinstance(declared, dict):
        ids = declared.get("correctiveEventIDs", [])
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            where = at(path, "errorDeclaration.correctiveEventIDs")
            yield Fault("field_type", where, "应为文字的列表 / a list of texts")
        for name in declared:
            if not name.startswith("{") and name not in ERROR_FIELDS:
                where = at(path, "errorDeclaration", name)
                yield Fault("field_namespace", where, "多余的字段 / no such field")
        if not declared.get("declarationTime"):
            where = at(path, "errorDeclaration.declarationTime")
            yield Fault("missing_mandatory", where, "缺 declarationTime / it is absent")
        others.append(("errorDeclaration.declarationTime", declared.get("declarationTime")))
    for name, value in others:
        if value not in (None, "") and not moment(value):
            text = f"“{value}” 不是带时区的时间 / no time with an offset"
            yield Fault("time_format", at(path, name), text)


def _word(kind: str, rule: str, value: Any, where: str) -> Found:
    """A word of the CBV, or an address that is not one of GS1's."""
    if not isinstance(value, str) or value in words()[kind]:
        if not isinstance(value, str):
            yield Fault("field_type", where, "应为文字 / must be text")
        return
    if URI.fullmatch(value) and not value.startswith(("urn:epcglobal:cbv:", *CBV, *CBV_HTTP)):
        if "//" in value or value.partition(":")[0] in ("urn", *PREFIXES):
            return
        text = f"前缀 “{value.partition(':')[0]}” 没有声明 / the prefix is not declared"
        yield Fault("namespace_prefix", where, text)
        return
    text = f"CBV 没有 “{value}”；自有词要用网址 / not a word of the CBV; own words need an address"
    yield Fault(rule, where, text)


def _words(event: Event, path: str) -> Found:
    action = event.get("action")
    if action not in (None, "", *ACTIONS):
        text = f"“{action}” 不是 {' / '.join(ACTIONS)} 之一 / none of these"
        yield Fault("action_value", at(path, "action"), text)
    for kind in ("bizStep", "disposition"):
        if kind in event:
            yield from _word(kind, f"cbv_{kind}", event[kind], at(path, kind))
    states = event.get("persistentDisposition")
    if isinstance(states, dict):
        yield from _states(states, at(path, "persistentDisposition"))
    declared = event.get("errorDeclaration")
    if isinstance(declared, dict) and declared.get("reason"):
        where = at(path, "errorDeclaration.reason")
        yield from _word("errorReason", "cbv_errorReason", declared["reason"], where)


def _states(held: dict[str, Any], path: str) -> Found:
    if not held:
        yield Fault("event_content", path, "要有 set 或 unset / set or unset is wanted")
    for name, listed in held.items():
        if name not in ("set", "unset"):
            yield Fault("field_namespace", at(path, name), "只有 set、unset / set, unset only")
        elif not isinstance(listed, list) or not listed:
            yield Fault("field_type", at(path, name), "应为非空列表 / a list with something in it")
        else:
            for word in listed:
                yield from _word("disposition", "cbv_disposition", word, at(path, name))


def _content(event: Event, path: str) -> Found:
    """What an event of its type must and must not have."""
    kind, action = event["type"], event.get("action")
    for name in event:
        if name.startswith("{") or name == "type" or name in FIELDS[kind]:
            continue
        if any(name in fields for fields in FIELDS.values()):
            text = f"{kind} 没有 “{name}” / has no such field"
            yield Fault("field_not_of_type", at(path, name), text)
    if "ilmd" in event and kind == "ObjectEvent" and action in ("OBSERVE", "DELETE"):
        text = "只有 ADD 能带 ilmd / only an ADD may carry it"
        yield Fault("ilmd_action", at(path, "ilmd"), text)
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
        yield Fault("missing_mandatory", at(path, "parentID"), text)


def _object_goods(event: Event, path: str) -> Found:
    named = event.get("epcList") or event.get("quantityList")
    sensed = event["type"] == "ObjectEvent" and event.get("sensorElementList")
    whole = event["type"] == "TransactionEvent" and event.get("parentID")
    if not named and not sensed and not whole and event.get("action") != "DELETE":
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
        value, where = event[name], at(path, name)
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
            yield Fault("missing_mandatory", at(where, "epcClass"), "缺 epcClass / it is absent")
        quantity = one.get("quantity")
        if "quantity" in one and not _is_number(quantity):
            text = f"“{quantity}” 不是数 / is no number"
            yield Fault("quantity_type", at(where, "quantity"), text)
        elif isinstance(quantity, int | float) and quantity < 0:
            yield Fault("quantity_value", at(where, "quantity"), "小于 0 / below nothing")
        uom = one.get("uom")
        if "uom" in one and quantity is None:
            yield Fault("quantity_unit", where, "有单位没有数量 / a unit without a quantity")
        if "uom" in one and not (isinstance(uom, str) and UOM.fullmatch(uom)):
            text = f"“{uom}” 不是单位代码（如 KGM） / no code of a unit"
            yield Fault("uom_format", at(where, "uom"), text)
        for name in one:
            if name not in ("epcClass", "quantity", "uom"):
                yield Fault("field_namespace", at(where, name), "多余的字段 / no such field")


def _pairs(held: list[Any], name: str, path: str) -> Found:
    half = PAIR[name]
    kind = "bizTransaction" if name == "bizTransactionList" else "sourceDest"
    for n, one in enumerate(held):
        where = f"{path}[{n}]"
        if not isinstance(one, Mapping):
            yield Fault("field_type", where, "应为对象 / must be an object")
            continue
        if not one.get(half):
            yield Fault("missing_mandatory", at(where, half), f"缺 {half} / {half} is absent")
        for part in one:
            if part not in ("type", half) and not part.startswith("@"):
                yield Fault("field_namespace", at(where, part), "多余的字段 / no such field")
        if kind == "sourceDest" and not one.get("type"):
            yield Fault("missing_mandatory", at(where, "type"), "缺 type / it is absent")
        elif one.get("type"):
            value = one["type"]
            own = isinstance(value, str) and value.startswith(CBV) and "SDT-" not in value
            if own and kind == "sourceDest":
                continue  # a name of one's own under the vocabulary's prefix
            yield from _word(kind, f"cbv_{kind}", value, at(where, "type"))


def _identifiers(event: Event, path: str) -> Found:
    for name, value in _named(event):
        where = at(path, name)
        if not isinstance(value, str):
            yield Fault("field_type", where, "应为文字 / must be text")
        elif not URI.fullmatch(value.strip()):
            text = f"“{value[:80]}” 不是网址或 URN / is no URI"
            yield Fault("identifier_format", where, text)
        elif rule := fault_of(value.strip()):
            yield Fault(rule, where, f"{value[:80]}：{GS1_FAULTS[rule]}")
        elif name.startswith(INSTANCES) and value.strip().startswith(CLASSES):
            text = f"“{value[:80]}” 是品类不是单件 / a class, no single thing"
            yield Fault("epc_class", where, text)
        elif (link := LINK.match(value.strip())) is not None:
            key, digits = link.groups()
            if not (digits.isascii() and digits.isdigit() and len(digits) == LENGTHS[key]):
                text = f"({key}) 应为 {LENGTHS[key]} 位数字：{digits[:40]} / digits"
                yield Fault("digital_link", where, text)


ERROR_FIELDS = ("declarationTime", "reason", "correctiveEventIDs")
GS1_FAULTS = {
    "epc_scheme": "没有这种 EPC / no such scheme of EPC",
    "epc_format": "EPC 写法不对 / the EPC is not well formed",
    "check_digit": "校验位不对 / the check digit is wrong",
}
INSTANCES = ("epcList", "inputEPCList", "outputEPCList", "childEPCs")
CLASSES = ("urn:epc:class:", "urn:epc:idpat:")


def _named(event: Event) -> Iterator[tuple[str, Any]]:
    """Everything that must be an identifier."""
    for name in ("eventID", "parentID", "transformationID"):
        if event.get(name) not in (None, ""):
            yield name, event[name]
    certified = event.get("certificationInfo")
    if "certificationInfo" in event:
        for n, one in enumerate(certified if isinstance(certified, list) else [certified]):
            yield f"certificationInfo[{n}]", one
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
