"""Plans carried through a reservoir against every member of the forecast; pure but for the rows it
is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fangxian.hazards.flood.forecast.models import Issue
from fangxian.spine.assess.read import thresholds_in_force
from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem

from .models import CurvePoint, Dam

if TYPE_CHECKING:  # the compiled kernel is only for those who race
    from fangxian.kernels.hydro.reservoir import Gate, Reservoir, Routed

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plan:
    """One way to run the dam: by its rule, a release by hour (m3/s), or openings of its gates by
    hour (hours, gates) with the turbines'."""

    code: str
    zh: str
    en: str
    release: Floats | None = None
    openings: Floats | None = None
    turbines: Floats | None = None


def reservoir_of(dam: Dam, at: datetime, hours: int) -> "Reservoir":
    """A dam as the kernel takes it. Raises ``dam.unready`` with what is missing or wrong."""
    from fangxian.kernels.hydro.reservoir import Rating, Reservoir

    curves = {kind: _curve(dam, kind) for kind in CurvePoint.Kind.values}
    for kind, zh, en in (
        ("storage", "库容曲线", "storage curve"),
        ("outlet", "泄流曲线", "outlet curve"),
    ):
        if len(curves[kind][0]) < 2:
            raise Problem("dam.unready", dam=str(dam), zh=f"缺{zh}", en=f"no {en}")
    if curves["storage"][0][-1] <= dam.top_m:
        zh, en = "库容曲线不高于防洪高水位", "the storage curve ends at or below the top level"
        raise Problem("dam.unready", dam=str(dam), zh=zh, en=en)
    crest = curves["spillway"]
    try:
        return Reservoir(
            curves["storage"][0],
            curves["storage"][1],
            Rating(*curves["outlet"]),
            dam.dead_m,
            limits(dam, at, hours),
            dam.safe_m3s,
            dam.top_m,
            gates_of(dam),
            Rating(*crest) if len(crest[0]) > 1 else None,
            dam.turbines_m3s,
        )
    except ValueError as error:
        raise Problem("dam.unready", dam=str(dam), zh=str(error), en=str(error)) from None


def _curve(dam: Dam, kind: str) -> tuple[Floats, Floats]:
    rows = dam.points.filter(kind=kind).order_by("level_m").values_list("level_m", "value")
    levels, values = np.array(list(rows), np.float64).reshape(-1, 2).T
    return levels, values


def gates_of(dam: Dam) -> tuple["Gate", ...]:
    """Gates by name. Raises ValueError (the kernel's) where a table has holes."""
    from fangxian.kernels.hydro.reservoir import Gate

    tables: dict[str, dict[tuple[float, float], float]] = {}
    for row in dam.gate_points.order_by("gate"):
        tables.setdefault(row.gate, {})[row.level_m, row.opening_m] = row.flow_m3s
    found = []
    for table in tables.values():
        levels = sorted({level for level, _ in table})
        openings = sorted({opening for _, opening in table})
        flows = [[table.get((x, y), np.nan) for y in openings] for x in levels]
        if np.isnan(flows).any():
            raise ValueError("a gate's table has holes")
        found.append(Gate(np.array(levels), np.array(openings), np.array(flows)))
    return tuple(found)


def limits(dam: Dam, at: datetime, hours: int) -> Floats:
    """The flood-limit level of each hour ahead, by the marks of the season."""
    rows = list(thresholds_in_force(at, family="reservoir", station_id=dam.gauge_id, mark="FSLTDZ"))
    found = np.full(hours, dam.limit_m)
    for k in range(hours):
        day = f"{clock.beijing(at + timedelta(hours=k + 1)):%m%d}"
        for row in rows:
            a, b = row.season_from or "0101", row.season_to or "1231"
            if (a <= day <= b) if a <= b else (day >= a or day <= b):
                found[k] = row.value
    return np.asarray(np.clip(found, dam.dead_m, dam.top_m))


