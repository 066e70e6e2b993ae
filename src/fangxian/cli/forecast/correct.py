"""`fangxian forecast correct` (by the last errors) and `assimilate` (by the states)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from fangxian.cli.forecast.files import (
    UNITS,
    axis_of,
    flow_column,
    flow_of,
    labels_of,
    member_columns,
    rain_columns,
    refused,
    span,
    spread_out,
)
from fangxian.cli.forecast.group import forecast_command
from fangxian.cli.forecast.models import (
    basin_option,
    forcing_option,
    rain_error_option,
    rain_memory_option,
    seed_option,
)
from fangxian.cli.forecast.plot import draw, mark_option, plot_option
from fangxian.cli.forecast.runner import Runner
from fangxian.cli.main import say, tell
from fangxian.cli.tables import (
    FILE,
    OUT,
    finish,
    json_option,
    read_json,
    read_table,
    stop,
    write_table,
)

HEAD = ["issued", "lead", "raw", "corrected", "q05", "q95"]


@dataclass
class Issue:
    """What is issued from every time: raw (time,), flow (time, leads), its range (time, leads,
    levels; the first two are q05 and q95, then members), and at which leads it was corrected."""

    labels: list[str]
    seen: Any
    raw: Any
    flow: Any
    band: Any
    helps: Any
    rain: Any
    unit: str

    @property
    def newest(self) -> int:
        """The last time with an observed flow."""
        import numpy as np

        return int(np.flatnonzero(np.isfinite(self.seen))[-1])


def shared_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options both ways share, in this order."""
    for option in reversed(
        [
            click.option(
                "--from", "first", help=say("学习期起", "first of the period to learn from")
            ),
            click.option("--to", "last", help=say("学习期止", "last of it")),
            click.option(
                "--leads",
                type=click.IntRange(1, 500),
                default=48,
                show_default=True,
                help=say("预见期步数", "steps ahead"),
            ),
            click.option(
                "--equal-members",
                "equal",
                type=click.IntRange(0, 1000),
                default=0,
                help=say("另写出等概率成员 m1…", "also write equally likely members m1.."),
            ),
            click.option(
                "--now",
                is_flag=True,
                help=say(
                    "只写最后一次实测时刻发布的预报",
                    "only what is issued at the last observed time",
                ),
            ),
            click.option(
                "--issued",
                "at",
                help=say(
                    "画哪一次发布的预报(默认最后一次完整的)",
                    "the issue to draw (default: the last whole one)",
                ),
            ),
            mark_option,
            plot_option,
            click.option("--out", type=OUT, required=True),
            json_option,
        ]
    ):
        command = option(command)
    return command


def _levels(equal: int) -> tuple[float, ...]:
    return (0.05, 0.95, *((k + 0.5) / equal for k in range(equal)))


@forecast_command.command(
    help=say("实时校正(按前几步误差)", "correct a forecast by its last errors")
)
@click.option(
    "--observed",
    type=FILE,
    required=True,
    help=say("CSV:时间、实测流量[、雨量]", "CSV: time, observed flow[, rain]"),
)
@click.option(
    "--forecast",
    "forecast_file",
    type=FILE,
    required=True,
    help=say("time, flow 或成员 m1…", "time, flow, or members m1.."),
)
@click.option(
    "--order",
    type=click.IntRange(1, 12),
    default=3,
    show_default=True,
    help=say("用最近几步误差", "how many last errors are used"),
)
@shared_options
def correct(
    observed: Path,
    forecast_file: Path,
    order: int,
    first: str | None,
    last: str | None,
    leads: int,
    equal: int,
    now: bool,
    at: str | None,
    marks: dict[str, float],
    plot: Path | None,
    out: Path,
    as_json: bool,
) -> None:
    from fangxian.kernels.hydro.correct import apply_correction, fit_correction, mean_and_spread

    labels, seen, told, rain, unit, errors = _joined(observed, forecast_file)
    a, b = span(labels, first, last)
    try:
        made = fit_correction(
            told[:, a:b], seen[a:b], leads=leads, order=order, levels=_levels(equal)
        )
    except ValueError as error:
        raise refused(error) from None
    flow, band = apply_correction(made, told, seen)
    issue = Issue(labels, seen, mean_and_spread(told)[0], flow, band, made.helps, rain, unit)
    _publish(issue, (a, b), now, at, marks, plot, out, as_json, errors)


