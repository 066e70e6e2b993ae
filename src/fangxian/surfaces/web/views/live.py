"""The live stream: an open page hears that something of a kind it shows has changed, and looks
again itself, so that rights stay in the pages. One poller a process, however many are open."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fangxian.spine.command.read import sees_desk
from fangxian.spine.core.events import kinds_since
from fangxian.spine.core.health import troubles
from fangxian.spine.core.page import SeatedRequest, page, public
from fangxian.surfaces.web.frame import live_frame

log = logging.getLogger("fangxian.live")
Message = MutableMapping[str, Any]  # of ASGI
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[..., Awaitable[None]]
POLL_S = 0.7
STILL_HERE_S = 3.0
ASKED_AT_ONCE = 4  # when a thousand pages come back together, a thread each would take gigabytes


class Poller:
    """Asks the log once a round for everybody; runs only while somebody listens."""

    def __init__(self) -> None:
        self.at = -1
        self.rounds = 0
        self._waiting: set[asyncio.Queue[tuple[int, frozenset[str]]]] = set()
        self._task: asyncio.Task[None] | None = None

    def join(self) -> "asyncio.Queue[tuple[int, frozenset[str]]]":
        """A queue of (event number, topics) of each round that brought something."""
        mine: asyncio.Queue[tuple[int, frozenset[str]]] = asyncio.Queue()
        self._waiting.add(mine)
        if self._task is None or self._task.done():
            self.at = -1
            self._task = asyncio.get_running_loop().create_task(self._run())
        return mine

    def leave(self, mine: "asyncio.Queue[tuple[int, frozenset[str]]]") -> None:
        self._waiting.discard(mine)

    async def _run(self) -> None:
        while self._waiting:
            try:
                newest, kinds = await _ask(self.at)
                self.rounds += 1
            except Exception as error:
                log.error("live_round_failed", exc_info=error)
                newest, kinds = self.at, set()
            if kinds and self.at >= 0:
                topics = frozenset(kind.partition(".")[0] for kind in kinds)
                for mine in self._waiting:
                    mine.put_nowait((newest, topics))
            self.at = max(newest, self.at)
            await asyncio.sleep(POLL_S)


_wrong: dict[str, frozenset[str]] = {}


@sync_to_async
def _ask(after: int) -> tuple[int, set[str]]:
    """New events, and whether what is wrong with the system has changed."""
    close_old_connections()
    newest, kinds = kinds_since(after)
    wrong = frozenset(t.code for t in troubles())
    if _wrong.get("last") != wrong:
        _wrong["last"] = wrong
        kinds = {*kinds, "health.changed"}
    close_old_connections()
    return newest, kinds


@page("map.read")
def live_part(request: SeatedRequest) -> HttpResponse:
    """The living part of the frame, for a page that stands open."""
    context = {**live_frame(request.seat), "sees_desk": sees_desk(request.seat)}
    return render(request, "web/frame_part.html", context)


_pollers: dict[int, Poller] = {}  # by event loop: a server process has one


def poller() -> Poller:
    return _pollers.setdefault(id(asyncio.get_running_loop()), Poller())


@public
def live(request: HttpRequest) -> HttpResponse:
    """Whether one may hear, and with what headers: ``Streams`` keeps the line open then."""
    if not request.seat:  # type: ignore[attr-defined]
        return HttpResponse(status=401)  # nobody, or a past holder: hears nothing of the city
    answer = HttpResponse(content_type="text/event-stream")
    answer["Cache-Control"] = "no-cache"
    answer["X-Accel-Buffering"] = "no"
    return answer


class Streams:
    """Server-sent events under ``/live``: the pages say who may hear; the line then stays open
    without a thread, a connection to the database or a request of its own. ``?topics=signal,order``
    are the kinds of thing the page shows; without them it hears everything."""

    def __init__(self, pages: Application) -> None:
        self.pages = pages
        self._askings = asyncio.Semaphore(ASKED_AT_ONCE)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        asked = scope.get("method"), scope.get("path")
        if scope["type"] != "http" or asked != ("GET", "/live"):
            await self.pages(scope, receive, send)
            return
        async with self._askings:
            # in a context of its own, with which its connection to the database goes
            told = await asyncio.create_task(self._asked(scope))
        if told[0]["status"] != HTTPStatus.OK:
            for message in told:
                await send(message)
            return
        headers = [pair for pair in told[0]["headers"] if pair[0].lower() != b"content-length"]
        await send({**told[0], "headers": headers})
        topics = parse_qs(scope["query_string"].decode("latin-1")).get("topics", [""])[0]
        lines = _changes(frozenset(t for t in topics.split(",") if t))
        gone = asyncio.create_task(_end_of(receive))
        try:
            async for line in lines:
                if gone.done():
                    break
                await send({"type": "http.response.body", "body": line.encode(), "more_body": True})
        finally:
            gone.cancel()
            await lines.aclose()

    async def _asked(self, scope: Message) -> list[Message]:
        """What the pages answer, whole."""
        told: list[Message] = []
        coming = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Message:
            if coming:
                return coming.pop()
            going_on: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
            return await going_on

        async def keep(message: Message) -> None:
            told.append(message)

        await self.pages(scope, receive, keep)
        return told


async def _end_of(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _changes(wanted: frozenset[str]) -> AsyncGenerator[str, None]:
    ours = poller()
    mine = ours.join()
    yield "retry: 2000\n\n"
    try:
        while True:
            try:
                number, topics = await asyncio.wait_for(mine.get(), STILL_HERE_S)
            except TimeoutError:
                yield "event: here\ndata: 1\n\n"
                continue
            if not wanted or wanted & topics:
                yield f"data: {number}\n\n"
            else:
                yield "event: here\ndata: 1\n\n"
    finally:
        ours.leave(mine)
