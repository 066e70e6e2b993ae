"""With real processes: what raises, hangs or is started twice never stops the city."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest
from folder import READY, START, Folder, make_staffed, until

from fangxian.cli.ports import free_port
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.observe.intake.sl651 import encode
from fangxian.spine.observe.intake.sl651.encode import Address
from fangxian.spine.observe.intake.sl651.frame import decode_frame

ORDER = (
    START
    + """
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import issue_orders
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.models import Place
hexi = Place.objects.get(name="和溪镇", kind="town")
task = Task(area=hexi, verb="转移", object="人", minutes=60)
issue_orders([task], hazard="rain", level=Level.I, by=SYSTEM)
"""
)


@pytest.fixture(scope="module")
def staffed(made_once):
    return Folder(made_once("staffed", make_staffed))


@pytest.fixture
def folder(staffed, tmp_path):
    copy = staffed.copy_to(tmp_path / "var")
    yield copy
    copy.end()


def ask(folder, sql):
    with sqlite3.connect(folder.path / "records.sqlite3", timeout=20) as db:
        return db.execute(sql).fetchall()


def gaps(folder, rule):
    return ask(folder, f"SELECT fields FROM cover_gap WHERE rule = '{rule}' AND until IS NULL")


def test_a_cover_rule_that_raises_is_a_gap_and_the_worker_goes_on(folder):
    code = (
        START
        + """
from fangxian.spine.core import guard
guard.FIRST_PAUSE_S = 0.05
from fangxian.ops import worker
from fangxian.spine.cover.engine import CoverRule
def find(at):
    raise RuntimeError("on purpose")
worker.COVER.insert(0, CoverRule("broken", "坏", "broken", "", "", find, every_s=0))
worker.Worker().run()
"""
    )
    child = folder.start(code=code)
    folder.python(ORDER)
    [[told]] = until(lambda: gaps(folder, "loop-failing"))
    assert json.loads(told)["loop"] == "cover:broken"
    assert until(lambda: ask(folder, "SELECT 1 FROM reach_delivery"))  # the order is called after
    assert child.poll() is None


def test_a_fresh_folder_with_a_stranger_for_a_day_has_a_gap_and_no_exit(tmp_path):
    empty = Folder(tmp_path / "var")
    empty.python(
        READY
        + """
from datetime import timedelta
from fangxian.spine.core import clock
from fangxian.spine.observe.models import Quarantine
then = clock.now() - timedelta(days=2)
Quarantine.objects.create(code="70009999", first_at=then, last_at=then, frames=3)
"""
    )
    child = empty.start("worker")
    assert until(lambda: gaps(empty, "quarantine-unseen"))
    assert ask(empty, "SELECT owner_id FROM cover_gap WHERE rule = 'quarantine-unseen'") == [
        (None,)
    ]
    assert child.poll() is None
    empty.end()


class Silent:
    """A gateway that takes the connection and never answers."""

    def __init__(self):
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        self.lines = []
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self):
        while True:
            self.lines.append(self.door.accept())


def test_the_alarm_path_does_not_wait_for_a_gateway_that_never_answers(staffed, tmp_path):
    silent = Silent()
    url = f"http://127.0.0.1:{silent.port}"
    folder = staffed.copy_to(tmp_path / "var", FANGXIAN_GATEWAY_URL=url)
    folder.start("reach")
    until(lambda: silent.lines)  # sending hangs now
    folder.start("worker")
    until(lambda: ask(folder, "SELECT 1 FROM core_heartbeat WHERE name = 'worker'"))
    folder.python(ORDER)
    began = time.monotonic()
    until(lambda: ask(folder, "SELECT 1 FROM reach_delivery"))
    assert time.monotonic() - began < 3
    folder.end()


def test_a_receipt_nobody_foresaw_is_kept_and_the_next_ones_are_taken(staffed, tmp_path):
    port = free_port()
    folder = staffed.copy_to(
        tmp_path / "var",
        FANGXIAN_GATEWAY_URL=f"http://127.0.0.1:{port}",
        FANGXIAN_GATEWAY_SECRET="s",
    )
    folder.start(
        code=START
        + f"""
import time
from fangxian.ops.gateway import Gateway, make_server
class Odd(Gateway):
    def _plan(self, kind, message):
        for state, answer in (("queued", ""), ("undelivered", ""), ("answered", "1")):
            self._later(message, 0, state, answer)
