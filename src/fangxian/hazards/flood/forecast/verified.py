"""Stored forecasts against what came: by lead, with the grade of the standard, and the ledger of
crossings."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .basins import basins_at, rating_at
from .filled import HOUR_S
from .models import Basin, Expected, Issue
from .readings import Readings, hour_of
from .rules import grading_rules
from .running import LEVELS

Floats = NDArray[np.float64]
LEADS = (1, 3, 6, 12, 24, 48, 72)


@dataclass(frozen=True, slots=True)
class Verified:
    """A basin's forecasts of a span: rows by lead with the grade of each, how many issues and hours
    they rest on, and the hours whose flow is not known."""

    rows: list[dict[str, Any]]
    issues: int
    hours: int
    silent: int


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
    longest = max((len(told["flow"]) for _, told in issues), default=0)
    leads = [lead for lead in LEADS if lead <= longest]
    flow, low, high = np.full((3, hours, len(leads)), np.nan)
    members = np.full((hours, len(leads), len(LEVELS)), np.nan)
    for at, told in issues:
        t = (int(at.timestamp()) - read.since_s) // HOUR_S - 1
        if not 0 <= t < hours:
            continue
        for k, lead in enumerate(leads):
            if lead <= len(told["flow"]):
                flow[t, k] = told["flow"][lead - 1]
                row = [level[lead - 1] for level in told["range"]]
                members[t, k, : len(row)] = row
                low[t, k], high[t, k] = row[0], row[-1]
    silent = int(np.isnan(observed).sum())
    if not issues or silent == hours:
        return Verified([], len(issues), hours, silent)
    scores = by_lead(flow, observed, rules, leads=leads, band=(low, high), members=members)
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
        }
        for s in scores
        if s.pairs
    ]
    return Verified(rows, len(issues), hours, silent)


def _first_of_each_hour(
    basin: Basin, since: datetime, until: datetime
) -> list[tuple[datetime, dict[str, Any]]]:
    """What was issued first for each hour: late readings must not make a forecast better."""
    rows = basin.issues.filter(at__gte=since, at__lte=until).order_by("-at", "-pk")
    found = {at: told for at, told in rows.values_list("at", "told")}
    return sorted((at, told) for at, told in found.items() if int(at.timestamp()) % HOUR_S == 0)


def ledger(rows: Any) -> dict[str, Any]:
    """Hits, false alarms and misses, with the usual ratios; None where there is nothing to divide
    by."""
    counts = Counter(rows.values_list("came", flat=True))
    hits, false, missed = (counts[c] for c in ("hit", "false", "miss"))
    leads = list(rows.filter(came=Expected.Came.HIT).values_list("lead_h", flat=True))
    return {
        "hits": hits,
        "false": false,
        "misses": missed,
        "open": counts["open"],
        "pod": hits / (hits + missed) if hits + missed else None,
        "far": false / (hits + false) if hits + false else None,
        "lead_h": float(np.median(leads)) if leads else None,
    }


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
