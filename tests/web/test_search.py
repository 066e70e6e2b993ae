"""The search of the header: stations, people and places by name, part, pinyin or initials."""

import pytest
from django.contrib.auth import get_user_model

from fangxian.spine.observe.models import Station
from fangxian.spine.registry.models import Person, Place, Site
from fangxian.spine.registry.names import Named, find_among, fold, readings, spoken


@pytest.fixture
def zhengdian(gauge):
    Station.objects.filter(pk=gauge.pk).update(name="郑店")
    return gauge


@pytest.mark.parametrize(
    "typed", ["zd", "zhengdian", "Zhèngdiàn", "zheng dian", "郑店", "郑店站", "鄭店"]
)
def test_a_station_is_found_however_it_is_typed(as_lin, zhengdian, typed):
    page = as_lin.get("/search", {"q": typed}, headers={"HX-Request": "true"}).content.decode()
    assert f"/stations/{zhengdian.code}" in page


@pytest.mark.parametrize("typed", ["lxm", "lüxiaoming", "lyuxiaoming", "lǚ xiǎomíng", "吕小明"])
def test_a_person_is_found_by_pinyin_with_every_spelling_of_ü(as_lin, chen, typed):
    Person.objects.filter(user__username="chen").update(name="吕小明")
    page = as_lin.get("/search", {"q": typed}, headers={"HX-Request": "true"}).content.decode()
    assert "吕小明" in page


def test_a_name_that_was_changed_is_found_by_the_new_one_at_once(as_lin, zhengdian):
    as_lin.get("/search?q=zd")
    Station.objects.filter(pk=zhengdian.pk).update(name="浦南")
    page = as_lin.get("/search?q=pn", headers={"HX-Request": "true"}).content.decode()
    assert f"/stations/{zhengdian.code}" in page


@pytest.mark.parametrize(
    ("name", "typed"),
    [("长泰", "changtai"), ("芗城", "xiangcheng"), ("颜厝", "yancuo"), ("埭美", "daimei")],
)
def test_place_names_are_read_as_people_here_read_them(name, typed):
    assert "".join(spoken(name)) == typed
    assert typed in {"".join(r) for r in readings(name)}
    assert find_among([Named("", "1", name, "", 0)], typed)


def test_whole_names_come_before_beginnings_and_parts_last():
    things = [Named("", str(k), n, "", 0) for k, n in enumerate(["大郑店", "郑店南", "郑店"])]
    assert [t.name for t in find_among(things, "郑店")] == ["郑店", "郑店南", "大郑店"]


def test_a_search_finds_nobody_outside_the_seat(client, chen):
    outside = Place.objects.filter(kind="village").exclude(path__startswith=chen.place_path)[0]
    stranger = Person.objects.filter(terms__post__place=outside)[0]
    stranger.name = "欧阳娜"
    stranger.save()
    client.force_login(get_user_model().objects.get(username="chen"))
    page = client.get("/search?q=ouyangna", headers={"HX-Request": "true"}).content.decode()
    assert "欧阳娜" not in page


def test_tone_marks_and_width_fold_away():
    assert fold("Ｌǖ") == fold("lü") == "lv"


def test_a_site_is_found_by_its_name_and_its_code(as_lin, hexi):
    Site.objects.create(kind="hazard_point", code="Q77", name="后山滑坡", place=hexi)
    for wanted in ("后山", "q7"):
        page = as_lin.get(f"/search?q={wanted}", headers={"HX-Request": "true"}).content.decode()
        assert "/sites/hazard_point/Q77" in page
