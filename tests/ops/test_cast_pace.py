"""The demo's cast waits so long that the chain can be seen, and no longer than that."""

import json
from datetime import timedelta

import pytest

from fangxian.ops.demo import pace as room
from fangxian.ops.demo.pace import Pace
from fangxian.ops.demo.people import People
from fangxian.ops.demo.storm_time import STARTS_AT
from fangxian.ops.worker import Worker
from fangxian.spine.command.models import Proposal

NINE = STARTS_AT + timedelta(hours=1)


class Room:
    """Seconds in the room where the drill is watched."""

    def __init__(self):
        self.now_s = 0.0

    def monotonic(self):
        return self.now_s

    def time(self):
        return self.now_s


@pytest.fixture
def watched(monkeypatch):
    """A pace, and a way to let seconds pass."""
    wall, pace = Room(), Pace()
    monkeypatch.setattr(room, "time", wall)

    def let(seconds, *, running=True, hurry=False):
        pace.turn(running=running, hurry=hurry)
        wall.now_s += seconds
        pace.turn(running=running, hurry=hurry)

    return pace, let


def test_everything_lies_for_twenty_to_thirty_seconds(watched):
    pace, let = watched
    pace.lies("report", dict.fromkeys(range(100), NINE))
    let(19.9)
    assert pace.ripe("report") == []
    let(10.2)
    assert len(pace.ripe("report")) == 100


def test_a_pause_does_not_count_and_a_jump_waits_for_nobody(watched):
    pace, let = watched
    pace.lies("proposal", {1: NINE})
    let(100, running=False)
    assert pace.ripe("proposal") == []
    let(0, hurry=True)
    assert pace.ripe("proposal") == [1]


def test_what_comes_back_to_the_desk_waits_anew(watched):
    pace, let = watched
    pace.lies("signal", {1: NINE})
    let(31)
    pace.lies("signal", {})
    pace.lies("signal", {1: NINE})
    assert pace.ripe("signal") == []


def test_the_pages_are_told_what_the_cast_will_do_next(watched, tmp_path):
    pace, let = watched
    pace.lies("proposal", {11: NINE})
    let(5)
    pace.write(tmp_path / "cast.json", desk=False)
    told = json.loads((tmp_path / "cast.json").read_text())
    assert told["waits"]["proposal"] == {"left_s": 15.0, "not_before_s": NINE.timestamp()}


def proposed(now, people):
    """The warning of nine o'clock and what the rules make of it."""
    now.at = NINE
    people.act(now.at)
    Worker().settle()
    now.at = NINE + timedelta(minutes=7)
    people.act(now.at)
    return Proposal.objects.get()


def test_the_commander_of_a_watched_demo_waits_before_he_decides(lin, now, watched):
    pace, let = watched
    people = People(pace=pace)
    proposal = proposed(now, people)
    assert proposal.state == "open"
    let(31)
    people.act(now.at)
    proposal.refresh_from_db()
    assert proposal.state == "accepted"


def test_nobody_waits_in_a_demo_at_full_speed(lin, now):
    assert proposed(now, People()).state == "accepted"


def test_a_replay_that_goes_on_enters_no_warning_twice(lin):
    assert People(since=NINE).waiting == People().waiting[1:]
