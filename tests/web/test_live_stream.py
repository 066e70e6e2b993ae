"""Open pages hear what concerns them, from one poller."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import AsyncClient

from fangxian.spine.core.events import Entry, Named, kinds_since, record_many
from fangxian.spine.core.rights import SYSTEM
from fangxian.surfaces.web.views import live


def write(kind):
    record_many([Entry(kind, Named("test", "1"))], by=SYSTEM)


@pytest.mark.django_db
def test_the_log_is_asked_for_kinds_after_a_number():
    first, _ = kinds_since(-1)
    write("order.issued")
    write("signal.raised")
    assert kinds_since(first) == (first + 2, {"order.issued", "signal.raised"})
    assert kinds_since(first + 2) == (first + 2, set())


def apart(work, *args):
    """In a thread, since the browser's own loop may run in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work(*args))).result(30)


def listened(rounds, topics):
    """What pages with these topics hear while the log says ``rounds``, and their poller."""

    async def go(monkeypatch):
        told = [(10, set()), *rounds]

        async def ask(after):
            return told.pop(0) if told else (after, set())

        monkeypatch.setattr(live, "_ask", ask)
        monkeypatch.setattr(live, "POLL_S", 0.01)
        streams = [live._changes(frozenset(t)) for t in topics]
        heard = [[] for _ in streams]

        async def hear(stream, mine):
            async for line in stream:
                mine.append(line)

        tasks = [asyncio.create_task(hear(s, h)) for s, h in zip(streams, heard, strict=True)]
        await asyncio.sleep(0.3)
        ours = live.poller()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for stream in streams:
            await stream.aclose()
        return [[h for h in mine if h.startswith("data")] for mine in heard], ours

    return go


def test_a_page_hears_only_its_topics_and_fifty_pages_ask_once(monkeypatch):
    rounds = [(11, {"order.issued"}), (12, {"duty.set"}), (13, {"signal.raised"})]
    topics = [{"order"}, {"signal"}, set(), *[{"order"}] * 50]
    heard, ours = apart(listened(rounds, topics), monkeypatch)
    assert heard[0] == ["data: 11\n\n"]
    assert heard[1] == ["data: 13\n\n"]
    assert heard[2] == ["data: 11\n\n", "data: 12\n\n", "data: 13\n\n"]
    assert all(mine == heard[0] for mine in heard[3:])
    assert ours.rounds < 60  # one asks for all; each page asking would be thousands
    assert ours._waiting == set()


def test_a_visitor_hears_nothing():
    async def visit():
        return await AsyncClient().get("/live")

    assert apart(visit).status_code == 401


def test_the_line_stays_open_with_the_headers_of_the_pages_until_it_is_left(monkeypatch):
    heard, threads = apart(kept_open, monkeypatch)
    assert heard[0]["headers"] == [(b"cache-control", b"no-cache")]
    assert [m["body"] for m in heard[1:3]] == [b"retry: 2000\n\n", b"data: 11\n\n"]
    assert threads == 0


async def kept_open(monkeypatch):
    told, heard, left = [(10, set()), (11, {"order.issued"})], [], asyncio.Event()

    async def ask(after):
        return told.pop(0) if told else (after, set())

    async def pages(scope, receive, send):
        headers = [(b"cache-control", b"no-cache"), (b"Content-Length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def receive():
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        heard.append(message)

    monkeypatch.setattr(live, "_ask", ask)
    monkeypatch.setattr(live, "POLL_S", 0.01)
    monkeypatch.setattr(live, "STILL_HERE_S", 0.05)
    before = threading.active_count()
    scope = {"type": "http", "method": "GET", "path": "/live", "query_string": b"topics=order"}
    line = asyncio.create_task(live.Streams(pages)(scope, receive, send))
    await asyncio.sleep(0.3)
    more = threading.active_count() - before
    left.set()
    await asyncio.wait_for(line, 5)
    return heard, more
