"""A person's click is let in between the transactions of a worker that writes all the time."""

import sqlite3
import threading
import time

import pytest

from fangxian.spine.core.queue import PAUSE_S
from fangxian.spine.core.sqlite.base import begin


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "records.sqlite3"
    with sqlite3.connect(path) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.execute("CREATE TABLE written (turn)")
    return path


def opened(file):
    return sqlite3.connect(file, isolation_level=None, check_same_thread=False)


def test_who_waits_is_let_in_between_two_transactions(file):
    worker, person = opened(file), opened(file)
    turns, started, told_to_end = [], threading.Event(), threading.Event()

    def write_all_the_time():
        while not told_to_end.is_set():
            begin(worker, 5)
            started.set()
            worker.execute("INSERT INTO written VALUES (?)", (len(turns),))
            time.sleep(0.02)
            worker.execute("COMMIT")
            turns.append(1)
            time.sleep(PAUSE_S)

    busy = threading.Thread(target=write_all_the_time)
    busy.start()
    started.wait()
    waited = []
    for _ in range(5):
        before = len(turns)
        begin(person, 5)
        waited.append(len(turns) - before)
        person.execute("COMMIT")
    told_to_end.set()
    busy.join()
    assert max(waited) <= 10  # SQLite's own wait: hundreds


def test_a_lock_that_is_never_given_up_is_an_error_after_the_time_and_the_wait_stays_set(file):
    holder, person = opened(file), opened(file)
    begin(holder, 5)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        begin(person, 0.05)
    assert person.execute("PRAGMA busy_timeout").fetchone() == (50,)
    holder.execute("COMMIT")
    begin(person, 0.05)


def test_another_error_is_not_waited_for(file):
    twice = opened(file)
    begin(twice, 60)
    with pytest.raises(sqlite3.OperationalError, match="within a transaction"):
        begin(twice, 60)
