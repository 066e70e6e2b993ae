"""Odds of an outbreak: how much likelier two weeks of counts are with an outbreak than without.

Shapes as ``detector`` says: (series, time) in, (series, n) out, in cases a week. A missing week
enters no baseline, and a missing week before leaves this one to speak alone. Source: ours, on the
scenarios of Noufaily 2013, docs/methods/odds.md.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from fangxian.kernels.common.threads import over_rows
from fangxian.kernels.epi.detector import Detection, Floats, Ints, Reason, Series, judge
from fangxian.kernels.epi.odds_fit import BEFORE, NOW, PHI, UNSURE, fit_rows

SIZES = np.arange(2.0, 11.0)  # of an outbreak, standard deviations of a week
PAST_SIZES = np.array([2.5, 4.5, 6.5, 9.0])
SHAPE = np.diff([0.0, *special.ndtr(np.log([1.0, 2.0]) / 0.5)])  # share of its cases by week
PRIORS = 5.0, 1.0, 0.4  # sd of the log level, of its change in ten years, of a harmonic


def _log_count(y: Floats, mean: Floats, phi: Floats) -> Floats:
    """log negative binomial pmf without the term of y alone; Poisson up to phi = 1."""
    wide = phi > 1 + 1e-6
    spread = np.where(wide, phi, 2.0)
    r = np.where(wide, mean / (spread - 1), 1.0)
    log = special.gammaln(y + r) - special.gammaln(r) - r * np.log(spread)
    return np.where(wide, log + y * np.log1p(-1 / spread), y * np.log(mean) - mean)


def _ratio(y: Floats, mean: Floats, phi: Floats, extra: Floats) -> Floats:
    """log likelihood ratio of ``extra`` outbreak cases on top of the mean against none.

    The sum has the lighter tail (its added part is Poisson), so far out the ratio falls again: from
    there on a larger count says as much as the one at the top.
    """
    with_, whole = (phi * mean + extra) / (mean + extra), mean + extra
    wide = with_ > 1 + 1e-6
    r, r_with = mean / np.where(wide, phi - 1, 1.0), whole / np.where(wide, with_ - 1, 1.0)
    less = np.where(wide, (1 - 1 / with_) / np.where(wide, 1 - 1 / phi, 1.0), 0.5)
    top = np.ceil((less * r_with - r) / np.maximum(1 - less, 1e-12))
    y = np.where(wide, np.minimum(y, np.maximum(top, 0.0)), y)
    return np.asarray(_log_count(y, whole, with_) - _log_count(y, mean, phi))


def _today(y: Floats, mean: Floats, phi: Floats, extra: Floats) -> Floats:
    """The ratio of this week, less the part where the outbreak has no case in it: a week without
    cases has none."""
    whole = _ratio(y, mean, phi, extra)
    rest = whole + np.log(-np.expm1(np.minimum(-extra - whole, -1e-9)))
    return np.where(y > 0, rest, np.where(np.isnan(y), np.nan, -np.inf))


def _statistic(now: Floats, before: Floats, fit: Floats, late: float) -> Floats:
    mean, mean_before, phi = fit[..., NOW], fit[..., BEFORE], fit[..., PHI]
    phi_now, phi_before = (phi + m * fit[..., UNSURE] for m in (mean, mean_before))
    total = np.full(now.shape, -np.inf)
    for size, weight in zip(SIZES, 1 / SIZES / (1 / SIZES).sum(), strict=True):
        new = _today(now, mean, phi_now, size * SHAPE[0] * np.sqrt(phi * mean))
        sd = size * np.sqrt(phi * mean_before)
        first = _ratio(before, mean_before, phi_before, SHAPE[0] * sd)
        second = np.where(np.isnan(first), 0.0, first) + _today(now, mean, phi_now, SHAPE[1] * sd)
        total = np.logaddexp(total, np.log(weight) + new)
        total = np.logaddexp(total, np.log(weight * late) + second)
    return total


def _reason(
    counts: Floats, at: Ints, fit: Floats, least: int, excluded: int, back: int
) -> NDArray[np.int8]:
    """SHORT with too few reported weeks, NO_FIT where there were enough."""
    known = np.cumsum(np.pad(np.isfinite(counts), ((0, 0), (1, 0))), axis=1)
    first, last = np.maximum(at - back, 0), np.maximum(at - excluded, 0)
    enough = known[:, last] - known[:, np.minimum(first, last)] >= least
    lacking = np.where(enough, Reason.NO_FIT, Reason.SHORT)
    return np.where(np.isnan(fit[..., NOW]), lacking, Reason.JUDGED).astype(np.int8)


def outbreak_odds(
    series: Series,
    at: Ints,
    *,
    limit: float,
    late: float,
    years: int,
    excluded: int,
    harmonics: int,
    least: int,
    prior: float,
) -> Detection:
    """Log of the odds, up to a constant, of an outbreak that began this week or the week before
    against none; alarm above ``limit``.

    The mean is a log-linear fit of level, trend and ``harmonics`` on up to ``years`` years, newest
    ``excluded`` weeks kept out, in which a past week weighs as much as it is likely to hold no
    outbreak (one begins in a week with chance ``prior``). Outbreaks have 2 to 10 standard
    deviations, with weight 1/size; those that began last week count ``late`` times. Needs
    ``least`` reported weeks, else SHORT; a past that no such mean fits is NO_FIT. The season's
    phase is the period's index in ``freq``. ``at`` must rise. ``more``: ``statistic``, ``phi``. No
    errors past those of ``detect``. Shape, NaN, source: as the module says.
    """
    counts = np.ascontiguousarray(series.counts)
    freq = int(series.freq)
    angle = 2 * np.pi * np.arange(freq) / freq
    waves = [f(j * angle) for j in range(1, harmonics + 1) for f in (np.cos, np.sin)]
    season = np.ascontiguousarray(np.column_stack([np.ones(freq), *waves]))
    level, trend, wave = PRIORS
    precision = np.array([trend, level, *[wave] * (2 * harmonics)]) ** -2.0
    fit = np.full((len(counts), len(at), 4), np.nan)
    setting = years * freq, excluded, least, precision, prior, 2, PAST_SIZES, SHAPE
    over_rows(fit_rows, len(counts), counts, season, np.asarray(at), *setting, fit, least=16)
    before = np.where(at > 0, counts[:, at - 1], np.nan)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        z = _statistic(counts[:, at], before, fit, late)
        alarm = z > limit
    return judge(
        series,
        at,
        expected=fit[..., NOW],
        threshold=np.full_like(z, np.nan),
        score=z / limit,
        alarm=alarm,
        reason=_reason(counts, at, fit, least, excluded, years * freq),
        more={"statistic": z, "phi": fit[..., PHI]},
    )
