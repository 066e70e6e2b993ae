"""What is put in the place of rain that is missing. Pure, for any process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

HOUR_S = 3600
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Filled:
    """Rain of a basin's gauges without gaps (hours, gauges), and where it was put in: from its
    ``neighbours`` (the mean of the other gauges), or nothing at all was known (``blind``: 0 mm)."""

    mm: Floats
    neighbours: NDArray[np.bool_]
    blind: NDArray[np.bool_]


def fill(mm: Floats) -> Filled:
    """Gaps of rain by the mean of the other gauges in the same hour; 0 where no gauge is known."""
    gap = np.isnan(mm)
    known = (~gap).sum(axis=1)
    mean = np.nansum(mm, axis=1) / np.maximum(known, 1)
    filled = np.where(gap, mean[:, None], mm)
    blind = known == 0
    return Filled(filled, gap & ~blind[:, None], blind)


def replaced(filled: Filled, weights: Floats, areas: Floats, last: int) -> float:
    """The share of the last hours' rain, by area, that is not what a gauge of its own said."""
    by_gauge = np.average(weights, axis=0, weights=areas)
    gap = filled.neighbours[-last:] | filled.blind[-last:, None]
    return float((gap * by_gauge).sum(axis=1).mean()) if len(gap) else 0.0


def told(filled: Filled, gauges: Mapping[int, str], order: Sequence[int]) -> list[dict[str, Any]]:
    """Which gauges' hours were put in, worst first."""
    missing = filled.neighbours.sum(axis=0) + filled.blind.sum()
    rows = [
        {"gauge": gauges.get(key, str(key)), "hours": int(n), "of": len(filled.mm)}
        for key, n in zip(order, missing, strict=True)
        if n
    ]
    return sorted(rows, key=lambda row: -row["hours"])
