"""The API: keys, problems, cursors, ETags, idempotency; and schemathesis over all of it."""

import json

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance
from story import START

from fangxian.spine.core.rights import SYSTEM
from fangxian.surfaces.api.keys import make_key


@pytest.fixture
def key(city):
    return make_key(name="试", sends="readings", by=SYSTEM)


@pytest.fixture
def ask(client, key):
    def get(path, **headers):
        return client.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {key}", **headers})

    return get


@pytest.fixture
def push(client, key):
    def post(rows, **headers):
        return client.post(
            "/api/v1/readings",
            json.dumps({"readings": rows}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}", **headers},
        )

    return post


ROW = {"station": "70000001", "element": "Z", "at": START.isoformat(), "value": 10.5}


def test_a_wrong_key_is_a_problem_with_a_code(client, db):
    answer = client.get("/api/v1/places", headers={"Authorization": "Bearer no"})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer.json()["code"] == "rights.denied"


def test_a_batch_pushed_twice_changes_nothing(push, gauge):
    assert push([ROW]).json() == {"accepted": 1, "quarantined": 0, "changed": 1, "refused": 0}
    assert push([ROW]).json()["changed"] == 0


def test_an_idempotency_key_gives_the_first_answer_and_refuses_other_content(push, gauge):
    first = push([ROW], **{"Idempotency-Key": "k1"}).json()
    assert push([ROW], **{"Idempotency-Key": "k1"}).json() == first
    other = push([{**ROW, "value": 1}], **{"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency.reused")


def test_an_unknown_station_is_quarantined(push, gauge):
    assert push([{**ROW, "station": "79999999"}]).json()["quarantined"] == 1


def test_a_request_that_is_too_big_is_a_problem(client, key):
    body = b"[" + b" " * 5_000_001
    answer = client.post(
        "/api/v1/readings",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "input.too_big")


def test_pages_follow_a_cursor_to_the_end(ask):
    seen, cursor = 0, 0
    while cursor is not None:
        page = ask(f"places?limit=500&cursor={cursor}").json()
        seen, cursor = seen + len(page["items"]), page["next"]
    assert seen == 1 + 13 + 146 + 2135


def test_an_unchanged_answer_is_304(ask):
    tag = ask("places")["ETag"]
    assert ask("places", **{"If-None-Match": tag}).status_code == 304


def test_latest_csv_has_a_row_a_station(ask, push, gauge):
    push([ROW])
    lines = ask("latest.csv").content.decode().splitlines()
    assert lines[0].startswith("code,name,place")
    assert "10.5" in lines[1]


schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())


@pytest.mark.django_db
@schema.parametrize()
@settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_api_keeps_its_word(case, key):
    checks = [not_a_server_error, status_code_conformance, response_schema_conformance]
    case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=checks)
