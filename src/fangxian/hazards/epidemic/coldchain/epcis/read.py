"""Bytes of an EPCIS document, JSON-LD or XML, into events of one form. No context is fetched, no
entity opened. Whether an event is right is asked in `judge`."""

import json
import re
from typing import Any

from .moments import moment
from .read_xml import read_xml
from .shape import (
    FIELDS,
    METADATA,
    PREFIXES,
    REPORT,
    Document,
    Event,
    sensor_words,
    short,
)

MOST_BYTES = 512 * 2**20
VERSION = re.compile(r"\d+(\.\d+)*", re.ASCII)
HOMES = ("ref.gs1.org", "gs1.github.io", "id.gs1.org", "gs1.org", "www.gs1.org")
KINDS_NOT_TAKEN = ("EPCISMasterDataDocument", "EPCISCaptureJob", "EPCISCaptureErrors")


def read(raw: bytes) -> Document:
    """A document with whatever is wrong with its shape among its ``faults``; never raises."""
    found = Document()
    if len(raw) > MOST_BYTES:
        found.fault("document_size", "", f"大于 {MOST_BYTES} 字节 / more than that many bytes")
        return found
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in raw[:4]
    if raw.lstrip()[:1] == b"<" or (wide and b"<" in raw[:8]):
        found.syntax = "xml"
        read_xml(raw, found)
    else:
        found.syntax = "json"
        _read_json(raw, found)
    return found


class Twice(dict[str, Any]):
    """An object in which a name stands twice with two values."""

    names: tuple[str, ...] = ()


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) == len(pairs):
        return held
    names = sorted({name for name, value in pairs if held[name] != value})
    if not names:
        return held
    told = Twice(held)
    told.names = tuple(names)
    return told


SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _read_json(raw: bytes, found: Document) -> None:
    try:
        held = json.loads(raw, object_pairs_hook=_once, parse_constant=_no_constant)
        if SURROGATE.search(raw):
            json.dumps(held, ensure_ascii=False).encode()  # half a pair is no text
    except (ValueError, RecursionError) as error:
        told = str(error).encode("utf-8", "replace").decode()
        found.fault("syntax", "", f"不是有效的 JSON / no valid JSON: {told}"[:300])
        return
    if not isinstance(held, dict):
        found.fault("document_type", "", "不是一个文档 / no document")
        return
    _document(held, found)
    for name in _twice(held):  # in the head; those of events are told with the event
        found.fault("duplicate_field", name, f"“{name}” 出现两次 / stands twice")


def _twice(value: Any, *, deep: bool = False) -> list[str]:
    """Names that stand twice in an object, and with ``deep`` in everything inside it."""
    told = list(value.names) if isinstance(value, Twice) else []
    if deep:
        inner = value.values() if isinstance(value, dict) else value
        for one in inner if isinstance(value, dict | list) else ():
            told += _twice(one, deep=True)
    return told


def _document(held: dict[str, Any], found: Document) -> None:
    kind = held.get("type")
    if kind is not None and not isinstance(kind, str):
        found.fault("document_type", "type", "type 应为文字 / must be text")
        return
    found.version = str(held.get("schemaVersion") or "2.0")
    if kind == "EPCISDocument":
        _whole(held, found)
    elif kind == "EPCISQueryDocument":
        _answer(held, found)
    elif isinstance(kind, str) and kind in FIELDS:
        found.form = "event"
        _context(found, held, held.get("@context"), "")
        found.events, found.paths = [_event(found, held, "", _prefixes(held))], [""]
    elif kind is None and ("query" in held or _is_query(held)):
        _query(held, found)
    elif kind in KINDS_NOT_TAKEN:
        found.fault("kind_not_taken", "type", f"{kind}: 有效，但不收 / valid, not taken")
    elif kind is not None and "eventTime" in held:
        found.form = "event"
        found.fault("event_type", "type", f"没有 “{kind}” 这种事件 / no such type of event")
    else:
        text = f"文档类型 “{kind}” 不认识 / unknown kind of document"
        found.fault("document_type", "type", text)


def _whole(held: dict[str, Any], found: Document) -> None:
    """A document to be captured."""
    found.form = "document"
    _wanted(found, held, "", "schemaVersion", "creationDate")
    version, created = held.get("schemaVersion"), held.get("creationDate")
    if version and not (isinstance(version, str) and VERSION.fullmatch(version)):
        found.fault(
            "schemaVersion_format", "schemaVersion", f"“{version}” 应如 2.0 / like 2.0"[:120]
        )
    if created and not moment(created):
        text = f"“{created}” 不是带时区的时间 / no time with an offset"[:160]
        found.fault("time_format", "creationDate", text)
    body = _object(found, held, "", "epcisBody")
    if body is None:
        return
    events, path = body.get("eventList"), "epcisBody.eventList"
    if events is None and isinstance(body.get("event"), dict):
        events, path = [body["event"]], "epcisBody.event"
    _events(found, held, events, path)


