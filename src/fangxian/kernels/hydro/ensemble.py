"""Ensembles: perturbed rain, and an ensemble Kalman filter on the states, here of Xinanjiang; that
of GR4 is in ``filter_gr4``.

Source: Evensen, J Geophys Res 99 (1994) 10143; with perturbed rain and observations, Moradkhani et
al., Adv Water Resour 28 (2005) 135.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from fangxian.kernels.hydro import xaj
from fangxian.kernels.hydro.settle import apply_settling, fit_settling

Floats = NDArray[np.float64]
State = TypeVar("State")


@dataclass(frozen=True)
class Noise:
    """Scalars >= 0, not checked here; ``filter_states`` stops at NaN states. No errors. Source:
    Moradkhani 2005; the defaults are our own choice.

    Attributes:
        rain: relative sd of rain (log-normal, mean 1), a ratio.
        memory: steps over which the rain's error lasts; 0 or less, or NaN, is none.
        flow: relative sd of the observed flow, a ratio.
        floor: of that sd, in the unit of the flow (m3/s or mm a step); above 0 where the flow may
            be 0.
    """

    rain: float = 0.3
    memory: float = 0.0
    flow: float = 0.1
    floor: float = 0.5


def _keeps(noise: Noise) -> float:
    """What is left of the rain's error after a step."""
    return float(np.exp(-1.0 / noise.memory)) if noise.memory > 0 else 0.0


def _factor(log: Floats, noise: Noise) -> Floats:
    """Log-normal factor with mean 1 of standard normal numbers."""
    spread = np.sqrt(np.log1p(noise.rain**2))
    return np.asarray(np.exp(spread * log - spread**2 / 2))


def perturbed(rain: Floats, members: int, noise: Noise, rng: np.random.Generator) -> Floats:
    """Rain of each member (members, time, sub-basins), in the unit of ``rain`` (time, sub-basins):
    one log-normal factor a step, mean 1, correlated in time as exp(-steps / memory).

    NaN stays NaN. No errors of its own. Source: Moradkhani 2005; the memory is our own choice.
    """
    keeps = _keeps(noise)
    fresh = rng.normal(0.0, 1.0, (members, len(rain)))
    fresh[:, 1:] *= np.sqrt(1.0 - keeps**2)
    log = lfilter([1.0], [1.0, -keeps], fresh, axis=1)
    return np.asarray(np.asarray(rain, np.float64)[None] * _factor(log, noise)[:, :, None])


@dataclass(frozen=True)
class Filter(Generic[State]):
    """Where a filter stands; with these it goes on to the last bit. It checks nothing and raises no
    errors: ``xaj.run`` does, and refuses NaN. Source: own choice.

    Attributes:
        state: states of its members, as ``xaj.State`` or ``gr4.GrState`` has them, mm and m3/s.
        log: (members,), the error of each one's rain, dimensionless; None before the first step.
        steps: how many it has done.
    """

    state: State
    log: Floats | None = None
    steps: int = 0


def filter_members(
    run: Callable[[Floats, slice, State], tuple[Floats, State]],
    move: Callable[[State, Floats, float, np.random.Generator], State],
    rain: Floats,
    first: Filter[State],
    observed: Floats,
    *,
    members: int,
    leads: int,
    noise: Noise,
    seed: int,
    stand: int | None = None,
    done: Callable[[int], None] | None = None,
) -> tuple[Floats, Filter[State]]:
    """The filter of any model, which two functions give; the rest is as ``filter_states`` says.

    Args:
        run: flow (members, n), m3/s or mm a step, and the state after it, of rain (members, n,
            columns) over a slice of the steps from a state. The last slices reach beyond the end.
        move: a state moved by the flow (members,) it gave and the flow that was seen.
        rain: mm a step (time, columns).
        first, members: where it begins, and how many members that has.
        observed: in the unit of the flow (time,); NaN is a gap.
        leads: steps ahead, 1 or more.
        stand: after how many steps the filter stands that is returned, 1 .. time; all by default.
        done: called after every step with the number of steps done.

    Raises:
        ValueError: fewer than 10 members, a ``stand`` out of range; what ``run`` refuses.
        IndexError: observed shorter than the rain, found when it ends.

    Source: Evensen 1994, Moradkhani 2005.
    """
    if members < 10:
        raise ValueError("a filter needs ten members or more")
    stand = len(rain) if stand is None else stand
    if not 0 <= stand <= len(rain):
        raise ValueError("a filter stands within the steps it is given")
    ahead, after = np.full((members, len(rain), leads), np.nan), first
    state, log, keeps = first.state, first.log, _keeps(noise)
    fresh = np.sqrt(1.0 - keeps**2)
    for t in range(len(rain)):
        rng = np.random.default_rng((seed, first.steps + t))
        drawn = rng.normal(0.0, 1.0, members)
        log = drawn if log is None else keeps * log + fresh * drawn
        own = rain[t] * _factor(log, noise)[:, None]
        flow, state = run(own[:, None], slice(t, t + 1), state)
        if np.isfinite(observed[t]):
            state = move(state, flow[:, 0], float(observed[t]), rng)
        if t + 1 == stand:
            after = Filter(state, log, first.steps + stand)
        span = slice(t + 1, t + 1 + leads)
        later = rng.normal(0.0, fresh, (members, leads))
        later[:, 0] += keeps * log
        later = _factor(lfilter([1.0], [1.0, -keeps], later, axis=1), noise)
        flow, _ = run(rain[None, span] * later[:, : len(rain[span]), None], span, state)
        ahead[:, t, : flow.shape[1]] = flow
        if done:
            done(t + 1)
    return ahead, after


