"""kill -9 at any moment: nothing is lost and nothing happens twice."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SETUP = """
import django; django.setup()
from fangxian.ops.bootstrap import make_ready
from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.command.write.responses import set_response
from fangxian.spine.registry.load import make_staff
from fangxian.spine.registry.read import city
make_ready()
make_staff(since=clock.now().replace(month=1, day=1), password="x", by=SYSTEM)
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
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FANGXIAN_")}
    return kept | {
        "FANGXIAN_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "fangxian.settings",
    }


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
