"""EPCIS taken in: what raises, what is lost, what is kept though it is wrong."""

import json

import pytest
from goods import announced, through

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain import taking, trace
from fangxian.hazards.epidemic.coldchain.epcis import write
from fangxian.hazards.epidemic.coldchain.epcis.judge import check
from fangxian.hazards.epidemic.coldchain.write.capture import capture
from fangxian.spine.core import clock
from fangxian.spine.core.rights import SYSTEM

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
EPC = "urn:epc:id:sgtin:0614141.107346.2017"
TIME = {"eventTime": "2022-01-01T00:00:00Z", "eventTimeZoneOffset": "+00:00"}
SEEN = {"type": "ObjectEvent", **TIME, "action": "OBSERVE", "epcList": [EPC]}


def document(*events):
    return json.dumps({
        "@context": [CONTEXT, {"ex": "https://example.org/"}], "type": "EPCISDocument",
        "schemaVersion": "2.0", "creationDate": "2022-01-01T00:00:00Z",
        "epcisBody": {"eventList": list(events)},
    }).encode()  # fmt: skip


def take(*events, mode="rollback", raw=None):
    return capture(raw or document(*events), name="x", by=SYSTEM, mode=mode).told()


def error(event, **more):
    told = {"declarationTime": "2022-01-02T00:00:00Z", "reason": "did_not_occur"}
    return {**event, "errorDeclaration": told, **more}


ODD = {
    "quantity-without-bound": document(
        {**SEEN, "quantityList": [{"epcClass": "urn:x:y", "quantity": "HUGE"}]}
    ).replace(b'"HUGE"', b"1e999"),
    "half-a-surrogate": document({**SEEN, "ex:a": "\ud800"}),
    "year-1": document({**SEEN, "eventTime": "0001-01-01T00:00:00+14:00"}),
    "sensor-metadata-number": document(
        {**SEEN, "sensorElementList": [
            {"sensorMetadata": 1, "sensorReport": [{"type": "Temperature", "value": 1}]}]}
    ),
    "type-is-a-list": document({**SEEN, "type": ["ObjectEvent"]}),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_no_document_raises_when_it_is_taken(xu, name):
    # refused or taken; never an exception with a job that runs for ever
    take(raw=ODD[name])
    assert not m.Job.objects.filter(state="running").exists()


def test_an_error_of_an_id_that_two_events_carry_is_taken(xu):
    # both are withdrawn; "same" becomes -1 and the job ends in an IntegrityError
    one = {**SEEN, "eventID": "urn:uuid:1"}
    take(one, {**one, "disposition": "active"})
    assert take(error({**one, "disposition": "damaged"}))["state"] == "done"


def test_an_error_before_its_event_keeps_it_out(xu):
    # guards
    take(error(SEEN))
    take(SEEN)
    assert not trace.events().exists()


def test_taken_twice_it_is_there_once(xu):
    # guards
    assert [take(SEEN)["taken"], take(SEEN)["same"]] == [1, 1]
    assert m.GoodsEvent.objects.count() == 1


def test_a_rollback_leaves_no_event(xu):
    # guards
    assert take(SEEN, {**SEEN, "action": "X"})["state"] == "failed"
    assert not m.GoodsEvent.objects.exists()


def test_an_event_that_says_two_things_is_not_taken_in_part(xu):
    # "action" stands twice with two values: proceed takes the last one, as if it were right
    raw = document(SEEN).replace(b'"action": "OBSERVE"', b'"action": "ADD", "action": "DELETE"')
    assert take(raw=raw, mode="proceed")["taken"] == 0


def test_blanks_round_an_identifier_do_not_break_its_trace(xu):
    # " urn:epc:…" is taken (its hash is that of the trimmed one) and then found by nobody
    take({**SEEN, "epcList": [f" {EPC}"]})
    assert taking.ask({"MATCH_epc": [EPC]})[1] == 1


def test_a_long_identifier_is_found_again(xu):
    # kept cut at 200 letters, asked for whole: found by nobody, and its trace ends
    good = f"https://example.org/{'a' * 200}1"
    take({**SEEN, "epcList": [good]})
    assert taking.ask({"MATCH_epc": [good]})[1] == 1


def test_a_null_in_an_extension_does_not_become_a_word(xu):
    # JSON null is written to XML as the text "None"
    event = check(document({**SEEN, "ex:a": None})).events
    assert b"None" not in write.as_xml(event, at=clock.now())


def test_a_loop_ends(xu):
    # guards: a became b became a
    a, b = "urn:x:a", "urn:x:b"
    work = {"type": "TransformationEvent", **TIME}
    take(
        {**work, "inputEPCList": [a], "outputEPCList": [b]},
        {**work, "inputEPCList": [b], "outputEPCList": [a]},
    )
    assert set(trace.reach_of([a]).forward) == {b}


def test_an_export_of_ours_is_taken_again_as_the_same(store, four):
    # guards: what we write of a lot is right by our own judge, and the same by its hash
    through(announced(), people=four)
    raw = write.as_xml(taking.events_of(lot="L1"), at=clock.now(), version="1.2")
    assert take(raw=raw)["taken"] == 0
