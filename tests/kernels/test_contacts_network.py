"""Networks of contacts: worked by hand, and against a search edge by edge."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fangxian.kernels.epi.contacts import clusters, network, reach

EDGES = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(0, 20), st.integers(0, 8)),
    max_size=20,
)


def made(rows, nodes=8):
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    a, b, since, span = table.T
    return network(nodes=nodes, a=a, b=b, since=since, until=since + span)


def found(net, start, at, depth):
    got = reach(net, starts=np.array([start]), at=np.array([at]), depth=depth)
    return {int(n): (int(s), int(t)) for n, s, t in zip(got.node, got.step, got.at, strict=True)}


def test_by_hand():
    net = made([(0, 1, 5, 1), (1, 2, 7, 1), (2, 3, 6, 0), (1, 4, 2, 1)])
    assert found(net, 0, 0, 9) == {0: (0, 0), 1: (1, 5), 2: (2, 7)}


@given(EDGES, st.integers(0, 10), st.integers(0, 4))
def test_the_same_as_edge_by_edge(rows, at, depth):
    came, steps = {0: at}, {0: 0}
    for step in range(1, depth + 1):
        new = dict(came)  # the earliest within so many steps
        for a, b, since, span in rows:
            for one, other in ((a, b), (b, a)):
                if one in came and since + span >= came[one]:
                    when = max(since, came[one])
                    new[other] = min(when, new.get(other, when))
        came = new
        steps = {node: steps.get(node, step) for node in came}
    assert found(made(rows), 0, at, depth) == {n: (steps[n], when) for n, when in came.items()}


def test_a_longer_way_that_is_earlier_goes_on():
    net = made([(0, 1, 9, 0), (0, 2, 1, 0), (2, 1, 3, 0), (1, 3, 5, 0)])
    assert found(net, 0, 0, 3)[3] == (3, 5)
    assert found(net, 0, 0, 3)[1] == (1, 3)


@given(EDGES)
def test_clusters_are_what_chains_of_edges_join(rows):
    of = list(range(8))
    for a, b, *_ in rows:
        low, high = sorted((of[a], of[b]))
        of = [low if one == high else one for one in of]
    got = clusters(made(rows))
    assert {(x, y) for x in range(8) for y in range(8) if of[x] == of[y]} == {
        (x, y) for x in range(8) for y in range(8) if got[x] == got[y]
    }


def test_whoever_was_reached_says_by_which_edge_and_from_whom():
    net = made([(0, 1, 5, 1), (1, 2, 7, 1)])
    got = reach(net, starts=np.array([0]), at=np.array([0]), depth=2)
    assert got.edge.tolist() == [-1, 0, 1]
    assert got.before.tolist() == [-1, 0, 1]


def test_a_node_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="not in 0"):
        made([(0, 9, 0, 1)])
    with pytest.raises(ValueError, match="one length"):
        network(
            nodes=2,
            a=np.zeros(1, int),
            b=np.ones(2, int),
            since=np.zeros(1, int),
            until=np.ones(1, int),
        )
    with pytest.raises(ValueError, match="depth"):
        reach(made([]), starts=np.array([0]), at=np.array([0]), depth=-1)
