"""Events written down again: JSON-LD 2.0, XML 2.0 and 1.2. What was read is what is written."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from lxml import etree

from .shape import (
    ADDRESSES,
    BEFORE,
    CONTEXT,
    EPCS,
    ERROR,
    FIELDS,
    ILMD,
    PAIR,
    PAIRS,
    PLACE,
    PREFIXES,
    QUANTITIES,
    SENSORS,
    STATES,
    Event,
    words,
)

VOC = {"type": "measurement", "exception": "exception", "component": "component"}


class Names:
    """Prefixes of the namespaces that are used."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def prefixed(self, name: str) -> str:
        if not name.startswith("{"):
            return name
        space, _, local = name[1:].partition("}")
        for prefix, address in PREFIXES.items():
            if space in (address, address.rstrip(":")):
                return f"{prefix}:{local}"
        prefix = self.known.setdefault(space, f"ext{len(self.known) + 1}")
        return f"{prefix}:{local}"

    def context(self) -> list[Any]:
        own = [
            {prefix: space + ":" if space.startswith("urn:") else space}
            for space, prefix in self.known.items()
        ]
        return [CONTEXT, *own]


def as_json(events: Sequence[Event], *, at: datetime) -> str:
    """A capture document in JSON-LD."""
    names = Names()
    told = [_renamed(event, names) for event in events]
    document = {
        "@context": names.context(),
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": at.isoformat(timespec="milliseconds"),
        "epcisBody": {"eventList": told},
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def _renamed(value: Any, names: Names) -> Any:
    if isinstance(value, dict):
        return {names.prefixed(name): _renamed(held, names) for name, held in value.items()}
    if isinstance(value, list):
        return [_renamed(one, names) for one in value]
    return value


def as_xml(events: Sequence[Event], *, at: datetime, version: str = "2.0") -> bytes:
    """A capture document in XML of a version; 1.2 wraps what came later in its extensions."""
    space = f"urn:epcglobal:epcis:xsd:{version[0]}"
    root = etree.Element(f"{{{space}}}EPCISDocument", nsmap={"epcis": space})
    root.set("schemaVersion", version)
    root.set("creationDate", at.isoformat(timespec="milliseconds"))
    listed = etree.SubElement(etree.SubElement(root, "EPCISBody"), "EventList")
    for event in events:
        depth = {"TransformationEvent": 1, "AssociationEvent": 2}.get(event["type"], 0)
        into = listed
        for _ in range(depth if version == "1.2" else 0):
            into = etree.SubElement(into, "extension")
        _event(into, event, old=version == "1.2")
    told: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return told


# what 1.2 has of its own before its extensions
_OLD_BASE = ("eventTime", "recordTime", "eventTimeZoneOffset")
_OLD = {
    "ObjectEvent": ("epcList",),
    "AggregationEvent": ("parentID", "childEPCs"),
    "TransactionEvent": ("bizTransactionList", "parentID", "epcList"),
}
_OLD_COMMON = ("action", "bizStep", "disposition", "readPoint", "bizLocation", "bizTransactionList")
_OLD_MORE = ("quantityList", "childQuantityList", "sourceList", "destinationList", "ilmd")


def _event(parent: Any, event: Event, *, old: bool) -> None:
    kind = event["type"]
    element = etree.SubElement(parent, kind)

    def place(*names: str) -> Any:
        """The element of a wrapping, made when it is wanted."""
        into = element
        for name in names:
            found = next((e for e in into if e.tag == name), None)
            into = etree.SubElement(into, name) if found is None else found
        return into

    for name, holds in FIELDS[kind].items():
        own = name in event or (old and name in _OLD.get(kind, ()))
        if own and (not old or _wraps(kind, name) == ()):
            _field(element, name, holds, event.get(name, []))
        elif old and name in BEFORE and name in event:
            _field(place(*_wraps(kind, name)), name, holds, event[name])
    if old:
        for name, holds in FIELDS[kind].items():
            if name in event and name not in BEFORE and (wraps := _wraps(kind, name)):
                _field(place(*wraps), name, holds, event[name])
        for wrapping in element.iter("extension"):  # an extension of extensions comes last
            wrapping[:] = sorted(wrapping, key=lambda e: e.tag == "extension")
    for name, value in event.items():
        if name.startswith("{"):
            _foreign(element, name, value)


def _wraps(kind: str, name: str) -> tuple[str, ...]:
    """The wrappings that 1.2 has round a field."""
    if name in BEFORE:
        late = ("extension",) if name == "certificationInfo" else ()
        return () if name in _OLD_BASE else ("baseExtension", *late)
    if kind not in _OLD:  # events that came with an extension of their own
        late_too = name in ("sensorElementList", "persistentDisposition")
        return ("extension",) if kind == "TransformationEvent" and late_too else ()
    if name in (*_OLD[kind], *_OLD_COMMON):
        return ()
    return ("extension",) if name in _OLD_MORE else ("extension", "extension")


def _field(parent: Any, name: str, holds: str, value: Any) -> None:
    if isinstance(value, list) and holds == "text":
        for one in value:
            _leaf(parent, name, one)
        return
    if holds == "text":
        _leaf(parent, name, _word(name, value))
        return
    _WRITERS[holds](etree.SubElement(parent, name), name, value)


def _leaf(parent: Any, name: str, value: Any) -> Any:
    element = etree.SubElement(parent, name)
    if value is not None:
        element.text = _text(value)
    return element


def _text(value: Any) -> str:
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


def _word(kind: str, value: Any) -> Any:
    """A short word under its address, as XML wants it."""
    if kind in ADDRESSES and value in words()[kind]:
        return ADDRESSES[kind][0] + value
    return value


def _epcs(element: Any, name: str, value: Iterable[str]) -> None:
    for one in value:
        _leaf(element, "epc", one)


def _quantities(element: Any, name: str, value: Iterable[dict[str, Any]]) -> None:
    for one in value:
        inner = etree.SubElement(element, "quantityElement")
        for part in ("epcClass", "quantity", "uom"):
            if part in one:
                _leaf(inner, part, one[part])


def _place(element: Any, name: str, value: dict[str, Any]) -> None:
    _leaf(element, "id", value.get("id"))
    _extras(element, value, ("id",))


def _extras(element: Any, value: dict[str, Any], own: Iterable[str]) -> None:
    for key, held in value.items():
        if key not in own:
            _foreign(element, key, held)


def _pairs(element: Any, name: str, value: Iterable[dict[str, Any]]) -> None:
    kind = "bizTransaction" if name == "bizTransactionList" else "sourceDest"
    for one in value:
        inner = _leaf(element, PAIR[name], one.get(PAIR[name]))
        if one.get("type"):
            inner.set("type", _word(kind, one["type"]))


def _states(element: Any, name: str, value: dict[str, list[str]]) -> None:
    for half in ("unset", "set"):
        for one in value.get(half, ()):
            _leaf(element, half, _word("disposition", one))


def _error(element: Any, name: str, value: dict[str, Any]) -> None:
    _leaf(element, "declarationTime", value.get("declarationTime"))
    if value.get("reason"):
        _leaf(element, "reason", _word("errorReason", value["reason"]))
    if value.get("correctiveEventIDs"):
        inner = etree.SubElement(element, "correctiveEventIDs")
        for one in value["correctiveEventIDs"]:
            _leaf(inner, "correctiveEventID", one)
    _extras(element, value, ("declarationTime", "reason", "correctiveEventIDs"))


def _sensors(element: Any, name: str, value: Iterable[dict[str, Any]]) -> None:
    for one in value:
        inner = etree.SubElement(element, "sensorElement")
        if "sensorMetadata" in one:
            _attributes(etree.SubElement(inner, "sensorMetadata"), one["sensorMetadata"])
        for report in one.get("sensorReport", ()):
            _attributes(etree.SubElement(inner, "sensorReport"), report)
        _extras(inner, one, ("sensorMetadata", "sensorReport"))


def _attributes(element: Any, held: dict[str, Any]) -> None:
    for key, value in held.items():
        ours = key in VOC and value in words()[VOC[key]]
        head = ("cbv:Comp-" if key == "component" else "gs1:") if ours else ""
        element.set(key, head + _text(value))


def _ilmd(element: Any, name: str, value: dict[str, Any]) -> None:
    _extras(element, value, ())


def _foreign(parent: Any, name: str, value: Any) -> None:
    if isinstance(value, list):
        for one in value:
            _foreign(parent, name, one)
        return
    if value is None:
        return
    element = etree.SubElement(parent, name)
    if not isinstance(value, dict):
        element.text = _text(value)
        return
    for key, held in value.items():
        if key == "#text":
            element.text = _text(held)
        elif key.startswith("{") or isinstance(held, dict | list):
            _foreign(element, key, held)
        else:
            if held is not None:
                element.set(key.lstrip("@"), _text(held))


_WRITERS: dict[str, Any] = {
    EPCS: _epcs,
    QUANTITIES: _quantities,
    PLACE: _place,
    PAIRS: _pairs,
    STATES: _states,
    ERROR: _error,
    SENSORS: _sensors,
    ILMD: _ilmd,
}
