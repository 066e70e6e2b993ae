"""Calibration on the stored readings of a basin: data first, then the search, then what it is worth
on floods and years it has not seen."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fangxian.spine.core.problems import Problem

from .basins import land, names_of, rating_at
from .filled import HOUR_S, fill
from .models import Basin
from .readings import Readings, hour_of
from .rules import forecasting
from .runner import WORTH_LANES
from .running import FIRST, LEVELS
from .whole import Whole

Floats = NDArray[np.float64]
OBJECTIVES = {
    "dc": ("确定性系数", "deterministic coefficient"),
    "kge": ("KGE", "KGE"),
    "log": ("对数确定性系数", "DC of logarithms"),
    "both": ("高低水兼顾", "high and low flows alike"),
}
MOST_OUT = 0.99  # KG + KI, as the sheet has it
GAP_SHARE = 0.05  # of the flow from above in an hour, from gaps: more is not known
CHECKED = (1, 3, 6, 12, 24, 48, 72)
# What is searched, and within what: the wide ranges of the sheet (flood.md, 6.3); GR4H's as
# airGR has them.
RANGES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "xaj": {
        "KC": (0.6, 1.3),
        "UM": (5, 50),
        "LM": (50, 100),
        "C": (0.05, 0.25),
        "WM": (100, 250),
        "B": (0.05, 0.6),
        "IM": (0, 0.05),
        "SM": (1, 80),
        "EX": (1, 2),
        "KG": (0.02, 0.4),
        "KI": (0.05, 0.55),
        "CS": (0.005, 0.9),
        "CI": (0.1, 0.95),
        "CG": (0.9, 0.999),
        "KE": (0, 24),
        "XE": (0, 0.5),
    },
    "gr4h": {"X1": (10, 3000), "X2": (-10, 10), "X3": (1, 700), "X4": (0.5, 48)},
}
# What is not searched and not given.
FIXED: Mapping[str, Mapping[str, float]] = {"xaj": {"CR": 0.0, "L": 0.0}, "gr4h": {}}


@dataclass(frozen=True, slots=True)
class Asked:
    """Hours to learn from and to check on, as times; the first ``warm_h`` hours only warm up."""

    model: str
    first: datetime
    last: datetime
    check_first: datetime | None
    check_last: datetime | None
    objective: str
    seed: int
    most: int
    warm_h: int = 24 * 30

    def plain(self) -> dict[str, Any]:
        told = asdict(self)
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in told.items()}


def asked_of(plain: Mapping[str, Any]) -> Asked:
    times = {
        k: datetime.fromisoformat(plain[k]) if plain[k] else None
        for k in ("first", "last", "check_first", "check_last")
    }
    return Asked(**{**plain, **times})


@dataclass(frozen=True, slots=True)
class Data:
    """Rain by part, what came in from above and observed flow (hours,) of a span, with what is
    missing of each. Hours in which the inflow is not known have no observed flow to learn from."""

    rain: Floats
    inflow: Floats
    observed: Floats
    since_s: int
    rain_missing: float
    flow_missing: float
    floods: int

    def span(self, first: datetime, last: datetime) -> tuple[int, int]:
        a = (int(first.timestamp()) - self.since_s) // HOUR_S
        b = (int(last.timestamp()) - self.since_s) // HOUR_S
        return max(a, 0), min(b, len(self.observed))


def gather(basin: Basin, asked: Asked) -> Data:
    """Everything from the first hour to the last of both spans. Raises ``basin.unready``, and
    ``search.no_data`` where there is too little to learn from."""
    ends = [t for t in (asked.last, asked.check_last) if t]
    starts = [t for t in (asked.first, asked.check_first) if t]
    since = min(starts) - timedelta(hours=asked.warm_h)
    until_s = hour_of(max(ends))
    hours = (until_s - hour_of(since)) // HOUR_S
    one = land(basin, max(ends))
    read = Readings([*one.gauges, basin.outlet_id], until_s=until_s, hours=hours)
    rules = forecasting(max(ends))
    rain = read.rain(one.gauges, enough=rules["hour_told"])
    observed = read.flow(basin.outlet_id, one.rating)
    filled = fill(rain)
    inflow = _from_above(one, max(ends), until_s=until_s, hours=hours)
    observed = np.where(np.isnan(inflow), np.nan, observed)
    data = Data(
        rain=filled.mm @ np.array(one.weights).T,
        inflow=np.nan_to_num(inflow),
        observed=observed,
        since_s=until_s - hours * HOUR_S,
        rain_missing=float(np.isnan(rain).mean()) if rain.size else 1.0,
        flow_missing=float(np.isnan(observed).mean()) if hours else 1.0,
        floods=0,
    )
    a, b = data.span(asked.first, asked.last)
    known = int(np.isfinite(observed[a:b]).sum())
    if known < rules["learn_h"] or data.rain_missing > rules["learn_missing"]:
        raise Problem("search.no_data", hours=known, missing=round(100 * data.rain_missing))
    return replace(data, floods=len(floods(observed[a:b], rules["flood_rise"])))


def _from_above(one: Whole, at: datetime, *, until_s: int, hours: int) -> Floats:
    """What was measured in the basins above, as it comes down here (hours,), m3/s; NaN where more
    than a little of it rests on gaps."""
    from fangxian.kernels.hydro.muskingum import muskingum

    total = np.zeros(hours)
    for reach in one.above:
        outlet = Basin.objects.values_list("outlet_id", flat=True).get(code=reach.code)
        read = Readings([outlet], until_s=until_s, hours=hours)
        flow = read.flow(outlet, rating_at(outlet, at))
        known = ~np.isnan(flow)
        if not known.any():
            return np.full(hours, np.nan)
        hour = np.arange(hours)
        both = np.stack([np.interp(hour, hour[known], flow[known]), np.where(known, 0.0, 1.0)])
        came, gaps = muskingum(both, travel_h=reach.travel_h, x=reach.x, dt_h=1.0)
        total += np.where(gaps > GAP_SHARE, np.nan, came)
    return total


def floods(observed: Floats, rise: float) -> list[tuple[int, int]]:
    """Spans of floods: a day before to three days after each peak over ``rise`` times the mean,
    those that touch joined."""
    known = np.nan_to_num(observed)
    over: NDArray[np.intp] | list[int] = (
        np.flatnonzero(known > rise * np.nanmean(observed)) if np.isfinite(observed).any() else []
    )
    spans: list[list[int]] = []
    for hour in over:
        a, b = max(int(hour) - 24, 0), min(int(hour) + 72, len(observed))
        if spans and a <= spans[-1][1]:
            spans[-1][1] = b
        else:
            spans.append([a, b])
    return [(a, b) for a, b in spans]


def _score(objective: str) -> Callable[[Floats, Floats], Floats]:
    from fangxian.kernels.hydro import scores

    single = {"dc": scores.nse, "kge": scores.kge, "log": scores.log_nse}
    if objective in single:
        return single[objective]
    return lambda flow, seen: (scores.nse(flow, seen) + scores.log_nse(flow, seen)) / 2


def search(basin: Basin, asked: Asked, told: Callable[[int, float], None]) -> dict[str, Any]:
    """The best parameters, and what they are worth: by the objective itself on the floods of both
    spans, by the grade of the standard, and by the range of the correction they learn."""
    from fangxian.kernels.hydro.calibrate import sce_ua
    from fangxian.kernels.hydro.scores import nse

    data, one = gather(basin, asked), land(basin, asked.last)
    one = replace(one, model=asked.model)
    names, ranges, fixed = names_of(asked.model), RANGES[asked.model], FIXED[asked.model]
    a, b = data.span(asked.first, asked.last)
    score, place = _score(asked.objective), [names.index(n) for n in ranges]
    base = np.array([fixed.get(n, 0.0) for n in names])

    def values(points: Floats) -> Floats:
        rows = np.repeat(base[None], len(points), axis=0)
        rows[:, place] = points
        return rows

    def evaluate(points: Floats) -> Floats:
        rows, found = values(points), np.full(len(points), np.inf)
        fits = feasible(one, rows)
        if fits.any():
            flow = simulate(one, data.rain[:b], data.since_s, rows[fits]) + data.inflow[:b]
            found[fits] = 1 - score(flow[:, a:b], data.observed[a:b])
        return np.where(np.isfinite(found), found, np.inf)

    low, high = np.array(list(ranges.values()), float).T
    best = sce_ua(
        evaluate,
        low,
        high,
        seed=asked.seed,
        max_evaluations=asked.most,
        told=lambda n, v: told(n, 1 - v),
    )
    flow = simulate(one, data.rain, data.since_s, values(best.best[None]))[0] + data.inflow
    found: dict[str, Any] = {
        "model": asked.model,
        "values": {
            n: round(float(v), 6) for n, v in zip(names, values(best.best[None])[0], strict=True)
        },
        "value": round(1 - best.value, 5),
        "evaluations": best.evaluations,
        "on_bound": [list(ranges)[k] for k in best.on_bound],
        "data": {
            "rain_missing": round(data.rain_missing, 4),
            "flow_missing": round(data.flow_missing, 4),
            "floods": data.floods,
        },
        "dc_fit": _plain(nse(flow[None, a:b], data.observed[a:b])[0], 4),
    }
    found |= _worth(data, asked, flow, score)
    found |= _learn(data, asked, flow)
    return found


def feasible(one: Whole, rows: Floats) -> NDArray[np.bool_]:
    from fangxian.kernels.hydro import xaj

    if one.model != "xaj":
        return np.ones(len(rows), bool)
    where = xaj.Basin(np.array(one.areas), 1.0, one.network_km2)
    sums = (rows[:, xaj.KG] + rows[:, xaj.KI] < MOST_OUT) & (
        rows[:, xaj.UM] + rows[:, xaj.LM] < rows[:, xaj.WM]
    )
    return np.asarray(sums & xaj.feasible(where, rows))


def simulate(one: Whole, rain: Floats, since_s: int, rows: Floats) -> Floats:
    """Flow (members, hours) of parameter sets from a cold start at ``since_s``."""
    from fangxian.kernels.hydro import xaj

    if one.model != "xaj":
        from fangxian.kernels.hydro import gr4

        mean = np.average(rain, axis=1, weights=one.areas)
        pan = one.pan(since_s, len(mean))
        flow, _ = gr4.run_gr4(mean, pan, rows, step="hourly")
        return flow * (one.area_km2 / 3.6)
    where = xaj.Basin(np.array(one.areas), 1.0, one.network_km2)
    pan = np.repeat(one.pan(since_s, len(rain))[:, None], rain.shape[1], axis=1)
    most = {"wu": rows[:, xaj.UM].min(), "wl": rows[:, xaj.LM].min()}
    deep = (rows[:, xaj.WM] - rows[:, xaj.UM] - rows[:, xaj.LM]).min()
    first = {k: min(v, float({**most, "wd": deep}[k])) for k, v in FIRST.items()}
    quick = len(rows) * len(one.areas) >= WORTH_LANES
    return xaj.run(where, rain, pan, rows, xaj.start(where, rows, **first), float32=quick)[0]


def _worth(
    data: Data, asked: Asked, flow: Floats, score: Callable[[Floats, Floats], Floats]
) -> dict[str, Any]:
    """The objective on the floods of the span learnt from and of the span not seen; far apart is
    over-fitted (or the spans differ)."""
    from fangxian.kernels.hydro.scores import nse

    rules = forecasting(asked.last)

    def on_floods(a: int, b: int) -> tuple[float | None, int, list[dict[str, Any]]]:
        spans = floods(data.observed[a:b], rules["flood_rise"])
        inside = np.zeros(b - a, bool)
        for x, y in spans:
            inside[x:y] = True
        seen = np.where(inside, data.observed[a:b], np.nan)
        value = score(flow[None, a:b], seen)[0] if inside.any() else np.nan
        return (
            _plain(value, 4),
            len(spans),
            _shown(data, flow, a, spans),
        )

    fit, n_fit, shown = on_floods(*data.span(asked.first, asked.last))
    told: dict[str, Any] = {"floods_fit": fit, "n_floods_fit": n_fit, "shown_fit": shown}
    if asked.check_first and asked.check_last:
        a, b = data.span(asked.check_first, asked.check_last)
        check, n, shown = on_floods(a, b)
        gap = None if fit is None or check is None else round(fit - check, 4)
        told |= {
            "dc_check": _plain(nse(flow[None, a:b], data.observed[a:b])[0], 4),
            "floods_check": check,
            "n_floods_check": n,
            "shown_check": shown,
            "gap": gap,
            "most_gap": rules["over_fit"],
            "over_fitted": gap is not None and gap > rules["over_fit"],
        }
    return told


def _plain(value: float, digits: int) -> float | None:
    """For rows that hold no NaN."""
    return round(float(value), digits) if np.isfinite(value) else None


def _shown(
    data: Data, flow: Floats, first: int, spans: list[tuple[int, int]]
) -> list[dict[str, Any]]:
    """The two greatest floods of a span as they were and as the model has them."""
    peaks = sorted(
        spans, key=lambda s: -float(np.nanmax(data.observed[first + s[0] : first + s[1]]))
    )
    told = []
    for x, y in peaks[:2]:
        a, b = first + x, min(first + y, first + x + 240)
        seen = data.observed[a:b]
        told.append(
            {
                "since_s": data.since_s + (a + 1) * HOUR_S,
                "seen": [_plain(v, 2) for v in seen],
                "flow": [round(float(v), 2) for v in flow[a:b]],
            }
        )
    return told


def _learn(data: Data, asked: Asked, flow: Floats) -> dict[str, Any]:
    """The correction these parameters learn on their own span, and how its range does on the
    other."""
    from fangxian.kernels.hydro.correct import apply_correction, fit_correction, plain_of

    rules = forecasting(asked.last)
    a, b = data.span(asked.first, asked.last)
    ahead = int(rules["ahead_h"])
    try:
        made = fit_correction(flow[a:b], data.observed[a:b], leads=ahead, levels=LEVELS)
    except ValueError as error:
        return {"learnt": None, "learnt_not": str(error)}
    few = made.floods < rules["least_floods"]
    told: dict[str, Any] = {"learnt": plain_of(made), "few": few, "learnt_floods": made.floods}
    if asked.check_first and asked.check_last:
        a, b = data.span(asked.check_first, asked.check_last)
        corrected, band = apply_correction(made, flow[a:b], data.observed[a:b])
        told["check_leads"] = [
            row
            for lead in CHECKED
            if lead <= ahead
            and (row := _at_lead(lead, corrected, band, flow[a:b], data.observed[a:b]))
        ]
    return told


def _at_lead(
    lead: int, corrected: Floats, band: Floats, raw: Floats, seen: Floats
) -> dict[str, Any] | None:
    """DC with and without correction and how often the range held, of all hours and of the highest
    hundredth."""
    from fangxian.kernels.hydro.scores import nse

    if lead >= len(seen) or not np.isfinite(seen[lead:]).any():
        return None
    due = seen[lead:]
    low, high = band[:-lead, lead - 1, 0], band[:-lead, lead - 1, -1]
    known = np.isfinite(due) & np.isfinite(low)
    inside = (low <= due) & (due <= high)
    top = known & (due >= np.nanquantile(due, 0.99))
    return {
        "lead": lead,
        "dc_raw": _plain(nse(raw[None, lead:], due)[0], 4),
        "dc": _plain(nse(corrected[None, :-lead, lead - 1], due)[0], 4),
        "holds": _plain(inside[known].mean(), 3) if known.any() else None,
        "holds_high": _plain(inside[top].mean(), 3) if top.any() else None,
    }