def inflow_of(issue: Issue, at: datetime) -> Floats:
    """The forecast's equal members from ``at`` on (members, hours), m3/s."""
    gone = max(int((at - issue.at).total_seconds() // 3600), 0)
    rows = np.array(issue.told["range"], np.float64)[:, gone:]
    return np.maximum(rows, 0.0)


def race(
    dam: Dam, reservoir: "Reservoir", inflow: Floats, plans: Sequence[Plan], level_m: float
) -> list[dict[str, Any]]:
    """What each plan comes to over all members."""
    below = list(dam.below.select_related("place").order_by("from_m3s"))
    told = []
    for plan in plans:
        got = _carry(reservoir, inflow, plan, level_m)
        peaks, highest = got.outflow.max(axis=1), np.maximum(got.level.max(axis=1), level_m)
        beyond = got.beyond  # the curve ends there: levels and flows of these are lower bounds
        wet = [(b, float((peaks >= b.from_m3s).mean())) for b in below]
        told.append(
            {
                "code": plan.code,
                "zh": plan.zh,
                "en": plan.en,
                "over_safe": float((peaks > dam.safe_m3s * (1 + 1e-9)).mean()),
                "over_top": float(((highest > dam.top_m + 1e-6) | beyond).mean()),
                "highest": _spread(highest),
                "outflow": _spread(peaks),
                "beyond": bool(beyond.any()),
                "balance": float(np.max(got.balance)),
                "places": [
                    {"name": b.place.name, "people": b.people, "from": b.from_m3s, "chance": c}
                    for b, c in wet
                    if c > 0
                ],
                "people": round(sum(b.people * c for b, c in wet)),
                "level": _lines(got.level),
                "flow": _lines(got.outflow),
                "asked": _steps(plan.release),
                "gates": [] if plan.openings is None else [_steps(one) for one in plan.openings.T],
            }
        )
    return told


def _carry(reservoir: "Reservoir", inflow: Floats, plan: Plan, level_m: float) -> "Routed":
    """Let out what comes in is a plan of each member's own."""
    from fangxian.kernels.hydro.reservoir import Routed, route

    try:
        if plan.code == "hold":
            parts = [
                route(reservoir, one, level=level_m, dt_h=1.0, plan=one.copy()) for one in inflow
            ]
            names = ("level", "outflow", "volume", "beyond", "balance", "spilt")
            return Routed(*(np.array([getattr(p, n) for p in parts]) for n in names))
        return route(
            reservoir,
            inflow,
            level=level_m,
            dt_h=1.0,
            plan=plan.release,
            openings=plan.openings,
            turbines=plan.turbines,
        )
    except ValueError as error:
        raise Problem("numbers.refused", why=str(error)) from None


def _spread(values: Floats) -> dict[str, float]:
    low, mid, high = np.quantile(values, (0.05, 0.5, 0.95))
    return {"low": round(float(low), 2), "mid": round(float(mid), 2), "high": round(float(high), 2)}


def _lines(values: Floats) -> dict[str, list[float]]:
    low, mid, high = np.quantile(values, (0.05, 0.5, 0.95), axis=0)
    return {"low": _plain(low), "mid": _plain(mid), "high": _plain(high)}


def _plain(values: Floats) -> list[float]:
    return [round(float(v), 3) for v in values]


def _steps(release: Floats | None) -> list[tuple[int, float]]:
    """From which hour on how much is asked for, m3/s, or m of a gate's opening."""
    if release is None or not len(release):
        return []
    changes = [0, *(np.flatnonzero(np.diff(release)) + 1).tolist()]
    return [(hour, round(float(release[hour]), 3)) for hour in changes]


def plans_for(
    dam: Dam, rules: Mapping[str, Any], hours: int, own: Sequence[Plan] = ()
) -> list[Plan]:
    """The plans of the rules, and a person's own."""
    found = []
    for row in rules["plan"]:
        release = np.full(hours, dam.safe_m3s) if row["code"] == "pre" else None
        found.append(Plan(row["code"], row["zh"], row["en"], release))
    return [*found, *(_cut(plan, hours) for plan in own)]


def _cut(plan: Plan, hours: int) -> Plan:
    """A plan for the hours that are left of the forecast."""
    parts = {name: getattr(plan, name) for name in ("release", "openings", "turbines")}
    return replace(plan, **{name: v[:hours] for name, v in parts.items() if v is not None})
