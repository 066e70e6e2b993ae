"""Members x sub-basins side by side: 64 lanes of float32 in one array, so that every loop over the
lanes becomes vector instructions. What a lane does not need is computed and not taken."""

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

LANES, TILE = 64, 128
F = np.float32
# Slots of LANES numbers each, after the constants of physics.derive.
(
    U,
    OUT,
    WU,
    WL,
    WD,
    S,
    FR,
    QS,
    QI,
    QG,
    QN,
    RAIN,
    PAN,
    HAVE,
    EU,
    EL,
    ED,
    NET,
    R,
    RS,
    RI,
    RG,
    N,
    GONE,
    PART,
    SMF,
    SMF_1,
    SMMF_1,
    INTO,
) = range(x.DERIVED, x.DERIVED + 29)
SLOTS = x.DERIVED + 29
compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "nsz", "arcp"})


@compiled
def _evaporation(v):
    """Evaporation and net rain of all lanes; how many are wet."""
    wet = 0
    for i in range(LANES):
        have = v[WU * LANES + i] + v[RAIN * LANES + i]
        eu, el, ed = evaporate(
            have,
            v[x.KC * LANES + i] * v[PAN * LANES + i],
            v[WL * LANES + i],
            v[WD * LANES + i],
            v[x.C * LANES + i],
            v[x.LM * LANES + i],
            v[x.LM_1 * LANES + i],
        )
        net = max(v[RAIN * LANES + i] - (eu + el + ed), x.ZERO)
        v[HAVE * LANES + i], v[EU * LANES + i] = have, eu
        v[EL * LANES + i], v[ED * LANES + i], v[NET * LANES + i] = el, ed, net
        wet += net > x.ZERO
    return wet


@compiled
def _runoff(v, lossy):
    """Runoff, its area and its slices of the wet lanes; the largest number of slices."""
    most = np.int32(0)
    for i in range(LANES):
        net = v[NET * LANES + i]
        wet = net > x.ZERO
        rain = net if wet else x.ONE
        w = v[WU * LANES + i] + v[WL * LANES + i] + v[WD * LANES + i]
        share = runoff(
            rain,
            w,
            v[x.WM * LANES + i],
            v[x.WM_1 * LANES + i],
            v[x.WMM_1 * LANES + i],
            v[x.B1 * LANES + i],
            v[x.B1_1 * LANES + i],
        )
        direct = v[x.DIRECT * LANES + i]
        fr = max(share - direct, x.LEAST_FR)
        smmf, smf, s, spilt = runoff_area(
            fr,
            v[S * LANES + i],
            v[FR * LANES + i],
            v[x.SMM * LANES + i],
            v[x.EX1_1 * LANES + i],
            v[x.EX_1 * LANES + i],
            v[x.FLAT * LANES + i],
        )
        n = np.floor(rain / x.SLICE_MM) + x.ONE
        slow = v[x.GONE * LANES + i]
        gone = lost(slow, x.ONE / n)
        v[R * LANES + i] = (fr + direct) * rain if wet else x.ZERO
        v[FR * LANES + i] = fr if wet else v[FR * LANES + i]
        v[S * LANES + i] = s if wet else v[S * LANES + i]
        v[RS * LANES + i] = direct * net + (spilt if wet and not lossy else x.ZERO)
        v[N * LANES + i] = n if wet else x.ZERO
        v[GONE * LANES + i] = gone if n > x.ONE else slow
        v[PART * LANES + i] = rain / n
        v[SMF * LANES + i] = smf
        v[SMF_1 * LANES + i], v[SMMF_1 * LANES + i] = x.ONE / smf, x.ONE / smmf
        most = max(most, np.int32(n) if wet else np.int32(0))
    return most


@compiled
def _slices(v, most):
    """Three sources of the wet lanes, slice by slice; RI is the free water summed until then."""
    for i in range(LANES):
        v[RI * LANES + i] = x.ZERO
    for j in range(most):
        for i in range(LANES):
            on = F(j) < v[N * LANES + i]
            s = v[S * LANES + i]
            over, after = free_water(
                s,
                v[PART * LANES + i],
                v[SMF * LANES + i],
                v[SMF_1 * LANES + i],
                v[SMMF_1 * LANES + i],
                v[x.EX1 * LANES + i],
                v[x.EX1_1 * LANES + i],
            )
            v[RS * LANES + i] += over * v[FR * LANES + i] if on else x.ZERO
            v[RI * LANES + i] += after if on else x.ZERO
            v[S * LANES + i] = after - v[GONE * LANES + i] * after if on else s


