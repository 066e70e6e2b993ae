"""`fangxian forecast verify` and `correct`."""

from pathlib import Path
from typing import Any

import click

from fangxian.cli.forecast.group import FILE, FLOWS, OUT, forecast_command, json_option, span
from fangxian.cli.main import say, tell
from fangxian.cli.tables import Table, finish, first_of, read_table, stop, write_table


def _flows(path: Path) -> tuple[Table, list[str], Any]:
    import numpy as np

    times = ("time", "day", "date", "DatesR", "t")
    table = read_table(path, [times, FLOWS])
    label = first_of(table, *times)
    values = np.array(table.numbers(first_of(table, *FLOWS), low=0))
    return table, [(r.get(label) or "").strip() for r in table.rows], values


def _joined(observed: Path, forecast: Path) -> tuple[list[str], Any, Any, list[str]]:
    """Common times, observed and simulated flow, and what was wrong."""
    import numpy as np

    one, seen_at, seen = _flows(observed)
    two, told_at, told = _flows(forecast)
    place = {t: k for k, t in enumerate(told_at)}
    common = [(k, place[t]) for k, t in enumerate(seen_at) if t in place]
    if len(common) < 3:
        stop("两个文件的时刻对不上", "the two files share fewer than three times")
    a, b = np.array(common).T
    return [seen_at[k] for k in a], seen[a], told[b], one.errors + two.errors


@forecast_command.command(help=say("精度评定(GB/T 22482)", "verify and grade (GB/T 22482)"))
@click.option("--observed", type=FILE, required=True)
@click.option("--forecast", "forecast_file", type=FILE, required=True)
@click.option("--events", type=FILE, help="CSV: start, end (times)")
@click.option(
    "--area", type=float, help=say("流域面积 km²(评定径流深)", "area in km2, for runoff depths")
)
@click.option("--dt-h", type=float, default=1.0, show_default=True)
@click.option(
    "--lead",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help=say("预见期步数", "lead in steps"),
)
@click.option("--mark", type=float, help=say("警戒流量", "a warning mark"))
@json_option
def verify(observed: Path, forecast_file: Path, events: Path | None, area: float | None,
           dt_h: float, lead: int, mark: float | None, as_json: bool) -> None:  # fmt: skip
    from fangxian.hazards.flood.forecast_rules import grading_rules
    from fangxian.kernels.hydro import scores
    from fangxian.kernels.hydro.grade import grade, judge_event, qualified_rate
    from fangxian.spine.core import clock

    labels, seen, told, errors = _joined(observed, forecast_file)
    rules, unverified = grading_rules(clock.now().date())
    dc = float(scores.nse(told, seen)[0])
    index = scores.persistence_index(told, seen, lead)
    out: dict[str, Any] = {
        "pairs": len(labels), "dc": _round(dc), "grade_dc": grade(dc, rules.dc),
        "kge": _round(float(scores.kge(told[seen == seen], seen[seen == seen])[0])),
        "persistence_index": _round(index), "unverified_clauses": unverified,
    }  # fmt: skip
    if mark is not None:
        c = scores.crossings(told, seen, mark)
        out["mark"] = {"hits": c.hits, "false_alarms": c.false_alarms, "misses": c.misses,
                       "pod": _round(c.pod), "far": _round(c.far), "csi": _round(c.csi)}  # fmt: skip
    if events is not None:
        if area is None:
            raise click.UsageError(say("--events 需要 --area", "--events needs --area"))
        table = read_table(events, [("start", "t_start"), ("end", "t_end")])
        items, rows = [], []
        for row in table.rows:
            begin = row[first_of(table, "t_start", "start")]
            end = row[first_of(table, "t_end", "end")]
            a, b = span(labels, begin, end)
            try:
                judged = judge_event(told[a:b], seen[a:b], rules, dt_h=dt_h, area_km2=area)
            except ValueError as error:
                errors.append(f"{begin}: {error}")
                continue
            items += judged
            rows.append({"start": begin, **{i.what: {"error": _round(i.error), "tolerance":
                         _round(i.tolerance), "qualified": i.qualified} for i in judged}})  # fmt: skip
        rate = qualified_rate(items)
        out |= {
            "events": rows,
            "qualified_rate": _round(rate),
            "grade_rate": grade(rate, rules.rate),
        }
    finish(out, as_json, errors)


def _round(value: float) -> float | None:
    return None if value != value else round(value, 5)


@forecast_command.command(help=say("实时校正", "correct a forecast by its last errors"))
@click.option("--observed", type=FILE, required=True)
@click.option("--forecast", "forecast_file", type=FILE, required=True)
@click.option("--from", "first", help=say("学习期起", "first of the period to learn from"))
@click.option("--to", "last", help=say("学习期止", "last of it"))
@click.option("--leads", type=click.IntRange(1, 500), default=48, show_default=True)
@click.option("--order", type=click.IntRange(1, 12), default=3, show_default=True)
@click.option("--out", type=OUT, required=True, help="issued, lead, raw, corrected, q05, q95")
@json_option
def correct(observed: Path, forecast_file: Path, first: str | None, last: str | None, leads: int,
            order: int, out: Path, as_json: bool) -> None:  # fmt: skip
    from fangxian.kernels.hydro.correct import apply_correction, fit_correction

    labels, seen, told, errors = _joined(observed, forecast_file)
    a, b = span(labels, first, last)
    try:
        made = fit_correction(told[a:b], seen[a:b], leads=leads, order=order)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    flow, band = apply_correction(made, told, seen)
    if made.faded is not None:
        tell(
            say(
                f"第 {made.faded} 步起校正无益,已淡出",
                f"from lead {made.faded} on the correction is left off",
            )
        )
    write_table(out, ["issued", "lead", "raw", "corrected", "q05", "q95"], (
        [labels[t], lead, float(told[t + lead]), float(flow[t, lead - 1]),
         float(band[t, lead - 1, 0]), float(band[t, lead - 1, 2])]
        for t in range(b if b < len(labels) else 0, len(labels))
        for lead in range(1, leads + 1) if t + lead < len(labels)))  # fmt: skip
    finish(
        {"learnt_from": [labels[a], labels[b - 1]], "faded": made.faded, "out": str(out)},
        as_json,
        errors,
    )
