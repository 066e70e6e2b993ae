"""Walkthroughs of the duty officer, commander, hydrologist, town head and administrator, by visible
names only. They share one headquarters and each finds what it needs there."""

import re
import time
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


class Clicks:
    """Counts clicks of one walkthrough."""

    def __init__(self):
        self.n = 0
        self.started = time.monotonic()

    def on(self, target):
        self.n += 1
        target.click()

    @property
    def seconds(self):
        return time.monotonic() - self.started


def start_response(page, clicks, hazard, level, number):
    clicks.on(page.get_by_role("link", name="指挥调度").first)
    form = page.locator("section", has=page.get_by_role("heading", name="启动响应"))
    form.get_by_label("灾种").select_option(label=hazard)
    form.get_by_label("级别").select_option(level)
    form.get_by_label("文号").fill(number)
    form.get_by_label("理由").fill("风雨将至")
    clicks.on(form.get_by_role("button", name="启动"))
    clicks.on(page.get_by_role("button", name="确认决定"))


def test_t1_acknowledge_one_red_in_two_clicks_and_ten_seconds(sit):
    page = sit("lin")
    clicks = Clicks()
    rows = page.get_by_role("listitem").filter(
        has=page.get_by_role("button", name="签收", exact=True)
    )
    before = rows.count()
    assert before
    clicks.on(rows.first.get_by_role("button", name="签收", exact=True))
    expect(page.get_by_role("status").first).to_contain_text("已签收")
    assert clicks.n <= 2
    assert clicks.seconds <= 10


def test_t2_a_whole_group_in_three_clicks(sit):
    page = sit("lin")
    clicks = Clicks()
    clicks.on(page.get_by_role("button", name="签收整组").first)
    expect(page.get_by_role("status").first).to_contain_text(re.compile(r"已签收 \d+ 项"))
    assert clicks.n <= 3


def test_t3_a_call_is_logged_with_the_keyboard_alone(sit):
    page = sit("lin")
    started = time.monotonic()
    page.keyboard.press("F2")
    page.keyboard.type("龙海防办：石码水闸已开 3 孔")
    page.keyboard.press("Tab")
    page.keyboard.type("龙海防办")
    page.keyboard.press("Enter")
    expect(page.get_by_text("石码水闸已开 3 孔")).to_be_visible()
    assert time.monotonic() - started <= 20


def test_t5_a_shift_cannot_close_with_an_unowned_red_item(sit):
    page = sit("lin")
    page.goto("/watch")
    form = page.locator("section", has=page.get_by_role("heading", name="登记气象预警"))
    form.get_by_label("灾种").select_option(label="暴雨")
    form.get_by_label("级别").select_option("I")
    form.get_by_label("编号").fill("暴雨-1")
    form.get_by_role("button", name="登记").click()
    page.goto("/desk/shift")
    page.get_by_role("button", name="交班").click()
    expect(page.get_by_role("alert")).to_contain_text("不能交班")