@compiled
def _sources(v):
    """Interflow and groundwater of all lanes when some are wet."""
    for i in range(LANES):
        wet = v[N * LANES + i] > x.ZERO
        s, fr = v[S * LANES + i], v[FR * LANES + i]
        out = v[GONE * LANES + i] * v[RI * LANES + i] * fr
        v[RI * LANES + i] = out * v[x.SHARE_I * LANES + i] if wet else v[x.KI * LANES + i] * s * fr
        v[RG * LANES + i] = out * v[x.SHARE_G * LANES + i] if wet else v[x.KG * LANES + i] * s * fr
        v[S * LANES + i] = s if wet else some(s - v[x.GONE * LANES + i] * s)


@compiled
def _dry(v):
    """Sources when no lane is wet."""
    for i in range(LANES):
        s, fr = v[S * LANES + i], v[FR * LANES + i]
        v[R * LANES + i], v[RS * LANES + i] = x.ZERO, x.ZERO
        v[RI * LANES + i], v[RG * LANES + i] = (
            v[x.KI * LANES + i] * s * fr,
            v[x.KG * LANES + i] * s * fr,
        )
        v[S * LANES + i] = some(s - v[x.GONE * LANES + i] * s)


@compiled
def _reservoirs(v, lossy):
    """Layers filled and the three linear reservoirs; INTO is what reaches the network."""
    for i in range(LANES):
        wu, wl, wd, rest = fill(
            v[HAVE * LANES + i] - v[EU * LANES + i] - v[R * LANES + i],
            v[WL * LANES + i] - v[EL * LANES + i],
            v[WD * LANES + i] - v[ED * LANES + i],
            v[x.UM * LANES + i],
            v[x.LM * LANES + i],
            v[x.DEEP * LANES + i],
        )
        v[WU * LANES + i], v[WL * LANES + i], v[WD * LANES + i] = wu, wl, wd
        rs = v[RS * LANES + i] + (x.ZERO if lossy else rest)
        u = v[U * LANES + i]
        pervious = v[x.PERVIOUS * LANES + i] * u
        sealed = v[NET * LANES + i] * v[x.SEALED * LANES + i] * u
        qs = drain(v[QS * LANES + i], rs * pervious + sealed, v[x.OUT_S * LANES + i])
        qi = drain(v[QI * LANES + i], v[RI * LANES + i] * pervious, v[x.OUT_I * LANES + i])
        qg = drain(v[QG * LANES + i], v[RG * LANES + i] * pervious, v[x.OUT_G * LANES + i])
        v[QS * LANES + i], v[QI * LANES + i], v[QG * LANES + i] = qs, qi, qg
        v[INTO * LANES + i] = qs + qi + qg


@compiled
def _network(v, reach, late, reaches, lags, most, longest):
    """Lag, channel network and reaches of all lanes; INTO is the outflow in the end."""
    for i in range(LANES):
        if longest and lags[i]:
            arrives = late[i]
            for j in range(lags[i] - 1):
                late[j * LANES + i] = late[(j + 1) * LANES + i]
            late[(lags[i] - 1) * LANES + i] = v[INTO * LANES + i]
            v[INTO * LANES + i] = arrives
    for i in range(LANES):
        q = drain(v[QN * LANES + i], v[INTO * LANES + i], v[OUT * LANES + i])
        v[QN * LANES + i], v[INTO * LANES + i] = q, q
    for j in range(most):
        for i in range(LANES):
            on = np.int32(j) < reaches[i]
            into, before = v[INTO * LANES + i], reach[j * LANES + i]
            leaves = some(
                v[x.C0 * LANES + i] * into
                + v[x.C1 * LANES + i] * before
                + v[x.C2 * LANES + i] * reach[(j + 1) * LANES + i]
            )
            reach[j * LANES + i] = into if on else before
            v[INTO * LANES + i] = leaves if on else into
        for i in range(LANES):
            last = np.int32(j + 1) == reaches[i]
            before = reach[(j + 1) * LANES + i]
            reach[(j + 1) * LANES + i] = v[INTO * LANES + i] if last else before


