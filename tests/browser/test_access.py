"""Every page in both languages: no axe violation, no untranslated sentence, no script error."""

import re

import pytest

pytestmark = pytest.mark.browser

PATHS = [
    "/",
    "/map",
    "/map?view=table",
    "/watch",
    "/watch/alarms",
    "/watch/thresholds",
    "/stations/70900008",
    "/stations/70000001",
    "/command",
    "/registers/places",
    "/registers/organisations",
    "/registers/posts",
    "/registers/duties",
    "/registers/stations",
    "/registers/strangers",
    "/registers/handovers",
    "/registers/prove",
    "/registers/posts/3",
    "/places/350627",
    "/gaps",
    "/dead-letters",
    "/desk/shift",
    "/forecast",
    "/forecast/verified",
    "/reservoirs",
    "/registers/forecast_issues",
    "/registers/forecast_expected",
    "/search?q=hexi",
    "/no-such-thing-here",
]
ADMINISTRATOR = [
    "/setup",
    "/setup/people",
    "/setup/people/row",
    "/setup/report_plans/row",
    "/setup/links",
    "/epidemic",
    "/epidemic/standing",
    "/epidemic/quality",
    "/persons",
    "/registers/sites",
    "/reports",
    "/m/reports",
    "/m/reports/zero_report",
    "/m/reports/site_inspection",
    "/m/device",
]
# names and data of the city stay Chinese in an English page
NAMES = re.compile(r"[一-鿿]")


@pytest.mark.parametrize(("lang", "each"), [("zh-CN", 1), ("en-GB", 2)])
def test_no_page_has_an_access_fault(sit, lang, each):
    """In English, which has the same marks, every other page."""
    for user, paths in (("lin", PATHS[:-1]), ("wu", ADMINISTRATOR)):
        _no_fault(sit(user, lang=lang), paths[::each])


def _no_fault(page, paths):
    from axe_playwright_python.sync_playwright import Axe

    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    faults = []
    for path in paths:
        page.goto(path)
        page.wait_for_timeout(250)
        found = Axe().run(page)
        faults += [
            (path, v["id"], v["nodes"][0]["html"][:120]) for v in found.response["violations"]
        ]
    assert not faults, "\n".join(map(str, faults))
    assert errors == []


@pytest.mark.parametrize("lang", ["zh-CN", "en-GB"])
def test_the_phone_pages_have_no_access_fault(sit, lang):
    from axe_playwright_python.sync_playwright import Axe

    page = sit("chen", lang=lang, size=(390, 844))
    page.goto("/m/")
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:120]) for v in violations] == []


def test_headings_buttons_and_labels_are_english_in_english(sit):
    page = sit("lin", lang="en-GB")
    left = []
    for path in PATHS[:-1]:
        page.goto(path)
        for selector in ("thead th", "label", ".rail a", "summary", ".figs dt", "button"):
            for text in page.locator(selector).all_inner_texts():
                head = text.split("\n")[0]
                if NAMES.search(head) and head != "中文":
                    left.append((path, selector, head[:40]))
    assert left == []
