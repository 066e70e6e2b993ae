"""Counts from and for other systems, reports by the API, a line list that is pasted."""

import json
from datetime import date, timedelta

import pytest
from django.test import Client
from story import SHARED, seat_of

from fangxian.hazards.epidemic.sentinel import intake
from fangxian.hazards.epidemic.sentinel.models import Case, Count
from fangxian.hazards.epidemic.sentinel.rules import FORMS
from fangxian.hazards.epidemic.sentinel.write import counts
from fangxian.ops.worker import Worker
from fangxian.spine.core.door import door, take
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Report
from fangxian.spine.observe.reports.write import load_shipped_forms
from fangxian.spine.registry.models import Site
from fangxian.surfaces.api.keys import make_key

DHIS2 = SHARED / "data" / "epiops" / "dhis2"


@pytest.fixture
def hospital(city):
    row = {"kind": "医院", "code": "H1", "name": "县医院", "place": "南靖县", "source": "t"}
    take(door("sites"), [row], by=SYSTEM, source="t")
    load_shipped_forms(FORMS, by=SYSTEM)
    return Site.objects.get(kind="hospital")


def sent(values):
    return json.dumps({"dataValues": values}).encode()


def test_values_of_dhis2_become_counts_and_a_bad_one_fails_alone(hospital):
    good = {"dataElement": "ili", "period": "20160913", "orgUnit": "H1", "value": "12"}
    bad = [
        {**good, "dataElement": "flu"},
        {**good, "orgUnit": "H9"},
        {**good, "period": "201609"},
        {**good, "period": "20170101"},
        {**good, "value": "-1"},
        {**good, "value": None},
        "nonsense",
    ]
    told = intake.take_values(intake.read_values(sent([good, *bad])), by=SYSTEM)
    assert (told.values, told.changed, len(told.refused)) == (8, 1, 7)
    assert told.refused[0].startswith("dataValues[1]: dataElement flu")
    assert [r.split(": ")[0] for r in told.refused] == [f"dataValues[{n}]" for n in range(1, 8)]
    again = intake.take_values(intake.read_values(sent([good])), by=SYSTEM)
    assert (again.changed, again.same, Count.objects.get().n) == (0, 1, 12)


@pytest.mark.parametrize("form", ["dhis2", "adx"])
def test_what_is_given_can_be_read_back_and_changes_nothing(hospital, form):
    day = date(2016, 9, 13)
    rows = [(hospital, "ili", day - timedelta(days=k), float(k), None) for k in range(5)]
    counts.put_counts(rows, report=None, by=SYSTEM)
    raw = intake.give_values(since=day - timedelta(days=9), until=day, form=form)
    told = intake.take_values(intake.read_values(raw), by=SYSTEM)
    assert (told.values, told.changed, told.same, told.refused) == (5, 0, 5, [])


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("dataValueSetA.xml", 3),
        ("dataValueSetB.csv", 12),
        ("dataValueSetJ.json", 1),
        ("adx_data_sample1.xml", None),
    ],
)
def test_the_samples_of_dhis2_are_read_value_by_value(hospital, name, values):
    found = list(intake.read_values((DHIS2 / name).read_bytes()))
    assert len(found) == values if values else len(found) > 5
    assert all(one.element and one.unit and one.period and one.value for one in found)
    told = intake.take_values(found, by=SYSTEM)
    assert len(told.refused) == len(found)  # foreign elements, none taken, each told
    assert Count.objects.count() == 0


@pytest.mark.parametrize("raw", [b"", b"{}", b"<adx", b"a,b\n1,2", b"\xff\xfe\x00"])
def test_what_is_no_message_is_refused_whole(hospital, raw):
    with pytest.raises(Problem) as refused:
        list(intake.read_values(raw))
    assert refused.value.code == "report.unreadable"


def test_a_hospital_reports_by_the_api_once(hospital, guan):
    key = make_key(name="县医院信息系统", sends="reports", by=guan)
    body = {
        "form": "sentinel_daily",
        "answers": {"visits": 200, "ili": 9, "sari": 0, "diarrhoea": 1, "rash": 0},
        "about": {"kind": "hospital", "code": "H1"},
        "instance": "his-2016-09-14",
    }
    client = Client(headers={"authorization": f"Bearer {key}"})

    def post(given):
        return client.post("/api/v1/reports", json.dumps(given), content_type="application/json")

    plan = {
        "name": "哨点日报", "form": "sentinel_daily", "place": "南靖县", "site_kind": "医院",
        "role": "负责人", "due_time": "07:30", "valid_from": "2016-09-10", "source": "t",
    }  # fmt: skip
    take(door("report_plans"), [plan], by=SYSTEM, source="t")
    first = post(body)
    assert first.json()["late"]  # half an hour, and it fills the plan all the same
    assert Report.objects.get().plan is not None
    assert (first.status_code, first.json()["new"]) == (201, True)
    assert [f[1] for f in first.json()["findings"]] == ["required"]  # conjunctivitis
    assert post(body).status_code == 200
    Worker().settle()
    assert Count.objects.get(syndrome="ili").n == 9
    assert not Count.objects.filter(syndrome="conjunctivitis").exists()  # not said is not zero
    other = post({**body, "instance": "b", "answers": {"flu": 1}})
    assert (other.status_code, "flu" in other.content.decode()) == (422, True)
    assert post({**body, "instance": "c", "form": "nothing"}).status_code == 404
    assert (
        post({**body, "instance": "d", "about": {"kind": "hospital", "code": "x"}}).status_code
        == 404
    )
    assert Report.objects.count() == 1


def test_a_line_list_is_pasted_and_its_errors_are_told_by_cell(city, client, django_user_model):
    client.force_login(django_user_model.objects.get(username="xu"))
    head = "姓名\t病种\t诊断\t来源\t诊断时间\t现住址区划"
    rows = [f"甲{n}\t霍乱\t确诊\t本土\t2016-09-14 07:00\t南靖县和溪镇" for n in range(499)]
    rows.append("乙\t霍乱\t确诊\t本土\t2016-09-31\t南靖县和溪镇")
    page = client.post("/setup/cases/look", {"pasted": "\n".join([head, *rows])})
    text = page.content.decode()
    assert page.status_code == 200
    assert "E501" in text  # the cell of the bad time
    assert Case.objects.count() == 0


def test_a_day_is_judged_on_the_command_line_and_nothing_is_written(hospital, now):
    day = date(2016, 9, 13)
    rows = [(hospital, "ili", day - timedelta(days=k), 5.0 + k % 3, None) for k in range(1, 50)]
    counts.put_counts([*rows, (hospital, "ili", day, 60.0, None)], report=None, by=SYSTEM)
    (found,) = counts.found_on(day)
    assert (found.about[1], found.level.name) == ("ili:hospital:H1", "IV")
    assert Count.objects.filter(judged=True).count() == 0
    assert seat_of("xu")
