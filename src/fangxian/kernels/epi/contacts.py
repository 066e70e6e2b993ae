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
    at: the earliest time something can have come there in that many steps, hours or any other
        units, as ``node``.
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
    is reached once, in the fewest steps, and of those by the edge that brings it earliest; a cycle
    ends by itself. Raises ValueError for a depth below 0 or ``at`` of another length. NaN: as the
    module says. Source: own choice, breadth first; the reference in the tests goes edge by edge."""
    if depth < 0 or len(starts) != len(at):
        raise ValueError("depth must be >= 0, and at of the length of starts")
    nodes = len(net.start) - 1
    seen = np.zeros(nodes, dtype=bool)
    first = np.unique(starts, return_index=True)[1]
    front, when = starts[np.sort(first)], at[np.sort(first)]
    seen[front] = True
    none = np.full(len(front), -1, dtype=np.int64)
    parts = [(front, np.zeros(len(front), dtype=np.int64), when, none, none)]
    offset = 0
    for step in range(1, depth + 1):
        low, high = net.start[front], net.start[front + 1]
        many = high - low
        total = int(many.sum())
        if not total:
            break
        source = np.repeat(np.arange(len(front)), many)
        ahead = np.arange(total) - np.repeat(np.cumsum(many) - many, many)
        row = np.repeat(low, many) + ahead
        came = np.maximum(when[source], net.since[row])
        works = (net.until[row] >= when[source]) & (net.since[row] < until)
        works &= ~seen[net.other[row]]
        row, source, came = row[works], source[works], came[works]
        if not len(row):
            break
        order = np.lexsort((row, came, net.other[row]))
        row, source, came = row[order], source[order], came[order]
        new = np.r_[True, net.other[row][1:] != net.other[row][:-1]]
        row, source, came = row[new], source[new], came[new]
        before = source + offset
        offset += len(front)
        front, when = net.other[row], came
        seen[front] = True
        step_of = np.full(len(front), step, dtype=np.int64)
        parts.append((front, step_of, when, before, net.edge[row]))
    return Reached(*(np.concatenate(column) for column in zip(*parts, strict=True)))


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