def _answer(held: dict[str, Any], found: Document) -> None:
    """The answer to a question."""
    found.form = "answer"
    path = "epcisBody"
    body = _object(found, held, "", path)
    results = None if body is None else _object(found, body, path, "queryResults")
    if results is None:
        return
    path += ".queryResults"
    _wanted(found, results, path, "queryName")
    inner = _object(found, results, path, "resultsBody")
    if inner is not None:
        _events(found, held, inner.get("eventList"), path + ".resultsBody.eventList")


def _query(held: dict[str, Any], found: Document) -> None:
    """A question, bare or under a name."""
    found.form = "query"
    inner = held.get("query") if "query" in held else held
    if "query" in held and not held.get("name"):
        found.fault("query_name", "name", "查询没有名称 / the query has no name")
    if not isinstance(inner, dict):
        found.fault("query_values", "query", "不是对象 / no object")
        return
    found.query = {k: v for k, v in inner.items() if k not in ("@context", "name")}


QUERY_HEADS = ("EQ_", "GE_", "GT_", "LE_", "LT_", "MATCH_", "WD_", "EXISTS_", "HASATTR_", "EQATTR_")
QUERY_WORDS = ("eventType", "orderBy", "orderDirection", "eventCountLimit", "maxEventCount")


def _is_query(held: dict[str, Any]) -> bool:
    return any(key.startswith(QUERY_HEADS) or key in QUERY_WORDS for key in held)


def _wanted(found: Document, held: dict[str, Any], path: str, *names: str) -> None:
    for name in names:
        if held.get(name) in (None, ""):
            where = f"{path}.{name}".strip(".")
            found.fault("missing_mandatory", where, f"缺 {name} / {name} is absent")


def _object(found: Document, held: dict[str, Any], path: str, name: str) -> dict[str, Any] | None:
    value = held.get(name)
    if isinstance(value, dict):
        return value
    where = f"{path}.{name}".strip(".")
    if value is None:
        found.fault("missing_mandatory", where, f"缺 {name} / {name} is absent")
    else:
        found.fault("field_type", where, "应为对象 / must be an object")
    return None


def _context(found: Document, held: dict[str, Any], given: Any, path: str) -> None:
    """An event has to stand under the context of EPCIS; other contexts by address are not opened,
    and prefixes that only they know cannot be judged."""
    given = given if isinstance(given, list) else [given]
    names = [one for one in given if isinstance(one, str)]
    where = f"{path}.@context".strip(".")
    if any(not isinstance(one, str | dict) for one in given if one is not None):
        found.fault("field_type", where, "应为网址或对象 / addresses or objects")
    ours = [
        name
        for name in names
        if name.rstrip("/").endswith("epcis-context.jsonld")
        and name.split("/")[2:3]
        and name.split("/")[2] in HOMES
    ]
    if not ours:
        text = "没有 EPCIS 的 @context / the context of EPCIS is absent"
        found.fault("missing_mandatory" if given == [None] else "context", where, text)
    for name in names:
        if name not in ours and "query-schema" not in name:
            text = f"外部上下文不下载：{name} / a foreign context is never fetched"
            found.fault("context_not_taken", where, text[:300])


def _prefixes(held: dict[str, Any], below: dict[str, str] | None = None) -> dict[str, str]:
    known = dict(PREFIXES if below is None else below)
    given = held.get("@context")
    for one in given if isinstance(given, list) else [given]:
        if isinstance(one, dict):
            for name, value in one.items():
                space = value.get("@id") if isinstance(value, dict) else value
                if isinstance(space, str):
                    known[name] = space
    return known


def _events(found: Document, held: dict[str, Any], events: Any, path: str) -> None:
    _context(found, held, held.get("@context"), "")
    if events is None:
        found.fault("missing_mandatory", path, "没有事件列表 / no list of events")
        return
    if not isinstance(events, list):
        found.fault("field_type", path, "应为列表 / must be a list")
        return
    known = _prefixes(held)
    for number, one in enumerate(events):
        where = f"{path}[{number}]"
        if not isinstance(one, dict):
            found.fault("field_type", where, "应为对象 / must be an object")
            continue
        found.events.append(_event(found, one, where, known))
        found.paths.append(where)


def _event(found: Document, held: dict[str, Any], path: str, known: dict[str, str]) -> Event:
    if "@context" in held and path:
        known = _prefixes(held, known)
    for name in _twice(held, deep=True):
        where = f"{path}.{name}".strip(".")
        found.fault("duplicate_field", where, f"“{name}” 出现两次 / stands twice")
    event: Event = {}
    kind = held.get("type")
    fields = FIELDS.get(kind, {}) if isinstance(kind, str) else {}
    for key, value in held.items():
        if key in ("@context", "schemaVersion", "creationDate", "isA"):
            continue
        if key in ("type", *fields):
            event[key] = _standard(found, key, value, path, known)
        elif (told := _name(found, key, path, known, strict=bool(fields))) is not None:
            event[told] = _foreign(found, value, f"{path}.{key}", known)
    return event