def _joined(observed: Path, forecast: Path) -> tuple[list[str], Any, Any, Any, str, list[str]]:
    """On the times of the forecast: labels, the observed (time,) and simulated (members, time) flow,
    NaN where a file has no row, the rain beside the observed (None without), the unit, and
    what was wrong."""
    import numpy as np

    two = read_table(forecast, [])
    names = member_columns(two)
    name, unit = flow_column(two)
    names = names or [name]
    if not names[0]:
        stop(f"{forecast.name} 没有流量列", f"{forecast.name} has no column of flow")
    axis, at = axis_of(two)
    told = spread_out([two.numbers(n, low=0) for n in names], at, len(axis.labels))
    one = read_table(observed, [])
    place, length = axis.at(labels_of(one)), len(axis.labels)
    if ((place >= 0) & (place < length)).sum() < 3:
        stop("两个文件的时刻对不上", "the two files share fewer than three times")
    seen, columns, rain = spread_out(flow_of(one, unit), place, length), rain_columns(one), None
    if columns:
        fallen = np.nan_to_num([one.numbers(c, low=0) for c in columns]).mean(axis=0)
        rain = np.nan_to_num(spread_out(fallen, place, length))
    return axis.labels, seen, told, rain, unit or flow_column(one)[1], one.errors + two.errors


@forecast_command.command(
    help=say(
        "实时校正(集合卡尔曼滤波,改状态;只用于 xaj)",
        "correct by an ensemble filter on the states (xaj only)",
    )
)
@basin_option
@forcing_option
@click.option("--members", type=click.IntRange(10, 1000), default=50, show_default=True)
@rain_error_option
@rain_memory_option
@click.option(
    "--flow-error",
    type=click.FloatRange(0.001),
    default=0.1,
    show_default=True,
    help=say("实测流量相对误差", "relative error of the observed flow"),
)
@seed_option
@shared_options
def assimilate(
    basin: Path,
    forcing: Path,
    members: int,
    rain_error: float,
    rain_memory: float,
    flow_error: float,
    seed: int,
    first: str | None,
    last: str | None,
    leads: int,
    equal: int,
    now: bool,
    at: str | None,
    marks: dict[str, float],
    plot: Path | None,
    out: Path,
    as_json: bool,
) -> None:
    import numpy as np

    from fangxian.kernels.hydro.ensemble import Filter, Noise, filter_states, settle_forecasts

    runner = Runner("xaj", read_json(basin), forcing)
    feed = runner.forcing
    if feed.observed is None:
        stop("没有实测流量列", "the forcing has no observed flow")
    a, b = span(feed.labels, first, last)
    noise = Noise(rain=rain_error, memory=rain_memory, flow=flow_error)
    many = np.repeat(runner.given, members, axis=0)
    try:
        ahead, _ = filter_states(
            runner.where,
            feed.rain,
            feed.pan,
            many,
            Filter(runner.first(many)),
            feed.observed,
            leads=leads,
            noise=noise,
            seed=seed,
            done=_tenths(len(feed.labels)),
        )
        raw = runner.run(runner.given)[0][0]
        flow, band, helps = settle_forecasts(
            ahead, raw, feed.observed, learn=slice(a, b), levels=_levels(equal)
        )
    except ValueError as error:
        raise refused(error) from None
    issue = Issue(feed.labels, feed.observed, raw, flow, band, helps, feed.rain.mean(axis=1), "m3s")
    _publish(issue, (a, b), now, at, marks, plot, out, as_json, feed.table.errors)


def _tenths(steps: int) -> Callable[[int], None]:
    """Tells every tenth of the way."""
    return lambda k: tell(f"{k}/{steps}") if k * 10 // steps > (k - 1) * 10 // steps else None


