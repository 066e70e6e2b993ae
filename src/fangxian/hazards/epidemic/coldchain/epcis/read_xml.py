"""EPCIS in XML, 1.2 and 2.0, into the same events as JSON. Entities and document types are refused
unread, nothing is fetched; the order of elements is judged here, where it is still there."""

import re
from typing import Any

from lxml import etree

from .shape import (
    EPCS,
    ERROR,
    FIELDS,
    ILMD,
    METADATA,
    NUMBERS,
    PAIR,
    PAIRS,
    PLACE,
    QUANTITIES,
    REPORT,
    SENSORS,
    STATES,
    Document,
    Event,
    sensor_words,
    short,
)
from .xml_values import (
    OURS,
    XSI,
    add_to,
    addressed,
    foreign_value,
    is_ours,
    local_name,
    number_of,
    space_of,
    tag_of,
    text_of,
)

DECLARES = re.compile(rb"<!ENTITY|<!DOCTYPE[^>]*\[|<!DOCTYPE[^>]*(SYSTEM|PUBLIC)")
WRAPPINGS = ("extension", "baseExtension")
NOT_TAKEN = ("EPCISMasterDataDocument", "captureJob", "EPCISCaptureJob", "EPCISCaptureJobList")


def read_xml(raw: bytes, found: Document) -> None:
    """Read a document into ``found``."""
    if DECLARES.search(raw):
        found.fault("unsafe_xml", "", "不收自带声明和实体 / declarations and entities are refused")
        return
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        found.fault("syntax", "", f"不是有效的 XML / no valid XML: {error}"[:300])
        return
    dtd: Any = root.getroottree().docinfo.internalDTD
    if dtd is not None and (dtd.system_url or dtd.external_id or any(True for _ in dtd.entities())):
        found.fault("unsafe_xml", "", "不收自带声明和实体 / declarations and entities are refused")
        return
    _document(root, found)


def _document(root: Any, found: Document) -> None:
    name, space = local_name(root), space_of(root)
    version = root.get("schemaVersion") or ""
    found.version = {"1": "1.2", "2": "2.0"}.get(space[-1:], version or "2.0")
    if name == "EPCISDocument":
        found.form = "document"
        for wanted in ("schemaVersion", "creationDate"):
            if not root.get(wanted):
                text = f"缺 {wanted} / {wanted} is absent"
                found.fault("missing_mandatory", wanted, text)
        if space not in OURS:
            found.fault("namespace", "", f"命名空间 “{space}” 不是 EPCIS / not of EPCIS")
        _events(_first(root, "EPCISBody", "EventList"), found)
    elif name == "EPCISQueryDocument":
        results = _first(root, "EPCISBody", "QueryResults")
        if results is not None:
            found.form = "answer"
            _events(_first(results, "resultsBody", "EventList"), found)
        else:
            found.form = "query"
            _query(_first(root, "EPCISBody"), found)
    elif name in FIELDS:
        found.form = "event"
        found.events, found.paths = [_event(root, found, name)], [name]
    elif name in NOT_TAKEN:
        found.fault("kind_not_taken", name, f"{name}: 有效，但不收 / valid, not taken")
    else:
        text = f"文档类型 “{name}” 不认识 / unknown kind of document"
        found.fault("document_type", name, text)


def _first(element: Any, *names: str) -> Any:
    """The element down a way of names, in whichever of our namespaces."""
    for name in names:
        if element is None:
            return None
        element = next((e for e in element if local_name(e) == name and is_ours(e)), None)
    return element


def _query(body: Any, found: Document) -> None:
    asked = next(iter(body), None) if body is not None else None
    if asked is None:
        found.fault("missing_mandatory", "EPCISBody", "没有查询 / no query")
        return
    name = local_name(asked)
    if name not in ("Poll", "Subscribe"):
        found.fault("kind_not_taken", name, f"{name}: 有效，但不收 / valid, not taken")
        return
    if not (_first(asked, "queryName") is not None and _first(asked, "queryName").text):
        found.fault("query_name", f"{name}.queryName", "查询没有名称 / the query has no name")
    params = _first(asked, "params")
    for one in params if params is not None else ():
        key, value = _first(one, "name"), _first(one, "value")
        if key is None or value is None:
            found.fault("query_values", f"{name}.params", "参数不完整 / a parameter is not whole")
            continue
        texts = [(e.text or "").strip() for e in value]
        found.query[(key.text or "").strip()] = texts or (value.text or "").strip()