def _name(
    found: Document, key: str, path: str, known: dict[str, str], *, strict: bool = True
) -> str | None:
    """``{namespace}name`` of a field of an extension. Comments say nothing of the goods."""
    where = f"{path}.{key}".strip(".")
    prefix, colon, local = key.partition(":")
    if prefix == "rdfs" or key == "comment":
        return None
    if not colon:
        if strict:
            rule = "ilmd_namespace" if ".ilmd" in f".{path}" else "field_namespace"
            text = f"字段 “{key}” 没有命名空间 / a field of an extension needs a namespace"
            found.fault(rule, where, text)
        return key
    if prefix in known:
        space = known[prefix]  # a name of an urn is joined by a colon that XML does not write
        return f"{{{space.rstrip(':') if space.startswith('urn:') else space}}}{local}"
    if local.startswith("//") or prefix == "urn":
        cut = max(key.rfind("/"), key.rfind("#"), key.rfind(":")) + 1
        return f"{{{key[:cut]}}}{key[cut:]}"
    text = f"前缀 “{prefix}” 没有声明 / the prefix is not declared"
    found.fault("namespace_prefix", where, text)
    return key


def _foreign(found: Document, value: Any, path: str, known: dict[str, str]) -> Any:
    """What an extension holds; names deeper inside may stand bare, as feeds write them."""
    if isinstance(value, dict):
        told = {}
        for key, inner in value.items():
            if key.startswith("@") or key in ("id", "type"):
                told[key] = inner
            elif (name := _name(found, key, path, known, strict=False)) is not None:
                told[name] = _foreign(found, inner, f"{path}.{key}", known)
        return told
    if isinstance(value, list):
        return [_foreign(found, one, f"{path}[{n}]", known) for n, one in enumerate(value)]
    return value


PAIR_KIND = {"bizTransactionList": "bizTransaction"}


def _standard(found: Document, key: str, value: Any, path: str, known: dict[str, str]) -> Any:
    """A field of the standard with its words made short and the names inside it known."""
    where = f"{path}.{key}".strip(".")
    if key in ("bizStep", "disposition"):
        return _addressed(short(key, value), known)
    if key in ("readPoint", "bizLocation", "ilmd"):
        return _inside(found, value, where, known, ("id",) if key != "ilmd" else ())
    if key in ("bizTransactionList", "sourceList", "destinationList") and isinstance(value, list):
        kind = PAIR_KIND.get(key, "sourceDest")
        return [
            {**one, "type": _addressed(short(kind, one["type"]), known)}
            if isinstance(one, dict) and "type" in one
            else one
            for one in value
        ]
    if key == "persistentDisposition" and isinstance(value, dict):
        return {
            name: [_addressed(short("disposition", word), known) for word in words]
            if isinstance(words, list)
            else words
            for name, words in value.items()
        }
    if key == "errorDeclaration" and isinstance(value, dict):
        own = ("declarationTime", "reason", "correctiveEventIDs")
        told = _inside(found, value, where, known, own)
        if "reason" in told:
            told["reason"] = _addressed(short("errorReason", told["reason"]), known)
        return told
    if key == "sensorElementList" and isinstance(value, list):
        return [_sensor(found, one, f"{where}[{n}]", known) for n, one in enumerate(value)]
    return value


def _addressed(word: Any, known: dict[str, str]) -> Any:
    """A word under a declared prefix as its whole address."""
    if not isinstance(word, str) or "//" in word:
        return word
    prefix, colon, local = word.partition(":")
    return known[prefix] + local if colon and prefix in known else word


def _inside(
    found: Document, value: Any, path: str, known: dict[str, str], own: tuple[str, ...]
) -> Any:
    if not isinstance(value, dict):
        return value
    told = {}
    for key, inner in value.items():
        if key in own or key == "@context":
            told[key] = inner
        elif (name := _name(found, key, path, known)) is not None:
            told[name] = _foreign(found, inner, f"{path}.{key}", known)
    return told


def _sensor(found: Document, value: Any, path: str, known: dict[str, str]) -> Any:
    told = _inside(found, value, path, known, ("sensorMetadata", "sensorReport"))
    if not isinstance(told, dict):
        return told
    if "sensorMetadata" in told:
        told["sensorMetadata"] = _inside(
            found, told["sensorMetadata"], f"{path}.sensorMetadata", known, METADATA
        )
    reports = told.get("sensorReport")
    if isinstance(reports, list):
        told["sensorReport"] = [
            sensor_words(_inside(found, one, f"{path}.sensorReport[{n}]", known, REPORT))
            for n, one in enumerate(reports)
        ]
    return told
