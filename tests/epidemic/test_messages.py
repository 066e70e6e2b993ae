"""Visits and results as hospitals' systems tell them, HL7 version 2 and FHIR: counted by day, once,
without names; a disease that asks for it becomes a case."""

import json
from datetime import date

import pytest
from django.test import Client
from lines import PLAN, hospital

from fangxian.hazards.epidemic import hl7 as wire
from fangxian.hazards.epidemic.sentinel import intake
from fangxian.hazards.epidemic.sentinel.models import Case, Count, Encounter
from fangxian.hazards.epidemic.sentinel.rules import FORMS
from fangxian.hazards.epidemic.sentinel.write import counts
from fangxian.spine.core.door import door, take
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Report
from fangxian.spine.observe.reports.write import load_shipped_forms
from fangxian.spine.people.models import Person
from fangxian.spine.registry.models import Site
from fangxian.surfaces.api.keys import make_key

DAY = date(2016, 9, 13)


@pytest.fixture
def site(city):
    take(door("sites"), [hospital("H1", "县医院")], by=SYSTEM, source="t")
    return Site.objects.get(code="H1")


def visit(
    number, icd, *, event="A04", at="20160913150000", kind="E", name="张^三", begun="20160913"
):
    lines = [
        rf"MSH|^~\&|HIS|H1|FX|ZZ|{at}||ADT^{event}^ADT_A01|M{number}{at}|P|2.5.1",
        f"PID|1||P{number}^^^H1^MR~350627199001011235^^^CN^NNCHN||{name}||19900101|M",
        f"PV1|1|{kind}{'|' * 17}{number}{'|' * 25}{begun}",
        f"DG1|1||{icd}^诊断^I10|||A",
    ]
    return "\r".join(lines) + "\r"


def result(number, value, *, status="F", code="94500-6", at="20160913150000"):
    return "\r".join(
        [
            rf"MSH|^~\&|LIS|H1|FX|ZZ|{at}||ORU^R01|R{number}{at}|P|2.4",
            "PID|1||P9^^^H1^MR||李^四||19850505|F",
            f"OBR|1||{number}|{code}^SARS-CoV-2^LN|||20160913100000",
            f"OBX|1|CWE|{code}^SARS-CoV-2^LN||{value}||||||{status}",
        ]
    )


def told(*messages):
    return intake.take_bytes("".join(messages).encode(), by=SYSTEM)


def n(syndrome, day=DAY):
    row = Count.objects.filter(syndrome=syndrome, day=day).first()
    return row and (row.n, row.of)


def test_visits_are_counted_by_day_and_syndrome(site):
    done = told(visit(1, "J11.1"), visit(2, "J10.0"), visit(3, "S82.0"), visit(4, "A09.0"))
    assert (done.values, done.changed, done.refused) == (4, 4, [])
    assert (n("ili"), n("diarrhoea"), n("rash")) == ((2, 4), (1, 4), (0, 4))
    assert not Person.objects.exists()


def test_the_same_again_changes_nothing_and_an_older_message_undoes_nothing(site):
    told(visit(1, "J11.1"))
    assert told(visit(1, "J11.1")).changed == 0
    told(visit(1, "A09.0", event="A08", at="20160913180000"))
    assert (n("ili"), n("diarrhoea")) == ((0, 1), (1, 1))
    assert told(visit(1, "J11.1", at="20160913160000")).changed == 0
    assert n("ili") == (0, 1)


def test_a_clock_that_is_ahead_outlives_no_later_message(site, now):
    told(visit(1, "J11.1", at="20200101000000"))
    now.advance(hours=1)
    told(visit(1, "A09.0", event="A08", at="20160914085900"))
    assert (n("ili"), n("diarrhoea")) == ((0, 1), (1, 1))


def test_a_cancelled_visit_is_taken_back_and_one_moved_leaves_its_day(site):
    told(visit(1, "J11.1"), visit(2, "J11.1"))
    told(visit(1, "J11.1", event="A11", at="20160913170000"))
    assert n("ili") == (1, 1)
    told(visit(2, "J11.1", event="A08", at="20160913180000", begun="20160912"))
    assert (n("ili"), n("ili", date(2016, 9, 12))) == ((0, 0), (1, 1))


