"""Scores of forecasts by quantiles: weighted interval score, coverage, relative skill.

Truth (...) and quantiles (..., len(levels)) in one unit, usually cases; so are the scores. Arrays
that do not broadcast are numpy's ValueError.
Source: Bracher et al., PLoS Comput Biol 17 (2021) e1008618, eq. 1-3.
"""

import numpy as np

from fangxian.kernels.epi.detector import Floats


def _pairs(levels: tuple[float, ...]) -> tuple[int, list[tuple[int, int, float]]]:
    """Index of the median, and (low, high, alpha) of each central interval."""
    place = {round(q, 9): k for k, q in enumerate(levels)}
    if 0.5 not in place:
        raise ValueError("the median must be among the levels")
    pairs = []
    for q, k in place.items():
        if q < 0.5:
            other = place.get(round(1 - q, 9))
            if other is None:
                raise ValueError(f"level {q} has no counterpart {1 - q}")
            pairs.append((k, other, 2 * q))
    return place[0.5], pairs


def interval_score(truth: Floats, low: Floats, high: Floats, alpha: float) -> Floats:
    """Width plus 2/alpha times what lies outside; lower is better.

    All (...) in the unit of the truth; ``alpha`` in 0..1, both excluded: 1 - share of the interval.
    NaN gives NaN. No errors of its own; ends that are swapped are not noticed. Source: as the
    module says.
    """
    below = np.maximum(low - truth, 0.0)
    above = np.maximum(truth - high, 0.0)
    return np.asarray(high - low + 2 / alpha * (below + above))


def weighted_interval_score(truth: Floats, quantiles: Floats, levels: tuple[float, ...]) -> Floats:
    """WIS of each forecast: truth (...), quantiles (..., len(levels)), symmetric levels with the
    median; in the unit of the truth. NaN gives NaN. A level above the median without its
    counterpart is not used.

    Raises:
        ValueError: levels without the median, or one below it without its counterpart.
        IndexError: fewer quantiles than levels.

    Source: as the module says.
    """
    middle, pairs = _pairs(levels)
    total = 0.5 * np.abs(truth - quantiles[..., middle])
    for low, high, alpha in pairs:
        score = interval_score(truth, quantiles[..., low], quantiles[..., high], alpha)
        total = total + alpha / 2 * score
    return np.asarray(total / (len(pairs) + 0.5))


def coverage(truth: Floats, quantiles: Floats, levels: tuple[float, ...], share: float) -> float:
    """Part (0..1) of the truths (...) inside the central interval of ``share`` (ends included).

    NaN in the truth or a quantile counts as outside; no truth at all gives NaN.

    Raises:
        KeyError: no such interval among the levels.

    Source: definition.
    """
    low, high = round((1 - share) / 2, 9), round((1 + share) / 2, 9)
    place = {round(q, 9): k for k, q in enumerate(levels)}
    inside = (quantiles[..., place[low]] <= truth) & (truth <= quantiles[..., place[high]])
    return float(inside.mean())


def relative_skill(score: Floats, baseline: Floats) -> float:
    """Mean score (...) over mean score of a baseline, a ratio; below 1 is better than it.

    NaN gives NaN; a baseline of 0 gives inf or NaN with numpy's warning. No errors. Source:
    definition.
    """
    return float(np.mean(score) / np.mean(baseline))
