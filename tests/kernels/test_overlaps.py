"""Spans that meet under one key, against every row with every row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fangxian.kernels.common import overlaps as room
from fangxian.kernels.common.overlaps import overlaps

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(0, 8)), max_size=12)


def columns(rows):
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 1] + table[:, 2]


@given(ROWS, ROWS, st.integers(1, 5))
def test_the_same_pairs_as_every_row_with_every_row(mine, theirs, at_once):
    wanted = {
        (a, b)
        for a, (key, since, span) in enumerate(mine)
        for b, (other, begin, length) in enumerate(theirs)
        if key == other and span and length and since < begin + length and begin < since + span
    }
    before, room.AT_ONCE = room.AT_ONCE, at_once
    try:
        (ka, sa, ua), (kb, sb, ub) = columns(mine), columns(theirs)
        found = overlaps(key=ka, since=sa, until=ua, other_key=kb, other_since=sb, other_until=ub)
    finally:
        room.AT_ONCE = before
    pairs = list(zip(*(row.tolist() for row in found), strict=True))
    assert set(pairs) == wanted
    assert len(pairs) == len(wanted)


def test_columns_of_two_lengths_are_refused():
    one, two = np.zeros(1, dtype=np.int64), np.zeros(2, dtype=np.int64)
    with pytest.raises(ValueError, match="one length"):
        overlaps(key=one, since=two, until=one, other_key=one, other_since=one, other_until=one)
    with pytest.raises(ValueError, match="one length"):
        overlaps(key=one, since=one, until=one, other_key=one, other_since=two, other_until=one)
