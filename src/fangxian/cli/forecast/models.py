"""`fangxian forecast simulate`, `batch` and `calibrate`."""

from pathlib import Path
from typing import Any

import click

from fangxian.cli.files import FILE, OUT, finish, json_option, out_option, tell_compiling
from fangxian.cli.forecast.group import (
    basin_option,
    flat_option,
    forcing_option,
    forecast_command,
    model_option,
    option,
    published_option,
    rain_error_option,
    rain_memory_option,
    seed_option,
)
from fangxian.cli.forecast.plot import (
    UNITS,
    draw,
    mark_option,
    plot_from_option,
    plot_option,
    plot_to_option,
)
from fangxian.cli.main import say, tell
from fangxian.spine.core.tables import read_json, write_json, write_table


@forecast_command.command(help=say("由雨量模拟流量", "flow from rain"))
@model_option
@basin_option
@forcing_option
@option("--state", "起始状态(由 --save-state 写出)", "first state, from --save-state", type=FILE)
@option("--save-state", "写出期末状态", "write the state at the end", type=OUT)
@option(
    "--all-states", "逐子流域写出全部状态与通量", "all states and fluxes by sub-basin", type=OUT
)
@option("--members", "雨量扰动的成员数", "members with perturbed rain", type=click.IntRange(2))
@option("--members-out", "写出各成员 m1…(可供 correct)", "write the members m1..", type=OUT)
@rain_error_option
@rain_memory_option
@seed_option
@published_option
@flat_option
@mark_option
@plot_option
@plot_from_option
@plot_to_option
@out_option
@json_option
def simulate(
    model: str,
    basin: Path,
    forcing: Path,
    state: Path | None,
    save_state: Path | None,
    all_states: Path | None,
    members: int | None,
    members_out: Path | None,
    rain_error: float,
    rain_memory: float,
    seed: int,
    published: bool,
    flat: bool,
    marks: dict[str, float],
    plot: Path | None,
    plot_from: str | None,
    plot_to: str | None,
    out: Path,
    as_json: bool,
) -> None:
    from fangxian.hazards.flood.forecast.files import span
    from fangxian.hazards.flood.forecast.runner import Runner
    from fangxian.hazards.flood.forecast.simulate import Spread
    from fangxian.hazards.flood.forecast.simulate import simulate as run

    if members_out is not None and not members:
        raise click.UsageError(say("--members-out 需要 --members", "--members-out needs --members"))
    tell_compiling()
    runner = Runner(model, read_json(basin), forcing, state, published=published, flat=flat)
    feed = runner.forcing
    a, b = span(feed.labels, plot_from, plot_to)
    found = run(runner, Spread(members, rain_error, rain_memory, seed) if members else None)
    answer = found.answer
    traced = found.trace_rows() if all_states else None
    write_table(out, answer.columns, answer.rows)
    if all_states is not None and traced:
        write_table(all_states, *traced)
    if members_out is not None:
        write_table(
            members_out, ["time", *(f"m{k + 1}" for k in range(members or 0))], found.member_rows
        )
    if save_state is not None:
        write_json(save_state, runner.state(found.end))
    if plot is not None:
        draw(
            plot,
            feed.labels[a:b],
            title=say(
                f"{model} 模拟流量:{forcing.name}", f"{model}, simulated flow: {forcing.name}"
            ),
            rain=feed.rain[a:b].mean(axis=1),
            flow=found.flow[a:b],
            observed=None if feed.observed is None else feed.observed[a:b],
            band=None if found.quantiles is None else found.quantiles[[0, 2], a:b],
            marks=marks,
            unit=UNITS[runner.unit],
        )
    finish(answer, as_json, out=out)