make_server(Odd(secret="s", trouble=0.0), {port}).serve_forever()
"""
    )
    reach, worker = folder.start("reach"), folder.start("worker")
    folder.python(ORDER)
    until(lambda: ask(folder, "SELECT 1 FROM command_order WHERE state = 'acknowledged'"))
    kept = [key for [key] in ask(folder, "SELECT key FROM core_badrow")]
    assert sorted(json.loads(k)["state"] for k in kept) == ["queued", "undelivered"]
    until(lambda: gaps(folder, "bad-row"))
    assert (reach.poll(), worker.poll()) == (None, None)
    folder.end()


def test_a_phone_that_cannot_be_opened_loses_one_delivery_and_no_other(folder):
    folder.environment |= {"FANGXIAN_GATEWAY_URL": f"http://127.0.0.1:{free_port()}"}
    folder.python(
        START
        + """
from fangxian.spine.registry.models import Person
Person.objects.filter(name="陈").update(phone_sealed=b"not ours")
"""
    )
    folder.python(ORDER)
    children = [folder.start("reach"), folder.start("worker")]
    states = until(lambda: ask(folder, "SELECT channel FROM reach_delivery WHERE state = 9"))
    assert set(states) <= {("sms",), ("voice",)}  # the call after it goes to the same phone
    until(lambda: ask(folder, "SELECT 1 FROM reach_delivery WHERE channel = 'app' AND state = 2"))
    assert [child.poll() for child in children] == [None, None]


def test_a_folder_takes_one_worker_and_one_tree(folder):
    folder.start("worker")
    until(
        lambda: (folder.path / "worker.lock").exists() and (folder.path / "worker.lock").read_text()
    )
    second = folder.start("worker")
    _, told = second.communicate(timeout=20)
    assert second.returncode == 1
    assert "already has a worker" in told


def test_sigterm_ends_a_worker_after_its_round(folder):
    child = folder.start("worker")
    until(lambda: ask(folder, "SELECT 1 FROM core_heartbeat WHERE name = 'worker'"))
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=10)
    assert child.returncode == 0


def test_children_die_with_their_parent(folder):
    ports = {f"FANGXIAN_{name}": str(free_port()) for name in ("PORT", "SL651_PORT")}
    folder.environment |= ports
    tree = folder.start("serve")

    def alive():
        listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True).stdout
        words = [line.split(maxsplit=1) for line in listed.splitlines()]
        return [
            int(pid)
            for pid, args in words
            if "fangxian.cli" in args and _folder_of(int(pid)) == str(folder.path)
        ]

    until(lambda: len(alive()) == 9)
    os.kill(tree.pid, signal.SIGKILL)
    tree.wait()
    until(lambda: not alive())


def _folder_of(pid):
    try:
        words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    return next(
        (w.split(b"=", 1)[1].decode() for w in words if w.startswith(b"FANGXIAN_DATA_DIR=")), None
    )


def test_a_child_that_is_killed_is_there_again(folder):
    folder.environment |= {f"FANGXIAN_{n}": str(free_port()) for n in ("PORT", "SL651_PORT")}
    folder.start("serve")
    beat = "SELECT steady_s FROM core_heartbeat WHERE name = 'auditor'"
    until(lambda: ask(folder, beat))
    pid = int((folder.path / "auditor.lock").read_text())
    os.kill(pid, signal.SIGKILL)
    until(lambda: (folder.path / "auditor.lock").read_text() not in ("", str(pid)))
    [[before]] = ask(folder, beat)
    until(lambda: ask(folder, beat)[0][0] > before)


def test_a_real_listener_takes_a_frame(folder):
    """In a process of its own, without what the tests allow themselves."""
    port = free_port()
    folder.environment["FANGXIAN_SL651_PORT"] = str(port)
    assert "DJANGO_ALLOW_ASYNC_UNSAFE" not in folder.environment
    folder.start("intake")
    at = datetime(2026, 9, 15, 3, tzinfo=BEIJING)
    raw = encode.body_start(serial=1, sent_at=at) + encode.station_mark(Address("70000099"), "H")
    raw += encode.time_mark(at) + encode.element("39", 10.0, size=4, decimals=3)

    def sent():
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)):
                return b""
            line.settimeout(5)
            line.sendall(encode.frame(Address("70000099"), "32", raw))
            return line.recv(4096)

    assert decode_frame(until(sent)).down  # confirmed: it is kept
    assert ask(folder, "SELECT code FROM observe_quarantine") == [("70000099",)]
