"""Walks of the cold chain (T20 to T22): twenty lots by one table, a positive tube and what follows
of it, a market that scans without a network and refuses what lacks a paper."""

import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pytest
from playwright.sync_api import expect

from browser.test_walkthroughs import Clicks

pytestmark = pytest.mark.browser
PHONE = (390, 844)
TESTS = Path(__file__).parents[1]
RELEASED = """
import django; django.setup()
import json, sys
import fangxian.wiring
from goods import announced, crew, site, through, town
from fangxian.hazards.epidemic.coldchain.write import certificates, dividing, lots, samples
from fangxian.hazards.epidemic.coldchain.write.certificates import paper_code
from fangxian.spine.core.rights import SYSTEM
tag, halves = sys.argv[1], int(sys.argv[2])
place = town("金山镇")  # orders of these walks are nobody else's
store, market = site("cold_store", "CKB", "冷库B", place), site("market", "MB", "走查市场", place)
first = 100 + sum(map(ord, tag))
lot = through(announced(tag, store=store, batch=tag), people=crew(2, store=store, first=first))
made = [lot]
if halves:
    parts = [dividing.Part(f"{tag}-{n}", 1000 / halves) for n in range(halves)]
    made = dividing.divide(parents=[(lot, 1000)], children=parts, how="split", by=SYSTEM)
for one in made:
    lots.arrive(lot=one, site=market, by=SYSTEM)
tube = samples.take([samples.Tube(f"POS-{tag}", "packing", lot=made[0])], by=SYSTEM)[0]
print(json.dumps({
    "codes": [certificates.code_of(one.certificates.get(revoked_at=None)) for one in made],
    "papers": [paper_code(paper) for paper in made[0].papers.all()],
}))
"""


def released(folder, tag, halves=0):
    """A lot through every gate on a market: its codes and those of its papers."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FANGXIAN_")}
    environment = {
        **kept,
        "FANGXIAN_DATA_DIR": str(folder),
        "FANGXIAN_SECOND_FACTOR": "0",
        "DJANGO_SETTINGS_MODULE": "fangxian.settings",
        "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path]),
    }
    words = [sys.executable, "-c", RELEASED, tag, str(halves)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def table(path):
    """Twenty lots as a clerk has them in a workbook."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["批次号", "货物", "重量（公斤）", "区划", "件数"])
    for n in range(20):
        book.active.append([f"T20-{n:02d}", "冻南美白虾", 1000 + n, "和溪镇", 40])
    book.save(path)


def test_t20_twenty_lots_by_one_table_in_three_minutes(sit, folder, tmp_path):
    table(tmp_path / "lots.xlsx")
    page, begun = sit("xu"), perf_counter()
    page.goto("/setup/lots")
    page.locator('input[type="file"]').set_input_files(tmp_path / "lots.xlsx")
    page.get_by_role("button", name="先看改动").click()
    page.get_by_role("button", name="导入", exact=True).click()
    page.wait_for_load_state("networkidle")
    page.goto("/coldchain/lots/T20-19")
    expect(page.locator("h1")).to_contain_text("T20-19")
    assert perf_counter() - begun < 180


def test_t21_a_positive_tube_shows_all_that_came_of_it_in_five_seconds(sit, folder, tmp_path):
    released(folder, "T21", halves=20)
    said = tmp_path / "lis.csv"
    said.write_text("管号,结果,实验室\nPOS-T21,阳性,市疾控\n", encoding="utf-8")
    page, clicks = sit("xu"), Clicks()
    page.goto("/coldchain")
    page.locator('input[type="file"]').set_input_files(said)
    begun = perf_counter()
    clicks.on(page.get_by_role("button", name="导入"))
    page.goto("/coldchain")
    page.get_by_role("link", name="T21").first.click()
    expect(page.get_by_text("T21-19").first).to_be_visible()
    assert perf_counter() - begun <= 5


def test_t22_a_market_without_a_network_refuses_what_lacks_a_paper(sit, folder):
    told = released(folder, "T22")
    page = sit("xu", size=PHONE)
    page.goto("/m/cold-scan")
    page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
    page.goto("/m/cold-scan")
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.goto("/m/cold-scan")
    verdict = page.locator("[data-verdict]")
    for papers, words in ((told["papers"], "可以放行"), (told["papers"][1:], "缺")):
        page.get_by_label("出仓证码").fill(told["codes"][0])
        page.get_by_label("四证的码").fill("\n".join(papers))
        page.get_by_role("button", name="验", exact=True).click()
        expect(verdict).to_contain_text(words)
    page.context.set_offline(False)
    expect(page.locator("[data-outbox]")).to_be_hidden(timeout=60_000)