def test_who_lies_in_counts_as_severe_and_not_as_an_outpatient(site):
    told(visit(1, "J11.1", kind="I"))
    assert (n("sari"), n("ili")) == ((1, 1), (0, 1))


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        (visit(2, "J11.1").replace("|H1|", "|H9|"), "message[2] line 5: orgUnit H9: no such site"),
        (visit(2, "J11.1").replace("ADT^A04^ADT_A01", "ADT^A40"), "message[2] line 5 MSH-9"),
        (visit(2, "J11.1").replace("ADT^A04^ADT_A01", "VXU^V04"), "message[2] line 5 MSH-9"),
        (visit("", "J11.1"), "message[2] line 5 PV1-19: is missing"),
        (visit(2, "J11.1", begun="2016"[:3]), "message[2] line 5 PV1-44: 201 is no time"),
        (visit(2, "J11.1", begun="20160931"), "message[2] line 5 PV1-44: 20160931 is no time"),
        (visit(2, "J11.1", begun="00010101000000+1400"), "message[2] line 5 PV1-44: "),
        (visit(2, "J11.1", begun="20161001"), "message[2] line 5: 2016-10-01 is in the future"),
        (visit(2, "J11.1").replace("2.5.1", "9.9"), "message[2] line 5: UnsupportedVersion"),
        (visit(2, "J11.1").replace("PV1|", "?!|"), "message[2] line 5: "),
        (result("L1", "88^odd^L"), "message[2] line 5 segment 4 OBX: result 88, odd is neither"),
        (result("L1", "POS", status="Q"), "message[2] line 5 segment 4 OBX-11: Q is no status"),
        (result("", "POS"), "message[2] line 5 segment 4 OBX OBR-3: is missing"),
    ],
)
def test_a_broken_message_is_refused_with_its_place_and_the_next_goes_on(site, broken, place):
    done = told(visit(1, "J11.1"), broken.rstrip("\r") + "\r", visit(3, "J11.1"))
    assert [why.startswith(place) for why in done.refused] == [True], done.refused
    assert (done.values, done.changed, n("ili")) == (3, 2, (2, 2))
    answers = done.answer.split("MSH|")[1:]
    assert ["MSA|AA" in a for a in answers] == [True, False, True]
    assert f"MSA|AE|{wire.control_id(broken)}\r" in answers[1]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\x1c\r"])
def test_line_ends_frames_and_batches_of_any_kind(site, end):
    text = visit(1, "J11.1").replace("\r", end)
    batch = f"FHS|^~\\&|x{end}BHS|^~\\&|x{end}\x0b{text}BTS|1{end}FTS|1{end}"
    assert (told(batch).changed, n("ili")) == (1, (1, 1))


def test_a_message_in_gb18030_is_read(site):
    done = intake.take_bytes(visit(1, "A00.1", name="欧阳^霞").encode("gb18030"), by=SYSTEM)
    assert (done.refused, Person.objects.get().name_masked[:1]) == ([], "欧")


def test_results_are_positives_out_of_tests_and_only_final_ones(site):
    done = told(
        result("L1", "260373001^Detected^SCT") + "\r",
        result("L2", "阴性") + "\r",
        result("L3", "NEG") + "\r",
        result("L4", "POS", status="P") + "\r",
        result("L5", "5.1", code="2345-7") + "\r",
    )
    assert (done.refused, n("positives")) == ([], (1, 3))
    told(result("L1", "260415000^Not detected^SCT", status="C", at="20160913200000"))
    assert n("positives") == (0, 3)


def test_a_disease_that_asks_for_it_becomes_one_case_to_be_confirmed(site):
    told(visit(1, "A00.1"), visit(1, "A00.1", event="A08", at="20160913180000"), visit(2, "J11"))
    case = Case.objects.get()
    assert (case.disease, case.status, case.origin) == ("cholera", "suspected", "unknown")
    assert case.site == site
    assert (Person.objects.count(), case.person.name_masked[:1]) == (1, "张")
    assert not Encounter.objects.filter(number__contains="1").filter(number="1").exists()
    case.status = "excluded"
    case.save()
    told(visit(1, "A00.9", event="A08", at="20160913190000"))
    assert Case.objects.get().status == "excluded"  # what a person said stands


def test_who_goes_on_telling_after_the_day_has_reported_it(site, now):
    load_shipped_forms(FORMS, by=SYSTEM)
    take(door("report_plans"), [PLAN | {"valid_from": "2016-09-10"}], by=SYSTEM, source="t")
    told(visit(1, "J11.1"))
    assert not Report.objects.exists()  # the day is not over
    told(visit(2, "S82.0", at="20160914073000", begun="20160914"))
    counts.tick()
    assert not Report.objects.exists()  # more of the night may come, one by one
    now.advance(minutes=50)
    told(visit(3, "J11.1", at="20160914075000"))
    now.advance(minutes=6)
    counts.tick()
    report = Report.objects.get()
    assert report.answers["/data/ili"] == "2"
    assert (report.about_key, report.door, report.late) == ("H1", "messages", False)
    assert (report.due_at.hour, report.findings) == (1, [])  # 09:00 in Beijing
    now.advance(hours=24)
    told(visit(4, "S82.0", at="20160915073000", begun="20160915"))
    assert (Report.objects.count(), n("ili", date(2016, 9, 14))) == (2, (0, 1))
    now.advance(hours=25)
    counts.tick()
    assert Report.objects.count() == 2  # who sent nothing since has told nothing
    told(visit(5, "S82.0", at="20160916100000", begun="20160916"))
    assert Report.objects.latest("pk").late  # at once, and late


