"""Walkthroughs of the hospital reporter and the epidemiologist, by visible names only, with clicks
and seconds as `ux.md` has them (T12, T13, T15, T16)."""

import csv
import os
import subprocess
import sys
import time

import pytest
from lines import CASE, PLAN, hospital
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SITES = [hospital("W0", "和溪中心卫生院"), hospital("W1", "和溪医院")]
TODAY = {**PLAN, "valid_from": "2016-09-13"}


@pytest.fixture(scope="module")
def sentinels(headquarters, folder, tmp_path_factory):
    """Two hospitals of Hexi, a plan of daily reports whose first deadline is past, and a suspected
    case, entered as an administrator does."""
    beside = tmp_path_factory.mktemp("tables")
    for kind, rows in (("sites", SITES), ("report_plans", [TODAY]), ("cases", [CASE])):
        path = beside / f"{kind}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            out = csv.DictWriter(file, rows[0])
            out.writeheader()
            out.writerows(rows)
        subprocess.run(
            [sys.executable, "-m", "fangxian.cli", "import", kind, str(path)],
            env={**os.environ, "FANGXIAN_DATA_DIR": str(folder)},
            check=True,
            capture_output=True,
        )
    return headquarters


def test_t12_from_a_signal_to_its_task_in_three_clicks(sentinels, sit):
    page = sit("xu")
    page.goto("/epidemic")
    signals = page.locator("section", has=page.get_by_role("heading", name="要核实的信号"))
    link = signals.get_by_role("link").first
    for _ in range(20):  # the worker opens the inquiry within seconds
        if link.is_visible():
            break
        page.wait_for_timeout(500)
        page.reload()
    link.click()
    page.get_by_role("button", name="疑似事件").click()
    expect(page.get_by_text("已记录")).to_be_visible()
    page.get_by_role("listitem").filter(has_text="核实任务").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("核实")


def test_t13_five_hundred_rows_pasted_with_errors_by_cell_in_ten_seconds(sentinels, sit):
    heads = ["name", "sex", "phone", "disease", "status", "origin", "diagnosed_at", "place"]
    lines = ["\t".join(heads)]
    for n in range(500):
        row = {**CASE, "name": f"甲{n}", "disease": "流行性感冒", "status": "确诊", "phone": ""}
        row |= {"disease": "感冒发烧"} if n == 7 else {}
        row |= {"place": "没有这个镇"} if n == 400 else {}
        lines.append("\t".join(row[head] for head in heads))
    page = sit("xu")
    page.goto("/setup/cases")
    page.get_by_label("或从表格粘贴（带表头）").fill("\n".join(lines))
    started = time.monotonic()
    page.get_by_role("button", name="先看改动").click()
    for told in ("感冒发烧", "没有这个镇"):
        expect(page.get_by_text(told).first).to_be_visible(timeout=10_000)
    assert time.monotonic() - started <= 10


def test_t15_t16_who_has_not_reported_stands_there_until_two_taps(sentinels, sit):
    board = sit("xu")
    board.goto("/epidemic")
    reports = board.locator("section", has=board.get_by_role("heading", name="零报告", exact=False))
    expect(reports.get_by_text("和溪中心卫生院").first).to_be_visible()
    expect(reports.get_by_text("0 / 2").first).to_be_visible()
    phone = sit("chen", size=(390, 844))
    phone.goto("/m/reports")
    mine = phone.get_by_role("listitem").filter(has_text="和溪中心卫生院").filter(has_text="逾期")
    started = time.monotonic()
    mine.get_by_role("link", name="零报").click()
    phone.get_by_role("button", name="报零").click()
    expect(phone.get_by_text("回执号")).to_be_visible()
    assert time.monotonic() - started <= 8
    board.reload()
    expect(reports.get_by_text("1 / 2").first).to_be_visible()
    expect(reports.get_by_text("迟报 1").first).to_be_visible()
