"""Networks of contacts as arrays: who is reached from whom in how many steps, in the order of time.

Nodes are whole numbers from 0, edges rows of two nodes and a span of times (whole numbers of any
one unit, hours say); an edge works both ways. Missing: an edge without a known time has the widest
span its caller knows; NaN cannot come in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
NEVER = 2**62


@dataclass(frozen=True)
class Network:
    """Edges sorted by their nodes, so that a node's edges lie together.

    start: where the edges of a node begin, shape (nodes + 1, 1) flattened, counts.
    other: the node at the other end, shape (2 * edges, 1) flattened.
    since, until: when they could pass something on, hours or any other units, as ``other``.
    edge: the row of the edge as it was given, as ``other``.

    NaN: as the module says. No errors. Source: own choice (compressed rows of a sparse matrix).
    """

    start: Ints
    other: Ints
    since: Ints
    until: Ints
    edge: Ints


def network(*, nodes: int, a: Ints, b: Ints, since: Ints, until: Ints) -> Network:
    """Edges (edges, ) of nodes ``a`` and ``b`` with their spans, hours or any other units, as a
    network.

    Raises ValueError where columns differ in length or a node is not in 0 … nodes - 1. NaN: as the
    module says. Source: own choice."""
    if not len(a) == len(b) == len(since) == len(until):
        raise ValueError("a, b, since and until must be of one length")
    if len(a) and not (min(a.min(), b.min()) >= 0 and max(a.max(), b.max()) < nodes):
        raise ValueError(f"a node is not in 0 … {nodes - 1}")
    here, there = np.concatenate([a, b]), np.concatenate([b, a])
    order = np.argsort(here, kind="stable")
    start = np.searchsorted(here[order], np.arange(nodes + 1))
    twice = np.concatenate([np.arange(len(a)), np.arange(len(a))])
    return Network(
        start.astype(np.int64),
        there[order],
        np.concatenate([since, since])[order],
        np.concatenate([until, until])[order],
        twice[order],
    )


@dataclass(frozen=True)
class Reached:
    """Who was reached, in the order of steps; the starts first.

    node: the nodes, shape (reached, 1) flattened.
    step: how many steps from a start, counts, as ``node``.
    at: the earliest time something can have come there within all the steps asked for, hours or
        any other units, as ``node``.
    before: the row (of this table) it came from, -1 for a start, as ``node``.
    edge: the edge it came by, -1 for a start, as ``node``.

    NaN: as the module says. No errors. Source: own choice.
    """

    node: Ints
    step: Ints
    at: Ints
    before: Ints
    edge: Ints


def reach(net: Network, *, starts: Ints, at: Ints, depth: int, until: int = NEVER) -> Reached:
    """Everybody within ``depth`` steps of ``starts`` (starts, ), along edges in the order of time:
    an edge passes something on if it ends no earlier than it came to its node and begins before
    ``until``.

    ``at`` is the time at which each start could pass something on, hours or any other units. A node
    stands once, in the fewest steps, and of those by the edge that brings it earliest; from one
    that is reached earlier by a longer way, that way goes on. A cycle ends by itself. Raises
    ValueError for a depth below 0 or ``at`` of another length. NaN: as the module says. Source: own
    choice, earliest times step by step; the reference in the tests goes edge by edge."""
    if depth < 0 or len(starts) != len(at):
        raise ValueError("depth must be >= 0, and at of the length of starts")
    row_of = np.full(len(net.start) - 1, -1, dtype=np.int64)  # where a node stands in the table
    best = np.full(len(net.start) - 1, NEVER, dtype=np.int64)
    first = np.sort(np.unique(starts, return_index=True)[1])
    front = starts[first]
    best[front], row_of[front] = at[first], np.arange(len(front))
    none = np.full(len(front), -1, dtype=np.int64)
    parts = [(front, np.zeros(len(front), dtype=np.int64), none, none)]
    count = len(front)
    for step in range(1, depth + 1):
        low, high = net.start[front], net.start[front + 1]
        many = high - low
        total = int(many.sum())
        if not total:
            break
        source = np.repeat(front, many)
        row = np.repeat(low, many) + np.arange(total) - np.repeat(np.cumsum(many) - many, many)
        other, when = net.other[row], best[source]
        came = np.maximum(when, net.since[row])
        works = (net.until[row] >= when) & (net.since[row] < until) & (came < best[other])
        row, source, came, other = row[works], source[works], came[works], other[works]
        if not len(row):
            break
        order = np.lexsort((row, came, other))
        row, source, came, other = row[order], source[order], came[order], other[order]
        one = np.r_[True, other[1:] != other[:-1]]
        row, source, front = row[one], source[one], other[one]
        best[front] = came[one]
        new = row_of[front] < 0
        fresh = front[new]
        row_of[fresh] = count + np.arange(len(fresh))
        count += len(fresh)
        steps = np.full(len(fresh), step, dtype=np.int64)
        parts.append((fresh, steps, row_of[source[new]], net.edge[row[new]]))
    node, step_of, before, edge = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Reached(node, step_of, best[node], before, edge)


def clusters(net: Network) -> Ints:
    """For each node, shape (nodes, 1) flattened, the number of the cluster it belongs to, counts
    from 0: nodes joined by any chain of edges, whatever the times. NaN: as the module says. No
    errors. Source: scipy.sparse.csgraph.connected_components."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    nodes = len(net.start) - 1
    ones = np.ones(len(net.other), dtype=np.int8)
    matrix = csr_array((ones, net.other, net.start), shape=(nodes, nodes))
    found: Ints = connected_components(matrix, directed=False)[1].astype(np.int64)
    return found
