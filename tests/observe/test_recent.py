"""Sums of the last day held in memory are those of the file, whatever came in between."""

import numpy as np
import pytest

from fangxian.spine.observe.readings import Quality, Reading, usable
from fangxian.spine.observe.recent import FEW, STEPS, Recent

STEP_S = 300
NOW = 1_473_800_400 // STEP_S * STEP_S
KEYS = range(1, FEW + 11)


def tell(telemetry, rng, *, last=NOW, steps=STEPS + 50, share=0.9, off=0):
    rows = []
    for key in KEYS:
        for k in range(steps):
            if rng.random() < share:
                quality = Quality.BAD if rng.random() < 0.05 else Quality.GOOD
                at = last - STEP_S * k + (off if key == 3 else 0)
                rows.append(Reading(key, at, round(rng.gamma(0.3, 2), 1), quality))
    telemetry.put(rows, received_s=last)


def same(held, telemetry, *, at=NOW):
    for window_s in (3600, 6 * 3600, 86400, 3 * 86400):
        ends = {key: at - STEP_S * (key % 4) for key in KEYS}
        ours, theirs = (s.sums(ends, window_s=window_s) for s in (held, Plain(telemetry)))
        assert ours.keys() == theirs.keys()
        for key, (mm, n) in theirs.items():
            assert ours[key] == (pytest.approx(mm), n), (key, window_s)


class Plain:
    def __init__(self, telemetry):
        self.telemetry = telemetry

    def sums(self, ends, *, window_s):
        return self.telemetry.window_sums(ends, window_s=window_s)


def test_what_is_held_is_what_is_in_the_file(telemetry):
    rng = np.random.default_rng(5)
    tell(telemetry, rng, off=100)
    held = Recent(telemetry)
    same(held, telemetry)
    tell(telemetry, rng, last=NOW + 6 * STEP_S, steps=30, share=0.5)  # new ones, and other values
    same(held, telemetry, at=NOW + 6 * STEP_S)
    same(held, telemetry, at=NOW - 40 * STEP_S)


def test_a_correction_and_a_doubt_count_at_once(telemetry):
    tell(telemetry, np.random.default_rng(6))
    held = Recent(telemetry)
    same(held, telemetry)
    telemetry.put([Reading(7, NOW - STEP_S, 400.0, Quality.BAD)], received_s=NOW)
    telemetry.put([Reading(8, NOW - STEP_S, None, Quality.MISSING, "lost")], received_s=NOW)
    telemetry.correct(Reading(9, NOW - STEP_S * 8, 77.0, Quality.GOOD), received_s=NOW)
    same(held, telemetry)


def test_after_days_of_silence_nothing_old_is_left(telemetry):
    rng = np.random.default_rng(7)
    tell(telemetry, rng)
    held = Recent(telemetry)
    same(held, telemetry)
    later = NOW + 5 * 86400
    telemetry.put([Reading(2, later, 1.0, Quality.GOOD)], received_s=later)
    same(held, telemetry, at=later)


def test_a_clock_of_the_future_spoils_no_sum(telemetry):
    tell(telemetry, np.random.default_rng(8))
    held = Recent(telemetry)
    same(held, telemetry)
    telemetry.put([Reading(2, NOW + 30 * 86400, 1.0, Quality.GOOD)], received_s=NOW)
    same(held, telemetry)


@pytest.mark.parametrize("back", [0, 1, 7, 200])
def test_the_newest_at_a_time_is_what_going_through_all_finds(telemetry, back):
    tell(telemetry, np.random.default_rng(9), share=0.4)
    until, within = NOW - back * STEP_S, 6 * 3600
    want = {}
    for key in KEYS:
        for at, value, quality, _, _ in telemetry.every(key):
            if until - within < at <= until and usable(value, quality):
                want[key] = max(want.get(key, (0, 0.0)), (at, value))
    assert telemetry.at(until_s=until, within_s=within) == want
    few = {key: want[key] for key in (3, 5) if key in want}
    assert telemetry.at(until_s=until, within_s=within, series=[3, 5]) == few


def test_gauges_that_are_a_report_behind_are_not_read_from_the_file(telemetry, monkeypatch):
    tell(telemetry, np.random.default_rng(9))
    held = Recent(telemetry)
    telemetry.put([Reading(2, NOW + STEP_S, 1.0, Quality.GOOD)], received_s=NOW)
    ends = {key: NOW + STEP_S * (key % 3 - 1) for key in KEYS}
    theirs = telemetry.window_sums(ends, window_s=86400)
    monkeypatch.setattr(telemetry, "window_sums", None)
    ours = held.sums(ends, window_s=86400)
    assert {k: (round(mm, 1), n) for k, (mm, n) in ours.items()} == {
        k: (round(mm, 1), n) for k, (mm, n) in theirs.items()
    }
