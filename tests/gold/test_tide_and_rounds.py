"""The tide against two programs' predictions for Xiamen, and rounds against every choice."""

import csv
from datetime import UTC, datetime
from itertools import chain, combinations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from story import SHARED

from fangxian.kernels.allocate.rounds import best_rounds
from fangxian.kernels.hydro.tide import known, tide

TYPHOON = SHARED / "data/typhoon"
YEAR_S = 365.25 * 86400


def rows_of(name):
    with (TYPHOON / name).open() as file:
        return list(csv.DictReader(file))


def xiamen():
    return {
        row["constituent"]: (float(row["amplitude_m"]), float(row["phase_deg_greenwich"]))
        for row in rows_of("tide_xiamen.csv")
    }


def predicted(program="neaps_0.11.0_m"):
    """Unix seconds and metres, hour by hour, in four spans."""
    rows = rows_of("tide_xiamen_predicted.csv")
    at = np.array([datetime.fromisoformat(row["time_utc"]).timestamp() for row in rows])
    return at, np.array([float(row[program]) for row in rows])


def high_waters(at, level):
    """Times and heights of high waters by a parabola through three hours."""
    k = np.arange(1, len(at) - 1)
    whole = (at[k + 1] - at[k - 1] == 7200) & (level[k] > level[k - 1]) & (level[k] >= level[k + 1])
    k = k[whole]
    before, here, after = level[k - 1], level[k], level[k + 1]
    shift = (before - after) / (2 * (before - 2 * here + after))
    return at[k] + 3600 * shift, here - (before - after) * shift / 4


@pytest.mark.shared
def test_the_tide_of_xiamen_is_that_of_neaps_to_eight_centimetres():
    at, theirs = predicted()
    away = tide(at_s=at, constants=xiamen()) - theirs
    assert len(at) == 412
    assert np.sqrt(np.mean(away**2)) < 0.08  # measured: 0.076
    assert np.abs(away).max() < 0.25


@pytest.mark.shared
def test_what_is_left_out_explains_what_differs():
    # MB2 and MA2 mean other arguments elsewhere; with all that is unknown they make up the rest
    left = [amplitude for name, (amplitude, _) in xiamen().items() if name not in known()]
    at, theirs = predicted()
    away = tide(at_s=at, constants=xiamen()) - theirs
    assert np.std(away) < np.sqrt(np.sum(np.square(left)) / 2) * 1.5


@pytest.mark.shared
def test_utide_differs_by_how_it_counts_the_year():
    at, theirs = predicted("utide_0.4.0_m")
    away = tide(at_s=at, constants=xiamen()) - theirs
    assert np.sqrt(np.mean(away**2)) > 0.14
    span = np.cumsum(np.diff(at, prepend=at[0]) > 3600)  # SA stands still within a span of days
    within = [away[span == one] - away[span == one].mean() for one in range(span.max() + 1)]
    assert np.sqrt(np.mean(np.concatenate(within) ** 2)) < 0.10


@pytest.mark.shared
def test_high_waters_come_when_neaps_says_and_in_its_order():
    at, theirs = predicted()
    when, high = high_waters(at, tide(at_s=at, constants=xiamen()))
    other, height = high_waters(at, theirs)
    assert len(when) == len(other) > 25
    assert np.abs(when - other).max() < 15 * 60
    assert np.abs(high - height).max() < 0.25
    apart = np.abs(height[:, None] - height[None]) > 0.3
    assert (np.sign(high[:, None] - high[None]) == np.sign(height[:, None] - height[None]))[
        apart
    ].all()


def test_the_sun_alone_makes_high_water_at_noon_and_at_midnight():
    day = datetime(2026, 6, 22, tzinfo=UTC).timestamp()
    hours = tide(at_s=day + 3600 * np.arange(24), constants={"S2": (1.0, 0.0)})
    assert hours[[0, 12]] == pytest.approx([1, 1], abs=1e-9)
    assert hours[[6, 18]] == pytest.approx([-1, -1], abs=1e-9)


def test_a_lag_delays_high_water():
    day = datetime(2026, 6, 22, tzinfo=UTC).timestamp()
    late = tide(at_s=day + 3 * 3600, constants={"S2": (1.0, 90.0)})
    assert late == pytest.approx(1.0, abs=1e-9)


