"""An ensemble Kalman filter on the two stores of GR4J and GR4H. Its steps are those of
``ensemble.filter_members``.

Sources: Evensen, J Geophys Res 99 (1994) 10143; Perrin, Michel, Andreassian, J Hydrol 279 (2003)
275.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fangxian.kernels.hydro.ensemble import Filter, Noise, filter_members, kalman
from fangxian.kernels.hydro.gr4 import GrState, run_gr4

Floats = NDArray[np.float64]


def filter_stores(
    rain: Floats,
    pet: Floats,
    parameters: Floats,
    first: Filter[GrState],
    observed: Floats,
    *,
    step: str,
    leads: int,
    noise: Noise,
    seed: int,
    stand: int | None = None,
    done: Callable[[int], None] | None = None,
) -> tuple[Floats, Filter[GrState]]:
    """Forecasts of the members from every step (members, time, leads), mm a step, and where the
    filter stands at the end.

    After each step the production and the routing store move by the Kalman gain towards the
    observed flow (perturbed for each member), within 0 .. X1 and 0 .. X3; the rain in the unit
    hydrographs stays. A gap in the observed updates nothing. Row t is forecast from the stores
    updated with the flow of t and stands for t+1..t+leads, each member with its own perturbed rain;
    NaN beyond the end. Same seed, same result, in one go or in parts.

    Args:
        rain, pet: mm a step (time,), finite, >= 0.
        parameters: one row for all members, or one each (members, 4).
        first: ``Filter`` of a state with a row for each member (see ``run_gr4``), or the end of an
            earlier part.
        observed: mm a step (time,); NaN is a gap.
        step: daily or hourly.
        leads: steps ahead, 1 or more.
        noise: its floor in mm a step.
        stand: after how many steps the filter stands that is returned; all by default.
        done: called after every step with the number of steps done.

    Raises:
        ValueError: fewer than 10 members; a ``stand`` out of range; NaN in rain or pet; see
            ``run_gr4``.
        IndexError: observed shorter than the rain, found when it ends.

    Source: Evensen 1994; which stores move is our own choice.
    """
    members = len(first.state.stores)
    one = np.atleast_2d(np.asarray(parameters, np.float64))
    p = np.repeat(one, members, 0) if len(one) == 1 else one
    rain, pet = np.asarray(rain, np.float64), np.asarray(pet, np.float64)
    most = p[:, [0, 2]]

    def run(own: Floats, span: slice, state: GrState) -> tuple[Floats, GrState]:
        return run_gr4(own[:, :, 0], pet[span], p, step=step, state=state)

    def move(state: GrState, told: Floats, seen: float, rng: np.random.Generator) -> GrState:
        stores = kalman(told, seen, noise=noise, rng=rng)(state.stores)
        return GrState(np.minimum(stores, most), state.first, state.second)

    return filter_members(
        run,
        move,
        rain[:, None],
        first,
        observed,
        members=members,
        leads=leads,
        noise=noise,
        seed=seed,
        stand=stand,
        done=done,
    )
