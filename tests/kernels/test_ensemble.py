"""Perturbed rain and the filter on states."""

import numpy as np
import pytest
from water import GIVEN, weather

from fangxian.kernels.hydro import ensemble, scores, xaj
from fangxian.kernels.hydro.correct import helps

WHERE = xaj.Basin([250.0], 24)


def members(n, **wet):
    p = np.repeat(xaj.by_name(GIVEN), n, axis=0)
    return p, xaj.start(WHERE, p, **wet)


def test_perturbed_rain_keeps_its_mean_and_its_memory():
    noise = ensemble.Noise(rain=0.3, memory=5)
    rain = np.ones((400, 1))
    own = ensemble.perturbed(rain, 500, noise, np.random.default_rng(1))[:, :, 0]
    assert own.mean() == pytest.approx(1, abs=0.01)
    assert own.std() == pytest.approx(0.3, abs=0.01)
    log = np.log(own)
    assert np.corrcoef(log[:, 100], log[:, 105])[0, 1] == pytest.approx(np.exp(-1), abs=0.1)


def test_the_filter_finds_the_states_of_a_twin():
    """The truth runs from wet states; the members start dry and see its flow."""
    rain, pan = weather(120, 5)
    p, wet = members(1, wu=20, wl=60, wd=40, s=8, fr=0.6)
    truth, _ = xaj.run(WHERE, rain, pan, p, wet)
    many, dry = members(50, wu=2, wl=10, wd=10)
    setting = dict(leads=3, noise=ensemble.Noise(rain=0.3, flow=0.05), seed=2)
    kept, after = ensemble.filter_states(WHERE, rain, pan, many, dry, truth[0], **setting)
    blind = np.full(120, np.nan)
    free, _ = ensemble.filter_states(WHERE, rain, pan, many, dry, blind, **setting)
    for lead in (1, 2, 3):
        issued = np.arange(20, 120 - lead)
        told, unaided = (a.mean(axis=0)[issued, lead - 1] for a in (kept, free))
        seen = truth[0, issued + lead]
        assert scores.nse(told, seen) > scores.nse(unaided, seen)
        assert helps(seen - unaided, told - unaided)
    assert np.isnan(kept[:, -1]).all()
    assert (after.land >= 0).all()
    again, _ = ensemble.filter_states(WHERE, rain, pan, many, dry, truth[0], **setting)
    assert np.array_equal(again, kept, equal_nan=True)


def test_a_filter_needs_members():
    rain, pan = weather(5)
    p, first = members(3, wu=1, wl=1, wd=1)
    with pytest.raises(ValueError, match="ten members"):
        ensemble.filter_states(WHERE, rain, pan, p, first, rain[:, 0], leads=1,
                               noise=ensemble.Noise(), seed=2)  # fmt: skip
