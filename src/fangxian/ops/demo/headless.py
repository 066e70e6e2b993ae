"""The whole demo at full speed in one process beside a real gateway process: the same frames, the
same listener, the same worker. Prints counts along the chain and judges them."""

import asyncio
import gc
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count

from fangxian.ops.worker import Worker
from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.read import alarm_figures
from fangxian.spine.command.models import Order, Proposal, Response
from fangxian.spine.core import clock
from fangxian.spine.core.clock import ScenarioClock
from fangxian.spine.core.config import config
from fangxian.spine.core.events import verify_chain
from fangxian.spine.core.hazards import hazard as known_hazard
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event, Job
from fangxian.spine.cover.models import Gap
from fangxian.spine.observe.listener import Listener
from fangxian.spine.observe.store import store
from fangxian.spine.reach.models import Delivery

from .audit import Audit
from .people import People
from .sender import Sender
from .storm import demo_stations, make_world
from .storm_time import HOURS, STARTS_AT

STEP = timedelta(minutes=10)


def run(
    progress: Callable[[int, int], None],
    hours: int = HOURS,
    *,
    desk: bool = False,
    audit: bool = False,
) -> dict[str, Any]:
    """Replay ``hours`` hours; return the counts and what is wrong with them. With ``desk`` nobody
    decides: the folder is left for people at the screen. With ``audit`` the desk is held against
    the raw data every ten minutes."""
    started = time.monotonic()
    times = clock.current()
    if not isinstance(times, ScenarioClock):
        raise TypeError("the demo runs only in a drill's data folder")
    world = make_world(*demo_stations())
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    listener = Listener()
    server = _in(loop, listener.serve("127.0.0.1", 0))
    sender = Sender(world, host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    worker, people, night = Worker(), People(), Audit()
    gc.set_threshold(50_000, 20, 100)  # many short-lived rows
    worker.cover(force=True)
    for hour in range(1, hours + 1):
        end = STARTS_AT + timedelta(hours=hour)
        for now in _steps(end):
            if now < end and not (audit or _busy()):
                continue  # nobody is waited for: on to the next reports
            times.set(at=now, speed=0)
            if now == end + timedelta(minutes=1):
                _in(loop, sender.send_hour(hour, end))
            people.act(now, decide=not desk)
            worker.listen()
            worker.settle()
            if now >= end or audit:
                worker.cover()
            if audit:
                night.take(now)
        progress(hour, hours)
    for _ in range(3):  # let what was set going come to rest
        worker.listen()
        worker.settle()
    worker.cover(force=True)
    _in(loop, listener.close(server))
    counts = _counts(sender, listener)
    counts["wall_s"] = round(time.monotonic() - started, 1)
    counts |= {"audit": night.told()} if audit else {}
    counts["wrong"] = _wrong(counts)
    counts["wrong"] += ["the night audit found something"] * (night.n_wrong > 0)
    counts["ok"] = not counts["wrong"]
    return counts


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


def _counts(sender: Sender, listener: Listener) -> dict[str, Any]:
    tally, counts = sender.tally, listener.counts
    orders = dict(Order.objects.values_list("state").annotate(n=Count("id")))
    deliveries = Counter[str]()
    for state, n in Delivery.objects.values_list("state").annotate(n=Count("id")):
        deliveries[Delivery.State(state).name.lower()] = n
    figures = alarm_figures(since=STARTS_AT.astimezone(UTC), until=clock.now())
    chain = verify_chain()
    return {
        "scenario": config().scenario,
        "frames_sent": tally.frames,
        "frames_received": listener.frames,
        "messages_sent": tally.messages,
        "messages_confirmed": tally.confirmed,
        "stored": counts.stored,
        "quarantined": counts.quarantined,
        "duplicate": counts.duplicate,
        "rejected": counts.rejected,
        "rejected_why": listener.rejected,
        "damaged_on_purpose": tally.damaged,
        "packets_extra": tally.packets_extra,
        "readings": store().counts(),
        "signals": Signal.objects.count(),
        "signals_by_worst": {
            level.name: Signal.objects.filter(worst_level=level).count() for level in Level
        },
        "proposals": dict(Proposal.objects.values_list("state").annotate(n=Count("id"))),
        "responses": Response.objects.count(),
        "orders": orders,
        "deliveries": dict(deliveries),
        "gaps_opened": Gap.objects.count(),
        "gaps_open": dict(
            Gap.objects.filter(until=None).values_list("rule").annotate(n=Count("id"))
        ),
        "dead_letters": Job.objects.filter(state="dead").count(),
        "alarm_figures": {
            "raw": figures.raw,
            "announced": figures.announced,
            "worst_10min": figures.worst_10min,
            "red_raised": figures.red_raised,
            "red_announced": figures.red_announced,
        },
        "red_without_order": _red_without_order(),
        "events": Event.objects.count(),
        "chain_ok": not chain,
        "chain_broken": chain,
    }


def _red_without_order() -> list[dict[str, Any]]:
    """Red signals whose town got no order, each with a reason if there is one."""
    found = []
    orders = set(Order.objects.values_list("area__path", "hazard"))
    for signal in Signal.objects.filter(worst_level=Level.I).select_related("place"):
        own = known_hazard(signal.hazard).responds_as
        hazards = {own, "typhoon"} if own == "rain" else {own}
        covered = any(
            hazard in hazards and signal.place.path.startswith(area) for area, hazard in orders
        )
        if covered or signal.family.startswith("warning-"):
            continue
        reason = _reason(signal)
        found.append({"signal": signal.pk, "place": signal.place.name, "reason": reason})
    return found


def _reason(signal: Signal) -> str:
    """Why a red signal led to no order: known reasons only, else empty."""
    if signal.cleared_at and signal.cleared_at - signal.started_at < timedelta(minutes=30):
        return "fell again before a response was decided"
    hazard = known_hazard(signal.hazard).responds_as
    if Proposal.objects.filter(hazard=hazard, state="open").exists():
        return "the proposal waits for a decision"
    return ""


def _wrong(counts: dict[str, Any]) -> list[str]:
    """What does not add up; empty is a good run."""
    wrong = []
    seen = sum(counts[k] for k in ("stored", "quarantined", "duplicate", "rejected"))
    seen += counts["packets_extra"]
    if counts["frames_sent"] != counts["frames_received"] or counts["frames_received"] != seen:
        wrong.append(f"frames: {counts['frames_sent']} sent, {seen} accounted for")
    if counts["rejected"] != counts["damaged_on_purpose"]:
        wrong.append("rejected frames are not the damaged ones")
    if counts["messages_confirmed"] != counts["messages_sent"]:
        wrong.append("not every message was confirmed")
    if set(counts["orders"]) - set(Order.State.values):
        wrong.append("an order is in a state that does not exist")
    wrong += _impossible_orders()
    wrong += [
        f"red signal {r['signal']} has no order and no reason"
        for r in counts["red_without_order"]
        if not r["reason"]
    ]
    if counts["alarm_figures"]["worst_10min"] > 10:
        wrong.append("more than 10 announcements in 10 minutes")
    if counts["dead_letters"]:
        wrong.append(f"{counts['dead_letters']} dead letters")
    return wrong + list(counts["chain_broken"])


def _impossible_orders() -> list[str]:
    orders = Order.objects
    checks = {
        "acknowledged without a time": orders.filter(
            state__in=["acknowledged", "in_progress", "reported"], acknowledged_at=None
        ),
        "verified without a report": orders.filter(state="verified", reported_at=None),
        "closed without a reason": orders.filter(state="closed", close_reason=""),
    }
    return [f"orders {name}: {rows.count()}" for name, rows in checks.items() if rows.exists()]
