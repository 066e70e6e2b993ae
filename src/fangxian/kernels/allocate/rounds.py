"""Rounds of several units chosen so that together they see most that nobody has seen."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp


@dataclass(frozen=True, slots=True)
class Rounds:
    """The rounds to go, what they cover, and how much any choice could cover at most. It
    checks nothing and raises no errors; NaN as ``best_rounds`` says.

    Attributes:
        chosen: indices of the rounds taken, (k,), in no order.
        covered: which demands one of them sees, (n,) bool.
        total: their summed weight, in the unit of the weights.
        bound: the most that any choice can cover; as ``total`` when the optimum is proved.

    Source: Chekuri and Kumar 2004.
    """

    chosen: NDArray[np.int64]
    covered: NDArray[np.bool_]
    total: float
    bound: float

    @property
    def optimal(self) -> bool:
        """Whether it is proved that no other choice covers more. Raises no errors."""
        return self.total >= self.bound * (1 - 1e-6) - 1e-9


def best_rounds(
    *,
    sees: sp.csr_matrix,
    weight: NDArray[np.float64],
    unit: NDArray[np.int64],
    most: int = 1,
    seconds: float = 4.0,
) -> Rounds:
    """The choice of rounds that covers the most weight, at most ``most`` of each unit.

    Args:
        sees: (n, m), not 0 where round j sees demand i.
        weight: what seeing each demand is worth, (n,), not negative; NaN draws no round, but
            makes ``total`` and ``bound`` NaN where a chosen round sees its demand.
        unit: whose round each is, (m,), whole numbers from 0.
        most: rounds of one unit, >= 1.
        seconds: limit of the solver; beyond it ``bound`` says how far the best may be.

    Raises:
        ValueError: negative weights, shapes that differ, ``most`` < 1; an infinite weight or a unit
            below 0 (scipy's).

    Source: maximal coverage with group limits (Chekuri and Kumar 2004), solved by HiGHS.
    """
    n, m = sees.shape
    weight = np.asarray(weight, float)
    if most < 1 or weight.shape != (n,) or np.shape(unit) != (m,) or (weight < 0).any():
        raise ValueError("weights of each demand, a unit of each round, most >= 1")
    sees = sees.astype(bool).astype(float)
    live = np.flatnonzero((weight > 0) & (sees.getnnz(axis=1) > 0))
    if not len(live) or not m:
        return Rounds(np.zeros(0, np.int64), np.zeros(n, bool), 0.0, 0.0)
    near = sees[live]
    g, units = len(live), int(np.max(unit)) + 1
    link = sp.hstack([-near, sp.identity(g, format="csr")], format="csr")
    groups = sp.csr_matrix((np.ones(m), (unit, np.arange(m))), shape=(units, m + g))
    found = milp(
        np.concatenate([np.zeros(m), -weight[live]]),
        integrality=np.concatenate([np.ones(m), np.zeros(g)]),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(link, -np.inf, 0),
            LinearConstraint(groups, 0, most),
        ],
        options={"time_limit": seconds},
    )
    chosen = _greedy(near, weight[live], unit, most)
    if found.x is not None:
        exact = np.flatnonzero(found.x[:m] > 0.5)
        if _worth(near, weight[live], exact) >= _worth(near, weight[live], chosen):
            chosen = exact
    covered = np.asarray(sees[:, chosen].sum(axis=1)).ravel() > 0
    total = float(weight[covered].sum())
    bound = float(weight[live].sum())
    if found.mip_dual_bound is not None and np.isfinite(found.mip_dual_bound):
        bound = min(bound, -float(found.mip_dual_bound))
    return Rounds(np.asarray(chosen, np.int64), covered, total, max(total, bound))


def _worth(near: sp.csr_matrix, weight: NDArray[np.float64], taken: NDArray[np.int64]) -> float:
    if not len(taken):
        return 0.0
    return float(weight[np.asarray(near[:, taken].sum(axis=1)).ravel() > 0].sum())


def _greedy(
    near: sp.csr_matrix, weight: NDArray[np.float64], unit: NDArray[np.int64], most: int
) -> NDArray[np.int64]:
    """Always the round that adds most, as long as its unit may go again: what is there when the
    solver runs out of time."""
    left = weight.copy()
    went = np.zeros(int(np.max(unit)) + 1, np.int64)
    columns = near.tocsc()
    chosen: list[int] = []
    while True:
        gain = np.asarray(columns.T @ left).ravel()
        gain[went[unit] >= most] = 0
        best = int(np.argmax(gain))
        if gain[best] <= 0:
            return np.array(chosen, np.int64)
        chosen.append(best)
        went[unit[best]] += 1
        left[columns.indices[columns.indptr[best] : columns.indptr[best + 1]]] = 0
