"""The page of drought, in both languages, by those who may see it."""

import pytest
from django.contrib.auth import get_user_model
from rains import TODAY

from fangxian.hazards.flood.drought.read import counties_seen, droughts
from fangxian.hazards.flood.drought.write import work_out
from fangxian.spine.core.rights import SYSTEM, Seat

pytestmark = pytest.mark.django_db


def text(answer):
    assert answer.status_code == 200, answer.content.decode()[:300]
    return answer.content.decode()


def test_without_history_the_page_says_that_nothing_is_judged(as_lin):
    page = text(as_lin.get("/drought"))
    assert "不等于无旱" in page
    assert "11 个县（市、区）不能判定" in page
    assert page.count('class="g-unjudged"') >= 11


def test_a_judged_county_is_coloured_named_and_told(as_lin, dry):
    work_out(day=TODAY, by=SYSTEM)
    page = text(as_lin.get("/drought"))
    assert "2016-09-13" in page
    assert "旱情与旱涝急转信号" in page
    assert page.count('class="g-severe"') + page.count('class="g-extreme"') == 3  # 2 of the legend
    assert ">南靖县</text>" in page.replace("\n", "").replace(" ", "")
    assert "10 个县（市、区）不能判定" in page


def test_a_month_is_chosen_and_one_that_is_none_gives_the_newest(as_lin, dry):
    work_out(day=TODAY, by=SYSTEM)
    assert "雨量至 2010-02-28" in text(as_lin.get("/drought?month=2010-02"))
    assert "雨量至 2016-09-13" in text(as_lin.get("/drought?month=x"))


def test_the_page_is_whole_in_english(as_lin, dry):
    work_out(day=TODAY, by=SYSTEM)
    page = text(as_lin.get("/drought", headers={"Accept-Language": "en"}))
    assert "10 counties cannot be judged" in page
    assert "Map of drought" in page
    assert "SPI of 3 months" in page
    assert "not judged" in page
    assert "旱" not in page.partition("<main")[2]


def test_an_old_day_is_not_shown_as_the_state_of_now(as_lin, dry, now):
    work_out(day=TODAY, by=SYSTEM)
    assert "之后没有新的计算" not in text(as_lin.get("/drought"))
    now.advance(days=6)
    assert "之后没有新的计算" in text(as_lin.get("/drought"))


def test_the_list_is_there_for_programs_and_as_a_table(as_lin, dry):
    work_out(day=TODAY, by=SYSTEM)
    rows = as_lin.get("/api/v1/droughts?sort=-month").json()["items"]
    assert (rows[0]["county"], rows[0]["until"]) == ("南靖县", "2016-09-13")
    assert "SPI" in text(as_lin.get("/registers/droughts"))
    assert as_lin.get("/registers/droughts?as=csv").status_code == 200


def test_a_seat_outside_the_county_sees_nothing_of_it(dry, hexi):
    work_out(day=TODAY, by=SYSTEM)
    for role in ("responder", "reporting_program"):
        own = Seat(None, None, "外人", role, hexi.path, "town")
        assert (droughts(seat=own).count(), counties_seen(seat=own)) == (0, [])


def test_who_may_not_see_the_map_is_refused(client, city):
    client.force_login(get_user_model().objects.create(username="nobody"))
    assert client.get("/drought").status_code == 403
