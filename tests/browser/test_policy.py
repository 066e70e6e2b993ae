"""A name is never markup, and no page needs more than the content policy gives."""

import os
import subprocess
import sys

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=window.hacked=1>"
RENAME = """
import sys, django; django.setup()
from fangxian.spine.observe.models import Station
station = Station.objects.get(code=sys.argv[1])
print(station.name)
station.name = sys.argv[2]
station.save()
"""
PAGES = ["/", "/map", "/map?layer=blind", "/watch", "/stations/70900008", "/command", "/gaps"]
REGISTERS = ["/registers", "/registers/posts/3", "/places/350627", "/desk/shift", "/search?q=hexi"]
ACCOUNT = ["/accounts/2fa/", "/accounts/2fa/totp/activate/", "/api/v1/docs"]


@pytest.fixture
def hostile(headquarters, folder):
    """The code of a station whose name is markup; its own name comes back afterwards."""
    code = "70900008"
    environment = {**os.environ, "FANGXIAN_DATA_DIR": str(folder)}
    environment |= {"DJANGO_SETTINGS_MODULE": "fangxian.settings"}

    def rename(name):
        return subprocess.run(
            [sys.executable, "-c", RENAME, code, name],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    before = rename(HOSTILE)
    yield code
    rename(before)


@pytest.fixture
def watched(sit):
    """A logged-in page and what it complained of."""
    complaints = []

    def down(user, **how):
        page = sit(user, **how)
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page, complaints

    return down


def test_a_station_called_like_markup_is_text_on_the_map(hostile, watched):
    page, complaints = watched("lin")
    page.goto("/map")
    row = page.locator(f"#map-list tr[data-code='{hostile}']")
    expect(row.get_by_role("link")).to_have_text(HOSTILE)
    row.locator("td").first.hover()
    tip = page.locator(".leaflet-tooltip")
    expect(tip.filter(has_text=HOSTILE)).to_be_visible()
    row.locator("td").first.click()  # the map moves, its mark stands in the middle
    page.wait_for_timeout(800)
    box = page.locator("#map").bounding_box()
    page.mouse.move(5, 5)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(tip.filter(has_text=HOSTILE)).to_be_visible()
    expect(page.locator("#main img[src=x]")).to_have_count(0)
    assert page.evaluate("window.hacked") is None
    assert complaints == []


def test_a_station_called_like_markup_is_text_on_its_own_page(hostile, watched):
    page, complaints = watched("lin")
    page.goto(f"/stations/{hostile}")
    chart = page.locator("[data-hydrograph]")
    expect(chart).to_have_attribute("data-ready", "1")
    tip = chart.get_by_text("雨量 mm/h")
    box = chart.bounding_box()
    for k in range(20):  # a chart that is drawn anew under the mouse shows its tip at the next move
        page.mouse.move(box["x"] + box["width"] * (0.4 + 0.01 * k), box["y"] + box["height"] / 2)
        page.wait_for_timeout(250)
        if tip.count() and tip.is_visible():
            break
    expect(tip).to_be_visible()
    assert page.evaluate("window.hacked") is None
    assert complaints == []


@pytest.mark.parametrize("lang", ["zh-CN", "en-GB"])
def test_no_page_asks_for_more_than_the_policy_gives(watched, lang):
    page, complaints = watched("lin", lang=lang)
    for path in [*PAGES, *REGISTERS, *ACCOUNT]:
        page.goto(path)
        page.wait_for_timeout(400)
        assert complaints == [], path


def test_no_phone_page_asks_for_more_than_the_policy_gives(watched):
    page, complaints = watched("chen", size=(390, 844))
    page.goto("/m/")
    links = page.locator(".todo a")
    if links.count():
        links.first.click()
        page.wait_for_load_state()
    assert complaints == []


def test_the_policy_stops_what_is_written_into_a_page(watched):
    page, complaints = watched("lin")
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hacked=1\">')"
    )
    page.wait_for_timeout(400)
    assert page.evaluate("window.hacked") is None
    assert [text for text in complaints if "Content Security Policy" in text]


def test_the_documentation_of_the_api_is_there_without_another_host(sit):
    page = sit("lin")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/api/v1/docs")
    expect(page.get_by_role("heading", name="Fangxian")).to_be_visible()
    expect(page.locator(".opblock").first).to_be_visible()
    home = page.url.split("/api/")[0]
    assert [url for url in asked if not url.startswith((home, "data:"))] == []
