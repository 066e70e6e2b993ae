"""`fangxian forecast simulate`, `calibrate`, `reservoir`."""

import json
from pathlib import Path
from typing import Any

import click

from fangxian.cli.forecast.group import FILE, OUT, forecast_command, json_option, read_forcing, span
from fangxian.cli.forecast.plot import draw
from fangxian.cli.main import say, tell
from fangxian.cli.tables import finish, read_json, read_table, stop, write_table

MODELS = click.Choice(["xaj", "gr4j", "gr4h"])
OBJECTIVES = click.Choice(["dc", "kge", "log", "mixed"])


class Runner:
    """A model with its basin and forcing: ``flow(points)`` gives m3/s (GR4: mm a step)."""

    def __init__(self, model: str, basin: dict[str, Any], forcing: Path, state: Path | None,
                 published: bool = False) -> None:  # fmt: skip
        import numpy as np

        from fangxian.kernels.hydro import gr4, xaj

        self.model, self.basin, self.published = model, basin, published
        rows = basin.get("thiessen_rows_sub_cols_gauge")
        weights = None if rows is None or model != "xaj" else np.array(rows, float)
        self.forcing = read_forcing(forcing, weights)
        self.names = xaj.NAMES if model == "xaj" else gr4.NAMES
        given = basin.get("params", {})
        missing = [n for n in self.names if n not in given]
        if missing:
            stop(f"流域文件缺少参数 {missing}", f"the basin file has no parameters {missing}")
        self.given = np.array([[float(given[n]) for n in self.names]])
        self.saved = read_json(state) if state else None
        if model == "xaj":
            areas = basin.get("sub_areas_km2", [basin.get("area_km2", 0)])
            self.where = xaj.Basin(np.array(areas, float), float(basin.get("dt_h", 24)))

    def run(self, points: Any, *, fluxes: bool = False) -> tuple[Any, Any, Any]:
        import numpy as np

        from fangxian.kernels.hydro import gr4, xaj

        if self.model != "xaj":
            state = None
            if self.saved:
                state = gr4.GrState(
                    *(np.array(self.saved[k]) for k in ("stores", "first", "second"))
                )
            step = "daily" if self.model == "gr4j" else "hourly"
            rain, pan = self.forcing.rain.mean(axis=1), self.forcing.pan.mean(axis=1)
            flow, after = gr4.run_gr4(rain, pan, points, step=step, state=state)
            return (
                flow,
                {"stores": after.stores, "first": after.first, "second": after.second},
                None,
            )
        reaches = max(xaj.reach_count(float(ke), self.where.dt_h) for ke in points[:, xaj.KE])
        first = self._first(len(points), reaches)
        inputs = (self.where, self.forcing.rain, self.forcing.pan, points, first)
        if fluxes:
            flow, end, told = xaj.trace(*inputs, published=self.published)
        else:
            (flow, end), told = xaj.run(*inputs, published=self.published), None
        return flow, {"land": end.land, "reach": end.reach}, told

    def _first(self, members: int, reaches: int) -> Any:
        import numpy as np

        from fangxian.kernels.hydro import xaj

        if self.saved:
            land, reach = np.array(self.saved["land"]), np.array(self.saved["reach"])
            return xaj.State(np.repeat(land, members, 0), np.repeat(reach, members, 0))
        start = {k: float(v) for k, v in self.basin.get("initial", {}).items()}
        return xaj.start(members, self.where, wu=start.get("WU", 10), wl=start.get("WL", 30),
                         wd=start.get("WD", 20), s=start.get("S0", 0), fr=start.get("FR", 0),
                         reaches=reaches)  # fmt: skip


