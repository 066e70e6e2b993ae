"""One basin's forecast as numbers: a pure function of what it rests on, for any process or machine
(``core.compute.map_chunks``). The same input gives the same bytes."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .filled import Filled, fill
from .whole import Whole

Floats = NDArray[np.float64]
LEVELS = tuple((k + 0.5) / 10 for k in range(10))  # ten equal members, 0.05 and 0.95 the range
DAY_H = 24
RECENT_H = 3  # whose rain a scenario without a forecast goes on from
FIRST = {"wu": 10.0, "wl": 30.0, "wd": 20.0}  # of a cold start; the warm-up makes them forget it


@dataclass(frozen=True, slots=True)
class Inflow:
    """What comes from the basin ``code`` above: observed or corrected flow of the past (hours,),
    members ahead (members, hours), and the reach down."""

    code: str
    past: Floats
    ahead: Floats
    travel_h: float
    x: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """Rain ahead: mm by hour and part (hours, parts), or without a forecast the share of the last
    hours' rain that goes on from hour to hour."""

    code: str
    mm: Floats | None
    keeps: float = 0.0


@dataclass(frozen=True, slots=True)
class Task:
    """Rain (hours, gauges) and flow (hours,) with gaps, from ``since_s`` to the basis; the states
    of the parameter sets at the first hour, None before any; after how many hours the next one's
    is kept; marks with their flow, m3/s, and those beyond
    the rating curve."""

    whole: Whole
    since_s: int
    rain: Floats
    observed: Floats
    state: Mapping[str, Any] | None
    keep: int
    scenarios: tuple[Scenario, ...]
    ahead: int
    members: int
    rain_error: float
    rain_memory: float
    seed: int
    inflows: tuple[Inflow, ...] = ()
    marks: tuple[tuple[str, float], ...] = ()
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Crossing:
    """A mark that may be crossed: with what probability, and after how many hours (median and
    90 % range of those that cross it)."""

    mark: str
    probability: float
    hours: float
    early: float
    late: float


@dataclass(frozen=True, slots=True)
class Made:
    """Flows in m3/s. ``past`` (hours,) simulated; ``raw`` (hours ahead,) without, ``flow`` with
    correction; ``range`` (levels, hours); ``members`` (members, hours);
    ``rain_past`` and ``rain_ahead`` are basin means; ``matters`` by what share the peak
    moves if what was put in for missing rain had been nothing; ``corrected`` whether a correction
    was learnt."""

    past: Floats
    raw: Floats
    flow: Floats
    range: Floats
    members: Floats
    matters: float
    corrected: bool
    state: Mapping[str, Any]
    filled: Filled
    crossings: tuple[Crossing, ...]
    rain_past: Floats
    rain_ahead: Floats


def task_hash(task: Task) -> str:
    """A hash of everything a forecast rests on."""
    digest = hashlib.sha256()
    plain = (
        *(task.whole, task.state, task.keep, task.ahead, task.members, task.seed),
        *(task.marks, task.unseen),
    )
    digest.update(json.dumps([repr(p) for p in plain]).encode())
    digest.update(f"{task.rain_error} {task.rain_memory} {task.since_s}".encode())
    for array in (task.rain, task.observed):
        digest.update(np.ascontiguousarray(array).tobytes())
    for one in task.scenarios:
        digest.update(f"{one.code} {one.keeps}".encode())
        digest.update(b"" if one.mm is None else np.ascontiguousarray(one.mm).tobytes())
    for inflow in task.inflows:
        digest.update(f"{inflow.code} {inflow.travel_h} {inflow.x}".encode())
        digest.update(np.ascontiguousarray(inflow.past).tobytes())
        digest.update(np.ascontiguousarray(inflow.ahead).tobytes())
    return digest.hexdigest()


