"""A model corrected in its states by an ensemble filter, in one go or from where it stood. What is
issued of it is written by ``correct``."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import Answer, Note

from .calibrate import observed_of
from .correct import Issue, Learning, first_issue
from .files import span, values_of
from .runner import GR4, Runner

# Least error of an observed flow: in m3/s, and in mm a day. Own choice; the second is 0.05 m3/s
# from 200 km2.
FLOOR_M3S, FLOOR_MM_D = 0.5, 0.02
PARTS = {"xaj": ("land", "reach", "late"), **dict.fromkeys(GR4, ("stores", "first", "second"))}


class Errors(NamedTuple):
    """What the filter takes to be wrong: relative errors of rain and flow, steps of the rain's
    memory; members and seed."""

    rain: float
    memory: float
    flow: float
    members: int
    seed: int


class Stood(NamedTuple):
    """A filter as it stood before the step of ``time`` and that step's row: done again, it issues
    from there with the rain that is known by now, and goes on to the last bit."""

    time: str
    row: dict[str, Any]
    steps: int
    log: Any
    members: dict[str, Any]
    raw: dict[str, Any]
    settled: Any
    learnt_from: list[str]


def assimilate(
    runner: Runner,
    learning: Learning,
    errors: Errors,
    state: Path | None = None,
    *,
    done: Callable[[int, int], None],
) -> tuple[Issue, dict[str, Any]]:
    """What is issued, and for JSON the filter at the last observed time: rows after it have rain
    that is only forecast. Raises ``call.wrong`` where a ``state`` was made by another call."""
    import numpy as np

    from fangxian.kernels.hydro.settle import apply_settling, fit_settling

    observed_of(runner)
    asked = {**errors._asdict(), "leads": learning.leads, "equal_members": learning.equal}
    stood = _read(state, runner, learning, asked) if state else None
    if stood is not None:
        _go_on(runner, stood)
    feed, seen = runner.forcing, observed_of(runner)
    known = np.flatnonzero(np.isfinite(seen))
    if not known.size:
        zh, en = "实测流量全缺", "it has no observed flow but gaps"
        raise Problem("file.unfit", file=feed.table.path.name, zh=zh, en=en)
    stand = int(known[-1])
    try:
        steps = len(feed.labels)
        ahead, at = _filtered(
            runner, stood, errors, learning.leads, stand, lambda k: done(k, steps)
        )
        raw, raw_at = _raw(runner, stood, stand)
        if stood is not None:
            made, since, learnt_from = stood.settled, 1, stood.learnt_from
        else:
            a, b = span(feed.labels, learning.first, learning.last)
            made = fit_settling(ahead, raw, seen, learn=slice(a, b), levels=learning.levels)
            since, learnt_from = first_issue(feed.labels, b), [feed.labels[a], feed.labels[b - 1]]
        flow, band = apply_settling(made, ahead, raw, seen)
    except ValueError as error:
        raise Problem("numbers.refused", why=str(error)) from error
    told = {"model": runner.model, "state_at": feed.labels[stand]}
    if stood is not None:
        told["goes_on_from"] = stood.time
    answer = Answer(told, read=[feed.table], notes=runner.notes)
    rain = feed.rain.mean(axis=1)
    issue = Issue(
        feed.labels, seen, raw, flow, band, made.helps, rain, runner.unit, since, answer
    ).tell(learnt_from=learnt_from)
    row = {"rain": feed.rain[stand], "pan": feed.pan[stand], "observed": float(seen[stand])}
    here = Stood(feed.labels[stand], row, at.steps, at.log, {}, raw_at, made, learnt_from)
    members = {name: getattr(at.state, name) for name in PARTS[runner.model]}
    return issue, _plain(here._replace(members=members), runner, asked)


def _filtered(
    runner: Runner,
    stood: Stood | None,
    errors: Errors,
    leads: int,
    stand: int,
    done: Callable[[int], None],
) -> tuple[Any, Any]:
    """Forecasts (members, time, leads), and the filter before the row ``stand``."""
    import numpy as np

    from fangxian.kernels.hydro import gr4, xaj
    from fangxian.kernels.hydro.ensemble import Filter, Noise, filter_states
    from fangxian.kernels.hydro.filter_gr4 import filter_stores

    many, feed = np.repeat(runner.given, errors.members, axis=0), runner.forcing
    floor = FLOOR_M3S if runner.unit == "m3s" else FLOOR_MM_D * runner.dt_h / 24
    noise = Noise(errors.rain, errors.memory, errors.flow, floor)
    how: dict[str, Any] = {"leads": leads, "noise": noise, "seed": errors.seed}
    how |= {"stand": stand, "done": done}
    before = (stood.log, stood.steps) if stood else (None, 0)
    if runner.model == "xaj":
        land = xaj.State(**stood.members) if stood else runner.first(many)
        return filter_states(
            runner.where,
            feed.rain,
            feed.pan,
            many,
            Filter(land, *before),
            feed.observed,
            flat=runner.flat,
            **how,
        )
    rain, pan, step = runner.lumped(feed.rain), runner.lumped(feed.pan), GR4[runner.model]
    stores = gr4.run_gr4(rain[:0], pan[:0], many, step=step)[1]
    stores = gr4.GrState(**stood.members) if stood else stores
    return filter_stores(rain, pan, many, Filter(stores, *before), feed.observed, step=step, **how)


def _raw(runner: Runner, stood: Stood | None, stand: int) -> tuple[Any, dict[str, Any]]:
    """The uncorrected flow (time,), and its state before the row ``stand``."""
    import numpy as np

    feed, flows, states = runner.forcing, [], []
    own = copy(runner)
    own.saved = stood.raw if stood else None
    for part in (slice(0, stand), slice(stand, None)):
        own.forcing = replace(feed, rain=feed.rain[part], pan=feed.pan[part])
        flow, own.saved = own.run(own.given)
        flows.append(flow[0])
        states.append(own.saved)
    return np.concatenate(flows), states[0]


def _plain(stood: Stood, runner: Runner, asked: dict[str, Any]) -> dict[str, Any]:
    """For JSON, with what it belongs to."""
    import numpy as np

    from fangxian.kernels.hydro.settle import plain_settling

    def lists(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: lists(v) for k, v in value.items()}
        return value.tolist() if isinstance(value, np.ndarray) else value

    told = {**runner.owner, "asked": asked}
    own = stood._replace(settled=plain_settling(stood.settled))
    return {**told, **lists(own._asdict())}


def _read(path: Path, runner: Runner, learning: Learning, asked: dict[str, Any]) -> Stood:
    """Raises ``file.unfit`` for what is no such state or another model's, ``call.wrong`` where it
    was asked for something else."""
    import numpy as np

    from fangxian.kernels.hydro.settle import settling_of

    saved = runner.own_state(path)
    try:
        was = saved["asked"]
        stood = Stood(**{name: saved[name] for name in Stood._fields})
        members, raw = (
            {n: np.array(given[n], np.float64) for n in PARTS[runner.model]}
            for given in (stood.members, stood.raw)
        )
        row: dict[str, Any] = {"observed": float(stood.row["observed"])}
        row |= {n: np.array([stood.row[n]], np.float64) for n in ("rain", "pan")}
        log = None if stood.log is None else np.array(stood.log, np.float64)
        settled, steps, time = settling_of(stood.settled), int(stood.steps), str(stood.time)
        other = [f"{k} {was[k]}" for k in asked if was[k] != asked[k]]
        fit = [values.shape[1:] for values in row.values() if np.ndim(values)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        zh, en = f"不是 assimilate 的状态({error})", f"no state of assimilate ({error})"
        raise Problem("file.unfit", file=path.name, zh=zh, en=en) from error
    if other:
        zh = f"状态是按 {', '.join(other)} 生成的;须照样给出"
        raise Problem("call.wrong", zh=zh, en=f"the state was made with {', '.join(other)}")
    if learning.first is not None or learning.last is not None:
        zh, en = "学习所得已在状态中,不能再给 --from、--to", "the state has learnt: no --from, --to"
        raise Problem("call.wrong", zh=zh, en=en)
    feed = runner.forcing
    if fit != [feed.rain.shape[1:], feed.pan.shape[1:]]:
        zh, en = (
            "雨量或蒸发的列数与状态不同",
            "rain or evaporation has other columns than the state",
        )
        raise Problem("file.unfit", file=feed.table.path.name, zh=zh, en=en)
    return Stood(time, row, steps, log, members, raw, settled, stood.learnt_from)


def _go_on(runner: Runner, stood: Stood) -> None:
    """The state's own row and the rows after it; what lies before is not taken again. Raises
    ``file.unfit`` where there is none after it."""
    import numpy as np

    feed = runner.forcing
    values = values_of([stood.time, *feed.labels])
    later = np.arange(len(feed.labels)) > _last_place(feed.labels, stood.time)
    if values is not None:
        later = values[1:] > values[0]
    kept = np.flatnonzero(later)
    if not kept.size:
        zh, en = f"状态的时刻 {stood.time} 之后没有资料", f"nothing after the state, {stood.time}"
        raise Problem("file.unfit", file=feed.table.path.name, zh=zh, en=en)
    taken = len(feed.labels) - len(kept)
    if taken:
        zh = f"状态的时刻 {stood.time} 及以前的 {taken} 行不再计算"
        en = f"{taken} rows up to the state's time, {stood.time}, are not taken again"
        runner.notes.append(Note(zh, en))
    if values is not None and not _follows(values[0], values[1:][kept], runner.dt_h):
        zh = f"注意:状态在 {stood.time},资料从 {feed.labels[kept[0]]} 起,不相接;模型照样接着算"
        en = f"note: the state stands at {stood.time}, the forcing begins at "
        en += f"{feed.labels[kept[0]]}, not one step later; the model runs on"
        runner.notes.append(Note(zh, en))
    runner.forcing = replace(
        feed,
        labels=[stood.time, *(feed.labels[k] for k in kept)],
        rain=np.vstack([stood.row["rain"], feed.rain[kept]]),
        pan=np.vstack([stood.row["pan"], feed.pan[kept]]),
        observed=np.append(stood.row["observed"], observed_of(runner)[kept]),
    )


def _last_place(labels: list[str], time: str) -> int:
    return max((k for k, label in enumerate(labels) if label == time), default=-1)


def _follows(stood: Any, later: Any, dt_h: float) -> bool:
    """Whether the first of the later rows is one step on: by the model's step where they are times,
    else by their own (1 where there is but one)."""
    import numpy as np

    gap = later[0] - stood
    if isinstance(gap, np.timedelta64):
        return abs(float(gap / np.timedelta64(1, "s")) / 3600 - dt_h) < 1e-6
    return bool(np.isclose(gap, np.diff(later).min(initial=np.inf) if len(later) > 1 else 1.0))
