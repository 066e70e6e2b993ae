"""Forecasts verified by lead and by event, graded by GB/T 22482."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import Answer, Note, Table

from .correct import strangers
from .files import (
    FLOWS,
    LEVELS,
    Axis,
    axis_of,
    flow_column,
    flow_name,
    flow_of,
    labels_of,
    meant,
    member_columns,
    read_rows,
    read_spans,
    spread_out,
)
from .rules import grading_rules

EVENT = ("dc", "kge", "crps", "persistence_index", "coverage")


@dataclass
class Issued:
    """Forecasts on the observed times: (time, leads), row t issued at t; the band and the members
    where the file has them."""

    leads: list[int]
    flow: Any
    band: tuple[Any, Any] | None
    members: Any


class Asked(NamedTuple):
    """Events to judge, the area (km2) and step (h) that depths need, the lead of a file that has
    none, and a mark."""

    events: Path | None
    area: float | None
    dt_h: float | None
    lead: int
    mark: float | None


def verify(observed: Path, forecast: Path, asked: Asked) -> Answer:
    """Scores by lead as a table, and in ``told`` those of the events too."""
    from fangxian.kernels.hydro import verify as kernel

    table, two = read_rows(observed), read_rows(forecast)
    axis, labels, at = axis_of(table)
    labels, (name, kind) = axis.labels, flow_column(table)
    level = None if name else table.first_of(*LEVELS)
    low = None if level else 0.0
    seen = flow_of(table, level or flow_name(table, flow_column(two)[1]), low=low)
    seen = spread_out(seen, at, len(labels))
    issued = read_issued(two, axis, asked.lead, level=bool(level))
    if asked.events is not None and (level or (asked.area is None and kind != "mm")):
        zh, en = "--events 需要流量与 --area", "--events needs flows and --area"
        raise Problem("call.wrong", zh=zh, en=en)
    dt_h = _step(axis, asked.dt_h, needed=asked.events is not None)
    area = 3.6 * dt_h if kind == "mm" else asked.area or 1.0  # a depth of mm is a sum of mm
    rules, unverified = grading_rules(clock.beijing(clock.now()).date())
    found = kernel.by_lead(
        issued.flow,
        seen,
        rules,
        leads=issued.leads,
        band=issued.band,
        members=issued.members,
        mark=asked.mark,
        level=bool(level),
    )
    rows = [_lead_row(score, rules) for score in found]
    marks = [{"lead": row["lead"], **row.pop("mark")} for row in rows if "mark" in row]
    told: dict[str, Any] = {
        "leads": rows,
        "effective_lead": kernel.effective_lead(found),
        **({"marks": marks} if marks else {}),
        "unverified_clauses": unverified,
    }
    answer = Answer(told, list(rows[0]), ([*row.values()] for row in rows), [table, two])
    if issued.members is not None:
        told["ranks"] = _ranks(issued, seen)
    if asked.events is not None:
        spans = read_spans(asked.events, labels)
        told |= _by_event(issued, seen, rules, labels, spans, answer.errors, dt_h, area)
    return answer


def _step(axis: Axis, given: float | None, *, needed: bool) -> float:
    """Hours of a step: as the times say, else as given. Raises ``call.wrong`` when they differ or
    are needed."""
    told = axis.step_h
    if told is not None and given is not None and abs(told - given) > 1e-6:
        zh = f"--dt-h {given:g} 与资料的 {told:g} h 不符"
        en = f"--dt-h {given:g} is not the {told:g} h of the file"
        raise Problem("call.wrong", zh=zh, en=en)
    if told is None and given is None and needed:
        raise Problem("call.wrong", zh="--events 需要 --dt-h", en="--events needs --dt-h")
    return told or given or 1.0


def read_issued(table: Table, axis: Axis, lead: int, *, level: bool) -> Issued:
    """Forecasts on the axis of the observed; a file without lead column has one, ``lead``."""
    import numpy as np

    low = -math.inf if level else 0.0
    names = LEVELS if level else tuple(n for kind in FLOWS.values() for n in kind)
    name = table.first_of("corrected", *names)
    if name is None:
        zh, en = meant(table, "没有预报值列", "it has no column of forecasts")
        raise Problem("file.unfit", file=table.path.name, zh=zh, en=en)
    value = (
        flow_of(table, name, low=low) if "lead" not in table.columns else _numbers(table, name, low)
    )
    labels = axis.labels
    if "lead" in table.columns:
        number = np.array(table.numbers("lead", low=1))
        at = axis.at(labels_of(table, "issued") if "issued" in table.columns else labels_of(table))
    else:
        number = np.full(len(value), float(lead))
        at = axis.at(labels_of(table)) - lead
    known = (at >= 0) & (at < len(labels)) & np.isfinite(number)
    for row in np.flatnonzero(known & (number != np.floor(number))).tolist():
        table.wrong(row, "lead", "不是整数", "is no whole number")
    known &= number == np.floor(number)
    pairs = np.stack([at[known], number[known]])
    if len(np.unique(pairs, axis=1).T) < pairs.shape[1]:
        zh, en = "同一发布时刻和预见期出现两次", "it has an issue and lead twice"
        raise Problem("file.unfit", file=table.path.name, zh=zh, en=en)
    if known.sum() < 3:
        raise strangers(table.path)
    leads = sorted({int(n) for n in number[known]})
    column = {n: k for k, n in enumerate(leads)}
    k = np.array([column[int(n)] for n in number[known]])

    def grid(values: Any) -> Any:
        out = np.full((len(labels), len(leads)), np.nan)
        out[at[known], k] = values[known]
        return out

    band = None
    if {"q05", "q95"} <= set(table.columns):
        band = grid(_numbers(table, "q05", low)), grid(_numbers(table, "q95", low))
    own = member_columns(table)
    members = None
    if len(own) > 1:
        members = np.stack([grid(_numbers(table, c, low)) for c in own], axis=2)
    return Issued(leads, grid(value), band, members)


def _numbers(table: Table, column: str, low: float) -> Any:
    import numpy as np

    return np.array(table.numbers(column, low=low))


def _round(value: float) -> float | None:
    return None if value != value else round(value, 5)


def _lead_row(score: Any, rules: Any) -> dict[str, Any]:
    from fangxian.kernels.hydro.grade import grade

    row: dict[str, Any] = asdict(score)
    row = {k: _round(v) if isinstance(v, float) else v for k, v in row.items()}
    crossed = row.pop("crossings")
    row |= {
        "grade_dc": grade(score.dc, rules.dc),
        "grade_rate": grade(score.qualified_rate, rules.rate),
    }
    if crossed:
        lead = [_round(float(x)) for x in score.crossings.lead]
        row["mark"] = {
            k: _round(v) if isinstance(v, float) else v for k, v in crossed.items() if k != "lead"
        } | {"steps_ahead": lead}
    return row


def _ranks(issued: Issued, seen: Any) -> list[dict[str, Any]]:
    """Ranks of the observed among tenths of the members, at issues a longest lead apart."""
    import numpy as np

    from fangxian.kernels.hydro.scores import rank_histogram
    from fangxian.kernels.hydro.verify import flatness

    rows = []
    for k, lead in enumerate(issued.leads):
        own, truth = issued.members[: len(seen) - lead, k], seen[lead:]
        known = np.flatnonzero(np.isfinite(own).all(axis=1) & np.isfinite(truth))
        apart = known[:: max(issued.leads)]
        if apart.size:
            tenths = np.quantile(own[apart], np.arange(1, 10) / 10, axis=1, method="weibull")
            counts = rank_histogram(tenths, truth[apart])
            rows.append({"lead": lead, "counts": counts.tolist(), "p": _round(flatness(counts))})
    return rows


def _by_event(
    issued: Issued,
    seen: Any,
    rules: Any,
    labels: list[str],
    spans: list[tuple[int, int]],
    errors: list[Note],
    dt_h: float,
    area: float,
) -> dict[str, Any]:
    from fangxian.kernels.hydro import verify as kernel
    from fangxian.kernels.hydro.grade import grade

    judged, rows, floods = [], [], list[dict[str, Any]]()
    for number, (a, b) in enumerate(spans, 1):
        try:
            event = kernel.by_event(
                issued.flow,
                seen,
                rules,
                leads=issued.leads,
                event=(a, b),
                dt_h=dt_h,
                area_km2=area,
                band=issued.band,
                members=issued.members,
            )
        except ValueError as error:
            errors.append(Note(f"{labels[a]}:{error}", f"{labels[a]}: {error}"))
            continue
        judged.append(event)
        floods += [_flood(number, score, issued, seen, labels, (a, b)) for score in event]
        rows.append(
            {
                "start": labels[a],
                "leads": [
                    {
                        "lead": s.lead,
                        **{n: _round(getattr(s, n)) for n in EVENT},
                        **{
                            i.what: {
                                "error": _round(i.error),
                                "tolerance": _round(i.tolerance),
                                "qualified": i.qualified,
                            }
                            for i in s.items
                        },
                    }
                    for s in event
                ],
            }
        )
    rates = [
        {
            "lead": rate.lead,
            "qualified_rate": _round(rate.qualified_rate),
            "grade_rate": grade(rate.qualified_rate, rules.rate),
            **{f"rate_{what}": _round(value) for what, value in rate.by_item.items()},
            "beats_persistence": _round(rate.beats_persistence),
        }
        for rate in kernel.rates_by_lead(judged)
    ]
    return {"floods": floods, "events": rows, "event_rates": rates}


def _flood(
    number: int,
    score: Any,
    issued: Issued,
    seen: Any,
    labels: list[str],
    event: tuple[int, int],
) -> dict[str, Any]:
    """One flood at one lead as a flat row: flow as in the file, time in h, errors in % of what was
    observed, and which items pass; ``pass`` is all three."""
    a, b = event
    told = issued.flow[a - score.lead : b + 1 - score.lead, issued.leads.index(score.lead)]
    own, items = seen[a : b + 1], {item.what: item for item in score.items}
    peak, volume = float(own.max()), float(own.sum())

    def share(error: float, whole: float) -> float | None:
        return round(100 * error / whole, 2) if whole > 0 else None

    passed = {f"{what}_pass": items[what].qualified for what in ("peak", "time", "depth")}
    return {
        "flood": number,
        "start": labels[a],
        "end": labels[b],
        "lead": score.lead,
        "peak_at": labels[a + int(own.argmax())],
        "peak_observed": _round(peak),
        "peak_simulated": _round(float(told.max())),
        "peak_error_pct": share(float(told.max()) - peak, peak),
        "peak_time_error_h": _round(items["time"].error),
        "volume_error_pct": share(float(told.sum()) - volume, volume),
        **passed,
        "pass": all(passed.values()),
    }
