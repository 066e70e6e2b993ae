"""`fangxian forecast simulate`, `batch` and `calibrate`."""

from pathlib import Path
from typing import Any, NamedTuple

import click

from fangxian.cli.forecast.files import UNITS, read_spans, refused, span
from fangxian.cli.forecast.group import forecast_command
from fangxian.cli.forecast.plot import (
    draw,
    mark_option,
    plot_from_option,
    plot_option,
    plot_to_option,
)
from fangxian.cli.forecast.runner import MODELS, Runner
from fangxian.cli.main import say, tell
from fangxian.cli.tables import (
    FILE,
    OUT,
    finish,
    json_option,
    read_json,
    read_table,
    stop,
    write_json,
    write_table,
)

OBJECTIVES = ("dc", "kge", "log", "peak", "mixed")
model_option = click.option(
    "--model", type=click.Choice(list(MODELS)), required=True,
    help=say("新安江、GR4J(日)、GR4H(时)", "Xinanjiang, GR4J (daily), GR4H (hourly)"),
)  # fmt: skip
basin_option = click.option(
    "--basin", type=FILE, required=True, help="JSON: params, sub_areas_km2, dt_h, initial, ..."
)
forcing_option = click.option(
    "--forcing", type=FILE, required=True,
    help=say("CSV:时间、雨量、蒸发[、实测流量]", "CSV: time, rain, evaporation[, observed flow]"),
)  # fmt: skip
published_option = click.option(
    "--published", is_flag=True,
    help=say("照已发表程序(水量不闭合,仅供比对)", "as the published program (loses water, to compare)"),
)  # fmt: skip
rain_error_option = click.option(
    "--rain-error", type=click.FloatRange(0), default=0.3, show_default=True,
    help=say("雨量相对误差", "relative error of the rain"),
)  # fmt: skip
rain_memory_option = click.option(
    "--rain-memory", type=click.FloatRange(0), default=0.0, show_default=True,
    help=say("雨量误差持续的步数", "steps over which the rain's error lasts"),
)  # fmt: skip
seed_option = click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True,
    help=say("随机种子:同种子同结果", "random seed: same seed, same result"),
)  # fmt: skip


@forecast_command.command(help=say("由雨量模拟流量", "flow from rain"))
@model_option
@basin_option
@forcing_option
@click.option(
    "--state",
    type=FILE,
    help=say("起始状态(由 --save-state 写出)", "first state, from --save-state"),
)
@click.option("--save-state", type=OUT, help=say("写出期末状态", "write the state at the end"))
@click.option(
    "--all-states",
    type=OUT,
    help=say("逐子流域写出全部状态与通量", "all states and fluxes by sub-basin"),
)
@click.option(
    "--members", type=click.IntRange(2), help=say("雨量扰动的成员数", "members with perturbed rain")
)
@click.option(
    "--members-out", type=OUT, help=say("写出各成员 m1…(可供 correct)", "write the members m1..")
)
@rain_error_option
@rain_memory_option
@seed_option
@published_option
@mark_option
@plot_option
@plot_from_option
@plot_to_option
@click.option("--out", type=OUT, required=True)
@json_option
def simulate(model: str, basin: Path, forcing: Path, state: Path | None, save_state: Path | None,
             all_states: Path | None, members: int | None, members_out: Path | None,
             rain_error: float, rain_memory: float, seed: int, published: bool, marks: dict[str, float], plot: Path | None,
             plot_from: str | None, plot_to: str | None, out: Path, as_json: bool) -> None:  # fmt: skip
    import numpy as np

    try:
        runner = Runner(model, read_json(basin), forcing, state, published=published)
        a, b = span(runner.forcing.labels, plot_from, plot_to)
        flow, after = runner.run(runner.given)
        columns, band, many = {f"flow_{runner.unit}": flow[0]}, None, None
        if members_out is not None and not members:
            raise click.UsageError(say("--members-out 需要 --members",
                                       "--members-out needs --members"))  # fmt: skip
        if members:
            many = _members(runner, members, rain_error, rain_memory, seed)
            quantiles = np.quantile(many, (0.05, 0.5, 0.95), axis=0)
            columns |= dict(zip(("q05", "q50", "q95"), quantiles, strict=True))
            band = quantiles[[0, 2]]
        told = runner.trace() if all_states else np.empty((0, 0, 0))
    except (ValueError, KeyError) as error:
        raise refused(error) from None
    feed = runner.forcing
    write_table(out, ["time", *columns], (
        [label, *map(float, row)]
        for label, row in zip(feed.labels, np.column_stack(list(columns.values())), strict=True)
    ))  # fmt: skip
    if all_states is not None:
        from fangxian.kernels.hydro.xaj import FLUXES

        write_table(all_states, ["time", "sub", *FLUXES], (
            [feed.labels[t], i + 1, *map(float, told[t, i])]
            for t in range(told.shape[0]) for i in range(told.shape[1])))  # fmt: skip
    if members_out is not None and many is not None:
        write_table(members_out, ["time", *(f"m{k + 1}" for k in range(len(many)))], (
            [label, *map(float, many[:, t])] for t, label in enumerate(feed.labels)))  # fmt: skip
    if save_state is not None:
        runner.save(save_state, after)
    if plot is not None:
        draw(plot, feed.labels[a:b], rain=feed.rain[a:b].mean(axis=1), flow=flow[0, a:b],
             observed=None if feed.observed is None else feed.observed[a:b],
             band=None if band is None else band[:, a:b], marks=marks, unit=UNITS[runner.unit])  # fmt: skip
    finish({"model": model, "steps": len(feed.labels), **_fit(flow, feed.observed), "out": str(out)},
           as_json, feed.table.errors)  # fmt: skip


