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
        shift: how much later (above 0) or sooner the newest days are reported than those before,
            as a z; beyond 2 the delays differ and a person should look.
        silent: report days up to now that were silent by rule: what they hold has not come.
    """

    reported: Floats
    share: Floats
    mean: Floats
    quantiles: Floats
    levels: tuple[float, ...]
    shift: float
    silent: int


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


def arrivals(cells: Floats) -> Floats:
    """Reports that came on each day (days,), in cases, of a triangle (days, delays); the cells to
    come, NaN, count nothing, nor does the longest delay, which holds later ones too. No errors of
    its own. Source: definition."""
    days, width = cells.shape
    known = np.nan_to_num(cells)
    out = np.zeros(days)
    for d in range(min(width - 1, days)):
        out[d:] += known[: days - d, d]
    return out


def silence(cells: Floats, watched: int = 14) -> tuple[int, int]:
    """Whether silent report days are no chance: how many days up to now are silent so, and, where
    most days are, how many days lie between two batches (else 1).

    ``cells`` (days, delays) in cases, NaN where it is to come. Days count as silent by rule when
    two or more of the last ``watched`` are, and more than three times what a Poisson of their mean
    gives. No errors of its own. Source: own choice, docs/methods/nowcast.md.
    """
    came = arrivals(cells)
    last = came[-watched:]
    silent = int((last == 0).sum())
    if silent < 2 or silent <= 3 * len(last) * np.exp(-last.mean()) + 1 or not came.any():
        return 0, 1
    gap = int(np.argmax(came[::-1] > 0))
    if 2 * silent <= len(last):
        return gap, 1
    batches = np.flatnonzero(came[-watched - 7 :])
    return gap, max(round(float(np.diff(batches).mean())), 1) if len(batches) > 2 else 1


def spread_batches(cells: Floats, every: int, rounds: int = 5) -> Floats:
    """Delays (days, delays) as they would be without batches: a report that came with one was ready
    on one of the ``every`` days up to it, by the delays' own shares, found in ``rounds`` of EM. In
    cases, no NaN in and none out. No errors of its own. Source: Turnbull, J R Stat Soc B 38 (1976)
    290, for delays that are known to an interval."""
    width = cells.shape[1]
    weight = np.ones(width)
    out = np.zeros_like(cells)
    for _ in range(rounds):
        out = np.zeros_like(cells)
        for d in range(width):
            low = max(0, d - every + 1)
            mine = weight[low : d + 1] + 1e-9
            out[:, low : d + 1] += cells[:, [d]] * (mine / mine.sum())
        weight = out.sum(axis=0)
    return out


def delay_shift(cells: Floats, newest: int = 7, before: int = 14) -> float:
    """How much later (above 0) or sooner (below 0) the cases of the ``newest`` event days are
    reported than those of the ``before`` days before them, at equal ages: Mantel and Haenszel's z
    over the delays, each against all that are not longer. 0 where nothing can be compared.

    ``cells`` (days, delays) in cases, no NaN. No errors of its own. Source: Mantel and Haenszel,
    J Natl Cancer Inst 22 (1959) 719.
    """
    days, width = cells.shape
    apart, variance = 0.0, 0.0
    for d in range(1, width):
        watched = days - d
        new = slice(max(0, days - newest), watched)
        old = slice(max(0, days - newest - before), days - newest)
        if watched <= days - newest or days <= newest:
            continue
        h1, t1 = cells[new, d].sum(), cells[new, : d + 1].sum()
        h0, t0 = cells[old, d].sum(), cells[old, : d + 1].sum()
        total, hits = t1 + t0, h1 + h0
        if total >= 2 and t1 and t0:
            apart += h1 - t1 * hits / total
            variance += t1 * t0 * hits * (total - hits) / (total**2 * (total - 1))
    return float(apart / np.sqrt(variance)) if variance > 0 else 0.0


def _levels(reported: Floats, share: Floats, reach: float) -> Floats:
    """Mean of each day's count: cases over their reported share, both averaged over near days."""
    index = np.arange(len(reported))
    near = np.exp(-np.abs(index[:, None] - index) / reach)
    return np.asarray((near @ reported + 0.1) / (near @ share + 0.1))


