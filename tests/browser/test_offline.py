"""Reports made on a phone without a network: kept, counted, sent once when it is back."""

import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

FILL = """async ([n, who]) => {
  const outbox = await import('/static/web/outbox.js');
  const fields = [['/data/fever', '1'], ['/data/suspected', '0'], ['/data/clusters', '0']];
  const url = location.origin + '/m/reports/zero_report';
  for (let i = 0; i < n; i++) {
    const instance = outbox.newInstance();
    const made_at = new Date().toISOString();
    await outbox.keep({ instance, made_at, url, fields, who, title: 't' });
  }
  return (await outbox.waiting()).length;
}"""


def reports(folder):
    with closing(sqlite3.connect(folder / "records.sqlite3")) as file:
        return file.execute("SELECT count(*) FROM observe_report WHERE door='web'").fetchone()[0]


def test_two_hundred_reports_made_without_a_network_come_once_each(sit, folder):
    page = sit("chen", size=(390, 844))
    before = reports(folder)
    page.goto("/m/reports")
    page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
    page.goto("/m/reports")  # now through the worker, which keeps what it has seen
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.goto("/m/reports/zero_report?zero")
    for name in ("fever", "suspected", "clusters"):
        page.locator(f'[name="/data/{name}"]').fill("0")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_text("已存在手机上")).to_be_visible()
    waiting = page.locator("[data-waiting] b")
    expect(waiting).to_have_text("1")
    who = page.locator("[data-outbox]").get_attribute("data-who")
    assert page.evaluate(FILL, [199, who]) == 200
    page.reload()
    expect(waiting).to_have_text("200")
    assert reports(folder) == before
    page.context.set_offline(False)
    expect(page.locator("[data-outbox]")).to_be_hidden(timeout=60_000)
    assert reports(folder) == before + 200


def test_what_one_left_on_a_phone_is_not_sent_as_anothers(sit, folder):
    page = sit("chen", size=(390, 844))
    before = reports(folder)
    page.goto("/m/reports/zero_report")
    page.evaluate(FILL, [1, "somebody-else"])
    page.reload()
    expect(page.locator("[data-others] b")).to_have_text("1")
    expect(page.locator("[data-waiting]")).to_be_hidden()
    page.wait_for_load_state("networkidle")
    assert reports(folder) == before


def test_one_that_is_refused_stops_no_other(sit, folder):
    page = sit("chen", size=(390, 844))
    before = reports(folder)
    page.goto("/m/reports/zero_report")
    who = page.locator("[data-outbox]").get_attribute("data-who")
    page.context.set_offline(True)
    page.evaluate(FILL.replace("zero_report", "no_such_form"), [1, who])
    page.evaluate(FILL, [3, who])
    page.context.set_offline(False)
    expect(page.locator("[data-refused] b")).to_have_text("1")
    expect(page.locator("[data-waiting]")).to_be_hidden()
    assert reports(folder) == before + 3
    page.get_by_role("button", name="删除").click()
    expect(page.locator("[data-outbox]")).to_be_hidden()


def test_a_log_in_that_ended_loses_nothing_that_was_typed(sit):
    page = sit("chen", size=(390, 844))
    page.goto("/m/reports/zero_report")
    for name in ("fever", "suspected", "clusters"):
        page.locator(f'[name="/data/{name}"]').fill("0")
    page.context.clear_cookies()
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_text("已存在手机上")).to_be_visible()
    expect(page.locator("[data-waiting] b")).to_have_text("1")


def test_a_large_photo_is_sent_no_wider_than_a_screen_needs(sit, tmp_path):
    image = pytest.importorskip("PIL.Image")
    image.effect_noise((4000, 3000), 60).convert("RGB").save(tmp_path / "a.jpg", quality=95)
    page = sit("chen", size=(390, 844))
    page.goto("/m/reports/check_water")
    page.locator('select[name="about"]').select_option(index=1)
    page.get_by_label("正常").check()
    page.locator('input[type="file"]').set_input_files(tmp_path / "a.jpg")
    with page.expect_request(lambda r: r.method == "POST") as sent:
        page.get_by_role("button", name="提交").click()
    expect(page.get_by_text("回执号")).to_be_visible()
    assert len(sent.value.post_data_buffer or b"") < (tmp_path / "a.jpg").stat().st_size / 3


MEANWHILE = """async (who) => {
  const outbox = await import('/static/web/outbox.js');
  const fields = [['/data/fever', '1'], ['/data/suspected', '0'], ['/data/clusters', '0']];
  const url = location.origin + '/m/reports/zero_report';
  const real = window.fetch;
  window.fetch = async (...told) => {
    await new Promise((go) => setTimeout(go, 300));
    return real(...told);
  };
  for (const pause of [50, 0]) {
    const made_at = new Date().toISOString();
    await outbox.keep({ instance: outbox.newInstance(), made_at, url, fields, who, title: 't' });
    outbox.sendAll();
    await new Promise((go) => setTimeout(go, pause));
  }
}"""


def test_what_is_kept_while_another_is_on_its_way_goes_right_after_it(sit, folder):
    page = sit("chen", size=(390, 844))
    before = reports(folder)
    page.goto("/m/reports")
    page.evaluate(MEANWHILE, page.locator("[data-outbox]").get_attribute("data-who"))
    wait = 8  # seconds, and not half a minute
    while reports(folder) < before + 2 and wait:
        page.wait_for_timeout(1000)
        wait -= 1
    assert reports(folder) == before + 2
