"""The equations of one step of a sub-basin, once for both drivers: ``rows`` (float64, one after the
other) and ``blocks`` (float32, side by side). Constants are exact in float32, so that a float64
stays one. docs/methods/xinanjiang.md numbers the equations.

All arguments and results are scalars, >= 0: water in mm, shares 0..1, names ending in _1 the
inverse. NaN must not come in: ``model.run`` refuses it, and here max and min may turn it into a
number. No errors are raised. Source: Zhao Renjun, J Hydrol 135 (1992) 371.
"""

import numpy as np
from numba import njit

from fangxian.kernels.common.power import lost, power

ZERO, ONE = np.float32(0), np.float32(1)
SLICE_MM, LEAST_FR, LEAST_MM = np.float32(5), np.float32(1e-6), np.float32(1e-6)
NOTHING = np.float32(1e-20)

# What a member's parameters come to at the step: one row of ``derive``. GONE and the OUT_ are the
# shares that leave in a step, held as such, since 1 - 0.9999 is poor in float32.
(
    KC,
    C,
    UM,
    LM,
    LM_1,
    DEEP,
    WM,
    WM_1,
    WMM_1,
    B1,
    B1_1,
    SMM,
    EX1,
    EX1_1,
    EX_1,
    KI,
    KG,
    GONE,
    SHARE_I,
    SHARE_G,
    PERVIOUS,
    SEALED,
    DIRECT,
    OUT_S,
    OUT_I,
    OUT_G,
    OUT_N,
    C0,
    C1,
    C2,
    FLAT,
) = range(31)
DERIVED = 31


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def evaporate(have, need, wl, wd, c, lm, lm_1):
    """Evaporation of the three layers; ``have`` is rain and the upper layer. Eqs 1-3.

    Shape, unit, NaN, errors: as the module says. Source: Zhao 1992, as our eqs 1-3.
    """
    rest = max(need - have, ZERO)
    dry = wl < c * lm
    el = min(rest * c if dry else rest * lm_1 * wl, wl)
    ed = max(min(rest * c - wl, wd), ZERO) if dry else ZERO
    return min(have, need), el, ed


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def runoff(net, w, wm, wm_1, wmm_1, b1, b1_1):
    """Share of the net rain (> 0) that runs off, from the tension-water curve. Eqs 4-5.

    Shape, unit, NaN, errors: as the module says. Source: Zhao 1992, as our eqs 4-5.
    """
    room = max(ONE - w * wm_1, ZERO)
    into = min(net * wmm_1 / max(power(room, b1_1), NOTHING), ONE)
    return min(max(ONE - wm * room * lost(into, b1) / net, LEAST_FR), ONE)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def runoff_area(new, s, fr, smm, ex1_1, ex_1, flat):
    """Free-water capacity of the share ``new`` (> 0) of the basin that runs off (mean and largest),
    the free water brought to it and what does not fit. Eqs 6-8. With ``flat`` 1, not 0, the
    capacity does not shrink with the share.

    Shape, unit, NaN, errors: as the module says. Source: Zhao 1992, as our eqs 6-8.
    """
    smmf = max(smm * max(lost(new, ex_1), flat), LEAST_MM)
    smf = smmf * ex1_1
    s = s * fr / new
    spilt = max(s - smf, ZERO)
    return smmf, smf, s - spilt, spilt * new


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def free_water(s, part, smf, smf_1, smmf_1, ex1, ex1_1):
    """Surface runoff of one slice of runoff on the area that runs off, and the free water after
    it. Eqs 9-10.

    Shape, unit, NaN, errors: as the module says. Source: Zhao 1992, as our eqs 9-10.
    """
    full = power(max(ONE - s * smf_1, ZERO), ex1_1)
    over = part + s - smf + smf * power(max(full - part * smmf_1, ZERO), ex1)
    over = min(max(over, ZERO), part + s)
    return over, s + part - over


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def fill(wu, wl, wd, um, lm, deep):
    """Layers after a step, filled from above, and what none can hold. Eq. 11.

    Shape, unit, NaN, errors: as the module says. Source: Zhao 1992, as our eq. 11.
    """
    wu = max(wu, ZERO)
    wl = wl + max(wu - um, ZERO)
    wd = wd + max(wl - lm, ZERO)
    return min(wu, um), min(wl, lm), min(wd, deep), max(wd - deep, ZERO)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def some(q):
    """What a store still holds: next to nothing is none. Without it a long drought ends in
    denormal numbers, each of which costs a hundred steps.

    NaN is none too. Shape, unit, errors: as the module says. Source: own choice.
    """
    return q if q > NOTHING else ZERO


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def drain(q, into, out):
    """Outflow (m3/s) of a linear reservoir after a step, of which the share ``out`` leaves. Eq. 12.

    NaN gives 0. Shape, errors: as the module says. Source: Zhao 1992, as our eq. 12.
    """
    return some(q + out * (into - q))
