"""The filter on the two stores of GR4."""

import numpy as np
import pytest

from fangxian.kernels.hydro import gr4, scores
from fangxian.kernels.hydro.ensemble import Filter, Noise
from fangxian.kernels.hydro.filter_gr4 import filter_stores

SET = np.array([[300.0, 0.5, 60.0, 2.0]])
HOW = dict(step="daily", leads=3, noise=Noise(rain=0.3, memory=2, flow=0.1, floor=0.02), seed=1)


def year(n=200):
    """Rain as the gauge says, evaporation, and the flow of the rain that fell."""
    rng = np.random.default_rng(3)
    rain, pet = np.where(rng.random(n) < 0.4, rng.gamma(0.6, 14, n), 0.0), np.full(n, 2.0)
    fallen = rain * rng.lognormal(-0.045, 0.3, n)
    return rain, pet, gr4.run_gr4(fallen, pet, SET)[0][0]


def dry(members):
    stores = np.tile([30.0, 10.0], (members, 1))
    return Filter(gr4.GrState(stores, np.zeros((members, 2)), np.zeros((members, 4))))


def test_the_filter_on_stores_makes_good_wrong_rain():
    rain, pet, seen = year(400)
    raw, _ = gr4.run_gr4(rain, pet, SET)
    first = Filter(gr4.run_gr4(rain[:0], pet[:0], np.repeat(SET, 30, axis=0))[1])
    ahead, _ = filter_stores(rain, pet, SET, first, seen, **HOW)
    for lead in (1, 2, 3):
        due = slice(50 + lead, 400)
        told = ahead.mean(axis=0)[50 : 400 - lead, lead - 1]
        assert scores.nse(told, seen[due]) > scores.nse(raw[0, due], seen[due])
    assert ahead.shape == (30, 400, 3)
    assert np.isnan(ahead[:, -1]).all()


def test_the_stores_stay_within_their_capacities():
    rain, pet, seen = year()
    for flood in (1000.0, 0.0):
        _, end = filter_stores(rain, pet, SET, dry(12), np.full(200, flood), **HOW)
        assert (end.state.stores >= 0).all()
        assert (end.state.stores <= SET[:, [0, 2]]).all()
    assert seen.max() < 1000


def test_a_gap_moves_no_store_and_a_filter_may_stand_before_the_end():
    rain, pet, seen = year(60)
    seen[40:] = np.nan
    whole, end = filter_stores(rain, pet, SET, dry(12), seen, **HOW)
    _, middle = filter_stores(rain, pet, SET, dry(12), seen, stand=25, **HOW)
    rest, last = filter_stores(rain[25:], pet[25:], SET, middle, seen[25:], **HOW)
    assert np.array_equal(rest, whole[:, 25:], equal_nan=True)
    assert (last.state.stores == end.state.stores).all()
    assert (last.steps, middle.steps) == (60, 25)


def test_a_filter_on_stores_needs_members_and_a_place_to_stand():
    rain, pet, seen = year(5)
    with pytest.raises(ValueError, match="ten members"):
        filter_stores(rain, pet, SET, dry(9), seen, **HOW)
    with pytest.raises(ValueError, match="stands within"):
        filter_stores(rain, pet, SET, dry(10), seen, stand=6, **HOW)
