"""Rain in any standard form as amounts over spans."""

from hypothesis import given
from hypothesis import strategies as st

from fangxian.spine.observe.rain import amounts, chosen_forms, spread, total


def test_the_finest_form_that_is_as_fresh_as_any_is_chosen():
    series = [(1, 7, "P1"), (2, 7, "P5"), (3, 7, "PT"), (4, 8, "PD"), (5, 7, "Z")]
    assert chosen_forms(series, {1: 7200, 2: 7200, 3: 7200}) == {7: (2, "P5"), 8: (4, "PD")}
    assert chosen_forms(series, {1: 90000, 2: 7200, 3: 90000})[7] == (1, "P1")
    assert chosen_forms(series, {1: 9000, 2: 1800})[7] == (2, "P5")  # two hours behind still counts
    assert chosen_forms(series, {1: 9001, 2: 1800})[7] == (1, "P1")


def test_a_form_over_a_fixed_span_counts_at_its_ends():
    rows = [(3600, 12.0), (5400, 9.0), (7190, 4.0), (10800, 1.0)]
    assert amounts("P1", rows) == [(0, 3600, 12.0), (3600, 7200, 4.0), (7200, 10800, 1.0)]
    assert amounts("P5", [(303, 2.0)]) == [(3, 303, 2.0)]
    assert amounts("PD", [(86400, 50.0)]) == [(0, 86400, 50.0)]


def test_a_count_gives_differences_and_is_believed_again_after_a_fall():
    rows = [(0, 10.0), (3600, 14.5), (7200, 14.5), (10800, 0.5), (14400, 2.0), (18000, 3.0)]
    assert amounts("PT", rows) == [(0, 3600, 4.5), (3600, 7200, 0.0), (14400, 18000, 1.0)]


def test_a_count_that_was_silent_too_long_says_nothing_of_when():
    assert amounts("PT", [(0, 10.0), (86401, 90.0)]) == []
    assert amounts("PT", [(0, 10.0), (86400, 90.0)]) == [(0, 86400, 80.0)]


def test_what_covers_several_steps_is_spread_and_adds_up():
    parts = spread([(0, 3600, 10.1)], step_s=300)
    assert sum(parts.values()) == 101
    assert sorted(parts) == list(range(1, 13))
    assert max(parts.values()) - min(parts.values()) <= 1


def test_two_values_in_one_step_add_up():
    assert spread([(0, 300, 1.2), (3, 298, 1.4)], step_s=300) == {1: 26}


@given(st.lists(st.integers(0, 500), min_size=1, max_size=30))
def test_nothing_is_lost_or_made_by_spreading(tenths):
    pieces = [(3600 * k, 3600 * (k + 1), t / 10) for k, t in enumerate(tenths)]
    parts = spread(pieces, step_s=300)
    assert sum(parts.values()) == sum(tenths)
    for k, t in enumerate(tenths):  # and every whole hour is exact
        assert sum(parts[step] for step in range(12 * k + 1, 12 * k + 13)) == t


def test_a_window_says_how_much_of_it_is_there():
    pieces = [(0, 3600, 6.0), (7200, 10800, 3.0)]
    assert total(pieces, since_s=0, until_s=10800) == (9.0, 7200)
    assert total(pieces, since_s=1800, until_s=3600) == (3.0, 1800)
    assert total([], since_s=0, until_s=3600) == (0.0, 0)
