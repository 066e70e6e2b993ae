"""`./run bench alarm`: 2,000 orders at once, each to its own village, with the processes that run
in a headquarters and the simulator of the gateway: seconds from the commit to the first call handed
over and to the last."""

import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any

from fangxian.cli.ports import free_port

ORDERS = 2000
MAKE = """
import django; django.setup()
import fangxian.wiring
from fangxian.ops.bootstrap import make_ready
make_ready()
from fangxian.spine.core import clock
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.load import make_staff
from fangxian.spine.registry.models import Person
from fangxian.spine.registry.seal import seal
make_staff(since=clock.now().replace(month=1, day=1), password="x", by=SYSTEM)
Person.objects.update(phone_sealed=seal("13800000000"))
"""
ISSUE = """
import django; django.setup()
import fangxian.wiring, json, sys, time
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import issue_orders
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.models import Place
from fangxian.spine.reach.models import Delivery
villages = Place.objects.filter(kind="village", valid_to=None).order_by("path")
areas = list(villages[:int(sys.argv[1])])
tasks = [Task(area, "转移", "低洼处人员", 60) for area in areas]
begun = time.time()
issue_orders(tasks, hazard="rain", level=Level.I, by=SYSTEM)
committed = time.time()
first = last = None
while time.time() - committed < 120:
    told = Delivery.objects.exclude(channel="app").exclude(handed_over_at=None)
    n = told.values("message").distinct().count()
    if n and first is None:
        first = time.time() - committed
    if n >= len(areas):
        last = time.time() - committed
        break
    time.sleep(0.2)
print(json.dumps({"orders": len(areas), "issued_s": round(committed - begun, 2),
                  "first_call_s": first and round(first, 2),
                  "all_called_s": last and round(last, 2),
                  "deliveries": Delivery.objects.count()}))
"""


def run(trouble: str = "0") -> dict[str, Any]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FANGXIAN_")}
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        kept |= {
            "FANGXIAN_DATA_DIR": folder,
            "FANGXIAN_GATEWAY_URL": f"http://127.0.0.1:{port}",
            "FANGXIAN_GATEWAY_PORT": str(port),
            "FANGXIAN_GATEWAY_SECRET": "bench",
            "DJANGO_SETTINGS_MODULE": "fangxian.settings",
        }
        subprocess.run([sys.executable, "-c", MAKE], env=kept, check=True)
        words = [sys.executable, "-m", "fangxian.cli"]
        children = [
            subprocess.Popen([*words, *word.split()], env=kept, stderr=subprocess.DEVNULL)
            for word in ("gateway", "worker --only alarm", "worker --only cover", "reach")
        ]
        time.sleep(6)
        try:
            code = [sys.executable, "-c", ISSUE, str(ORDERS)]
            done = subprocess.run(code, env=kept, capture_output=True, text=True, check=True)
        finally:
            for child in children:
                child.kill()
                child.wait()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> dict[str, Any]:
    return run()


if __name__ == "__main__":
    print(main())
