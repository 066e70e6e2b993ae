"""A register is declared once, and is a page, an API list and a table to take away."""

import csv
import io
import json

import pytest
from django.contrib.auth import get_user_model
from openpyxl import load_workbook

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.registers import MASKED, REGISTERS, select
from fangxian.spine.core.rights import SYSTEM, Seat
from fangxian.spine.observe.write import add_station
from fangxian.surfaces.api.keys import make_key
from fangxian.surfaces.web.models import SavedView
from fangxian.surfaces.web.tables import _plain

# registers that the duty officer may not see, and who may
READERS = {"persons": "guan", "glasses": "guan", "pairs": "xu"}


@pytest.mark.django_db
@pytest.mark.parametrize("code", sorted(REGISTERS))
def test_every_register_is_a_page_a_table_and_a_list(code, as_lin, gauge):
    reader = READERS.get(code, "lin")
    as_lin.force_login(get_user_model().objects.get(username=reader))
    page = as_lin.get(f"/registers/{code}")
    assert page.status_code == 200
    assert "aria-sort" not in page.content.decode()
    text = as_lin.get(f"/registers/{code}?as=csv").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    book = load_workbook(io.BytesIO(as_lin.get(f"/registers/{code}?as=xlsx").content))
    assert [c.value for c in next(book.worksheets[0].iter_rows())] == rows[0]
    told = as_lin.get(f"/api/v1/{code}?limit=500").json()
    assert told["count"] == len(rows) - 1
    assert set(told["items"][0] if told["items"] else ()) <= {
        column.name for column in REGISTERS[code].columns
    }


def test_a_register_is_searched_sorted_and_filtered(as_lin):
    page = as_lin.get("/registers/duties?q=和溪镇&role=A&sort=-thing").content.decode()
    assert 'aria-sort="descending"' in page
    assert page.count("属地B岗") == 1  # the choice, no row
    assert "和溪镇" in page
    assert "南靖县" in as_lin.get("/registers/places?q=nanjing").content.decode()


@pytest.mark.parametrize("address", ["registers/places?kin=town", "api/v1/places?kin=town"])
def test_a_filter_nobody_knows_is_refused_and_the_nearest_named(as_lin, address):
    answer = as_lin.get(f"/{address}")
    assert answer.status_code == 422
    assert "kind" in answer.content.decode()


def test_an_unknown_order_is_refused(lin):
    with pytest.raises(Problem) as refused:
        select(REGISTERS["posts"], seat=lin, asked={"sort": "phone"})
    assert refused.value.code == "input.invalid"


def test_a_column_above_the_readers_clearance_is_masked(lin, city):
    [phone] = [c for c in REGISTERS["posts"].columns if c.name == "phone"]
    post = select(REGISTERS["posts"], seat=lin, asked={})[0]
    assert phone.of(post, lin) not in (MASKED, None)
    assert phone.of(post, Seat(None, None, "p", "gauging_program", "1.", "city")) == MASKED


def test_a_list_keeps_to_its_seat(chen, hexi):
    codes = {d.thing_id for d in select(REGISTERS["duties"], seat=chen, asked={})}
    assert hexi.code in codes
    assert all(code.startswith(hexi.code) for code in codes)
    with pytest.raises(Problem) as refused:
        select(REGISTERS["strangers"], seat=chen, asked={})
    assert refused.value.code == "rights.denied"


def test_a_text_that_a_spreadsheet_would_run_stays_a_text(as_lin, hexi):
    add_station(code="70000009", name="=cmd|calc", place=hexi, by=SYSTEM)
    text = as_lin.get("/registers/stations?as=csv").content.decode()
    assert "'=cmd|calc" in text
    assert _plain(-1.5) == -1.5


def test_a_view_is_kept_under_a_name_and_taken_away(as_lin):
    as_lin.post("/registers/duties/views", {"name": "我的", "query": "role=A"})
    assert "我的" in as_lin.get("/registers/duties").content.decode()
    other = get_user_model().objects.get(username="huang")
    assert not SavedView.objects.filter(user=other).exists()
    as_lin.post("/registers/duties/views", {"name": "", "query": "role=A"})
    assert not SavedView.objects.exists()


def test_the_api_counts_pages_by_cursor_and_types_its_rows(client, city):
    key = make_key(name="x", sends="readings", by=SYSTEM)
    head = {"Authorization": f"Bearer {key}"}
    first = client.get("/api/v1/duties?limit=2", headers=head).json()
    second = client.get(f"/api/v1/duties?limit=2&cursor={first['next']}", headers=head).json()
    assert first["items"][0] != second["items"][0]
    assert first["count"] == second["count"] > 4
    schema = json.loads(client.get("/api/v1/openapi.json").content)
    row = schema["components"]["schemas"]["StationsRow"]["properties"]
    assert {k["type"] for k in row["rain_mm_1h"]["anyOf"]} == {"number", "null"}
