"""Distances on the earth."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

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


def on_sphere(*, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points in degrees as points of the unit sphere, so that near is near in a tree.

    Args:
        lon, lat: degrees, (n,). NaN gives NaN.

    Returns:
        (n, 3).

    Raises:
        ValueError: shapes that differ (numpy's).

    Source: definition.
    """
    a, b = np.radians(np.asarray(lon, float)), np.radians(np.asarray(lat, float))
    return np.column_stack([np.cos(b) * np.cos(a), np.cos(b) * np.sin(a), np.sin(b)])


def sphere_tree(*, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> "cKDTree":
    """A tree of points in degrees, to be asked with points of ``on_sphere`` and chords.

    Args:
        lon, lat: (n,) degrees; NaN is refused.

    Returns:
        A tree of n points in the order given. Distances are chords of the unit sphere.

    Raises:
        ValueError: different lengths, or what is not finite.

    Source: SciPy.
    """
    from scipy.spatial import cKDTree

    return cKDTree(on_sphere(lon=lon, lat=lat))
