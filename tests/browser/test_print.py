"""On paper: nothing cut, nothing over the rows, and who printed it from data of when."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PATHS = [
    "/",
    "/map?view=table",
    "/watch",
    "/watch/thresholds",
    "/stations/70900008",
    "/command",
    "/registers/posts",
    "/registers/stations",
    "/registers/duties",
    "/places/350627",
    "/gaps",
    "/desk/shift",
]
CUT = """
() => [...document.querySelectorAll('main *, header')].filter((e) => {
  const style = getComputedStyle(e);
  const shown = e.getClientRects().length && style.visibility !== 'hidden';
  const clips = /auto|scroll|hidden/.test(style.overflowX + style.overflowY) && e.tagName !== 'svg';
  const wide = e.getBoundingClientRect().right > innerWidth + 1;
  const map = e.closest('.leaflet-container'); // a window on the world: cut by nature
  const more = e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1;
  const cut = clips && !map && more;
  return shown && ((wide && (!map || e === map)) || cut || /sticky|fixed/.test(style.position));
}).map((e) => e.outerHTML.slice(0, 90))
"""


@pytest.mark.parametrize("lang", ["zh-CN", "en-GB"])
def test_every_page_prints_whole_with_time_user_and_data_age(sit, lang):
    page = sit("lin", lang=lang)
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 between its margins
    for path in PATHS:
        page.goto(path)
        page.wait_for_timeout(400)
        page.emulate_media(media="print")
        page.wait_for_timeout(100)
        assert page.evaluate(CUT) == [], path
        told = page.locator(".printed").last
        expect(told).to_be_visible()
        words = ("页面生成于", "林", "最近来报") if lang == "zh-CN" else ("Page made", "Lin", "ago")
        assert all(word in told.inner_text() for word in words), told.inner_text()
        page.emulate_media(media="screen")


@pytest.mark.parametrize("path", ["/registers/posts", "/desk/shift", "/command"])
def test_what_is_often_printed_has_a_button(sit, path):
    page = sit("lin")
    page.add_init_script("window.print = () => { window.printed = true; };")
    page.goto(path)
    page.get_by_role("button", name="打印").click()
    assert page.evaluate("window.printed")
