"""The parameters of a basin, found on one period and checked on another."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import Answer, Note

from .files import read_spans, span
from .runner import Runner


@dataclass(frozen=True)
class Task:
    """What is sought: periods as labels, the objective, and how the search goes."""

    first: str | None
    last: str | None
    check_from: str | None
    check_to: str | None
    objective: str
    events: Path | None
    seed: int
    max_evals: int
    complexes: int
    warm: bool
    gap: float


@dataclass
class Calibrated:
    """The basin with its new parameters, its flow (time,), the first rows of the periods, and what
    is told."""

    basin: dict[str, Any]
    flow: Any
    fit_from: int
    check_from: int | None
    answer: Answer


def calibrate(runner: Runner, task: Task, *, done: Callable[[int, float], None]) -> Calibrated:
    """Search by SCE-UA. ``done`` is told runs and value. Raises ``basin.unfit`` without observed
    flow or usable ranges, ``call.wrong`` for periods and events that are not there."""
    import numpy as np

    from fangxian.kernels.hydro.calibrate import sce_ua
    from fangxian.kernels.hydro.scores import nse

    observed, labels = observed_of(runner), runner.forcing.labels
    ranges = _ranges(runner.basin, runner.names)
    place = [runner.names.index(n) for n in ranges]
    a, b = span(labels, task.first, task.last)
    checked = None
    if task.check_from or task.check_to:
        checked = span(labels, task.check_from, task.check_to)
    score = _objective(task, labels, observed, (a, b))

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
    try:
        found = sce_ua(
            evaluate,
            low,
            high,
            seed=task.seed,
            max_evaluations=task.max_evals,
            first=runner.given[0, place] if task.warm else None,
            complexes=task.complexes,
            told=lambda n, v: done(n, 1 - v),
        )
    except ValueError as error:
        raise Problem("numbers.refused", why=str(error)) from error
    flow, _ = runner.run(whole(found.best[None]))
    told: dict[str, Any] = {
        "objective": task.objective,
        "value": round(1 - found.value, 5),
        "evaluations": found.evaluations,
        "stopped": found.stopped,
        "on_bound": [list(ranges)[k] for k in found.on_bound],
        "dc_fit": round(float(nse(flow[:, a:b], observed[a:b])[0]), 5),
    }
    answer = Answer(told, read=[runner.forcing.table], notes=runner.notes)
    if checked:
        _check(answer, flow, observed, checked, task.gap)
    params = {**runner.basin["params"], **dict(zip(ranges, found.best.tolist(), strict=True))}
    basin = {**runner.basin, "params": params}
    return Calibrated(basin, flow[0], a, checked[0] if checked else None, answer)


def observed_of(runner: Runner) -> Any:
    if runner.forcing.observed is None:
        path, zh, en = runner.forcing.table.path, "没有实测流量列", "it has no observed flow"
        raise Problem("file.unfit", file=path.name, zh=zh, en=en)
    return runner.forcing.observed


def _ranges(described: dict[str, Any], names: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """What is searched, from the basin file."""
    found = {}
    given = described.get("sce_ranges")
    for name, pair in given.items() if isinstance(given, dict) else ():
        try:
            low, high = map(float, pair)
        except (TypeError, ValueError):
            low, high = 1.0, 0.0
        if name not in names or not low < high:
            zh = f"sce_ranges 的“{name}: {pair}”不可用;应是 参数名: [下限, 上限]"
            en = f"sce_ranges, {name}: {pair} is not usable; it must be a parameter: [low, high]"
            raise Problem("basin.unfit", zh=zh, en=en)
        found[name] = low, high
    if not found:
        zh = "没有 sce_ranges:{参数名: [下限, 上限]}"
        raise Problem("basin.unfit", zh=zh, en="it has no sce_ranges: {parameter: [low, high]}")
    return found


def _check(answer: Answer, flow: Any, observed: Any, period: tuple[int, int], gap: float) -> None:
    """What the parameters are worth on a period they have not seen; a gap is said aloud."""
    from fangxian.kernels.hydro.scores import nse

    a, b = period
    fit, dc = answer.told["dc_fit"], round(float(nse(flow[:, a:b], observed[a:b])[0]), 5)
    if fit - dc > gap:
        en = "note: the check is far worse than the fit; over-fitted?"
        answer.notes.append(Note("注意:检验远逊于拟合,疑过拟合", en))
    elif dc - fit > gap:
        en = "note: the check is far better than the fit; the periods differ"
        answer.notes.append(Note("注意:检验远好于拟合,两期不可比", en))
    answer.told |= {"dc_check": dc, "gap_flagged": abs(fit - dc) > gap}


def _objective(task: Task, labels: list[str], observed: Any, period: tuple[int, int]) -> Any:
    """What is to be as large as possible, of whole runs (members, time)."""
    from fangxian.kernels.hydro import scores

    a, b = period
    if task.objective == "peak":
        if task.events is None:
            zh, en = "--objective peak 需要 --events", "--objective peak needs --events"
            raise Problem("call.wrong", zh=zh, en=en)
        spans = [s for s in read_spans(task.events, labels) if a <= s[0] and s[1] < b]
        if not spans:
            zh, en = "率定期内没有洪水", "no event lies within the period"
            raise Problem("call.wrong", zh=zh, en=en)
        return lambda flow: 1 - scores.peak_error(flow, observed, spans)
    single = {"dc": scores.nse, "kge": scores.kge, "log": scores.log_nse}
    if task.objective in single:
        return lambda flow: single[task.objective](flow[:, a:b], observed[a:b])
    return lambda flow: (
        (scores.nse(flow[:, a:b], observed[a:b]) + scores.log_nse(flow[:, a:b], observed[a:b])) / 2
    )
