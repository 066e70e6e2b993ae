"""A basin of plain numbers, ready to run in any process: nothing of the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BEIJING_S = 8 * 3600


@dataclass(frozen=True, slots=True)
class Above:
    """A basin whose flow comes in from above."""

    code: str
    travel_h: float
    x: float


@dataclass(frozen=True, slots=True)
class Whole:
    """A basin ready to run, of plain numbers. ``weights`` (parts, gauges) sum to 1 in each part;
    ``sets`` are its parameter sets, the first is the one whose errors were learnt."""

    code: str
    model: str
    areas: tuple[float, ...]
    network_km2: float
    pan_mm_day: tuple[float, ...]
    gauges: tuple[int, ...]
    weights: tuple[tuple[float, ...], ...]
    sets: tuple[tuple[str, tuple[float, ...]], ...]
    learnt: Mapping[str, Any] | None
    rating: tuple[tuple[float, ...], tuple[float, ...]] | None
    above: tuple[Above, ...]

    @property
    def area_km2(self) -> float:
        return sum(self.areas)

    def pan(self, since_s: int, hours: int) -> Any:
        """Potential evaporation (hours,), mm an hour, by the month of Beijing."""
        import numpy as np

        at = (since_s + BEIJING_S + 3600 * np.arange(1, hours + 1)).astype("datetime64[s]")
        month = at.astype("datetime64[M]").astype(np.int64) % 12
        return np.asarray(self.pan_mm_day)[month] / 24
