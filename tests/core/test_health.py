"""What is wrong with the system itself is said; silence of a process is not calm."""

import shutil
import time
from collections import namedtuple

import pytest
from django.db import connection

from fangxian.ops.doctor import examine
from fangxian.spine.core.clockwatch import ClockJumpedError, ClockWatch
from fangxian.spine.core.config import config
from fangxian.spine.core.guard import beat
from fangxian.spine.core.health import PROCESSES, silent_processes, troubles
from fangxian.spine.core.models import Heartbeat
from fangxian.surfaces.web import warm

pytestmark = pytest.mark.django_db


def codes():
    return [t.code for t in troubles()]


def test_a_process_that_never_ran_is_told_and_one_that_beats_is_not():
    assert codes() == list(PROCESSES)
    assert "从未启动" in troubles()[0].zh
    for name in PROCESSES:
        beat(name)
    assert codes() == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="hosts have clocks of their own")
def test_a_silent_process_is_told_within_ten_seconds(monkeypatch):
    for name in PROCESSES:
        beat(name)
    began_s = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: began_s + 6)
    assert codes() == []
    monkeypatch.setattr(time, "monotonic", lambda: began_s + 8)
    late = troubles()
    assert [t.code for t in late] == list(PROCESSES)
    assert abs(late[0].since_s - time.time()) < 2


def test_a_gateway_that_fails_twice_is_told_until_it_answers():
    for name in PROCESSES:
        beat(name)
    beat("listen", failures=1, why="x")
    assert codes() == []
    beat("listen", failures=2, why="x")
    assert codes() == ["listen"]
    beat("listen")
    assert codes() == []


def test_a_disk_that_is_nearly_full_is_told(monkeypatch):
    for name in PROCESSES:
        beat(name)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 0, 4 * 10**8))
    assert codes() == ["disk"]


def test_the_doctor_calls_no_loop_alive_that_never_ran():
    loops = next(c for c in examine()["checks"] if c["code"] == "loops")
    assert loops["broken"] == [f"{name} never ran" for name in PROCESSES]


def test_a_clock_that_jumps_is_wrong_until_it_comes_back():
    wall, steady = [1000.0], [0.0]
    watch = ClockWatch(lambda: wall[0], lambda: steady[0])
    wall[0] += 5
    steady[0] += 5
    assert watch.look() == 0
    wall[0] += 3600
    with pytest.raises(ClockJumpedError, match=r"\+3600 s"):
        watch.look()
    assert watch.wrong
    wall[0] -= 3600
    assert (watch.look(), watch.wrong) == (0, False)


def test_a_clock_that_is_slewed_is_followed():
    wall, steady = [1000.0], [0.0]
    watch = ClockWatch(lambda: wall[0], lambda: steady[0])
    for _ in range(1000):
        wall[0] += 1.1
        steady[0] += 1.0
        assert watch.look() == 0


def test_of_two_workers_the_one_that_falls_silent_is_told(monkeypatch):
    monkeypatch.setitem(vars(config()), "workers", 2)
    for name in PROCESSES:
        beat(name)
    assert codes() == ["worker"]  # the second one never ran
    beat("worker-2")
    assert (codes(), silent_processes()) == ([], [])


def test_a_worker_that_is_no_longer_wanted_is_not_missed():
    beat("worker-2")
    Heartbeat.objects.update(real_s=1.0, steady_s=0)
    loops = next(c for c in examine()["checks"] if c["code"] == "loops")
    assert not any("worker-2" in told for told in loops["broken"])


def test_it_is_ready_when_every_process_is_and_the_first_page_need_not_wait(client, monkeypatch):
    for name in PROCESSES:
        assert client.get("/readyz").json() == {"ok": False, "silent": missing(name), "warm": True}
        beat(name)
    monkeypatch.setattr(warm._done, "is_set", lambda: False)
    assert client.get("/readyz").json() == {"ok": False, "silent": [], "warm": False}
    monkeypatch.undo()
    assert client.get("/readyz").status_code == 200


def missing(name):
    return list(PROCESSES)[list(PROCESSES).index(name) :]
