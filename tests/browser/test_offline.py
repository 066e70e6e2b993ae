"""Reports made on a phone without a network: kept, counted, sent once when it is back."""

import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

FILL = """async (n) => {
  const outbox = await import('/static/web/outbox.js');
  const fields = [['/data/fever', '1'], ['/data/suspected', '0'], ['/data/clusters', '0']];
  const url = location.origin + '/m/reports/zero_report';
  for (let i = 0; i < n; i++) {
    const instance = outbox.newInstance();
    await outbox.keep({ instance, made_at: new Date().toISOString(), url, fields });
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
    page.locator("form.fill button").click()
    expect(page.get_by_text("已存在手机上")).to_be_visible()
    expect(page.locator("[data-outbox] [data-n]")).to_have_text("1")
    assert page.evaluate(FILL, 199) == 200
    page.reload()
    expect(page.locator("[data-outbox] [data-n]")).to_have_text("200")
    assert reports(folder) == before
    page.context.set_offline(False)
    expect(page.locator("[data-outbox]")).to_be_hidden(timeout=60_000)
    assert reports(folder) == before + 200


def test_a_large_photo_is_sent_no_wider_than_a_screen_needs(sit, tmp_path):
    image = pytest.importorskip("PIL.Image")
    image.effect_noise((4000, 3000), 60).convert("RGB").save(tmp_path / "a.jpg", quality=95)
    page = sit("chen", size=(390, 844))
    page.goto("/m/reports/site_inspection")
    page.get_by_label("正常").check()
    page.locator('input[type="file"]').set_input_files(tmp_path / "a.jpg")
    with page.expect_request(lambda r: r.method == "POST") as sent:
        page.locator("form.fill button").click()
    expect(page.get_by_text("回执号")).to_be_visible()
    assert len(sent.value.post_data_buffer or b"") < (tmp_path / "a.jpg").stat().st_size / 3