@dataclass(frozen=True)
class Settings:
    """How the nowcast is made, scalars and pairs, in days, cases and shares as named; chosen on the
    HUS outbreak and on simulated ones (docs/methods). No NaN. It checks nothing and raises no
    errors. Source: own choice.

    Attributes:
        recent: newest report days the delays are learnt from: a week, as offices have one.
        discount: share of their information that is believed, 0..1; of batches the second.
        firmness: shape of the gamma of each day's level round its local mean, > 0.
        reach: days over which levels are averaged (e-folding), > 0; of batches the second.
        caution: pseudo cases with uniform delays that stand against scarce data, > 0.
        doubt: most draws, 0..1, that leave the estimated share: where delays shift, and of batches.
        overdispersion: variance of the shift's z without any shift.
    """

    recent: int = 7
    discount: tuple[float, float] = (0.15, 0.1)
    firmness: float = 3.0
    reach: tuple[float, float] = (1.5, 3.0)
    caution: float = 4.0
    doubt: tuple[float, float] = (0.8, 0.3)
    overdispersion: float = 3.0


HOUSE = Settings()


def nowcast(
    cells: Floats,
    *,
    seed: int,
    samples: int = 2000,
    settings: Settings = HOUSE,
    levels: tuple[float, ...] = QUANTILES,
) -> Nowcast:
    """Posterior of the final counts of a reporting triangle (days, delays), from ``triangle``.

    Args:
        cells: cases; NaN only where the report day is still to come, and what stands there is not
            read.
        samples, seed: Monte Carlo draws; the same seed gives the same answer.

    A day whose maximal delay has passed is final: its quantiles are its count. Where the last days
    were silent by rule (a weekend, a batch that has not come) they are judged as not yet reported;
    where the delays of the last days differ the range is widened, and ``shift`` says so.

    Raises:
        ValueError: a triangle with negative or missing known cells; from numpy for a caution or
            discount that leaves no prior, and for levels outside 0 .. 1.

    Source: Hoehle and an der Heiden 2014 on Kalbfleisch and Lawless 1989; local level, discount,
    caution, silence and doubt are our own choice (docs/methods/nowcast.md).
    """
    cells = np.asarray(cells, np.float64)
    days, width = cells.shape
    final = np.arange(days - 1, -1, -1) >= width - 1
    open_ = np.arange(width) > np.arange(days - 1, -1, -1)[:, None]
    if np.isnan(cells[~open_]).any() or (cells[~open_] < 0).any():
        raise ValueError("known cells of the triangle must be counts >= 0")
    known = np.where(open_, 0.0, cells)
    reported = known.sum(axis=1)
    rng = np.random.default_rng(seed)
    gap, every = silence(known)
    batches = int(every > 1)
    share = _shares(known[: days - gap], every, rng, samples, settings)
    share = np.column_stack([share, np.full((samples, gap), 1e-3)])
    share[:, final] = 1.0
    shift = delay_shift(known[: days - gap]) / np.sqrt(settings.overdispersion)
    sooner = rng.random((samples, 1)) < (0.5 if batches else float(shift < 0))
    far = rng.random((samples, 1))
    doubt = settings.doubt[1] if batches else settings.doubt[0] * _certain(shift)
    doubted = (rng.random((samples, 1)) < doubt) & ~final & (np.arange(days) < days - gap)
    other = np.where(sooner, share + (1 - share) * far, share * (1 - 0.7 * far))
    share = np.where(doubted, other, share)
    level = _levels(reported, share.mean(axis=0), settings.reach[batches])
    rate = rng.standard_gamma(settings.firmness + reported, (samples, days))
    rate /= settings.firmness / level + share
    total = reported + rng.poisson(rate * (1 - share))
    total = np.where(final, reported, total)
    return Nowcast(
        reported=reported,
        share=share.mean(axis=0),
        mean=total.mean(axis=0),
        quantiles=np.quantile(total, levels, axis=0).T,
        levels=levels,
        shift=0.0 if batches else float(shift),
        silent=gap,
    )


def _certain(shift: float) -> float:
    """0..1, how far a shift of delays is more than chance."""
    return float(1 - np.exp(-max(0.0, abs(shift) - 1)))


def _shares(
    known: Floats, every: int, rng: np.random.Generator, samples: int, settings: Settings
) -> Floats:
    """Draws of the share of each day that is reported by the last of ``known`` (samples, days)."""
    days, width = known.shape
    batches = int(every > 1)
    recent = max(settings.recent, 2 * every)
    learnt = spread_batches(known, every) if batches else known
    hits, trials = reversed_hazards(learnt, recent, settings.discount[batches])
    # Prior of each hazard: pseudo cases spread as if delays were uniform.
    prior = settings.caution / np.arange(1, width + 1)
    rest = trials - hits + settings.caution - prior + 1e-3
    hazard = rng.beta(hits + prior, rest, (samples, width))
    hazard[:, 0] = 0.0
    late = np.cumprod((1 - hazard)[:, ::-1], axis=1)[:, ::-1]  # product over delays >= d
    by_now = np.column_stack([late[:, 1:], np.ones(samples)])  # share reported within d
    age = np.arange(days - 1, -1, -1)
    return np.asarray(by_now[:, np.minimum(age, width - 1)])
