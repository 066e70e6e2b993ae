"""What a forecast does not know is said, and is never no crossing."""

from datetime import timedelta

import numpy as np
import pytest
from django.contrib.auth import get_user_model
from rivers import play, river, say, stage_of, storm, truth

from fangxian.hazards.flood.forecast import cycle as cycles
from fangxian.hazards.flood.forecast.cover import basins_unready, forecasts_blind
from fangxian.hazards.flood.forecast.crossing import FAMILY, judge_expected
from fangxian.hazards.flood.forecast.cycle import run_cycle
from fangxian.hazards.flood.forecast.models import Basin, Expected, RainForecast, Reach
from fangxian.spine.assess.models import Signal, Threshold
from fangxian.spine.core import clock
from fangxian.spine.core.models import BadRow
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Series

pytestmark = pytest.mark.django_db
HOURS = 40 * 24


@pytest.fixture
def basin(city):
    one = river()
    rain = storm(HOURS, at=HOURS - 6, mm=24)
    play(one, rain, truth(rain), until=clock.now())
    return one


@pytest.fixture
def page_of(client, city):
    client.force_login(get_user_model().objects.get(username="zheng"))
    return lambda address: client.get(address).content.decode()


def issue_of(basin):
    made = run_cycle(at=clock.now(), by=SYSTEM)
    return next(i for i in made.issues if i.basin == basin)


def rain_ahead(basin, hours, parts):
    now = clock.now()
    RainForecast.objects.create(
        basin=basin, source="省台", issued_at=now, received_at=now, origin="t",
        mm=[[1.0] * parts] * hours,
    )  # fmt: skip


def test_a_level_of_days_ago_hides_no_crossing_to_come(city):
    one = river()
    rain = storm(HOURS, at=HOURS - 6, mm=24)
    flow = truth(rain)
    flow[-6:] = np.nan
    flow[-12:-6] = 18.0 * 6.0**1.6  # over both marks when it was last heard
    play(one, rain, flow, until=clock.now())
    told = issue_of(one).told
    assert told["over"] == []
    assert told["crossings"]


def test_a_mark_beyond_the_curve_is_told_and_a_gap(city, page_of, basin):
    Threshold.objects.filter(mark="GRZ").update(value=40.0)
    told = issue_of(basin).told
    assert (told["marks"], told["unseen"]) == (["WRZ"], ["GRZ"])
    gap = next(iter(basins_unready(clock.now())))
    assert "保证" in gap.fields["lacks"]
    for address in ("/forecast", "/forecast/B1"):
        assert "在水位流量关系之外" in page_of(address)


def test_a_river_without_marks_is_not_said_to_stay_below_them(city, page_of, basin):
    Threshold.objects.all().delete()
    issue_of(basin)
    page = page_of("/forecast")
    assert "没有可判断的标志" in page
    assert "不超标志" not in page


def test_a_river_over_its_mark_is_not_called_below_it(city, page_of, basin):
    level = Series.objects.get(station=basin.outlet, element="Z")
    say(level, [16.0], until=clock.now())
    assert issue_of(basin).told["over"] == ["GRZ", "WRZ"]
    page = page_of("/forecast")
    assert "已超标志" in page


def test_a_basin_above_that_fails_is_told_below(city, basin, monkeypatch):
    lower = river("B2", n=1)
    Reach.objects.create(upper=basin, lower=lower, travel_h=6, x=0.2, source="t")
    basin.editions.all().delete()
    rain = storm(HOURS, at=HOURS - 10)
    play(lower, rain, truth(rain), until=clock.now())
    assert issue_of(lower).inputs["not_above"] == ["B1"]
    gap = next(iter(forecasts_blind(clock.now())))
    assert (gap.subject_id, gap.fields["above"]) == ("B2", "B1")


def test_rain_that_is_forecast_for_less_than_the_hours_ahead_is_told(city, basin):
    rain_ahead(basin, 24, 2)
    assert issue_of(basin).inputs["rain_h"] == 24


def test_a_rain_forecast_for_other_parts_is_none(city, basin):
    rain_ahead(basin, 72, 3)
    inputs = issue_of(basin).inputs
    assert not inputs["rain_forecast"]


@pytest.mark.guarded
def test_what_raises_for_one_basin_is_kept_and_hides_no_other(city, basin, monkeypatch):
    other = river("B2", n=1)
    play(other, storm(HOURS, at=HOURS - 6), np.full(HOURS, 5.0), until=clock.now())
    told_of = cycles.told_of

    def broken(one, *rest):
        if one.code == "B1":
            raise RuntimeError("a fault")
        return told_of(one, *rest)

    monkeypatch.setattr(cycles, "told_of", broken)
    made = run_cycle(at=clock.now(), by=SYSTEM)
    assert [i.basin.code for i in made.issues] == ["B2"]
    assert BadRow.objects.get(where="forecast").key == "B1"


def test_what_is_issued_long_after_its_hour_raises_nothing(city, basin, now):
    now.advance(hours=5)
    made = run_cycle(at=clock.now() - timedelta(hours=5), by=SYSTEM)
    assert made.issues[0].told["crossings"]
    assert not Expected.objects.exists()
    assert not Signal.objects.filter(family=FAMILY).exists()


@pytest.fixture
def awaited(basin):
    """A crossing that was due between two and six hours from now."""
    now = clock.now()
    return Expected.objects.create(
        basin=basin, mark="WRZ", mark_m=20.0, first_at=now, crossing_at=now + timedelta(hours=3),
        until=now + timedelta(hours=6), probability=0.9,
    )  # fmt: skip


def judged(one, now, hours, level):
    """Hours later, ``level`` holding the level of each since (NaN is not sent)."""
    now.advance(hours=hours)
    say(Series.objects.get(station=one.basin.outlet, element="Z"), level, until=clock.now())
    judge_expected(at=clock.now(), by=SYSTEM)
    one.refresh_from_db()
    return one.came


def test_a_crossing_that_was_seen_not_to_come_is_a_false_alarm(awaited, now):
    Threshold.objects.filter(mark="WRZ").update(value=20.0)
    low = float(stage_of(5.0))
    assert judged(awaited, now, 19, [low] * 19) == "false"


def test_a_gauge_that_was_silent_while_it_was_due_says_neither(awaited, now):
    Threshold.objects.filter(mark="WRZ").update(value=20.0)
    low = float(stage_of(5.0))
    level = [low] + [np.nan] * 8 + [low] * 10
    assert judged(awaited, now, 19, level) == "open"
    assert judged(awaited, now, 48, [low]) == "unknown"


def test_a_level_that_comes_late_turns_a_false_alarm_into_a_hit(awaited, now):
    Threshold.objects.filter(mark="WRZ").update(value=20.0)
    low = float(stage_of(5.0))
    assert judged(awaited, now, 19, [low] * 19) == "false"
    say(
        Series.objects.get(station=awaited.basin.outlet, element="Z"),
        [21.0] * 19,
        until=clock.now(),
    )
    judge_expected(at=clock.now(), by=SYSTEM)
    awaited.refresh_from_db()
    assert awaited.came == "hit"


def test_what_is_awaited_of_a_basin_that_is_no_more_is_judged_too(awaited, now):
    Threshold.objects.filter(mark="WRZ").update(value=20.0)
    Basin.objects.filter(pk=awaited.basin_id).update(valid_to=clock.now() + timedelta(hours=1))
    assert judged(awaited, now, 19, [float(stage_of(5.0))] * 19) == "false"
