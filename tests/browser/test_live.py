"""An open desk follows what happens: every change, the log too; what is being typed stays."""

import time

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def note(page, text):
    """Somebody else writes into the log, without opening a page for it."""
    form = {"text": text, "csrfmiddlewaretoken": page.locator("[name=csrfmiddlewaretoken]").first}
    form["csrfmiddlewaretoken"] = form["csrfmiddlewaretoken"].input_value()
    assert page.request.post("/desk/log", form=form, max_redirects=0).status == 302


BY_HAND = """
window.EventSource = class {
  constructor() { window.stream = this; }
  addEventListener() {}
};
"""


def test_two_changes_300_ms_apart_are_both_on_the_open_desk(sit):
    """The stream is ours here, so that no later change hides a lost one, however late it comes."""
    other, page = sit("lin"), sit("lin")
    page.add_init_script(BY_HAND)
    page.reload()
    log = page.locator("#desk-log")
    note(other, "第一条")
    page.evaluate("stream.onmessage()")
    expect(log.get_by_text("第一条")).to_be_visible(timeout=6000)
    page.wait_for_timeout(300)
    note(other, "第二条")
    page.evaluate("stream.onmessage()")
    expect(log.get_by_text("第二条")).to_be_visible(timeout=6000)


def test_a_burst_of_changes_ends_with_the_last_and_few_requests(sit):
    other, page = sit("lin"), sit("lin")
    page.wait_for_timeout(1500)
    asked = []
    page.on("request", lambda r: asked.append(r.url) if "part=body" in r.url else None)
    started = time.monotonic()
    for k in range(6):
        note(other, f"连报 {k}")
        page.wait_for_timeout(300)
    expect(page.locator("#desk-log").get_by_text("连报 5")).to_be_visible(timeout=6000)
    assert len(asked) <= 2 + (time.monotonic() - started) / 2


def test_the_log_refreshes_and_what_is_being_typed_stays(sit):
    other, page = sit("lin"), sit("lin")
    page.wait_for_timeout(1500)
    page.keyboard.press("F2")
    page.keyboard.type("正在写的一")
    note(other, "别人写的")
    expect(page.locator("#desk-log").get_by_text("别人写的")).to_be_visible(timeout=6000)
    page.keyboard.type("句话")
    expect(page.locator("#log-text")).to_have_value("正在写的一句话")
    expect(page.locator("#log-text")).to_be_focused()
