"""What is silent is said on every open page within ten seconds, and unsaid when it speaks again."""

import os
import signal

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("process", "code"),
    [("worker", "worker"), ("intake", "intake"), ("reach", "reach"), ("gateway", "listen")],
)
def test_a_process_that_stands_still_is_said_on_every_open_page(sit, processes, process, code):
    desk, phone = sit("lin"), sit("lin", lang="en-GB")
    phone.goto("/watch")
    child = processes[process]
    bands = [page.locator(f"[data-trouble={code}]") for page in (desk, phone)]
    for band in bands:
        expect(band).to_have_count(0, timeout=30_000)
    os.kill(child.pid, signal.SIGSTOP)
    try:
        for band in bands:
            # one that hangs, and does not refuse, is known when two calls have waited in vain
            expect(band).to_be_visible(timeout=20_000 if process == "gateway" else 10_000)
    finally:
        os.kill(child.pid, signal.SIGCONT)
    for band in bands:
        expect(band).to_have_count(0, timeout=75_000)


def test_a_broken_stream_is_said_by_the_page_itself(sit, processes):
    page = sit("lin")
    page.wait_for_timeout(1000)
    band = page.locator("#stream-broken")
    expect(band).to_be_hidden()
    os.kill(processes["web"].pid, signal.SIGSTOP)
    try:
        expect(band).to_be_visible(timeout=10_000)
    finally:
        os.kill(processes["web"].pid, signal.SIGCONT)
    expect(band).to_be_hidden(timeout=15_000)