def test_counts_of_dhis2_that_answer_all_are_the_report_that_is_owed(site):
    load_shipped_forms(FORMS, by=SYSTEM)
    take(door("report_plans"), [PLAN | {"valid_from": "2016-09-10"}], by=SYSTEM, source="t")
    names = {"visits": 100, "ili": 3, "sari": 0, "diarrhoea": 1, "rash": 0}
    rows = [
        {"dataElement": k, "period": "20160913", "orgUnit": "H1", "value": v}
        for k, v in names.items()
    ]

    def send(rows):
        return intake.take_bytes(json.dumps({"dataValues": rows}).encode(), by=SYSTEM)

    assert (send(rows).refused, Report.objects.count(), n("ili")) == ([], 0, (3, 100))
    send([{**rows[0], "dataElement": "conjunctivitis", "value": 2}, rows[0]])
    assert Report.objects.get().answers["/data/ili"] == "3"


def bundle(*resources, kind="message"):
    entries = [{"resource": row} for row in resources]
    return {
        "resourceType": "Bundle",
        "type": kind,
        "timestamp": "2016-09-13T15:00:00+08:00",
        "entry": entries,
    }


def encounter(**more):
    return {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "2016-09-13T08:00:00+08:00"},
        "serviceProvider": {"identifier": {"value": "H1"}},
        "reasonCode": [{"coding": [{"code": "J11.1"}]}],
        **more,
    }


PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "gender": "female",
    "name": [{"text": "王小明"}],
    "birthDate": "1990-01-01",
}


def observation(**more):
    return {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "94500-6"}]},
        "subject": {"reference": "Patient/p1"},
        "performer": [{"reference": "Organization/H1"}],
        "effectiveDateTime": "2016-09-13T09:00:00+08:00",
        "valueCodeableConcept": {"coding": [{"code": "260373001"}]},
        **more,
    }


def fhir(*resources, **more):
    return intake.take_bytes(json.dumps(bundle(*resources, **more)).encode(), by=SYSTEM)


def test_a_bundle_is_counted_like_messages(site):
    condition = {
        "resourceType": "Condition",
        "id": "c1",
        "subject": {"reference": "Patient/p1"},
        "encounter": {"reference": "Encounter/e2"},
        "code": {"coding": [{"code": "A00.0"}]},
    }
    other = encounter(id="e2", reasonCode=[], **{"class": {"code": "IMP"}})
    done = fhir(PATIENT, encounter(), other, condition, observation())
    assert (done.values, done.refused) == (3, [])
    assert (n("ili"), n("diarrhoea"), n("positives")) == ((1, 2), (1, 2), (1, 1))
    case = Case.objects.get(disease="cholera")
    assert (case.person.name_masked[:1], case.person.sex) == ("王", "F")
    assert fhir(PATIENT, encounter(), other, condition, observation()).changed == 0


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (encounter(status="done"), "Bundle.entry[1].resource.status: done is none of planned"),
        (encounter(periodd=1), "Bundle.entry[1].resource.periodd: Extra inputs"),
        (encounter(period=None), "Bundle.entry[1].resource period.start: is missing"),
        (encounter(period={"start": "0001-01-01T00:00:00+14:00"}), "Bundle.entry[1].resource: "),
        (encounter(serviceProvider={"display": "?"}), "Bundle.entry[1].resource serviceProvider"),
        (observation(status="ok"), "Bundle.entry[1].resource.status: ok is none of"),
        (observation(valueCodeableConcept={"text": "?"}), "Bundle.entry[1].resource: result ?"),
        ({**PATIENT, "gender": "x"}, "Bundle.entry[1].resource.gender: x is none of"),
    ],
)
def test_a_wrong_resource_fails_alone(site, wrong, place):
    good = encounter(id="e9", subject={"reference": "Patient/none"})
    done = fhir(good, wrong)
    assert [why.startswith(place) for why in done.refused] == [True], done.refused
    assert n("ili") == (1, 1)


@pytest.mark.parametrize(
    "content",
    [
        {"resourceType": "Encounter"},
        {"resourceType": "Bundle", "type": "batsch", "entry": []},
        {"resourceType": "Bundle", "type": "batch"},
        {"resourceType": "Bundle", "type": "batch", "entry": [], "timestamp": "gestern"},
    ],
)
def test_what_is_no_bundle_is_refused_whole(site, content):
    with pytest.raises(Problem) as refused:
        intake.take_bytes(json.dumps(content).encode(), by=SYSTEM)
    assert refused.value.code == "report.unreadable"


def client(sends):
    key = make_key(name=f"x{sends}", sends=sends, by=SYSTEM)
    return Client(headers={"authorization": f"Bearer {key}"})


def test_the_inlet_answers_in_the_senders_protocol_and_only_who_may_send(site):
    def post(who, code="sentinel", text=None):
        body = text or visit(1, "J11.1")
        return who.post(f"/api/v1/inlets/{code}", body, content_type="application/hl7-v2")

    done = post(client("reports"))
    assert (done.status_code, done["Content-Type"]) == (200, "application/hl7-v2; charset=utf-8")
    assert "MSA|AA|M1" in done.content.decode()
    readings = client("readings")
    assert post(readings, text=visit(2, "J11.1")).status_code == 403
    assert post(readings, "nothing").status_code == 404
    assert n("ili") == (1, 1)
