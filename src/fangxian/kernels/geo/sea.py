"""Vessels as points: who is near whom, who goes nowhere."""

import numpy as np
from numpy.typing import NDArray

from fangxian.kernels.common.sphere import sphere_tree

EARTH_KM = 6371.0088


def near_pairs(
    *, lon: NDArray[np.float64], lat: NDArray[np.float64], km: float
) -> NDArray[np.int64]:
    """Pairs of points at most so far apart.

    Args:
        lon, lat: degrees, (n,), without NaN.
        km: the distance, above 0.

    Returns:
        indices, (k, 2), the lower first, in no order; none where ``km`` is NaN.

    Raises:
        ValueError: NaN or infinity among two or more points (scipy's), shapes that differ.

    Source: definition (arc to chord on a sphere of 6,371 km).
    """
    if len(lon) < 2:
        return np.zeros((0, 2), np.int64)
    tree = sphere_tree(lon=lon, lat=lat)
    found = tree.query_pairs(2 * np.sin(km / EARTH_KM / 2), output_type="ndarray")
    return np.asarray(found, np.int64)


def apart_km(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    to_lon: NDArray[np.float64],
    to_lat: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Great-circle distances, km, of degrees; shapes (...) as numpy joins them. NaN gives NaN.
    Raises ValueError for shapes that do not go together (numpy's). Source: haversine formula."""
    a, b, c, d = (np.radians(np.asarray(one, float)) for one in (lon, lat, to_lon, to_lat))
    half = np.sin((d - b) / 2) ** 2 + np.cos(b) * np.cos(d) * np.sin((c - a) / 2) ** 2
    found: NDArray[np.float64] = 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return found


def wandering(*, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> tuple[float, float]:
    """How far a track of points went in all, and how far from its start it came, km. (0, 0) for
    fewer than two points.

    lon, lat: degrees, (n,), in the order of time; a NaN makes both NaN. Raises ValueError for
    shapes that differ (numpy's). Source: definition, by ``apart_km``.
    """
    if len(lon) < 2:
        return 0.0, 0.0
    legs = apart_km(lon[:-1], lat[:-1], lon[1:], lat[1:])
    away = apart_km(lon[0], lat[0], lon, lat)
    return float(legs.sum()), float(away.max())
