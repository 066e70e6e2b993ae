"""Reservoir routing by storage curve, outlets and flood-limit levels by season; rating curves.

Source: level-pool routing, Chow, Maidment, Mays, Applied Hydrology (1988), section 8.2, with the
outflow of each step chosen so that it agrees with the level and the water balance closes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
EDGE_M = 1e-9  # below the lowest level of a curve nothing flows
SAME = 1e-9
HALVINGS = 60  # of the span in which a step's outflow lies
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
        release: largest flow the river below bears, m3/s; the rule lets out more only where the
            level would stand above ``top``, and then no more than comes in.
        top: level above which the rule lets pass what comes in.
        gates: those that a plan opens one by one.
        spillway: flow by level of a crest without gates (m, m3/s), beside the outlets; it cannot be
            held back.
        turbines: what they carry at most, m3/s, beside the outlets.

    Raises:
        ValueError: a curve that does not rise or has one point, dead not below top, a release or
            turbines below 0, NaN in any number.

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
    spillway: Rating | None = None
    turbines: float = 0.0

    def __post_init__(self) -> None:
        for name in ("levels", "volumes"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float64))
        if self.levels.shape != self.volumes.shape or len(self.levels) < 2:
            raise ValueError("the storage curve needs two points or more")
        if not ((np.diff(self.levels) > 0).all() and (np.diff(self.volumes) > 0).all()):
            raise ValueError("the storage curve must rise")
        if not self.dead < self.top:
            raise ValueError("the dead level must lie below the top level")
        if not (self.release >= 0 and self.turbines >= 0 and np.isfinite(self.limit).all()):
            raise ValueError("release and turbines must be >= 0 and every flood limit a number")


@dataclass(frozen=True)
class Routed:
    """How a flood went through, or of several members (members, time) and (members,). It checks
    nothing and raises no errors; no NaN. Source: as of ``route``.

    Attributes:
        level: (time,), m at the end of each step.
        outflow: (time,), m3/s of each step.
        volume: (time,), 10^6 m3 at the end of each step.
        beyond: whether the level passed the storage curve's end (the dam is overtopped: numbers end
            there).
        balance: error of the water balance over all steps, as a share of the water there was or
            came.
        spilt: (time,), m3/s, what of the outflow went over the crest without gates.
    """

    level: Floats
    outflow: Floats
    volume: Floats
    beyond: Any
    balance: Any
    spilt: Floats


def route(
    reservoir: Reservoir,
    inflow: Floats,
    *,
    level: float,
    dt_h: float,
    plan: Floats | None = None,
    openings: Floats | None = None,
    turbines: Floats | None = None,
) -> Routed:
    """Carry a flood, inflow (time,) in m3/s, or members (members, time), through a reservoir.

    By rule: above the flood limit it releases what brings the level back to it, up to ``release``
    and to what outlets and turbines carry; where that would still leave it above ``top``, what
    brings it back there, up to the inflow or ``release``, whichever is more. ``plan`` (time,) sets
    the release instead (m3/s; bounded by outlets, turbines and the dead level; below 0 is 0), or
    ``openings`` (time, gates) those of the gates, m, with ``turbines`` (time,) in m3/s beside. What
    goes over the crest without gates comes on top. Outflow and level of a step agree: it leaves by
    the mean of the levels at its beginning and end.

    Raises:
        ValueError: gaps (NaN) in the inflow or a plan, a negative inflow, a level outside the
            storage curve, a step that is not above 0 h, flood limits of another length.

    Source: Chow, Maidment, Mays 1988, section 8.2; the rule is our own choice.
    """
    if not dt_h > 0:
        raise ValueError("the step must be above 0 h")
    single = np.ndim(inflow) == 1
    flows = np.atleast_2d(np.asarray(inflow, np.float64))
    if not np.isfinite(flows).all() or (flows < 0).any():
        raise ValueError("inflow must be finite and >= 0")
    n = flows.shape[1]
    wanted = ((plan, (n,)), (openings, (n, len(reservoir.gates))), (turbines, (n,)))
    for given, shape in wanted:
        if given is not None and (given.shape != shape or not np.isfinite(given).all()):
            raise ValueError("a plan needs a finite value for every step (and every gate)")
    low, high = float(reservoir.levels[0]), float(reservoir.levels[-1])
    if not low <= level <= high:
        raise ValueError(f"the level must lie on the storage curve, {low} .. {high} m")
    limit = np.ascontiguousarray(np.broadcast_to(np.asarray(reservoir.limit, np.float64), (n,)))
    at, curves = _curves(reservoir, openings, n)
    beside = np.zeros(n)
    if openings is None:
        beside[:] = reservoir.turbines
    elif turbines is not None:
        beside = np.clip(np.asarray(turbines, np.float64), 0.0, reservoir.turbines)
    spill = reservoir.spillway or Rating(np.array([low, high]), np.zeros(2))
    out = np.empty((4, *flows.shape))
    beyond: NDArray[np.bool_] = np.zeros(len(flows), np.bool_)
    unit = 0.0036 * dt_h  # m3/s over a step to 10^6 m3
    first = float(np.interp(level, reservoir.levels, reservoir.volumes))
    _route(
        flows,
        (reservoir.levels, reservoir.volumes),
        (at, curves, beside),
        (spill.levels, spill.flows),
        np.interp(limit, reservoir.levels, reservoir.volumes),
        np.full(n, np.nan) if plan is None else np.ascontiguousarray(plan, np.float64),
        openings is not None,
        (
            first,
            float(np.interp(reservoir.dead, reservoir.levels, reservoir.volumes)),
            float(np.interp(reservoir.top, reservoir.levels, reservoir.volumes)),
            float(reservoir.release),
            unit,
        ),
        out,
        beyond,
    )
    levels, outflow, volumes, spilt = out
    change = (flows.sum(axis=1) - outflow.sum(axis=1)) * unit - (volumes[:, -1:].sum(1) - first)
    balance = np.abs(change) / np.maximum(flows.sum(axis=1) * unit, max(first, 1e-9))
    if single:
        return Routed(
            levels[0], outflow[0], volumes[0], bool(beyond[0]), float(balance[0]), spilt[0]
        )
    return Routed(levels, outflow, volumes, beyond, balance, spilt)


def _curves(reservoir: Reservoir, openings: Floats | None, n: int) -> tuple[Floats, Floats]:
    """What may leave by level: levels (points,) and flows (time, points), or (1, points) for all
    steps. A gate's flow begins with its lowest level at once."""
    if openings is None:
        at = np.concatenate([[reservoir.outlet.levels[0] - EDGE_M], reservoir.outlet.levels])
        return at, np.concatenate([[0.0], reservoir.outlet.flows])[None]
    edges = [[g.levels[0] - EDGE_M, *g.levels] for g in reservoir.gates]
    at = np.unique(np.concatenate([*edges, [reservoir.levels[0]]]))
    flows = np.zeros((n, len(at)))
    for k, gate in enumerate(reservoir.gates):
        rows: dict[float, Floats] = {}
        for t, opening in enumerate(openings[:, k].tolist()):
            if opening not in rows:
                own = [np.interp(opening, gate.openings, row) for row in gate.flows]
                rows[opening] = np.interp(at, gate.levels, own, left=0.0)
            flows[t] += rows[opening]
    return at, flows


