"""Distances on the earth."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def great_circle_km(*, lon: Floats, lat: Floats, lon2: Floats, lat2: Floats) -> Floats:
    """Distance in km between points in degrees, by the haversine on a sphere of 6,371 km.

    Args:
        lon, lat, lon2, lat2: degrees, any shapes that broadcast, (n,) or scalar; a latitude beyond
            +-90 is not refused. NaN gives NaN.

    Raises:
        ValueError: shapes that do not broadcast (numpy's).

    Source: definition (haversine).
    """
    a, b, c, d = (np.radians(np.asarray(x, float)) for x in (lon, lat, lon2, lat2))
    half = np.sin((b - d) / 2) ** 2 + np.cos(b) * np.cos(d) * np.sin((a - c) / 2) ** 2
    return np.asarray(2 * 6371.0 * np.arcsin(np.sqrt(half)))
