"""Walks from door to door: an inspection by five taps without a network, a household by its tag in
three seconds, and nothing that peace forces on anybody."""

import sqlite3
import time
from contextlib import closing

import pytest
from playwright.sync_api import expect

from browser.test_walkthroughs import Clicks, start_response

pytestmark = pytest.mark.browser
PHONE = (390, 844)


def asked(folder, question, *values):
    with closing(sqlite3.connect(folder / "records.sqlite3")) as file:
        return file.execute(question, values).fetchall()


def test_t26_an_inspection_in_five_taps_and_thirty_seconds_without_a_network(sit, folder):
    page = sit("chen", size=PHONE)
    page.goto("/m/reports")
    page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
    page.goto("/m/reports")  # through the worker: what lies behind its links is fetched now
    page.wait_for_load_state("networkidle")
    page.goto("/m/")
    before = asked(folder, "SELECT count(*) FROM observe_report")[0][0]
    page.context.set_offline(True)
    clicks = Clicks()
    page.goto("/m/reports")
    clicks.n += 1  # the tap on 我的报告
    slope = page.get_by_role("listitem").filter(has_text="滑坡").first
    clicks.on(slope.get_by_role("link", name="巡查"))
    clicks.on(page.get_by_label("有隐患"))
    clicks.on(page.get_by_label("一般", exact=True))
    page.get_by_label("是什么隐患").fill("坡脚渗水")
    clicks.on(page.get_by_role("button", name="提交"))
    expect(page.get_by_text("已存在手机上")).to_be_visible()
    assert clicks.n <= 5
    assert clicks.seconds <= 30
    page.context.set_offline(False)
    expect(page.locator("[data-outbox]")).to_be_hidden(timeout=60_000)
    assert asked(folder, "SELECT count(*) FROM observe_report")[0][0] == before + 1
    deadline = time.monotonic() + 20
    found = "SELECT count(*) FROM inspect_finding WHERE what = '坡脚渗水'"
    while not asked(folder, found)[0][0] and time.monotonic() < deadline:
        time.sleep(0.2)
    assert asked(folder, found) == [(1,)]


def test_t27_a_household_by_its_tag_in_three_seconds_each_without_a_network(sit, folder):
    head = sit("huang")
    page = sit("chen", size=PHONE)
    if not asked(folder, "SELECT 1 FROM evacuation_move WHERE state = 'waiting'"):
        start_response(head, Clicks(), "台风", "III", "演练27号")
        deadline = time.monotonic() + 30
        while not asked(folder, "SELECT 1 FROM evacuation_move") and time.monotonic() < deadline:
            time.sleep(0.2)
    page.goto("/m/move")
    page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
    page.goto("/m/move")
    page.wait_for_load_state("networkidle")
    tags = [row.get_attribute("data-tag") for row in page.locator("[data-tag]").all()][:4]
    assert tags
    page.context.set_offline(True)
    for tag in tags:
        clicks = Clicks()
        page.get_by_label("标签号").fill(tag)
        clicks.on(page.get_by_role("button", name="已离家"))
        expect(page.locator("[data-scanned] li").first).to_contain_text(tag)
        assert clicks.n == 1
        assert clicks.seconds <= 3
    page.context.set_offline(False)
    expect(page.locator("[data-outbox]")).to_be_hidden(timeout=60_000)
    marks = ",".join("?" for _ in tags)
    moved = asked(
        folder,
        "SELECT count(*) FROM evacuation_move m JOIN evacuation_atrisk h ON h.id = m.household_id "
        f"WHERE m.state IN ('moved', 'arrived') AND h.tag IN ({marks})",
        *tags,
    )
    assert moved[0][0] >= len(tags)


def test_t28_peace_forces_no_photo_and_no_position(sit):
    page, made = sit("chen", size=PHONE), []
    for form in ("site_inspection", "check_slope", "check_water", "check_ground", "check_cold"):
        page.goto(f"/m/reports/{form}")
        page.get_by_label("正常", exact=True).check()
        for path in ("photo", "spot"):
            box = page.locator(f'[name$="/{path}"]')
            assert box.get_attribute("required") is None
            assert box.locator("xpath=..").locator("b.late").count() == 0
        which = page.locator('select[name="about"]')
        if (
            not which.count()
        ):  # no such point in his town: that is said, and nothing is asked of him
            expect(page.get_by_text("没有登记这份检查表要查的点")).to_be_visible()
            continue
        which.select_option(index=1)
        page.get_by_role("button", name="提交").click()
        expect(page.get_by_text("回执号")).to_be_visible()
        made.append(form)
    assert len(made) >= 2, made
