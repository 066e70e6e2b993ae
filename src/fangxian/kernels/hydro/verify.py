"""Forecasts judged by lead and by event, from their issue times.

A forecast is (time, leads): row t was issued with what was known at t, column k stands for
t + leads[k]. What each score is stands in ``scores`` and ``grade``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from fangxian.kernels.hydro import scores
from fangxian.kernels.hydro.grade import (
    Item,
    Rules,
    change_tolerance,
    judge_event,
    qualified_rate,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LeadScore:
    """Scores of one lead over all issue times with a forecast and an observation.

    persistence_index: above 0 beats "as at the issue". crps: of the members, the mean absolute
    error where there are none. skill: 1 - crps / that of persistence. coverage: share within the
    band, NaN without one. qualified_rate: share within the tolerance of change since the issue.
    """

    lead: int
    pairs: int
    dc: float
    kge: float
    mae: float
    crps: float
    persistence_index: float
    skill: float
    coverage: float
    qualified_rate: float
    crossings: scores.Crossings | None


def _aligned(values: Floats, lead: int) -> Floats:
    """What stands for each time, issued ``lead`` steps before; NaN at the start."""
    out = np.full(values.shape, np.nan)
    out[lead:] = values[: max(len(values) - lead, 0)]
    return out


def _crps(members: Floats | None, k: int, lead: int, at: Any, told: Floats, seen: Floats) -> float:
    """Mean CRPS of the members at these times; of the one forecast where there are none."""
    if not seen.size:
        return float("nan")
    many = told[None] if members is None else _aligned(members[:, k], lead)[at].T
    each = scores.crps(many, seen)
    each = each[np.isfinite(each)]
    return float(each.mean()) if each.size else float("nan")


def _coverage(
    band: tuple[Floats, Floats] | None, k: int, lead: int, at: Any, seen: Floats
) -> float:
    if band is None:
        return float("nan")
    low, high = (_aligned(side[:, k], lead)[at] for side in band)
    return scores.band_coverage(low, high, seen)


def by_lead(
    forecast: Floats,
    observed: Floats,
    rules: Rules,
    *,
    leads: Sequence[int],
    band: tuple[Floats, Floats] | None = None,
    members: Floats | None = None,
    mark: float | None = None,
    level: bool = False,
) -> list[LeadScore]:
    """Scores of every lead.

    Args:
        forecast: (time, leads); observed: (time,). NaN where there is none; pairs with a NaN on
            either side are left out.
        leads: steps ahead of each column.
        band: low and high (time, leads). members: (time, leads, members).
        mark: flow whose crossing is judged.
        level: the values are levels (m), not flows, for the tolerance of their change.

    Raises:
        ValueError: columns and leads, or lengths, that do not fit.
    """
    observed = np.asarray(observed, np.float64)
    if forecast.shape != (len(observed), len(leads)):
        raise ValueError("a forecast is observed times x leads, one column for each of the leads")
    found = []
    for k, lead in enumerate(leads):
        told, was = _aligned(forecast[:, k], lead), _aligned(observed, lead)
        known = np.isfinite(told) & np.isfinite(observed) & np.isfinite(was)
        f, o, p = told[known], observed[known], was[known]
        mae = float(np.abs(f - o).mean()) if o.size else np.nan
        naive = float(np.abs(p - o).mean()) if o.size else np.nan
        spread, held = _crps(members, k, lead, known, f, o), _coverage(band, k, lead, known, o)
        within = np.abs(f - o) <= change_tolerance(o, p, rules, level=level)
        found.append(
            LeadScore(
                lead,
                int(known.sum()),
                float(scores.nse(f, o)[0]),
                float(scores.kge(f, o)[0]),
                mae,
                spread,
                scores.persistence_index(told, observed, lead),
                1 - spread / naive if naive > 0 else np.nan,
                held,
                float(within.mean()) if o.size else np.nan,
                None if mark is None else scores.crossings(told, observed, mark),
            )
        )
    return found


def effective_lead(found: Sequence[LeadScore], least: float = 0.5) -> int:
    """有效预见期: the longest lead up to which the skill against persistence stays above ``least``
    (EFAS and GloFAS publish it so); 0 if it never is."""
    longest = 0
    for score in sorted(found, key=lambda s: s.lead):
        if not score.skill > least:
            break
        longest = score.lead
    return longest


@dataclass(frozen=True)
class EventScore:
    """One event at one lead: scores within it as in ``LeadScore``, and the judged items."""

    lead: int
    dc: float
    kge: float
    crps: float
    persistence_index: float
    coverage: float
    items: list[Item]


def by_event(
    forecast: Floats,
    observed: Floats,
    rules: Rules,
    *,
    leads: Sequence[int],
    event: tuple[int, int],
    dt_h: float,
    area_km2: float,
    band: tuple[Floats, Floats] | None = None,
    members: Floats | None = None,
) -> list[EventScore]:
    """Scores of one event (first, last index) at every lead; the time to the observed peak counts
    from the issue, ``lead`` steps before it. Leads with a gap within the event are left out.

    Raises:
        ValueError: gaps in the observed flow.
    """
    a, b = event[0], event[1] + 1
    seen = np.asarray(observed, np.float64)[a:b]
    if not np.isfinite(seen).all():
        raise ValueError("an event needs observed flow without gaps")
    found = []
    for k, lead in enumerate(leads):
        told = _aligned(forecast[:, k], lead)[a:b]
        if a < lead or not np.isfinite(told).all():
            continue
        naive = float(((observed[a - lead : b - lead] - seen) ** 2).sum())
        index = 1 - float(((told - seen) ** 2).sum()) / naive if naive > 0 else np.nan
        items = judge_event(
            told, seen, rules, dt_h=dt_h, area_km2=area_km2, issued=int(seen.argmax()) - lead
        )
        inside = slice(a, b)
        found.append(
            EventScore(
                lead,
                float(scores.nse(told, seen)[0]),
                float(scores.kge(told, seen)[0]),
                _crps(members, k, lead, inside, told, seen),
                index,
                _coverage(band, k, lead, inside, seen),
                items,
            )
        )
    return found


@dataclass(frozen=True)
class LeadRates:
    """Of one lead over events: qualified rate of all items, of each kind of item, and the share of
    events in which it beats persistence."""

    lead: int
    qualified_rate: float
    by_item: dict[str, float]
    beats_persistence: float


def rates_by_lead(events: Sequence[list[EventScore]]) -> list[LeadRates]:
    """Qualified rates over events, of each lead."""
    leads = sorted({score.lead for event in events for score in event})
    found = []
    for lead in leads:
        mine = [score for event in events for score in event if score.lead == lead]
        items = [item for score in mine for item in score.items]
        kinds = dict.fromkeys(item.what for item in items)
        each = {kind: qualified_rate([i for i in items if i.what == kind]) for kind in kinds}
        beats = float(np.mean([score.persistence_index > 0 for score in mine]))
        found.append(LeadRates(lead, qualified_rate(items), each, beats))
    return found


def flatness(counts: NDArray[np.int64]) -> float:
    """p of the chi-square test that a rank histogram is flat; issue times should be far enough
    apart to be independent."""
    expected = counts.sum() / len(counts)
    return float(chdtrc(len(counts) - 1, ((counts - expected) ** 2 / expected).sum()))
