"""Accuracy of flood forecasts by GB/T 22482 (水文情报预报规范): tolerances, qualified rate, grades.

The numbers come in as ``Rules``; the table with sources is hazards/flood/data/gbt22482.csv, which
says of each whether it was verified. The standard's text was not seen, so no clauses are given.
Source: GB/T 22482-2008 by that table.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rules:
    """Clauses as scalars, shares 0..1; nothing is checked, no errors, and NaN qualifies nothing.
    Source: as the module says.

    Attributes:
        peak_share: tolerance of a peak, of the observed.
        depth_share: of the runoff depth, of the observed.
        depth_cap, depth_floor: its bounds, mm.
        time_share: of the time from issue to the observed peak.
        time_floor_h: its least, h.
        change_share: of the observed change within the lead, for river routing.
        change_floor_share: its least for a flow, of the observed flow.
        change_floor_m: its least for a level, m.
        dc: least determination coefficients of grades 甲, 乙, 丙.
        rate: least qualified rates of them.
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
    """One judged number, scalars. It checks nothing and raises no errors. Source: as the module
    says.

    Attributes:
        what: peak (m3/s), time (h) or depth (mm).
        error: forecast less observed, in that unit.
        tolerance: largest error that qualifies, same unit; NaN in either does not qualify.
    """

    what: str
    error: float
    tolerance: float

    @property
    def qualified(self) -> bool:
        """Whether the error lies within the tolerance, ends included. No errors."""
        return bool(abs(self.error) <= self.tolerance)


GRADES = ("甲", "乙", "丙", "等外")


def grade(value: float, least: tuple[float, float, float]) -> str:
    """甲, 乙, 丙 or 等外 (below: for reference only) of a share or coefficient.

    A dimensionless scalar; NaN is 等外. ``least`` falls from grade to grade (not checked). No
    errors. Source: as the module says."""
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
        simulated, observed: m3/s over the event (time,), without gaps.
        rules: tolerances.
        dt_h, area_km2: step in h and area, above 0 (not checked).
        issued: index of the issue time, from which the time to the observed peak counts; after the
            peak it counts as 0.

    Raises:
        ValueError: gaps (NaN) in either, different lengths, no steps.
        ZeroDivisionError: an area of 0.

    Source: as the module says.
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
    observed change since the issue, with a floor. (n,) or scalar, broadcasts; NaN gives NaN. No
    errors of its own. Source: as the module says."""
    least = rules.change_floor_m if level else rules.change_floor_share * np.abs(observed)
    return np.asarray(np.maximum(rules.change_share * np.abs(observed - at_issue), least))


def qualified_rate(items: list[Item]) -> float:
    """Share of the items that qualify, a scalar 0..1; NaN for none. No errors. Source: as the
    module says."""
    return sum(i.qualified for i in items) / len(items) if items else float("nan")
