"""Farrington 1996 and its improvement of 2013 (Farrington flexible), the main weekly method.

Shapes as ``detector`` says: (series, time) in, (series, n) out, in cases a period. A missing count
is left out of the reference.
Sources: Farrington et al., J R Stat Soc A 159 (1996) 547; Noufaily et al., Stat Med 32 (2013)
1206.
"""

import numpy as np
from scipy import special

from fangxian.kernels.common.threads import over_rows
from fangxian.kernels.epi import farrington_fit as core
from fangxian.kernels.epi.detector import Detection, Floats, Ints, Reason, Series, judge
from fangxian.kernels.epi.distributions import ABSURD, count_quantile, count_tail


def same_weekday(dates: "np.ndarray", at: int, years: int) -> "np.datetime64":
    """The date of ``at`` moved ``years`` back, to the nearest same weekday (29 Feb: from 1 Mar).

    ``dates`` are days (time,), ``at`` a scalar index. A missing date (NaT) gives NaT.

    Raises:
        IndexError: an index beyond the dates (numpy's); one below 0 counts from the end.

    Source: R surveillance, farringtonFlexible.
    """
    day = dates[at]
    month = day.astype("datetime64[M]")
    back = (month - 12 * years).astype("datetime64[D]") + (day - month.astype("datetime64[D]"))
    shift = int((day - back).astype(int)) % 7
    return np.datetime64(back + (shift if shift <= 3 else shift - 7), "D")


def year_centres(series: Series, at: int, b: int) -> list[int]:
    """Indices (b,) of the same period 1..b years before ``at``; may lie before the grid (< 0).

    Weeks with dates go by the date, all else by ``freq`` periods a year. Missing counts play no
    part. Raises IndexError for an ``at`` beyond dated weeks. Source: R surveillance,
    farringtonFlexible.
    """
    if series.dates is None or series.freq not in (52, 12):
        return [at - series.freq * i for i in range(1, b + 1)]
    if series.freq == 12:
        return [at - 12 * i for i in range(1, b + 1)]
    found = []
    for i in range(1, b + 1):
        weeks = (series.dates[at] - same_weekday(series.dates, at, i)).astype(int) // 7
        found.append(at - int(weeks))
    return found


def references(
    series: Series, at: int, b: int, w: int, seasons: int, excluded: int
) -> tuple[list[int], list[int]]:
    """Reference indices (refs,), oldest first, and the season of each (refs,), counted from 0.

    One season: the windows of +-w periods round the same period of each year. More: every period
    from the oldest window up to ``excluded`` periods ago; the windows are the last season, the rest
    of each year is cut into the others, the first of which take what does not divide. Both are
    empty where the oldest window begins before the grid. Missing counts play no part: ``fit_all``
    leaves them out. Windows that overlap (2w + 1 above ``freq``) count a period twice.

    Raises:
        IndexError: b below 1.
        ValueError: seasons below 1.

    Source: Noufaily 2013 for the seasons; R surveillance, farringtonFlexible.
    """
    centres = year_centres(series, at, b)
    if centres[-1] - w < -1:
        return [], []
    kept: list[tuple[int, int]] = []
    ends = [at, *centres]
    for year in range(b, 0, -1):
        centre, following = ends[year], ends[year - 1]
        kept += [(i, seasons - 1) for i in range(centre - w, centre + w + 1)]
        if seasons == 1:
            continue
        rest = range(centre + w + 1, following - w)
        size, over = divmod(len(rest), seasons - 1)
        lengths = [size + (1 if k < over else 0) for k in range(seasons - 1)]
        labels = [k for k, length in enumerate(lengths) for _ in range(length)]
        kept += list(zip(rest, labels, strict=True))
    kept = [(i, g) for i, g in kept if 0 <= i < at - excluded]
    return [i for i, _ in kept], [g for _, g in kept]


def _times(series: Series, kind: int) -> Floats:
    """The time of the trend: periods; for dated months of the flexible method days over the days
    of the first month, as R has it."""
    if (
        kind == core.FLEXIBLE
        and series.freq == 12
        and series.dates is not None
        and series.length > 1
    ):
        days = (series.dates - series.dates[0]).astype(np.float64)
        return np.asarray(days / days[1])
    return np.arange(series.length, dtype=np.float64)


