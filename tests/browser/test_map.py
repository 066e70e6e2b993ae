"""The map: the worst on top, the time in words and in the address, the storm's track."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_link_brings_back_layer_time_centre_and_zoom(sit):
    page = sit("lin")
    page.goto("/map")
    page.wait_for_selector("#map[data-ready]")
    page.get_by_label("监测盲区").check()
    page.locator("#slider").focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    told = page.locator("#slider-at").inner_text()
    assert re.fullmatch(r"2016-09-1\d \d\d:00", told)
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_timeout(800)
    address = page.url
    assert all(part in address for part in ("layer=blind", "at=2016-09-1", "c=", "z="))

    other = sit("zheng")
    other.goto(address)
    other.wait_for_selector("#map[data-ready]")
    expect(other.locator("#slider-at")).to_have_text(told)
    expect(other.get_by_label("监测盲区")).to_be_checked()
    expect(other.locator("#map")).to_have_attribute("data-at", re.compile(told.replace(" ", "T")))
    assert other.url == address
    other.locator("#map-twin").click()
    expect(other.get_by_text(told)).to_be_visible()


def test_now_is_said_with_its_time_and_leaves_the_address_empty(sit):
    page = sit("lin")
    page.goto("/map")
    expect(page.locator("#slider-at")).to_have_text(re.compile(r"^现在 2016-09-1\d \d\d:\d\d$"))
    page.locator("#slider").focus()
    page.keyboard.press("ArrowLeft")
    assert "at=" in page.url
    page.get_by_role("button", name="现在").click()
    expect(page.locator("#slider-at")).to_have_text(re.compile("^现在 "))
    assert "at=" not in page.url


def test_a_link_to_a_time_before_the_slider_opens_a_window_around_it(sit):
    page = sit("lin")
    page.goto("/map?at=2016-09-10T05:00")
    expect(page.locator("#slider-at")).to_have_text(re.compile("2016-09-10 05:00"))
    page.get_by_role("button", name="现在").click()
    expect(page.locator("#slider-at")).to_have_text(re.compile("^现在 "))


def test_the_worst_are_drawn_last_and_red_is_the_largest(sit):
    page = sit("lin")
    page.goto("/map")
    page.wait_for_selector("#map[data-ready]")
    sizes = page.evaluate(
        """async () => {
          const { look } = await import('/static/web/shapes.js');
          return [1, 2, 3, 4].map((level) => look({ level }, 9, () => '').radius);
        }"""
    )
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 4


def test_the_track_reaches_the_time_shown_and_no_further(sit):
    page = sit("lin")
    late = page.request.get("/map/track.json").json()
    early = page.request.get("/map/track.json?at=2016-09-12T08:00").json()
    none = page.request.get("/map/track.json?at=2016-09-01T08:00").json()
    assert 0 == len(none["fixes"]) < len(early["fixes"]) < len(late["fixes"])
    assert early["fixes"][-1]["at"] <= "2016-09-12T00:00:00+00:00"
    page.goto("/map")
    expect(page.locator("#map-track-key")).to_contain_text("JMA")