@compiled
def _load(block, v, derived, per_mm, network, land, reach, late, reaches, lags, its):
    """Constants and states of one block's lanes; those past the last are the first once more."""
    reach_in, late_in, reaches_in, lags_in = its
    members, subs = derived.shape[0], per_mm.shape[0]
    for i in range(LANES):
        row = block * LANES + i
        row = row if row < members * subs else 0
        k, sub = row // subs, row % subs
        for j in range(x.DERIVED):
            v[j * LANES + i] = derived[k, j]
        v[U * LANES + i] = per_mm[sub]
        v[OUT * LANES + i] = derived[k, x.OUT_N] if network[sub] else 1.0
        for j in range(9):
            v[(WU + j) * LANES + i] = land[k, sub, j]
        for j in range(reach.shape[2]):
            reach_in[j * LANES + i] = reach[k, sub, j]
        for j in range(late.shape[2]):
            late_in[j * LANES + i] = late[k, sub, j]
        reaches_in[i], lags_in[i] = reaches[k], lags[k]


@compiled
def _keep(block, v, subs, rows, land, reach, late, its):
    """The lanes' states back where they came from."""
    for i in range(min(LANES, rows - block * LANES)):
        k, sub = (block * LANES + i) // subs, (block * LANES + i) % subs
        for j in range(9):
            land[k, sub, j] = v[(WU + j) * LANES + i]
        for j in range(reach.shape[2]):
            reach[k, sub, j] = its[0][j * LANES + i]
        for j in range(late.shape[2]):
            late[k, sub, j] = its[1][j * LANES + i]


@compiled
def run_blocks(
    first, last, derived, per_mm, network, rain, pan, reaches, lags, lossy, land, reach, late, out
):
    """Blocks first..last of the lanes; ``out`` (members x sub-basins, time) is each one's flow,
    m3/s.

    The other arrays are those of ``rows.run_rows``, with states changed in place. NaN must not come
    in and nothing is checked, no errors are raised: ``model.run`` makes and checks the arrays.
    Source: ``physics``; side by side is our own choice.
    """
    steps, subs = pan.shape
    rows = out.shape[0]
    v = np.empty(SLOTS * LANES, np.float32)
    its = (
        np.empty(reach.shape[2] * LANES, np.float32),
        np.empty(late.shape[2] * LANES, np.float32),
        np.empty(LANES, np.int32),
        np.empty(LANES, np.int32),
    )
    tile = np.empty((3, TILE * LANES), np.float32)
    most, longest = reaches.max(), lags.max()
    for block in range(first, last):
        _load(block, v, derived, per_mm, network, land, reach, late, reaches, lags, its)
        here = min(LANES, rows - block * LANES)
        tile[:] = x.ZERO
        for begin in range(0, steps, TILE):
            size = min(TILE, steps - begin)
            for i in range(here):
                row = block * LANES + i
                own = row // subs if rain.shape[0] > 1 else 0
                for t in range(size):
                    tile[0, t * LANES + i] = rain[own, begin + t, row % subs]
                    tile[1, t * LANES + i] = pan[begin + t, row % subs]
            for t in range(size):
                for i in range(LANES):
                    v[RAIN * LANES + i] = tile[0, t * LANES + i]
                    v[PAN * LANES + i] = tile[1, t * LANES + i]
                if _evaporation(v):
                    _slices(v, _runoff(v, lossy))
                    _sources(v)
                else:
                    _dry(v)
                _reservoirs(v, lossy)
                _network(v, its[0], its[1], its[2], its[3], most, longest)
                for i in range(LANES):
                    tile[2, t * LANES + i] = v[INTO * LANES + i]
            for i in range(here):
                for t in range(size):
                    out[block * LANES + i, begin + t] = tile[2, t * LANES + i]
        _keep(block, v, subs, rows, land, reach, late, its)