def _members(runner: Runner, members: int, error: float, memory: float, seed: int) -> Any:
    """Flow of members that each have their own perturbed rain."""
    import numpy as np

    from fangxian.kernels.hydro.ensemble import Noise, perturbed

    noise = Noise(rain=error, memory=memory)
    own = perturbed(runner.forcing.rain, members, noise, np.random.default_rng(seed))
    return runner.run(np.repeat(runner.given, members, axis=0), own, quick=True)[0]


def _fit(flow: Any, observed: Any) -> dict[str, Any]:
    import numpy as np

    from fangxian.kernels.hydro.scores import nse

    if observed is None or not np.isfinite(observed).any():
        return {}
    known = np.isfinite(observed)
    volume = float(flow[0, known].sum() / observed[known].sum() - 1)
    return {"dc": round(float(nse(flow, observed)[0]), 5), "volume_error": round(volume, 4)}


class Job(NamedTuple):
    """One basin of a batch."""

    model: str
    published: bool
    basin: Path
    forcing: Path
    out: Path


@forecast_command.command(help=say("多个流域一起模拟", "simulate many basins"))
@model_option
@click.option("--list", "jobs", type=FILE, required=True,
              help=say("CSV:basin, forcing, out(相对于该文件)",
                       "CSV: basin, forcing, out (relative to that file)"))  # fmt: skip
@published_option
@json_option
def batch(model: str, jobs: Path, published: bool, as_json: bool) -> None:
    """Where ``FANGXIAN_COMPUTE`` says: here, in processes or on Dask; the same files come out."""
    from fangxian.spine.core.compute import EngineError, map_chunks
    from fangxian.spine.core.config import ConfigError, config

    table = read_table(jobs, ["basin", "forcing", "out"])
    names = [
        [(row.get(c) or "").strip() for c in ("basin", "forcing", "out")] for row in table.rows
    ]
    outs = [name[2] for name in names]
    for row, name in enumerate(names):
        if not all(name) or outs.count(name[2]) > 1:
            table.wrong(
                row, "out", "缺名称,或输出重复", "a name is missing, or the output stands twice"
            )
    if table.errors:
        finish({"basins": len(names), "failed": len(names)}, as_json, table.errors, failed=True)
    chunks = [Job(model, published, *(jobs.parent / x for x in name)) for name in names]
    try:
        done = map_chunks(_simulate_one, chunks, engine=config().compute,
                          done=lambda k: tell(f"{k}/{len(chunks)}"))  # fmt: skip
    except (EngineError, ConfigError) as error:
        raise click.UsageError(str(error)) from None
    for row, wrong in enumerate(done):
        for text in wrong:
            table.wrong(row, "basin", text, text)
    failed = sum(bool(w) for w in done)
    finish({"basins": len(chunks), "failed": failed}, as_json, table.errors,
           failed=failed == len(chunks))  # fmt: skip


