"""Ensembles of Xinanjiang: perturbed rain, and an ensemble Kalman filter on the states.

Source: Evensen, J Geophys Res 99 (1994) 10143; with perturbed rain and observations, Moradkhani et
al., Adv Water Resour 28 (2005) 135.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from fangxian.kernels.hydro import xaj
from fangxian.kernels.hydro.correct import FOLDS, fit_range, floor_of, helps, signs

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Noise:
    """Scalars >= 0, not checked here; ``filter_states`` stops at NaN states. No errors. Source:
    Moradkhani 2005; the defaults are our own choice.

    Attributes:
        rain: relative sd of rain (log-normal, mean 1), a ratio.
        memory: steps over which the rain's error lasts; 0 or less, or NaN, is none.
        flow: relative sd of the observed flow, a ratio.
        floor: of that sd, m3/s; above 0 where the flow may be 0.
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
class Filter:
    """Where a filter stands; with these it goes on to the last bit. It checks nothing and raises no
    errors: ``xaj.run`` does, and refuses NaN. Source: own choice.

    Attributes:
        state: states of its members, as ``xaj.State`` has them, mm and m3/s.
        log: (members,), the error of each one's rain, dimensionless; None before the first step.
        steps: how many it has done.
    """

    state: xaj.State
    log: Floats | None = None
    steps: int = 0


def filter_states(
    basin: xaj.Basin,
    rain: Floats,
    pan: Floats,
    parameters: Floats,
    first: Filter,
    observed: Floats,
    *,
    leads: int,
    noise: Noise,
    seed: int,
    done: Callable[[int], None] | None = None,
) -> tuple[Floats, Filter]:
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
        done: called after every step with the number of steps done.

    Raises:
        ValueError: fewer than 10 members; NaN in rain or pan, or states that become so (an observed
            error of 0); see ``xaj.run``.
        IndexError: observed shorter than pan, found when it ends.

    Source: Evensen 1994, Moradkhani 2005.
    """
    members = len(first.state.land)
    if members < 10:
        raise ValueError("a filter needs ten members or more")
    one = np.atleast_2d(np.asarray(parameters, np.float64))
    p = np.repeat(one, members, 0) if len(one) == 1 else one
    rain, pan = np.asarray(rain, np.float64), np.asarray(pan, np.float64)
    ahead = np.full((members, len(pan), leads), np.nan)
    state, log, keeps = first.state, first.log, _keeps(noise)
    fresh = np.sqrt(1.0 - keeps**2)
    for t in range(len(pan)):
        rng = np.random.default_rng((seed, first.steps + t))
        drawn = rng.normal(0.0, 1.0, members)
        log = drawn if log is None else keeps * log + fresh * drawn
        own = rain[t] * _factor(log, noise)[:, None]
        flow, state = xaj.run(basin, own[:, None], pan[t : t + 1], p, state, float32=True)
        if np.isfinite(observed[t]):
            state = _update(state, flow[:, 0], float(observed[t]), p, noise, rng)
        span = slice(t + 1, t + 1 + leads)
        later = rng.normal(0.0, fresh, (members, leads))
        later[:, 0] += keeps * log
        later = _factor(lfilter([1.0], [1.0, -keeps], later, axis=1), noise)
        own = rain[None, span] * later[:, : len(rain[span]), None]
        flow, _ = xaj.run(basin, own, pan[span], p, state, float32=True)
        ahead[:, t, : flow.shape[1]] = flow
        if done:
            done(t + 1)
    return ahead, Filter(state, log, first.steps + len(pan))


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
    lower the squared error of the ``raw`` flow (time,); from the first lead at which it does not,
    raw is issued. The range is that of ``correct``, from the members' spread among others. A gap
    (NaN) in ``observed`` (time,) is left out; ``ahead`` (members, time, leads) is NaN beyond the
    end.

    Raises:
        ValueError: fewer than 120 observed steps and the leads to learn from; NaN in ``raw`` or
            ``ahead`` where they are learnt from; different lengths.

    Source: own choice; docs/methods/filtering.md.
    """
    leads = ahead.shape[2]
    if np.isfinite(observed[learn]).sum() - leads < 20 * FOLDS:
        raise ValueError(f"learning needs {20 * FOLDS} observed steps and the leads")
    mean, spread = ahead.mean(axis=0), ahead.std(axis=0)
    error = np.concatenate([[np.nan], observed[1:] - mean[:-1, 0]])
    floor = floor_of(observed[learn])
    flow, good = np.full(mean.shape, np.nan), np.zeros(leads, bool)
    band = np.full((*mean.shape, len(levels)), np.nan)
    for lead in range(1, leads + 1):
        k, issued = lead - 1, np.arange(len(raw) - lead)
        known = issued[learn.start : max(learn.stop - lead, 0)]
        misses = observed[known + lead] - raw[known + lead]
        better = helps(misses, mean[known, k] - raw[known + lead])
        good[k] = better and (k == 0 or good[k - 1])
        flow[:-lead, k] = mean[:-lead, k] if good[k] else raw[lead:]
        of = signs(raw, flow[:-lead, k], error, spread[:-lead, k], lead, floor)
        remains = observed[known + lead] - flow[known, k]
        scale, shape = fit_range(of[known], remains, levels)
        band[:-lead, k] = flow[:-lead, k, None] + (of @ scale)[:, None] * shape
    return flow, np.maximum(band, 0.0), good


def _update(
    state: xaj.State,
    told: Floats,
    seen: float,
    p: Floats,
    noise: Noise,
    rng: np.random.Generator,
) -> xaj.State:
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

    land = moved(state.land)
    top = np.stack([p[:, xaj.UM], p[:, xaj.LM], p[:, xaj.WM] - p[:, xaj.UM] - p[:, xaj.LM]], axis=1)
    land[..., :3] = np.minimum(land[..., :3], top[:, None])
    land[..., xaj.FR_] = np.minimum(land[..., xaj.FR_], 1.0)
    return xaj.State(land, moved(state.reach), moved(state.late))