@forecast_command.command(help=say("多个流域一起模拟", "simulate many basins"))
@model_option
@option(
    "--list",
    "CSV:basin, forcing, out[, state, save_state](相对于该文件)",
    "CSV: basin, forcing, out[, state, save_state] (relative to that file)",
    type=FILE,
    required=True,
)
@published_option
@flat_option
@json_option
def batch(model: str, list: Path, published: bool, flat: bool, as_json: bool) -> None:  # noqa: A002
    from fangxian.hazards.flood.forecast.simulate import simulate_many
    from fangxian.spine.core.compute import EngineError
    from fangxian.spine.core.config import ConfigError

    try:
        answer = simulate_many(
            list, model, published=published, flat=flat, done=lambda k, n: tell(f"{k}/{n}")
        )
    except (EngineError, ConfigError) as error:
        raise click.UsageError(str(error)) from None
    finish(answer, as_json, failed=answer.told["failed"] == answer.told["basins"])


@forecast_command.command(help=say("率定参数(SCE-UA)", "calibrate parameters (SCE-UA)"))
@model_option
@click.option("--basin", type=FILE, required=True, help="JSON with sce_ranges: {name: [low, high]}")
@forcing_option
@option("--from", "率定期起", "first of the period to fit")
@option("--to", "率定期止", "last of it")
@option("--check-from", "检验期起", "first of the period to check")
@option("--check-to", "检验期止", "last of it")
@option(
    "--objective",
    "dc 确定性系数;log 对数;peak 洪峰;mixed 各半",
    "peak: of --events; mixed: dc and log",
    type=click.Choice(["dc", "kge", "log", "peak", "mixed"]),
    default="dc",
)
@click.option("--events", type=FILE, help="CSV: start, end (peak)")
@seed_option
@option(
    "--max-evals",
    "评估次数,到此不再开始新一轮",
    "no further round begins after so many runs",
    type=click.IntRange(50),
    default=10_000,
)
@option(
    "--complexes",
    "复合形个数,参数多时可加大",
    "complexes; more for many parameters",
    type=click.IntRange(2, 64),
    default=4,
)
@option("--warm", "从文件中的参数起步", "start from the file's parameters", is_flag=True)
@option("--gap", "拟合与检验之差的警示", "fit-check gap that is flagged", type=float, default=0.1)
@published_option
@flat_option
@plot_option
@plot_from_option
@plot_to_option
@option(
    "--out",
    "写出带新参数的流域 JSON",
    "the basin JSON with the new parameters",
    type=OUT,
    required=True,
)
@json_option
def calibrate(
    model: str,
    basin: Path,
    forcing: Path,
    published: bool,
    flat: bool,
    plot: Path | None,
    plot_from: str | None,
    plot_to: str | None,
    out: Path,
    as_json: bool,
    **asked: Any,
) -> None:
    from fangxian.hazards.flood.forecast.calibrate import Task
    from fangxian.hazards.flood.forecast.calibrate import calibrate as search
    from fangxian.hazards.flood.forecast.files import span
    from fangxian.hazards.flood.forecast.runner import Runner

    tell_compiling()
    runner = Runner(model, read_json(basin), forcing, published=published, flat=flat)
    feed = runner.forcing
    c, d = span(feed.labels, plot_from, plot_to)
    task = Task(first=asked.pop("from"), last=asked.pop("to"), **asked)
    found = search(runner, task, done=lambda n, value: tell(f"{n}  {value:.5f}"))
    write_json(out, found.basin)
    if plot is not None:
        parts = [(found.fit_from - c, say("率定", "fit"))]
        if found.check_from is not None:
            parts.append((found.check_from - c, say("检验", "check")))
        draw(
            plot,
            feed.labels[c:d],
            title=say(f"{model} 率定:{forcing.name}", f"{model}, calibrated: {forcing.name}"),
            rain=feed.rain[c:d].mean(axis=1),
            observed=feed.observed[c:d],
            flow=found.flow[c:d],
            unit=UNITS[runner.unit],
            parts=[part for part in parts if 0 <= part[0] < d - c],
        )
    finish(found.answer, as_json, out=out)
