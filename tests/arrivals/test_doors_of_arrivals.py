"""Declarations by table, page and program, and results by table, JSON and HL7: one reading for
all."""

import json

import pytest
from django.contrib.auth import get_user_model
from flights import DAY_0, day, landed, port

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.bringing import bring_table
from fangxian.hazards.epidemic.arrivals.intake import take_bytes
from fangxian.hazards.epidemic.arrivals.write import testing
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM

pytestmark = pytest.mark.django_db
HEAD = "姓名,证件号码,乡镇,到达日期,国家,航班,座位,省,市,县,地点,起,止\n"
GOOD = "王小明,E12345678,和溪镇,2022-06-23,日本,MF852,12a,,,,,,\n"


def bring(text, by=SYSTEM):
    return bring_table("t.csv", text.encode(), by=by)


def test_a_table_becomes_arrivals_and_the_same_again_changes_nothing(xu):
    for _ in range(2):
        assert bring(HEAD + GOOD) == {"arrivals": 1, "wrong": []}
    one = m.Arrival.objects.get()
    assert (one.carrier, one.seat, one.populations) == ("MF852", "12A", ["overseas"])
    assert (one.place.name, one.release_on.isoformat()) == ("和溪镇", "2022-07-15")


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (",E12345,和溪镇,2022-06-23,,,,,,,,,\n", "name"),
        ("甲,E12345,无此镇,2022-06-23,,,,,,,,,\n", "place"),
        ("甲,E12345,和溪镇,哪天,,,,,,,,,\n", "expected_on"),
        ("甲,E12345,和溪镇,2022-06-23,,,,省,市,县,,2022-06-20,2022-06-10\n", "to"),
    ],
)
def test_a_bad_row_is_told_with_line_field_and_why_and_stops_no_other(xu, row, field):
    told = bring(HEAD + row + GOOD)
    assert told["arrivals"] == 1
    [wrong] = told["wrong"]
    assert (wrong["where"], wrong["field"]) == ("t.csv 2", field)
    assert wrong["zh"]
    assert wrong["en"]


def test_a_stay_of_a_table_is_a_stay(xu):
    bring(
        HEAD + "甲,E12345,和溪镇,2022-06-23,,,,福建省,宁德市,蕉城区,七都镇,2022-06-20,2022-06-21\n"
    )
    stay = m.Stayed.objects.get()
    assert (str(stay.county), stay.part) == ("福建省宁德市蕉城区", "七都镇")


@pytest.fixture
def tube(six, xu, now):
    now.at = day(1)
    test = m.Test.objects.get(arrival=six[0], on=now.at.date())
    tube = testing.sample(test=test, number="GZ0001", by=xu)
    now.at = day(1, 16)
    return tube


def state(tube):
    tube.refresh_from_db()
    return tube.state


def test_results_by_table(tube):
    told = bring("管号,结果,实验室\nGZ0001,阴性,市疾控\nGZ9,阴性,市疾控\nGZ0001,?,市疾控\n")
    assert told["results"] == {"taken": 1, "same": 0, "unknown": 1}
    assert [row["field"] for row in told["wrong"]] == ["result"]
    assert state(tube) == "negative"


ORU = (
    "MSH|^~\\&|LIS|市疾控|FX||20220623150000+0800||ORU^R01|{n}|P|2.5.1\r"
    "OBR|1||{tube}|94500-6^SARS-CoV-2^LN\r"
    "OBX|1|CWE|94500-6^SARS-CoV-2^LN||{code}^x^SCT||||||F|||20220623143000+0800\r"
)


def test_results_by_hl7_are_answered_message_by_message(tube):
    raw = ORU.format(n=1, tube="GZ0001", code="260373001")
    raw += ORU.format(n=2, tube="GZ0001", code="maybe")
    taken = take_bytes(raw.encode(), by=SYSTEM)
    assert taken.results == {"taken": 1, "same": 0, "unknown": 0}
    assert "MSA|AA|1\r" in taken.answer
    assert "MSA|AE|2\r" in taken.answer
    assert state(tube) == "positive"


