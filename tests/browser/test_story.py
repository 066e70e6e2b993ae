"""The story of a drill is told on open pages as it happens, and what is being typed stays."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def press(page, name):
    page.locator("#story-clock").get_by_role("button", name=name, exact=True).click()


def test_what_one_does_to_the_clock_is_seen_by_all_without_a_reload(sit):
    lin, huang = sit("lin"), sit("huang")
    lin.locator("#log-text").fill("正在写")
    press(huang, "暂停")
    try:
        expect(huang.locator("#story-text")).to_contain_text("时钟已暂停")
        expect(huang.locator("#story-go")).to_be_focused()
        expect(lin.locator("#story-text")).to_contain_text("时钟已暂停")
        expect(lin.locator("#story-go")).to_have_text("继续")
    finally:
        press(huang, "继续")
    expect(lin.locator("#story-go")).to_have_text("暂停")
    expect(lin.locator("#log-text")).to_have_value("正在写")
    expect(lin.locator("#log-text")).to_be_focused()


@pytest.mark.parametrize("lang", ["zh-CN", "en-GB"])
def test_the_story_fits_a_phone_and_asks_for_no_more_than_the_policy_gives(sit, lang):
    page = sit("chen", lang=lang, size=(390, 844))
    complaints = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.goto("/m/")
    expect(page.locator(".story #story-text")).to_be_visible()
    page.wait_for_timeout(2500)  # one round of asking
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []


def test_the_cast_sits_down_by_one_press(chromium, headquarters):
    context = chromium.new_context(base_url=headquarters, locale="zh-CN")
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_role("button", name="坐下：陈").click()
    expect(page.locator(".story")).to_be_visible()
    expect(page.locator("#story-clock")).to_have_count(0)  # a town head does not move the clock
    context.close()
