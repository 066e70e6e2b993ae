"""What an event of EPCIS is made of: the fields of each type in the order that XML wants, what they
hold, the words of the CBV. What is right and wrong is judged in `judge`."""

import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

Event = dict[str, Any]

# what a field holds
TEXT, EPCS, QUANTITIES, PLACE, PAIRS, STATES, ERROR, SENSORS, ILMD = (
    "text",
    "epcs",
    "quantities",
    "place",
    "pairs",
    "states",
    "error",
    "sensors",
    "ilmd",
)
BEFORE = {
    "eventTime": TEXT,
    "recordTime": TEXT,
    "eventTimeZoneOffset": TEXT,
    "eventID": TEXT,
    "errorDeclaration": ERROR,
    "certificationInfo": TEXT,
}
WHERE = {
    "bizStep": TEXT,
    "disposition": TEXT,
    "readPoint": PLACE,
    "bizLocation": PLACE,
}
PARTIES = {
    "sourceList": PAIRS,
    "destinationList": PAIRS,
    "sensorElementList": SENSORS,
    "persistentDisposition": STATES,
}

# Source: EPCIS 2.0, section 7.4, and the sequence of its XML schema.
FIELDS: dict[str, dict[str, str]] = {
    "ObjectEvent": {
        **BEFORE,
        "epcList": EPCS,
        "action": TEXT,
        **WHERE,
        "bizTransactionList": PAIRS,
        "quantityList": QUANTITIES,
        **PARTIES,
        "ilmd": ILMD,
    },
    "AggregationEvent": {
        **BEFORE,
        "parentID": TEXT,
        "childEPCs": EPCS,
        "action": TEXT,
        **WHERE,
        "bizTransactionList": PAIRS,
        "childQuantityList": QUANTITIES,
        **PARTIES,
    },
    "TransactionEvent": {
        **BEFORE,
        "bizTransactionList": PAIRS,
        "parentID": TEXT,
        "epcList": EPCS,
        "action": TEXT,
        **WHERE,
        "quantityList": QUANTITIES,
        **PARTIES,
    },
    "TransformationEvent": {
        **BEFORE,
        "inputEPCList": EPCS,
        "inputQuantityList": QUANTITIES,
        "outputEPCList": EPCS,
        "outputQuantityList": QUANTITIES,
        "transformationID": TEXT,
        **WHERE,
        "bizTransactionList": PAIRS,
        **PARTIES,
        "ilmd": ILMD,
    },
    "AssociationEvent": {
        **BEFORE,
        "parentID": TEXT,
        "childEPCs": EPCS,
        "childQuantityList": QUANTITIES,
        "action": TEXT,
        **WHERE,
        "bizTransactionList": PAIRS,
        **PARTIES,
    },
}
# what a pair's second half is called
PAIR = {
    "bizTransactionList": "bizTransaction",
    "sourceList": "source",
    "destinationList": "destination",
}
METADATA = (
    "time",
    "startTime",
    "endTime",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "bizRules",
)
REPORT = (
    "type",
    "exception",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "bizRules",
    "time",
    "microorganism",
    "chemicalSubstance",
    "value",
    "component",
    "stringValue",
    "booleanValue",
    "hexBinaryValue",
    "uriValue",
    "minValue",
    "maxValue",
    "meanValue",
    "sDev",
    "percRank",
    "percValue",
    "uom",
    "coordinateReferenceSystem",
)
NUMBERS = frozenset({"value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"})
ACTIONS = ("ADD", "OBSERVE", "DELETE")
CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
# Prefixes that the context of EPCIS itself declares.
PREFIXES = {
    "cbv": "https://ref.gs1.org/cbv/",
    "gs1": "https://gs1.org/voc/",
    "epcis": "https://ref.gs1.org/epcis/",
    "cbvmda": "urn:epcglobal:cbv:mda:",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dcterms": "http://purl.org/dc/terms/",
}
# the two addresses of a kind of word: of 1.2, of the web
ADDRESSES = {
    "bizStep": ("urn:epcglobal:cbv:bizstep:", "BizStep-"),
    "disposition": ("urn:epcglobal:cbv:disp:", "Disp-"),
    "bizTransaction": ("urn:epcglobal:cbv:btt:", "BTT-"),
    "sourceDest": ("urn:epcglobal:cbv:sdt:", "SDT-"),
    "errorReason": ("urn:epcglobal:cbv:er:", "ER-"),
}
CBV = ("https://ref.gs1.org/cbv/", "http://ns.gs1.org/cbv/", "https://ns.gs1.org/cbv/", "cbv:")
VOC = ("https://gs1.org/voc/", "https://www.gs1.org/voc/", "https://ref.gs1.org/voc/", "gs1:")
SDCARD = {"component": "Comp-"}


@lru_cache(1)
def words() -> dict[str, frozenset[str]]:
    """The words of the CBV by kind."""
    text = files("fangxian.hazards.epidemic.coldchain") / "data" / "cbv.toml"
    held = tomllib.loads(text.read_text("utf-8"))
    return {kind: frozenset(names) for kind, names in held.items() if kind != "source"}


def short(kind: str, value: Any) -> Any:
    """A word of the CBV without its address; anything else as it stands."""
    if not isinstance(value, str):
        return value
    value = value.strip()
    urn, web = ADDRESSES[kind]
    for head in (urn, *(f"{base}{web}" for base in CBV)):
        if value.startswith(head) and value[len(head) :] in words()[kind]:
            return value[len(head) :]
    return value


def short_sensor(kind: str, value: Any) -> Any:
    """The same for what a sensor measures or warns of."""
    if not isinstance(value, str):
        return value
    value = value.strip()
    heads = (*VOC, *(f"{base}{SDCARD.get(kind, '')}" for base in CBV))
    for head in heads:
        if value.startswith(head) and value[len(head) :] in words()[kind]:
            return value[len(head) :]
    return value


def sensor_words(report: Any) -> Any:
    """A report of a sensor with the standard's words made short."""
    if isinstance(report, dict):
        kinds = (("type", "measurement"), ("exception", "exception"), ("component", "component"))
        for name, kind in kinds:
            if name in report:
                report[name] = short_sensor(kind, report[name])
    return report


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: the rule, where, and what to do."""

    rule: str
    path: str
    text: str

    def told(self) -> dict[str, str]:
        return {"rule": self.rule, "path": self.path, "text": self.text}


@dataclass(slots=True)
class Document:
    """A document as read. ``events`` stand in one form whatever they came in: the short words of
    the CBV, fields of extensions under ``{namespace}name``."""

    form: str = ""  # document, event, answer, query
    version: str = ""
    syntax: str = ""
    events: list[Event] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)  # where each event stands
    query: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, rule: str, path: str, text: str) -> None:
        self.faults.append(Fault(rule, path, text))
