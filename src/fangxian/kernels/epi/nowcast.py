"""Nowcast: how many cases of the last days there are, of which some are not reported yet.

Sources: reversed-time hazards of the delay, Kalbfleisch and Lawless, J Am Stat Assoc 84 (1989)
360; Hoehle and an der Heiden, Biometrics 70 (2014) 993. The level of each day is a gamma whose
mean is a local average of cases over their reported share.
"""

from dataclasses import dataclass

import numpy as np

from fangxian.kernels.epi.detector import Floats, Ints

# The 23 quantiles of the forecast hubs.
QUANTILES = (0.01, 0.025, *np.round(np.arange(0.05, 0.951, 0.05), 2).tolist(), 0.975, 0.99)


@dataclass(frozen=True)
class Nowcast:
    """By day, oldest first, in cases; no NaN. It checks nothing and raises no errors. Source: own
    choice.

    Attributes:
        reported: (days,), cases reported so far.
        share: (days,), expected to be reported by now, 0..1; 1 where the longest delay has passed.
        mean: (days,), posterior mean of the final count.
        quantiles: (days, len(levels)), of the final count.
        levels: probabilities of the quantiles.
    """

    reported: Floats
    share: Floats
    mean: Floats
    quantiles: Floats
    levels: tuple[float, ...]


def triangle(event: Ints, report: Ints, now: int, days: int, max_delay: int) -> Floats:
    """Cases by event day (the last ``days`` up to ``now``) and delay 0..max_delay, as known on
    ``now``: (days, max_delay + 1); NaN where the report day is still to come.

    ``event`` and ``report`` are whole day numbers (cases,), one of each a case. Reports later than
    ``max_delay`` count as ``max_delay``; cases outside the days are left out.

    Raises:
        ValueError: a report before its event, different lengths, NaN.

    Source: definition.
    """
    event, report = np.asarray(event, np.int64), np.asarray(report, np.int64)
    if event.shape != report.shape or (report < event).any():
        raise ValueError("every case needs an event day and a report day not before it")
    known = (report <= now) & (event <= now) & (event > now - days)
    row = event[known] - (now - days + 1)
    delay = np.minimum(report[known] - event[known], max_delay)
    cells = np.zeros((days, max_delay + 1))
    np.add.at(cells, (row, delay), 1.0)
    age = np.arange(days - 1, -1, -1)[:, None]
    return np.where(np.arange(max_delay + 1) <= age, cells, np.nan)


def reversed_hazards(cells: Floats, recent: int, discount: float) -> tuple[Floats, Floats]:
    """For each delay d >= 1: cases with delay exactly d and all with delay <= d, over the newest
    ``recent`` days that have been watched for d days; ``discount`` < 1 keeps that share of the
    information, since the delays of one day move together.

    ``cells`` are (days, delays), in cases, as of ``triangle``; both results (delays,), 0 at delay
    0. NaN in a cell that is used gives NaN: known cells have none. No errors of its own. Source:
    Kalbfleisch and Lawless 1989; the discount is our own choice.
    """
    days, width = cells.shape
    hits, trials = np.zeros(width), np.zeros(width)
    for d in range(1, width):
        last = days - d
        rows = slice(max(0, last - recent), max(last, 0))
        hits[d] = cells[rows, d].sum()
        trials[d] = cells[rows, : d + 1].sum()
    return hits * discount, trials * discount


def _levels(reported: Floats, share: Floats, reach: float) -> Floats:
    """Mean of each day's count: cases over their reported share, both averaged over near days."""
    index = np.arange(len(reported))
    near = np.exp(-np.abs(index[:, None] - index) / reach)
    return np.asarray((near @ reported + 0.1) / (near @ share + 0.1))


def nowcast(
    cells: Floats,
    *,
    seed: int,
    samples: int = 2000,
    recent: int = 4,
    discount: float = 0.15,
    firmness: float = 3.0,
    reach: float = 1.5,
    caution: float = 4.0,
    levels: tuple[float, ...] = QUANTILES,
) -> Nowcast:
    """Posterior of the final counts of a reporting triangle (days, delays), from ``triangle``.

    Args:
        cells: cases; NaN only where the report day is still to come, and what stands there is not
            read.
        samples, seed: Monte Carlo draws; the same seed gives the same answer.
        recent: newest report days the delays are learnt from; few, as offices change pace.
        discount: share of their information that is believed, 0..1.
        firmness: shape of the gamma of each day's level round its local mean, > 0.
        caution: pseudo cases with uniform delays that stand against scarce data, > 0.
        reach: days over which levels are averaged (e-folding), > 0.

    A day whose maximal delay has passed is final: its quantiles are its count.

    Raises:
        ValueError: a triangle with negative or missing known cells; from numpy for a caution or
            discount that leaves no prior, and for levels outside 0 .. 1.

    Source: Hoehle and an der Heiden 2014 on Kalbfleisch and Lawless 1989; local level, discount and
    caution are our own choice (docs/methods/nowcast.md).
    """
    cells = np.asarray(cells, np.float64)
    days, width = cells.shape
    age = np.arange(days - 1, -1, -1)
    open_ = np.arange(width) > age[:, None]
    if np.isnan(cells[~open_]).any() or (cells[~open_] < 0).any():
        raise ValueError("known cells of the triangle must be counts >= 0")
    reported = np.nansum(np.where(open_, 0.0, cells), axis=1)
    rng = np.random.default_rng(seed)
    hits, trials = reversed_hazards(np.nan_to_num(cells), recent, discount)
    # Prior of each hazard: pseudo cases spread as if delays were uniform.
    prior = caution / np.arange(1, width + 1)
    hazard = rng.beta(hits + prior, trials - hits + caution - prior + 1e-3, (samples, width))
    hazard[:, 0] = 0.0
    late = np.cumprod((1 - hazard)[:, ::-1], axis=1)[:, ::-1]  # product over delays >= d
    by_now = np.column_stack([late[:, 1:], np.ones(samples)])  # share reported within d
    share = np.where(age >= width - 1, 1.0, by_now[:, np.minimum(age, width - 1)])
    level = _levels(reported, share.mean(axis=0), reach)
    rate = rng.standard_gamma(firmness + reported, (samples, days))
    rate /= firmness / level + share
    total = reported + rng.poisson(rate * (1 - share))
    total = np.where(age >= width - 1, reported, total)
    return Nowcast(
        reported=reported,
        share=share.mean(axis=0),
        mean=total.mean(axis=0),
        quantiles=np.quantile(total, levels, axis=0).T,
        levels=levels,
    )
