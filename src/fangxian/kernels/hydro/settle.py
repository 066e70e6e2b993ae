"""What is issued of a filter's forecasts, as a learning period taught it. The filter itself is left
to ``ensemble``.

Source: own choice; docs/methods/filtering.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fangxian.kernels.hydro.correct import FOLDS, fit_range, floor_of, helps, signs

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Settling:
    """What a period taught of leads 1.. of its rows; ratios but for the floor. No NaN. It checks
    nothing and raises no errors. Source: own choice.

    Attributes:
        helps: (leads,), whether the filter did; from the first lead where it did not, raw is
            issued.
        scale: (leads, 5), expected size of what remains by its ``signs``.
        shape: (leads, len(levels)), quantiles of what remains over that size.
        levels: probabilities of the range.
        floor: of ``floor_of``, in the unit of the flow.
    """

    helps: NDArray[np.bool_]
    scale: Floats
    shape: Floats
    levels: tuple[float, ...]
    floor: float


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
    """Whether the filter helps at each lead, and the size of what remains.

    On forecasts issued and due within the steps ``learn`` (start, stop; both given, >= 0) it must
    lower the squared error of the ``raw`` flow (time,); from the first lead at which it does not,
    raw is issued. The range is that of ``correct``, from the members' spread among others. A gap
    (NaN) in ``observed`` (time,) is left out; ``ahead`` (members, time, leads) is NaN beyond the
    end. All flows in one unit, m3/s or mm a step.

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
    good, scale, shape = np.zeros(leads, bool), np.empty((leads, 5)), np.empty((leads, len(levels)))
    for lead in range(1, leads + 1):
        k, issued = lead - 1, np.arange(len(raw) - lead)
        known = issued[learn.start : max(learn.stop - lead, 0)]
        misses = observed[known + lead] - raw[known + lead]
        better = helps(misses, mean[known, k] - raw[known + lead])
        good[k] = better and (k == 0 or good[k - 1])
        flow = mean[:-lead, k] if good[k] else raw[lead:]
        of = signs(raw, flow, error, spread[:-lead, k], lead, floor)
        scale[k], shape[k] = fit_range(of[known], observed[known + lead] - flow[known], levels)
    return Settling(good, scale, shape, levels, floor)


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
        flow[:-lead, k] = mean[:-lead, k] if made.helps[k] else raw[lead:]
        of = signs(raw, flow[:-lead, k], error, spread[:-lead, k], lead, made.floor)
        size = (of * made.scale[k]).sum(axis=1)  # no product of a library: it hangs on the length
        band[:-lead, k] = flow[:-lead, k, None] + size[:, None] * made.shape[k]
    return flow, np.maximum(band, 0.0)


def plain_settling(made: Settling) -> dict[str, Any]:
    """A settling as plain lists and scalars, for JSON, in its units: a list of ``leads`` each, as
    (leads, 5) of the scale. NaN stays. No errors. Source: definition."""
    told = {f.name: getattr(made, f.name) for f in fields(made)}
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in told.items()}


def settling_of(plain: Mapping[str, Any]) -> Settling:
    """The settling that ``plain_settling`` told: lists, as (leads, 5) of the scale, in its units;
    NaN stays.

    Raises:
        KeyError: a part is missing.
        TypeError: a part of another kind (Python's).
        ValueError: rows of different lengths, or texts (numpy's).

    Source: definition.
    """
    scale, shape = (np.array(plain[name], np.float64) for name in ("scale", "shape"))
    good, levels = np.array(plain["helps"], np.bool_), tuple(map(float, plain["levels"]))
    if scale.shape != (len(good), 5) or shape.shape != (len(good), len(levels)):
        raise ValueError("the parts of a settling do not fit together")
    return Settling(good, scale, shape, levels, float(plain["floor"]))
