"""The live stream: an open page hears that something of a kind it shows has changed, and looks
again itself, so that rights stay in the pages. One poller a process, however many are open."""

import asyncio
import logging
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from fangxian.spine.command.read import sees_desk
from fangxian.spine.core.events import kinds_since
from fangxian.spine.core.health import troubles
from fangxian.spine.core.page import SeatedRequest, page, public
from fangxian.surfaces.web.frame import live_frame

log = logging.getLogger("fangxian.live")
POLL_S = 0.7
STILL_HERE_S = 3.0


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
async def live(request: HttpRequest) -> HttpResponseBase:
    """Server-sent events. ``?topics=signal,order`` are the kinds of thing the page shows; without
    them it hears everything."""
    await request.auser()
    if not await sync_to_async(lambda: bool(request.seat))():  # type: ignore[attr-defined]
        return HttpResponse(status=401)  # nobody, or a past holder: hears nothing of the city
    wanted = frozenset(t for t in request.GET.get("topics", "").split(",") if t)
    answer = StreamingHttpResponse(_changes(wanted), content_type="text/event-stream")
    answer["Cache-Control"] = "no-cache"
    answer["X-Accel-Buffering"] = "no"
    return answer


async def _changes(wanted: frozenset[str]) -> AsyncIterator[str]:
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
