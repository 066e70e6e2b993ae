"""Reservoir routing by storage curve, outlets and flood-limit levels by season; rating curves.

Source: level-pool routing, Chow, Maidment, Mays, Applied Hydrology (1988), section 8.2, with the
outflow of each step chosen so that the water balance closes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rating:
    """A stage-discharge curve, piecewise linear: levels (n,) rising, flows (n,) not falling.
    ``loop`` marks a river where rising and falling stages differ, so that one curve misleads."""

    levels: Floats
    flows: Floats
    loop: bool = False

    def __post_init__(self) -> None:
        for name in ("levels", "flows"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float64))
        if self.levels.shape != self.flows.shape or len(self.levels) < 2:
            raise ValueError("a curve needs two points or more")
        if (np.diff(self.levels) <= 0).any() or (np.diff(self.flows) < 0).any():
            raise ValueError("levels must rise and flows must not fall")

    def flow(self, level: Floats) -> Floats:
        """Flow at a level; NaN outside the curve: it is not extended."""
        return np.interp(level, self.levels, self.flows, left=np.nan, right=np.nan)

    def level(self, flow: Floats) -> Floats:
        """Level at a flow; NaN outside the curve."""
        return np.interp(flow, self.flows, self.levels, left=np.nan, right=np.nan)


@dataclass(frozen=True)
class Reservoir:
    """Storage curve and what may leave.

    Args:
        levels, volumes: storage curve, m and 10^6 m3, both rising.
        outlet: capacity of all outlets by level (m, m3/s), fully open.
        dead: no water leaves below this level.
        limit: flood-limit level of each step (m), (time,) or one number.
        release: largest flow the river below bears while the level is below ``top``, m3/s.
        top: level from which everything open is opened.
    """

    levels: Floats
    volumes: Floats
    outlet: Rating
    dead: float
    limit: Floats | float
    release: float
    top: float

    def __post_init__(self) -> None:
        for name in ("levels", "volumes"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float64))
        if self.levels.shape != self.volumes.shape or len(self.levels) < 2:
            raise ValueError("the storage curve needs two points or more")
        if (np.diff(self.levels) <= 0).any() or (np.diff(self.volumes) <= 0).any():
            raise ValueError("the storage curve must rise")
        if not self.dead < self.top:
            raise ValueError("the dead level must lie below the top level")


@dataclass(frozen=True)
class Routed:
    """Level at the end of each step (m), outflow of each step (m3/s), volume (10^6 m3), whether
    the level passed the storage curve's end (the dam is overtopped: numbers end there), and the
    error of the water balance over all steps, relative to the water there was or came."""

    level: Floats
    outflow: Floats
    volume: Floats
    beyond: bool
    balance: float


def route(
    reservoir: Reservoir, inflow: Floats, *, level: float, dt_h: float, plan: Floats | None = None
) -> Routed:  # fmt: skip
    """Carry a flood through a reservoir.

    By rule: above the flood limit it releases what brings the level back to it, up to ``release``
    and to what the outlets carry; from ``top`` on the outlets are fully open. ``plan`` (time,)
    sets the release instead (m3/s; still bounded by the outlets and the dead level).

    Raises:
        ValueError: gaps in the inflow, a level outside the storage curve.
    """
    inflow = np.asarray(inflow, np.float64)
    if not np.isfinite(inflow).all() or (inflow < 0).any():
        raise ValueError("inflow must be finite and >= 0")
    low, high = float(reservoir.levels[0]), float(reservoir.levels[-1])
    if not low <= level <= high:
        raise ValueError(f"the level must lie on the storage curve, {low} .. {high} m")
    n, unit = len(inflow), 0.0036 * dt_h  # m3/s over a step to 10^6 m3
    limit = np.broadcast_to(np.asarray(reservoir.limit, np.float64), (n,))
    dead = float(np.interp(reservoir.dead, reservoir.levels, reservoir.volumes))
    most = float(reservoir.volumes[-1])
    volume = first = float(np.interp(level, reservoir.levels, reservoir.volumes))
    levels, outflow, volumes = np.empty((3, n))
    beyond = False
    for t in range(n):
        water = volume + inflow[t] * unit
        here = float(np.interp(min(water, most), reservoir.volumes, reservoir.levels))
        able = _capacity(reservoir.outlet, (level + here) / 2)
        if plan is not None:
            want = float(plan[t])
        elif here >= reservoir.top:
            want = able
        else:
            target = float(np.interp(limit[t], reservoir.levels, reservoir.volumes))
            want = min((water - target) / unit, reservoir.release)
        flow = max(min(want, able, (water - dead) / unit), 0.0)
        volume = water - flow * unit
        beyond = beyond or volume > most
        level = float(np.interp(min(volume, most), reservoir.volumes, reservoir.levels))
        levels[t], outflow[t], volumes[t] = level, flow, volume
    change = (inflow.sum() - outflow.sum()) * unit - (volume - first)
    balance = abs(change) / max(inflow.sum() * unit, first, 1e-9)
    return Routed(levels, outflow, volumes, beyond, float(balance))


def _capacity(outlet: Rating, level: float) -> float:
    """What the outlets carry; below their curve nothing, above it as at its end."""
    return float(np.interp(level, outlet.levels, outlet.flows, left=0.0))
