"""Scores: by hand, and in agreement with the packages scores and scoringrules."""

from datetime import date

import numpy as np
import pytest

from fangxian.hazards.flood.forecast.rules import grading_rules
from fangxian.kernels.hydro import scores, verify

RULES, _ = grading_rules(date(2026, 1, 1))


@pytest.fixture
def pair():
    """Thirty members and the truth, with one gap."""
    rng = np.random.default_rng(1)
    seen = rng.gamma(3, 2, 200)
    seen[7] = np.nan
    return seen + rng.normal(0, 1, (30, 200)), seen


def arrays(*values):
    import xarray

    return [xarray.DataArray(v, dims=["member", "time"][-np.ndim(v) :]) for v in values]


def test_continuous_scores_agree_with_the_package(pair):
    from scores import continuous, probability

    members, seen = pair
    told = members[0]
    a, b = arrays(told, seen)
    assert scores.nse(told, seen)[0] == pytest.approx(float(continuous.nse(a, b)), rel=1e-12)
    assert scores.kge(told, seen)[0] == pytest.approx(float(continuous.kge(a, b)), rel=1e-12)
    many, truth = arrays(members, seen)
    theirs = probability.crps_for_ensemble(many, truth, "member", method="ecdf")
    known = np.isfinite(seen)
    ours = scores.crps(members[:, known], seen[known]).mean()
    assert ours == pytest.approx(float(theirs), rel=1e-12)


def test_categorical_scores_agree_with_the_package(pair):
    from scores.categorical import BinaryContingencyManager

    members, seen = pair
    told = members[0]
    c = scores.crossings(told, seen, 7.0)
    known = np.isfinite(seen)
    a, b = arrays((told[known] >= 7).astype(float), (seen[known] >= 7).astype(float))
    theirs = BinaryContingencyManager(fcst_events=a, obs_events=b)
    assert c.pod == pytest.approx(float(theirs.probability_of_detection()))
    assert c.far == pytest.approx(float(theirs.false_alarm_ratio()))
    assert c.csi == pytest.approx(float(theirs.threat_score()))


def test_crps_agrees_with_scoringrules(pair):
    import scoringrules

    members, seen = pair
    known = np.isfinite(seen)
    theirs = scoringrules.crps_ensemble(seen[known], members[:, known].T, estimator="nrg")
    np.testing.assert_allclose(scores.crps(members[:, known], seen[known]), theirs, rtol=1e-12)


def test_a_rank_histogram_is_flat_when_the_truth_is_one_of_the_members():
    rng = np.random.default_rng(4)
    members = rng.normal(0, 1, (9, 3000))
    counts = scores.rank_histogram(members, rng.normal(0, 1, 3000))
    assert verify.flatness(counts) > 0.05
    assert verify.flatness(scores.rank_histogram(members * 0.7, rng.normal(0, 1, 3000))) < 1e-6


@pytest.fixture
def issued():
    """Forecasts for 1 and 3 steps that are too high by 0.1 and by 0.3 of the truth."""
    truth = 10 + 5 * np.sin(np.arange(60) / 4)
    forecast = np.full((60, 2), np.nan)
    forecast[:-1, 0], forecast[:-3, 1] = truth[1:] * 1.1, truth[3:] * 1.3
    return forecast, truth


def test_by_lead_by_hand(issued):
    forecast, truth = issued
    band = forecast * 0.8, forecast * 1.0
    one, three = verify.by_lead(forecast, truth, RULES, leads=(1, 3), band=band, mark=12.0)
    assert (one.pairs, three.pairs) == (59, 57)
    assert one.mae == pytest.approx(0.1 * truth[1:].mean())
    assert one.crps == one.mae  # one forecast is its own ensemble
    assert one.coverage == 1
    assert three.coverage == 0  # 0.8 x 1.3 is above the truth
    naive = np.abs(truth[3:] - truth[:-3]).mean()
    assert three.skill == pytest.approx(1 - 0.3 * truth[3:].mean() / naive)
    allowed = np.maximum(0.2 * np.abs(truth[1:] - truth[:-1]), 0.05 * truth[1:])
    assert one.qualified_rate == pytest.approx(np.mean(0.1 * truth[1:] <= allowed))
    assert one.crossings.misses == 0
    with pytest.raises(ValueError, match="one column for each"):
        verify.by_lead(forecast, truth, RULES, leads=(3,))
    members = np.stack([forecast / 1.1, forecast / 1.3], axis=2)
    (ideal,) = verify.by_lead(forecast[:, :1], truth, RULES, leads=(1,), members=members[:, :1])
    assert ideal.crps < one.crps
    assert ideal.below[0] == 0, "it lies below the truth always"


