"""Forecast of counts 1..4 periods ahead, with quantiles whose width comes from its own past errors.

Counts are cases a period, (series, time) or (time,). NaN is refused.
Sources: the hub's baseline, Cramer et al., PNAS 119 (2022) e2113561119; damped trend, Gardner and
McKenzie, Manage Sci 31 (1985) 1237; split conformal residuals, Lei et al., JASA 113 (2018) 1094.
"""

from dataclasses import dataclass

import numpy as np

from fangxian.kernels.epi.detector import Floats
from fangxian.kernels.epi.nowcast import QUANTILES


@dataclass(frozen=True)
class Forecast:
    """Forecast counts, cases a period, >= 0, never NaN. It checks nothing and raises no errors.
    Source: definition.

    Attributes:
        median: (series, horizons), the point forecast.
        quantiles: (series, horizons, len(levels)).
        levels: probabilities of the quantiles.
    """

    median: Floats
    quantiles: Floats
    levels: tuple[float, ...]


def _checked(counts: Floats, least: int) -> Floats:
    counts = np.atleast_2d(np.asarray(counts, np.float64))
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise ValueError("a forecast needs counts >= 0 without gaps (nowcast or fill them)")
    if counts.shape[1] < least:
        raise ValueError(f"a forecast needs at least {least} periods of history")
    return counts


def hub_baseline(
    counts: Floats,
    *,
    horizons: int = 4,
    seed: int = 0,
    samples: int = 4000,
    levels: tuple[float, ...] = QUANTILES,
) -> Forecast:
    """Last count, spread by the past differences and their mirror images, summed over the
    horizon; quantiles floored at 0. What every forecast has to beat. The same seed gives the same
    answer. Shape, unit, NaN: as the module says.

    Raises:
        ValueError: fewer than 3 periods, gaps, negative counts, or 0.5 not among the levels.

    Source: Cramer 2022, the COVIDhub-baseline.
    """
    counts = _checked(counts, 3)
    rng = np.random.default_rng(seed)
    steps = np.diff(counts, axis=1)
    both = np.concatenate([steps, -steps], axis=1)
    chosen = rng.integers(0, both.shape[1], (samples, horizons))
    paths = counts[:, -1, None, None] + np.cumsum(both[:, chosen], axis=2)
    quantiles = np.moveaxis(np.quantile(paths, levels, axis=1), 0, -1)
    middle = counts[:, -1, None, None]
    centre = quantiles[..., [levels.index(0.5)]]
    quantiles = np.maximum(quantiles - centre + middle, 0.0)
    return Forecast(np.repeat(counts[:, -1:], horizons, axis=1), quantiles, levels)


def _points(log: Floats, freq: int, horizons: int, damping: float, memory: int) -> Floats:
    """Log forecasts from every origin: (series, time, horizons). Trend: the mean of the last
    ``memory`` log differences, damped; season: the mean log change of the same periods in the
    years before takes 0.8 of the say from two years on, 0.4 with one."""
    n, length = log.shape
    steps = np.diff(log, axis=1, prepend=log[:, :1])
    trend = np.zeros_like(log)
    for back in range(memory):
        trend[:, memory:] += steps[:, memory - back : length - back] / memory
    reach = np.cumsum(damping ** np.arange(1, horizons + 1))
    out = np.empty((n, length, horizons))
    for h in range(1, horizons + 1):
        change = trend * reach[h - 1]
        seasonal, years = np.zeros((n, length)), np.zeros(length)
        for year in range(1, length // freq + 1):
            shift = year * freq
            if shift <= h:
                break
            seasonal[:, shift:] += log[:, h : length - shift + h] - log[:, : length - shift]
            years[shift:] += 1
        has = years > 0
        seasonal[:, has] /= years[has]
        share = np.where(years >= 2, 0.8, np.where(years == 1, 0.4, 0.0))
        out[:, :, h - 1] = log + (1 - share) * change + share * seasonal
    return out


def forecast(
    counts: Floats,
    *,
    freq: int = 52,
    horizons: int = 4,
    damping: float = 0.3,
    memory: int = 2,
    history: int = 104,
    levels: tuple[float, ...] = QUANTILES,
) -> Forecast:
    """Damped trend on log(count + 1), with the seasons of past years once there are some; the
    quantiles are those of its own errors, by horizon, from the last ``history`` origins.

    Args:
        counts: (series, time), cases, without gaps. NaN: as the module says.
        freq: periods a year, >= 1. damping: 0 (no trend) .. 1 (not checked). memory: differences
            the trend takes, >= 1.
        horizons: fewer than the periods less ``memory``.

    Raises:
        ValueError: fewer than 12 periods, gaps, negative counts.
        IndexError: more horizons than the history has errors of (numpy's).

    Source: Gardner and McKenzie 1985, Lei 2018; the weight of the seasons is our own choice.
    """
    counts = _checked(counts, 12)
    log = np.log1p(counts)
    points = _points(log, freq, horizons, damping, memory)
    n = len(counts)
    quantiles = np.empty((n, horizons, len(levels)))
    for h in range(1, horizons + 1):
        past = points[:, memory:-h, h - 1]
        error = (log[:, memory + h :] - past)[:, -history:]
        both = np.concatenate([error, -error], axis=1)  # symmetric: the median stays the forecast
        spread = np.quantile(both, levels, axis=1).T
        quantiles[:, h - 1] = np.expm1(points[:, -1, h - 1, None] + spread)
    quantiles = np.maximum(quantiles, 0.0)
    return Forecast(np.maximum(np.expm1(points[:, -1]), 0.0), quantiles, levels)
