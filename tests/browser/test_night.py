"""Day and night: one palette for pages, map and chart; kept by this browser; readable both ways."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PATHS = [
    "/",
    "/map",
    "/map?view=table",
    "/watch",
    "/watch/thresholds",
    "/stations/70900008",
    "/command",
    "/registers/posts",
    "/registers/posts/3",
    "/places/350627",
    "/gaps",
    "/desk/shift",
    "/search?q=hexi",
    "/nothing-here",
]


def theme(page, name):
    page.context.add_cookies([{"name": "theme", "value": name, "url": page.url}])


@pytest.mark.parametrize(("chosen", "size"), [("dark", (1366, 768)), ("light", (390, 844))])
def test_every_page_is_readable_by_day_and_by_night(sit, chosen, size):
    """Wide by day is test_access; the colours of night are the same on a phone."""
    from axe_playwright_python.sync_playwright import Axe

    page = sit("lin", size=size)
    theme(page, chosen)
    faults = []
    for path in PATHS:
        page.goto(path)
        page.wait_for_timeout(250)
        found = Axe().run(page)
        faults += [
            (path, v["id"], v["nodes"][0]["html"][:120]) for v in found.response["violations"]
        ]
    assert not faults, "\n".join(map(str, faults))


@pytest.mark.parametrize("chosen", ["light", "dark"])
def test_the_phone_is_readable_by_day_and_by_night(sit, chosen):
    from axe_playwright_python.sync_playwright import Axe

    page = sit("chen", size=(390, 844))
    theme(page, chosen)
    for path in ("/m/", "/a/nobody-sent-this"):
        page.goto(path)
        violations = Axe().run(page).response["violations"]
        assert [(path, v["id"], v["nodes"][0]["html"][:120]) for v in violations] == []


def ground(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_the_button_goes_from_day_to_night_and_the_browser_keeps_it(sit):
    page = sit("lin")
    assert ground(page) == "rgb(242, 245, 247)"
    page.get_by_role("button", name="显示：日间").click()
    expect(page.get_by_role("button", name="显示：夜间")).to_be_visible()
    assert ground(page) == "rgb(11, 29, 51)"
    page.goto("/watch")
    assert ground(page) == "rgb(11, 29, 51)"
    page.emulate_media(media="print")
    assert ground(page) == "rgb(255, 255, 255)"


def test_the_device_decides_only_where_that_was_chosen(sit):
    page = sit("lin")
    page.emulate_media(color_scheme="dark")
    assert ground(page) == "rgb(242, 245, 247)"
    theme(page, "auto")
    page.reload()
    assert ground(page) == "rgb(11, 29, 51)"
    page.emulate_media(color_scheme="light")
    assert ground(page) == "rgb(242, 245, 247)"


PIXELS = """
(rgb) => {
  const seen = [...document.querySelectorAll('canvas')].map((c) =>
    c.getContext('2d').getImageData(0, 0, c.width, c.height).data);
  return seen.some((d) => {
    for (let k = 0; k < d.length; k += 4)
      if (d[k + 3] === 255 && rgb.every((value, n) => d[k + n] === value)) return true;
    return false;
  });
}
"""


@pytest.mark.parametrize(
    ("path", "day", "night"),
    [
        ("/map", (247, 249, 250), (20, 48, 79)),  # --land
        ("/stations/70900008", (23, 33, 43), (234, 241, 248)),  # --ink, the observed line
    ],
)
def test_map_and_chart_take_the_palette_at_once(sit, path, day, night):
    page = sit("lin")
    page.goto(path)
    page.wait_for_selector("[data-ready]")
    page.wait_for_timeout(300)
    assert page.evaluate(PIXELS, day)
    page.get_by_role("button", name="显示：日间").click()
    page.wait_for_timeout(1200)
    assert page.evaluate(PIXELS, night)
    assert not page.evaluate(PIXELS, day)
