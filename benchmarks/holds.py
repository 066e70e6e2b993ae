"""`./run bench holds`: what tests run in a bounded form, at full size: frames changed at random,
the matrix of every seat at every address, kills of processes; and what the proofs cost, as ratios
in the same run."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

os.environ.setdefault("FANGXIAN_DATA_DIR", tempfile.mkdtemp(prefix="fangxian-bench-"))
ROOT = Path(__file__).parents[1]
MUTATIONS = 1_000_000
READINGS = 100_000
BATCH = 500


def main() -> dict[str, object]:
    return {
        "sl651": mutations(),
        "proofs": cost_of_proofs(),
        "sending": sending(),
        "matrix": passed("tests/web/test_matrix.py", HOLDS_FULL="1"),
        "kills": passed("tests/faults/test_kill.py"),
    }


def mutations() -> dict[str, object]:
    """Every frame decodes or is refused with a code; memory stays flat."""
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/observe")]
    from test_line_attacks import VALID, changed

    from fangxian.spine.observe.intake.sl651.assemble import Assembler
    from fangxian.spine.observe.intake.sl651.body import decode_message
    from fangxian.spine.observe.intake.sl651.frame import FrameError, decode_frame
    from fangxian.spine.observe.intake.sl651.readings import batch_of

    draw, assembler = random.Random(1), Assembler()
    codes: dict[str, int] = {}
    read = unhandled = 0
    tracemalloc.start()
    sizes = []
    for n in range(MUTATIONS):
        raw = changed(draw, draw.choice(VALID))
        try:
            whole = assembler.add(decode_frame(raw), raw, at_s=n / 10)
            if whole:
                batch_of(decode_message(whole.frame))
                read += 1
        except FrameError as error:
            codes[error.code] = codes.get(error.code, 0) + 1
        except Exception:  # noqa: BLE001 - just these are counted
            unhandled += 1
        assembler.broken()
        if n in (MUTATIONS // 10, MUTATIONS - 1):
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    return {
        "mutations": MUTATIONS,
        "unhandled": unhandled,
        "read": read,
        "codes": codes,
        "memory_end_over_tenth": round(sizes[1] / sizes[0], 2),
    }


def cost_of_proofs() -> dict[str, object]:
    """Readings a second with and without the sums, on files side by side."""
    from fangxian.spine.observe.readings import Reading
    from fangxian.spine.observe.store import Store

    rows = [
        Reading(k % 5000, 1_700_000_000 + 300 * (k // 5000), k % 97 / 7) for k in range(READINGS)
    ]
    rates = {}
    for name in ("proved", "bare", "proved_again", "bare_again"):
        with tempfile.TemporaryDirectory() as folder:
            store = Store(Path(folder) / "t.sqlite3")
            if name.startswith("bare"):
                for (trigger,) in store._db.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'prove_%'"
                ).fetchall():
                    store._db.execute(f"DROP TRIGGER {trigger}")
            began = time.perf_counter()
            for k in range(0, READINGS, BATCH):
                store.put(rows[k : k + BATCH], received_s=float(k))
            rates[name] = READINGS / (time.perf_counter() - began)
            store.close()
    ratio = (rates["proved"] + rates["proved_again"]) / (rates["bare"] + rates["bare_again"])
    return {name: round(rate) for name, rate in rates.items()} | {"ratio": round(ratio, 2)}


SEND = """
import json, sys, threading, time
import django; django.setup()
from datetime import timedelta
import fangxian.wiring
from fangxian.ops.bootstrap import make_ready
make_ready()
from fangxian.ops.gateway import Gateway, make_server
from fangxian.spine.core import clock
from fangxian.spine.core.config import config
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.reach.models import Delivery, Message
from fangxian.spine.reach.write import dispatch
from fangxian.spine.registry.models import Person
from fangxian.spine.registry.seal import seal
server = make_server(Gateway(secret=config().gateway_secret, trouble=0.0), int(sys.argv[2]))
threading.Thread(target=server.serve_forever, daemon=True).start()
n, now = int(sys.argv[1]), clock.now()
people = Person.objects.bulk_create(
    [Person(name=f"p{k}", phone_sealed=seal(f"1{k:010d}"), synthetic=True) for k in range(n)]
)
message = Message.objects.create(subject_kind="bench", subject_id="1", text="t", created_at=now,
                                 expires_at=now + timedelta(hours=1))
rows = [Delivery(message=message, person=p, channel="sms", due_at=now) for p in people]
Delivery.objects.bulk_create(rows)
began = time.perf_counter()
while dispatch(by=SYSTEM):
    pass
took = time.perf_counter() - began
left = Delivery.objects.exclude(state=Delivery.State.ACCEPTED).count()
print(json.dumps({"recipients": n, "seconds": round(took, 1), "left": left}))
"""


def sending() -> list[dict[str, object]]:
    """Messages handed over to a gateway in a thread of the same process: seconds from the first
    dispatch to the last."""
    from fangxian.cli.ports import free_port

    found = []
    for n in (2000, 20_000):
        port = free_port()
        kept = {k: v for k, v in os.environ.items() if not k.startswith("FANGXIAN_")}
        with tempfile.TemporaryDirectory() as folder:
            kept |= {
                "FANGXIAN_DATA_DIR": folder,
                "FANGXIAN_GATEWAY_URL": f"http://127.0.0.1:{port}",
                "FANGXIAN_GATEWAY_SECRET": "bench",
                "DJANGO_SETTINGS_MODULE": "fangxian.settings",
            }
            words = [sys.executable, "-c", SEND, str(n), str(port)]
            done = subprocess.run(words, env=kept, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return found


def passed(path: str, **settings: str) -> dict[str, object]:
    """A file of tests in a process of its own: its closing line."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FANGXIAN_")}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path]
    done = subprocess.run(
        words, cwd=ROOT, env=kept | settings, capture_output=True, text=True, check=False
    )
    return {"ok": done.returncode == 0, "told": done.stdout.strip().splitlines()[-1][:200]}
