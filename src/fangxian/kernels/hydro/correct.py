"""Real-time correction of a forecast by its own last errors, and the range that remains.

Flows are in one unit throughout, usually m3/s; so are errors and ranges.
Sources: error updating, WMO-No. 1094 (2011), section 7; the mean of several forecasts, Bates and
Granger, Oper Res Quart 20 (1969) 451. The range is that of ``remains``. docs/methods/correction.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fangxian.kernels.hydro.remains import (
    FOLDS,
    fit_range,
    floods_of,
    floor_of,
    late_of,
    range_of,
    signs,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Correction:
    """What a period taught, for leads 1.. of its rows; ratios but for the floor and ``turn``. No
    NaN. It checks nothing and raises no errors. Source: own choice on those of the module.

    Attributes:
        steady: (leads, order), weights of the last errors, newest first, times ``share``.
        receding: (leads, order), the same of the errors as they recede with the simulated flow.
        share: (leads,), the part of the correction that is made, 0..1, never more than at the lead
            before.
        scale: (leads, 6), expected size of what remains by its ``signs``.
        shape: (leads, 2, len(levels)), quantiles of what remains over that size: usual, in floods.
        turn: (leads, 2), the sizes between which the range passes from one to the other.
        levels: probabilities of the range.
        floor: of ``floor_of``, in the unit of the flow.
        floods: of ``floods_of``, in the period: with fewer than ten the range of floods is a
            guess.
    """

    steady: Floats
    receding: Floats
    share: Floats
    scale: Floats
    shape: Floats
    turn: Floats
    levels: tuple[float, ...]
    floor: float
    floods: int

    @property
    def helps(self) -> NDArray[np.bool_]:
        """Whether anything is corrected at the lead (leads,). No errors. Source: own choice."""
        return np.asarray(self.share > 0)


def _last(errors: Floats, order: int) -> Floats:
    """The newest ``order`` errors at each time, newest first (time, order); NaN before them."""
    last = np.full((len(errors), order), np.nan)
    for k in range(order):
        last[k:, k] = errors[: len(errors) - k]
    return last


def _recession(simulated: Floats, lead: int, floor: float) -> Floats:
    """To what share of itself the simulated flow falls over the lead; 1 where it grows."""
    return np.clip(simulated[lead:] / np.maximum(simulated[:-lead], floor), 0.0, 1.0)


def _regress(x: Floats, y: Floats) -> Floats:
    return np.asarray(np.linalg.lstsq(x, y, rcond=None)[0], np.float64)


def _ahead(step: Floats, lead: int) -> Floats:
    """Weights of the last errors that an autoregression of one step gives ``lead`` steps ahead."""
    companion = np.eye(len(step), k=-1)
    companion[0] = step
    return np.asarray(np.linalg.matrix_power(companion, lead)[0])


def _weights(
    x: Floats, fallen: Floats, y: Floats, following: Floats, lead: int
) -> tuple[Floats, Floats]:
    """Mean of three opinions on the error ``y`` at the lead: regressed on the last errors ``x``; on
    these as they recede with the flow; and autoregressed step by step from the ``following`` one.
    """
    direct, ahead = _regress(x, y), _ahead(_regress(x, following), lead)
    return (direct + ahead) / 3.0, _regress(fallen, y) / 3.0


def helps(misses: Floats, correction: Floats) -> bool:
    """Whether a correction lowers the squared error: by more than a millionth over the whole of a
    period, and in more than half of its six parts. What does not must be left off.

    misses: observed minus raw (time,); correction: what would be added to raw (time,), same unit. A
    step with NaN in either is left out; with no other steps it does not help. No errors of its own.
    Source: own choice.
    """
    gain = misses**2 - (misses - correction) ** 2
    parts = [float(part.sum()) for part in np.array_split(gain[np.isfinite(gain)], FOLDS)]
    enough = 1e-6 * float(np.nansum(misses**2))
    return sum(parts) > enough and sum(part > 0 for part in parts) > FOLDS / 2


def _crossed(x: Floats, fallen: Floats, y: Floats, following: Floats, lead: int) -> Floats:
    """The correction in each sixth of the period as learnt on the other five."""
    part = np.arange(len(y)) * FOLDS // len(y)
    told = np.empty(len(y))
    for fold in range(FOLDS):
        mine, rest = part == fold, part != fold
        steady, receding = _weights(x[rest], fallen[rest], y[rest], following[rest], lead)
        told[mine] = x[mine] @ steady + fallen[mine] @ receding
    return told


def safe_share(misses: Floats, correction: Floats) -> float:
    """The part of a correction that is safe on another period, 0..1: the share that was best in the
    second worst of six parts of this one, but no more than loses nothing on the worst four.

    misses: observed minus raw (time,); correction: what would be added to raw (time,), same unit;
    no NaN. No errors of its own. Source: own choice.
    """
    parts = np.array_split(np.column_stack([misses, correction]), FOLDS)
    both = np.array([float(p[:, 0] @ p[:, 1]) for p in parts])
    own = np.maximum([float(p[:, 1] @ p[:, 1]) for p in parts], 1e-30)
    four = np.array(list(combinations(range(FOLDS), FOLDS - 2)))
    worst = float((both[four].sum(axis=1) / own[four].sum(axis=1)).min())
    return float(np.clip(min(np.sort(both / own)[1], 2.0 * worst), 0.0, 1.0))


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
    """Learn a correction and its range from a period with known rain. At each lead a safe share of
    it is taken, never more than at the lead before: what comes back later is chance.

    Args:
        simulated: flow (time,), or of an ensemble (members, time): then its mean is corrected and
            its spread is a sign of the size of what remains. A step with NaN is left out.
        observed: flow (time,), in the same unit; NaN where it is not known.
        leads, order: steps ahead, and how many last errors are used, 1 or more.
        levels: probabilities of the range, rising; (k - 0.5) / n for k = 1..n makes n equal
            members.

    Raises:
        ValueError: fewer than 20 pairs for each coefficient in a sixth of the period; different
            lengths, infinite flow, levels outside 0 .. 1.

    Source: that of the module; docs/methods/correction.md.
    """
    mean, spread = mean_and_spread(simulated)
    observed = np.asarray(observed, np.float64)
    if mean.shape != observed.shape or observed.ndim != 1:
        raise ValueError("simulated and observed must be of the same length")
    errors, floor, floods = observed - mean, floor_of(observed), floods_of(observed)
    last = _last(errors, order)
    steady, receding = np.zeros((2, leads, order))
    share, scale, turn = np.zeros(leads), np.zeros((leads, 6)), np.zeros((leads, 2))
    shape = np.empty((leads, 2, len(levels)))
    whole: NDArray[np.bool_] = np.asarray(np.isfinite(last).all(axis=1))
    whole[:-1] &= np.isfinite(errors[1:])
    for lead in range(1, leads + 1):
        k, known = lead - 1, whole[:-lead] & np.isfinite(errors[lead:])
        if known.sum() < 20 * order * FOLDS:
            raise ValueError(f"order {order} needs {20 * order * FOLDS} pairs of flow without gaps")
        x, y = last[:-lead][known], errors[lead:][known]
        fallen = x * _recession(mean, lead, floor)[known, None]
        pairs = x, fallen, y, errors[1 : len(errors) - lead + 1][known], lead
        taken = _crossed(*pairs)
        share[k] = min(share[k - 1] if k else 1.0, safe_share(y, taken))
        steady[k], receding[k] = (share[k] * weights for weights in _weights(*pairs))
        told = np.zeros(len(known))
        told[known] = np.maximum(mean[lead:][known] + share[k] * taken, 0.0)
        of = signs(mean, told, errors, spread[lead:], lead, floor)[known]
        seen = observed[lead:][known]
        scale[k], shape[k], turn[k] = fit_range(of, seen - told[known], seen, floods, levels)
    return Correction(steady, receding, share, scale, shape, turn, levels, floor, floods)


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
        x, k = last[:-lead], lead - 1
        fallen = x * _recession(mean, lead, made.floor)[:, None]
        told = np.maximum(mean[lead:] + x @ made.steady[k] + fallen @ made.receding[k], 0.0)
        of = signs(mean, told, observed - mean, spread[lead:], lead, made.floor)
        flow[:-lead, k] = told
        band[:-lead, k] = range_of(told, of, made.scale[k], made.shape[k], made.turn[k])
    return flow, band


def plain_of(made: Correction) -> dict[str, object]:
    """A correction as plain lists and numbers of its units, for JSON: its (leads, …) as lists of
    ``leads``. NaN stays. No errors. Source: definition."""
    told = {f.name: getattr(made, f.name) for f in fields(made)}
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in told.items()}


def correction_of(plain: Mapping[str, Any]) -> Correction:
    """The correction that ``plain_of`` told, lists of ``leads`` as (leads, …) in its units; NaN
    stays. Raises TypeError for other parts (Python's). Source: definition."""
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
    step on. An error that is not known (NaN) counts as none, a lead beyond those learnt as the
    last.

    Raises:
        ValueError: fewer past steps than the correction's order, other lengths (numpy's).

    Source: as of ``fit_correction``.
    """
    errors, now = observed - past, past[-1]
    last = np.nan_to_num(errors[-made.steady.shape[1] :][::-1])
    flow = np.asarray(members, np.float64)
    told, band = np.empty(flow.shape), np.empty((*flow.shape, len(made.levels)))
    for n, one in enumerate(flow.T):
        k = min(n, len(made.steady) - 1)
        fallen = np.clip(one / max(now, made.floor), 0.0, 1.0)
        due = np.maximum(one + made.steady[k] @ last + fallen * (made.receding[k] @ last), 0.0)
        fixed = [abs(last[0]), 0.0, made.floor, late_of(errors, k + 1)[-1]]
        of = np.column_stack([due, np.abs(one - now), np.tile(fixed, (len(one), 1))])
        told[:, n] = due
        band[:, n] = range_of(due, of, made.scale[k], made.shape[k], made.turn[k])
    return told, band
