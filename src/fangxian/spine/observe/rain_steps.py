"""Rain as millimetres by equal steps, for what calculates with it. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .rain import Piece

Floats = NDArray[np.float64]


def by_step(pieces: Sequence[Piece], *, since_s: int, n: int, step_s: int, enough: float) -> Floats:
    """Amounts over spans as mm in each of ``n`` steps after ``since_s`` (n,). A step of which the
    share ``enough`` is known is scaled up to the whole; with less it is NaN."""
    mm, known = np.zeros(n), np.zeros(n)
    if not pieces:
        return np.full(n, np.nan)
    start, end, amount = np.array(pieces, np.float64).T
    while len(start):
        step = np.floor((start - since_s) / step_s).astype(np.int64)
        edge = np.minimum(end, since_s + (step + 1) * step_s)
        share = (edge - start) / (end - start)
        inside = (step >= 0) & (step < n)
        np.add.at(mm, step[inside], (amount * share)[inside])
        np.add.at(known, step[inside], (edge - start)[inside])
        rest = edge < end
        start, end, amount = edge[rest], end[rest], (amount * (1 - share))[rest]
    share = np.minimum(known / step_s, 1.0)
    return np.where(share >= enough, mm / np.maximum(share, enough), np.nan)
