"""The nowcast on outbreaks whose delays shorten, lengthen, stand still on weekends or come in
batches: its 90 % range holds, it beats the numbers as reported, and it says what is odd."""

import numpy as np
import pytest

from fangxian.kernels.epi import nowcast, scores

DAYS, LONGEST = 90, 15
MEAN = {
    "shortening": lambda t: 8 - 6 * t,
    "lengthening": lambda t: 2 + 6 * t,
    "weekly": lambda t: 4,
    "batch": lambda t: 4,
    "abrupt": lambda t: 8 if t < 0.5 else 2,
}


def outbreak(kind, peak, seed):
    """Event and report day of each case."""
    rng = np.random.default_rng(seed)
    event, report = [], []
    for day in range(DAYS):
        rate = peak * np.exp(-0.5 * ((day - 45) / 14) ** 2) + 0.5
        n = rng.poisson(rate * rng.gamma(20, 1 / 20))
        mean = MEAN[kind](min(day / 80, 1))
        told = day + np.minimum(rng.negative_binomial(2.5, 2.5 / (2.5 + mean), n), LONGEST)
        if kind == "weekly":
            told += np.select([told % 7 == 5, told % 7 == 6], [2, 1], 0)
        if kind == "batch":
            told = -(-told // 4) * 4
        event += [day] * n
        report += told.tolist()
    return np.array(event), np.array(report)


def judged(kind, peak, seeds):
    """Share of truths in the 90 % range, relative WIS against as reported, and the shifts told."""
    truth, told, seen, shifts = [], [], [], []
    for seed in seeds:
        event, report = outbreak(kind, peak, seed)
        for now in range(35, 80, 2):
            cells = nowcast.triangle(event, report, now, 30, LONGEST)
            found = nowcast.nowcast(cells, seed=now, samples=500)
            truth += [float((event == now - back).sum()) for back in range(9, -1, -1)]
            told.append(found.quantiles[-10:])
            seen.append(found.reported[-10:])
            shifts.append((now, found.shift))
    truth, told, seen = np.array(truth), np.concatenate(told), np.concatenate(seen)
    held = scores.coverage(truth, told, nowcast.QUANTILES, 0.9)
    wis = scores.weighted_interval_score(truth, told, nowcast.QUANTILES)
    return held, scores.relative_skill(wis, np.abs(truth - seen)), shifts


@pytest.mark.parametrize("peak", [8, 40])
@pytest.mark.parametrize("kind", ["shortening", "lengthening", "weekly", "batch"])
def test_the_range_holds_and_beats_the_numbers_as_reported(kind, peak):
    held, skill, _ = judged(kind, peak, (3001, 3002, 3003))
    assert held >= 0.85
    assert skill <= 0.62  # 0.6 on the six outbreaks of docs/methods; three vary by 0.02


def test_a_new_way_of_reporting_is_said():
    held, skill, shifts = judged("abrupt", 40, (3001, 3002, 3003))
    assert held >= 0.8
    assert skill <= 1.0  # without the doubt 1.04: no worse than as reported
    assert np.mean([shift < -2 for now, shift in shifts if 42 <= now <= 48]) > 0.5
    assert np.mean([abs(shift) > 2 for now, shift in shifts if now < 40]) < 0.2


def test_days_without_a_report_by_rule_are_not_zeros():
    event, report = outbreak("batch", 40, 3001)
    found = nowcast.nowcast(nowcast.triangle(event, report, 47, 30, LONGEST), seed=1)
    assert found.silent == 3
    assert found.reported[-3:].sum() == 0
    assert (found.mean[-3:] > 5).all()
    one, two = np.zeros((30, 16)), np.zeros((30, 16))
    one[::2, 0] = 1  # few cases: empty days are chance
    assert nowcast.silence(one) == (0, 1)
    two[:, 0] = 9
    assert nowcast.silence(two) == (0, 1)


def test_a_batch_is_spread_over_the_days_before_it_and_nothing_is_lost():
    cells = np.zeros((8, 6))
    cells[:, 4] = 3
    found = nowcast.spread_batches(cells, 3)
    assert found.sum() == pytest.approx(24)
    assert (found[:, [0, 1, 5]] == 0).all()


def test_delays_are_compared_at_equal_ages():
    cells = np.zeros((30, 6))
    cells[:, 0], cells[:, 3] = 5, 5
    assert nowcast.delay_shift(cells) == pytest.approx(0, abs=1e-9)
    cells[-7:, 0], cells[-7:, 3] = 9, 1
    assert nowcast.delay_shift(cells) < -2
    assert nowcast.delay_shift(np.zeros((5, 6))) == 0
