"""Walks at a port: a scan and its decision in three seconds, 200 people without a network, none
lost and none twice, and a hand-over that is taken on the phone of who takes it."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import expect

from browser.test_walkthroughs import Clicks

pytestmark = pytest.mark.browser
PHONE = (390, 844)
TESTS = Path(__file__).parents[1]
DECLARE = """
import django; django.setup()
import dataclasses, json, sys
import fangxian.wiring
from flights import passengers, hotel
from fangxian.hazards.epidemic.arrivals.write import entering, meeting
from fangxian.spine.core import clock
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.models import Site
today = clock.beijing(clock.now()).date()
first, n = int(sys.argv[1]), int(sys.argv[2])
rows = [dataclasses.replace(row, expected_on=today) for row in passengers(n, first=first)]
if not Site.objects.filter(kind="hotel", code="HT1").exists():
    hotel()
print(json.dumps([meeting.code_of(one.pk) for one in entering.declare(rows, by=SYSTEM)]))
"""


def declared(folder, first, n):
    """n people who declared to come today; the codes on their phones."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FANGXIAN_")}
    environment = {
        **kept,
        "FANGXIAN_DATA_DIR": str(folder),
        "FANGXIAN_SECOND_FACTOR": "0",
        "DJANGO_SETTINGS_MODULE": "fangxian.settings",
        "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path]),
    }
    words = [sys.executable, "-c", DECLARE, str(first), str(n)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def asked(folder, question):
    with closing(sqlite3.connect(folder / "records.sqlite3")) as file:
        return file.execute(question).fetchone()[0]


def checkpoint(page):
    """The page with what it needs kept for a time without a network."""
    page.goto("/m/checkpoint")
    page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
    page.goto("/m/checkpoint")
    page.wait_for_load_state("networkidle")


def test_t17_a_scan_and_its_decision_in_three_seconds_and_two_taps(sit, folder):
    [code] = declared(folder, 1000, 1)
    page = sit("chen", size=PHONE)
    checkpoint(page)
    clicks = Clicks()
    page.get_by_label("编码").fill(code)
    clicks.on(page.get_by_role("button", name="查并接到"))
    expect(page.locator("[data-decision]")).to_contain_text("旅***")
    assert clicks.n <= 2
    assert clicks.seconds <= 3
    expect(page.locator("ul[data-met] li").first).to_contain_text("✓")
    page.get_by_role("button", name="不是他").click()
    expect(page.locator("[data-outbox]")).to_be_hidden(timeout=30_000)
    page.get_by_label("编码").fill("A1-000000")
    page.get_by_role("button", name="查并接到").click()
    expect(page.locator("[data-decision]")).to_contain_text("没有这个编码")
    expect(page.locator("ul[data-met] li").first).to_contain_text("✗")


def test_t18_two_hundred_people_without_a_network_none_lost_none_twice(sit, folder):
    codes = declared(folder, 2000, 200)
    page = sit("chen", size=PHONE)
    checkpoint(page)
    met = "SELECT count(*) FROM arrivals_met WHERE said = 'met' AND arrival_id IS NOT NULL"
    before = asked(folder, met)
    page.context.set_offline(True)
    page.goto("/m/checkpoint")
    box = page.get_by_label("编码")
    for code in codes:
        box.fill(code)
        box.press("Enter")
        expect(page.locator(f'[data-code="{code}"] [data-state]')).to_have_text("✓")
    expect(page.locator("[data-waiting] b")).to_have_text("200", timeout=20_000)
    page.reload()  # the phone was put away and taken out again
    expect(page.locator("[data-waiting] b")).to_have_text("200")
    assert asked(folder, met) == before
    page.context.set_offline(False)
    expect(page.locator("[data-outbox]")).to_be_hidden(timeout=90_000)
    assert asked(folder, met) == before + 200
    keys = ",".join(code[1:].split("-")[0] for code in codes)
    held = f"arrival_id IN ({keys}) AND until IS NULL"
    assert asked(folder, f"SELECT count(*) FROM arrivals_holding WHERE {held}") == 200


def test_a_hand_over_is_offered_and_taken_in_few_taps(sit, folder):
    declared(folder, 3000, 2)
    page = sit("chen", size=PHONE)
    page.goto("/registers/arrivals?state=declared")
    page.get_by_role("link", name="旅").or_(page.locator("td a")).first.click()
    page.get_by_role("button", name="已抵达，由我负责").click()
    expect(page.get_by_text("已记下")).to_be_visible()
    page.goto("/arrivals/hands")
    page.locator('input[name="arrival"]:not([disabled])').first.check()
    page.get_by_label("去处").select_option(label="隔离酒店HT1 剩 200 间")
    page.get_by_role("button", name="移交：叫应接收人").click()
    expect(page.get_by_text("还没有接收")).to_be_visible()
    page.locator('input[name="arrival"]').first.check()
    page.get_by_role("button", name="接收勾选的人").click()
    expect(page.get_by_text("已接收").first).to_be_visible()
