"""Real-time correction of a forecast by its own last errors, faded so that it never loses to raw.

Source: error updating, WMO-No. 1094 (2011), section 7: here one regression a lead (direct
multi-step forecast), so that its weight falls with the lead by itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FOLDS = 6


@dataclass(frozen=True)
class Correction:
    """Coefficients of the last errors for leads 1.. (leads, order), zero from the lead on at which
    the correction did not help (``faded``, None if it always did); quantiles of the error that
    remains at each lead, relative to the size of the flow (leads, len(levels))."""

    coefficients: Floats
    faded: int | None
    remains: Floats
    levels: tuple[float, ...]
    floor: float


def _last(errors: Floats, order: int) -> Floats:
    """The newest ``order`` errors at each time, newest first (time, order); NaN before them."""
    last = np.full((len(errors), order), np.nan)
    for k in range(order):
        last[k:, k] = errors[: len(errors) - k]
    return last


def _pairs(errors: Floats, order: int, lead: int) -> tuple[Floats, Floats]:
    x, y = _last(errors, order)[:-lead], errors[lead:]
    known = np.isfinite(x).all(axis=1) & np.isfinite(y)
    if known.sum() < 20 * order * FOLDS:
        raise ValueError(f"order {order} needs {20 * order * FOLDS} pairs of flow without gaps")
    return x[known], y[known]


def _helps(x: Floats, y: Floats) -> bool:
    """Whether coefficients learnt on the other parts lower the squared error, all parts summed."""
    part = np.arange(len(y)) * FOLDS // len(y)
    gain = 0.0
    for fold in range(FOLDS):
        mine = part == fold
        b = np.linalg.lstsq(x[~mine], y[~mine], rcond=None)[0]
        gain += float((y[mine] ** 2).sum() - ((y[mine] - x[mine] @ b) ** 2).sum())
    return gain > 0


def _spread(share: Floats, levels: tuple[float, ...]) -> Floats:
    """Quantiles of what remains: at each level the second most extreme of the parts of the period,
    since the year to come is another year; the median is that of all."""
    parts = [p[np.isfinite(p)] for p in np.array_split(share, FOLDS)]
    table = np.sort([np.quantile(p, levels) for p in parts if p.size], axis=0)
    whole = np.quantile(share[np.isfinite(share)], levels)
    level = np.asarray(levels)
    wide = np.where(level < 0.5, table[1], table[-2])
    low, high = np.minimum(wide, whole), np.maximum(wide, whole)
    return np.where(level < 0.5, low, np.where(level > 0.5, high, whole))


def fit_correction(
    simulated: Floats, observed: Floats, *, leads: int, order: int = 3,
    levels: tuple[float, ...] = (0.05, 0.5, 0.95),
) -> Correction:  # fmt: skip
    """Learn a correction from a period with known rain.

    For each lead the error is regressed on the last ``order`` errors. Learnt on five sixths of the
    period it must lower the squared error of the other sixth, all six taken together; from the
    first lead at which it does not, the correction is left off (``faded``).

    Raises:
        ValueError: fewer than 20 pairs for each coefficient in a sixth of the period.
    """
    simulated, observed = (np.asarray(a, np.float64) for a in (simulated, observed))
    if simulated.shape != observed.shape or simulated.ndim != 1:
        raise ValueError("simulated and observed must be of the same length")
    errors = observed - simulated
    coefficients = np.zeros((leads, order))
    faded = None
    for lead in range(1, leads + 1):
        x, y = _pairs(errors, order, lead)
        if not _helps(x, y):
            faded = lead
            break
        coefficients[lead - 1] = np.linalg.lstsq(x, y, rcond=None)[0]
    floor = 0.05 * float(np.nanmean(observed))
    remains = np.empty((leads, len(levels)))
    last = np.nan_to_num(_last(errors, order))
    for lead in range(1, leads + 1):
        given = np.maximum(simulated[lead:] + last[:-lead] @ coefficients[lead - 1], 0.0)
        share = (observed[lead:] - given) / np.maximum(given, floor)
        remains[lead - 1] = _spread(share, levels)
    return Correction(coefficients, faded, remains, levels, floor)


def apply_correction(
    correction: Correction, simulated: Floats, observed: Floats
) -> tuple[Floats, Floats]:
    """Corrected flow and its range from every issue time: (time, leads), (time, leads, levels).

    Row t is issued with what was observed up to t and stands for t+1..t+leads. An error that is
    not known counts as none. Flow is never below 0; NaN beyond the end of ``simulated``.
    """
    simulated, observed = (np.asarray(a, np.float64) for a in (simulated, observed))
    leads, order = correction.coefficients.shape
    last = np.nan_to_num(_last(observed - simulated, order))
    flow = np.full((len(simulated), leads), np.nan)
    for lead in range(1, min(leads, len(simulated) - 1) + 1):
        flow[:-lead, lead - 1] = simulated[lead:] + last[:-lead] @ correction.coefficients[lead - 1]
    flow = np.maximum(flow, 0.0)
    size = np.maximum(flow, correction.floor)[..., None]
    return flow, np.maximum(flow[..., None] + size * correction.remains, 0.0)
