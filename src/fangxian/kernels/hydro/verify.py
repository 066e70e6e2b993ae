"""Forecasts judged by lead and by event, from their issue times.

A forecast is (time, leads): row t was issued with what was known at t, column k stands for
t + leads[k], leads being 1 step or more. What each score is stands in ``scores`` and ``grade``, and
so does its source.
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
    """Scores of one lead over all issue times with a forecast and an observation: scalars, NaN
    where there is nothing to judge. It checks nothing and raises no errors. Source: ``scores``,
    ``grade``.

    Attributes:
        lead: steps.
        pairs: how many times were judged.
        dc, kge: dimensionless, up to 1.
        mae: mean absolute error, in the unit of the flow.
        crps: of the members, the mean absolute error where there are none; same unit.
        persistence_index: above 0 beats "as at the issue".
        skill: 1 - crps / that of persistence.
        coverage: share within the band, NaN without one.
        below: of each member in rising order, the share of observations at or below it, (members,);
            empty without members. It is the members' own levels where the range is reliable.
        qualified_rate: share within the tolerance of change since the issue.
        crossings: of the mark, None without one.
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
    below: tuple[float, ...]
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


def _below(members: Floats | None, k: int, lead: int, at: Any, seen: Floats) -> tuple[float, ...]:
    if members is None:
        return ()
    told = np.sort(_aligned(members[:, k], lead)[at], axis=1)
    known = np.isfinite(told).all(axis=1)
    if not known.any():
        return ()
    return tuple((seen[known, None] <= told[known]).mean(axis=0).tolist())


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
            either side, or without an observation at the issue, are left out.
        observed: m3/s, or m where ``level``.
        rules: tolerances.
        leads: steps ahead of each column.
        band: low and high (time, leads). members: (time, leads, members).
        mark: flow whose crossing is judged.
        level: the values are levels (m), not flows, for the tolerance of their change.

    Raises:
        ValueError: columns and leads, or lengths, that do not fit; a lead below 1 (numpy's).
        IndexError: a band or members of other times (numpy's).

    Source: ``scores``, ``grade``.
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
                _below(members, k, lead, known, o),
                float(within.mean()) if o.size else np.nan,
                None if mark is None else scores.crossings(told, observed, mark),
            )
        )
    return found


def effective_lead(found: Sequence[LeadScore], least: float = 0.5) -> int:
    """有效预见期: the longest lead, in steps, up to which the skill against persistence stays above
    ``least`` (EFAS and GloFAS publish it so), a scalar; 0 if it never is. A NaN skill is not above.
    No errors. Source: own choice after EFAS and GloFAS."""
    longest = 0
    for score in sorted(found, key=lambda s: s.lead):
        if not score.skill > least:
            break
        longest = score.lead
    return longest


@dataclass(frozen=True)
class EventScore:
    """One event at one lead: scalars within it as in ``LeadScore``, with NaN as there. It checks
    nothing and raises no errors. Source: ``scores``, ``grade``.

    Attributes:
        lead: steps.
        dc, kge: dimensionless, up to 1.
        crps: in the unit of the flow.
        persistence_index: dimensionless; NaN where an observation at an issue is missing.
        coverage: share within the band, NaN without one.
        items: peak, time and depth as judged.
    """

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
    from the issue, ``lead`` steps before it.

    ``forecast`` (time, leads) and ``observed`` (time,) in m3/s. Leads with a gap (NaN) of the
    forecast within the event, or issued before the first step, are left out.

    Raises:
        ValueError: gaps in the observed flow of the event, or an event beyond its end.

    Source: ``scores``, ``grade``.
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
    """Of one lead over events: scalars, shares 0..1. It checks nothing and raises no errors.
    Source: ``grade``.

    Attributes:
        lead: steps.
        qualified_rate: of all items.
        by_item: of each kind of item.
        beats_persistence: share of events in which it does; a NaN index does not.
    """

    lead: int
    qualified_rate: float
    by_item: dict[str, float]
    beats_persistence: float


def rates_by_lead(events: Sequence[list[EventScore]]) -> list[LeadRates]:
    """Qualified rates (shares) over events, one ``LeadRates`` of scalars for each lead that any
    has; NaN errors of an item do not qualify. No errors. Source: ``grade``."""
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
    """Probability, a scalar, of the chi-square test that a rank histogram (ranks,) of counts is
    flat; issue times should be far enough apart to be independent. NaN for no counts, one rank, or
    NaN in them. No errors. Source: Pearson's chi-square test."""
    expected = counts.sum() / len(counts)
    return float(chdtrc(len(counts) - 1, ((counts - expected) ** 2 / expected).sum()))
