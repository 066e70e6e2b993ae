"""Real-time correction of a forecast by its own last errors, and the range that remains.

Flows are in one unit throughout, usually m3/s; so are errors and ranges.
Sources: error updating, WMO-No. 1094 (2011), section 7; the mean of several forecasts, Bates and
Granger, Oper Res Quart 20 (1969) 451; scaling by predicted size, Koenker and Bassett, Econometrica
50 (1982) 43. docs/methods/correction.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

Floats = NDArray[np.float64]
FOLDS = 6
# A flow that grows more than this between issue and valid time makes its error grow no further.
MOST_GROWTH = 3.0
# Flows below this share of the mean observed count as this much where they divide.
FLOOR = 0.05
# Levels further out than this are widened: see ``_shape``.
INNER = 0.1


@dataclass(frozen=True)
class Correction:
    """What a period taught, for leads 1.. of its rows; ratios but for the floor. No NaN. It checks
    nothing and raises no errors. Source: own choice on those of the module.

    Attributes:
        steady: (leads, order), weights of the last errors, newest first; 0 at a lead where the
            correction did not help.
        growing: (leads, order), the same of the errors as they grow with the simulated flow.
        helps: (leads,), whether it did; from the first lead where it did not, it is left off.
        scale: (leads, 5), expected size of what remains by corrected flow, change of the simulated
            flow, last error, spread of the members, and floor.
        shape: (leads, len(levels)), quantiles of what remains over that size.
        levels: probabilities of the range.
        floor: of ``floor_of``, in the unit of the flow.
    """

    steady: Floats
    growing: Floats
    helps: NDArray[np.bool_]
    scale: Floats
    shape: Floats
    levels: tuple[float, ...]
    floor: float


def _last(errors: Floats, order: int) -> Floats:
    """The newest ``order`` errors at each time, newest first (time, order); NaN before them."""
    last = np.full((len(errors), order), np.nan)
    for k in range(order):
        last[k:, k] = errors[: len(errors) - k]
    return last


def floor_of(observed: Floats) -> float:
    """The flow below which a flow counts as this much: a scalar in the unit of ``observed``
    (time,), at least 1e-9. NaN is left out; nothing but NaN gives NaN and numpy's warning. No
    errors. Source: own choice."""
    return max(FLOOR * float(np.nanmean(observed)), 1e-9)


def _growth(simulated: Floats, lead: int, floor: float) -> Floats:
    """By how much the simulated flow grows over the lead."""
    return np.clip(simulated[lead:] / np.maximum(simulated[:-lead], floor), 0.0, MOST_GROWTH)


def _regress(x: Floats, y: Floats) -> Floats:
    return np.asarray(np.linalg.lstsq(x, y, rcond=None)[0], np.float64)


def _ahead(step: Floats, lead: int) -> Floats:
    """Weights of the last errors that an autoregression of one step gives ``lead`` steps ahead."""
    companion = np.eye(len(step), k=-1)
    companion[0] = step
    return np.asarray(np.linalg.matrix_power(companion, lead)[0])


def _weights(
    x: Floats, grown: Floats, y: Floats, following: Floats, lead: int
) -> tuple[Floats, Floats]:
    """Mean of three opinions on the error ``y`` at the lead: regressed on the last errors ``x``; on
    these as they grow with the flow; and autoregressed step by step from the ``following`` one."""
    direct, ahead = _regress(x, y), _ahead(_regress(x, following), lead)
    return (direct + ahead) / 3.0, _regress(grown, y) / 3.0


def helps(misses: Floats, correction: Floats) -> bool:
    """Whether a correction lowers the squared error: by more than a millionth over the whole of a
    period, and in more than half of its six parts. What does not must be left off: half of it is
    no better judged.

    misses: observed minus raw (time,); correction: what would be added to raw (time,), same unit. A
    step with NaN in either is left out; with no other steps it does not help. No errors of its own.
    Source: own choice.
    """
    gain = misses**2 - (misses - correction) ** 2
    parts = [float(part.sum()) for part in np.array_split(gain[np.isfinite(gain)], FOLDS)]
    enough = 1e-6 * float(np.nansum(misses**2))
    return sum(parts) > enough and sum(part > 0 for part in parts) > FOLDS / 2


def _helps(x: Floats, grown: Floats, y: Floats, following: Floats, lead: int) -> bool:
    """Whether the correction helps in each sixth of the period when learnt on the other five."""
    part = np.arange(len(y)) * FOLDS // len(y)
    told = np.empty(len(y))
    for fold in range(FOLDS):
        mine, rest = part == fold, part != fold
        steady, growing = _weights(x[rest], grown[rest], y[rest], following[rest], lead)
        told[mine] = x[mine] @ steady + grown[mine] @ growing
    return helps(y, told)


def signs(
    simulated: Floats, told: Floats, error: Floats, spread: Floats, lead: int, floor: float
) -> Floats:
    """What the size of the remaining error is told by (time - lead, 5): the flow ``told`` for t +
    lead, the change of the simulated flow, the newest ``error`` (time,), the ``spread`` of members,
    and a floor, all in the unit of the flow. ``told`` and ``spread`` are (time - lead,), the lead
    in steps. An error that is not known counts as none; any other NaN stays.

    Raises:
        ValueError: lengths that do not fit, a lead below 1 (numpy's).

    Source: own choice.
    """
    change = np.abs(simulated[lead:] - simulated[:-lead])
    newest = np.abs(np.nan_to_num(error[:-lead]))
    return np.column_stack([told, change, newest, spread, np.full(len(change), floor)])


def fit_range(of: Floats, remains: Floats, levels: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Expected size of what remains as a sum of its ``signs`` (5,), each >= 0, and its quantiles
    over that size (len(levels),), ratios.

    ``of`` is (time, 5), ``remains`` (time,), in the unit of the flow. Where ``remains`` is NaN the
    step is left out.

    Raises:
        ValueError: NaN in the signs of a step that is not, or levels outside 0 .. 1.
        IndexError: fewer steps than the six parts of a period.

    Source: own choice after Koenker and Bassett 1982.
    """
    known = np.isfinite(remains)
    scale = nnls(of[known], np.abs(remains[known]))[0]
    return scale, _shape(remains[known] / np.maximum(of[known] @ scale, 1e-12), levels)


def _shape(z: Floats, levels: tuple[float, ...]) -> Floats:
    """Quantiles of what remains over its expected size. The outer ones are the second most extreme
    of the six parts of the period, since the year to come is another year."""
    table = np.sort([np.quantile(part, levels) for part in np.array_split(z, FOLDS)], axis=0)
    whole = np.quantile(z, levels)
    level = np.asarray(levels)
    low = np.where(level < INNER, np.minimum(table[1], whole), whole)
    return np.where(level > 1 - INNER, np.maximum(table[-2], whole), low)


def mean_and_spread(simulated: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of members (members, time), each (time,), in their unit; of one
    flow (time,) itself and 0. NaN in a member gives NaN. No errors. Source: definition."""
    members = np.atleast_2d(np.asarray(simulated, np.float64))
    return members.mean(axis=0), members.std(axis=0)


def fit_correction(
    simulated: Floats,
    observed: Floats,
    *,
    leads: int,
    order: int = 3,
    levels: tuple[float, ...] = (0.05, 0.5, 0.95),
) -> Correction:
    """Learn a correction and its range from a period with known rain. A gain that comes back at a
    longer lead is chance: from the first lead that is not helped on, raw is issued.

    Args:
        simulated: flow (time,), or of an ensemble (members, time): then its mean is corrected and
            its spread is a sign of the size of what remains. A step with NaN is left out.
        observed: flow (time,), in the same unit; NaN where it is not known.
        leads, order: steps ahead, and how many last errors are used, 1 or more.
        levels: probabilities of the range; (k - 0.5) / n for k = 1..n makes n equal members.

    Raises:
        ValueError: fewer than 20 pairs for each coefficient in a sixth of the period; different
            lengths, infinite flow, levels outside 0 .. 1.

    Source: that of the module; docs/methods/correction.md.
    """
    mean, spread = mean_and_spread(simulated)
    observed = np.asarray(observed, np.float64)
    if mean.shape != observed.shape or observed.ndim != 1:
        raise ValueError("simulated and observed must be of the same length")
    errors = observed - mean
    floor = floor_of(observed)
    last = _last(errors, order)
    steady, growing = np.zeros((2, leads, order))
    good: NDArray[np.bool_] = np.zeros(leads, np.bool_)
    scale, shape = np.zeros((leads, 5)), np.empty((leads, len(levels)))
    whole: NDArray[np.bool_] = np.asarray(np.isfinite(last).all(axis=1))
    whole[:-1] &= np.isfinite(errors[1:])
    for lead in range(1, leads + 1):
        known = whole[:-lead] & np.isfinite(errors[lead:])
        if known.sum() < 20 * order * FOLDS:
            raise ValueError(f"order {order} needs {20 * order * FOLDS} pairs of flow without gaps")
        x, y = last[:-lead][known], errors[lead:][known]
        grown = x * _growth(mean, lead, floor)[known, None]
        pairs = x, grown, y, errors[1 : len(errors) - lead + 1][known], lead
        good[lead - 1] = (lead == 1 or good[lead - 2]) and _helps(*pairs)
        if good[lead - 1]:
            steady[lead - 1], growing[lead - 1] = _weights(*pairs)
        taken = x @ steady[lead - 1] + grown @ growing[lead - 1]
        told = np.zeros(len(known))
        told[known] = np.maximum(mean[lead:][known] + taken, 0.0)
        of = signs(mean, told, errors, spread[lead:], lead, floor)[known]
        remains = mean[lead:][known] + y - told[known]
        scale[lead - 1], shape[lead - 1] = fit_range(of, remains, levels)
    return Correction(steady, growing, good, scale, shape, levels, floor)


def apply_correction(
    correction: Correction, simulated: Floats, observed: Floats
) -> tuple[Floats, Floats]:
    """Corrected flow and its range from every issue time: (time, leads), (time, leads, levels).

    Row t is issued with what was observed up to t and stands for t+1..t+leads. An error that is
    not known counts as none. Flow is never below 0; NaN beyond the end of ``simulated``, which is
    (time,) or (members, time) as in ``fit_correction``; NaN within it gives NaN where it is used.
    Flows in the unit of the fit.

    Raises:
        ValueError: an ``observed`` of another length (numpy's), but one of length 1 goes unnoticed.

    Source: as of ``fit_correction``.
    """
    mean, spread = mean_and_spread(simulated)
    observed = np.asarray(observed, np.float64)
    made = correction
    leads, order = made.steady.shape
    last = np.nan_to_num(_last(observed - mean, order))
    flow = np.full((len(mean), leads), np.nan)
    band = np.full((len(mean), leads, len(made.levels)), np.nan)
    for lead in range(1, min(leads, len(mean) - 1) + 1):
        x = last[:-lead]
        grown = x * _growth(mean, lead, made.floor)[:, None]
        k = lead - 1
        told = mean[lead:] + x @ made.steady[k] + grown @ made.growing[k]
        flow[:-lead, k] = np.maximum(told, 0.0)
        of = signs(mean, flow[:-lead, k], observed - mean, spread[lead:], lead, made.floor)
        size = of @ made.scale[k]
        band[:-lead, k] = flow[:-lead, k, None] + size[:, None] * made.shape[k]
    return flow, np.maximum(band, 0.0)


def plain_of(made: Correction) -> dict[str, object]:
    """A correction as plain lists and numbers, for JSON. No errors. Source: definition."""
    told = {f.name: getattr(made, f.name) for f in fields(made)}
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in told.items()}


def correction_of(plain: Mapping[str, Any]) -> Correction:
    """The correction that ``plain_of`` told. Raises TypeError for another shape (Python's).
    Source: definition."""
    told: dict[str, Any] = {
        k: np.asarray(v) if isinstance(v, list) else v for k, v in plain.items()
    }
    return Correction(**{**told, "levels": tuple(plain["levels"])})


def ahead(
    made: Correction, past: Floats, members: Floats, observed: Floats
) -> tuple[Floats, Floats]:
    """What is issued now: members corrected (members, leads), and with each what remains unknown
    (members, leads, levels), of simulated flow of the ``past`` (time,), that of the members ahead
    (members, leads), and what was ``observed`` (time,), all in one unit; row 0 of the leads is one
    step on. An error that is not known counts as none, a lead beyond those learnt as the last.

    Raises:
        ValueError: fewer past steps than the correction's order, other lengths (numpy's).

    Source: as of ``fit_correction``.
    """
    order = made.steady.shape[1]
    error = np.nan_to_num((observed - past)[-order:][::-1])
    last = past[-1]
    flow, n = np.asarray(members, np.float64), members.shape[1]
    lead = np.minimum(np.arange(n), len(made.steady) - 1)
    grown = np.clip(flow / max(last, made.floor), 0.0, MOST_GROWTH)
    told = np.maximum(flow + made.steady[lead] @ error + grown * (made.growing[lead] @ error), 0.0)
    of = np.stack(
        [
            told,
            np.abs(flow - last),
            np.full(told.shape, abs(error[0])),
            np.zeros(told.shape),
            np.full(told.shape, made.floor),
        ],
        axis=2,
    )
    size = np.einsum("mls,ls->ml", of, made.scale[lead])
    return told, np.maximum(told[:, :, None] + size[:, :, None] * made.shape[lead], 0.0)
