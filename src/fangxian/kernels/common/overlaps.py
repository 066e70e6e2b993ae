"""Which spans of one table meet which spans of another under the same key."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
AT_ONCE = 4_000_000  # pairs looked at together


def overlaps(
    *,
    key: Ints,
    since: Ints,
    until: Ints,
    other_key: Ints,
    other_since: Ints,
    other_until: Ints,
) -> tuple[Ints, Ints]:
    """The pairs of rows with one key whose spans meet.

    All shapes (n,) of the first table and (m,) of the other, whole numbers of any unit, spans
    half-open [since, until); an empty span meets nothing. Returns row numbers of the first and of
    the other table, both (pairs,), ordered by the first. Raises ValueError where a table's columns
    differ in length. NaN cannot come in. Source: own choice (sorted keys, pairs by repetition);
    the reference in the tests compares every row with every row.
    """
    if not len(key) == len(since) == len(until):
        raise ValueError("key, since and until must be of one length")
    if not len(other_key) == len(other_since) == len(other_until):
        raise ValueError("other_key, other_since and other_until must be of one length")
    order = np.argsort(other_key, kind="stable")
    keys, begins, ends = other_key[order], other_since[order], other_until[order]
    low = np.searchsorted(keys, key, "left")
    count = np.searchsorted(keys, key, "right") - low
    wanted = np.flatnonzero((count > 0) & (until > since))
    mine, theirs = [], []
    total = np.cumsum(count[wanted])
    at = 0
    while at < len(wanted):
        done = total[at - 1] if at else 0
        stop = max(at + 1, int(np.searchsorted(total, done + AT_ONCE, "right")))
        rows = wanted[at:stop]
        many = count[rows]
        a = np.repeat(rows, many)
        first = np.repeat(np.cumsum(many) - many, many)
        b = np.repeat(low[rows], many) + np.arange(len(a)) - first
        hit = (since[a] < ends[b]) & (begins[b] < until[a]) & (begins[b] < ends[b])
        mine.append(a[hit])
        theirs.append(order[b[hit]])
        at = stop
    none = np.zeros(0, dtype=np.int64)
    return np.concatenate([none, *mine]), np.concatenate([none, *theirs])
