"""Nothing that raises stops the city: loops by name, rows alone, cursors by compare-and-set."""

import pytest

from fangxian.spine.core import guard
from fangxian.spine.core.guard import Failed, Loop, alone, beat
from fangxian.spine.core.models import BadRow, Cursor, Event, Heartbeat
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.queue import CursorMovedError, move_cursor, settle_bad_row

pytestmark = [pytest.mark.django_db, pytest.mark.guarded]


def broken():
    raise ZeroDivisionError("on purpose")


@pytest.fixture
def no_pause(monkeypatch):
    monkeypatch.setattr(guard, "FIRST_PAUSE_S", 0.0)


def test_a_loop_that_raises_counts_rests_and_says_since_when(no_pause, now):
    loop = Loop("watch:test", broken)
    for _ in range(3):
        assert loop.turn() == 0
        now.advance(minutes=1)
    row = Heartbeat.objects.get(name="watch:test")
    assert (row.failures, row.why) == (3, "ZeroDivisionError: on purpose")
    assert (now.at - row.failing_since).total_seconds() == 180


def test_a_loop_rests_after_a_failure_and_is_well_after_a_success(monkeypatch):
    outcomes = [broken, lambda: 7]
    loop = Loop("watch:test", lambda: outcomes.pop(0)())
    assert loop.turn() == 0
    assert loop.turn() == 0
    assert len(outcomes) == 1  # it rested
    loop._again_at = 0
    assert loop.turn() == 7
    row = Heartbeat.objects.get(name="watch:test")
    assert (row.failures, row.failing_since) == (0, None)


def test_a_row_fails_alone_leaves_nothing_and_is_kept_with_its_reason():
    def half():
        Cursor.objects.create(name="half")
        broken()

    assert isinstance(alone("receipt", "k1", half), Failed)
    assert alone("receipt", "k2", lambda: 5) == 5
    assert not Cursor.objects.filter(name="half").exists()
    row = BadRow.objects.get()
    assert (row.where, row.key, row.times) == ("receipt", "k1", 1)


def test_the_same_row_failing_again_is_counted_until_somebody_settles_it(lin):
    for _ in range(3):
        alone("receipt", "k1", broken)
    row = BadRow.objects.get()
    assert row.times == 3
    settle_bad_row(row=row, by=lin)
    with pytest.raises(Problem) as refused:
        settle_bad_row(row=row, by=lin)
    assert refused.value.code == "state.changed"
    alone("receipt", "k1", broken)
    assert BadRow.objects.filter(settled_at=None).count() == 1
    assert Event.objects.filter(kind="bad_row.settled").count() == 1


def test_a_cursor_moves_only_from_where_its_reader_found_it():
    Cursor.objects.create(name="reader", value=10)
    move_cursor("reader", 10, 20)
    with pytest.raises(CursorMovedError):
        move_cursor("reader", 10, 30)
    assert Cursor.objects.get(name="reader").value == 20


def test_a_beat_keeps_the_first_moment_of_failing(now):
    beat("x", failures=1, why="a")
    first = now.at
    now.advance(minutes=5)
    beat("x", failures=2, why="b")
    assert Heartbeat.objects.get(name="x").failing_since == first
    beat("x")
    assert Heartbeat.objects.get(name="x").failing_since is None
