"""The dead-man's switch: what is late is named, who is silent is said, by a process that waits for
none of them."""

import pytest
from folder import Folder, make_staffed, until
from test_processes import ask

WAITING = """
import django; django.setup()
from datetime import timedelta
from fangxian.spine.core import clock
from fangxian.spine.core.models import Event, Job
event = Event.objects.order_by("-id").first()
Job.objects.create(event=event, function="nobody.does", subject="x:1",
                   due_at=clock.now() - timedelta(minutes=5))
"""
AUDITOR = """
import django; django.setup()
import fangxian.wiring
from fangxian.ops import auditor
from fangxian.ops.worker import run_loops
from fangxian.spine.core import guard
guard.FIRST_PAUSE_S, guard.LONGEST_PAUSE_S, auditor.AGAIN_S = 0.05, 1.0, 0.5
run_loops(auditor.loops())
"""
TROUBLES = """
import django; django.setup()
from fangxian.spine.core.health import troubles
print(" ".join(sorted(t.code for t in troubles())))
"""


@pytest.fixture
def folder(made_once, tmp_path):
    copy = Folder(made_once("staffed", make_staffed)).copy_to(tmp_path / "var")
    yield copy
    copy.end()


def test_what_is_late_is_named_and_every_page_says_it(folder):
    folder.python(WAITING)
    auditor = folder.start(code=AUDITOR)
    beat = "SELECT why FROM core_heartbeat WHERE name = 'late' AND failures > 1"
    [[why]] = until(lambda: ask(folder, beat))
    assert "1 × job" in why
    told = folder.python(TROUBLES).split()
    assert {"late", "worker", "reach", "intake"} <= set(told)
    assert "auditor" not in told
    auditor.kill()
    until(lambda: "auditor" in folder.python(TROUBLES).split(), within_s=30)


def test_once_the_worker_is_back_nothing_is_late(folder):
    folder.python(WAITING)
    folder.start(code=AUDITOR)
    late = "SELECT 1 FROM core_heartbeat WHERE name = 'late' AND failures {}"
    until(lambda: ask(folder, late.format("> 1")))
    folder.start("worker")
    assert until(lambda: ask(folder, late.format("= 0")), within_s=120)
