"""Typhoon rain from a track by R-CLIPER, a published parametric model."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

INCH_PER_DAY = 25.4 / 24  # mm/h


def rain_rate_mm_h(*, distance_km: Floats, wind_kt: Floats) -> Floats:
    """Mean rain rate around a typhoon.

    distance_km: distance from the centre, any shape (n,), >= 0 (not checked). wind_kt: greatest
    sustained wind, 0 .. 165, broadcast against it; below 35 kt the formula's own floor at 35 kt is
    scaled by wind / 35, so that a dissolving storm dies away; above 165 kt the radius of the
    formula's peak turns negative and the numbers mean nothing (not checked). NaN in gives NaN out.
    Returns mm/h. No errors of its own.

    Source: Tuleya, DeMaria and Kuligowski 2007, Weather and Forecasting 22:56, eq. 1-3 with the
    coefficients of its table for R-CLIPER: a climatological mean without asymmetry or terrain.
    """
    distance = np.asarray(distance_km, float)
    wind = np.asarray(wind_kt, float)
    u = 1 + (np.maximum(wind, 35.0) - 35) / 33
    centre = (-1.10 + 3.96 * u) * INCH_PER_DAY
    peak = (-1.60 + 4.80 * u) * INCH_PER_DAY
    peak_km = 64.5 - 13.0 * u
    fade_km = 150.0 - 16.0 * u
    inside = centre + (peak - centre) * distance / peak_km
    outside = peak * np.exp(-(distance - peak_km) / fade_km)
    rate = np.where(distance < peak_km, inside, outside)
    return np.asarray(np.maximum(rate, 0.0) * np.minimum(wind / 35, 1.0))


def cascade_m3_s(*, rain_mm: Floats, area_km2: Floats, hours: Floats, step_h: float) -> Floats:
    """Runoff of basins by two equal linear reservoirs in a row, from empty.

    rain_mm: rain of each step, shape (basins, steps); area_km2, hours (storage constant of one
    reservoir): shape (basins,) or one for all. Returns discharge in m3/s, shape (basins, steps).
    Mass is kept: what has not left yet is still stored. NaN in the rain gives NaN from there on.

    Raises:
        ValueError: hours not above 0, NaN hours, a step_h of 0 or less, shapes that do not fit.

    Source: Nash 1957, n = 2.
    """
    rain = np.asarray(rain_mm, float)
    if not (np.asarray(hours) > 0).all() or step_h <= 0:
        raise ValueError("hours and step_h must be positive")
    keep = np.exp(-step_h / np.asarray(hours, float))
    store = np.zeros((2, rain.shape[0]))
    out = np.empty_like(rain)
    for step in range(rain.shape[1]):
        flow = rain[:, step]
        for tank in (0, 1):
            full = store[tank] + flow
            store[tank] = full * keep
            flow = full - store[tank]
        out[:, step] = flow
    return np.asarray(out * np.asarray(area_km2, float)[:, None] / (3.6 * step_h))
