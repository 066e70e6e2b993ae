"""Prospective space-time scan: circles round given places, windows that end on the last day.

Sources: Kulldorff, J R Stat Soc A 164 (2001) 61 (Poisson); Kulldorff et al., PLoS Med 2 (2005) e59
(space-time permutation); Abrams et al., Int J Health Geogr 9 (2010) 61 (Gumbel p).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit
from scipy import special

from fangxian.kernels.common.sphere import great_circle_km
from fangxian.kernels.common.threads import over_rows
from fangxian.kernels.epi.detector import Floats, Ints

EULER = 0.5772156649015329


@dataclass(frozen=True)
class Cluster:
    """One cluster, scalars but for ``places``. It checks nothing and raises no errors. Source:
    Kulldorff 2001.

    Attributes:
        centre: place in the middle of the circle.
        places: (size,), those of the circle, nearest first.
        radius: to the outermost, km (the unit of ``distance``); NaN where a distance is.
        days: length of the window, which ends on the last day.
        observed, expected: cases in it.
        llr: log likelihood ratio, dimensionless, > 0.
        p: probability under no cluster, by Monte Carlo.
        gumbel_p: the same by ``gumbel_p``; NaN without two different replicates.
        recurrence: days between such clusters by chance, interval/p.
    """

    centre: int
    places: Ints
    radius: float
    days: int
    observed: float
    expected: float
    llr: float
    p: float
    gumbel_p: float
    recurrence: float


@dataclass(frozen=True)
class Scan:
    """What a scan found. It checks nothing and raises no errors; no NaN of its own. Source: own
    choice.

    Attributes:
        clusters: best first; secondary ones share no place with a better one.
        replicates: (run,), dimensionless, the largest statistic of each replicate that was run.
    """

    clusters: list[Cluster]
    replicates: Floats


def distances(latitude: Floats, longitude: Floats) -> Floats:
    """Great-circle distances in km, (n, n), of places (n,) in degrees. NaN gives NaN. No errors of
    its own. Source: definition."""
    return great_circle_km(
        lon=longitude[:, None], lat=latitude[:, None], lon2=longitude, lat2=latitude
    )


def circles(distance: Floats, weight: Floats, radius: float, share: float) -> tuple[Ints, Ints]:
    """Neighbours of each place by distance (n, most) and how many belong to its largest circle
    (n,): within ``radius`` (same unit as ``distance``, km) and at most ``share`` (0..1) of all
    weight.

    ``distance`` is (n, n), ``weight`` (n,), >= 0 (not checked). A NaN distance is not near; a NaN
    weight leaves every circle empty. No errors of its own. Source: Kulldorff 2001.
    """
    order = np.argsort(distance, axis=1, kind="stable")
    near = np.take_along_axis(distance, order, axis=1) <= radius
    heavy = np.cumsum(weight[order], axis=1) <= share * weight.sum() * (1 + 1e-12)
    sizes = (near & heavy).sum(axis=1)
    return np.ascontiguousarray(order[:, : max(int(sizes.max(initial=0)), 1)]), sizes


@njit(cache=True, nogil=True, error_model="numpy")
def _recent(place, day, newest, windows, out):
    """Cases of each place in the last 1..windows days; shape (places, windows)."""
    out[:] = 0
    for i in range(place.shape[0]):
        age = newest - day[i]
        if 0 <= age < windows:
            out[place[i], age] += 1
    for p in range(out.shape[0]):
        for w in range(1, windows):
            out[p, w] += out[p, w - 1]


@njit(cache=True, nogil=True, error_model="numpy")
def _score(c, mu, total, clog):
    """The log likelihood ratio of c cases against mu of total; 0 unless c > mu."""
    if c <= mu or mu <= 0.0:
        return 0.0
    inside = clog[int(c)] - c * np.log(mu)
    rest = total - c
    return inside if rest <= 0 else inside + clog[int(rest)] - rest * np.log(total - mu)


@njit(cache=True, nogil=True, error_model="numpy")
def _best(recent, order, sizes, base, days, total, clog, best):
    """Largest ratio over circles and windows; ``base[p]`` is the place's weight, expected counts
    are (sum of base) * days[w]. Fills best with centre, size, window; returns the ratio.

    A place without a recent case only raises the expected counts, so no circle that ends with it
    can be best: it is added and not scored.
    """
    windows = recent.shape[1]
    counts = np.zeros(windows, np.int64)
    top = 0.0
    for centre in range(order.shape[0]):
        counts[:] = 0
        weight = 0.0
        for k in range(sizes[centre]):
            place = order[centre, k]
            weight += base[place]
            if recent[place, windows - 1] == 0:
                continue
            for w in range(windows):
                counts[w] += recent[place, w]
            previous = 0
            for w in range(windows):
                c = counts[w]
                if c == previous:  # the same cases in a longer window: more expected, less new
                    continue
                previous = c
                mu = weight * days[w]
                # at most (c - mu)^2 / (mu (1 - mu / total)): no logs where it cannot grow
                away = c - mu
                if away > 0 and away * away > top * mu * (1.0 - mu / total):
                    ratio = _score(c, mu, total, clog)
                    if ratio > top:
                        top = ratio
                        best[0], best[1], best[2] = centre, k + 1, w
    return top


@njit(cache=True, nogil=True, error_model="numpy")
def _permutations(
    first,
    last,
    place,
    day,
    seeds,
    newest,
    windows,
    places,
    order,
    sizes,
    base,
    days,
    total,
    clog,
    out,
):
    """Each replicate deals the days anew to the cases (Fisher-Yates with its own xorshift)."""
    recent, best = np.empty((places, windows), np.int64), np.empty(3, np.int64)
    dealt = np.empty(day.shape[0], np.int64)
    n = day.shape[0]
    for r in range(first, last):
        state = seeds[r]
        dealt[:] = day
        for i in range(n - 1, 0, -1):
            state ^= state << np.uint64(13)
            state ^= state >> np.uint64(7)
            state ^= state << np.uint64(17)
            j = int((state >> np.uint64(11)) % np.uint64(i + 1))
            dealt[i], dealt[j] = dealt[j], dealt[i]
        _recent(place, dealt, newest, windows, recent)
        out[r] = _best(recent, order, sizes, base, days, total, clog, best)


@njit(cache=True, nogil=True, error_model="numpy")
def _multinomials(
    first,
    last,
    cumulative,
    slots,
    total_cases,
    seeds,
    windows,
    places,
    order,
    sizes,
    base,
    days,
    total,
    clog,
    out,
):
    """Each replicate deals all cases to (place, day) cells in proportion to what is expected."""
    recent, best = np.empty((places, windows), np.int64), np.empty(3, np.int64)
    place = np.empty(total_cases, np.int64)
    day = np.empty(total_cases, np.int64)
    for r in range(first, last):
        state = seeds[r]
        for i in range(total_cases):
            state ^= state << np.uint64(13)
            state ^= state >> np.uint64(7)
            state ^= state << np.uint64(17)
            u = float(state >> np.uint64(11)) / 9007199254740992.0 * cumulative[-1]
            cell = min(np.searchsorted(cumulative, u, side="right"), cumulative.shape[0] - 1)
            place[i], day[i] = cell // slots, cell % slots
        _recent(place, day, slots - 1, windows, recent)
        out[r] = _best(recent, order, sizes, base, days, total, clog, best)


def gumbel_p(llr: float, replicates: Floats) -> float:
    """Probability, a scalar, of a value this large from a Gumbel fitted by moments to
    ``replicates`` (run,): smooth below 1/(R + 1). NaN for fewer than two replicates, for equal
    ones, and for NaN in either. No errors. Source: Abrams 2010."""
    if len(replicates) < 2 or replicates.std() == 0:
        return float("nan")
    beta = float(replicates.std(ddof=1)) * np.sqrt(6) / np.pi
    mode = float(replicates.mean()) - EULER * beta
    return float(-np.expm1(-np.exp(-(llr - mode) / beta)))


def scan(
    place: Ints,
    day: Ints,
    *,
    places: int,
    order: Ints,
    sizes: Ints,
    windows: int,
    distance: Floats,
    population: Floats | None = None,
    own_trend: bool = False,
    days: int | None = None,
    replicates: int = 999,
    seed: int = 0,
    stop_after: int | None = None,
    interval: float = 1.0,
    most: int = 10,
) -> Scan:
    """Search for clusters that are alive on the last day.

    Args:
        place, day: of each case (cases,); places 0..places-1, days 0..days-1, the last day is the
            newest.
        order, sizes: circles, from ``circles``.
        windows: longest window in days; 1..windows are tried.
        distance: (places, places), for the radius that is told; not checked.
        population: persons (places,), or cases expected from age and sex; given, the model is
            Poisson, else a permutation of days.
        own_trend: Poisson only: days are expected in proportion to the cases of all places on
            them, so that a rise everywhere is no cluster; else all days alike.
        replicates, seed: Monte Carlo, one at least; the same seed gives the same p on any number of
            cores.
        stop_after: stop once that many replicates reached the best cluster (Besag and Clifford
            1991); p is then hits/replicates run.
        interval: days between analyses; recurrence = interval/p.
        most: clusters told.

    Returns clusters, best first; p = (1 + replicates as large)/(R + 1) for all of them. None for
    fewer than two cases.

    Raises:
        ValueError: cases outside the places or days, windows longer than the days, a population
            that is negative, NaN or nobody.
        IndexError: circles of fewer places.

    Source: Kulldorff 2001 with a population, Kulldorff 2005 without.
    """
    place, day = np.asarray(place, np.int64), np.asarray(day, np.int64)
    span = int(day.max(initial=0)) + 1 if days is None else days
    if place.size and (place.min() < 0 or place.max() >= places):
        raise ValueError("a case lies outside the places")
    if day.size and (day.min() < 0 or day.max() >= span):
        raise ValueError("a case lies outside the days")
    if not 1 <= windows <= span:
        raise ValueError(f"windows must lie within 1 .. {span} days")
    total = float(place.size)
    if total < 2:
        return Scan([], np.zeros(0))
    base, by_day = _setting(place, day, places, span, population, own_trend)
    share = by_day[::-1].cumsum()[:windows]
    clog = special.xlogy(np.arange(place.size + 1.0), np.arange(place.size + 1.0))
    recent = np.zeros((places, windows), np.int64)
    _recent(place, day, span - 1, windows, recent)
    order = np.ascontiguousarray(order)
    found = _clusters(recent, order, sizes, base, share, total, clog, distance, most)
    top = found[0].llr if found else 0.0
    common = (windows, places, order, sizes, base, share, total, clog)
    if population is None:
        own = (place, day), (span - 1, *common)
        out = _replicates(_permutations, *own, replicates, seed, stop_after, top)
    else:
        cells = np.cumsum(np.outer(base, by_day))
        out = _replicates(
            _multinomials, (cells, span, place.size), common, replicates, seed, stop_after, top
        )
    hits = [int((out >= c.llr - 1e-12).sum()) for c in found]
    early = stop_after is not None and len(out) < replicates
    clusters = []
    for cluster, hit in zip(found, hits, strict=True):
        p = hit / len(out) if early else (1 + hit) / (len(out) + 1)
        g = gumbel_p(cluster.llr, out)
        clusters.append(replace(cluster, p=p, gumbel_p=g, recurrence=interval / p))
    return Scan(clusters, out)


def _setting(
    place: Ints, day: Ints, places: int, span: int, population: Floats | None, own_trend: bool
) -> tuple[Floats, Floats]:
    """Weight of each place, and the expected cases of each day per unit of weight."""
    by_day = np.bincount(day, minlength=span).astype(np.float64)
    if population is None:
        return np.bincount(place, minlength=places).astype(np.float64), by_day / place.size
    people = np.asarray(population, np.float64)
    if people.shape != (places,) or not np.isfinite(people).all() or (people < 0).any():
        raise ValueError("population must be one number >= 0 for each place")
    if people.sum() <= 0:
        raise ValueError("nobody lives in these places")
    if not own_trend:
        by_day[:] = place.size / span
    return people, by_day / people.sum()


def _replicates(
    kernel: Callable[..., None],
    own: tuple[Any, ...],
    tail: tuple[Any, ...],
    replicates: int,
    seed: int,
    stop_after: int | None,
    top: float,
) -> Floats:
    # Each replicate has a stream of its own, so how they are shared out changes nothing.
    seeds = np.random.SeedSequence(seed).generate_state(max(replicates, 1), np.uint64)
    seeds |= np.uint64(1)
    out = np.zeros(replicates)
    step = replicates if stop_after is None else 64
    for first in range(0, replicates, step):
        last = min(first + step, replicates)
        part = np.zeros(last - first)
        over_rows(kernel, last - first, *own, seeds[first:last], *tail, part, least=8)
        out[first:last] = part
        if stop_after is not None:
            hits = np.cumsum(out[:last] >= top - 1e-12)
            if hits[-1] >= stop_after:
                return out[: int(np.searchsorted(hits, stop_after)) + 1]
    return out


def _clusters(
    recent: Ints,
    order: Ints,
    sizes: Ints,
    base: Floats,
    share: Floats,
    total: float,
    clog: Floats,
    distance: Floats,
    most: int,
) -> list[Cluster]:
    """The best cluster, then the best of the circles that share no place with those told."""
    found: list[Cluster] = []
    free = sizes.copy()
    taken = np.zeros(len(sizes), np.bool_)
    best = np.zeros(3, np.int64)
    while len(found) < most:
        llr = _best(recent, order, free, base, share, total, clog, best)
        if llr <= 0:
            break
        centre, size, window = (int(x) for x in best)
        members = order[centre, :size].copy()
        expected = float(base[members].sum() * share[window])
        radius = float(distance[centre, members].max())
        observed = float(recent[members, window].sum())
        seen = (radius, window + 1, observed, expected, float(llr))
        found.append(Cluster(centre, members, *seen, p=1.0, gumbel_p=1.0, recurrence=1.0))
        taken[members] = True
        for c in range(len(free)):
            blocked = np.flatnonzero(taken[order[c, : free[c]]])
            if blocked.size:
                free[c] = blocked[0]
    return found
