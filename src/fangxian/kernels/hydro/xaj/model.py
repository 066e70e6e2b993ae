"""Parameters, basin, states and runs of Xinanjiang (新安江), three sources, lumped or by sub-basin,
for any number of parameter sets.

Sources: Zhao Renjun, J Hydrol 135 (1992) 371; the variant of slices, lag and reaches as in
docs/methods/xinanjiang.md. Coefficients are daily and are brought to the step here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fangxian.kernels.common.threads import over_rows
from fangxian.kernels.hydro.xaj.blocks import LANES, run_blocks
from fangxian.kernels.hydro.xaj.derive import (
    FINE,
    KE,
    PARAMETERS,
    SUMS,
    UNSTABLE,
    XE,
    L,
    derive,
    steps,
)
from fangxian.kernels.hydro.xaj.physics import DERIVED
from fangxian.kernels.hydro.xaj.rows import run_rows

Floats = NDArray[np.float64]

NAMES = tuple(PARAMETERS)
LOW, HIGH = (np.array([row[k] for row in PARAMETERS.values()], np.float64) for k in (1, 2))
# What may be left out of a set, and what it is then.
DEFAULTS = {"L": 0.0}
# States of a sub-basin: layers of tension water, free water and its area, three outflows, network.
STATES = ("WU", "WL", "WD", "S", "FR", "QS", "QI", "QG", "QN")
WU_, WL_, WD_, S_, FR_, QS_, QI_, QG_, QN_ = range(9)
# What ``trace`` gives by step and sub-basin, mm but for FR (-) and the flows (m3/s).
FLUXES = ("P", "E", "WU", "WL", "WD", "S", "FR", "R", "RS", "RI", "RG", "QS", "QI", "QG", "QN", "Q")


@dataclass(frozen=True)
class Basin:
    """Sub-basins and the step. ``rain`` and ``pan`` of a run have one column each; a lumped basin
    has one.

    Attributes:
        areas: km2, (n,), above 0.
        dt_h: the step, h, above 0 and up to 24.
        network_km2: sub-basins from here on pass their flow through the channel network (CR).

    Raises:
        ValueError: areas or a step out of range or NaN.

    Source: Zhao 1992; the network by area is as docs/methods/xinanjiang.md has it.
    """

    areas: Floats
    dt_h: float
    network_km2: float = 200.0

    def __post_init__(self) -> None:
        areas = np.atleast_1d(np.asarray(self.areas, np.float64))
        object.__setattr__(self, "areas", areas)
        if not (np.isfinite(areas).all() and (areas > 0).all() and areas.ndim == 1):
            raise ValueError("areas must be positive, km2")
        if not 0 < self.dt_h <= 24:
            raise ValueError("the step must lie within 0 .. 24 h")


@dataclass(frozen=True)
class State:
    """Where a run stands. It checks nothing and raises no errors: ``run`` does, and refuses NaN.
    Source: Zhao 1992, docs/methods/xinanjiang.md.

    Attributes:
        land: (members, sub-basins, 9) of ``STATES``; mm, FR a share, flows m3/s.
        reach: (members, sub-basins, reaches + 1), the reaches' last inflow and outflow, m3/s.
        late: (members, sub-basins, lag in steps), flow still on its way to the network, m3/s.
    """

    land: Floats
    reach: Floats
    late: Floats


def start(
    basin: Basin,
    parameters: Floats,
    *,
    wu: float,
    wl: float,
    wd: float,
    s: float = 0.0,
    fr: float = 0.0,
    qs: float = 0.0,
    qi: float = 0.0,
    qg: float = 0.0,
) -> State:
    """The same first state for all members and sub-basins; nothing is in the reaches yet.

    ``parameters`` (members, 18) give the number of members, reaches and lags; wu, wl, wd, s in mm,
    fr a share, qs, qi, qg in m3/s. Values are not checked here: ``run`` refuses NaN and negatives,
    and takes more water than a layer holds as it is.

    Raises:
        ValueError: NaN as travel time or lag (numpy's).
        IndexError: too few parameters.

    Source: definition.
    """
    p = np.atleast_2d(np.asarray(parameters, np.float64))
    shape = (len(p), len(basin.areas))
    land = np.zeros((*shape, len(STATES)))
    land[..., WU_], land[..., WL_], land[..., WD_] = wu, wl, wd
    land[..., S_], land[..., FR_] = s, fr
    land[..., QS_], land[..., QI_], land[..., QG_] = qs, qi, qg
    reaches, lags = (int(steps(p[:, k].max(initial=0), basin.dt_h)) for k in (KE, L))
    return State(land, np.zeros((*shape, reaches + 1)), np.zeros((*shape, lags)))


def _derived(
    parameters: Floats, basin: Basin, published: bool, flat: bool
) -> tuple[Floats, Floats, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The parameters and what ``derive`` makes of them."""
    p = np.ascontiguousarray(np.atleast_2d(parameters), np.float64)
    if p.ndim != 2 or p.shape[1] != len(NAMES):
        raise ValueError(f"parameters are (members, {len(NAMES)}): {', '.join(NAMES)}")
    derived = np.empty((len(p), DERIVED))
    reaches, lags, wrong = np.empty((3, len(p)), np.int64)
    derive(p, LOW, HIGH, basin.dt_h, published, flat, derived, reaches, lags, wrong)
    return p, derived, reaches, lags, wrong


def _refuse(p: Floats, dt_h: float, wrong: NDArray[np.int64]) -> None:
    """ValueError names what is wrong with the first set that a run cannot take."""
    k = int(np.argmax(wrong != FINE))
    what = int(wrong[k])
    if what == SUMS:
        raise ValueError("UM + LM must not exceed WM and KG + KI must be below 1")
    if what == UNSTABLE:
        raise ValueError(
            f"Muskingum with KE = {p[k, KE]:g} h, XE = {p[k, XE]:g} and a step of {dt_h:g} h "
            "is unstable: 2KX <= step <= 2K(1-X)"
        )
    raise ValueError(f"{NAMES[what]} must lie within {LOW[what]} .. {HIGH[what]}")


def _fit(values: Floats) -> bool:
    """Whether all are finite and >= 0."""
    return not values.size or bool(values.min() >= 0 and np.isfinite(values.sum()))


def feasible(basin: Basin, parameters: Floats) -> NDArray[np.bool_]:
    """Which parameter sets (members, 18), in the units of ``PARAMETERS``, a run would take
    (members,); one with NaN it would not.

    Raises:
        ValueError: another number of parameters.

    Source: Zhao 1992 for stable reaches; ranges are our own choice.
    """
    return np.asarray(_derived(parameters, basin, False, False)[-1] == FINE)


def run(
    basin: Basin,
    rain: Floats,
    pan: Floats,
    parameters: Floats,
    state: State,
    *,
    published: bool = False,
    flat: bool = False,
    float32: bool = False,
) -> tuple[Floats, State]:
    """Flow at the outlet, m3/s (members, time), and the state after the last step.

    Args:
        rain, pan: mm a step, (time, sub-basins); rain may be (members, time, sub-basins), one
            for each member. Finite, >= 0.
        parameters: (members, 18) in the order of ``NAMES``, daily coefficients.
        state: from ``start`` or an earlier run. Two runs one after the other give the same
            numbers to the last bit as one.
        published: the published program drops the free water that a shrinking runoff area cannot
            hold, and what exceeds the deep layer, and counts the impervious share's runoff twice.
            True does as it does, to compare with it; by default the balance closes.
        flat: the free water a spot of the area that runs off can hold is SM (1+EX) however small
            that area is; by default it shrinks with it. The state of one is no start for the other.
        float32: members x sub-basins side by side, 64 at a time, in float32: several times faster
            from some dozens on. Mostly within 2e-5 of the greatest flow of the float64 result;
            where a net rain lies on the edge of a slice of 5 mm, up to some 1e-3 (the model itself
            jumps there).

    Raises:
        ValueError: gaps (NaN) or negative rain, parameters out of range or an unstable reach,
            states that are NaN, negative or of another shape.
        IndexError: rain without sub-basins.

    Source: Zhao 1992, as docs/methods/xinanjiang.md has it.
    """
    p, rain, pan, shared = _prepare(basin, rain, pan, parameters, state, published, flat)
    state = State(state.land.copy(), state.reach.copy(), state.late.copy())
    flow = np.empty((len(p), rain.shape[1]))
    if float32:
        members, subs = len(p), len(basin.areas)
        lanes = np.zeros((members * subs, rain.shape[1]), np.float32)
        blocks = -(-members * subs // LANES)
        over_rows(run_blocks, blocks, *shared, state.land, state.reach, state.late, lanes, least=1)
        flow = lanes.reshape(members, subs, -1).sum(axis=1, dtype=np.float64)
    else:
        none = np.empty((0, len(basin.areas), len(FLUXES)))
        over_rows(
            run_rows,
            len(p),
            *shared,
            state.land,
            state.reach,
            state.late,
            flow,
            False,
            none,
            least=2,
        )
    return flow, state


def trace(
    basin: Basin,
    rain: Floats,
    pan: Floats,
    parameters: Floats,
    state: State,
    *,
    published: bool = False,
    flat: bool = False,
) -> tuple[Floats, State, Floats]:
    """As ``run`` for one member, and all fluxes and states (time, sub-basins, ``FLUXES``), mm but
    for FR (a share) and flows (m3/s). NaN is refused.

    Raises:
        ValueError: more than one member; see ``run``.

    Source: as of ``run``.
    """
    p, rain, pan, shared = _prepare(basin, rain, pan, parameters, state, published, flat)
    if len(p) != 1:
        raise ValueError("a trace is of one member")
    state = State(state.land.copy(), state.reach.copy(), state.late.copy())
    flow, told = np.empty((1, len(pan))), np.empty((*pan.shape, len(FLUXES)))
    over_rows(run_rows, 1, *shared, state.land, state.reach, state.late, flow, True, told)
    return flow, state, told


def _prepare(
    basin: Basin,
    rain: Floats,
    pan: Floats,
    parameters: Floats,
    state: State,
    published: bool,
    flat: bool,
) -> tuple[Floats, Floats, Floats, tuple[Any, ...]]:
    """Checked arrays, and what both drivers are given before the states."""
    p, derived, reaches, lags, wrong = _derived(parameters, basin, published, flat)
    if (wrong != FINE).any():
        _refuse(p, basin.dt_h, wrong)
    rain = np.asarray(rain, np.float64)
    rain = np.ascontiguousarray(rain if rain.ndim == 3 else rain[None])
    pan = np.ascontiguousarray(pan, np.float64)
    subs = len(basin.areas)
    if rain.shape[2] != subs or pan.shape != rain.shape[1:] or rain.shape[0] not in (1, len(p)):
        raise ValueError(f"rain and pan need one column for each of the {subs} sub-basins")
    if not (_fit(rain) and _fit(pan)):
        raise ValueError("rain and pan must be finite and >= 0; fill gaps first")
    if not all(a.ndim == 3 for a in (state.land, state.reach, state.late)):
        raise ValueError("a state has three arrays of members x sub-basins x something")
    enough = state.reach.shape[2] > reaches.max(initial=0) and state.late.shape[2] >= lags.max(
        initial=0
    )
    shapes = {a.shape[:2] for a in (state.land, state.reach, state.late)}
    if shapes != {(len(p), subs)} or state.land.shape[2] != len(STATES) or not enough:
        raise ValueError("the state has other members, sub-basins, reaches or lags")
    arrays = (state.land, state.reach, state.late)
    if not all(_fit(a) for a in arrays) or state.land[..., FR_].max(initial=0) > 1:
        raise ValueError("states must be finite and >= 0, FR at most 1")
    per_mm = basin.areas / (3.6 * basin.dt_h)
    network = basin.areas >= basin.network_km2
    return p, rain, pan, (derived, per_mm, network, rain, pan, reaches, lags, published)


def by_name(values: dict[str, float]) -> Floats:
    """One row of parameters (1, 18) from a dictionary, in the units of ``PARAMETERS``. Values are
    not looked at: NaN stays, for ``run`` to refuse.

    Raises:
        ValueError: names what is missing or unknown.

    Source: definition.
    """
    given = {**DEFAULTS, **values}
    missing = [n for n in NAMES if n not in given]
    unknown = [n for n in values if n not in NAMES]
    if missing or unknown:
        raise ValueError(f"parameters missing: {missing}; unknown: {unknown}")
    return np.array([[float(given[n]) for n in NAMES]])