def test_the_moon_comes_50_minutes_later_every_day():
    at = datetime(2026, 6, 1, tzinfo=UTC).timestamp() + 60.0 * np.arange(60 * 24 * 28)
    level = tide(at_s=at, constants={"M2": (1.0, 0.0)})
    tops = at[1:-1][(level[1:-1] > level[:-2]) & (level[1:-1] >= level[2:])]
    assert np.mean(np.diff(tops)) / 3600 == pytest.approx(12.4206, abs=0.001)


# Schureman 1958, table 14: the least and the greatest node factor of 18.6 years
@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("M2", 0.963, 1.038), ("O1", 0.806, 1.183), ("K1", 0.882, 1.113), ("K2", 0.748, 1.317)],
)
def test_the_node_of_the_moon_changes_a_constituent_as_published(name, least, most):
    at = datetime(2010, 1, 1, tzinfo=UTC).timestamp() + 1800.0 * np.arange(int(19 * YEAR_S / 1800))
    level = np.abs(tide(at_s=at, constants={name: (1.0, 0.0)}))
    months = level[: len(level) // 1461 * 1461].reshape(-1, 1461).max(axis=1)
    assert (months.min(), months.max()) == (
        pytest.approx(least, abs=0.01),
        pytest.approx(most, abs=0.01),
    )


def test_the_tide_is_the_sum_of_its_constituents_and_others_count_for_nothing():
    at = 1.7e9 + 3600.0 * np.arange(200)
    some = {name: (0.1 + k / 50, 20.0 * k) for k, name in enumerate(sorted(known()))}
    total = sum(tide(at_s=at, constants={name: held}) for name, held in some.items())
    assert tide(at_s=at, constants=some) == pytest.approx(total)
    assert (
        tide(at_s=at, constants={**some, "MB2": (9.0, 0.0)}) == tide(at_s=at, constants=some)
    ).all()


def every_choice(unit, most):
    rounds = range(len(unit))
    for chosen in chain.from_iterable(combinations(rounds, k) for k in range(len(unit) + 1)):
        if all([unit[j] for j in chosen].count(u) <= most for u in set(unit)):
            yield list(chosen)


CASES = st.integers(1, 7).flatmap(
    lambda m: st.tuples(
        st.lists(st.lists(st.booleans(), min_size=m, max_size=m), min_size=1, max_size=8),
        st.lists(st.integers(0, 2), min_size=m, max_size=m),
        st.integers(1, 3),
        st.integers(0, 2**32 - 1),
    )
)


@given(CASES)
def test_the_best_rounds_are_the_best_of_every_choice(case):
    table, unit, most, seed = case
    sees = np.array(table)
    weight = np.random.default_rng(seed).integers(0, 9, len(sees)).astype(float)
    best = max(weight[sees[:, chosen].any(axis=1)].sum() for chosen in every_choice(unit, most))
    found = best_rounds(
        sees=sp.csr_matrix(sees.astype(float)), weight=weight, unit=np.array(unit), most=most
    )
    assert found.total == pytest.approx(best)
    assert found.optimal
    assert found.covered.tolist() == sees[:, found.chosen].any(axis=1).tolist()
    assert max([0, *np.bincount(np.array(unit)[found.chosen])]) <= most


def test_the_greedy_choice_is_not_the_best_and_the_best_is_found():
    # the first round sees most alone; the two others see everything together
    sees = np.array([[1, 1, 0], [1, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1]], float)
    found = best_rounds(
        sees=sp.csr_matrix(sees), weight=np.ones(6), unit=np.array([0, 0, 0]), most=2
    )
    assert (sorted(found.chosen.tolist()), found.total, found.optimal) == ([1, 2], 6.0, True)


def test_rounds_that_see_nothing_of_worth_are_not_gone():
    found = best_rounds(sees=sp.csr_matrix((3, 2)), weight=np.ones(3), unit=np.array([0, 1]))
    assert (len(found.chosen), found.total, found.bound) == (0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("weight", "unit", "most"),
    [([-1, 1], [0], 1), ([1], [0], 1), ([1, 1], [0, 1], 1), ([1, 1], [0], 0)],
)
def test_rounds_of_other_shapes_are_refused(weight, unit, most):
    with pytest.raises(ValueError, match="weights of each demand"):
        best_rounds(
            sees=sp.csr_matrix(np.ones((2, 1))),
            weight=np.array(weight, float),
            unit=np.array(unit),
            most=most,
        )
