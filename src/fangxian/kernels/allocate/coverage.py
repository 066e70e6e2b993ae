"""Maximal coverage: which of many possible stops or gauges cover most of what is not covered."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fangxian.kernels.common.sphere import on_sphere, sphere_tree

EARTH_KM = 6371.0


@dataclass(frozen=True, slots=True)
class Coverage:
    """A choice and what it covers. It has no NaN and raises no errors.

    Attributes:
        chosen: indices of the choices taken, (k,), the one that covers most first.
        covered: which demands lie within reach of one of them, (n,) bool.
        weight: their summed weight, in the unit of the weights.
        bound: the most that any choice can cover; equal to ``weight`` when the optimum is proved.

    Source: Church and ReVelle 1974.
    """

    chosen: NDArray[np.int64]
    covered: NDArray[np.bool_]
    weight: float
    bound: float

    @property
    def optimal(self) -> bool:
        """Whether it is proved that no choice covers more. Raises no errors."""
        return self.bound - self.weight <= 1e-6 * max(1.0, self.bound)


def nearest_km(
    *,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    lon2: NDArray[np.float64],
    lat2: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Distance in km from each point to the nearest of others, and which that is.

    Args:
        lon, lat: degrees, (n,); a NaN among them has distance inf and index -1.
        lon2, lat2: degrees, (m,), without NaN; none gives inf and -1 throughout.

    Returns:
        distances (n,) and indices (n,).

    Raises:
        ValueError: shapes that differ.

    Source: definition (chord to arc on a sphere of 6,371 km).
    """
    km = np.full(len(lon), np.inf)
    which = np.full(len(lon), -1, dtype=np.int64)
    known = np.isfinite(lon) & np.isfinite(lat)
    if len(lon2) and known.any():
        tree = sphere_tree(lon=lon2, lat=lat2)
        chord, found = tree.query(on_sphere(lon=lon[known], lat=lat[known]))
        km[known] = 2 * EARTH_KM * np.arcsin(np.clip(chord / 2, 0, 1))
        which[known] = found
    return km, which


def best_coverage(
    *,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    weight: NDArray[np.float64],
    at_lon: NDArray[np.float64],
    at_lat: NDArray[np.float64],
    reach_km: float,
    k: int,
    seconds: float = 4.0,
) -> Coverage:
    """The ``k`` places whose reach covers the most weight, solved exactly.

    Args:
        lon, lat: degrees of what wants cover, (n,); NaN is never covered.
        weight: what each is worth, (n,), not negative.
        at_lon, at_lat: degrees of the places to choose from, (m,), without NaN.
        reach_km: how far one place reaches, km, > 0.
        k: how many may be taken, >= 1.
        seconds: limit of the solver; beyond it the best choice known is given, and ``bound`` says
            how far the optimum may be.

    Returns:
        the choice; fewer than ``k`` where more would cover nothing new.

    Raises:
        ValueError: a negative weight, ``k`` < 1, ``reach_km`` <= 0, shapes that differ.

    Source: Church and ReVelle 1974, maximal covering location problem; solved by HiGHS.
    """
    if k < 1 or reach_km <= 0 or (np.asarray(weight) < 0).any():
        raise ValueError("k >= 1, reach_km > 0 and weights that are not negative")
    n, m = len(lon), len(at_lon)
    near = _within(lon, lat, at_lon, at_lat, reach_km)
    worth = np.asarray(weight, float) * (near.getnnz(axis=1) > 0)
    live = np.flatnonzero(worth > 0)
    if not len(live) or not m:
        return Coverage(np.zeros(0, np.int64), np.zeros(n, bool), 0.0, 0.0)
    # demands that the same places reach are one demand of their summed weight
    rows, group = _grouped(near[live])
    sums = np.bincount(group, weights=worth[live])
    g = len(sums)
    cost = np.concatenate([np.zeros(m), -sums])
    import scipy.sparse as sp
    from scipy.optimize import Bounds, LinearConstraint, milp

    link = sp.hstack([-rows, sp.identity(g, format="csr")], format="csr")
    count = sp.csr_matrix(np.concatenate([np.ones(m), np.zeros(g)]))
    found = milp(
        cost,
        integrality=np.concatenate([np.ones(m), np.zeros(g)]),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(link, -np.inf, 0), LinearConstraint(count, 0, k)],
        options={"time_limit": seconds},
    )
    near = near.tocsc()
    choices = [_by_swaps(near, worth, k)]
    if found.x is not None:
        choices.append(np.flatnonzero(found.x[:m] > 0.5))
    taken = max(choices, key=lambda one: _covers(near, worth, one))
    chosen = _in_order(near, worth, taken)
    covered = np.asarray(near[:, chosen].sum(axis=1)).ravel() > 0
    total = float(worth[covered].sum())
    singles = np.sort(near.T @ worth)[::-1]
    bound = min(float(singles[:k].sum()), float(worth.sum()))
    if found.mip_dual_bound is not None and np.isfinite(found.mip_dual_bound):
        bound = min(bound, -float(found.mip_dual_bound))
    return Coverage(chosen, covered, total, max(total, bound))