def test_effective_lead_ends_at_the_first_that_is_no_better():
    forecast, truth = np.full((80, 4), np.nan), np.random.default_rng(1).normal(10, 3, 80)
    for k, error in enumerate((0.01, 0.02, 30.0, 0.01)):
        forecast[: -(k + 1), k] = truth[k + 1 :] + error
    found = verify.by_lead(forecast, truth, RULES, leads=(1, 2, 3, 4))
    assert verify.effective_lead(found) == 2
    assert verify.effective_lead(found[2:]) == 0


def test_a_rise_is_seen_ahead_from_the_end_of_the_flood_before_it():
    flood = np.array([0, 5, 5, 0, 0, 0, 0, 5, 5, 0.0])
    assert scores.crossings(flood, flood, 4.0).lead.tolist() == [0, 0]
    ahead = np.array([0, 5, 5, 0, 0, 5, 5, 5, 5, 0.0])
    assert scores.crossings(ahead, flood, 4.0).lead.tolist() == [0, 2]
    gap = flood.copy()
    gap[3:7] = np.nan  # whether it rose at 7 or before is not known
    assert scores.crossings(ahead, gap, 4.0).lead.tolist() == [0]


def test_a_lead_longer_than_the_record_and_members_with_gaps():
    truth = np.arange(10.0) + 1
    forecast = np.full((10, 2), np.nan)
    forecast[:-1, 0] = truth[1:]
    members = np.repeat(forecast[:, :, None], 3, axis=2)
    members[4, 0, 1] = np.nan
    one, far = verify.by_lead(forecast, truth, RULES, leads=(1, 20), members=members)
    assert (one.pairs, one.crps, far.pairs) == (9, 0, 0)
    assert np.isnan([far.dc, far.kge, far.mae, far.crps, far.qualified_rate]).all()
    assert scores.rank_histogram(members[:, 0].T, truth).sum() == 8


def test_by_event_by_hand(issued):
    forecast, truth = issued
    event = verify.by_event(forecast, truth, RULES, leads=(1, 3), event=(2, 20), dt_h=1, area_km2=9)
    assert [score.lead for score in event] == [1]  # at lead 3 the event begins before any forecast
    more = dict(band=(forecast * 0.9, forecast), members=forecast[..., None])
    both = verify.by_event(
        forecast, truth, RULES, leads=(1, 3), event=(5, 20), dt_h=1, area_km2=9, **more
    )
    assert both[0].crps == pytest.approx(0.1 * truth[5:21].mean())
    assert (both[0].coverage, both[1].coverage) == (1, 0)
    peak, time, depth = both[0].items
    assert peak.error == pytest.approx(0.1 * truth[5:21].max())
    assert peak.qualified
    assert (time.error, time.tolerance) == (0, 3)
    assert depth.error == pytest.approx(0.1 * truth[5:21].sum() * 3.6 / 9)
    assert [i.qualified for i in both[1].items] == [False, True, False]
    one, three = verify.rates_by_lead([both, event])
    assert three.qualified_rate == pytest.approx(1 / 3)
    assert three.by_item == {"peak": 0, "time": 1, "depth": 0}
    assert one.lead == 1
    with pytest.raises(ValueError, match="gaps"):
        verify.by_event(
            forecast, truth * np.nan, RULES, leads=(1,), event=(5, 9), dt_h=1, area_km2=9
        )
