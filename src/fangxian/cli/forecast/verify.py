"""`fangxian forecast verify`: by lead and by event, graded."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from fangxian.cli.forecast.files import (
    FLOWS,
    LEVELS,
    Axis,
    axis_of,
    flow_column,
    flow_of,
    labels_of,
    member_columns,
    read_spans,
    spread_out,
    step_h,
)
from fangxian.cli.forecast.group import forecast_command
from fangxian.cli.main import say
from fangxian.cli.tables import (
    FILE,
    OUT,
    Table,
    finish,
    first_of,
    json_option,
    read_table,
    stop,
    write_table,
)

EVENT = ("dc", "kge", "crps", "persistence_index", "coverage")


@dataclass
class Issued:
    """Forecasts on the observed times: (time, leads), row t issued at t; the band and the members
    where the file has them."""

    leads: list[int]
    flow: Any
    band: tuple[Any, Any] | None
    members: Any


@forecast_command.command(
    help=say(
        "精度评定(GB/T 22482):分预见期、分洪水",
        "verify and grade (GB/T 22482), by lead and by event",
    )
)
@click.option(
    "--observed",
    type=FILE,
    required=True,
    help=say("CSV:时间、实测流量", "CSV: time, observed flow"),
)
@click.option(
    "--forecast",
    "forecast_file",
    type=FILE,
    required=True,
    help=say(
        "time, flow;或 issued, lead, corrected|flow, q05, q95, m1…",
        "time, flow; or issued, lead, corrected|flow, q05, q95, m1..",
    ),
)
@click.option("--events", type=FILE, help="CSV: start, end")
@click.option(
    "--area",
    type=click.FloatRange(0, min_open=True),
    help=say("流域面积 km²(评定径流深)", "area in km2, for runoff depths"),
)
@click.option(
    "--dt-h",
    type=click.FloatRange(0, min_open=True),
    help=say("时段长 h(时间列不是时刻时)", "hours of a step, where the times do not say it"),
)
@click.option(
    "--lead",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help=say("无 lead 列时的预见期步数", "lead in steps where the file has no lead"),
)
@click.option("--mark", type=float, help=say("警戒流量", "a warning mark"))
@click.option("--out", type=OUT, help=say("分预见期表 CSV", "the table by lead, CSV"))
@json_option
def verify(
    observed: Path,
    forecast_file: Path,
    events: Path | None,
    area: float | None,
    dt_h: float | None,
    lead: int,
    mark: float | None,
    out: Path | None,
    as_json: bool,
) -> None:
    import numpy as np

    from fangxian.hazards.flood.forecast_rules import grading_rules
    from fangxian.kernels.hydro import verify as kernel
    from fangxian.spine.core import clock

    table, told = read_table(observed, []), read_table(forecast_file, [])
    axis, at = axis_of(table)
    labels, (name, kind) = axis.labels, flow_column(table)
    level = not name and any(c in table.columns for c in LEVELS)
    if level:
        seen = np.array(table.numbers(first_of(table, *LEVELS)))
    else:
        seen = flow_of(table, flow_column(told)[1])
    seen = spread_out(seen, at, len(labels))
    issued = read_issued(told, axis, lead, level=level)
    if events is not None and (level or (area is None and kind != "mm")):
        raise click.UsageError(say("--events 需要流量与 --area", "--events needs flows and --area"))
    dt_h = _step(axis, dt_h, needed=events is not None)
    area = 3.6 * dt_h if kind == "mm" else area or 1.0  # a depth of mm is a sum of mm
    rules, unverified = grading_rules(clock.now().date())
    found = kernel.by_lead(
        issued.flow,
        seen,
        rules,
        leads=issued.leads,
        band=issued.band,
        members=issued.members,
        mark=mark,
        level=level,
    )
    rows = [_lead_row(score, rules) for score in found]
    marks = [{"lead": row["lead"], **row.pop("mark")} for row in rows if "mark" in row]
    summary: dict[str, Any] = {
        "leads": rows,
        "effective_lead": kernel.effective_lead(found),
        **({"marks": marks} if marks else {}),
        "unverified_clauses": unverified,
    }
    errors = table.errors + told.errors
    if issued.members is not None:
        summary["ranks"] = _ranks(issued, seen)
    if events is not None:
        summary |= _by_event(issued, seen, rules, labels, events, errors, dt_h, area)
    if out is not None:
        columns = list(rows[0])
        write_table(out, columns, ([row[name] for name in columns] for row in rows))
    finish(summary, as_json, errors)


def _step(axis: Axis, given: float | None, *, needed: bool) -> float:
    """Hours of a step: as the times say, else as given; exit 2 when they differ or are needed."""
    told = step_h(axis)
    if told is not None and given is not None and abs(told - given) > 1e-6:
        raise click.UsageError(
            say(
                f"--dt-h {given:g} 与资料的 {told:g} h 不符",
                f"--dt-h {given:g} is not the {told:g} h of the file",
            )
        )
    if told is None and given is None and needed:
        raise click.UsageError(say("--events 需要 --dt-h", "--events needs --dt-h"))
    return told or given or 1.0


def read_issued(table: Table, axis: Axis, lead: int, *, level: bool) -> Issued:
    """Forecasts on the axis of the observed; a file without lead column has one, ``lead``."""
    import numpy as np

    path, labels, low = table.path, axis.labels, -math.inf if level else 0.0
    names = LEVELS if level else tuple(n for kind in FLOWS.values() for n in kind)
    names = tuple(n for n in ("corrected", *names) if n in table.columns)
    if not names:
        stop(f"{path.name} 没有预报值列", f"{path.name} has no column of forecasts")
    value = np.array(table.numbers(names[0], low=low))
    if "lead" in table.columns:
        number = np.array(table.numbers("lead", low=1))
        at = axis.at([(row.get("issued") or "").strip() for row in table.rows])
    else:
        number = np.full(len(value), float(lead))
        at = axis.at(labels_of(table)) - lead
    known = (at >= 0) & (at < len(labels)) & np.isfinite(number)
    for row in np.flatnonzero(known & (number != np.floor(number))).tolist():
        table.wrong(row, "lead", "不是整数", "is no whole number")
    known &= number == np.floor(number)
    pairs = np.stack([at[known], number[known]])
    if len(np.unique(pairs, axis=1).T) < pairs.shape[1]:
        stop(
            f"{path.name} 同一发布时刻和预见期出现两次", f"{path.name} has an issue and lead twice"
        )
    if known.sum() < 3:
        stop("两个文件的时刻对不上", "the two files share fewer than three times")
    leads = sorted({int(n) for n in number[known]})
    column = {n: k for k, n in enumerate(leads)}
    k = np.array([column[int(n)] for n in number[known]])

    def grid(values: Any) -> Any:
        out = np.full((len(labels), len(leads)), np.nan)
        out[at[known], k] = values[known]
        return out

    band = None
    if {"q05", "q95"} <= set(table.columns):
        band = (
            grid(np.array(table.numbers("q05", low=low))),
            grid(np.array(table.numbers("q95", low=low))),
        )
    own = member_columns(table)
    members = None
    if len(own) > 1:
        members = np.stack([grid(np.array(table.numbers(c, low=low))) for c in own], axis=2)
    return Issued(leads, grid(value), band, members)


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
    events: Path,
    errors: list[str],
    dt_h: float,
    area: float,
) -> dict[str, Any]:
    from fangxian.kernels.hydro import verify as kernel
    from fangxian.kernels.hydro.grade import grade

    judged, rows = [], []
    for a, b in read_spans(events, labels):
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
            errors.append(f"{labels[a]}: {error}")
            continue
        judged.append(event)
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
    return {"events": rows, "event_rates": rates}