def _events(listed: Any, found: Document) -> None:
    if listed is None:
        found.fault("missing_mandatory", "EventList", "没有事件列表 / no list of events")
        return
    number = 0
    if any((text or "").strip() for text in (listed.text, *(one.tail for one in listed))):
        found.fault("stray_text", "EventList", "事件之间有多余文字 / text between events")
    for one in listed:
        inner = list(one) if local_name(one) == "extension" else [one]
        for element in inner:
            if local_name(element) == "extension":
                inner.extend(element)  # 2.0 events within 1.2 stand two extensions deep
                continue
            name, number = local_name(element), number + 1
            path = f"EventList.{name}[{number - 1}]"
            if name not in FIELDS or not is_ours(element):
                text = f"没有 “{name}” 这种事件，或不再收 / no such type of event, or one not taken"
                found.fault("event_type", path, text)
                continue
            found.events.append(_event(element, found, path))
            found.paths.append(path)


def _parts(element: Any, found: Document, path: str, order: list[str]) -> list[Any]:
    """The children of an element with what stood in extensions among them. Their order is judged
    by ``order``; not inside extensions, whose order nobody keeps."""
    parts: list[Any] = []
    last = -1.0
    for child in element:
        name = local_name(child)
        place = last
        if is_ours(child) and name in WRAPPINGS:
            place = len(BASE_ORDER) - 0.5 if name == "baseExtension" else len(order)
            parts += _parts(child, found, path, [])
        elif is_ours(child):
            place = order.index(name) if name in order else last
            parts.append(child)
        else:
            place = len(order) + 1 if BASE_ORDER[0] in order else last
            parts.append(child)
        if order and place < last:
            text = f"“{name}” 的位置不对，XML 里顺序是固定的 / stands too late: the order is fixed"
            found.fault("element_order", f"{path}.{name}", text)
        last = max(last, place)
    return parts


BASE_ORDER = (
    "eventTime",
    "recordTime",
    "eventTimeZoneOffset",
    "eventID",
    "errorDeclaration",
    "certificationInfo",
)


def _event(element: Any, found: Document, path: str) -> Event:
    kind = local_name(element)
    fields = FIELDS[kind]
    event: Event = {"type": kind}
    for part in _parts(element, found, path, list(fields)):
        name = local_name(part)
        where = f"{path}.{name}"
        if not is_ours(part):
            add_to(event, tag_of(part), foreign_value(part))
        elif name not in fields:
            rule = "field_not_of_type" if _anywhere(name) else "field_namespace"
            text = f"{kind} 没有 “{name}” / has no such field"
            found.fault(rule, where, text)
        elif name in event and name != "certificationInfo":
            found.fault("duplicate_field", where, f"“{name}” 出现两次 / stands twice")
        else:
            add_to(event, name, _value(part, fields[name], name, found, where))
    return event


def _anywhere(name: str) -> bool:
    return any(name in fields for fields in FIELDS.values())


def _value(element: Any, holds: str, name: str, found: Document, path: str) -> Any:
    reader = READERS.get(holds)
    if reader is not None:
        return reader(element, name, found, path)
    if len(element):
        found.fault("field_type", path, "应为文字 / must be text")
    if name not in ("bizStep", "disposition"):
        return text_of(element)
    known = {prefix: space for prefix, space in element.nsmap.items() if prefix}
    return addressed(short(name, text_of(element)), known)


def _epcs(element: Any, name: str, found: Document, path: str) -> list[str]:
    _only(element, ("epc",), found, path)
    return [text_of(one) for one in element]


def _only(element: Any, names: tuple[str, ...], found: Document, path: str) -> None:
    """Children of other names, where the standard knows only these."""
    for one in element:
        local = local_name(one)
        if is_ours(one) and local not in (*names, *WRAPPINGS):
            found.fault("field_namespace", f"{path}.{local}", f"没有 “{local}” / no such field")


