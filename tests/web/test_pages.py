"""Pages answer in both languages, refuse what they must, and keep what was typed honest."""

import inspect
import json
import re

import pytest
from django.contrib.auth import get_user_model
from django.template.loader import get_template

from fangxian.hazards.flood.tables import river_marks, shipped_thresholds
from fangxian.ops.worker import Worker
from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.write import enter_warning, load_thresholds
from fangxian.spine.command import desk
from fangxian.spine.command.models import LogEntry, Order, Proposal
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import issue_orders
from fangxian.spine.core.hazards import headquarters
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Quarantine, Series, Station
from fangxian.spine.observe.store import Quality, Reading
from fangxian.spine.reach.models import Delivery
from fangxian.spine.registry.models import Term
from fangxian.spine.registry.read import city as the_city
from fangxian.surfaces.web.templatetags.house import row_template


@pytest.fixture
def storm(gauge, hexi, lin, telemetry, now):
    """One gauge with readings, marks, a signal, a proposal, an order and a stranger."""
    load_thresholds(shipped_thresholds(), by=SYSTEM)
    load_thresholds(river_marks(gauge, {"WRZ": 22.0, "GRZ": 23.0}, source="t"), by=SYSTEM)
    at_s = int(now.at.timestamp())
    rain = Series.objects.create(station=gauge, element="P5", unit="mm", step_s=300)
    stage = Series.objects.create(station=gauge, element="Z", unit="m")
    rows = [Reading(rain.pk, at_s - 300 * k, 2.9, Quality.GOOD) for k in range(40)]
    rows += [
        Reading(stage.pk, at_s - 3600 * k, 23.5 - k, Quality.SUSPECT, "rise") for k in (0, 1, 5)
    ]
    telemetry.put(rows, received_s=at_s)
    Quarantine.objects.create(code="79999999", first_at=now.at, last_at=now.at, frames=3)
    enter_warning(hazard="typhoon", level=Level.IV, place=the_city(), text="", number="1", by=lin)
    task = Task(area=hexi, verb="转移", object="危险区群众", minutes=60, total=12)
    [order] = issue_orders([task], hazard="rain", level=Level.I, by=lin)
    Worker().settle()
    return order


def paths(order, gauge):
    proposal = Proposal.objects.first()
    term = Term.objects.get(person__user__username="chen")
    tabs = [
        "places",
        "organisations",
        "posts",
        "duties",
        "stations",
        "strangers",
        "handovers",
        "prove",
    ]
    return [
        "/",
        "/?part=body",
        *(f"/?hq={hq}" for hq in ("all", *headquarters())),
        "/map",
        "/map?view=table",
        "/map/data.json",
        "/map/counties.json",
        "/map/villages.json",
        "/watch",
        "/watch?q=和溪",
        "/watch/alarms?hours=72",
        "/watch/thresholds",
        f"/stations/{gauge.code}",
        f"/stations/{gauge.code}/series.json",
        f"/stations/{gauge.code}/readings.csv",
        "/command",
        "/command?state=delivered",
        f"/command/proposals/{proposal.pk}",
        f"/orders/{order.pk}",
        *(f"/registers/{tab}" for tab in tabs),
        "/registers/places?q=hexi",
        "/registers/posts?q=陈",
        f"/registers/posts/{term.post_id}",
        "/places/350627",
        "/gaps",
        "/gaps?rule=village-without-gauge",
        "/dead-letters",
        "/desk/shift",
        "/search?q=hexi",
        "/m/",
        "/accounts/2fa/",
        "/metrics",
        "/healthz",
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_answers(storm, as_lin, gauge, language):
    broken = [
        (path, answer.status_code)
        for path in paths(storm, gauge)
        if (answer := as_lin.get(path, headers={"Accept-Language": language})).status_code != 200
    ]
    assert broken == []


def test_the_language_follows_the_browser_and_a_switch(as_lin):
    assert "Duty desk" in as_lin.get("/", headers={"Accept-Language": "en"}).content.decode()
    as_lin.post("/language", {"language": "zh-hans", "next": "/"})
    assert "值班台" in as_lin.get("/", headers={"Accept-Language": "en"}).content.decode()


def test_an_unknown_page_says_what_is_missing(as_lin):
    answer = as_lin.get("/stations/00000000")
    assert answer.status_code == 404
    assert "没有找到" in answer.content.decode()


def test_a_gap_in_the_readings_is_null_in_the_chart(storm, as_lin, gauge):
    data = json.loads(as_lin.get(f"/stations/{gauge.code}/series.json").content)
    assert None in [row[1] for row in data["stage"]]
    assert data["rain"][0][1] is None
    assert {mark["value"] for mark in data["marks"]} == {22.0, 23.0}


def test_a_villager_sees_only_his_own_orders(storm, client, chen):
    client.force_login(get_user_model().objects.get(username="wu"))
    assert client.get(f"/m/orders/{storm.pk}").status_code == 404
    client.force_login(get_user_model().objects.get(username="chen"))
    assert client.get(f"/m/orders/{storm.pk}").status_code == 200


def test_the_phone_takes_an_order_to_its_report(storm, client, chen):
    client.force_login(get_user_model().objects.get(username="chen"))
    for verb, form in (("received", {}), ("progress", {"done": 5}), ("done", {"note": "完"})):
        assert client.post(f"/m/orders/{storm.pk}/{verb}", form).status_code == 302
    assert (Order.objects.get().state, Order.objects.get().done) == ("reported", 12)


def test_a_wrong_number_is_refused_with_the_field(storm, client, chen):
    client.force_login(get_user_model().objects.get(username="chen"))
    client.post(f"/m/orders/{storm.pk}/received")
    answer = client.post(f"/m/orders/{storm.pk}/progress", {"done": "十"})
    assert (answer.status_code, "不是整数" in answer.content.decode()) == (422, True)


def test_the_log_keeps_what_was_said(as_lin):
    as_lin.post("/desk/log", {"text": "石码水闸已开", "unit": "龙海防办"})
    assert LogEntry.objects.get().unit == "龙海防办"
    assert "石码水闸已开" in as_lin.get("/").content.decode()


def test_a_form_of_another_site_is_refused(db, lin):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(get_user_model().objects.get(username="lin"))
    assert strict.post("/desk/log", {"text": "x"}).status_code == 403


def test_next_never_leads_out_of_the_house(as_lin):
    answer = as_lin.post("/desk/log", {"text": "x", "next": "//evil.example/"})
    assert answer["Location"] == "/"


def test_too_many_wrong_passwords_lock_the_door(client, lin):
    answers = [
        client.post("/accounts/login/", {"login": "lin", "password": "no"}).content.decode()
        for _ in range(6)
    ]
    assert "Too many" in answers[-1] or "过多" in answers[-1] or "太多" in answers[-1]


def test_nobody_signs_up_and_no_page_sends_mail(client, db):
    for page in ("signup/", "password/reset/", "email/", "confirm-email/", "login/code/confirm/"):
        assert client.post(f"/accounts/{page}", {"email": "a@example.org"}).status_code == 404


def test_a_number_that_is_none_is_refused_and_never_an_error(storm, as_lin, gauge):
    signal = Signal.objects.filter(cleared_at=None).first()
    shelving = as_lin.post(f"/signals/{signal.pk}/shelve", {"hours": "x", "reason": "r"})
    chart = as_lin.get(f"/stations/{gauge.code}/series.json?hours=x")
    assert (shelving.status_code, chart.status_code) == (422, 422)


def test_a_dead_letter_gets_another_round(storm, as_lin):
    delivery = Delivery.objects.filter(channel="sms").first()
    Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.FAILED, attempts=6)
    assert "重试" in as_lin.get("/dead-letters").content.decode()
    as_lin.post(f"/dead-letters/delivery/{delivery.pk}/retry")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (Delivery.State.PLANNED, 0)


