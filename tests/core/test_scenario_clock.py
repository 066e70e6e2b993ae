"""A drill's clock: shared by processes, never ahead of what is due, moved by many hands."""

import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from fangxian.spine.core import clock as room
from fangxian.spine.core.clock import BEIJING, ScenarioClock

EIGHT = datetime(2016, 9, 13, 8, tzinfo=BEIJING)


def at(hour, minute=0):
    return EIGHT.replace(hour=hour, minute=minute)


class Room:
    """The clock on the wall of the room where the drill is."""

    def __init__(self):
        self.now_s = 1_000.0

    def time(self):
        return self.now_s


@pytest.fixture
def wall(monkeypatch):
    wall = Room()
    monkeypatch.setattr(room, "time", wall)
    return wall


@pytest.fixture
def times(tmp_path, wall):
    file = tmp_path / "clock.json"
    file.write_text('{"sim_s": 0, "real_s": 0, "speed": 0}')
    times = ScenarioClock(file)
    times.set(at=EIGHT, speed=60)
    return times


def test_it_runs_at_its_speed_and_stands_when_paused(times, wall):
    wall.now_s += 10
    assert times.now() == at(8, 10)
    times.set(speed=0)
    wall.now_s += 100
    assert (times.now(), times.course.ran) == (at(8, 10), 60)


def test_it_does_not_run_ahead_of_what_is_due(times, wall):
    times.release(at(9))
    wall.now_s += 90
    assert (times.now(), times.waits_s) == (at(9), 30)


def test_after_waiting_it_goes_on_from_where_it_stood(times, wall):
    times.release(at(9))
    wall.now_s += 90
    times.release(at(10))
    assert (times.now(), times.waits_s) == (at(9), 0)
    wall.now_s += 1
    assert times.now() == at(9, 1)


def test_a_jump_goes_by_what_is_due_and_runs_on_from_its_goal(times, wall):
    times.release(at(9))
    times.set(at=at(10, 30))
    assert (times.now(), times.goal) == (at(9), at(10, 30))
    times.release(at(10))
    assert (times.now(), times.goal) == (at(10), at(10, 30))
    times.release(at(11))
    wall.now_s += 2
    assert (times.now(), times.goal) == (at(10, 32), None)


def test_a_jump_while_paused_ends_paused_at_its_goal(times, wall):
    times.set(speed=0)
    times.release(at(9))
    times.set(at=at(9, 30))
    times.release(at(10))
    wall.now_s += 50
    assert (times.now(), times.speed) == (at(9, 30), 0)


def test_a_pause_gives_up_a_jump_and_another_speed_does_not(times):
    times.release(at(9))
    times.set(at=at(12))
    times.set(speed=10)
    assert times.goal == at(12)
    times.set(speed=0)
    assert times.goal is None


def test_when_nothing_more_is_due_a_jump_arrives(times):
    times.release(at(9))
    times.set(at=at(12))
    times.release(None)
    assert (times.now(), times.hold) == (at(12), None)


def test_a_change_of_one_process_is_not_lost_to_another(times):
    code = """
import sys
from datetime import timedelta
from pathlib import Path
from fangxian.spine.core.clock import ScenarioClock
times = ScenarioClock(Path(sys.argv[1]))
for _ in range(300):
    times.release(times.hold + timedelta(hours=1))
"""
    times.release(at(9))
    child = subprocess.Popen([sys.executable, "-c", code, str(times.path)])
    while child.poll() is None:
        times.set(speed=60)
    assert child.returncode == 0
    assert times.hold == at(9) + timedelta(hours=300)
