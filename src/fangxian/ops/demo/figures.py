"""The figures of a demo at full speed, counted along the chain, and what does not add up."""

from collections import Counter
from datetime import UTC, date, timedelta
from typing import Any

from django.db.models import Count

from fangxian.hazards.epidemic.sentinel.models import Case, Inquiry
from fangxian.hazards.epidemic.sentinel.read import local_cases
from fangxian.hazards.epidemic.sentinel.rules import HEADQUARTERS as EPIDEMIC
from fangxian.hazards.epidemic.sentinel.rules import LOCAL_CASE
from fangxian.hazards.flood.forecast.verified import figures as forecast_figures
from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.read import alarm_figures
from fangxian.spine.command.models import Order, Proposal, Response
from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.config import config
from fangxian.spine.core.events import verify_chain
from fangxian.spine.core.hazards import hazard as known_hazard
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event, Job
from fangxian.spine.cover.models import Gap
from fangxian.spine.observe.listener import Listener
from fangxian.spine.observe.models import Report
from fangxian.spine.observe.store import store
from fangxian.spine.reach.models import Delivery

from .letters import Letters
from .scenario import Scenario
from .sender import Tally


def count(scenario: Scenario, tally: Tally, listener: Listener, letters: Letters) -> dict[str, Any]:
    counts = listener.counts
    orders = dict(Order.objects.values_list("state").annotate(n=Count("id")))
    deliveries = Counter[str]()
    for state, n in Delivery.objects.values_list("state").annotate(n=Count("id")):
        deliveries[Delivery.State(state).name.lower()] = n
    figures = alarm_figures(since=scenario.starts_at.astimezone(UTC), until=clock.now())
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
        "letters": letters.sent,
        "letters_refused": letters.refused,
        "epidemic": _epidemic(scenario),
        "forecast": forecast_figures(since=scenario.starts_at, until=clock.now()),
        "events": Event.objects.count(),
        "chain_ok": not chain,
        "chain_broken": chain,
    }


def _epidemic(scenario: Scenario) -> dict[str, Any]:
    """What the epidemic headquarters saw: the day each rule first spoke, cases, reports, inquiries
    by state, and red days: those on which detectors had a signal up, of any level, while no local
    case was known."""
    rows = Signal.objects.filter(hazard=EPIDEMIC).order_by("started_at")
    first: dict[str, str] = {}
    red: set[date] = set()
    last = beijing(clock.now()).date()
    for signal in rows:
        day = beijing(signal.started_at).date()
        first.setdefault(f"{signal.family} {signal.rule.split()[0]}", day.isoformat())
        if signal.family != LOCAL_CASE:
            over = beijing(signal.cleared_at).date() if signal.cleared_at else last
            red |= {day + timedelta(days=k) for k in range((over - day).days + 1)}
    begun = beijing(scenario.starts_at).date()
    known = Case.objects.filter(local_cases()).order_by("reported_at").first()
    until = beijing(known.reported_at).date() if known else last
    return {
        "first_signals": first,
        "signals": rows.count(),
        "cases": Case.objects.count(),
        "reports": Report.objects.filter(current=True).count(),
        "reports_late": sum(r.late for r in Report.objects.filter(current=True)),
        "inquiries": dict(Inquiry.objects.values_list("state").annotate(n=Count("id"))),
        "orders_closed": Order.objects.filter(hazard=EPIDEMIC, state="closed").count(),
        "silent_in_flood": Gap.objects.filter(rule="silent-in-flood").count(),
        "reports_not_made": Gap.objects.filter(rule="report-not-made").count(),
        "red_days_before_a_case": len({d for d in red if begun <= d < until}),
        "days_before_a_case": max((until - begun).days, 0),
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


def wrong_in(counts: dict[str, Any]) -> list[str]:
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
    wrong += [f"refused: {why}" for why in counts["letters_refused"][:5]]
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