def test_a_program_declares_and_sends_results(tube):
    row = {"name": "李四", "id_number": "E1234567", "place": "和溪镇", "expected_on": "2022-06-24"}
    stays = [
        {
            "province": "福建省",
            "city": "宁德市",
            "county": "蕉城区",
            "from": "2022-06-20",
            "to": "2022-06-21",
        }
    ]
    told = {
        "declarations": [{**row, "stays": stays}, {"name": "x"}],
        "results": [{"number": "GZ0001", "result": "negative", "laboratory": "L"}],
    }
    taken = take_bytes(json.dumps(told).encode(), by=SYSTEM).told()
    assert (len(taken["arrivals"]), taken["n_refused"]) == (1, 1)
    assert taken["refused"][0]["where"] == "declarations[1]"
    assert state(tube) == "negative"


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"\xff", b'{"results": 3}'])
def test_what_is_neither_is_refused(xu, raw):
    with pytest.raises(Problem) as problem:
        take_bytes(raw, by=SYSTEM)
    assert problem.value.code == "report.unreadable"


def form(**more):
    given = {
        "name": "王五",
        "id_number": "E5512345",
        "phone": "13900001111",
        "abroad": "yes",
        "country": "日本",
    }
    given |= {"by": "air", "carrier": "mf852", "expected_on": "2022-06-23"}
    return given | more


def test_one_address_cannot_fill_the_register(client, xu, settings):
    from django.core.cache import cache

    from fangxian.spine.registry.models import Place

    cache.clear()
    settings.ACCOUNT_RATE_LIMITS = {"declare": "1/h/ip"}
    hexi = Place.objects.get(name="和溪镇", kind="town")
    assert client.post("/declare", form(place=hexi.code)).status_code == 200
    answer = client.post("/declare", form(place=hexi.code, id_number="E99999999"))
    assert answer.status_code == 422
    assert "这个网络申报太多" in answer.content.decode()
    cache.clear()


def test_somebody_declares_himself_and_gets_his_code(client, xu, chen):
    from fangxian.spine.registry.models import Place

    hexi = Place.objects.get(name="和溪镇", kind="town")
    page = client.post("/declare", form(place=hexi.code)).content.decode()
    assert "A1-" in page.replace(f"A{m.Arrival.objects.get().pk}-", "A1-")
    assert "王五" not in page
    refused = client.post("/declare", form(place=""))
    assert refused.status_code == 422
    assert client.get("/declare", headers={"Accept-Language": "en"}).status_code == 200


def test_his_own_page_asks_his_temperature_and_says_nothing_of_who_he_is(client, six):
    from fangxian.hazards.epidemic.arrivals.write.health import link_of

    link = link_of(six[0])
    page = client.get(link).content.decode()
    assert "旅" not in page
    assert client.post(link, {"temperature": "36.6", "instance": "uuid:1"}).status_code == 302
    assert "今天已报" in client.get(link).content.decode()
    assert client.get("/h/wrong").status_code == 404


def test_pages_of_a_day_open_for_who_may_see_them(client, six, house, xu):
    client.force_login(get_user_model().objects.get(username="xu"))
    addresses = ["/arrivals", f"/arrivals/{six[0].pk}", "/arrivals/hands", "/arrivals/lists"]
    for address in [*addresses, "/arrivals/bring", "/m/checkpoint", "/registers/arrivals"]:
        assert client.get(address).status_code == 200, address
    board = client.get("/arrivals").content.decode()
    assert "已抵达" in board
    landed(1, by=xu, first=80, port=port_again())
    answer = client.post(f"/arrivals/{six[0].pk}/lose", {"reason": "不在房间"})
    assert answer.status_code == 302
    six[0].refresh_from_db()
    assert six[0].state == "lost"


def port_again():
    from fangxian.spine.registry.models import Site

    return Site.objects.filter(kind="port").first() or port()


def test_who_it_is_is_shown_for_a_purpose_that_is_recorded(client, six):
    from fangxian.spine.core.models import Event

    client.force_login(get_user_model().objects.get(username="xu"))
    page = client.post(f"/arrivals/{six[0].pk}/who", {"purpose": "通知转运"}).content.decode()
    assert "旅客000" in page
    assert Event.objects.filter(kind="persons.read", reason="通知转运").count() == 1
    assert DAY_0
