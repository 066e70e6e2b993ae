"""Verdicts on the open documents of OpenEPCIS, by their own labels, and on GS1's samples; the same
content in JSON and in XML is the same event."""

from collections import Counter

import pytest
from story import SHARED

from fangxian.hazards.epidemic.coldchain.epcis.event_hash import event_hash
from fangxian.hazards.epidemic.coldchain.epcis.judge import check
from fangxian.hazards.epidemic.coldchain.epcis.read import read

pytestmark = pytest.mark.shared

OPEN = SHARED / "data/epiops/openepcis"
GS1 = SHARED / "data/epiops/epcis"
OUT_OF_ORDER = {
    "1.2/EPCIS/XML/Capture/Documents/Jumbled_attributes_order.xml",
    "2.0/EPCIS/XML/Capture/Documents/JumbledFieldsOrder.xml",
    "2.0/EPCIS/XML/Query/JumbledFieldsOrder.xml",
}
# twins that say different things
NOT_TWINS = {
    "Capture/Events/TransactionEvent": "an empty vehicleMasterGIAI stands in XML alone",
    "Query/Invalid/QueryDocument_with_invalid_action": "they name two different assets",
}
ALONE = {
    "Capture/Documents/TransformationEvent_with_error_declaration",  # spelt otherwise in XML
    "Capture/Invalid/Combination_of_events_with_missing_mandatory_fields",
    "Capture/Invalid/ObjectEvent_with_ilmd_field_without_namespace",
    "Capture/Invalid/ObjectEvent_with_non_standard_bizStep",
    "Capture/Invalid/ObjectEvent_with_quantity_as_text",
    "Capture/Invalid/ObjectEvent_without_action_and_eventTime",
    "Query/Queries/Invalid/Query_with_invalid_values",
}
NOT_TAKEN = {
    "XML/CaptureJob/Example-CaptureJobWithErrorFile.xml": {"kind_not_taken"},
    "XML/CaptureJob/Example-CaptureJobRunning.xml": {"kind_not_taken"},
    "XML/CaptureJob/Example-CaptureJobWithErrors.xml": {"kind_not_taken"},
    "XML/CaptureJob/Example-CaptureJobSuccess.xml": {"kind_not_taken"},
    "XML/CBV/CBV-11.4-2020-06-16a.xml": {"kind_not_taken"},
    "XML/Mimasu/Example-masterData.xml": {"kind_not_taken"},
    "JSON/AssociationEvent/AssociationEvent-h.jsonld": {"duplicate_field"},
}


def labelled(label):
    """Documents of a label with the rule that is broken; the index has no quoting."""
    lines = (OPEN / "index.tsv").read_text("utf-8").splitlines()
    names = lines[0].split("\t")
    rows = [dict(zip(names, line.split("\t"), strict=True)) for line in lines[1:]]
    return {row["file"]: row["fault_rule"] for row in rows if row["label"] == label}


def rules(path):
    return {fault.rule for fault in check(path.read_bytes()).faults}


def hashes(path):
    return [event_hash(event) for event in read(path.read_bytes()).events]


def twins():
    """Names of the documents of 2.0 in JSON, without the ending, with both paths."""
    at = OPEN / "2.0/EPCIS"
    names = sorted(
        path.relative_to(at / "JSON").with_suffix("").as_posix()
        for path in (at / "JSON").rglob("*.json")
    )
    return {name: (at / f"JSON/{name}.json", at / f"XML/{name}.xml") for name in names}


def test_all_15_invalid_documents_are_refused_by_the_rule_they_break():
    wanted = labelled("invalid")
    found = {file: rules(OPEN / file) for file in wanted}
    assert len(wanted) == 15
    assert [file for file, rule in wanted.items() if rule not in found[file]] == []


def test_82_of_85_valid_documents_are_taken_and_three_stand_out_of_order():
    wanted = labelled("valid")
    found = {file: told for file in wanted if (told := rules(OPEN / file))}
    assert len(wanted) == 85
    assert found == {file: {"element_order"} for file in OUT_OF_ORDER}


def test_what_stands_out_of_order_is_read_all_the_same():
    for file in OUT_OF_ORDER:
        assert len(hashes(OPEN / file)) == 1, file


def test_the_same_document_in_json_and_in_xml_tells_the_same_events():
    differ = {
        name
        for name, (json, xml) in twins().items()
        if xml.exists() and hashes(json) != hashes(xml)
    }
    assert differ == set(NOT_TWINS)


def test_79_of_81_events_of_twins_have_one_hash():
    pairs = Counter(
        a == b
        for json, xml in twins().values()
        if xml.exists()
        for a, b in zip(hashes(json), hashes(xml), strict=True)
    )
    assert pairs == {True: 79, False: 2}


def test_documents_without_a_twin_are_those_named():
    assert {name for name, (_, xml) in twins().items() if not xml.exists()} == ALONE


def test_an_error_declaration_is_the_same_under_two_spellings():
    at = OPEN / "2.0/EPCIS"
    json = at / "JSON/Capture/Documents/TransformationEvent_with_error_declaration.json"
    xml = at / "XML/Capture/Documents/TransformationEvent_with_errorDeclaration.xml"
    assert hashes(json) == hashes(xml)


def test_gs1_samples_are_taken_but_for_kinds_that_hold_no_events():
    files = sorted(path for path in (GS1 / "gs1").glob("*/**/*") if path.is_file())
    found = {
        path.relative_to(GS1 / "gs1").as_posix(): told for path in files if (told := rules(path))
    }
    assert len(files) == 60
    assert found == NOT_TAKEN


def test_examples_of_the_standard_are_taken():
    files = sorted(GS1.glob("*.jsonld"))
    assert len(files) == 8
    assert {path.name: rules(path) for path in files} == {path.name: set() for path in files}
