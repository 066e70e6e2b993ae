"""The pages of forecasts, as their users see them."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from rivers import play, river, storm, truth

from fangxian.hazards.flood.forecast.cycle import run_cycle
from fangxian.hazards.flood.forecast.models import Issue, Parameters, Search
from fangxian.hazards.flood.forecast.verified import verify
from fangxian.hazards.flood.forecast.write import work_on
from fangxian.spine.core import clock
from fangxian.spine.core.rights import SYSTEM

pytestmark = pytest.mark.django_db
HOURS = 130 * 24


@pytest.fixture
def basin(city):
    one = river()
    rain = storm(HOURS, at=HOURS - 6, mm=14)
    for k in range(300, HOURS - 100, 200):
        rain[k : k + 8] += 10
    play(one, rain, truth(rain), until=clock.now())
    return one


@pytest.fixture
def as_zheng(client, city):
    client.force_login(get_user_model().objects.get(username="zheng"))
    return client


def text(answer):
    assert answer.status_code == 200, answer.content.decode()[:300]
    return answer.content.decode()


def test_a_city_without_a_basin_says_so(as_zheng):
    assert "没有登记任何预报流域" in text(as_zheng.get("/forecast"))
    assert "没有预报流域" in text(as_zheng.get("/forecast/verified"))


def test_a_basin_without_forecast_is_not_drawn_as_calm(as_zheng, basin):
    assert "还没有预报" in text(as_zheng.get("/forecast"))
    assert "还没有预报" in text(as_zheng.get("/forecast/B1"))
    basin.editions.all().delete()
    assert "没有参数" in text(as_zheng.get("/forecast"))


def test_the_forecast_is_shown_with_what_it_rests_on(as_zheng, basin):
    said = as_zheng.post("/forecast/B1/again")
    assert said.status_code == 302, said.content.decode()
    issue = Issue.objects.get()
    page = text(as_zheng.get("/forecast/B1"))
    assert f"{issue.told['stage'][issue.told['peak']['hours'] - 1]:.2f}" in page
    assert "无雨量预报" in page
    assert issue.by.startswith("郑")
    assert issue.by in page
    drawn = as_zheng.get("/forecast/B1/chart.json").json()
    assert (drawn["unit"], len(drawn["flow"]), len(drawn["past"])) == ("m", 72, 48)
    assert [m["level"] for m in drawn["marks"]] == [2, 1]
    rows = list(csv.DictReader(io.StringIO(text(as_zheng.get("/forecast/B1/latest.csv")))))
    assert float(rows[0]["flow_m3s"]) == issue.told["flow"][0]
    assert "B1 雨量甲" in text(as_zheng.get("/forecast/B1/gauges"))


def test_an_old_forecast_says_that_nobody_has_looked_since(as_zheng, basin, now):
    run_cycle(at=clock.now(), by=SYSTEM)
    now.advance(hours=5)
    assert "之后没有新的" in text(as_zheng.get("/forecast/B1"))
    assert "过时" in text(as_zheng.get("/forecast"))


def test_a_calibration_is_asked_followed_and_taken(as_zheng, basin):
    end = clock.beijing(clock.now())

    def day(back):
        return f"{end - timedelta(days=back):%Y-%m-%d}"

    asked = {"model": "gr4h", "objective": "dc", "first": day(90), "last": day(26)}
    asked |= {"check_first": day(25), "check_last": day(0), "seed": "1", "most": "600"}
    as_zheng.post("/forecast/B1/calibrate/ask", asked)
    one = Search.objects.get()
    address = f"/forecast/searches/{one.pk}"
    assert "排队等待" in text(as_zheng.get(address))
    assert as_zheng.post("/forecast/B1/calibrate/ask", asked).status_code == 409
    work_on(key=one.pk, by=SYSTEM)
    one.refresh_from_db()
    assert one.state == "done", one.wrong
    page = text(as_zheng.get(address))
    assert "检验期" in page
    one.refresh_from_db()
    assert one.state == "done", one.wrong
    assert one.found["value"] > 0.9
    as_zheng.post(f"{address}/take", {"why": "试"})
    edition = Parameters.objects.order_by("-pk").first()
    assert (edition.values, edition.why) == (one.found["values"], "试")
    assert edition.learnt
    as_zheng.post("/forecast/B1/again")
    assert Issue.objects.get().inputs["corrected"]


def test_forecasts_are_graded_by_lead(as_zheng, basin, now):
    start = clock.now()
    rain = storm(HOURS + 60, at=HOURS - 6, mm=14)
    for k in range(0, 60, 3):
        at = start + timedelta(hours=k)
        now.advance(hours=3 if k else 0)
        play(basin, rain[: HOURS + k], truth(rain)[: HOURS + k], until=at)
        run_cycle(at=at, by=SYSTEM)
    page = text(as_zheng.get("/forecast/verified?basin=B1&days=7"))
    assert "20 次整点预报" in page
    rows = verify(basin, since=clock.now() - timedelta(days=7), until=clock.now()).rows
    graded = [row["grade"] for row in rows if row["grade"]]
    assert graded
    assert all(f">{grade}<" in page.replace(" ", "").replace("\n", "") for grade in graded)
    assert "整场没有连续的预报" in page
    assert "范围说的与实际" in page


def test_a_forecast_that_is_not_there_is_not_another(as_zheng, basin):
    run_cycle(at=clock.now(), by=SYSTEM)
    for key in ("99999", "abc"):
        answer = as_zheng.get(f"/forecast/B1?issue={key}")
        assert answer.status_code == 404
        assert "/forecast/B1" in answer.content.decode()


def test_forecasts_of_an_older_version_are_still_read(as_zheng, basin):
    run_cycle(at=clock.now(), by=SYSTEM)
    issue = Issue.objects.get()
    del issue.told["over"]
    issue.save()
    assert "起报时已超" not in text(as_zheng.get("/forecast/B1"))


def test_a_calibration_on_years_without_readings_is_refused_at_once(as_zheng, basin):
    asked = {"model": "gr4h", "objective": "dc", "first": "1990-01-01", "last": "1991-01-01"}
    answer = as_zheng.post("/forecast/B1/calibrate/ask", asked | {"seed": "1", "most": "600"})
    assert (answer.status_code, "资料不够" in answer.content.decode()) == (422, True)
    for far in ("0001-01-01", "9999-12-31"):
        answer = as_zheng.post("/forecast/B1/calibrate/ask", asked | {"first": far, "last": far})
        assert answer.status_code == 422
    assert not Search.objects.exists()


def test_basins_with_outlines_are_drawn_on_a_map_and_others_are_told(as_zheng, basin):
    assert "流域图" not in text(as_zheng.get("/forecast"))
    square = [[117.0, 24.5], [117.5, 24.5], [117.5, 25.0], [117.0, 24.5]]
    basin.parts.update(shape={"type": "Polygon", "coordinates": [square]})
    river("B2", n=1)
    page = text(as_zheng.get("/forecast"))
    assert page.count("<polygon points=") == 2
    assert "1 个流域的分块没有边界" in page
