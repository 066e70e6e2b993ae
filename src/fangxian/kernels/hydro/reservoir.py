"""Reservoir routing by storage curve, outlets and flood-limit levels by season; rating curves.

Source: level-pool routing, Chow, Maidment, Mays, Applied Hydrology (1988), section 8.2, with the
outflow of each step chosen so that the water balance closes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True)
class Rating:
    """A stage-discharge curve, piecewise linear, of two points or more.

    Attributes:
        levels: (n,) rising, m.
        flows: (n,) not falling, m3/s; may begin below 0.
        loop: marks a river where rising and falling stages differ, so that one curve misleads.

    Raises:
        ValueError: fewer points, levels that do not rise, flows that fall, NaN in either.

    Source: definition.
    """

    levels: Floats
    flows: Floats
    loop: bool = False

    def __post_init__(self) -> None:
        for name in ("levels", "flows"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float64))
        if self.levels.shape != self.flows.shape or len(self.levels) < 2:
            raise ValueError("a curve needs two points or more")
        if not ((np.diff(self.levels) > 0).all() and (np.diff(self.flows) >= 0).all()):
            raise ValueError("levels must rise and flows must not fall")

    def flow(self, level: Floats) -> Floats:
        """Flow at a level, m3/s; NaN outside the curve, which is not extended, and for NaN. No
        errors of its own."""
        return np.interp(level, self.levels, self.flows, left=np.nan, right=np.nan)

    def level(self, flow: Floats) -> Floats:
        """Level at a flow, m; NaN outside the curve and for NaN. Where several levels have the flow
        it is one of them. No errors."""
        return np.interp(flow, self.flows, self.levels, left=np.nan, right=np.nan)


@dataclass(frozen=True)
class Gate:
    """One gate as its table gives it. Between the points bilinear; none below the lowest level,
    above the last as there.

    Attributes:
        levels: (levels,) rising, m.
        openings: (openings,) rising from 0, m.
        flows: (levels, openings), m3/s, not falling; NaN among them is not noticed.

    Raises:
        ValueError: other shapes, or what must rise and does not.

    Source: own choice (interpolation).
    """

    levels: Floats
    openings: Floats
    flows: Floats

    def __post_init__(self) -> None:
        for name in ("levels", "openings", "flows"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float64))
        shape = (len(self.levels), len(self.openings))
        if self.flows.shape != shape or min(shape) < 2:
            raise ValueError(f"a gate's flows must be levels x openings, {shape}")
        if (np.diff(self.levels) <= 0).any() or (np.diff(self.openings) <= 0).any():
            raise ValueError("a gate's levels and openings must rise")
        if self.openings[0] != 0:
            raise ValueError("a gate's openings must begin with 0, shut")
        if (np.diff(self.flows, axis=0) < 0).any() or (np.diff(self.flows, axis=1) < 0).any():
            raise ValueError("a gate's flow must not fall with level or opening")

    def flow(self, level: float, opening: float) -> float:
        """Flow at a level and an opening, m3/s; openings beyond the table count as its ends, NaN
        gives NaN. No errors."""
        if level < self.levels[0]:
            return 0.0
        at = [np.interp(level, self.levels, column) for column in self.flows.T]
        return float(np.interp(opening, self.openings, at))


def limits_by_season(
    days: NDArray[np.datetime64], seasons: Sequence[tuple[str, str, float]], otherwise: float
) -> Floats:
    """Flood-limit level (m) of each day (time,) (汛限水位).

    Seasons are (first, last, level) with days as MMDD, both included; one may run over the new
    year. ``otherwise`` holds outside them and for a missing date (NaT).

    Raises:
        ValueError: a day that is none, or two seasons on one of the days.

    Source: definition.
    """
    dates = np.asarray(days, "datetime64[D]")
    months = dates.astype("datetime64[M]")
    at = (months.astype(int) % 12 + 1) * 100 + (dates - months).astype(int) + 1
    level, taken = np.full(len(dates), float(otherwise)), np.zeros(len(dates), bool)
    for first, last, value in seasons:
        a, b = _month_day(first), _month_day(last)
        inside = (a <= at) & (at <= b) if a <= b else (a <= at) | (at <= b)
        if (inside & taken).any():
            raise ValueError(f"two flood-limit seasons on one day: {first}-{last}")
        level[inside], taken = value, taken | inside
    return level


def _month_day(text: str) -> int:
    month, day = (int(text[:2]), int(text[2:])) if len(text) == 4 and text.isdecimal() else (0, 0)
    if not (1 <= month <= 12 and 1 <= day <= DAYS[month - 1]):
        raise ValueError(f"{text!r} is no day of the year: MMDD is meant")
    return month * 100 + day


@dataclass(frozen=True)
class Reservoir:
    """Storage curve and what may leave.

    Args:
        levels, volumes: storage curve (n,), m and 10^6 m3, both rising.
        outlet: capacity of all outlets by level (m, m3/s), fully open.
        dead: no water leaves below this level.
        limit: flood-limit level of each step (m), (time,) or one number.
        release: largest flow the river below bears while the level is below ``top``, m3/s.
        top: level from which everything is opened.
        gates: those that a plan opens one by one.

    Raises:
        ValueError: a curve that does not rise or has one point, dead not below top, a release below
            0, NaN in any number.

    Source: definition.
    """

    levels: Floats
    volumes: Floats
    outlet: Rating
    dead: float
    limit: Floats | float
    release: float
    top: float
    gates: tuple[Gate, ...] = ()

    def __post_init__(self) -> None:
        for name in ("levels", "volumes"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float64))
        if self.levels.shape != self.volumes.shape or len(self.levels) < 2:
            raise ValueError("the storage curve needs two points or more")
        if not ((np.diff(self.levels) > 0).all() and (np.diff(self.volumes) > 0).all()):
            raise ValueError("the storage curve must rise")
        if not self.dead < self.top:
            raise ValueError("the dead level must lie below the top level")
        if not (self.release >= 0 and np.isfinite(self.limit).all()):
            raise ValueError("the release must be >= 0 and every flood limit a number")


@dataclass(frozen=True)
class Routed:
    """How a flood went through. It checks nothing and raises no errors; no NaN. Source: as of
    ``route``.

    Attributes:
        level: (time,), m at the end of each step.
        outflow: (time,), m3/s of each step.
        volume: (time,), 10^6 m3 at the end of each step.
        beyond: whether the level passed the storage curve's end (the dam is overtopped: numbers end
            there).
        balance: error of the water balance over all steps, as a share of the water there was or
            came.
    """

    level: Floats
    outflow: Floats
    volume: Floats
    beyond: bool
    balance: float


def route(
    reservoir: Reservoir,
    inflow: Floats,
    *,
    level: float,
    dt_h: float,
    plan: Floats | None = None,
    openings: Floats | None = None,
) -> Routed:
    """Carry a flood, inflow (time,) in m3/s, through a reservoir.

    By rule: above the flood limit it releases what brings the level back to it, up to ``release``
    and to what the outlets carry; where that would still leave it at ``top`` or above, whatever the
    outlets carry. ``plan`` (time,) sets the release instead (m3/s; still bounded by the outlets and
    the dead level; below 0 is 0), or ``openings`` (time, gates) those of the gates, m.

    Raises:
        ValueError: gaps (NaN) in the inflow or a plan, a negative inflow, a level outside the
            storage curve, a step that is not above 0 h, flood limits of another length.

    Source: Chow, Maidment, Mays 1988, section 8.2; the rule is our own choice.
    """
    if not dt_h > 0:
        raise ValueError("the step must be above 0 h")
    inflow = np.asarray(inflow, np.float64)
    if not np.isfinite(inflow).all() or (inflow < 0).any():
        raise ValueError("inflow must be finite and >= 0")
    for given, shape in ((plan, inflow.shape), (openings, (len(inflow), len(reservoir.gates)))):
        if given is not None and (given.shape != shape or not np.isfinite(given).all()):
            raise ValueError("a plan needs a finite value for every step (and every gate)")
    low, high = float(reservoir.levels[0]), float(reservoir.levels[-1])
    if not low <= level <= high:
        raise ValueError(f"the level must lie on the storage curve, {low} .. {high} m")
    n, unit = len(inflow), 0.0036 * dt_h  # m3/s over a step to 10^6 m3
    limit = np.broadcast_to(np.asarray(reservoir.limit, np.float64), (n,))
    dead = float(np.interp(reservoir.dead, reservoir.levels, reservoir.volumes))
    most = float(reservoir.volumes[-1])
    full = float(np.interp(reservoir.top, reservoir.levels, reservoir.volumes))
    volume = first = float(np.interp(level, reservoir.levels, reservoir.volumes))
    levels, outflow, volumes = np.empty((3, n))
    beyond = False
    for t in range(n):
        water = volume + inflow[t] * unit
        here = float(np.interp(min(water, most), reservoir.volumes, reservoir.levels))
        able = _capacity(reservoir.outlet, (level + here) / 2)
        if openings is not None:
            pairs = zip(reservoir.gates, openings[t], strict=True)
            want = able = sum(gate.flow((level + here) / 2, float(a)) for gate, a in pairs)
        elif plan is not None:
            want = float(plan[t])
        else:
            target = float(np.interp(limit[t], reservoir.levels, reservoir.volumes))
            back = (water - target) / unit
            want = min(back, reservoir.release)
            if water - want * unit >= full:
                want = back
        flow = max(min(want, able, (water - dead) / unit), 0.0)
        volume = water - flow * unit
        beyond = beyond or bool(volume > most)
        level = float(np.interp(min(volume, most), reservoir.volumes, reservoir.levels))
        levels[t], outflow[t], volumes[t] = level, flow, volume
    change = (inflow.sum() - outflow.sum()) * unit - (volume - first)
    balance = abs(change) / max(inflow.sum() * unit, first, 1e-9)
    return Routed(levels, outflow, volumes, beyond, float(balance))


def _capacity(outlet: Rating, level: float) -> float:
    """What the outlets carry; below their curve nothing, above it as at its end."""
    return float(np.interp(level, outlet.levels, outlet.flows, left=0.0))
