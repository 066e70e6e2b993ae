"""The whole demo at full speed in one process beside a real gateway process: the same frames, the
same listener, the same worker. Prints counts along the chain and judges them."""

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from fangxian.ops.worker import Worker
from fangxian.spine.command.models import Order, Proposal
from fangxian.spine.core import clock
from fangxian.spine.core.clock import ScenarioClock
from fangxian.spine.core.config import config
from fangxian.spine.observe.listener import Listener
from fangxian.spine.reach.models import Delivery

from .audit import Audit
from .feeds import Feed, feeds_of, next_of
from .figures import count, wrong_in
from .people import People
from .scenario import scenario_of
from .sender import Tally

STEP = timedelta(minutes=10)
QUIET_HOURS = 2  # so often everything is looked at where no storm reports every hour


def run(
    progress: Callable[[int, int], None],
    hours: int | None = None,
    *,
    desk: bool = False,
    audit: int = 0,
) -> dict[str, Any]:
    """Replay ``hours`` hours of the folder's scenario, all of them without; return the counts and
    what is wrong with them. With ``desk`` nobody decides: the folder is left for people at the
    screen. With ``audit`` the desk is held against the raw data every so many minutes
    (ten, twenty …)."""
    started = time.monotonic()
    times = clock.current()
    if not isinstance(times, ScenarioClock):
        raise TypeError("the demo runs only in a drill's data folder")
    scenario = scenario_of(config().data_dir)
    hours = min(hours or scenario.hours, scenario.hours)
    loop, listener = asyncio.new_event_loop(), Listener()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    server = _in(loop, listener.serve("127.0.0.1", 0))
    port = server.sockets[0].getsockname()[1]
    storm, letters = feeds_of(scenario, hours=hours, port=port, url=config().url)
    feeds: list[Feed] = [storm, letters] if storm else [letters]
    storm_at = scenario.starts_at if storm else None
    hourly = storm is not None or scenario.calibrate is not None
    worker, people, night = Worker(), People(storm_at=storm_at), Audit()
    gc.set_threshold(50_000, 20, 100)  # many short-lived rows
    worker.cover(force=True)
    for hour in range(1, hours + 1):
        steps = _steps(scenario.starts_at + timedelta(hours=hour))
        for k, now in enumerate(steps):
            held = audit and (k + 1) % max(1, audit // 10) == 0  # with the hour's own look
            coming = (next_of(feeds) or now + STEP) <= now
            full = now == steps[-1] and (hourly or hour % QUIET_HOURS == 0)
            if not (full or coming or held or _busy()):
                continue  # nobody is waited for: on to what comes next
            times.set(at=now, speed=0)
            for feed in feeds:
                feed.send(now)
            people.act(now, decide=not desk)
            worker.listen()
            worker.settle()
            if full or held:
                _look(worker, now, night if held else None)
        progress(hour, hours)
    for _ in range(3):  # let what was set going come to rest
        worker.listen()
        worker.settle()
    worker.cover(force=True)
    _in(loop, listener.close(server))
    counts = count(scenario, storm.sender.tally if storm else Tally(), listener, letters)
    counts["wall_s"] = round(time.monotonic() - started, 1)
    counts |= {"audit": night.told()} if audit else {}
    wrong = wrong_in(counts) + ["the night audit found something"] * (night.n_wrong > 0)
    return counts | {"wrong": wrong, "ok": not wrong}


def _look(worker: Worker, now: datetime, night: Audit | None) -> None:
    """Look at everything: compute, follow what comes of it, sweep the cover; then the audit."""
    worker.compute()
    worker.settle()
    worker.cover()
    if night is not None:
        night.take(now)


def _in(loop: asyncio.AbstractEventLoop, work: Any) -> Any:
    return asyncio.run_coroutine_threadsafe(work, loop).result(60)


def _steps(end: datetime) -> list[datetime]:
    """The instants of the hour that ends at ``end``, the reports coming a minute after it."""
    first = end - timedelta(hours=1) + timedelta(minutes=1)
    return [first + k * STEP for k in range(1, 7)]


def _busy() -> bool:
    """Whether somebody is waited for at this moment: a decision, an answer, a call to be made."""
    return (
        Order.objects.filter(state__in=["issued", "delivered"]).exists()
        or Proposal.objects.filter(state="open").exists()
        or Delivery.objects.filter(state=Delivery.State.PLANNED).exists()
    )
