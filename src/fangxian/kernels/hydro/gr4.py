"""GR4J (daily) and GR4H (hourly): four parameters, a reference and a second opinion.

Sources: Perrin, Michel, Andreassian, J Hydrol 279 (2003) 275, eqs 1-24; hourly constants: Mathevet,
thesis ENGREF 2005. Parity: airGR 1.7.6 on L0123001, NSE 0.7988221.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fangxian.kernels.common.threads import over_rows

Floats = NDArray[np.float64]

# step: percolation constant, exponent of the unit hydrographs
DAILY, HOURLY = ((9 / 4) ** 4, 2.5), ((21 / 4) ** 4, 1.25)
# X1 production store mm; X2 exchange mm/step; X3 routing store mm; X4 unit hydrograph, steps
NAMES = ("X1", "X2", "X3", "X4")
RANGES = {
    "daily": ((10.0, 3000.0), (-10.0, 10.0), (1.0, 1000.0), (0.5, 20.0)),
    "hourly": ((10.0, 5000.0), (-10.0, 10.0), (1.0, 2000.0), (0.5, 240.0)),
}


@dataclass(frozen=True)
class GrState:
    """Where a run stands, in mm, >= 0. It checks nothing and raises no errors; ``run_gr4`` looks at
    shapes alone, so that NaN in it comes out as a flow of 0. Source: Perrin 2003.

    Attributes:
        stores: (members, 2: production, routing).
        first: (members, n1), rain still in the first unit hydrograph.
        second: (members, n2), in the second.
    """

    stores: Floats
    first: Floats
    second: Floats


@njit(cache=True, nogil=True, error_model="numpy")
def _ordinates(x4, power, base, out):
    """Ordinates of the S-curve's steps; base 1: UH1 over X4, base 2: UH2 over 2 X4."""
    before = 0.0
    for j in range(out.shape[0]):
        t = j + 1.0
        if t >= base * x4:
            s = 1.0
        elif base == 1 or t < x4:
            s = (t / x4) ** power * (1.0 if base == 1 else 0.5)
        else:
            s = 1.0 - 0.5 * (2.0 - t / x4) ** power
        out[j] = s - before
        before = s


@njit(cache=True, nogil=True, error_model="numpy")
def _run(first, last, rain, pet, x, percolation, power, stores, one, two, flow):
    n1, n2 = one.shape[1], two.shape[1]
    u1, u2 = np.empty(n1), np.empty(n2)
    for m in range(first, last):
        x1, x2, x3, x4 = x[m, 0], x[m, 1], x[m, 2], x[m, 3]
        _ordinates(x4, power, 1, u1)
        _ordinates(x4, power, 2, u2)
        s, r = stores[m, 0], stores[m, 1]
        l1, l2 = min(n1, int(np.ceil(x4))), min(n2, int(np.ceil(2.0 * x4)))
        own = rain[m if rain.shape[0] > 1 else 0]
        for t in range(own.shape[0]):
            p, e = own[t], pet[t]
            full = s / x1
            if p <= e:
                z = np.tanh(min((e - p) / x1, 13.0))
                s -= s * (2.0 - full) * z / (1.0 + (1.0 - full) * z)
                net = 0.0
            else:
                z = np.tanh(min((p - e) / x1, 13.0))
                into = x1 * (1.0 - full * full) * z / (1.0 + full * z)
                s += into
                net = p - e - into
            s = max(s, 0.0)
            q = s / x1
            q4 = q * q * q * q
            leak = s * (1.0 - 1.0 / np.sqrt(np.sqrt(1.0 + q4 / percolation)))
            s -= leak
            net += leak
            for j in range(l1 - 1):
                one[m, j] = one[m, j + 1] + 0.9 * net * u1[j]
            one[m, l1 - 1] = 0.9 * net * u1[l1 - 1]
            for j in range(l2 - 1):
                two[m, j] = two[m, j + 1] + 0.1 * net * u2[j]
            two[m, l2 - 1] = 0.1 * net * u2[l2 - 1]
            q = r / x3
            exchange = x2 * q * q * q * np.sqrt(max(q, 0.0))
            r = max(0.0, r + one[m, 0] + exchange)
            q = r / x3
            q4 = q * q * q * q
            out = r * (1.0 - 1.0 / np.sqrt(np.sqrt(1.0 + q4)))
            r -= out
            flow[m, t] = out + max(0.0, two[m, 0] + exchange)
        stores[m, 0], stores[m, 1] = s, r


def run_gr4(
    rain: Floats,
    pet: Floats,
    parameters: Floats,
    *,
    step: str = "daily",
    state: GrState | None = None,
) -> tuple[Floats, GrState]:
    """Flow (members, time) in mm a step, and the state after the last step.

    Args:
        rain, pet: mm a step (time,), finite and >= 0; rain may be (members, time).
        parameters: (members, 4) X1..X4.
        step: daily or hourly.
        state: from an earlier run; None starts with the production store 30 % and the routing
            store 50 % full. Running in two parts gives the same numbers to the last bit.

    Raises:
        ValueError: gaps (NaN) or negatives in the forcing, parameters out of ``RANGES`` or NaN, an
            unknown step, a state of another shape.

    Source: Perrin 2003, eqs 1-24; Mathevet 2005 for hours; airGR 1.7.6.
    """
    if step not in RANGES:
        raise ValueError(f"step is daily or hourly, not {step!r}")
    rain, pet = (np.ascontiguousarray(a, np.float64) for a in (rain, pet))
    x = np.ascontiguousarray(np.atleast_2d(parameters), np.float64)
    rain = np.atleast_2d(rain)
    if rain.shape[1:] != pet.shape or rain.shape[0] not in (1, len(x)):
        raise ValueError("rain and pet must be of the same length, rain one row or one a member")
    if (
        not (np.isfinite(rain).all() and np.isfinite(pet).all())
        or min(rain.min(initial=0), pet.min(initial=0)) < 0
    ):
        raise ValueError("rain and pet must be finite and >= 0; fill gaps first")
    if x.shape[1] != 4:
        raise ValueError("parameters are X1, X2, X3, X4")
    for name, values, (low, high) in zip(NAMES, x.T, RANGES[step], strict=True):
        if not ((low <= values) & (values <= high)).all():
            raise ValueError(f"{name} must lie within {low:g} .. {high:g}")
    percolation, power = DAILY if step == "daily" else HOURLY
    n1 = max(1, int(np.ceil(x[:, 3].max(initial=0.5))))
    n2 = max(1, int(np.ceil(2 * x[:, 3].max(initial=0.5))))
    if state is None:
        stores = np.column_stack([0.3 * x[:, 0], 0.5 * x[:, 2]])
        one, two = np.zeros((len(x), n1)), np.zeros((len(x), n2))
    else:
        stores, one, two = state.stores.copy(), state.first.copy(), state.second.copy()
        if stores.shape != (len(x), 2) or one.shape != (len(x), n1) or two.shape != (len(x), n2):
            raise ValueError("the state belongs to other parameters")
    flow = np.empty((len(x), len(pet)))
    over_rows(_run, len(x), rain, pet, x, percolation, power, stores, one, two, flow, least=2)
    return flow, GrState(stores, one, two)
