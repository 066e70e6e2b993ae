"""Perturbed rain and the filter on states."""

import numpy as np
import pytest
from water import GIVEN, weather

from fangxian.kernels.hydro import correct, ensemble, scores, xaj

WHERE = xaj.Basin([250.0], 24)


def members(n, **wet):
    p = np.repeat(xaj.by_name(GIVEN), n, axis=0)
    return p, ensemble.Filter(xaj.start(WHERE, p, **wet))


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
    truth, _ = xaj.run(WHERE, rain, pan, p, wet.state)
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
        assert correct.helps(seen - unaided, told - unaided)
    assert np.isnan(kept[:, -1]).all()
    assert (after.state.land >= 0).all()
    again, _ = ensemble.filter_states(WHERE, rain, pan, many, dry, truth[0], **setting)
    assert np.array_equal(again, kept, equal_nan=True)


def test_a_filter_goes_on_to_the_last_bit():
    rain, pan = weather(60, 5)
    many, dry = members(20, wu=2, wl=10, wd=10)
    seen = np.where(np.arange(60) % 7 == 3, np.nan, 5.0)
    setting = dict(leads=4, noise=ensemble.Noise(memory=3), seed=2)
    whole, end = ensemble.filter_states(WHERE, rain, pan, many, dry, seen, **setting)
    a, middle = ensemble.filter_states(WHERE, rain[:25], pan[:25], many, dry, seen[:25], **setting)
    b, end2 = ensemble.filter_states(WHERE, rain[25:], pan[25:], many, middle, seen[25:], **setting)
    assert (b == whole[:, 25:])[np.isfinite(b)].all()
    assert (a[:, :20] == whole[:, :20]).all()
    assert (end2.state.land == end.state.land).all()
    assert (end2.log == end.log).all()
    assert end2.steps == 60


def hourly_twin(steps):
    """Raw flow of a model that is off, its filter's forecasts, and the truth."""
    rain, pan = weather(steps, 4)
    p, wet = members(1, wu=20, wl=60, wd=40, s=8, fr=0.6)
    truth, _ = xaj.run(WHERE, rain, pan, p, wet.state)
    many, first = members(20, wu=10, wl=30, wd=20)
    many[:, xaj.KC] = 1.3
    raw, _ = xaj.run(WHERE, rain, pan, many[:1], xaj.start(WHERE, many[:1], wu=10, wl=30, wd=20))
    ahead, _ = ensemble.filter_states(
        WHERE, rain, pan, many, first, truth[0], leads=3, noise=ensemble.Noise(flow=0.05), seed=1
    )
    return ahead, raw[0], truth[0]


def test_what_is_issued_knows_nothing_after_the_learning_period():
    ahead, raw, truth = hourly_twin(400)
    later = truth.copy()
    later[300:] *= 1.7
    one = ensemble.settle_forecasts(ahead, raw, truth, learn=slice(50, 300))
    two = ensemble.settle_forecasts(ahead, raw, later, learn=slice(50, 300))
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a[:300], b[:300], equal_nan=True)


def test_raw_is_issued_where_the_filter_does_not_help():
    ahead, raw, truth = hourly_twin(400)
    worse = ahead.copy()
    worse[:, :, 1] += 50.0
    flow, band, helps = ensemble.settle_forecasts(worse, raw, truth, learn=slice(50, 300))
    assert helps.tolist() == [True, False, False]  # a gain that comes back is chance
    assert (flow[:-2, 1] == raw[2:]).all()
    assert (flow[:-3, 2] == raw[3:]).all()
    assert np.allclose(flow[:-1, 0], ahead[:, :-1, 0].mean(axis=0))
    held = scores.band_coverage(band[300:-1, 0, 0], band[300:-1, 0, 2], truth[301:])
    assert 0.8 <= held <= 1


def test_a_filter_needs_members():
    rain, pan = weather(5)
    p, first = members(3, wu=1, wl=1, wd=1)
    with pytest.raises(ValueError, match="ten members"):
        ensemble.filter_states(
            WHERE, rain, pan, p, first, rain[:, 0], leads=1, noise=ensemble.Noise(), seed=2
        )
