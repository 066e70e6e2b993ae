"""`fangxian forecast correct` (by the last errors) and `assimilate` (by the states)."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fangxian.cli.files import FILE, OUT, finish, json_option, out_option, tell_compiling
from fangxian.cli.forecast.group import (
    basin_option,
    flat_option,
    forcing_option,
    forecast_command,
    option,
    rain_error_option,
    rain_memory_option,
    seed_option,
)
from fangxian.cli.forecast.plot import UNITS, draw, mark_option, plot_option
from fangxian.cli.main import say, tell
from fangxian.spine.core.tables import read_json, write_json, write_table

if TYPE_CHECKING:
    from fangxian.hazards.flood.forecast.correct import Issue, Learning


def shared_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options both ways share, in this order."""
    whole = "画哪一次发布的预报(默认最后一次完整的)"
    for one in reversed(
        [
            option("--from", "学习期起", "first of the period to learn from"),
            option("--to", "学习期止", "last of it"),
            option("--leads", "预见期步数", "steps ahead", type=click.IntRange(1, 500), default=48),
            option(
                "--equal-members",
                "另写出等概率成员 m1…",
                "also write equally likely members m1..",
                type=click.IntRange(0, 1000),
                default=0,
            ),
            option(
                "--now",
                "只写最后一次实测时刻发布的预报",
                "only what is issued at the last observed time",
                is_flag=True,
            ),
            option("--issued", whole, "the issue to draw (default: the last whole one)"),
            mark_option,
            plot_option,
            out_option,
            json_option,
        ]
    ):
        command = one(command)
    return command


def _learning(given: dict[str, Any]) -> "Learning":
    from fangxian.hazards.flood.forecast.correct import Learning

    return Learning(given["from"], given["to"], given["leads"], given["equal_members"])


@forecast_command.command(
    help=say("实时校正(按前几步误差)", "correct a forecast by its last errors")
)
@option(
    "--observed",
    "CSV 或 xlsx:时间、实测流量[、雨量]",
    "CSV or xlsx: time, observed flow[, rain]",
    type=FILE,
    required=True,
)
@option(
    "--forecast",
    "time, flow 或成员 m1…",
    "time, flow, or members m1..",
    type=FILE,
    required=True,
)
@option(
    "--order",
    "用最近几步误差",
    "how many last errors are used",
    type=click.IntRange(1, 12),
    default=3,
)
@shared_options
def correct(observed: Path, forecast: Path, order: int, **given: Any) -> None:
    from fangxian.hazards.flood.forecast.correct import correct as made

    _publish(made(observed, forecast, _learning(given), order=order), **given)


@forecast_command.command(
    help=say(
        "实时校正(集合卡尔曼滤波,改状态)",
        "correct by an ensemble filter on the states",
    )
)
@option(
    "--model",
    "新安江、GR4J(日)、GR4H(时)",
    "Xinanjiang, GR4J (daily), GR4H (hourly)",
    type=click.Choice(["xaj", "gr4j", "gr4h"]),
    default="xaj",
)
@basin_option
@forcing_option
@option("--members", "成员数", "members", type=click.IntRange(10, 1000), default=50)
@rain_error_option
@rain_memory_option
@option(
    "--flow-error",
    "实测流量相对误差",
    "relative error of the observed flow",
    type=click.FloatRange(0.001),
    default=0.1,
)
@seed_option
@flat_option
@option(
    "--state",
    "接着算(由 --save-state 写出);不再学习",
    "go on from --save-state; nothing is learnt again",
    type=FILE,
)
@option(
    "--save-state",
    "写出最后一次实测时刻的滤波状态",
    "write the filter at the last observed time",
    type=OUT,
)
@shared_options
def assimilate(
    model: str,
    basin: Path,
    forcing: Path,
    members: int,
    rain_error: float,
    rain_memory: float,
    flow_error: float,
    seed: int,
    flat: bool,
    state: Path | None,
    save_state: Path | None,
    **given: Any,
) -> None:
    from fangxian.hazards.flood.forecast.assimilate import Errors
    from fangxian.hazards.flood.forecast.assimilate import assimilate as made
    from fangxian.hazards.flood.forecast.runner import Runner

    tell_compiling()
    runner = Runner(model, read_json(basin), forcing, flat=flat)
    errors = Errors(rain_error, rain_memory, flow_error, members, seed)
    issue, stood = made(runner, _learning(given), errors, state, done=_tell_tenths)
    _publish(issue, state=(save_state, stood), **given)


def _tell_tenths(k: int, steps: int) -> None:
    """Every tenth of the way."""
    if k * 10 // steps > (k - 1) * 10 // steps:
        tell(f"{k}/{steps}")


def _publish(
    issue: "Issue",
    *,
    now: bool,
    issued: str | None,
    marks: dict[str, float],
    plot: Path | None,
    out: Path,
    as_json: bool,
    state: tuple[Path | None, dict[str, Any]] = (None, {}),
    **_: Any,
) -> None:
    """Write the forecasts and the state, and draw one."""
    from fangxian.hazards.flood.forecast.correct import bulletin
    from fangxian.hazards.flood.forecast.files import span

    drawn = issue.newest if now else None
    if issued is not None:
        drawn = span(issue.labels, issued, issued)[0]
    write_table(out, issue.columns, issue.rows(now=now))
    if state[0] is not None:
        write_json(state[0], state[1])
    if plot is not None:
        _draw(issue, drawn, marks, plot)
    if now:
        issue.answer.told |= bulletin(issue, marks)
    finish(issue.answer, as_json, out=out)


def _draw(issue: "Issue", drawn: int | None, marks: dict[str, float], plot: Path) -> None:
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
        title=say(f"{labels[t]} 发布的流量预报", f"forecast of flow issued {labels[t]}"),
        observed=issue.seen[a:b],
        flow=flow,
        band=(low, high),
        marks=marks,
        rain=None if issue.rain is None else issue.rain[a:b],
        now=t - a,
        unit=UNITS[issue.unit],
        name=say("预报", "forecast"),
    )
