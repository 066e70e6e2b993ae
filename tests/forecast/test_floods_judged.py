"""Each flood by itself, and whether a range means what it says."""

from datetime import UTC, datetime

import numpy as np
import pytest
from rivers import river

from fangxian.hazards.flood.forecast.models import Expected
from fangxian.hazards.flood.forecast.picture import reliability
from fangxian.hazards.flood.forecast.running import LEVELS
from fangxian.hazards.flood.forecast.verified import _floods, _Told, ledger_by_mark
from fangxian.spine.core import clock

pytestmark = pytest.mark.django_db
AT = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
def flood():
    """300 hours with one flood, its peak in hour 150."""
    hours = np.arange(300)
    return 20 + 900 * np.exp(-(((hours - 150) / 9.0) ** 2))


def issued(truth, *, late=0, times=1.0, lead=6):
    flow = np.full((len(truth), 1), np.nan)
    flow[: len(truth) - lead, 0] = np.roll(truth, late)[lead:] * times
    spread = np.linspace(0.8, 1.2, len(LEVELS))
    return _Told([lead], flow, flow[..., None] * spread)


@pytest.fixture
def judged(city):
    basin = river()
    return lambda truth, told: _floods(basin, told, truth, int(AT.timestamp()), AT)


def test_a_flood_is_judged_by_peak_time_and_depth(judged, flood):
    (good,) = judged(flood, issued(flood))
    assert (good["at"] - AT).total_seconds() == 151 * 3600
    assert good["leads"][0]["passed"] == {"peak": True, "time": True, "depth": True}
    (small,) = judged(flood, issued(flood, times=0.7))
    assert not small["leads"][0]["passed"]["peak"]
    assert small["leads"][0]["peak"] == pytest.approx(-0.3)
    (late,) = judged(flood, issued(flood, late=5))
    assert not late["leads"][0]["passed"]["time"]
    assert late["leads"][0]["time"] == 5


def test_a_flood_with_a_gap_in_its_readings_is_told_and_not_judged(judged, flood):
    told = issued(flood)
    flood[160:163] = np.nan
    (one,) = judged(flood, told)
    assert (one["gap"], one["leads"]) == (3, [])


def test_a_range_that_means_what_it_says_lies_on_the_diagonal():
    (one,) = reliability([{"lead": 6, "below": LEVELS}, {"lead": 3, "below": LEVELS}])
    assert one["points"].split()[0] == "12,228"
    assert one["below"][-1] == 95


def test_each_mark_has_a_ledger_of_its_own(city):
    one = river()
    for mark, came in (("warning", "hit"), ("warning", "false"), ("limit", "miss")):
        Expected.objects.create(
            basin=one, mark=mark, mark_m=1, first_at=clock.now(), until=clock.now(), came=came
        )
    told = dict(ledger_by_mark(Expected.objects.all()))
    assert (told["warning"]["pod"], told["warning"]["far"]) == (1, 0.5)
    assert told["limit"]["pod"] == 0
