"""What many ask at one moment is found once, and anew when anything was written."""

from dataclasses import replace

import pytest

from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe import moment
from fangxian.spine.observe.readings import Quality, Reading
from fangxian.spine.observe.write import add_station

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(city):
    moment._kept.clear()
    calls = []
    return lambda: moment.at_once(("t",), lambda: calls.append(1) or len(calls))


def test_the_same_moment_is_found_once(asked):
    assert (asked(), asked()) == (1, 1)


def test_a_reading_ends_the_moment(asked, telemetry):
    assert asked() == 1
    telemetry.put([Reading(1, 60, 1.0, Quality.GOOD, "")], received_s=1.0)
    assert asked() == 2


def test_what_this_transaction_recorded_ends_the_moment(asked, hexi):
    assert asked() == 1
    add_station(code="70000009", name="新站", place=hexi, by=SYSTEM)
    assert asked() == 2


def test_two_seconds_end_the_moment(asked, now):
    assert asked() == 1
    now.advance(seconds=2)
    assert asked() == 2


def test_what_is_over_makes_room_and_what_is_fresh_is_kept(telemetry, monkeypatch):
    monkeypatch.setattr(moment, "MOST", 3)
    monkeypatch.setattr(moment, "_kept", {})
    for k in range(2):
        moment.at_once(("old", k), lambda: 1)
    for key in list(moment._kept):
        moment._kept[key] = replace(moment._kept[key], begun_s=0.0)
    for k in range(3):
        moment.at_once(("new", k), lambda: 1)
    assert set(moment._kept) == {("new", 0), ("new", 1), ("new", 2)}


def test_a_page_asks_once_what_is_newest_and_the_next_one_again(telemetry, monkeypatch):
    asked, state = [], moment._state_now
    monkeypatch.setattr(moment, "_state_now", lambda: asked.append(1) or state())
    for _ in range(2):
        with moment.one_page():
            moment.at_once(("a",), lambda: 1)
            moment.at_once(("b",), lambda: 1)
    assert len(asked) == 2