@njit(cache=True, nogil=True, error_model="numpy")
def _at(x, xs, ys):
    """Piecewise linear, level beyond the ends."""
    if x <= xs[0]:
        return ys[0]
    if x >= xs[-1]:
        return ys[-1]
    k = np.searchsorted(xs, x, side="right")
    return ys[k - 1] + (ys[k] - ys[k - 1]) * (x - xs[k - 1]) / (xs[k] - xs[k - 1])


@njit(cache=True, nogil=True, error_model="numpy")
def _leaves(mean, t, rest, curve, spill, plan, gated, need):
    """What leaves at a mean level: by the gates as they stand, by a plan, or what is needed."""
    over = _at(mean, spill[0], spill[1])
    able = _at(mean, curve[0], curve[1][min(t, curve[1].shape[0] - 1)]) + curve[2][t]
    if gated:
        held = able
    elif np.isfinite(plan):
        held = min(max(plan, 0.0), able)
    else:
        held = min(max(need - over, 0.0), able)
    return min(held, rest), over


@njit(cache=True, nogil=True, error_model="numpy")
def _route(flows, storage, curve, spill, target, plan, gated, numbers, out, beyond):
    first, dead, full, release, unit = numbers
    levels, volumes = storage
    for m in range(flows.shape[0]):
        volume = first
        for t in range(flows.shape[1]):
            water = volume + flows[m, t] * unit
            level = _at(volume, volumes, levels)
            kept = min((water - full) / unit, max(flows[m, t], release))
            need = max(min((water - target[t]) / unit, release), kept)
            low, high = 0.0, max(water - volumes[0], 0.0) / unit
            rest = max(water - dead, 0.0) / unit
            for _ in range(HALVINGS):
                middle = (low + high) / 2
                mean = (level + _at(water - middle * unit, volumes, levels)) / 2
                held, over = _leaves(mean, t, rest, curve, spill, plan[t], gated, need)
                if held + over > middle:
                    low = middle
                else:
                    high = middle
            mean = (level + _at(water - low * unit, volumes, levels)) / 2
            held, over = _leaves(mean, t, rest, curve, spill, plan[t], gated, need)
            if abs(held + over - low) <= SAME * max(low, 1.0):
                low = held + over  # what was asked for, to the last bit
            volume = water - low * unit
            if volume > volumes[-1]:
                beyond[m] = True
            out[0, m, t] = _at(volume, volumes, levels)
            out[1, m, t] = low
            out[2, m, t] = volume
            out[3, m, t] = min(over, low)
