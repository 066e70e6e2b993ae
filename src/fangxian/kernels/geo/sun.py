"""How high the sun stands: darkness by formula."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

CIVIL_DEG = -6.0  # below it a coast is dark without lamps


def sun_altitude(*, at_s: ArrayLike, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.float64]:
    """The altitude of the sun's centre in degrees, without refraction.

    Args:
        at_s: Unix seconds, (...); any shape that goes with the others.
        lon, lat: degrees, east and north.

    Returns:
        degrees, -90 to 90; NaN where an argument is NaN. Within 0.05 degrees from 1950 to 2050.

    Raises:
        ValueError: shapes that do not go together (numpy's).

    Source: The Astronomical Almanac, low-precision formulas for the sun.
    """
    days = np.asarray(at_s, float) / 86400 - 10957.5  # since 2000-01-01 12:00 UTC
    mean = np.radians((357.529 + 0.98560028 * days) % 360)
    along = (280.459 + 0.98564736 * days + 1.915 * np.sin(mean) + 0.020 * np.sin(2 * mean)) % 360
    tilt = np.radians(23.439 - 0.00000036 * days)
    along = np.radians(along)
    ascension = np.arctan2(np.cos(tilt) * np.sin(along), np.cos(along))
    declination = np.arcsin(np.sin(tilt) * np.sin(along))
    sidereal = np.radians((280.46061837 + 360.98564736629 * days) % 360 + np.asarray(lon, float))
    high = np.radians(np.asarray(lat, float))
    up = np.sin(high) * np.sin(declination) + np.cos(high) * np.cos(declination) * np.cos(
        sidereal - ascension
    )
    found: NDArray[np.float64] = np.degrees(np.arcsin(np.clip(up, -1, 1)))
    return found
