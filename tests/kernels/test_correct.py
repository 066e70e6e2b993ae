"""Correction by the last errors: properties, fading, the range, members."""

import numpy as np
import pytest
from scipy.signal import lfilter

from fangxian.kernels.hydro import scores
from fangxian.kernels.hydro.correct import apply_correction, fit_correction, helps

TENTHS = tuple((k + 0.5) / 10 for k in range(10))


def flows(hours, seed, memory=0.95):
    """A model and the truth it misses by an error with memory that grows with the flow."""
    rng = np.random.default_rng(seed)
    rain = np.where(rng.random(hours) < 0.05, rng.gamma(1.0, 20, hours), 0)
    model = 5 + lfilter([0.05], [1, -0.95], rain)
    error = lfilter([1], [1, -memory], rng.normal(0, 0.02, hours))
    return model, model * np.exp(error)


def test_a_correction_learns_what_lasts():
    model, truth = flows(6000, 1)
    made = fit_correction(model[:3000], truth[:3000], leads=12)
    assert made.helps.all()
    flow, band = apply_correction(made, model[3000:], truth[3000:])
    raw, seen = model[3000:], truth[3000:]
    for lead in (1, 6, 12):
        told = flow[:-lead, lead - 1]
        assert scores.nse(told, seen[lead:]) > scores.nse(raw[lead:], seen[lead:])
        held = scores.band_coverage(
            band[:-lead, lead - 1, 0], band[:-lead, lead - 1, 2], seen[lead:]
        )
        assert 0.85 <= held <= 0.95
    assert np.isnan(flow[-1]).all()


def test_a_correction_that_cannot_help_is_left_off():
    rng = np.random.default_rng(1)
    raw = 10 + np.sin(np.arange(2000) / 20)
    truth = raw + rng.normal(0, 0.3, 2000)  # white errors: nothing to learn
    made = fit_correction(raw, truth, leads=6)
    assert not made.helps.all()
    flow, band = apply_correction(made, raw, truth)
    for lead in range(1, 7):
        plain = ((raw[lead:] - truth[lead:]) ** 2).mean()
        assert ((flow[:-lead, lead - 1] - truth[lead:]) ** 2).mean() <= plain * 1.001
    assert (band[:-6, :, 0] <= band[:-6, :, 2]).all()
    with pytest.raises(ValueError, match="pairs"):
        fit_correction(raw[:50], truth[:50], leads=2)


def test_helping_means_over_the_whole_and_in_most_parts():
    y = np.ones(60)
    assert helps(y, 0.5 * y)
    assert not helps(y, -0.1 * y)
    once = np.where(np.arange(60) < 10, 10.0, 0.0)  # a gain in one part only
    assert not helps(once + 0.1, np.where(once > 0, 10.0, -0.1))


def test_gaps_in_the_observed_count_as_no_error():
    model, truth = flows(3000, 2)
    made = fit_correction(model, np.where(np.arange(3000) % 50 == 7, np.nan, truth), leads=2)
    flow, _ = apply_correction(made, model, np.full(3000, np.nan))
    assert np.allclose(flow[:-1, 0], model[1:])


def test_a_spread_that_tells_makes_the_range_sharper():
    """Members that differ more where the model misses more."""
    rng = np.random.default_rng(3)
    size = np.exp(rng.normal(0, 1, 6000))
    truth = 50 + size * rng.normal(0, 1, 6000)
    members = 50 + size * rng.normal(0, 1, (30, 6000))
    found = {}
    for name, simulated in (("mean", members.mean(axis=0)), ("members", members)):
        made = fit_correction(simulated[..., :3000], truth[:3000], leads=1, levels=TENTHS)
        _, band = apply_correction(made, simulated[..., 3000:], truth[3000:])
        found[name] = scores.crps(band[:-1, 0].T, truth[3001:]).mean()
    assert found["members"] < 0.95 * found["mean"]


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="same length"):
        fit_correction(np.ones(10), np.ones(9), leads=1)
