"""Verdicts of `epcis check` that are wrong, and documents that make it raise."""

import json

import pytest
from click.testing import CliRunner

from fangxian.cli.epcis import epcis_command
from fangxian.hazards.epidemic.coldchain.epcis.judge import check

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
EPC = "urn:epc:id:sgtin:0614141.107346.2017"
TIME = {"eventTime": "2022-01-01T00:00:00Z", "eventTimeZoneOffset": "+00:00"}
SEEN = {"type": "ObjectEvent", **TIME, "action": "OBSERVE", "epcList": [EPC]}
DEAL = {
    "type": "TransactionEvent", **TIME, "action": "ADD", "epcList": [EPC],
    "bizTransactionList": [{"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:061414:1"}],
}  # fmt: skip
LOT = {"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 200, "uom": "KGM"}


def document(*events, **more):
    held = {
        "@context": [CONTEXT, {"ex": "https://example.org/"}], "type": "EPCISDocument",
        "schemaVersion": "2.0", "creationDate": "2022-01-01T00:00:00Z",
        "epcisBody": {"eventList": list(events)},
    }  # fmt: skip
    return json.dumps({**held, **more}).encode()


def sensor(metadata=None, **report):
    one = {"sensorReport": [report]}
    return {**SEEN, "sensorElementList": [one if metadata is None else {**one, **metadata}]}


def xml(event="", encoding="UTF-8", codec="utf-8", head=""):
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>{head}'
        '<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0"'
        ' creationDate="2022-01-01T00:00:00Z"><EPCISBody><EventList>'
        f"{event}</EventList></EPCISBody></epcis:EPCISDocument>"
    )
    return text.encode(codec)


def seen(*more, epcs=f"<epcList><epc>{EPC}</epc></epcList>", before=""):
    return (
        "<ObjectEvent><eventTime>2022-01-01T00:00:00Z</eventTime>"
        f"<eventTimeZoneOffset>+00:00</eventTimeZoneOffset>{before}{epcs}"
        f"<action>OBSERVE</action>{''.join(more)}</ObjectEvent>"
    )


def rules(raw):
    return [fault.rule for fault in check(raw).faults]


def test_the_sound_documents_of_these_tests_are_sound():
    assert rules(document(SEEN, DEAL)) == []
    assert rules(xml(seen())) == []


# no input may raise ------------------------------------------------------------------------------

RAISING = {
    "type-is-a-list": document({**SEEN, "type": ["ObjectEvent"]}),
    "type-is-an-object": document({**SEEN, "type": {}}),
    "count-of-5000-digits": b'{"eventCountLimit":"' + b"9" * 5000 + b'"}',
    "entity-in-utf-16": xml(seen("&b;"), "UTF-16", "utf-16-le", '<!DOCTYPE a [<!ENTITY b "c">]>'),
    "entity-in-utf-32": xml("&b;", "UTF-32LE", "utf-32-le", '<!DOCTYPE a [<!ENTITY b "c">]>'),
}


@pytest.mark.parametrize("name", RAISING)
def test_no_document_raises(name):
    # each is refused with a rule, none with a traceback
    assert rules(RAISING[name])


def test_half_a_surrogate_is_told_and_not_raised(tmp_path):
    # "\ud800" in a field: printing the verdict ends in UnicodeEncodeError
    file = tmp_path / "x.json"
    file.write_bytes(document({**SEEN, "bizStep": "\ud800"}))
    found = CliRunner().invoke(epcis_command, ["check", str(file), "--json"])
    assert (found.exit_code, found.exception.__class__) == (1, SystemExit)


def test_entities_are_refused_in_any_encoding():
    # the guard looks for ASCII bytes: in UTF-16 a file:///… entity passes and is read as nothing
    head = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
    raw = xml(seen("<bizStep>&b;</bizStep>"), "UTF-16", "utf-16-le", head)
    assert rules(raw) == ["unsafe_xml"]