def _publish(
    issue: Issue,
    learnt: tuple[int, int],
    now: bool,
    at: str | None,
    marks: dict[str, float],
    plot: Path | None,
    out: Path,
    as_json: bool,
    errors: list[str],
) -> None:
    """Write the forecasts issued after the period learnt from (all, where that is the whole; one,
    ``now``), draw one, and say where the correction was left off."""
    labels, (a, b), leads = issue.labels, learnt, issue.flow.shape[1]
    drawn = span(labels, at, at)[0] if at is not None else issue.newest if now else None
    issues = range(b - 1 if b < len(labels) else 0, len(labels))
    head = [*HEAD, *(f"m{k + 1}" for k in range(issue.band.shape[2] - 2))]
    write_table(
        out,
        head,
        (
            [
                labels[t],
                lead,
                float(issue.raw[t + lead]),
                float(issue.flow[t, lead - 1]),
                *map(float, issue.band[t, lead - 1]),
            ]
            for t in ([issue.newest] if now else issues)
            for lead in range(1, leads + 1)
            if t + lead < len(labels) and labels[t]
        ),
    )
    off = [lead for lead in range(1, leads + 1) if not issue.helps[lead - 1]]
    if off:
        tell(
            say(
                f"预见期 {_runs(off)} 步校正无益,发布原预报",
                f"leads {_runs(off)}: the correction does not help, raw is issued",
            )
        )
    if plot is not None:
        _draw(issue, drawn, marks, plot)
    told = {"learnt_from": [labels[a], labels[b - 1]], "left_off": off, "out": str(out)}
    finish({**told, **(_bulletin(issue, marks) if now else {})}, as_json, errors)


def _bulletin(issue: Issue, marks: dict[str, float]) -> dict[str, Any]:
    """What the newest forecast comes to: its peak, when, within what range, and the marks it
    crosses."""
    import numpy as np

    t = issue.newest
    ahead = min(issue.flow.shape[1], len(issue.labels) - 1 - t)
    flow = issue.flow[t, :ahead]
    if not np.isfinite(flow).any():
        return {"issued": issue.labels[t], "peak": None}
    k = int(np.nanargmax(flow))
    told = {
        "issued": issue.labels[t],
        "peak": round(float(flow[k]), 3),
        "peak_at": issue.labels[t + 1 + k],
        "peak_q05": round(float(issue.band[t, k, 0]), 3),
        "peak_q95": round(float(issue.band[t, k, 1]), 3),
    }
    crossed = []
    for name, level in marks.items():
        over = np.flatnonzero(flow >= level)
        maybe = np.flatnonzero(issue.band[t, :ahead, 1] >= level)
        crossed.append(
            {
                "mark": name,
                "at": issue.labels[t + 1 + over[0]] if over.size else None,
                "possible_at": issue.labels[t + 1 + maybe[0]] if maybe.size else None,
            }
        )
    return {**told, **({"marks": crossed} if crossed else {})}


def _runs(numbers: list[int]) -> str:
    """1, 2, 3, 7 as 1-3, 7."""
    parts: list[list[int]] = []
    for n in numbers:
        if parts and n == parts[-1][-1] + 1:
            parts[-1].append(n)
        else:
            parts.append([n])
    return ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)


def _draw(issue: Issue, drawn: int | None, marks: dict[str, float], plot: Path) -> None:
    import numpy as np

    labels, leads = issue.labels, issue.flow.shape[1]
    t = max(len(labels) - leads - 1, 0) if drawn is None else drawn
    a, b = max(0, t - 2 * leads), min(len(labels), t + leads + 1)
    flow, low, high = np.full((3, b - a), np.nan)
    flow[t - a] = low[t - a] = high[t - a] = issue.seen[t]  # joined to what was seen last
    ahead, told = slice(t + 1 - a, b - a), min(leads, len(labels) - 1 - t)
    flow[ahead], low[ahead] = issue.flow[t, :told], issue.band[t, :told, 0]
    high[ahead] = issue.band[t, :told, 1]
    draw(
        plot,
        labels[a:b],
        observed=issue.seen[a:b],
        flow=flow,
        band=(low, high),
        marks=marks,
        rain=None if issue.rain is None else issue.rain[a:b],
        now=t - a,
        unit=UNITS[issue.unit],
        name=say("预报", "forecast"),
    )
