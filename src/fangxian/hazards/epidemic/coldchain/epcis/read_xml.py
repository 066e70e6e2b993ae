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

OURS = ("urn:epcglobal:epcis:xsd:1", "urn:epcglobal:epcis:xsd:2")
QUERY = ("urn:epcglobal:epcis-query:xsd:1", "urn:epcglobal:epcis-query:xsd:2")
XSI = "http://www.w3.org/2001/XMLSchema-instance"
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
    _document(root, found)


def _local(element: Any) -> str:
    return str(etree.QName(element).localname)


def _space(element: Any) -> str:
    return etree.QName(element).namespace or ""


def _is_ours(element: Any) -> bool:
    return _space(element) in ("", *OURS, *QUERY)


def _document(root: Any, found: Document) -> None:
    name, space = _local(root), _space(root)
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
        element = next((e for e in element if _local(e) == name and _is_ours(e)), None)
    return element


def _query(body: Any, found: Document) -> None:
    asked = next(iter(body), None) if body is not None else None
    if asked is None:
        found.fault("missing_mandatory", "EPCISBody", "没有查询 / no query")
        return
    name = _local(asked)
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
    for one in listed:
        inner = list(one) if _local(one) == "extension" else [one]
        for element in inner:
            if _local(element) == "extension":
                inner.extend(element)  # 2.0 events within 1.2 stand two extensions deep
                continue
            name, number = _local(element), number + 1
            path = f"EventList.{name}[{number - 1}]"
            if name not in FIELDS or not _is_ours(element):
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
        name = _local(child)
        place = last
        if _is_ours(child) and name in WRAPPINGS:
            place = len(BASE_ORDER) - 0.5 if name == "baseExtension" else len(order)
            parts += _parts(child, found, path, [])
        elif _is_ours(child):
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
    kind = _local(element)
    fields = FIELDS[kind]
    event: Event = {"type": kind}
    for part in _parts(element, found, path, list(fields)):
        name = _local(part)
        where = f"{path}.{name}"
        if not _is_ours(part):
            _add(event, _tag(part), _foreign(part))
        elif name not in fields:
            rule = "field_not_of_type" if _anywhere(name) else "field_namespace"
            text = f"{kind} 没有 “{name}” / has no such field"
            found.fault(rule, where, text)
        elif name in event and name != "certificationInfo":
            found.fault("duplicate_field", where, f"“{name}” 出现两次 / stands twice")
        else:
            _add(event, name, _value(part, fields[name], name, found, where))
    return event


def _anywhere(name: str) -> bool:
    return any(name in fields for fields in FIELDS.values())


def _add(held: dict[str, Any], name: str, value: Any) -> None:
    """Several elements of one name are a list."""
    if name not in held:
        held[name] = value
    elif isinstance(held[name], list):
        held[name].append(value)
    else:
        held[name] = [held[name], value]


def _tag(element: Any) -> str:
    space = _space(element)  # one form with JSON, whose prefix adds the colon
    return f"{{{space.rstrip(':') if space.startswith('urn:') else space}}}{_local(element)}"


def _text(element: Any) -> str:
    return (element.text or "").strip()


def _foreign(element: Any) -> Any:
    """What an element of an extension holds: its text, or its parts and attributes by name."""
    attributes = {
        (f"{{{q.namespace}}}{q.localname}" if (q := etree.QName(key)).namespace else key): value
        for key, value in element.attrib.items()
        if etree.QName(key).namespace != XSI
    }
    if not len(element) and not attributes:
        return _text(element)
    held: dict[str, Any] = dict(attributes)
    if _text(element):
        held["#text"] = _text(element)
    for child in element:
        _add(held, _tag(child) if _space(child) else _local(child), _foreign(child))
    return held


def _number(text: str) -> Any:
    try:
        value = float(text)
    except ValueError:
        return text
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _value(element: Any, holds: str, name: str, found: Document, path: str) -> Any:
    reader = READERS.get(holds)
    if reader is not None:
        return reader(element, name, found, path)
    return short(name, _text(element)) if name in ("bizStep", "disposition") else _text(element)


def _epcs(element: Any, name: str, found: Document, path: str) -> list[str]:
    return [_text(one) for one in element]


def _quantities(element: Any, name: str, found: Document, path: str) -> list[dict[str, Any]]:
    told = []
    for one in element:
        held: dict[str, Any] = {}
        for part in _parts(one, found, path, ["epcClass", "quantity", "uom"]):
            local = _local(part)
            if local != "quantity":
                held[local] = _text(part)
            elif part.get(f"{{{XSI}}}nil") != "true":
                held[local] = _number(_text(part))
        told.append(held)
    return told


def _place(element: Any, name: str, found: Document, path: str) -> dict[str, Any]:
    held: dict[str, Any] = {}
    for part in _parts(element, found, path, ["id"]):
        if _is_ours(part) and _local(part) == "id":
            held["id"] = _text(part)
        else:
            _add(held, _tag(part), _foreign(part))
    return held


def _pairs(element: Any, name: str, found: Document, path: str) -> list[dict[str, Any]]:
    kind = "bizTransaction" if name == "bizTransactionList" else "sourceDest"
    told = []
    for one in element:
        held = {"type": short(kind, one.get("type"))} if one.get("type") else {}
        told.append({**held, PAIR[name]: _text(one)})
    return told


def _states(element: Any, name: str, found: Document, path: str) -> dict[str, list[str]]:
    held: dict[str, list[str]] = {}
    for one in element:
        held.setdefault(_local(one), []).append(short("disposition", _text(one)))
    return held


def _error(element: Any, name: str, found: Document, path: str) -> dict[str, Any]:
    held: dict[str, Any] = {}
    order = ["declarationTime", "reason", "correctiveEventIDs"]
    for part in _parts(element, found, path, order):
        local = _local(part)
        if not _is_ours(part):
            _add(held, _tag(part), _foreign(part))
        elif local == "correctiveEventIDs":
            held[local] = [_text(one) for one in part]
        else:
            held[local] = short("errorReason", _text(part)) if local == "reason" else _text(part)
    return held


def _sensors(element: Any, name: str, found: Document, path: str) -> list[dict[str, Any]]:
    told = []
    for one in element:
        if _local(one) == "extension":
            continue
        held: dict[str, Any] = {}
        for part in _parts(one, found, path, ["sensorMetadata", "sensorReport"]):
            local = _local(part)
            if not _is_ours(part):
                _add(held, _tag(part), _foreign(part))
            elif local == "sensorMetadata":
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
            held[key] = _number(value)
        elif key == "booleanValue":
            held[key] = {"true": True, "1": True, "false": False, "0": False}.get(value, value)
        elif etree.QName(key).namespace != XSI:
            held[key] = value
    return held


def _ilmd(element: Any, name: str, found: Document, path: str) -> dict[str, Any]:
    held: dict[str, Any] = {}
    for part in _parts(element, found, path, []):
        if not _space(part):
            text = f"字段 “{_local(part)}” 没有命名空间 / a field of an extension needs a namespace"
            found.fault("ilmd_namespace", f"{path}.{_local(part)}", text)
        _add(held, _tag(part), _foreign(part))
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
