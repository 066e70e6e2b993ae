"""Stored forecasts against what came: by lead, with the grade of the standard, and the ledger of
crossings."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import F
from numpy.typing import NDArray

from .basins import area_above, basins_at, rating_at
from .filled import HOUR_S
from .models import Basin, Expected, Issue
from .readings import Readings, hour_of
from .rules import forecasting, grading_rules
from .running import LEVELS
from .searching import floods

Floats = NDArray[np.float64]
LEADS = (1, 3, 6, 12, 24, 48, 72)


@dataclass(frozen=True, slots=True)
class Verified:
    """A basin's forecasts of a span: rows by lead with the grade of each, its floods by lead, how
    many issues and hours they rest on, and the hours whose flow is not known."""

    rows: list[dict[str, Any]]
    floods: list[dict[str, Any]]
    issues: int
    hours: int
    silent: int


@dataclass(frozen=True, slots=True)
class _Told:
    """What was issued, in m3/s: flow (time, leads) and members (time, leads, levels)."""

    leads: list[int]
    flow: Floats
    members: Floats

    @property
    def band(self) -> tuple[Floats, Floats]:
        return self.members[..., 0], self.members[..., -1]


def verify(basin: Basin, *, since: datetime, until: datetime) -> Verified:
    """Each hour's first forecast against the readings of now. Hours whose flow is not known are
    counted as silent, never as right."""
    from fangxian.kernels.hydro.grade import grade
    from fangxian.kernels.hydro.verify import by_lead

    rules, _ = grading_rules(until.date())
    hours = (hour_of(until) - hour_of(since)) // HOUR_S
    read = Readings([basin.outlet_id], until_s=hour_of(until), hours=hours)
    observed = read.flow(basin.outlet_id, rating_at(basin.outlet_id, until))
    issues = _first_of_each_hour(basin, since, until)
    silent = int(np.isnan(observed).sum())
    if not issues or silent == hours:
        return Verified([], [], len(issues), hours, silent)
    told = _lay_out(issues, read.since_s, hours)
    scores = by_lead(
        told.flow, observed, rules, leads=told.leads, band=told.band, members=told.members
    )
    rows = [
        {
            "lead": s.lead,
            "pairs": s.pairs,
            "dc": s.dc,
            "grade": grade(s.dc, rules.dc) if np.isfinite(s.dc) else "",
            "rate": s.qualified_rate,
            "rate_grade": grade(s.qualified_rate, rules.rate)
            if np.isfinite(s.qualified_rate)
            else "",
            "mae": s.mae,
            "crps": s.crps,
            "pi": s.persistence_index,
            "holds": s.coverage,
            "below": s.below,
        }
        for s in scores
        if s.pairs
    ]
    floods = _floods(basin, told, observed, read.since_s, until)
    return Verified(rows, floods, len(issues), hours, silent)


def _lay_out(issues: list[tuple[datetime, dict[str, Any]]], since_s: int, hours: int) -> _Told:
    """Forecasts as arrays: row t stands for what was issued with the readings of hour t."""
    longest = max(len(told["flow"]) for _, told in issues)
    leads = [lead for lead in LEADS if lead <= longest]
    flow = np.full((hours, len(leads)), np.nan)
    members = np.full((hours, len(leads), len(LEVELS)), np.nan)
    for at, told in issues:
        t = (int(at.timestamp()) - since_s) // HOUR_S - 1
        if not 0 <= t < hours:
            continue
        for k, lead in enumerate(leads):
            if lead <= len(told["flow"]):
                flow[t, k] = told["flow"][lead - 1]
                members[t, k] = [level[lead - 1] for level in told["range"]]
    return _Told(leads, flow, members)


def _floods(
    basin: Basin, told: _Told, observed: Floats, since_s: int, until: datetime
) -> list[dict[str, Any]]:
    """Each flood of the span, the newest first, at each lead: peak, its time and the depth as the
    standard judges them. One with a gap in its readings is told, not judged."""
    from fangxian.kernels.hydro.verify import by_event

    rules, _ = grading_rules(until.date())
    area = area_above(basin, until)
    found = []
    for a, b in floods(observed, forecasting(until)["flood_rise"]):
        seen = observed[a:b]
        peak = int(np.nanargmax(seen))
        one: dict[str, Any] = {
            "at": datetime.fromtimestamp(since_s + (a + peak + 1) * HOUR_S, UTC),
            "peak": float(seen[peak]),
            "gap": int(np.isnan(seen).sum()),
            "leads": [],
        }
        found.append(one)
        if one["gap"]:
            continue
        scores = by_event(
            told.flow, observed, rules, leads=told.leads, event=(a, b - 1), dt_h=1.0,
            area_km2=area, band=told.band,
        )  # fmt: skip
        one["leads"] = [
            {
                "lead": s.lead,
                "dc": s.dc,
                "holds": s.coverage,
                "peak": items["peak"].error / one["peak"] if one["peak"] else 0.0,
                "time": items["time"].error,
                "depth": items["depth"].error,
                "passed": {what: item.qualified for what, item in items.items()},
            }
            for s in scores
            for items in ({item.what: item for item in s.items},)
        ]
    return found[::-1]


def _first_of_each_hour(
    basin: Basin, since: datetime, until: datetime
) -> list[tuple[datetime, dict[str, Any]]]:
    """What was issued first for each hour: late readings must not make a forecast better, and what
    was made long after its hour is none."""
    late = F("at") + timedelta(hours=forecasting(until)["hindcast_h"])
    rows = basin.issues.filter(at__gte=since, at__lte=until, issued_at__lte=late)
    rows = rows.order_by("-at", "-pk")
    found = {at: told for at, told in rows.values_list("at", "told")}
    return sorted((at, told) for at, told in found.items() if int(at.timestamp()) % HOUR_S == 0)


def ledger(rows: Any) -> dict[str, Any]:
    """Hits, false alarms and misses, with the usual ratios; None where there is nothing to divide
    by."""
    counts = Counter(rows.values_list("came", flat=True))
    hits, false, missed = (counts[c] for c in ("hit", "false", "miss"))
    leads = list(rows.filter(lead_h__isnull=False).values_list("lead_h", flat=True))
    return {
        "hits": hits,
        "false": false,
        "misses": missed,
        "unknown": counts["unknown"],
        "open": counts["open"],
        "pod": hits / (hits + missed) if hits + missed else None,
        "far": false / (hits + false) if hits + false else None,
        "lead_h": float(np.median(leads)) if leads else None,
    }


def ledger_by_mark(rows: Any) -> list[tuple[str, dict[str, Any]]]:
    """The ledger of each mark by itself."""
    marks = sorted(set(rows.values_list("mark", flat=True)))
    return [(mark, ledger(rows.filter(mark=mark))) for mark in marks]


def figures(*, since: datetime, until: datetime) -> dict[str, Any]:
    """What the forecasts of a span came to, for programs: issues, the ledger, and the grades of
    each basin by lead."""
    return {
        "issues": Issue.objects.filter(issued_at__gte=since, issued_at__lte=until).count(),
        "ledger": ledger(Expected.objects.filter(first_at__gte=since)),
        "grades": {
            basin.code: [
                {"lead": row["lead"], "dc": round(row["dc"], 4), "grade": row["grade"]}
                for row in verify(basin, since=since, until=until).rows
            ]
            for basin in basins_at(until)
        },
    }
