"""Xinanjiang (新安江), three sources, lumped or by sub-basin, for any number of parameter sets.

Sources: Zhao Renjun, J Hydrol 135 (1992) 371; the variant of slices, lag and reaches as in
docs/methods/xinanjiang.md. Coefficients are daily and are brought to the step here.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fangxian.kernels.common.threads import over_rows

Floats = NDArray[np.float64]

# name: (unit, low, high, what) - the widest range that makes sense; a basin has narrower ones.
PARAMETERS = {
    "KC": ("-", 0.1, 2.0, "pan to potential evaporation"),
    "UM": ("mm", 1.0, 100.0, "tension water, upper layer"),
    "LM": ("mm", 10.0, 200.0, "tension water, lower layer"),
    "C": ("-", 0.0, 0.5, "deep evaporation"),
    "WM": ("mm", 50.0, 400.0, "tension water, all layers"),
    "B": ("-", 0.01, 2.0, "exponent of the tension water curve"),
    "IM": ("-", 0.0, 0.5, "impervious share"),
    "SM": ("mm", 1.0, 200.0, "free water"),
    "EX": ("-", 0.5, 3.0, "exponent of the free water curve"),
    "KG": ("1/d", 0.001, 0.9, "outflow to groundwater"),
    "KI": ("1/d", 0.001, 0.9, "outflow to interflow"),
    "CS": ("1/d", 0.0, 0.999, "recession of surface runoff"),
    "CI": ("1/d", 0.0, 0.999, "recession of interflow"),
    "CG": ("1/d", 0.5, 0.9999, "recession of groundwater"),
    "CR": ("1/d", 0.0, 0.999, "recession of the channel network"),
    "KE": ("h", 0.0, 240.0, "travel time of the Muskingum reaches"),
    "XE": ("-", 0.0, 0.5, "weight of the Muskingum reaches"),
}
NAMES = tuple(PARAMETERS)
LOW, HIGH = (np.array([row[k] for row in PARAMETERS.values()], np.float64) for k in (1, 2))
KC, UM, LM, C, WM, B, IM, SM, EX, KG, KI, CS, CI, CG, CR, KE, XE = range(17)
# States of a sub-basin: layers of tension water, free water and its area, three outflows, network.
STATES = ("WU", "WL", "WD", "S", "FR", "QS", "QI", "QG", "QN")
WU_, WL_, WD_, S_, FR_, QS_, QI_, QG_, QN_ = range(9)
# Fluxes by step and sub-basin that ``trace`` gives, mm but for the flows (m3/s).
FLUXES = ("P", "E", "W", "S", "FR", "R", "RS", "RI", "RG", "QS", "QI", "QG", "Q")
SLICE_MM, LAG_KM2, LEAST_FR = 5.0, 200.0, 1e-6


@dataclass(frozen=True)
class Basin:
    """Sub-basin areas in km2, shape (n,), and the step in hours. ``rain`` and ``pan`` of a run
    have one column each; a lumped basin has one."""

    areas: Floats
    dt_h: float

    def __post_init__(self) -> None:
        areas = np.atleast_1d(np.asarray(self.areas, np.float64))
        object.__setattr__(self, "areas", areas)
        if not (np.isfinite(areas).all() and (areas > 0).all() and areas.ndim == 1):
            raise ValueError("areas must be positive, km2")
        if not 0 < self.dt_h <= 24:
            raise ValueError("the step must lie within 0 .. 24 h")


@dataclass(frozen=True)
class State:
    """Where a run stands: (members, sub-basins, 9) of ``STATES`` and the reaches' last inflow and
    outflow (members, sub-basins, reaches + 1)."""

    land: Floats
    reach: Floats


def start(members: int, basin: Basin, *, wu: float, wl: float, wd: float, s: float = 0.0,
          fr: float = 0.0, reaches: int = 0) -> State:  # fmt: skip
    """The same first state for all members and sub-basins; nothing flows yet."""
    land = np.zeros((members, len(basin.areas), len(STATES)))
    land[..., WU_], land[..., WL_], land[..., WD_] = wu, wl, wd
    land[..., S_], land[..., FR_] = s, fr
    return State(land, np.zeros((members, len(basin.areas), reaches + 1)))


def reach_count(ke: float, dt_h: float) -> int:
    """Muskingum reaches of one step each that make up the travel time."""
    return int(ke / dt_h + 1e-9)


def muskingum(k: float, x: float, dt: float) -> tuple[float, float, float]:
    """C0, C1, C2 of a reach (same unit of k and dt).

    Raises:
        ValueError: coefficients below 0: the reach would answer with negative flow.
    """
    below = k - k * x + 0.5 * dt
    c0, c1, c2 = (
        (0.5 * dt - k * x) / below,
        (0.5 * dt + k * x) / below,
        (k - k * x - 0.5 * dt) / below,
    )
    if min(c0, c1, c2) < -1e-12:
        raise ValueError(
            f"Muskingum with K = {k:g}, X = {x:g}, step {dt:g} is unstable: 2KX <= step <= 2K(1-X)"
        )
    return c0, c1, c2


def _check(p: Floats) -> None:
    if p.ndim != 2 or p.shape[1] != len(NAMES) or not np.isfinite(p).all():
        raise ValueError(f"parameters are (members, {len(NAMES)}): {', '.join(NAMES)}")
    wrong = ((p < LOW) | (p > HIGH)).any(axis=0)
    if wrong.any():
        k = int(np.argmax(wrong))
        raise ValueError(f"{NAMES[k]} must lie within {LOW[k]} .. {HIGH[k]}")
    if (p[:, UM] + p[:, LM] > p[:, WM]).any():
        raise ValueError("UM + LM must not exceed WM")
    if (p[:, KG] + p[:, KI] >= 1).any():
        raise ValueError("KG + KI must be below 1")


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _power(x, y):
    """x**y for x >= 0, half the time of the general power."""
    return np.exp(y * np.log(x)) if x > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _land(p, w, rain, pan, ki, kg, lossy, out):
    """One step of one sub-basin: evaporation, runoff, three sources. Changes w; fills out with
    E, R, RS, RI, RG, and the water that neither ran off nor evaporated is in w."""
    wm, b, sm, ex = p[WM], p[B], p[SM], p[EX]
    need = p[KC] * pan
    wu, wl, wd = w[WU_], w[WL_], w[WD_]
    if wu + rain >= need:
        eu, el, ed = need, 0.0, 0.0
    else:
        eu = wu + rain
        rest = need - eu
        if wl >= p[C] * p[LM]:
            el, ed = min(rest * wl / p[LM], wl), 0.0
        elif wl >= p[C] * rest:
            el, ed = p[C] * rest, 0.0
        else:
            el = wl
            ed = min(p[C] * rest - el, wd)
    e = eu + el + ed
    net = rain - e
    deep = wm - p[UM] - p[LM]
    r = 0.0
    s, fr = w[S_], w[FR_]
    rs, ri, rg = 0.0, 0.0, 0.0
    if net > 0.0:
        wmm = wm * (1.0 + b) / (1.0 - p[IM])
        full = min(max((wu + wl + wd) / wm, 0.0), 1.0)
        a = wmm * (1.0 - _power(1.0 - full, 1.0 / (1.0 + b)))
        r = net - wm * (1.0 - full)
        if net + a < wmm:
            r += wm * _power(1.0 - (net + a) / wmm, 1.0 + b)
        r = min(max(r, 0.0), net)
        new = min(max(r / net, LEAST_FR), 1.0)
        smm = sm * (1.0 + ex)
        smmf = smm * (1.0 - _power(1.0 - new, 1.0 / ex))
        smf = smmf / (1.0 + ex)
        s = s * fr / new
        if s > smf:  # the runoff area shrank below its water: what does not fit runs off
            if not lossy:
                rs += (s - smf) * new
            s = smf
        fr = new
        n = int(net / SLICE_MM) + 1
        part = r / fr / n
        left = 1.0 - ki - kg if n == 1 else _power(1.0 - ki - kg, 1.0 / n)
        kin = (1.0 - left) / (1.0 + kg / ki)
        kgn = kin * kg / ki
        for _ in range(n):
            au = smmf * (1.0 - _power(1.0 - s / smf, 1.0 / (1.0 + ex)))
            over = part + s - smf
            if part + au < smmf:
                over += smf * _power(1.0 - (part + au) / smmf, 1.0 + ex)
            over = min(max(over, 0.0), part + s)
            s += part - over
            rs += over * fr
            ri += kin * s * fr
            rg += kgn * s * fr
            s *= 1.0 - kin - kgn
        # Runoff fills what the curve gives back; the layers take the rest from above.
        wu += rain - eu - r
        wl -= el
        wd -= ed
        if wu > p[UM]:
            wl += wu - p[UM]
            wu = p[UM]
        if wl > p[LM]:
            wd += wl - p[LM]
            wl = p[LM]
        if wd > deep:  # a first state above the capacity, or rounding
            if not lossy:
                rs += wd - deep
                r += wd - deep
            wd = deep
    else:
        wu = max(wu + rain - eu, 0.0)
        wl = max(wl - el, 0.0)
        wd = max(wd - ed, 0.0)
        ri = ki * s * fr
        rg = kg * s * fr
        s *= 1.0 - ki - kg
    w[WU_], w[WL_], w[WD_], w[S_], w[FR_] = wu, wl, wd, s, fr
    out[0], out[1], out[2], out[3], out[4] = e, r, rs, ri, rg


@njit(cache=True, nogil=True, error_model="numpy")
def _run(first, last, p, area, dt, rain, pan, land, reach, count, lossy, flow, keep, trace):
    _, steps, subs = rain.shape
    out = np.empty(5)
    m = 24.0 / dt
    for k in range(first, last):
        q = p[k]
        own = k if rain.shape[0] > 1 else 0
        together = q[KI] + q[KG]
        ki = (1.0 - (1.0 - together) ** (1.0 / m)) / (1.0 + q[KG] / q[KI])
        kg = ki * q[KG] / q[KI]
        cs, ci = q[CS] ** (1.0 / m), q[CI] ** (1.0 / m)
        cg, cr = q[CG] ** (1.0 / m), q[CR] ** (1.0 / m)
        n = count[k]
        x = 0.5 - n * (1.0 - 2.0 * q[XE]) / 2.0
        below = 1.5 - x
        c0, c1, c2 = (0.5 - x) / below, (0.5 + x) / below, (0.5 - x) / below
        for t in range(steps):
            flow[k, t] = 0.0
        for i in range(subs):
            w = land[k, i]
            u = area[i] / (3.6 * dt)
            for t in range(steps):
                _land(q, w, rain[own, t, i], pan[t, i], ki, kg, lossy, out)
                net = max(rain[own, t, i] - out[0], 0.0)
                share = 1.0 - q[IM]
                w[QS_] = cs * w[QS_] + (1.0 - cs) * (out[2] * share + net * q[IM]) * u
                w[QI_] = ci * w[QI_] + (1.0 - ci) * out[3] * share * u
                w[QG_] = cg * w[QG_] + (1.0 - cg) * out[4] * share * u
                total = w[QS_] + w[QI_] + w[QG_]
                if area[i] >= LAG_KM2:
                    w[QN_] = cr * w[QN_] + (1.0 - cr) * total
                else:
                    w[QN_] = total
                into = w[QN_]
                for j in range(n):
                    leaves = c0 * into + c1 * reach[k, i, j] + c2 * reach[k, i, j + 1]
                    reach[k, i, j] = into
                    into = leaves
                reach[k, i, n] = into
                flow[k, t] += into
                if keep:
                    trace[t, i, 0], trace[t, i, 1] = rain[own, t, i], out[0]
                    trace[t, i, 2] = w[WU_] + w[WL_] + w[WD_]
                    trace[t, i, 3], trace[t, i, 4] = w[S_], w[FR_]
                    for j in range(4):
                        trace[t, i, 5 + j] = out[1 + j]
                    trace[t, i, 9], trace[t, i, 10], trace[t, i, 11] = w[QS_], w[QI_], w[QG_]
                    trace[t, i, 12] = into


def run(
    basin: Basin, rain: Floats, pan: Floats, parameters: Floats, state: State, *,
    published: bool = False,
) -> tuple[Floats, State]:  # fmt: skip
    """Flow at the outlet, m3/s (members, time), and the state after the last step.

    Args:
        rain, pan: mm a step, (time, sub-basins); rain may be (members, time, sub-basins), one
            for each member. Finite, >= 0.
        parameters: (members, 17) in the order of ``NAMES``, daily coefficients.
        state: from ``start`` or an earlier run. Two runs one after the other give the same
            numbers to the last bit as one.
        published: the published program drops the free water that a shrinking runoff area cannot
            hold, and what exceeds the deep layer. True does as it does, to compare with it; by
            default that water runs off and the balance closes.

    Raises:
        ValueError: gaps or negative rain, parameters out of range or an unstable reach.
    """
    flow, after, _ = _go(basin, rain, pan, parameters, state, keep=False, published=published)
    return flow, after


def trace(
    basin: Basin, rain: Floats, pan: Floats, parameters: Floats, state: State, *,
    published: bool = False,
) -> tuple[Floats, State, Floats]:  # fmt: skip
    """As ``run`` for one member, and all fluxes and states (time, sub-basins, ``FLUXES``)."""
    return _go(basin, rain, pan, parameters, state, keep=True, published=published)


def _go(
    basin: Basin, rain: Floats, pan: Floats, parameters: Floats, state: State, *, keep: bool,
    published: bool,
) -> tuple[Floats, State, Floats]:  # fmt: skip
    p = np.ascontiguousarray(np.atleast_2d(parameters), np.float64)
    _check(p)
    rain = np.asarray(rain, np.float64)
    rain = np.ascontiguousarray(rain if rain.ndim == 3 else rain[None])
    pan = np.ascontiguousarray(pan, np.float64)
    subs = len(basin.areas)
    if rain.shape[2] != subs or pan.shape != rain.shape[1:] or rain.shape[0] not in (1, len(p)):
        raise ValueError(f"rain and pan need one column for each of the {subs} sub-basins")
    if not (np.isfinite(rain).all() and np.isfinite(pan).all()) or (rain < 0).any():
        raise ValueError("rain and pan must be finite, rain >= 0; fill gaps first")
    count = np.array([reach_count(ke, basin.dt_h) for ke in p[:, KE]], np.int64)
    for n, xe in {(int(n), float(xe)) for n, xe in zip(count, p[:, XE], strict=True)}:
        if n:
            muskingum(1.0, 0.5 - n * (1 - 2 * xe) / 2, 1.0)
    most = int(count.max(initial=0))
    if state.land.shape != (len(p), subs, len(STATES)) or state.reach.shape[2] < most + 1:
        raise ValueError("the state has other members, sub-basins or reaches")
    land, reach = state.land.copy(), state.reach.copy()
    flow = np.empty((len(p), rain.shape[1]))
    told = np.empty((rain.shape[1], subs, len(FLUXES)) if keep else (0, subs, len(FLUXES)))
    if keep and len(p) != 1:
        raise ValueError("a trace is of one member")
    over_rows(
        _run, len(p), p, basin.areas, basin.dt_h, rain, pan, land, reach, count, published,
        flow, keep, told, least=2,
    )  # fmt: skip
    return flow, State(land, reach), told


def by_name(values: dict[str, float]) -> Floats:
    """One row of parameters from a dictionary; ValueError names what is missing or unknown."""
    missing = [n for n in NAMES if n not in values]
    unknown = [n for n in values if n not in NAMES]
    if missing or unknown:
        raise ValueError(f"parameters missing: {missing}; unknown: {unknown}")
    return np.array([[float(values[n]) for n in NAMES]])
