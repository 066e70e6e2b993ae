"""Services of reservoirs: plans raced, one chosen and ordered."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Q, QuerySet

from fangxian.hazards.flood.evacuation.read import ACTION
from fangxian.hazards.flood.forecast.models import Issue
from fangxian.spine.command.models import OVER, Order
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import close_order, issue_orders
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require

from .models import Dam, Race
from .racing import Plan, inflow_of, plans_for, race, reservoir_of
from .read import levels_now
from .rules import GATES, OWN, dispatching

HOUR = timedelta(hours=1)


@transaction.atomic
def run_race(*, dam: Dam, by: Seat, own: Sequence[Plan] = ()) -> Race:
    """Race the plans of the rules, and a person's ``own``, against the newest forecast of the
    inflow. Raises ``dam.unready``, ``dam.level_old``, ``dam.no_forecast``."""
    require(by, "reservoir.race", place=dam.gauge.place.path)
    now = clock.now()
    rules = dispatching(now)
    level = levels_now([dam], now).get(dam.pk)
    if level is None or level.old:
        raise Problem("dam.level_old", dam=str(dam))
    issues = Issue.objects.filter(basin=dam.basin).order_by("-at", "-pk")
    issue = issues.first() if dam.basin_id else None
    if issue is None or now - issue.at > timedelta(hours=rules["issue_old_h"]):
        raise Problem("dam.no_forecast", dam=str(dam))
    inflow = inflow_of(issue, now)
    hours = inflow.shape[1]
    reservoir = reservoir_of(dam, now, hours)
    plans = plans_for(dam, rules, hours, own)
    told = race(dam, reservoir, inflow, plans, level.m)
    limit = np.asarray(reservoir.limit, np.float64)
    one = Race.objects.create(
        dam=dam,
        issue=issue,
        made_at=now,
        level_m=level.m,
        level_at=level.at,
        told={"plans": told, "limit": limit.tolist()},
        by=by.label,
    )
    record("reservoir.raced", subject=one, by=by, after={"plans": [p["code"] for p in told]})
    return one


def own_plan(steps: Sequence[tuple[int, float]], hours: int) -> Plan:
    """A release that changes at some hours: (from hour, m3/s). Raises ``input.invalid``."""
    if not steps or min(h for h, _ in steps) > 0 or any(v < 0 for _, v in steps):
        raise Problem("input.invalid", field="release", why="第 0 小时起要有泄量，且不小于 0")
    release = np.zeros(hours)
    for hour, value in sorted(steps):
        release[hour:] = value
    return Plan(OWN, "自拟", "own", release)


def gate_plan(dam: Dam, steps: Sequence[tuple[str, int, float]], hours: int) -> Plan:
    """Openings that change at some hours: (gate, from hour, m); the turbines run at full. Every
    gate of the dam is said from hour 0 on. Raises ``input.invalid``."""
    names = sorted(set(dam.gate_points.values_list("gate", flat=True)))
    strange = sorted({gate for gate, _, _ in steps} - set(names))
    begun = {gate for gate, hour, _ in steps if hour == 0}
    if strange or begun != set(names) or any(m < 0 for _, _, m in steps):
        told = "、".join(strange or sorted(set(names) - begun)) or "—"
        raise Problem(
            "input.invalid", field="gates", why=f"{told}；闸门：{'、'.join(names) or '—'}"
        )
    openings = np.zeros((hours, len(names)))
    for gate, hour, opening in sorted(steps, key=lambda step: step[1]):
        openings[hour:, names.index(gate)] = opening
    turbines = np.full(hours, dam.turbines_m3s)
    return Plan(GATES, "自拟闸门", "own gates", openings=openings, turbines=turbines)


def open_evacuations(dam: Dam) -> "QuerySet[Order]":
    """Orders to move people out that run in places below the dam, or in what holds them."""
    paths = list(dam.below.values_list("place__path", flat=True))
    if not paths:
        return Order.objects.none()
    here = Q()
    for path in paths:
        above = [path[: k + 1] for k, c in enumerate(path) if c == "."]
        here |= Q(area__path__startswith=path) | Q(area__path__in=above)
    return Order.objects.filter(here, action=ACTION).exclude(state__in=OVER)


def _withdraw_earlier(one: Race, by: Seat) -> None:
    """The order of an earlier plan for the same dam, if it still stands, is no more: two at once
    contradict each other."""
    before = Race.objects.filter(dam=one.dam).exclude(pk=one.pk).values("order_id")
    for order in Order.objects.filter(pk__in=before).exclude(state__in=OVER):
        close_order(order=order, reason=f"改用新方案（试算 {one.pk}）", by=by)


@transaction.atomic
def choose(*, one: Race, code: str, by: Seat, override: str = "") -> Race:
    """A plan becomes an order to who answers for the dam. While people below are being moved out
    it is refused, unless who decides says why; so is a plan that was raced from a level and a
    forecast that are too old by now. Raises ``release.evacuation_open``, ``race.chosen``,
    ``race.old``."""
    dam = one.dam
    require(by, "reservoir.decide", place=dam.gauge.place.path)
    plan = next((p for p in one.told["plans"] if p["code"] == code), None)
    if plan is None:
        raise Problem("input.invalid", field="plan", why=code)
    going = open_evacuations(dam).select_related("area")
    if going.exists() and not override.strip():
        names = "、".join(o.area.name for o in going[:5])
        raise Problem("release.evacuation_open", dam=str(dam), places=names, n=going.count())
    now, rules = clock.now(), dispatching(clock.now())
    if now - one.made_at > timedelta(hours=rules["level_old_h"]):
        raise Problem("race.old", dam=str(dam))
    changed = Race.objects.filter(pk=one.pk, chosen="").update(
        chosen=code, chosen_by=by.label, chosen_at=now, override=override.strip()[:300]
    )
    if not changed:
        raise Problem("race.chosen", dam=str(dam))
    out = plan["outflow"]
    words = f"{dam} {plan['zh']}，最大泄量约 {out['mid']:g}（{out['low']:g}–{out['high']:g}）m3/s"
    words_en = f"{dam}: {plan['en']}, up to about {out['mid']:g} m3/s"
    task = Task(
        area=dam.gauge.place,
        verb="调度",
        object=words[:120],
        minutes=int(rules["order_min"]),
        verb_en="operate",
        object_en=words_en[:200],
        about=("station", dam.gauge.code),
    )
    _withdraw_earlier(one, by)
    orders = issue_orders([task], hazard="flood", level=Level[rules["order_level"]], by=by)
    Race.objects.filter(pk=one.pk).update(order_id=orders[0].pk if orders else None)
    one.refresh_from_db()
    after: dict[str, Any] = {"plan": code, "order": one.order_id, "evacuations": going.count()}
    record("reservoir.plan_chosen", subject=one, by=by, after=after, reason=override)
    return one
