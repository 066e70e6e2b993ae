"""Event hashes against epcis-event-hash-generator 1.9.3: the hashes it made lie in
epcis_hashes.json, the documents of OpenEPCIS and GS1 beside the checkout."""

import json
from pathlib import Path

import pytest
from story import SHARED

from fangxian.hazards.epidemic.coldchain.epcis.event_hash import event_hash
from fangxian.hazards.epidemic.coldchain.epcis.judge import check
from fangxian.hazards.epidemic.coldchain.epcis.read import read

pytestmark = pytest.mark.shared

OPEN = SHARED / "data/epiops/openepcis"
GS1 = SHARED / "data/epiops/epcis"
GOLD = json.loads(Path(__file__).with_name("epcis_hashes.json").read_text("utf-8"))
OLD, NEW = "1.2/EPCIS/XML/Capture/Documents", "2.0/EPCIS/XML/Capture/Documents"
SENSORS = f"{NEW}/SensorData_with_combined_events.xml"
AGAIN = "the library tells extensions within a standard field again at the end of the event"
DIFFER = {
    (f"{OLD}/AggregationEvent_all_possible_fields.xml", 0): (
        "the library hashes xsi:type, which JSON does not have"
    ),
    (f"{OLD}/Document_with_namespace.xml", 0): (
        "the library keeps EPCIS's own namespace on EPCIS's own fields"
    ),
    (SENSORS, 5): AGAIN,
    (SENSORS, 7): f"{AGAIN}; bizRules of a report too",
    (SENSORS, 11): f"{AGAIN}; of the places too",
}


def ours(file, judge=read):
    return [
        event_hash(event).removeprefix("ni:///sha-256;").removesuffix("?ver=CBV2.0")
        for event in judge((OPEN / file).read_bytes()).events
    ]


def test_the_library_hashed_71_events_of_34_documents():
    assert (len(GOLD), sum(map(len, GOLD.values()))) == (34, 71)
    assert all(len(one) == 64 for hashes in GOLD.values() for one in hashes)


def test_each_document_has_as_many_events_as_the_library_found():
    assert {file: len(ours(file)) for file in GOLD} == {f: len(h) for f, h in GOLD.items()}


def test_all_but_five_named_events_have_the_hash_of_the_library():
    other = {
        (file, k)
        for file, theirs in GOLD.items()
        for k, (a, b) in enumerate(zip(ours(file), theirs, strict=True))
        if a != b
    }
    assert other == set(DIFFER)


def test_judging_a_document_leaves_its_hashes_alone():
    assert {file: ours(file, check) for file in GOLD} == {file: ours(file) for file in GOLD}


def test_what_xml_writes_in_another_order_is_the_same_event():
    assert ours(f"{OLD}/Jumbled_attributes_order.xml") == ours(f"{OLD}/ObjectEvent.xml")
    one, other = "EPCISDocument_with_comment.xml", "GS1_US_Pharma_Example_2_2_1_1.xml"
    assert ours(f"{OLD}/{one}") == ours(f"{OLD}/{other}")


def test_an_error_declaration_changes_no_hash():
    event = read((OPEN / f"{NEW}/TransformationEvent_with_errorDeclaration.xml").read_bytes())
    told = [one for one in event.events if one.get("errorDeclaration")]
    assert told
    for one in told:
        bare = {name: held for name, held in one.items() if name != "errorDeclaration"}
        assert event_hash(bare) == event_hash(one)


def test_six_forms_of_one_event_have_one_hash_and_the_seventh_tells_another_zone():
    files = sorted((GS1 / "gs1/XML/WithEventHashID").glob("event_with_identical_hash_id_*"))
    events = [read(file.read_bytes()).events[0] for file in files]
    zones = [event["eventTimeZoneOffset"] for event in events]
    assert zones == ["-06:00", "-05:00", *["-06:00"] * 5]  # the library finds three of them unlike
    hashes = [event_hash(event) for event in events]
    assert len(set(hashes)) == 2
    assert event_hash({**events[1], "eventTimeZoneOffset": "-06:00"}) == hashes[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("eventTime", "2020-06-07T17:10:17.000Z"),
        ("eventTimeZoneOffset", "+08:00"),
        ("action", "ADD"),
        ("bizStep", "shipping"),
        ("disposition", "in_transit"),
        ("parentID", "urn:epc:id:sscc:952001.1234567891"),
        ("readPoint", {"id": "urn:epc:id:sgln:952999.999999.1"}),
    ],
)
def test_an_event_that_differs_in_one_field_is_another(name, value):
    event = read((OPEN / f"{OLD}/AggregationEvent.xml").read_bytes()).events[0]
    assert event[name] != value
    assert event_hash({**event, name: value}) != event_hash(event)
