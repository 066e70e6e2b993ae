"""The forecast cycle: from readings to an issue that stands for ever."""

from datetime import timedelta

import numpy as np
import pytest
from rivers import gauge_of, play, river, say, storm, truth

from fangxian.hazards.flood.forecast.crossing import FAMILY
from fangxian.hazards.flood.forecast.cycle import run_cycle, task_now
from fangxian.hazards.flood.forecast.models import Expected, Issue, RainForecast, Reach
from fangxian.hazards.flood.forecast.running import run_or_say
from fangxian.spine.assess.models import Signal
from fangxian.spine.core import clock
from fangxian.spine.core.compute import map_chunks
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.rain_steps import by_step

pytestmark = pytest.mark.django_db
HOURS = 40 * 24


@pytest.fixture
def basin(city):
    return river()


def run(at, **more):
    cycle = run_cycle(at=at, by=SYSTEM, **more)
    assert not cycle.failed, cycle.failed
    return cycle


def rain_ahead(basin, at, mm):
    RainForecast.objects.create(
        basin=basin, source="省台", issued_at=at, received_at=at, mm=mm, origin="t"
    )


def test_with_the_rain_known_the_flood_is_forecast_as_it_comes(basin, now):
    rain = storm(HOURS + 72, at=HOURS - 2)
    flow = truth(rain)
    at = clock.now()
    play(basin, rain[:HOURS], flow[:HOURS], until=at)
    weights = np.array([[0.7, 0.3], [0.3, 0.7]])
    rain_ahead(basin, at, (rain[HOURS:] @ weights.T).tolist())
    issue = run(at).issues[0]
    peak = flow[HOURS:].max()
    assert issue.told["peak"]["flow"] == pytest.approx(peak, rel=0.15)
    assert abs(issue.told["peak"]["hours"] - (flow[HOURS:].argmax() + 1)) <= 3
    assert issue.told["peak"]["low"] < peak < issue.told["peak"]["high"]
    assert issue.inputs["rain_forecast"]
    assert not issue.inputs["replaced"]


def test_the_same_readings_make_no_second_issue_and_others_do(basin, now):
    rain = storm(HOURS, at=HOURS - 20)
    at = clock.now()
    play(basin, rain, truth(rain), until=at)
    first = run(at).issues[0]
    assert run(at).same == ["B1"]
    say(gauge_of(basin, 0), [rain[-1, 0] + 9.0], until=at)
    second = run(at, why=Issue.Why.LATE).issues[0]
    assert second.inputs_hash != first.inputs_hash
    assert second.told["peak"]["flow"] > first.told["peak"]["flow"]
    assert Issue.objects.get(pk=first.pk).told == first.told


def test_a_state_that_was_kept_gives_what_a_long_run_gives(basin, now):
    rain = storm(HOURS + 60, at=HOURS - 80)
    flow, end = truth(rain), clock.now()
    play(basin, rain, flow, until=end)
    run(end - timedelta(hours=30))
    warm = run(end).issues[0]
    assert not warm.inputs["cold"]
    Issue.objects.all().delete()
    cold = run(end).issues[0]
    assert cold.inputs["cold"]
    assert warm.told["raw"][0] == pytest.approx(cold.told["raw"][0], rel=0.02)


def test_other_processes_make_the_same_bytes(basin, now):
    rain, at = storm(HOURS, at=HOURS - 20), clock.now()
    play(basin, rain, truth(rain), until=at)
    task = task_now(basin, at)
    mine, theirs = (map_chunks(run_or_say, [task], engine=e)[0] for e in ("here", "processes:1"))
    for name in ("past", "raw", "flow", "range", "members"):
        assert getattr(mine, name).tobytes() == getattr(theirs, name).tobytes(), name
    assert (mine.state, mine.crossings) == (theirs.state, theirs.crossings)


def test_a_gauge_without_readings_is_filled_and_told(basin, now):
    rain = storm(HOURS, at=HOURS - 8)
    at = clock.now()
    gap = rain.copy()
    gap[-8:, 0] = np.nan
    play(basin, gap, truth(rain), until=at)
    issue = run(at).issues[0]
    assert issue.inputs["replaced"] == [
        {"gauge": "B1 雨量甲", "hours": 8, "of": issue.inputs["hours"]}
    ]
    assert issue.inputs["share"] == pytest.approx(8 / 24 * 0.54, abs=0.001)
    assert issue.inputs["matters"] > 0.1


def test_a_likely_crossing_is_a_signal_with_lead_and_one_that_passes_ends_it(basin, now):
    rain = storm(HOURS + 72, at=HOURS - 3, mm=24)
    flow, at = truth(rain), clock.now()
    play(basin, rain[:HOURS], flow[:HOURS], until=at)
    weights = np.array([[0.7, 0.3], [0.3, 0.7]])
    rain_ahead(basin, at, (rain[HOURS:] @ weights.T).tolist())
    run(at)
    signal = Signal.objects.get(family=FAMILY)
    assert signal.evidence["probability"] >= 0.5
    assert signal.evidence["lead_h"] > 2
    assert "达" in signal.evidence["zh"]
    one = Expected.objects.get(came="open", mark=signal.evidence["mark"])
    assert one.signal_id == signal.pk
    rain_ahead(basin, at + timedelta(hours=1), np.zeros((72, 2)).tolist())
    for hours in range(1, 30):
        now.advance(hours=1)
        dry = np.concatenate([rain[:HOURS], np.zeros((hours, 2))])
        play(basin, dry[-30:], np.full(30, 1.0), until=clock.now())
        run(clock.now())
    signal.refresh_from_db()
    assert signal.cleared_at is not None


def test_what_flows_in_from_above_raises_the_river_below(city, now):
    upper, lower = river("B1"), river("B2", n=1)
    rain, at = storm(HOURS, at=HOURS - 10, mm=14), clock.now()
    for basin in (upper, lower):
        play(basin, rain, truth(rain), until=at)
    alone = {i.basin.code: i for i in run(at).issues}
    Reach.objects.create(upper=upper, lower=lower, travel_h=6, x=0.2, source="t")
    joined = {i.basin.code: i for i in run(at).issues}
    assert set(joined) == {"B2"}
    assert joined["B2"].told["peak"]["flow"] > 1.5 * alone["B2"].told["peak"]["flow"]
    assert joined["B2"].inputs["above"] == ["B1"]


def test_a_basin_that_cannot_be_forecast_hides_no_other(city, now):
    good, bad = river("B1"), river("B2", n=1)
    bad.editions.all().delete()
    rain = storm(HOURS, at=HOURS - 10)
    play(good, rain, truth(rain), until=clock.now())
    cycle = run_cycle(at=clock.now(), by=SYSTEM)
    assert [i.basin.code for i in cycle.issues] == ["B1"]
    assert cycle.failed["B2"].code == "basin.unready"


def test_amounts_are_cut_at_the_hours_and_partly_known_hours_are_missing():
    pieces = [(0, 3600, 4.0), (3600, 10800, 6.0), (10800, 12600, 1.0), (14400, 17300, 2.0)]
    mm = by_step(pieces, since_s=0, n=5, step_s=3600, enough=0.75)
    assert mm[:3].tolist() == [4.0, 3.0, 3.0]
    assert np.isnan(mm[3])
    assert mm[4] == pytest.approx(2.0 / (2900 / 3600))