def _simulate_one(job: Job) -> list[str]:
    """One basin of a batch, in whatever process; what went wrong, nothing if nothing did."""
    try:
        runner = Runner(job.model, read_json(job.basin), job.forcing, published=job.published)
        flow, _ = runner.run(runner.given)
        rows = zip(runner.forcing.labels, map(float, flow[0]), strict=True)
        write_table(job.out, ["time", f"flow_{runner.unit}"], rows)
    except (ValueError, KeyError) as error:
        return [str(error)]
    except SystemExit:  # what stopped it was told on stderr
        return [say(f"{job.basin.name}、{job.forcing.name} 或 {job.out.name} 不可用,原因见上",
                    f"{job.basin.name}, {job.forcing.name} or {job.out.name} failed, as told above")]  # fmt: skip
    return runner.forcing.table.errors


@forecast_command.command(help=say("率定参数(SCE-UA)", "calibrate parameters (SCE-UA)"))
@model_option
@click.option("--basin", type=FILE, required=True, help="JSON with sce_ranges: {name: [low, high]}")
@forcing_option
@click.option("--from", "first", help=say("率定期起", "first of the period to fit"))
@click.option("--to", "last", help=say("率定期止", "last of it"))
@click.option("--check-from", help=say("检验期起", "first of the period to check"))
@click.option("--check-to", help=say("检验期止", "last of it"))
@click.option(
    "--objective",
    type=click.Choice(OBJECTIVES),
    default="dc",
    show_default=True,
    help=say("dc 确定性系数;log 对数;peak 洪峰;mixed 各半", "peak: of --events; mixed: dc and log"),
)
@click.option("--events", type=FILE, help="CSV: start, end (peak)")
@seed_option
@click.option("--max-evals", type=click.IntRange(50), default=10_000, show_default=True,
              help=say("评估次数,到此不再开始新一轮", "no further round begins after so many runs"))  # fmt: skip
@click.option("--complexes", type=click.IntRange(2, 64), default=4, show_default=True,
              help=say("复合形个数,参数多时可加大", "complexes; more for many parameters"))  # fmt: skip
@click.option(
    "--warm", is_flag=True, help=say("从文件中的参数起步", "start from the file's parameters")
)
@click.option(
    "--gap",
    type=float,
    default=0.1,
    show_default=True,
    help=say("拟合与检验之差的警示", "fit-check gap that is flagged"),
)
@published_option
@plot_option
@plot_from_option
@plot_to_option
@click.option(
    "--out",
    type=OUT,
    required=True,
    help=say("写出带新参数的流域 JSON", "the basin JSON with the new parameters"),
)
@json_option
def calibrate(model: str, basin: Path, forcing: Path, first: str | None, last: str | None,
              check_from: str | None, check_to: str | None, objective: str, events: Path | None,
              seed: int, max_evals: int, complexes: int, warm: bool, gap: float, published: bool,
              plot: Path | None, plot_from: str | None, plot_to: str | None, out: Path,
              as_json: bool) -> None:  # fmt: skip
    import numpy as np

    from fangxian.kernels.hydro.calibrate import sce_ua
    from fangxian.kernels.hydro.scores import nse

    described = read_json(basin)
    runner = Runner(model, described, forcing, published=published)
    observed, labels = runner.forcing.observed, runner.forcing.labels
    if observed is None:
        stop("没有实测流量列", "the forcing has no observed flow")
    ranges = _ranges(described, runner.names)
    place = [runner.names.index(n) for n in ranges]
    a, b = span(labels, first, last)
    shown = span(labels, plot_from, plot_to)
    checked = span(labels, check_from, check_to) if check_from or check_to else None
    score = _objective(objective, events, labels, observed, (a, b))

    def whole(points: Any) -> Any:
        p = np.repeat(runner.given, len(points), axis=0)
        p[:, place] = points
        return p

    def evaluate(points: Any) -> Any:
        value, p = np.full(len(points), np.inf), whole(points)
        fits = runner.feasible(p)
        if fits.any():
            value[fits] = 1 - score(runner.run(p[fits], quick=True)[0])
        return value

    low, high = np.array(list(ranges.values()), float).T
    start = runner.given[0, place] if warm else None
    try:
        found = sce_ua(evaluate, low, high, seed=seed, max_evaluations=max_evals, first=start,
                       complexes=complexes, told=lambda n, v: tell(f"{n}  {1 - v:.5f}"))  # fmt: skip
    except ValueError as error:
        raise refused(error) from None
    flow, _ = runner.run(whole(found.best[None]))
    told: dict[str, Any] = {
        "objective": objective, "value": round(1 - found.value, 5), "evaluations": found.evaluations,
        "stopped": found.stopped, "on_bound": [list(ranges)[k] for k in found.on_bound],
        "dc_fit": round(float(nse(flow[:, a:b], observed[a:b])[0]), 5),
    }  # fmt: skip
    if checked:
        told |= _checked(flow, observed, checked, told["dc_fit"], gap)
    described["params"] = {
        **described["params"],
        **dict(zip(ranges, found.best.tolist(), strict=True)),
    }
    write_json(out, described)
    if plot is not None:
        c, d = shown
        parts = [
            (a - c, say("率定", "fit")),
            *([(checked[0] - c, say("检验", "check"))] if checked else []),
        ]
        draw(plot, labels[c:d], rain=runner.forcing.rain[c:d].mean(axis=1), observed=observed[c:d],
             flow=flow[0, c:d], unit=UNITS[runner.unit],
             parts=[part for part in parts if 0 <= part[0] < d - c])  # fmt: skip
    finish({**told, "out": str(out)}, as_json, runner.forcing.table.errors)


