"""What is issued of a filter's forecasts, as a learning period taught it. The filter itself is left
to ``ensemble``.

Source: own choice; docs/methods/filtering.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fangxian.kernels.hydro.correct import helps, safe_share
from fangxian.kernels.hydro.remains import (
    FOLDS,
    fit_range,
    floods_of,
    floor_of,
    range_of,
    signs,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Settling:
    """What a period taught of leads 1.. of its rows; ratios but for the floor. No NaN. It checks
    nothing and raises no errors. Source: own choice.

    Attributes:
        share: (leads,), how much of what the filter adds to raw is issued, 0..1, never more than at
            the lead before; 0 where it does not help.
        scale: (leads, 6), expected size of what remains by its ``signs``.
        shape: (leads, 2, len(levels)), quantiles of what remains over that size: usual, in floods.
        turn: (leads, 2), the sizes between which the range passes from one to the other.
        levels: probabilities of the range.
        floor: of ``floor_of``, in the unit of the flow.
    """

    share: Floats
    scale: Floats
    shape: Floats
    turn: Floats
    levels: tuple[float, ...]
    floor: float

    @property
    def helps(self) -> NDArray[np.bool_]:
        """Whether anything of the filter is issued at the lead (leads,). No errors. Source: own
        choice."""
        return np.asarray(self.share > 0)


def _signs(
    raw: Floats, flow: Floats, error: Floats, spread: Floats, lead: int, floor: float
) -> Floats:
    """Those of ``remains`` without the errors of late, which hang on earlier rows."""
    of = signs(raw, flow, error, spread, lead, floor)
    of[:, -1] = 0.0
    return of


def _errors(mean: Floats, observed: Floats) -> Floats:
    """What the newest forecast of one step missed (time,)."""
    return np.concatenate([[np.nan], observed[1:] - mean[:-1, 0]])


def fit_settling(
    ahead: Floats,
    raw: Floats,
    observed: Floats,
    *,
    learn: slice,
    levels: tuple[float, ...] = (0.05, 0.5, 0.95),
) -> Settling:
    """How much of the filter is issued at each lead, and the size of what remains.

    On forecasts issued and due within the steps ``learn`` (start, stop; both given, >= 0) it must
    lower the squared error of the ``raw`` flow (time,); then the safe share of it is issued, never
    more than at the lead before. The range is that of ``correct``, from the members' spread among
    others. A gap (NaN) in ``observed`` (time,) is left out; ``ahead`` (members, time, leads) is NaN
    beyond the end. All flows in one unit, m3/s or mm a step.

    Raises:
        ValueError: fewer than 120 observed steps and the leads to learn from; NaN in ``raw`` or
            ``ahead`` where they are learnt from; different lengths.

    Source: that of the module.
    """
    leads = ahead.shape[2]
    if np.isfinite(observed[learn]).sum() - leads < 20 * FOLDS:
        raise ValueError(f"learning needs {20 * FOLDS} observed steps and the leads")
    mean, spread = ahead.mean(axis=0), ahead.std(axis=0)
    error, floor = _errors(mean, observed), floor_of(observed[learn])
    floods = floods_of(observed[learn])
    share, scale, turn = np.zeros(leads), np.empty((leads, 6)), np.empty((leads, 2))
    shape = np.empty((leads, 2, len(levels)))
    for lead in range(1, leads + 1):
        k, issued = lead - 1, np.arange(len(raw) - lead)
        known = issued[learn.start : max(learn.stop - lead, 0)]
        known = known[np.isfinite(observed[known + lead])]
        seen, plain = observed[known + lead], raw[known + lead]
        judged = seen - plain, mean[known, k] - plain
        share[k] = min(share[k - 1] if k else 1.0, safe_share(*judged) if helps(*judged) else 0.0)
        flow = raw[lead:] + share[k] * (mean[:-lead, k] - raw[lead:])
        of = _signs(raw, flow, error, spread[:-lead, k], lead, floor)
        scale[k], shape[k], turn[k] = fit_range(of[known], seen - flow[known], seen, floods, levels)
    return Settling(share, scale, shape, turn, levels, floor)


def apply_settling(
    made: Settling, ahead: Floats, raw: Floats, observed: Floats
) -> tuple[Floats, Floats]:
    """Flow (time, leads) and its range (time, leads, levels) of forecasts ``ahead`` (members, time,
    leads), the ``raw`` flow (time,) and what was ``observed`` (time,), in the unit of the fit. NaN
    beyond the end; a missing error counts as none. A row hangs on no later one, and on no earlier
    one but the last: in parts that overlap by a row, the same to the last bit.

    Raises:
        ValueError: other lengths, more leads than were learnt (numpy's).

    Source: that of the module.
    """
    mean, spread = ahead.mean(axis=0), ahead.std(axis=0)
    error, flow = _errors(mean, observed), np.full(mean.shape, np.nan)
    band = np.full((*mean.shape, len(made.levels)), np.nan)
    for lead in range(1, min(ahead.shape[2], len(raw) - 1) + 1):
        k = lead - 1
        told = raw[lead:] + made.share[k] * (mean[:-lead, k] - raw[lead:])
        of = _signs(raw, told, error, spread[:-lead, k], lead, made.floor)
        flow[:-lead, k] = told
        band[:-lead, k] = range_of(told, of, made.scale[k], made.shape[k], made.turn[k])
    return flow, band


def plain_settling(made: Settling) -> dict[str, Any]:
    """A settling as plain lists and scalars, for JSON, in its units: a list of ``leads`` each, as
    (leads, 6) of the scale. NaN stays. No errors. Source: definition."""
    told = {f.name: getattr(made, f.name) for f in fields(made)}
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in told.items()}


def settling_of(plain: Mapping[str, Any]) -> Settling:
    """The settling that ``plain_settling`` told: lists, as (leads, 6) of the scale, in its units;
    NaN stays.

    Raises:
        KeyError: a part is missing.
        TypeError: a part of another kind (Python's).
        ValueError: rows of different lengths, or texts (numpy's).

    Source: definition.
    """
    names = ("share", "scale", "shape", "turn")
    share, scale, shape, turn = (np.array(plain[name], np.float64) for name in names)
    levels, n = tuple(map(float, plain["levels"])), len(share)
    wanted = ((scale, (n, 6)), (shape, (n, 2, len(levels))), (turn, (n, 2)))
    if any(part.shape != wish for part, wish in wanted):
        raise ValueError("the parts of a settling do not fit together")
    return Settling(share, scale, shape, turn, levels, float(plain["floor"]))
