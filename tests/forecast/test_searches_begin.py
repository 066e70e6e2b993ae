"""Calibrations go by the time of the machine, whatever a drill's clock does."""

import time
from datetime import UTC, datetime

import pytest
from rivers import river

from fangxian.hazards.flood.forecast import ticking
from fangxian.hazards.flood.forecast.models import Search
from fangxian.spine.core import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def begun(city, monkeypatch):
    """Numbers of searches for which a process was begun."""
    keys = []

    class Process:
        def __init__(self, word, **_):
            keys.append(int(word[-1]))

        def poll(self):
            return None

    monkeypatch.setattr(ticking.subprocess, "Popen", Process)
    monkeypatch.setattr(ticking, "_at", {"hour": ticking.hour_of(clock.now())})
    monkeypatch.setattr(ticking, "_children", [])
    return keys


def asked(**more):
    return Search.objects.create(basin=river(), asked={}, by="t", asked_at=clock.now(), **more)


def test_a_search_begins_in_a_drill_that_stands_still(begun, monkeypatch):
    ticking.tick()
    one, later = asked(), time.time() + 5
    monkeypatch.setattr(ticking.time, "time", lambda: later)
    ticking.tick()
    assert begun == [one.pk]


def test_a_search_at_work_is_not_begun_twice_in_a_fast_drill(begun, now):
    asked(state="running", beat_at=datetime.fromtimestamp(time.time(), UTC))
    for hours in (1, 5):
        now.advance(hours=hours)
        ticking.begin_searches(time.time() + hours)
    assert begun == []
    ticking.begin_searches(time.time() + 100)
    assert len(begun) == 1
