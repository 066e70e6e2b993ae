"""How far a position lies from the thing it is said to be at."""

from typing import Any

import numpy as np

from fangxian.kernels.common.sphere import great_circle_km
from fangxian.spine.registry.models import Place, Site


def distance_m(
    site: Site | None, place: Place, lon: float | None, lat: float | None
) -> float | None:
    """How far a position lies from its thing: from the nearest of its line or area, else from its
    point; None where either has none."""
    if lon is None or lat is None:
        return None
    if site is not None and site.shape:
        return _from_shape(site.shape, lon, lat)
    thing = site or place
    if thing.lon is None or thing.lat is None:
        return None
    a = [np.array(x) for x in (lon, lat, thing.lon, thing.lat)]
    km = great_circle_km(lon=a[0], lat=a[1], lon2=a[2], lat2=a[3])
    return round(float(km) * 1000, 1)


def _from_shape(shape: Any, lon: float, lat: float) -> float:
    import shapely
    import shapely.geometry

    kind = shapely.geometry.shape(shape)
    here = shapely.Point(lon, lat)
    if kind.geom_type.endswith("Polygon") and kind.contains(here):
        return 0.0
    wide = float(np.cos(np.radians(lat)))  # degrees of longitude as long as those of latitude
    flat = shapely.transform(kind, lambda xy: xy * [wide, 1.0])
    return round(flat.distance(shapely.Point(lon * wide, lat)) * 111_195, 1)
