"""What remains of a forecast's error: how large it is expected to be, and its range around the
forecast, apart for usual flow and for floods.

Flows are in one unit throughout, usually m3/s; so are errors and ranges.
Sources: scaling by predicted size, Koenker and Bassett, Econometrica 50 (1982) 43; ranges by class,
Vovk, Mach Learn 92 (2013) 349. docs/methods/correction.md.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.signal import lfilter
from scipy.special import ndtri, stdtrit

Floats = NDArray[np.float64]
FOLDS = 6
# Flows below this share of the mean observed count as this much where they divide.
FLOOR = 0.05
# Levels further out than this are widened, this far towards those of the parts of the period.
INNER, PARTS = 0.1, 0.75
# Quantile of the observed above which there is a flood, which ends below half of it; fewer floods
# than these widen the range no further.
FLOOD, FEWEST = 0.98, 3
# Quantiles of the expected size: above it is large; between these it turns to the range of floods.
LARGE, TURN = 0.9, (0.85, 0.97)
# The mean error fades over so many leads; sizes below this share of their mean count as that much.
FADE, LEAST = 10.0, 0.1


def floor_of(observed: Floats) -> float:
    """The flow below which a flow counts as this much: a scalar in the unit of ``observed``
    (time,), at least 1e-9. NaN is left out; nothing but NaN gives NaN and numpy's warning. No
    errors. Source: own choice."""
    return max(FLOOR * float(np.nanmean(observed)), 1e-9)


def floods_of(observed: Floats) -> int:
    """How many floods ``observed`` (time,) has: rises above its 98 % quantile, parted by a fall
    below half of that. NaN is left out; nothing but NaN gives 0. No errors. Source: own choice."""
    seen = observed[np.isfinite(observed)]
    high = np.quantile(seen, FLOOD) if len(seen) else 0.0
    inside = seen[(seen > high) | (seen < high / 2)] > high
    return int((np.diff(inside.astype(int), prepend=0) == 1).sum())


def signs(
    simulated: Floats, told: Floats, error: Floats, spread: Floats, lead: int, floor: float
) -> Floats:
    """What the size of the remaining error is told by (time - lead, 6): the flow ``told`` for t +
    lead, the change of the simulated flow, the newest ``error`` (time,), the ``spread`` of members,
    a floor, and the mean size of the errors of late (fading over ten leads), all in the unit of the
    flow. ``told`` and ``spread`` are (time - lead,), the lead in steps. An error that is not known
    counts as none, and not in the mean; any other NaN stays.

    Raises:
        ValueError: lengths that do not fit, a lead below 1 (numpy's).

    Source: own choice.
    """
    change = np.abs(simulated[lead:] - simulated[:-lead])
    newest, late = np.abs(np.nan_to_num(error[:-lead])), late_of(error, lead)[:-lead]
    return np.column_stack([told, change, newest, spread, np.full(len(told), floor), late])


def late_of(error: Floats, lead: int) -> Floats:
    """Mean size of the errors (time,) up to each time, those known, fading over ten leads; in their
    unit. An error that is not known (NaN) is not in it; before the first it is 0. No errors of its
    own. Source: own choice."""
    fade = [1.0], [1.0, -np.exp(-1.0 / (FADE * lead))]
    count = lfilter(*fade, np.isfinite(error).astype(float))
    return np.asarray(lfilter(*fade, np.abs(np.nan_to_num(error))) / np.maximum(count, 1e-9))


def fit_range(
    of: Floats, remains: Floats, seen: Floats, floods: int, levels: tuple[float, ...]
) -> tuple[Floats, Floats, Floats]:
    """Expected size of what remains as a sum of its ``signs`` (6,), each >= 0; its quantiles over
    that size, usual and in floods (2, len(levels)), ratios; and the sizes between which the range
    passes from the one to the other (2,).

    ``of`` is (time, 6), ``remains`` and the observed flow ``seen`` (time,), in the unit of the
    flow; ``floods`` how many there were. Where ``remains`` is NaN the step is left out.

    Raises:
        ValueError: NaN in the signs of a step that is not, or levels outside 0 .. 1.
        IndexError: fewer steps than the six parts of a period.

    Source: own choice after Koenker and Bassett 1982 and Vovk 2013.
    """
    known = np.isfinite(remains)
    scale = _scale(of[known], np.abs(remains[known]))
    size = np.maximum(of[known] @ scale, 1e-12)
    z, came = remains[known] / size, seen[known] >= np.quantile(seen[known], FLOOD)
    usual = _shape(z, levels)
    large = z[size >= np.quantile(size, LARGE)]
    flood = _flood_shape(usual, large, z[came], floods, levels)
    return scale, np.stack([usual, flood]), np.quantile(size, TURN)


def _scale(of: Floats, remains: Floats) -> Floats:
    """Mean of two opinions: of least squares, which heeds floods, and of least squares of ratios to
    what that expects, which heeds low flow."""
    plain = nnls(of, remains)[0]
    first = np.maximum(of @ plain, 1e-12)
    first = np.maximum(first, LEAST * first.mean())
    return np.asarray((plain + nnls(of / first[:, None], remains / first)[0]) / 2.0)


def _shape(z: Floats, levels: tuple[float, ...]) -> Floats:
    """Quantiles of what remains over its expected size. The outer ones lie most of the way to the
    second most extreme of the six parts of the period, since the year to come is another year."""
    table = np.sort([np.quantile(part, levels) for part in np.array_split(z, FOLDS)], axis=0)
    whole, level = np.quantile(z, levels), np.asarray(levels)
    low, high = (PARTS * row + (1.0 - PARTS) * whole for row in (table[1], table[-2]))
    shape = np.where(level < INNER, np.minimum(low, whole), whole)
    return np.where(level > 1 - INNER, np.maximum(high, whole), shape)


def _flood_shape(
    usual: Floats, large: Floats, came: Floats, floods: int, levels: tuple[float, ...]
) -> Floats:
    """The same of steps with a ``large`` expected size; above, also of the floods that ``came``,
    foretold or not. The outer ones lie no further in than the usual and are widened by Student's t,
    as for one more flood after as many as there were."""
    level, n = np.asarray(levels), max(floods, FEWEST)
    shape, middle = np.quantile(large, levels), float(np.quantile(large, 0.5))
    low, high = level < INNER, level > 1 - INNER
    outer = np.where(low, np.minimum(shape, usual), np.maximum(shape, usual))
    outer = np.where(high, np.maximum(outer, np.quantile(came, levels)), outer)
    with np.errstate(invalid="ignore", divide="ignore"):
        wider = np.sqrt(1.0 + 1.0 / n) * stdtrit(n - 1, level) / ndtri(level)
    wider = np.where(np.isfinite(wider), wider, 1.0)
    return np.where(low | high, middle + (outer - middle) * wider, shape)


def range_of(told: Floats, of: Floats, scale: Floats, shape: Floats, turn: Floats) -> Floats:
    """The range (time, levels) around the flow ``told`` (time,), by its ``signs`` (time, 6) and
    what ``fit_range`` gave; never below 0, in the unit of the flow. NaN gives NaN. No errors.
    Source: own choice."""
    size = (of * scale).sum(axis=1)  # no product of a library: it hangs on the length
    flood = np.clip((size - turn[0]) / max(float(turn[1] - turn[0]), 1e-12), 0.0, 1.0)[:, None]
    shapes = (1.0 - flood) * shape[0] + flood * shape[1]
    return np.asarray(np.maximum(told[:, None] + size[:, None] * shapes, 0.0))