def test_every_answer_carries_the_policy(storm, as_lin, client, gauge):
    others = ["/static/web/app.js", "/nothing-here", "/api/v1/docs", "/api/v1/openapi.json"]
    for path in [*paths(storm, gauge), *others]:
        policy = as_lin.get(path).headers.get("Content-Security-Policy", "")
        assert "script-src 'self';" in policy, path
        assert "unsafe" not in policy, path
    assert "object-src 'none'" in client.get("/").headers["Content-Security-Policy"]


def test_no_answer_loads_from_another_host_or_writes_style_or_script_into_the_page(
    storm, as_lin, gauge
):
    outside = re.compile(r"""(src|href|action)=["'](https?:)?//|url\(["']?(https?:)?//""")
    inside = re.compile(r"<style\b|\sstyle=|<script>|\son[a-z]+=")
    for path in [*paths(storm, gauge), "/accounts/2fa/totp/activate/", "/api/v1/docs"]:
        answer = as_lin.get(path)
        if answer.headers["Content-Type"].startswith("text/html"):
            text = answer.content.decode()
            assert not outside.search(text), path
            assert not inside.search(text), path


def test_a_station_called_like_markup_stays_text_on_every_page(storm, as_lin, gauge):
    Station.objects.filter(pk=gauge.pk).update(name="<img src=x onerror=alert(1)>")
    for path in paths(storm, gauge):
        answer = as_lin.get(path)
        if answer.headers["Content-Type"].startswith("text/html"):
            assert "<img src=x" not in answer.content.decode(), path
    assert "&lt;img src=x" in as_lin.get("/watch").content.decode()


def test_one_answer_refreshes_the_rows_the_responses_and_the_log(storm, as_lin):
    as_lin.post("/desk/log", {"text": "石码水闸已开 3 孔"})
    part = as_lin.get("/?part=body").content.decode()
    assert re.findall(r'<ul id="([\w-]+)"[^>]*hx-swap-oob', part) == ["desk-responses", "desk-log"]
    assert "石码水闸已开 3 孔" in part
    assert 'name="text"' not in part


def test_each_kind_of_row_has_its_file():
    kinds = {"plea", "group", "proposal", "verify", "gaps", "mass", "owned"}
    assert kinds == set(re.findall(r'Row\(\s*"(\w+)"', inspect.getsource(desk)))
    for kind in kinds | {"unanswered", "unanswereds", "late", "lates"}:
        get_template(row_template(desk.Row(kind, None, None, None)))


def test_a_county_that_is_none_has_no_stations(as_lin, gauge):
    found = [as_lin.get("/watch", {"county": name}).context["total"] for name in ("", "没有县")]
    assert found == [1, 0]
