"""Accuracy of flood forecasts by GB/T 22482 (水文情报预报规范): tolerances, qualified rate, grades.

The numbers come in as ``Rules``; the table with sources is hazards/flood/data/gbt22482.csv.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rules:
    """Clauses as numbers.

    peak_share: tolerance of a peak, of the observed. depth_share, depth_cap, depth_floor: of the
    runoff depth, mm. time_share, time_floor_h: of the time from issue to the observed peak.
    change_share: of the observed change within the lead, for river routing; but not less than
    change_floor_share of the observed flow, or change_floor_m for a level. dc, rate: least values
    of grades 甲, 乙, 丙 by determination coefficient and by qualified rate.
    """

    peak_share: float
    depth_share: float
    depth_cap: float
    depth_floor: float
    time_share: float
    time_floor_h: float
    change_share: float
    change_floor_share: float
    change_floor_m: float
    dc: tuple[float, float, float]
    rate: tuple[float, float, float]


@dataclass(frozen=True)
class Item:
    """One judged number: error and tolerance in its own unit, and whether it qualifies."""

    what: str
    error: float
    tolerance: float

    @property
    def qualified(self) -> bool:
        return bool(abs(self.error) <= self.tolerance)


GRADES = ("甲", "乙", "丙", "等外")


def grade(value: float, least: tuple[float, float, float]) -> str:
    """甲, 乙, 丙 or 等外 (below: for reference only); NaN is 等外."""
    for name, bound in zip(GRADES, least, strict=False):
        if value >= bound:
            return name
    return GRADES[3]


def judge_event(
    simulated: Floats,
    observed: Floats,
    rules: Rules,
    *,
    dt_h: float,
    area_km2: float,
    issued: int = 0,
) -> list[Item]:
    """Peak, peak time and runoff depth of one rainfall-runoff event.

    Args:
        simulated, observed: m3/s over the event (time,), the observed without gaps.
        issued: index of the issue time, from which the time to the observed peak counts.

    Raises:
        ValueError: gaps, or different lengths.
    """
    s, o = np.asarray(simulated, np.float64), np.asarray(observed, np.float64)
    if s.shape != o.shape or not o.size or not (np.isfinite(s).all() and np.isfinite(o).all()):
        raise ValueError("an event needs simulated and observed flow without gaps")
    peak, time = float(o.max()), int(o.argmax())
    depth = 3.6 * dt_h / area_km2
    seen, told = float(o.sum() * depth), float(s.sum() * depth)
    allowed = max(min(rules.depth_share * seen, rules.depth_cap), rules.depth_floor)
    ahead = max(time - issued, 0) * dt_h
    late = max(rules.time_share * ahead, rules.time_floor_h, dt_h)
    return [
        Item("peak", float(s.max()) - peak, rules.peak_share * peak),
        Item("time", (int(s.argmax()) - time) * dt_h, late),
        Item("depth", told - seen, allowed),
    ]


def change_tolerance(
    observed: Floats | float, at_issue: Floats | float, rules: Rules, *, level: bool
) -> Floats:
    """Tolerance of a flow (m3/s), or of a ``level`` (m), routed down a river: a share of the
    observed change since the issue, with a floor. Broadcasts."""
    least = rules.change_floor_m if level else rules.change_floor_share * np.abs(observed)
    return np.asarray(np.maximum(rules.change_share * np.abs(observed - at_issue), least))


def qualified_rate(items: list[Item]) -> float:
    """Share of the items that qualify; NaN for none."""
    return sum(i.qualified for i in items) / len(items) if items else float("nan")