def _ranges(described: dict[str, Any], names: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """What is searched, from the basin file; exit 1 when it is not {name: [low, high]}."""
    found = {}
    given = described.get("sce_ranges")
    for name, pair in given.items() if isinstance(given, dict) else ():
        try:
            low, high = map(float, pair)
        except (TypeError, ValueError):
            low, high = 1.0, 0.0
        if name not in names or not low < high:
            stop(f"sce_ranges 的“{name}: {pair}”不可用;应是 参数名: [下限, 上限]",
                 f"sce_ranges, {name}: {pair} is not usable; it must be a parameter: [low, high]")  # fmt: skip
        found[name] = low, high
    if not found:
        stop("流域文件没有 sce_ranges:{参数名: [下限, 上限]}",
             "the basin file has no sce_ranges: {parameter: [low, high]}")  # fmt: skip
    return found


def _checked(
    flow: Any, observed: Any, period: tuple[int, int], fit: float, gap: float
) -> dict[str, Any]:
    """What the parameters are worth on a period they have not seen; a gap is said aloud."""
    from fangxian.kernels.hydro.scores import nse

    a, b = period
    dc = round(float(nse(flow[:, a:b], observed[a:b])[0]), 5)
    if fit - dc > gap:
        tell(
            say(
                "注意:检验远逊于拟合,疑过拟合",
                "note: the check is far worse than the fit; over-fitted?",
            )
        )
    elif dc - fit > gap:
        tell(
            say(
                "注意:检验远好于拟合,两期不可比",
                "note: the check is far better than the fit; the periods differ",
            )
        )
    return {"dc_check": dc, "gap_flagged": abs(fit - dc) > gap}


def _objective(name: str, events: Path | None, labels: list[str], observed: Any,
               period: tuple[int, int]) -> Any:  # fmt: skip
    """What is to be as large as possible, of whole runs (members, time)."""
    from fangxian.kernels.hydro import scores

    a, b = period
    if name == "peak":
        if events is None:
            raise click.UsageError(say("--objective peak 需要 --events",
                                       "--objective peak needs --events"))  # fmt: skip
        spans = [s for s in read_spans(events, labels) if a <= s[0] and s[1] < b]
        if not spans:
            raise click.UsageError(say("率定期内没有洪水", "no event lies within the period"))
        return lambda flow: 1 - scores.peak_error(flow, observed, spans)
    single = {"dc": scores.nse, "kge": scores.kge, "log": scores.log_nse}
    if name in single:
        return lambda flow: single[name](flow[:, a:b], observed[a:b])
    return lambda flow: (scores.nse(flow[:, a:b], observed[a:b])
                         + scores.log_nse(flow[:, a:b], observed[a:b])) / 2  # fmt: skip
