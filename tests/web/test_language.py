"""One language a page: names are in the reader's letters, with the Chinese name beside them."""

import re
from html.parser import HTMLParser

import pytest
from django.utils import translation

from fangxian.spine.observe.models import Station
from fangxian.spine.registry.models import Person, Post
from fangxian.surfaces.web.roman import called, named, person_name, roman

HAN = re.compile(r"[㐀-鿿]")
EMPTY = {"input", "meta", "link", "br", "path", "circle", "img"}
PATHS = [
    "/map?view=table",
    "/watch",
    "/watch/alarms",
    "/watch/thresholds",
    "/command",
    "/gaps",
    "/registers/places",
    "/registers/organisations",
    "/registers/posts",
    "/registers/duties",
    "/registers/stations",
    "/registers/strangers",
    "/registers/prove",
    "/places/350627",
    "/desk/shift",
    "/search?q=hexi",
    "/search?q=chen",
    "/rules",
    "/m/",
    "/nothing-here",
]


class Chinese(HTMLParser):
    """The Chinese a reader sees or hears: texts and labels, outside the header."""

    def __init__(self):
        super().__init__()
        self.open, self.found = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in EMPTY:
            self.open.append(tag)
        told = [v for k, v in attrs if k in {"aria-label", "placeholder", "alt"} and v]
        self.found += [v for v in told if HAN.search(v)]

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        skipped = {"header", "script"} & set(self.open)
        if HAN.search(data) and not skipped and data.strip() != "中文":
            self.found.append(data.strip()[:60])


@pytest.fixture
def english(as_lin):
    as_lin.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return as_lin


def left(answer):
    reader = Chinese()
    reader.feed(answer.content.decode())
    return reader.found


def test_no_english_page_has_chinese_left(english, gauge):
    post = Post.objects.get(terms__person__user__username="chen", terms__ends_at=None)
    paths = [*PATHS, f"/stations/{gauge.code}", f"/registers/posts/{post.pk}"]
    assert {path: found for path in paths if (found := left(english.get(path)))} == {}


def test_the_chinese_name_stands_beside_the_english_one(english, gauge):
    Station.objects.filter(pk=gauge.pk).update(name="郑店站")
    page = english.get(f"/stations/{gauge.code}").content.decode()
    assert '<span title="郑店站">Zhengdian Station</span>' in page


def test_a_chinese_page_keeps_chinese_names(as_lin, gauge):
    Station.objects.filter(pk=gauge.pk).update(name="郑店站")
    page = as_lin.get(f"/stations/{gauge.code}").content.decode()
    assert "郑店站" in page
    assert "Zhengdian" not in page


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("长泰区", "Changtai District"),
        ("南靖县和溪镇", "Nanjing County Hexi Town"),
        ("埭美村", "Daimei Village"),
        ("和溪社区居委会", "Hexi Community"),
        ("颜厝镇雨量站", "Yancuo Town Rain Gauge"),
        ("九龙江北溪", "Jiulongjiang Beixi"),
        ("南靖县水利局局长", "Nanjing County Water Bureau director"),
        ("绿洲", "Lüzhou"),
        ("诏安县", "Zhao'an County"),
        ("和溪镇: 3 signals", "Hexi Town: 3 signals"),
        ("no names here (1)", "no names here (1)"),
    ],
)
def test_names_are_written_as_people_say_them(name, told):
    assert roman(name) == told


def test_people_keep_their_surname_first_and_posts_their_english_name(chen):
    with translation.override("en"):
        assert [person_name(n) for n in ("陈志明", "欧阳娜", "林")] == [
            "Chen Zhiming",
            "Ouyang Na",
            "Lin",
        ]
        assert called(Person(name="吕小明")) == "Lü Xiaoming"
        assert called(Person(name="曾水海")) == "Zeng Shuihai"
        post = Post.objects.select_related("organisation").get(
            terms__person__user__username="chen", terms__ends_at=None
        )
        assert called(post).endswith("town head")


def test_a_name_that_is_markup_stays_text():
    with translation.override("en"):
        assert "<img" not in named("<img src=x>郑店")
