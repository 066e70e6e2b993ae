"""The API under attack: what is not what it should be is refused with a sentence, and no other
page speaks with a person's log-in."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from story import START

from fangxian.spine.core import clock
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Quarantine
from fangxian.spine.observe.reports.write import load_shipped_forms
from fangxian.surfaces.api.keys import make_key
from fangxian.surfaces.api.models import ApiKey

ROW = {"station": "70000001", "element": "Z", "at": START.isoformat(), "value": 10.5}


@pytest.fixture
def post(city):
    """``post(path, body, sends=…)``: status and answer; a server error is one too."""
    keys = {s: make_key(name=s, sends=s, by=SYSTEM) for s in ("readings", "reports")}
    browser = Client(raise_request_exception=False)

    def send(path, body, sends="readings", kind="application/json", **headers):
        headers = {"Authorization": f"Bearer {keys[sends]}", **headers}
        raw = body if isinstance(body, bytes | str) else json.dumps(body)
        return browser.post(f"/api/v1/{path}", raw, content_type=kind, headers=headers)

    return send


def one(**more):
    return {"readings": [{**ROW, **more}]}


def written(field, text):
    """A batch of one reading, a field of it as it is written here."""
    rest = {k: v for k, v in ROW.items() if k != field}
    return json.dumps({"readings": [rest]})[:-3] + f', "{field}": {text}}}]}}'


def code(answer):
    assert answer.status_code < 500, answer.status_code
    return answer.status_code, answer.json().get("code")


INVALID = (422, "input.invalid")


@pytest.mark.parametrize(
    "text", ["true", '"1_0"', '" 1.5 "', '{"a": 1}', "[1]", "NaN", "Infinity", "1e400", '"nan"']
)
def test_a_value_is_a_number_or_null(post, gauge, text):
    assert code(post("readings", written("value", text))) == INVALID


@pytest.mark.parametrize("text", ["1473811200", '"1473811200"', "1473811200000", "true", "1e400"])
def test_a_time_is_a_text_of_iso_8601(post, gauge, text):
    assert code(post("readings", written("at", text))) == INVALID


@pytest.mark.parametrize(
    "text", ['"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"', '"x"', "null"]
)
def test_a_time_out_of_the_world_is_refused(post, gauge, text):
    assert code(post("readings", written("at", text))) == INVALID


def test_a_name_that_nobody_knows_is_told(post, gauge, telemetry):
    """``valeu`` is no missing reading: it would take the place of the one that is there."""
    post("readings", one())
    typed = {**{k: v for k, v in ROW.items() if k != "value"}, "valeu": 10.6}
    assert code(post("readings", {"readings": [typed]})) == INVALID
    assert telemetry.counts()["readings_good"] == 1


def test_a_name_that_stands_twice_is_told(post, gauge):
    assert code(post("readings", written("value", '1, "value": 2'))) == INVALID


@pytest.mark.parametrize(
    "raw",
    [
        "[" * 100_000,
        '{"readings":' + "[" * 100_000 + "]" * 100_000 + "}",
        b'{"readings": [{"station": "\xff\xfe"}]}',
        written("value", "1" * 5000),
        written("station", '"\\ud800"'),
        written("station", "70000001"),
        written("station", '"70000001\\n"'),
        "",
        "null",
    ],
    ids=["deep", "deep within", "no utf-8", "digits", "surrogate", "number", "line", "no", "null"],
)
def test_a_body_that_cannot_be_read_is_a_problem(post, gauge, raw):
    assert code(post("readings", raw)) == INVALID


def test_a_body_of_another_kind_is_not_taken(post, gauge):
    """A form of another page can send text/plain without being asked for leave."""
    assert code(post("readings", one(), kind="text/plain"))[0] in {415, 422}


def test_an_idempotency_key_of_ten_thousand_letters_is_refused(post, gauge):
    assert code(post("readings", one(), **{"Idempotency-Key": "k" * 10_000})) == INVALID


def test_two_idempotency_keys_are_two_however_long_the_name(post, gauge):
    key = make_key(name="名" * 60, sends="readings", by=SYSTEM)
    for n in (1, 2):
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "a" * 60 + str(n)}
        assert post("readings", one(value=n), **headers).status_code == 200


@pytest.mark.parametrize("path", ["readings", "inlets/sentinel"])
def test_another_page_cannot_use_a_persons_log_in(gauge, lin, path):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(get_user_model().objects.get(username="lin"))
    answer = browser.post(
        f"/api/v1/{path}",
        json.dumps(one(value=99.0)),
        content_type="text/plain",
        headers={"Origin": "https://other.example", "Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code in {401, 403}


def test_a_key_sends_what_it_was_made_for_and_nothing_once_it_has_ended(post, gauge):
    report = {"form": "zero_report", "answers": {}}
    load_shipped_forms(by=SYSTEM)
    assert post("readings", one(), sends="reports").status_code == 403
    assert post("reports", report, sends="readings").status_code == 403
    ApiKey.objects.update(ended_at=clock.now())
    assert post("readings", one()).status_code == 401


def test_readings_of_a_stranger_are_held_and_said_to_be(post, gauge, telemetry):
    rows = [ROW, {**ROW, "station": "79999999"}]
    told = post("readings", {"readings": rows}).json()
    assert (told["accepted"], told["quarantined"], told["changed"]) == (1, 1, 1)
    assert Quarantine.objects.get().code == "79999999"
    assert len(telemetry.frames("79999999", "quarantined")) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"answers": {"fever": "\ud800"}},
        {"answers": {"\ud800": "1"}},
        {"answers": {"\ud800": []}},
        {"answers": {"fever": "\x01"}},
        {"form": "\ud800"},
        {"form": "\x00"},
        {"instance": "a\x00"},
        {"at": "0001-01-01T00:00:00+14:00"},
        {"at": 12},
    ],
    ids=str,
)
def test_a_report_that_cannot_be_is_a_problem(post, more):
    load_shipped_forms(by=SYSTEM)
    report = {"form": "zero_report", "answers": {"fever": "1"}, **more}
    assert code(post("reports", report, sends="reports"))[0] in {404, 422}
