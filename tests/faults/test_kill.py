"""kill -9 at any moment: nothing is lost and nothing happens twice."""

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from folder import Folder, make_staffed

SETUP = """
import django; django.setup()
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.command.write.responses import set_response
from fangxian.spine.registry.read import city
set_response(hazard="typhoon", place=city(), level=Level.II, reason="r", document_no="1", by=SYSTEM)
"""
WORK = """
import django; django.setup()
from fangxian.spine.core import queue
queue.LEASE_S = 0.5
from fangxian.ops.worker import Worker
Worker().run()
"""
LOOK = """
import django; django.setup()
import json
from collections import Counter
from fangxian.spine.core.events import verify_chain
from fangxian.spine.core.models import Event, Job
from fangxian.spine.reach.models import Delivery, Message
from fangxian.spine.command.models import Order
kinds = Counter(Event.objects.values_list("kind", flat=True))
print(json.dumps({
    "orders": Order.objects.count(), "issued": kinds["order.issued"],
    "delivered": kinds["order.delivered"], "told": kinds["message.planned"],
    "messages": Message.objects.count(), "deliveries": Delivery.objects.count(),
    "open": Job.objects.exclude(state="done").count(), "chain": verify_chain()}))
"""


def python(code: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def environment(made_once: Callable[..., Path]) -> Iterator[dict[str, str]]:
    """On a disk, whose commits last long enough for a kill to fall into them."""
    staffed = Folder(made_once("staffed", make_staffed))
    with tempfile.TemporaryDirectory(dir="/var/tmp") as disk:
        yield staffed.copy_to(Path(disk) / "var").environment


def test_a_worker_killed_again_and_again_does_each_thing_once(environment):
    import json

    python(SETUP, environment)
    dice = random.Random(9)
    for _ in range(6):
        worker = subprocess.Popen([sys.executable, "-c", WORK], env=environment)
        time.sleep(dice.uniform(1.2, 2.2))
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    worker = subprocess.Popen([sys.executable, "-c", WORK], env=environment)
    for _ in range(60):
        time.sleep(0.5)
        found = json.loads(python(LOOK, environment))
        if found["open"] == 0 and found["delivered"] == found["orders"]:
            break
    worker.kill()
    worker.wait()
    n = 11 + 5 + 146
    assert found == {
        "orders": n,
        "issued": n,
        "delivered": n,
        "told": n,
        "messages": n,
        "deliveries": 2 * n,
        "open": 0,
        "chain": [],
    }