# right ones that are refused ---------------------------------------------------------------------


def test_xml_in_utf_16_with_its_mark_is_xml():
    # what Windows writes: taken for JSON today
    assert rules(xml(seen(), "UTF-16", "utf-16")) == []


def test_the_parts_of_an_error_declaration_stand_in_any_order():
    # the XSD of 2.0 has a choice there (ErrorDeclarationType), no order
    declared = (
        "<errorDeclaration><reason>urn:epcglobal:cbv:er:did_not_occur</reason>"
        "<declarationTime>2022-01-02T00:00:00Z</declarationTime></errorDeclaration>"
    )
    assert rules(xml(seen(before=declared))) == []


# wrong ones that pass ----------------------------------------------------------------------------

WRONG = {
    # GS1's JSON schema refuses all of these as well
    "deal-without-goods": {k: v for k, v in DEAL.items() if k != "epcList"},
    "deal-with-a-foreign-field": {
        **DEAL,
        "bizTransactionList": [{"type": "po", "bizTransaction": "urn:x:y", "foo": 1}],
    },
    "bizStep-null": {**SEEN, "bizStep": None},
    "states-of-another-name": {**SEEN, "persistentDisposition": {"foo": ["active"]}},
    "states-no-list": {**SEEN, "persistentDisposition": {"set": "active"}},
    "states-empty": {**SEEN, "persistentDisposition": {}},
    "corrective-no-list": {
        **SEEN,
        "errorDeclaration": {
            **{"declarationTime": "2022-01-02T00:00:00Z"},
            "correctiveEventIDs": "urn:x:y",
        },
    },
    "corrective-numbers": {
        **SEEN,
        "errorDeclaration": {"declarationTime": "2022-01-02T00:00:00Z", "correctiveEventIDs": [1]},
    },
    "uom-null": {**SEEN, "quantityList": [{**LOT, "uom": None}]},
    "certification-number": {**SEEN, "certificationInfo": 5},
    "certification-no-address": {**SEEN, "certificationInfo": "abc"},
    "sensor-unit-number": sensor(type="Temperature", value=1, uom=5),
    "sensor-hex": sensor(type="Temperature", hexBinaryValue="zz"),
    "sensor-text-number": sensor(type="Temperature", stringValue=5),
    "sensor-metadata-list": sensor({"sensorMetadata": []}, type="Temperature", value=1),
    "sensor-metadata-null": sensor({"sensorMetadata": None}, type="Temperature", value=1),
    # the standards refuse these: EPCIS 2.0 7.3.3.3 (unit only with a quantity), CBV 2.0 8, TDS
    "unit-without-quantity": {
        **SEEN,
        "quantityList": [{"epcClass": LOT["epcClass"], "uom": "KGM"}],
    },
    "quantity-below-nothing": {**SEEN, "quantityList": [{**LOT, "quantity": -5}]},
    "quantity-without-bound": {**SEEN, "quantityList": [{**LOT, "quantity": "HUGE"}]},
    "sgtin-without-serial": {**SEEN, "epcList": ["urn:epc:id:sgtin:0614141.107346"]},
    "sgtin-too-short": {**SEEN, "epcList": ["urn:epc:id:sgtin:0614141.1.2017"]},
    "epc-scheme-that-is-none": {**SEEN, "epcList": ["urn:epc:id:foo:0614141.107346.1"]},
    "class-among-instances": {**SEEN, "epcList": [LOT["epcClass"]]},
    "link-with-wrong-check-digit": {
        **SEEN,
        "epcList": ["https://id.gs1.org/01/09521141123455/21/10001"],
    },
    "word-of-a-vocabulary-over-http": {**SEEN, "bizStep": "http://ref.gs1.org/cbv/BizStep-shiping"},
    "word-under-an-undeclared-prefix": {**SEEN, "bizStep": "foo:shipping"},
    "party-word-that-is-none": {
        **SEEN,
        "sourceList": [{"type": "https://ref.gs1.org/cbv/SDT-owner", "source": "urn:x:y"}],
    },
    "time-with-offset-99-minutes": {**SEEN, "eventTime": "2022-01-01T00:00:00+08:99"},
    "time-with-offset-15-hours": {**SEEN, "eventTime": "2022-01-01T00:00:00+15:00"},
    "no-goods-at-all": {**SEEN, "epcList": []},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_event_is_refused(name):
    # each breaks the schema or the standard and must be told with its rule
    assert rules(document(WRONG[name]).replace(b'"HUGE"', b"1e999"))


HEADS = {
    "creationDate-word": {"creationDate": "yesterday"},
    "creationDate-number": {"creationDate": 1},
    "schemaVersion-word": {"schemaVersion": "abc"},
    "schemaVersion-list": {"schemaVersion": ["2.0"]},
    "context-of-a-stranger": {"@context": "https://evil.example/epcis-context.jsonld"},
    "context-number": {"@context": [CONTEXT, 5]},
}


@pytest.mark.parametrize("name", HEADS)
def test_a_wrong_head_is_refused(name):
    assert rules(document(SEEN, **HEADS[name]))


QUANTITY = (
    "<quantityList><quantityElement><epcClass>urn:epc:class:lgtin:4012345.012345.998877</epcClass>"
    "<quantity>{}</quantity>{}<uom>KGM</uom></quantityElement></quantityList>"
)
WRONG_XML = {
    # the XSD of GS1 refuses all of these; several lose or change what was said
    "epc-of-another-name": seen(epcs="<epcList><foo>urn:x:y</foo></epcList>"),
    "quantity-1_000": seen(QUANTITY.format("1_000", "")),
    "quantity-inf": seen(QUANTITY.format("inf", "")),
    "quantity-fullwidth": seen(QUANTITY.format("２００", "")),
    "quantity-twice": seen(QUANTITY.format("1", "<quantity>2</quantity>")),
    "source-under-a-wrong-name": seen(
        '<sourceList><destination type="urn:epcglobal:cbv:sdt:location">urn:x:y</destination>'
        "</sourceList>"
    ),
    "two-places-in-one": seen("<readPoint><id>urn:x:y</id><id>urn:x:z</id></readPoint>"),
    "place-with-an-unknown-part": seen("<readPoint><id>urn:x:y</id><foo>a</foo></readPoint>"),
    "states-of-another-name": seen(
        "<persistentDisposition><foo>urn:epcglobal:cbv:disp:active</foo></persistentDisposition>"
    ),
    "error-with-an-unknown-part": seen(
        before="<errorDeclaration><declarationTime>2022-01-02T00:00:00Z</declarationTime>"
        "<foo>a</foo></errorDeclaration>"
    ),
    "step-with-a-child": seen("<bizStep><b>urn:epcglobal:cbv:bizstep:shipping</b></bizStep>"),
    "text-between-events": "junk" + seen(),
    "two-metadata-of-a-sensor": seen(
        '<sensorElementList><sensorElement><sensorMetadata time="2022-01-01T00:00:00Z"/>'
        '<sensorMetadata time="2022-01-02T00:00:00Z"/>'
        '<sensorReport type="gs1:Temperature" value="1"/></sensorElement></sensorElementList>'
    ),
}


@pytest.mark.parametrize("name", WRONG_XML)
def test_a_wrong_xml_event_is_refused(name):
    assert rules(xml(WRONG_XML[name]))


def test_a_bomb_is_refused():
    # guards
    head = '<!DOCTYPE a [<!ENTITY x "y"><!ENTITY b "&x;&x;&x;&x;&x;&x;">]>'
    assert rules(xml("&b;", head=head)) == ["unsafe_xml"]
    assert rules(b"[" * 200_000) == ["syntax"]