def kalman(
    told: Floats, seen: float, *, noise: Noise, rng: np.random.Generator
) -> Callable[[Floats], Floats]:
    """What moves values of the members (members, ...) by the Kalman gain towards the flow that was
    ``seen``, from the one they ``told`` (members,), m3/s or mm a step; the result is >= 0, in the
    values' own unit. NaN gives NaN. No errors. Source: Evensen 1994."""
    members = len(told)
    error = max(noise.flow * seen, noise.floor)
    innovation = seen + rng.normal(0, error, members) - told
    away = told - told.mean()
    spread = float((away**2).sum() / (members - 1)) + error**2

    def moved(values: Floats) -> Floats:
        anomaly = values - values.mean(axis=0)
        gain = np.tensordot(away, anomaly, axes=(0, 0)) / (members - 1) / spread
        step = innovation[(slice(None), *[None] * (values.ndim - 1))] * gain
        return np.maximum(values + step, 0.0)

    return moved


def filter_states(
    basin: xaj.Basin,
    rain: Floats,
    pan: Floats,
    parameters: Floats,
    first: Filter[xaj.State],
    observed: Floats,
    *,
    leads: int,
    noise: Noise,
    seed: int,
    stand: int | None = None,
    flat: bool = False,
    done: Callable[[int], None] | None = None,
) -> tuple[Floats, Filter[xaj.State]]:
    """Forecasts of the members from every step (members, time, leads), m3/s, and where the filter
    stands at the end.

    After each step the states of all sub-basins move by the Kalman gain towards the observed flow
    (perturbed for each member); capacities and zero bound them. A gap in the observed updates
    nothing. Row t is forecast from the states updated with the flow of t and stands for
    t+1..t+leads, each member with its own perturbed rain; NaN beyond the end. Same seed, same
    result, in one go or in parts.

    Args:
        rain, pan: mm a step (time, sub-basins), finite, >= 0.
        parameters: one row for all members, or one each (members, 18).
        first: ``Filter(xaj.start(...))`` with a row of parameters for each member, or the end of
            an earlier part.
        observed: m3/s (time,); NaN is a gap.
        leads: steps ahead, 1 or more.
        stand: after how many steps the filter stands that is returned; all by default.
        flat: as ``xaj.run`` has it.
        done: called after every step with the number of steps done.

    Raises:
        ValueError: fewer than 10 members; a ``stand`` out of range; NaN in rain or pan, or states
            that become so (an observed error of 0); see ``xaj.run``.
        IndexError: observed shorter than pan, found when it ends.

    Source: Evensen 1994, Moradkhani 2005.
    """
    members = len(first.state.land)
    one = np.atleast_2d(np.asarray(parameters, np.float64))
    p = np.repeat(one, members, 0) if len(one) == 1 else one
    rain, pan = np.asarray(rain, np.float64), np.asarray(pan, np.float64)

    def run(own: Floats, span: slice, state: xaj.State) -> tuple[Floats, xaj.State]:
        return xaj.run(basin, own, pan[span], p, state, flat=flat, float32=True)

    def move(state: xaj.State, told: Floats, seen: float, rng: np.random.Generator) -> xaj.State:
        return _bounded(state, kalman(told, seen, noise=noise, rng=rng), p)

    return filter_members(
        run,
        move,
        rain,
        first,
        observed,
        members=members,
        leads=leads,
        noise=noise,
        seed=seed,
        stand=stand,
        done=done,
    )


def settle_forecasts(
    ahead: Floats,
    raw: Floats,
    observed: Floats,
    *,
    learn: slice,
    levels: tuple[float, ...] = (0.05, 0.5, 0.95),
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """What is issued of the filter's forecasts: flow (time, leads), its range (time, leads,
    levels), and at which leads the filter helps (leads,). All flows m3/s.

    On forecasts issued and due within the steps ``learn`` (start, stop; both given, >= 0) it must
    lower the squared error of the ``raw`` flow (time,); then the safe share of what it adds is
    issued, never more than at the lead before, and where that is 0, raw. The range is that of
    ``correct``, from the members' spread among others. A gap (NaN) in ``observed`` (time,) is left
    out; ``ahead`` (members, time, leads) is NaN beyond the end.

    Raises:
        ValueError: fewer than 120 observed steps and the leads to learn from; NaN in ``raw`` or
            ``ahead`` where they are learnt from; different lengths.

    Source: own choice; docs/methods/filtering.md.
    """
    made = fit_settling(ahead, raw, observed, learn=learn, levels=levels)
    return *apply_settling(made, ahead, raw, observed), made.helps


def _bounded(state: xaj.State, moved: Callable[[Floats], Floats], p: Floats) -> xaj.State:
    land = moved(state.land)
    top = np.stack([p[:, xaj.UM], p[:, xaj.LM], p[:, xaj.WM] - p[:, xaj.UM] - p[:, xaj.LM]], axis=1)
    land[..., :3] = np.minimum(land[..., :3], top[:, None])
    land[..., xaj.FR_] = np.minimum(land[..., xaj.FR_], 1.0)
    return xaj.State(land, moved(state.reach), moved(state.late))
