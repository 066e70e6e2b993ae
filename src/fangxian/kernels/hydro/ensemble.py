"""Assimilation and ranges: an ensemble Kalman filter on the states of Xinanjiang members.

Source: Evensen, J Geophys Res 99 (1994) 10143; with perturbed rain and observations, Moradkhani et
al., Adv Water Resour 28 (2005) 135.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fangxian.kernels.hydro import xaj

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Noise:
    """Relative sd of rain (log-normal, mean 1), of the observed flow, and its floor in m3/s."""

    rain: float = 0.3
    flow: float = 0.1
    floor: float = 0.5


def perturbed(rain: Floats, members: int, noise: Noise, rng: np.random.Generator) -> Floats:
    """Rain of each member (members, time, sub-basins): one log-normal factor a step, mean 1."""
    spread = np.sqrt(np.log1p(noise.rain**2))
    factor = np.exp(rng.normal(-spread * spread / 2, spread, (members, len(rain))))
    return np.asarray(rain[None] * factor[:, :, None])


def filter_states(
    basin: xaj.Basin, rain: Floats, pan: Floats, parameters: Floats, state: xaj.State,
    observed: Floats, *, every: int, noise: Noise, seed: int,
) -> tuple[Floats, xaj.State]:  # fmt: skip
    """Flow of the members before each update (members, time) and the updated states at the end.

    Each ``every`` steps the states of all sub-basins move by the Kalman gain towards the observed
    flow of that step (perturbed for each member); capacities and zero bound them. A gap in the
    observed updates nothing. Same seed, same result.

    Raises:
        ValueError: fewer than 10 members; see ``xaj.run``.
    """
    members = len(state.land)
    if members < 10:
        raise ValueError("a filter needs ten members or more")
    rng = np.random.default_rng(seed)
    p = np.repeat(
        np.atleast_2d(parameters), members if len(np.atleast_2d(parameters)) == 1 else 1, 0
    )
    own = perturbed(np.asarray(rain, np.float64), members, noise, rng)
    flow = np.empty((members, len(rain)))
    for begin in range(0, len(rain), every):
        end = min(begin + every, len(rain))
        part, state = xaj.run(basin, own[:, begin:end], pan[begin:end], p, state)
        flow[:, begin:end] = part
        if np.isfinite(observed[end - 1]):
            state = _update(state, part[:, -1], float(observed[end - 1]), p, noise, rng)
    return flow, state


def _update(
    state: xaj.State, told: Floats, seen: float, p: Floats, noise: Noise,
    rng: np.random.Generator,
) -> xaj.State:  # fmt: skip
    members = len(told)
    error = max(noise.flow * seen, noise.floor)
    innovation = seen + rng.normal(0, error, members) - told
    away = told - told.mean()
    spread = float((away**2).sum() / (members - 1)) + error**2

    def moved(values: Floats) -> Floats:
        anomaly = values - values.mean(axis=0)
        gain = np.tensordot(away, anomaly, axes=(0, 0)) / (members - 1) / spread
        return np.asarray(values + innovation[(slice(None), *[None] * (values.ndim - 1))] * gain)

    land, reach = moved(state.land), np.maximum(moved(state.reach), 0.0)
    top = np.stack([p[:, xaj.UM], p[:, xaj.LM], p[:, xaj.WM] - p[:, xaj.UM] - p[:, xaj.LM]], axis=1)
    land[..., :3] = np.minimum(land[..., :3], top[:, None])
    land[..., xaj.FR_] = np.clip(land[..., xaj.FR_], 0.0, 1.0)
    return xaj.State(np.maximum(land, 0.0), reach)
