"""Parameters with their ranges, and what they come to at the step of a run.

Compiled, without checks: no errors are raised, and what is wrong is told as a number. Source: Zhao
1992, as docs/methods/xinanjiang.md has it.
"""

import numpy as np
from numba import njit

from fangxian.kernels.hydro.xaj import physics as x

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
    "CG": ("1/d", 0.0, 0.9999, "recession of groundwater"),
    "CR": ("1/d", 0.0, 0.999, "recession of the channel network"),
    "KE": ("h", 0.0, 240.0, "travel time of the Muskingum reaches"),
    "XE": ("-", 0.0, 0.5, "weight of the Muskingum reaches"),
    "L": ("h", 0.0, 240.0, "lag before the channel network"),
}
KC, UM, LM, C, WM, B, IM, SM, EX, KG, KI, CS, CI, CG, CR, KE, XE, L = range(18)
# What ``derive`` says is wrong beside the number of a parameter out of its range.
FINE, SUMS, UNSTABLE = -1, -2, -3


@njit(cache=True, nogil=True, error_model="numpy")
def steps(hours, dt_h):
    """Whole steps in a span; scalars, both h. NaN must not come in. Errors: as the module says.
    Source: definition."""
    return np.int64(hours / dt_h + 1e-9)


@njit(cache=True, nogil=True, error_model="numpy")
def out_of(recession, share):
    """Share 0..1 that leaves a linear reservoir in a step, of its daily recession (1/d, 0..1) and
    the ``share`` of a day a step is; scalars. A recession of 0 or less empties it; NaN gives NaN.
    Errors: as the module says. Source: definition, 1 - c^(dt/24)."""
    return 1.0 if recession <= 0.0 else -np.expm1(share * np.log(recession))


@njit(cache=True, nogil=True, error_model="numpy")
def derive_one(q, low, high, dt_h, lossy, flat, d):
    """Fill ``d`` (``physics.DERIVED``,) from one parameter set ``q`` (18,), in the units of
    ``PARAMETERS``; returns what is wrong with it.

    That is FINE, the index of the first parameter out of ``low``..``high`` (18,) or NaN, SUMS or
    UNSTABLE; ``d`` is then not to be read. A coefficient of the reaches below 0 would answer with
    negative flow (2KX <= step <= 2K(1-X)). Errors: as the module says. Source: Zhao 1992.
    """
    share = dt_h / 24.0
    for j in range(q.shape[0]):
        if not low[j] <= q[j] <= high[j]:
            return j
    if q[UM] + q[LM] > q[WM] or q[KG] + q[KI] >= 1.0:
        return SUMS
    reaches = steps(q[KE], dt_h)
    weight = 0.5 - reaches * (1.0 - 2.0 * q[XE]) / 2.0
    below = 1.5 - weight
    d[x.C0], d[x.C1] = (0.5 - weight) / below, (0.5 + weight) / below
    d[x.C2] = (0.5 - weight) / below
    if reaches and min(d[x.C0], d[x.C1]) < -1e-12:
        return UNSTABLE
    d[x.KC], d[x.C], d[x.UM], d[x.LM], d[x.LM_1] = q[KC], q[C], q[UM], q[LM], 1.0 / q[LM]
    d[x.DEEP], d[x.WM], d[x.WM_1] = q[WM] - q[UM] - q[LM], q[WM], 1.0 / q[WM]
    d[x.B1], d[x.B1_1] = 1.0 + q[B], 1.0 / (1.0 + q[B])
    d[x.WMM_1] = (1.0 - q[IM]) / (q[WM] * d[x.B1])
    d[x.SMM], d[x.EX1] = q[SM] * (1.0 + q[EX]), 1.0 + q[EX]
    d[x.EX1_1], d[x.EX_1] = 1.0 / (1.0 + q[EX]), 1.0 / q[EX]
    d[x.FLAT] = 1.0 if flat else 0.0
    together = q[KI] + q[KG]
    d[x.GONE] = -np.expm1(share * np.log1p(-together))
    d[x.SHARE_I], d[x.SHARE_G] = q[KI] / together, q[KG] / together
    d[x.KI], d[x.KG] = d[x.GONE] * d[x.SHARE_I], d[x.GONE] * d[x.SHARE_G]
    # the curve gives the impervious share's runoff too; the published program adds it again
    d[x.DIRECT] = 0.0 if lossy else q[IM]
    d[x.PERVIOUS], d[x.SEALED] = (1.0 - q[IM], q[IM]) if lossy else (1.0, 0.0)
    d[x.OUT_S], d[x.OUT_I] = out_of(q[CS], share), out_of(q[CI], share)
    d[x.OUT_G], d[x.OUT_N] = out_of(q[CG], share), out_of(q[CR], share)
    return FINE


@njit(cache=True, nogil=True, error_model="numpy")
def derive(p, low, high, dt_h, lossy, flat, out, reaches, lags, wrong):
    """Fill, of each member's parameters ``p`` (members, 18), ``out`` (members,
    ``physics.DERIVED``), the Muskingum ``reaches`` (members,) of one step each that make up the
    travel time, the steps of lag (members,), and what is ``wrong`` with it (members,). NaN is
    wrong, and its reaches are nonsense. Errors, source: as the module says."""
    for k in range(p.shape[0]):
        wrong[k] = derive_one(p[k], low, high, dt_h, lossy, flat, out[k])
        reaches[k], lags[k] = steps(p[k, KE], dt_h), steps(p[k, L], dt_h)
