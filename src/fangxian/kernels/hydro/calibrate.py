"""SCE-UA, the shuffled complex evolution, with all complexes evaluated at once.

Source: Duan, Sorooshian, Gupta, Water Resour Res 28 (1992) 1015; J Hydrol 158 (1994) 265.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Evaluate = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Found:
    """Where a search ended. It checks nothing and raises no errors; no NaN. Source: own choice.

    Attributes:
        best: (n,), the best point, in the units of the bounds.
        value: what ``evaluate`` gave there, lower is better.
        evaluations: how many points were evaluated.
        on_bound: indices of the parameters that ended on a bound (within a thousandth of the
            range).
        stopped: why: evaluations, no change, or points met.
        history: evaluations and best value after each shuffle.
    """

    best: Floats
    value: float
    evaluations: int
    on_bound: list[int]
    stopped: str
    history: list[tuple[int, float]]


def sce_ua(
    evaluate: Evaluate,
    low: Floats,
    high: Floats,
    *,
    seed: int,
    max_evaluations: int = 10_000,
    complexes: int = 4,
    tolerance: float = 1e-4,
    loops: int = 10,
    first: Floats | None = None,
    told: Callable[[int, float], None] | None = None,
) -> Found:
    """Minimise ``evaluate``, which takes (points, n) and gives (points,); NaN and infeasible points
    count as infinitely bad, and so does any infinite value.

    Args:
        evaluate: from points in the units of the bounds to values.
        low, high: bounds (n,), finite.
        max_evaluations: no further round begins after so many.
        complexes: each has 2n + 1 points and takes 2n + 1 steps between shuffles.
        tolerance: stop when the best value changed by less than this share over ``loops`` shuffles.
        first: a point to start with (warm start), cut to the bounds.
        told: called with evaluations and best value after each shuffle.

    Raises:
        ValueError: bounds that leave no room, or no feasible point among the first.

    Source: Duan 1992 and 1994; that infeasible first points are drawn again is our own choice.
    """
    low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
    if low.shape != high.shape or not (low < high).all():
        raise ValueError("every lower bound must be below its upper bound")
    rng = np.random.default_rng(seed)
    n, span = len(low), high - low
    size = 2 * n + 1
    points = low + span * rng.random((complexes * size, n))
    if first is not None:
        points[0] = np.clip(first, low, high)
    values = _finite(evaluate(points))
    used = len(points)
    for _ in range(20):  # infeasible corners of the box: draw again
        bad = np.isinf(values)
        if not bad.any():
            break
        points[bad] = low + span * rng.random((int(bad.sum()), n))
        values[bad] = _finite(evaluate(points[bad]))
        used += int(bad.sum())
    if np.isinf(values).all():
        raise ValueError("no point within the bounds has a value")
    history: list[tuple[int, float]] = []
    stopped = "evaluations"
    while True:
        order = np.argsort(values, kind="stable")
        points, values = points[order], values[order]
        history.append((used, float(values[0])))
        if told:
            told(used, float(values[0]))
        if used >= max_evaluations:
            break
        if len(history) > loops:
            change = abs(history[-1 - loops][1] - values[0])
            if change <= tolerance * (abs(values[0]) + 1e-12):
                stopped = "no change"
                break
        if float(np.exp(np.log(np.maximum(np.ptp(points, axis=0) / span, 1e-300)).mean())) < 1e-5:
            stopped = "points met"
            break
        # complex c takes every complexes-th point
        groups = np.stack([np.arange(c, len(points), complexes) for c in range(complexes)])
        used += _evolve(rng, evaluate, points, values, groups, low, high)
    near = 1e-3 * span
    edge = (points[0] - low < near) | (high - points[0] < near)
    return Found(points[0], float(values[0]), used, np.flatnonzero(edge).tolist(), stopped, history)


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.inf)


def _evolve(
    rng: np.random.Generator,
    evaluate: Evaluate,
    points: Floats,
    values: Floats,
    groups: "np.ndarray",
    low: Floats,
    high: Floats,
) -> int:
    """2n + 1 competitive steps of every complex, side by side. Returns evaluations used."""
    complexes, size = groups.shape
    n = points.shape[1]
    weight = 2.0 * (size - np.arange(size)) / (size * (size + 1))
    used = 0
    for _ in range(size):
        chosen = np.stack(
            [np.sort(rng.choice(size, n + 1, replace=False, p=weight)) for _ in range(complexes)]
        )
        rows = np.take_along_axis(groups, chosen, axis=1)
        worst = rows[:, -1]
        centre = points[rows[:, :-1]].mean(axis=1)
        inside_low, inside_high = points[groups].min(axis=1), points[groups].max(axis=1)
        random, another = (
            inside_low + (inside_high - inside_low) * rng.random((complexes, n)) for _ in range(2)
        )
        reflected = 2.0 * centre - points[worst]
        outside = ((reflected < low) | (reflected > high)).any(axis=1)
        trial = np.where(outside[:, None], random, reflected)
        value = _finite(evaluate(trial))
        used += complexes
        fails = value >= values[worst]
        if fails.any():
            halfway = (centre + points[worst]) / 2
            value2 = _finite(evaluate(halfway[fails]))
            used += int(fails.sum())
            trial[fails], value[fails] = halfway[fails], value2
            still = np.flatnonzero(value >= values[worst])
            if still.size:
                trial[still] = another[still]
                value[still] = _finite(evaluate(another[still]))
                used += len(still)
        points[worst], values[worst] = trial, value
        for c in range(complexes):
            order = np.argsort(values[groups[c]], kind="stable")
            points[groups[c]] = points[groups[c]][order]
            values[groups[c]] = values[groups[c]][order]
    return used