def test_t6_five_facts_on_a_phone_in_thirty_seconds(sit):
    page = sit("huang", size=(390, 844))
    started = time.monotonic()
    body = page.locator("#main")
    for fact in ("24 小时最大雨量", "超警戒", "在线测站", "指令未关闭", "应急响应"):
        expect(body.get_by_text(fact).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert time.monotonic() - started <= 30


def test_t7_start_a_level_in_four_clicks_and_every_duty_gets_its_task(sit):
    page = sit("huang")
    clicks = Clicks()
    start_response(page, clicks, "洪水", "IV", "演练7号")
    expect(page.get_by_role("status").first).to_contain_text("任务已下达")
    assert clicks.n <= 4
    assert clicks.seconds <= 60


def test_t8_lower_or_end_with_a_reason(sit):
    page = sit("huang")
    start_response(page, Clicks(), "暴雨", "III", "演练8号")
    change = page.locator("section", has=page.get_by_role("heading", name="升级、降级、结束"))
    change.get_by_label("改为").select_option("IV")
    change.get_by_label("文号").fill("演练9号")
    change.get_by_label("理由").fill("雨势减弱")
    change.get_by_role("button", name="决定").click()
    page.get_by_role("button", name="确认决定").click()
    expect(page.get_by_text("响应降级：雨势减弱").first).to_be_visible()


def test_t9_a_bad_reading_is_corrected_in_four_clicks_and_audited(sit):
    page = sit("zheng")
    clicks = Clicks()
    page.goto("/stations/70900008")
    clicks.on(page.get_by_text("改正").first)
    form = page.locator("details[open]")
    form.get_by_label("改为 m").fill("9.99")
    form.get_by_label("理由").fill("浮子卡滞")
    clicks.on(form.get_by_label("与前后相差很大也确认"))
    clicks.on(form.get_by_role("button", name="保存"))
    expect(page.get_by_role("status").first).to_contain_text("原值保留")
    expect(page.get_by_text("corrected").first).to_be_visible()
    assert clicks.n <= 4


def test_t11_a_gap_is_a_gap_on_chart_table_and_slider(sit):
    page = sit("zheng")
    page.goto("/stations/70000012")
    chart = page.locator("[data-hydrograph]")
    expect(chart).to_have_attribute("data-ready", "1")
    assert int(chart.get_attribute("data-holes")) >= 1
    expect(page.get_by_role("cell", name="— 缺测").first).to_be_attached()
    page.goto("/map")
    slider = page.get_by_label("时间")
    slider.fill("0")
    expect(page.locator("#slider-at")).to_contain_text("缺测")


def test_t25_answer_from_a_link_in_one_tap(sit, chromium, headquarters):
    page = sit("huang")
    start_response(page, Clicks(), "台风", "II", "演练25号")
    chen = sit("chen", size=(390, 844))
    chen.goto("/m/")
    chen.get_by_role("link", name=re.compile("和溪镇")).first.click()
    order = urlsplit(chen.url).path.removeprefix("/m")
    started = time.monotonic()
    chen.get_by_role("button", name="收到").click()
    expect(chen.get_by_role("button", name="报告完成")).to_be_visible()
    assert time.monotonic() - started <= 5
    chen.get_by_label("已完成数").fill("9")
    chen.get_by_label("总数").fill("12")
    chen.get_by_role("button", name="报进度").click()
    expect(chen.get_by_text("9 / 12")).to_be_visible()
    chen.get_by_role("button", name="报告完成").click()
    expect(chen.get_by_role("heading", level=1)).to_contain_text("已报完成")
    lin = sit("lin")
    lin.goto("/command?state=reported")
    row = lin.get_by_role("row").filter(has=lin.locator(f'a[href="{order}"]'))
    row.get_by_role("button", name="核验").click()
    expect(row).to_have_count(0)


def test_t34_nobody_leaves_a_duty_empty(sit):
    page = sit("guan")
    page.goto("/registers/posts?q=和溪镇")
    page.get_by_role("link", name="南靖县和溪镇镇长").click()
    page.get_by_role("button", name="结束任期").click()
    expect(page.get_by_role("alert")).to_contain_text("没有接任人不能离任")


def test_a_new_reading_is_on_the_open_screen_in_three_seconds(sit):
    page = sit("lin")
    other = sit("lin")
    other.goto("/desk/shift")
    page.wait_for_timeout(1200)
    other.goto("/watch")
    form = other.locator("section", has=other.get_by_role("heading", name="登记气象预警"))
    form.get_by_label("灾种").select_option(label="台风")
    form.get_by_label("级别").select_option("II")
    form.get_by_label("编号").fill("台风-红")
    started = time.monotonic()
    form.get_by_role("button", name="登记").click()
    expect(page.get_by_text(re.compile("气象预警 台风 橙|台风 II 级响应")).first).to_be_visible(
        timeout=6000
    )
    assert time.monotonic() - started <= 6


def test_search_by_keyboard_finds_a_town_by_pinyin(sit):
    page = sit("lin")
    page.keyboard.press("Control+k")
    page.keyboard.type("hexi")
    expect(page.get_by_role("link", name=re.compile("和溪镇 南靖县")).first).to_be_visible()


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080), (390, 844)])
def test_no_page_is_wider_than_its_screen(sit, size):
    page = sit("lin", size=size)
    for path in ("/", "/map", "/watch", "/command", "/registers", "/gaps", "/stations/70900008"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path


def test_health_and_metrics_need_no_log_in(headquarters):
    assert httpx.get(f"{headquarters}/healthz").json() == {"ok": True}
    assert "fangxian_data_age_seconds" in httpx.get(f"{headquarters}/metrics").text