def run(task: Task) -> Made:
    """The forecast of a task. Raises ValueError for what a model does not take."""
    one = task.whole
    filled = fill(task.rain)
    weights = np.array(one.weights)
    rain = filled.mm @ weights.T
    routed = _from_above(task)
    raws, pasts, states, first = [], [], {}, []
    areas = np.array(one.areas)
    share = max(task.members // max(len(one.sets) * len(task.scenarios), 1), 1)
    rng = np.random.default_rng(task.seed)
    for set_name, values in one.sets:
        model = Model(one, np.array(values))
        start = model.start((task.state or {}).get(set_name))
        pan = one.pan(task.since_s, len(rain) + task.ahead)
        sim, kept = model.run(rain[: task.keep], pan, start)
        rest, now = model.run(rain[task.keep :], pan[task.keep :], kept)
        states[set_name] = model.saved(kept)
        pasts.append(np.concatenate([sim[0], rest[0]]))
        for scenario in task.scenarios:
            own = _members(scenario, rain, task, share, rng)
            first.append(own[0] @ areas / areas.sum())
            raws.append(model.ahead(own, pan[len(rain) :], now))
    past = pasts[0] + routed[0]
    members = np.concatenate(raws)
    members = members + routed[1][np.arange(len(members)) % len(routed[1])]
    flow, band = _corrected(task, past, members)
    pooled = band.reshape(-1, task.ahead)
    return Made(
        past=past,
        raw=np.median(members, axis=0),
        flow=np.quantile(pooled, 0.5, axis=0),
        range=np.quantile(pooled, LEVELS, axis=0),
        members=flow,
        matters=_matters(task, filled, weights),
        corrected=one.learnt is not None,
        state=states,
        filled=filled,
        crossings=tuple(_crossings(pooled, task.marks)),
        rain_past=rain @ areas / areas.sum(),
        rain_ahead=np.mean(first, axis=0),
    )


def run_or_say(task: Task) -> Made | str:
    """The forecast, or why there is none: one basin stops no other."""
    try:
        made = run(task)
    except ValueError as error:
        return str(error)
    if not (np.isfinite(made.range).all() and np.isfinite(made.flow).all()):
        return "the model gave flows that are no numbers"
    return made


def _crossings(paths: Floats, marks: Sequence[tuple[str, float]]) -> Iterator[Crossing]:
    """How many of the paths (paths, hours) reach each mark, and when."""
    for mark, flow in marks:
        over = paths >= flow
        crosses = over.any(axis=1)
        if crosses.any():
            first = over[crosses].argmax(axis=1) + 1
            early, median, late = np.quantile(first, (0.05, 0.5, 0.95))
            yield Crossing(mark, float(crosses.mean()), float(median), float(early), float(late))


def _members(
    scenario: Scenario, rain: Floats, task: Task, n: int, rng: np.random.Generator
) -> Floats:
    """Rain ahead of each member (n, hours, parts); the first as it is told."""
    from fangxian.kernels.hydro.ensemble import Noise, perturbed

    if scenario.mm is not None:
        mm = np.zeros((task.ahead, rain.shape[1]))
        length = min(task.ahead, len(scenario.mm))
        mm[:length] = scenario.mm[:length]
    else:
        fades = scenario.keeps ** np.arange(1, task.ahead + 1)
        recent = rain[-RECENT_H:].mean(axis=0) if len(rain) else np.zeros(rain.shape[1])
        mm = fades[:, None] * recent
    own = perturbed(mm, n, Noise(rain=task.rain_error, memory=task.rain_memory), rng)
    own[0] = mm
    return own


def _from_above(task: Task) -> tuple[Floats, Floats]:
    """What reaches the outlet from the basins above: in the past (hours,), and ahead by member."""
    from fangxian.kernels.hydro.muskingum import muskingum

    hours = len(task.rain)
    past, ahead = np.zeros(hours), np.zeros((task.members, task.ahead))
    rows = np.arange(task.members)
    for inflow in task.inflows:
        whole = np.concatenate(
            [np.repeat(inflow.past[None], len(inflow.ahead), axis=0), inflow.ahead], axis=1
        )
        told = muskingum(whole, travel_h=inflow.travel_h, x=inflow.x, dt_h=1.0)
        past = past + told[0, :hours]
        ahead = ahead + told[rows % len(told), hours:]
    return past, ahead


def _corrected(task: Task, past: Floats, members: Floats) -> tuple[Floats, Floats]:
    """Members corrected by the last errors (members, hours), and with what remains unknown
    (members, quantiles, hours)."""
    from fangxian.kernels.hydro.correct import ahead, correction_of

    if task.whole.learnt is None:
        return members, members[:, None]
    made = correction_of(task.whole.learnt)
    flow, band = ahead(made, past, members, task.observed)
    return flow, np.moveaxis(band, 2, 1)


def _matters(task: Task, filled: Filled, weights: Floats) -> float:
    """By what share the highest flow moves if what was put in had been nothing."""
    if not (filled.neighbours.any() or filled.blind.any()):
        return 0.0
    peaks = []
    set_name, values = task.whole.sets[0]
    model = Model(task.whole, np.array(values))
    start = model.start((task.state or {}).get(set_name))
    for mm in (filled.mm, np.where(filled.neighbours, 0.0, filled.mm)):
        rain = np.concatenate([mm @ weights.T, np.zeros((DAY_H, len(weights)))])
        flow, _ = model.run(rain, task.whole.pan(task.since_s, len(rain)), start)
        peaks.append(float(flow[0, -2 * DAY_H :].max()))
    return abs(peaks[0] - peaks[1]) / max(peaks[0], 1e-9)


class Model:
    """One parameter set of a basin, run in pieces."""

    def __init__(self, one: Whole, values: Floats) -> None:
        from fangxian.kernels.hydro import xaj

        self.one, self.values = one, values[None]
        self.xaj = one.model == "xaj"
        if self.xaj:
            self.where = xaj.Basin(np.array(one.areas), 1.0, one.network_km2)

    def start(self, saved: Mapping[str, Any] | None) -> Any:
        """The saved state of these very parameters, else a cold one."""
        from fangxian.kernels.hydro import gr4, xaj

        if saved is not None and saved["values"] == self.values[0].tolist():
            kind = xaj.State if self.xaj else gr4.GrState
            names = ("land", "reach", "late") if self.xaj else ("stores", "first", "second")
            return kind(*(np.array(saved[name]) for name in names))
        if not self.xaj:
            return None
        deep = self.values[0, xaj.WM] - self.values[0, xaj.UM] - self.values[0, xaj.LM]
        most = {"wu": self.values[0, xaj.UM], "wl": self.values[0, xaj.LM], "wd": deep}
        first = {k: min(v, float(most[k])) for k, v in FIRST.items()}
        return xaj.start(self.where, self.values, **first)

    def saved(self, state: Any) -> dict[str, Any]:
        names = ("land", "reach", "late") if self.xaj else ("stores", "first", "second")
        arrays = {name: getattr(state, name).tolist() for name in names}
        return {"values": self.values[0].tolist(), **arrays}

    def run(self, rain: Floats, pan: Floats, state: Any) -> tuple[Floats, Any]:
        """Flow (1, hours) of rain (hours, parts) and evaporation (hours or more,), m3/s, and the
        state after."""
        return self._run(rain[None], pan, state, self.values)

    def ahead(self, rain: Floats, pan: Floats, state: Any) -> Floats:
        """Flow (members, hours) of the members' rain, from one state."""
        from dataclasses import fields

        n = len(rain)
        many = type(state)(*(np.repeat(getattr(state, f.name), n, 0) for f in fields(state)))
        return self._run(rain, pan, many, np.repeat(self.values, n, axis=0))[0]

    def _run(self, rain: Floats, pan: Floats, state: Any, values: Floats) -> tuple[Floats, Any]:
        from fangxian.kernels.hydro import gr4, xaj

        hours = rain.shape[1]
        pan = pan[:hours]
        if self.xaj:
            if not hours:
                return np.zeros((len(rain), 0)), state
            pans = np.repeat(pan[:, None], len(self.one.areas), axis=1)
            return xaj.run(self.where, rain if len(rain) > 1 else rain[0], pans, values, state)
        mean = np.average(rain, axis=2, weights=self.one.areas)
        flow, after = gr4.run_gr4(mean, pan, values, step="hourly", state=state)
        return flow * (self.one.area_km2 / 3.6), after


def lost_gauges(task: Task) -> Sequence[tuple[int, float, float]]:
    """What the silence of each gauge would do now: (gauge, peak without it, peak), m3/s, worst
    first. Its hours are then filled from its neighbours as ever."""
    from dataclasses import replace

    peak = float(run(task).flow.max())
    found = []
    for column, gauge in enumerate(task.whole.gauges):
        rain = task.rain.copy()
        rain[:, column] = np.nan
        found.append((gauge, float(run(replace(task, rain=rain)).flow.max()), peak))
    return sorted(found, key=lambda row: -abs(row[1] - row[2]))