@forecast_command.command(help=say("由雨量模拟流量", "flow from rain"))
@click.option("--model", type=MODELS, required=True)
@click.option(
    "--basin", type=FILE, required=True, help="JSON: params, sub_areas_km2, dt_h, initial, ..."
)
@click.option("--forcing", type=FILE, required=True)
@click.option(
    "--state",
    type=FILE,
    help=say("起始状态(由 --save-state 写出)", "first state, from --save-state"),
)
@click.option("--save-state", type=OUT)
@click.option(
    "--all-states",
    type=OUT,
    help=say("逐子流域写出全部状态与通量", "all states and fluxes by sub-basin"),
)
@click.option(
    "--published",
    is_flag=True,
    help=say(
        "照已发表程序(水量不闭合,仅供比对)", "as the published program (loses water, to compare)"
    ),
)
@click.option("--plot", type=OUT, help="svg | png")
@click.option("--out", type=OUT, required=True)
@json_option
def simulate(model: str, basin: Path, forcing: Path, state: Path | None, save_state: Path | None,
             all_states: Path | None, published: bool, plot: Path | None, out: Path, as_json: bool) -> None:  # fmt: skip
    if all_states and model != "xaj":
        raise click.UsageError(say("--all-states 只用于 xaj", "--all-states is for xaj"))
    try:
        runner = Runner(model, read_json(basin), forcing, state, published)
        flow, after, told = runner.run(runner.given, fluxes=all_states is not None)
    except (ValueError, KeyError) as error:
        raise click.UsageError(str(error)) from None
    feed = runner.forcing
    write_table(out, ["time", "flow"], zip(feed.labels, map(float, flow[0]), strict=True))
    if all_states is not None:
        from fangxian.kernels.hydro.xaj import FLUXES

        write_table(all_states, ["time", "sub", *FLUXES], (
            [feed.labels[t], i + 1, *map(float, told[t, i])]
            for t in range(told.shape[0]) for i in range(told.shape[1])))  # fmt: skip
    if save_state is not None:
        text = json.dumps({k: v.tolist() for k, v in after.items()})
        save_state.write_text(text, encoding="utf-8")
    if plot is not None:
        draw(plot, feed.labels, feed.rain.mean(axis=1), flow[0], feed.observed)
    finish({"model": model, "steps": len(feed.labels), **_fit(flow, feed.observed), "out": str(out)},
           as_json, feed.table.errors)  # fmt: skip


def _fit(flow: Any, observed: Any) -> dict[str, Any]:
    import numpy as np

    from fangxian.kernels.hydro.scores import nse

    if observed is None or not np.isfinite(observed).any():
        return {}
    known = np.isfinite(observed)
    volume = float(flow[0, known].sum() / observed[known].sum() - 1)
    return {"dc": round(float(nse(flow, observed)[0]), 5), "volume_error": round(volume, 4)}


