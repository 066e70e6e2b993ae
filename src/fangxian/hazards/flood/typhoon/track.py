"""Best tracks of RSMC Tokyo: reading the file as it is published. Rain from a track is a kernel."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np


@dataclass(frozen=True, slots=True)
class Fix:
    """A position of the centre. ``wind_kt`` is the 10-minute mean; None is below 35 kt
    or not given."""

    at: datetime
    lat: float
    lon: float
    pressure_hpa: int
    wind_kt: int | None


def read_track(text: str, number: str) -> list[Fix]:
    """The fixes of one storm by its international number. Raises LookupError if it is not there.

    Source: RSMC Tokyo best track format; a header line 66666, then one line a fix.
    """
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("66666") and line[6:10] == number:
            return list(_fixes(lines, int(line[12:15])))
    raise LookupError(f"no storm {number} in this file")


def _fixes(lines: Iterator[str], n: int) -> Iterator[Fix]:
    for _, line in zip(range(n), lines, strict=False):
        year = int(line[0:2])
        at = datetime(
            1900 + year if year > 50 else 2000 + year,
            int(line[2:4]),
            int(line[4:6]),
            int(line[6:8]),
            tzinfo=UTC,
        )
        wind = int(line[33:36] or 0)
        yield Fix(at, int(line[15:18]) / 10, int(line[19:23]) / 10, int(line[24:28]), wind or None)


def meranti() -> list[Fix]:
    """Typhoon 1614 Meranti, September 2016."""
    path = Path(__file__).parent / "data" / "jma_1614_meranti.txt"
    return read_track(path.read_text(encoding="ascii"), "1614")


def along(fixes: list[Fix], times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Longitude, latitude and wind (kt) at ``times_s``, linear between fixes. A wind not given is
    taken as 25 kt: below the 35 kt that would have been given."""
    at = np.array([f.at.timestamp() for f in fixes])
    wind = np.array([f.wind_kt or 25 for f in fixes], float)
    lon, lat = np.array([f.lon for f in fixes]), np.array([f.lat for f in fixes])
    return np.interp(times_s, at, lon), np.interp(times_s, at, lat), np.interp(times_s, at, wind)
