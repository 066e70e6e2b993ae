"""Members and sub-basins one after the other, float64, with all states where they are wanted.

Compiled, without checks: NaN must not come in, and no errors are raised; ``model.run`` makes and
checks the arrays.
"""

import numpy as np
from numba import njit

from fangxian.kernels.common.power import lost
from fangxian.kernels.hydro.xaj import physics as x
from fangxian.kernels.hydro.xaj.physics import (
    drain,
    evaporate,
    fill,
    free_water,
    runoff,
    runoff_area,
    some,
)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def step_land(d, wu, wl, wd, s, fr, rain, pan, lossy):
    """One step of one sub-basin: states, then evaporation, net rain, runoff and three sources.

    Scalars in mm, ``fr`` a share; ``d`` is a row of ``derive`` (DERIVED,). NaN, errors: as the
    module says. Source: Zhao 1992, eqs 1-11 of docs/methods/xinanjiang.md.
    """
    have = wu + rain
    need = d[x.KC] * pan
    eu, el, ed = evaporate(have, need, wl, wd, d[x.C], d[x.LM], d[x.LM_1])
    e = eu + el + ed
    net = rain - e
    r, rs, ri, rg = 0.0, 0.0, 0.0, 0.0
    if net > x.ZERO:
        share = runoff(net, wu + wl + wd, d[x.WM], d[x.WM_1], d[x.WMM_1], d[x.B1], d[x.B1_1])
        new = max(share - d[x.DIRECT], x.LEAST_FR)
        smmf, smf, s, spilt = runoff_area(new, s, fr, d[x.SMM], d[x.EX1_1], d[x.EX_1], d[x.FLAT])
        fr, direct = new, d[x.DIRECT] * net
        r = new * net + direct
        n = np.floor(net / x.SLICE_MM) + x.ONE
        gone = d[x.GONE] if n == x.ONE else lost(d[x.GONE], x.ONE / n)
        part = net / n
        smf_1, smmf_1 = x.ONE / smf, x.ONE / smmf
        over_all, s_all = 0.0, 0.0
        for _ in range(int(n)):
            over, s = free_water(s, part, smf, smf_1, smmf_1, d[x.EX1], d[x.EX1_1])
            over_all += over
            s_all += s
            s -= gone * s
        rs = direct + over_all * fr + (0.0 if lossy else spilt)
        ri, rg = gone * d[x.SHARE_I] * s_all * fr, gone * d[x.SHARE_G] * s_all * fr
    else:
        net = 0.0
        ri, rg = d[x.KI] * s * fr, d[x.KG] * s * fr
        s = some(s - d[x.GONE] * s)
    wu, wl, wd, rest = fill(
        max(have - need, x.ZERO) - r, wl - el, wd - ed, d[x.UM], d[x.LM], d[x.DEEP]
    )
    if not lossy:
        rs += rest
        r += rest
    return wu, wl, wd, s, fr, e, net, r, rs, ri, rg


@njit(cache=True, nogil=True, error_model="numpy")
def run_rows(
    first,
    last,
    derived,
    per_mm,
    network,
    rain,
    pan,
    reaches,
    lags,
    lossy,
    land,
    reach,
    late,
    flow,
    keep,
    trace,
):
    """Members first..last of ``flow`` (members, time), m3/s, filled in place, as are the states.

    ``derived`` (members, DERIVED), ``per_mm`` (sub-basins,) m3/s of a mm a step, ``network``
    (sub-basins,), ``reaches`` and ``lags`` (members,); ``trace`` (time, sub-basins, FLUXES) where
    ``keep``. See ``model.run`` for the others. NaN, errors: as the module says. Source: Zhao 1992,
    eqs 12-15 of docs/methods/xinanjiang.md.
    """
    steps, subs = pan.shape
    for k in range(first, last):
        d = derived[k]
        own = k if rain.shape[0] > 1 else 0
        n, lag = reaches[k], lags[k]
        total = flow[k]
        total[:] = 0.0
        for i in range(subs):
            w, way, wait, row = land[k, i], reach[k, i], late[k, i], trace[:, i]
            wu, wl, wd, s, fr = w[0], w[1], w[2], w[3], w[4]
            qs, qi, qg, qn = w[5], w[6], w[7], w[8]
            rains, pans = rain[own, :, i], pan[:, i]
            u, out = per_mm[i], d[x.OUT_N] if network[i] else 1.0
            pervious, sealed = d[x.PERVIOUS] * u, d[x.SEALED] * u
            for t in range(steps):
                wu, wl, wd, s, fr, e, net, r, rs, ri, rg = step_land(
                    d, wu, wl, wd, s, fr, rains[t], pans[t], lossy
                )
                qs = drain(qs, rs * pervious + net * sealed, d[x.OUT_S])
                qi = drain(qi, ri * pervious, d[x.OUT_I])
                qg = drain(qg, rg * pervious, d[x.OUT_G])
                into = qs + qi + qg
                if lag:
                    arrives = wait[0]
                    for j in range(lag - 1):
                        wait[j] = wait[j + 1]
                    wait[lag - 1] = into
                    into = arrives
                qn = drain(qn, into, out)
                into = qn
                for j in range(n):
                    leaves = some(d[x.C0] * into + d[x.C1] * way[j] + d[x.C2] * way[j + 1])
                    way[j] = into
                    into = leaves
                way[n] = into
                total[t] += into
                if keep:
                    told = row[t]
                    told[0], told[1], told[2], told[3], told[4] = rains[t], e, wu, wl, wd
                    told[5], told[6], told[7], told[8], told[9], told[10] = s, fr, r, rs, ri, rg
                    told[11], told[12], told[13], told[14], told[15] = qs, qi, qg, qn, into
            w[0], w[1], w[2], w[3], w[4] = wu, wl, wd, s, fr
            w[5], w[6], w[7], w[8] = qs, qi, qg, qn