def _quantities(element: Any, name: str, found: Document, path: str) -> list[dict[str, Any]]:
    told = []
    for one in element:
        held: dict[str, Any] = {}
        for part in _parts(one, found, path, ["epcClass", "quantity", "uom"]):
            local = local_name(part)
            if local in held:
                text = f"“{local}” 出现两次 / stands twice"
                found.fault("duplicate_field", f"{path}.{local}", text)
            if local != "quantity":
                held[local] = text_of(part)
            elif part.get(f"{{{XSI}}}nil") != "true":
                held[local] = number_of(text_of(part))
        told.append(held)
    return told


def _place(element: Any, name: str, found: Document, path: str) -> dict[str, Any]:
    held: dict[str, Any] = {}
    _only(element, ("id",), found, path)
    for part in _parts(element, found, path, ["id"]):
        if is_ours(part) and local_name(part) == "id":
            if "id" in held:
                found.fault("duplicate_field", f"{path}.id", "“id” 出现两次 / stands twice")
            held["id"] = text_of(part)
        else:
            add_to(held, tag_of(part), foreign_value(part))
    return held


def _pairs(element: Any, name: str, found: Document, path: str) -> list[dict[str, Any]]:
    kind = "bizTransaction" if name == "bizTransactionList" else "sourceDest"
    told = []
    _only(element, (PAIR[name],), found, path)
    for one in element:
        known = {k: v for k, v in one.nsmap.items() if k}
        held = {"type": addressed(short(kind, one.get("type")), known)} if one.get("type") else {}
        told.append({**held, PAIR[name]: text_of(one)})
    return told


def _states(element: Any, name: str, found: Document, path: str) -> dict[str, list[str]]:
    held: dict[str, list[str]] = {}
    for one in element:
        held.setdefault(local_name(one), []).append(short("disposition", text_of(one)))
    return held


def _error(element: Any, name: str, found: Document, path: str) -> dict[str, Any]:
    held: dict[str, Any] = {}
    for part in _parts(element, found, path, []):
        local = local_name(part)
        if not is_ours(part):
            add_to(held, tag_of(part), foreign_value(part))
        elif local == "correctiveEventIDs":
            held[local] = [text_of(one) for one in part]
        else:
            held[local] = (
                short("errorReason", text_of(part)) if local == "reason" else text_of(part)
            )
    return held


def _sensors(element: Any, name: str, found: Document, path: str) -> list[dict[str, Any]]:
    told = []
    for one in element:
        if local_name(one) == "extension":
            continue
        held: dict[str, Any] = {}
        for part in _parts(one, found, path, ["sensorMetadata", "sensorReport"]):
            local = local_name(part)
            if not is_ours(part):
                add_to(held, tag_of(part), foreign_value(part))
            elif local == "sensorMetadata":
                if local in held:
                    text = f"“{local}” 出现两次 / stands twice"
                    found.fault("duplicate_field", f"{path}.{local}", text)
                held[local] = _attributes(part, METADATA)
            elif local == "sensorReport":
                report = sensor_words(_attributes(part, REPORT))
                held.setdefault(local, []).append(report)
        told.append(held)
    return told


def _attributes(element: Any, own: tuple[str, ...]) -> dict[str, Any]:
    held: dict[str, Any] = {}
    for key, value in element.attrib.items():
        if key in NUMBERS:
            held[key] = number_of(value)
        elif key == "booleanValue":
            held[key] = {"true": True, "1": True, "false": False, "0": False}.get(value, value)
        elif etree.QName(key).namespace != XSI:
            held[key] = value
    return held


def _ilmd(element: Any, name: str, found: Document, path: str) -> dict[str, Any]:
    held: dict[str, Any] = {}
    for part in _parts(element, found, path, []):
        if not space_of(part):
            name = local_name(part)
            text = f"字段 “{name}” 没有命名空间 / a field of an extension needs a namespace"
            found.fault("ilmd_namespace", f"{path}.{name}", text)
        add_to(held, tag_of(part), foreign_value(part))
    return held


READERS = {
    EPCS: _epcs,
    QUANTITIES: _quantities,
    PLACE: _place,
    PAIRS: _pairs,
    STATES: _states,
    ERROR: _error,
    SENSORS: _sensors,
    ILMD: _ilmd,
}
