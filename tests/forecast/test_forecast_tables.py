"""Tables and forms of basins and dams under what people really send."""

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from rivers import river

from fangxian.hazards.flood.forecast.models import Reach, Search
from fangxian.hazards.flood.reservoir.models import Below, CurvePoint, Dam, GatePoint
from fangxian.spine.core import clock
from fangxian.spine.core.door import DOORS, door, examine, rows_of
from fangxian.spine.core.door_tables import csv_text, read_given
from fangxian.spine.core.rights import SYSTEM

pytestmark = pytest.mark.django_db
FOUL = ("9" * 5000, "nan", "²", "-1", "1e308", "1e999", "\x00", "2021-02-30", "9999-12-31", "")
TABLES = (
    *("basins", "sub_basins", "gauge_weights", "reaches", "ratings", "basin_parameters"),
    *("dams", "dam_curves", "dam_gates", "dam_below"),
)


@pytest.fixture
def water(gauge, hexi):
    """Two basins, one above the other, and a dam with all its tables."""
    upper, lower = river(), river("B2", n=1)
    Reach.objects.create(upper=upper, lower=lower, travel_h=2, source="t")
    levels = {"dead_m": 40, "limit_m": 55, "top_m": 60, "safe_m3s": 60, "source": "t"}
    one = Dam.objects.create(gauge=gauge, basin=upper, **levels)
    CurvePoint.objects.create(dam=one, kind="storage", level_m=38, value=1)
    GatePoint.objects.create(dam=one, gate="1", level_m=40, opening_m=0, flow_m3s=0)
    Below.objects.create(dam=one, place=hexi, from_m3s=70, people=340, source="t")
    return one


@pytest.mark.parametrize("kind", TABLES)
def test_what_is_exported_and_brought_back_changes_nothing(water, tmp_path, kind):
    one = door(kind)
    rows = rows_of(one, seat=SYSTEM)
    (tmp_path / "a.csv").write_bytes(csv_text(one, rows).encode())
    found = examine(one, read_given(one, tmp_path / "a.csv").rows, by=SYSTEM)
    assert (found.changes, found.implied, found.wrong) == ([], [], [])
    assert found.same == found.rows == len(rows) > 0


@pytest.mark.parametrize("kind", TABLES)
def test_no_cell_of_a_table_is_a_fault_of_ours(water, kind):
    one = DOORS[kind]
    row = rows_of(one, seat=SYSTEM)[0]
    foul = (*FOUL, "X1=nan X2=0 X3=90 X4=6", "POLYGON((0 0, 1e999 0, 1 1, 0 0))")
    examine(one, [row | {name: text} for name in row for text in foul], by=SYSTEM)


@pytest.mark.parametrize("text", ["X1=nan X2=0 X3=90 X4=6", "X1=1e999 X2=0 X3=90 X4=6"])
def test_a_parameter_is_a_finite_number(water, text):
    row = rows_of(DOORS["basin_parameters"], seat=SYSTEM)[0] | {"name": "new", "values": text}
    assert examine(DOORS["basin_parameters"], [row], by=SYSTEM).wrong


def forms(basin):
    asked = {"model": "gr4h", "objective": "dc", "first": "2016-01-01", "last": "2016-03-01"}
    asked |= {"check_first": "2016-04-01", "check_last": "2016-05-01", "seed": "1", "most": "600"}
    made = {"basin": basin, "by": "x", "asked_at": clock.now(), "state": "done"}
    found = {"model": "gr4h", "values": {"X1": 1.0}, "value": 1, "data": {}}
    done = Search.objects.create(asked=asked, found=found, **made)
    yield "/forecast/B1/calibrate/ask", asked
    yield f"/forecast/searches/{done.pk}/take", {"why": "t"}
    yield "/reservoirs/70000001/race", {"release": "0 80"}


def test_no_field_of_a_form_is_a_fault_of_ours(water, client):
    client.force_login(get_user_model().objects.get(username="zheng"))
    tries = [(to, given, name) for to, given in forms(water.basin) for name in given]
    for to, given, name in tries:
        for value in (*FOUL, "0 1e999", "0 nan", "0 80, 999999 1"):
            with transaction.atomic():
                answer = client.post(to, given | {name: value})
                transaction.set_rollback(True)
            assert answer.status_code < 500, (to, name, value)