@forecast_command.command(help=say("率定参数(SCE-UA)", "calibrate parameters (SCE-UA)"))
@click.option("--model", type=MODELS, required=True)
@click.option("--basin", type=FILE, required=True, help="JSON with sce_ranges: {name: [low, high]}")
@click.option("--forcing", type=FILE, required=True)
@click.option("--from", "first")
@click.option("--to", "last")
@click.option(
    "--published",
    is_flag=True,
    help=say(
        "照已发表程序(水量不闭合,仅供比对)", "as the published program (loses water, to compare)"
    ),
)
@click.option("--check-from")
@click.option("--check-to")
@click.option("--objective", type=OBJECTIVES, default="dc", show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--max-evals", type=click.IntRange(50), default=10_000, show_default=True)
@click.option(
    "--gap",
    type=float,
    default=0.1,
    show_default=True,
    help=say("拟合与检验之差的警示", "fit-check gap that is flagged"),
)
@click.option(
    "--out",
    type=OUT,
    required=True,
    help=say("写出带新参数的流域 JSON", "the basin JSON with the new parameters"),
)
@json_option
def calibrate(model: str, basin: Path, forcing: Path, first: str | None, last: str | None,
              published: bool, check_from: str | None, check_to: str | None, objective: str, seed: int,
              max_evals: int, gap: float, out: Path, as_json: bool) -> None:  # fmt: skip
    import numpy as np

    from fangxian.kernels.hydro.calibrate import sce_ua
    from fangxian.kernels.hydro.scores import nse

    described = read_json(basin)
    runner = Runner(model, described, forcing, None, published)
    observed = runner.forcing.observed
    if observed is None:
        stop("没有实测流量列", "the forcing has no observed flow")
    ranges = described.get("sce_ranges") or {}
    unknown = [n for n in ranges if n not in runner.names]
    if unknown or not ranges:
        stop(
            f"sce_ranges 为空或有未知参数 {unknown}",
            f"sce_ranges is empty or has unknown {unknown}",
        )
    place = [runner.names.index(n) for n in ranges]
    a, b = span(runner.forcing.labels, first, last)
    score = _objective(objective)

    def flows(points: Any) -> Any:
        p = np.repeat(runner.given, len(points), axis=0)
        p[:, place] = points
        return runner.run(p)[0]

    def evaluate(points: Any) -> Any:
        value = np.full(len(points), np.inf)
        fit = _feasible(model, runner.given, place, points)
        if fit.any():
            value[fit] = 1 - score(flows(points[fit])[:, a:b], observed[a:b])
        return value

    low, high = np.array(list(ranges.values()), float).T
    try:
        found = sce_ua(evaluate, low, high, seed=seed, max_evaluations=max_evals,
                       told=lambda n, v: tell(f"{n}  {1 - v:.5f}"))  # fmt: skip
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    flow = flows(found.best[None])
    told: dict[str, Any] = {
        "objective": objective, "value": round(1 - found.value, 5), "evaluations": found.evaluations,
        "stopped": found.stopped, "on_bound": [list(ranges)[k] for k in found.on_bound],
        "dc_fit": round(float(nse(flow[:, a:b], observed[a:b])[0]), 5),
    }  # fmt: skip
    if check_from or check_to:
        c, d = span(runner.forcing.labels, check_from, check_to)
        told["dc_check"] = round(float(nse(flow[:, c:d], observed[c:d])[0]), 5)
        told["gap_flagged"] = abs(told["dc_fit"] - told["dc_check"]) > gap
        if told["gap_flagged"]:
            tell(
                say(
                    "注意:拟合与检验相差过大,疑过拟合",
                    "note: fit and check differ too much; over-fitted?",
                )
            )
    described["params"] = {
        **described["params"],
        **dict(zip(ranges, found.best.tolist(), strict=True)),
    }
    out.write_text(json.dumps(described, ensure_ascii=False, indent=1), encoding="utf-8")
    finish({**told, "out": str(out)}, as_json, runner.forcing.table.errors)


def _feasible(model: str, given: Any, place: list[int], points: Any) -> Any:
    import numpy as np

    from fangxian.kernels.hydro import xaj

    if model != "xaj":
        return np.ones(len(points), bool)
    p = np.repeat(given, len(points), axis=0)
    p[:, place] = points
    together = p[:, xaj.KI] + p[:, xaj.KG] < 0.99
    return together & (p[:, xaj.UM] + p[:, xaj.LM] < p[:, xaj.WM])


def _objective(name: str) -> Any:
    from fangxian.kernels.hydro import scores

    single = {"dc": scores.nse, "kge": scores.kge, "log": scores.log_nse}
    if name in single:
        return single[name]
    return lambda s, o: (scores.nse(s, o) + scores.log_nse(s, o)) / 2


@forecast_command.command(help=say("水库调洪试算", "carry a flood through a reservoir"))
@click.option("--reservoir", "described", type=FILE, required=True,
              help="JSON: levels, volumes, outlet_levels, outlet_flows, dead, limit, release, top, dt_h")  # fmt: skip
@click.option("--inflow", type=FILE, required=True, help="CSV: time, flow[, plan]")
@click.option("--level", type=float, required=True, help=say("起调水位", "level at the start, m"))
@click.option("--out", type=OUT, required=True)
@json_option
def reservoir(described: Path, inflow: Path, level: float, out: Path, as_json: bool) -> None:
    import numpy as np

    from fangxian.kernels.hydro.reservoir import Rating, Reservoir, route

    table = read_table(inflow, ["time", "flow"])
    given = read_json(described)
    flow = np.array(table.numbers("flow", low=0))
    plan = np.array(table.numbers("plan", low=0)) if "plan" in table.columns else None
    try:
        dam = Reservoir(given["levels"], given["volumes"],
                        Rating(given["outlet_levels"], given["outlet_flows"]), given["dead"],
                        given["limit"], given["release"], given["top"])  # fmt: skip
        found = route(dam, flow, level=level, dt_h=float(given["dt_h"]), plan=plan)
    except KeyError as error:
        stop(f"{described.name} 缺少 {error}", f"{described.name} has no {error}")
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    rows = zip((r["time"] for r in table.rows), map(float, flow), map(float, found.outflow),
               map(float, found.level), map(float, found.volume), strict=True)  # fmt: skip
    write_table(out, ["time", "inflow", "outflow", "level", "volume"], rows)
    if found.beyond:
        tell(
            say(
                "警告:水位超出库容曲线,漫坝",
                "warning: beyond the storage curve, the dam is overtopped",
            )
        )
    finish({"highest": float(found.level.max()), "largest_outflow": float(found.outflow.max()),
            "beyond": found.beyond, "balance": found.balance, "out": str(out)}, as_json, table.errors)  # fmt: skip