def _covers(near, worth, taken):
    """The weight that a choice covers."""
    return float(worth[np.asarray(near[:, taken].sum(axis=1)).ravel() > 0].sum())


def _by_swaps(near, worth, k):
    """The greedy choice, bettered by exchanging one place as long as that gains."""
    taken = _greedy(near, worth, k)
    best = _covers(near, worth, taken)
    better = True
    while better and len(taken):
        better = False
        for j in range(len(taken)):
            rest = np.delete(taken, j)
            left = worth.copy()
            left[np.asarray(near[:, rest].sum(axis=1)).ravel() > 0] = 0
            swap = int(np.argmax(near.T @ left))
            tried = np.append(rest, swap)
            if (gain := _covers(near, worth, tried)) > best + 1e-9:
                taken, best, better = tried, gain, True
                break
    return taken


def _greedy(near, worth, k):
    """Always the place that adds most."""
    left, taken = worth.copy(), []
    for _ in range(k):
        gains = near.T @ left
        j = int(np.argmax(gains))
        if gains[j] <= 0:
            break
        taken.append(j)
        left[near.indices[near.indptr[j] : near.indptr[j + 1]]] = 0
    return np.array(taken, np.int64)


def _within(lon, lat, at_lon, at_lat, reach_km):
    """Which of the places reach which demand, as a sparse matrix of ones."""
    import scipy.sparse as sp

    n, m = len(lon), len(at_lon)
    known = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    if not len(known) or not m:
        return sp.csr_matrix((n, m))
    chord = 2 * np.sin(min(reach_km / EARTH_KM, np.pi) / 2)
    tree = sphere_tree(lon=np.asarray(at_lon), lat=np.asarray(at_lat))
    lists = tree.query_ball_point(on_sphere(lon=lon[known], lat=lat[known]), chord)
    sizes = np.array([len(one) for one in lists])
    columns = np.concatenate([np.asarray(one, np.int64) for one in lists])
    rows = np.repeat(known, sizes)
    return sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(n, m))


def _grouped(near):
    """Rows that are alike, once each, and which of them every row is."""
    near.sort_indices()
    keys = {}
    group = np.empty(near.shape[0], np.int64)
    firsts: list[int] = []
    for i in range(near.shape[0]):
        key = near.indices[near.indptr[i] : near.indptr[i + 1]].tobytes()
        if key not in keys:
            keys[key] = len(firsts)
            firsts.append(i)
        group[i] = keys[key]
    return near[firsts], group


def _in_order(near, worth, taken):
    """The taken places, the one that adds most first; those that add nothing are left out."""
    return np.asarray(taken, np.int64)[_greedy(near[:, taken], worth, len(taken))]