def _plan(
    series: Series, at: Ints, b: int, w: int, seasons: int, excluded: int
) -> tuple[Ints, Ints, Ints]:
    plans = [references(series, int(t), b, w, seasons, excluded) for t in at]
    longest = max([len(refs) for refs, _ in plans] + [1])
    refs = np.zeros((len(at), longest), np.int64)
    groups = np.zeros((len(at), longest), np.int64)
    sizes = np.array([len(r) for r, _ in plans], np.int64)
    for j, (index, season) in enumerate(plans):
        refs[j, : len(index)] = index
        groups[j, : len(season)] = season
    return refs, groups, sizes


def _fit(
    series: Series,
    at: Ints,
    plan: tuple[Ints, Ints, Ints],
    *,
    seasons: int,
    trend: bool,
    p_trend: float,
    kind: int,
    reweight: bool,
    limit: float,
    recent: int,
    fewest: int,
) -> Floats:
    counts = np.ascontiguousarray(series.counts)
    refs, groups, sizes = plan
    offsets = np.zeros_like(counts)
    if series.population is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            offsets = np.where(series.population > 0, np.log(series.population), np.nan)
    with np.errstate(invalid="ignore"):
        logs = np.log(counts + 0.1)
    crit = np.full(refs.shape[1] + 2, np.inf)
    df = np.arange(1, len(crit))
    crit[1:] = -1.0 if p_trend >= 1 else special.stdtrit(df, 1 - p_trend / 2)
    out = np.full((len(counts), len(at), 5), np.nan)
    over_rows(
        core.fit_all,
        len(counts),
        counts,
        logs,
        offsets,
        _times(series, kind),
        at,
        refs,
        groups,
        sizes,
        seasons,
        seasons - 1,
        trend,
        kind,
        reweight,
        limit,
        crit,
        recent,
        float(fewest),
        out,
    )
    out[:, sizes == 0, core.OK] = np.where(out[:, sizes == 0, core.OK] < 0, -1.0, -2.0)
    return out


def _reasons(ok: Floats, mean: Floats) -> "np.ndarray":
    reason = np.full(ok.shape, Reason.JUDGED, np.int8)
    reason[(ok == 0) | ~(mean < ABSURD)] = Reason.NO_FIT
    reason[ok == -1] = Reason.FEW
    reason[ok == -2] = Reason.SHORT
    return reason


