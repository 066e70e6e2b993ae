"""Reservoirs on screen: all dams, one dam with its plans raced, a choice."""

import re
from typing import Any

import numpy as np
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language, gettext

from fangxian.hazards.flood.forecast.filled import HOUR_S
from fangxian.hazards.flood.forecast.readings import Readings
from fangxian.spine.command.read import orders
from fangxian.spine.core import clock
from fangxian.spine.core.page import SeatedRequest, action, cut, page, text
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import may

from . import read
from .cover import compared
from .models import Dam, Race
from .read import levels_now
from .rules import MOST_H, dispatching
from .write import choose, gate_plan, open_evacuations, own_plan, run_race

SHOWN = 200
WIDE, HIGH = 600, 140
MOST_VALUE = 1e6  # m3/s or m that somebody may mean


@page(read.RIGHT)
def board(request: SeatedRequest) -> HttpResponse:
    """All dams: level now, limit, the newest race."""
    now = clock.now()
    dams = cut(read.dams(seat=request.seat), SHOWN)
    races = read.races(seat=request.seat)
    levels = levels_now(dams, now)
    rows = [
        {"dam": d, "level": levels.get(d.pk), "race": races.filter(dam=d).first()} for d in dams
    ]
    return render(request, "reservoir/board.html", {"room": "watch", "rows": rows, "dams": dams})


@page(read.RIGHT)
def one_dam(request: SeatedRequest, code: str) -> HttpResponse:
    """One dam: plans raced against the forecast."""
    dam, now = read.dam(code, seat=request.seat), clock.now()
    rows = read.races(seat=request.seat).filter(dam=dam)
    key = request.GET.get("race", "")
    race = (rows.filter(pk=int(key)) if re.fullmatch(r"[0-9]{1,18}", key) else rows).first()
    place = dam.gauge.place.path
    context = {
        "room": "watch",
        "dam": dam,
        "level": levels_now([dam], now).get(dam.pk),
        "race": race,
        "plans": _plans(race) if race else [],
        "seen": _seen(race) if race and race.chosen else None,
        "earlier": cut(rows, 20),
        "going": open_evacuations(dam).count(),
        "orders": cut(orders(seat=request.seat).filter(pk__in=open_evacuations(dam)), 10),
        "below": cut(dam.below.select_related("place").order_by("from_m3s"), 50),
        "gates": _gates(dam),
        "risk_told": dispatching(now)["risk_told"],
        "may_race": may(request.seat, "reservoir.race", place=place),
        "may_choose": may(request.seat, "reservoir.decide", place=place),
        "en": _english(),
    }
    return render(request, "reservoir/dam.html", context)


def _gates(dam: Dam) -> list[str]:
    return sorted(set(dam.gate_points.values_list("gate", flat=True)))


def _english() -> bool:
    return (get_language() or "zh").startswith("en")


def _plans(race: Race) -> list[dict[str, Any]]:
    """Each plan with its words and the lines of its level."""
    plans, limit = race.told["plans"], race.told["limit"]
    names = _gates(race.dam)
    every = [v for p in plans for name in ("low", "high") for v in p["level"][name]]
    low, high = min([*every, *limit]), max([*every, *limit, race.dam.top_m])
    return [
        {
            **plan,
            "words": plan["en" if _english() else "zh"],
            "opened": list(zip(names, plan["gates"], strict=False)),
            "chosen": plan["code"] == race.chosen,
            "line": _points(plan["level"]["mid"], low, high),
            "band": _points(plan["level"]["low"], low, high)
            + " "
            + " ".join(reversed(_points(plan["level"]["high"], low, high).split())),
            "limit": _points(limit, low, high),
            "top": f"{_y(race.dam.top_m, low, high):.0f}",
        }
        for plan in plans
    ]


def _points(values: list[float], low: float, high: float) -> str:
    step = WIDE / max(len(values) - 1, 1)
    return " ".join(f"{k * step:.0f},{_y(v, low, high):.0f}" for k, v in enumerate(values))


def _y(value: float, low: float, high: float) -> float:
    return HIGH - HIGH * (value - low) / max(high - low, 0.01)


def _seen(race: Race) -> dict[str, Any]:
    """What happened against the chosen plan."""
    now = clock.now()
    hours = min(int((now - race.made_at).total_seconds()) // HOUR_S, len(race.told["limit"]))
    if hours < 1:
        return {"hours": 0, "away": None}
    until_s = int(race.made_at.timestamp()) + hours * HOUR_S
    level = Readings([race.dam.gauge_id], until_s=until_s, hours=hours).level(race.dam.gauge_id)
    return {
        "hours": hours,
        "away": compared(race, level),
        "highest": float(np.nanmax(level)) if np.isfinite(level).any() else None,
    }


@action("reservoir.race")
def start(request: SeatedRequest, code: str) -> HttpResponse:
    """Race the plans now, with a release or openings of one's own where they are given."""
    dam = read.dam(code, seat=request.seat)
    given, gates = text(request, "release", most=400), text(request, "gates", most=800)
    own = [own_plan([(h, v) for _, h, v in _steps(given, "release")], MOST_H)] if given else []
    own += [gate_plan(dam, _steps(gates, "gates", named=True), MOST_H)] if gates else []
    run_race(dam=dam, by=request.seat, own=own)
    return redirect(f"/reservoirs/{code}")


def _steps(given: str, field: str, *, named: bool = False) -> list[tuple[str, int, float]]:
    """0 300, 6 500: from hour 0 on 300 m3/s, from hour 6 on 500; ``named``: 1号 0 0.5, each with
    its gate before."""
    found = []
    for part in re.split(r"[,，;；\n]+", given):
        words = part.split()
        name = words.pop(0) if named and len(words) > 2 else ""
        try:
            hour, value = int(words[0]), float(words[1])
        except (IndexError, ValueError):
            example = "1号 0 0.5, 1号 6 1.2" if named else "0 300, 6 500"
            why = f"“{part.strip()}”：写作 {example}"
            raise Problem("input.invalid", field=field, why=why) from None
        if not (0 <= hour < MOST_H and 0 <= value <= MOST_VALUE):
            raise Problem("input.invalid", field=field, why=part.strip())
        found.append((name, hour, value))
    return found


@action("reservoir.decide")
def decide(request: SeatedRequest, key: int) -> HttpResponse:
    """The chosen plan becomes an order."""
    race = read.one_race(key, seat=request.seat)
    done = choose(
        one=race,
        code=text(request, "plan", most=20),
        by=request.seat,
        override=text(request, "override", most=300),
    )
    messages.success(request, gettext("已下达调度指令 %(n)s。") % {"n": done.order_id})
    return redirect(f"/reservoirs/{race.dam.gauge.code}?race={race.pk}")


ROUTES = (
    path("reservoirs", board),
    path("reservoirs/races/<int:key>/choose", decide),
    path("reservoirs/<str:code>", one_dam),
    path("reservoirs/<str:code>/race", start),
)