def power_threshold(mean: Floats, spread: Floats, z: float) -> Floats:
    """Upper bound after the 2/3 power: (mu^(2/3) + z sqrt(4/9 mu^(1/3) tau))^1.5.

    ``mean`` and ``spread`` (tau, dispersion plus variance of the mean over the mean, dimensionless)
    broadcast, (series, n) or scalar; cases out. NaN, or a negative mean or spread, gives NaN. No
    errors of its own. Source: Farrington 1996.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        third = np.cbrt(mean)
        return np.maximum(third * third + z * np.sqrt(4 / 9 * third * spread), 0) ** 1.5


def farrington_1996(
    series: Series,
    at: Ints,
    *,
    b: int,
    w: int,
    alpha: float,
    reweight: bool,
    limit: float,
    trend: bool,
    p_trend: float,
    cases: int,
    periods: int,
) -> Detection:
    """Farrington 1996: two-sided bound (alpha/2 above), weights from residuals above ``limit``.

    With fewer than ``cases`` in the last ``periods`` the threshold is 0 and nothing is raised (FEW,
    before all other reasons). SHORT without enough years, NO_FIT where the model has no finite
    answer. Shape, NaN: as the module says.

    Raises:
        IndexError: b below 1.

    Source: Farrington 1996; R surveillance, algo.farrington.
    """
    plan = _plan(series, at, b, w, 1, 0)
    out = _fit(
        series,
        at,
        plan,
        seasons=1,
        trend=trend and b >= 3,
        p_trend=p_trend,
        kind=core.CLASSIC,
        reweight=reweight,
        limit=limit,
        recent=periods,
        fewest=cases,
    )
    mean, phi, se = out[..., core.MU], out[..., core.PHI], out[..., core.SE]
    reason = _reasons(out[..., core.OK], mean)
    judged = reason == Reason.JUDGED
    with np.errstate(invalid="ignore", divide="ignore"):
        tau = phi + se * se / mean
    z = float(special.ndtri(1 - alpha / 2))
    threshold = np.where(judged, power_threshold(mean, tau, z), np.nan)
    threshold[reason == Reason.FEW] = 0.0
    observed = series.counts[:, at]
    expected = np.where(judged, mean, np.nan)
    return judge(
        series,
        at,
        expected=expected,
        threshold=threshold,
        reason=reason,
        p=np.where(judged, _power_p(observed, mean, tau), np.nan),
        alarm=judged & (observed > threshold),
        more={
            "phi": np.where(judged, phi, np.nan),
            "trend": np.where(judged, out[..., core.TREND], np.nan),
        },
    )


def _power_p(observed: Floats, mean: Floats, tau: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (np.cbrt(observed) ** 2 - np.cbrt(mean) ** 2) / np.sqrt(4 / 9 * np.cbrt(mean) * tau)
    return np.asarray(special.ndtr(-z))


def farrington_flexible(
    series: Series,
    at: Ints,
    *,
    b: int,
    w: int,
    alpha: float,
    seasons: int,
    excluded: int | None,
    reweight: bool,
    limit: float,
    trend: bool,
    p_trend: float,
    cases: int,
    periods: int,
    threshold: str,
    population: bool,
) -> Detection:
    """Farrington flexible (Noufaily 2013).

    ``threshold``: delta (2/3 power), nb (quantile of a negative binomial with the fitted mean and
    dispersion, R's nbPlugin) or muan (the same at the upper bound of the mean). ``excluded``:
    newest periods kept out of the reference; None is ``w``. ``population``: counts a person (needs
    ``Series.population``). With fewer than ``cases`` in the last ``periods`` there is no threshold
    (FEW); SHORT and NO_FIT as in ``farrington_1996``. Shape, NaN: as the module says.

    Raises:
        ValueError: an unknown ``threshold``; a population asked for and not given; seasons below 1;
            for nb and muan an alpha outside 0 .. 1.
        IndexError: b below 1.

    Source: Noufaily 2013; R surveillance, farringtonFlexible.
    """
    if threshold not in ("delta", "nb", "muan"):
        raise ValueError(f"threshold is delta, nb or muan, not {threshold!r}")
    if population and series.population is None:
        raise ValueError("population = true needs the population of every period")
    if not population:
        series = Series(series.counts, series.dates, series.freq)
    plan = _plan(series, at, b, w, seasons, w if excluded is None else excluded)
    out = _fit(
        series,
        at,
        plan,
        seasons=seasons,
        trend=trend and b >= 3,
        p_trend=p_trend,
        kind=core.FLEXIBLE,
        reweight=reweight,
        limit=limit,
        recent=periods,
        fewest=cases,
    )
    mean, phi, se = out[..., core.MU], out[..., core.PHI], out[..., core.SE]
    reason = _reasons(out[..., core.OK], mean)
    judged = reason == Reason.JUDGED
    observed = series.counts[:, at]
    z = float(special.ndtri(1 - alpha))
    with np.errstate(invalid="ignore", divide="ignore"):
        tau = phi + se * se / mean
        if threshold == "delta":
            upper, p = power_threshold(mean, tau, z), _power_p(observed, mean, tau)
        else:
            level = mean if threshold == "nb" else mean * np.exp(np.minimum(z * se / mean, 700.0))
            usable = np.where(judged, level, np.nan)
            upper, p = count_quantile(1 - alpha, usable, phi), count_tail(observed, level, phi)
    upper = np.where(judged, upper, np.nan)
    fitted = judged | (reason == Reason.FEW)
    reason = np.where(judged & ~np.isfinite(upper), Reason.NO_FIT, reason).astype(np.int8)
    judged = reason == Reason.JUDGED
    return judge(
        series,
        at,
        expected=np.where(judged, mean, np.nan),
        threshold=upper,
        reason=reason,
        p=np.where(fitted, p, np.nan),
        more={
            "phi": np.where(fitted, phi, np.nan),
            "trend": np.where(fitted, out[..., core.TREND], np.nan),
        },
    )
