"""`./run bench city`: what people wait for in a filled folder (`./run bench fill`): each page and
list on the server with its statements, the sums of rain beside summing afresh, and the first frame
of a station after a restart. Refused on a busy machine: its figures would say nothing."""

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

FILLED = Path(__file__).parents[1] / "var" / "bench-city"
if not (FILLED / "filled.json").exists():
    sys.exit("./run bench fill comes first")
if os.getloadavg()[0] > 0.5 and "BENCH_ANYWAY" not in os.environ:
    sys.exit(f"load {os.getloadavg()[0]:.1f}: wait until the machine is quiet")
ROOM = tempfile.TemporaryDirectory(prefix="fangxian-bench-")
shutil.copytree(FILLED, ROOM.name, dirs_exist_ok=True)
os.environ["FANGXIAN_DATA_DIR"] = ROOM.name
os.environ["FANGXIAN_SECOND_FACTOR"] = "0"
os.environ["FANGXIAN_ALLOWED_HOSTS"] = "testserver"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxian.settings")

import django

django.setup()

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import fangxian.wiring  # noqa: F401 - subjects are declared
from benchmarks import best
from fangxian.spine.core import clock
from fangxian.spine.core.clock import FixedClock
from fangxian.spine.core.registers import REGISTERS
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.accept import Intake
from fangxian.spine.observe.intake.rows import arrivals_of
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.moment import FOR_S
from fangxian.spine.observe.readings import Quality, RawFrame, Reading
from fangxian.spine.observe.recent import Recent
from fangxian.spine.observe.store import Store, store

PAGES = (
    *("/", "/brief", "/screen", "/map", "/watch", "/stations/50000001", "/gaps", "/command"),
    *("/sitreps", "/forecast", "/reservoirs", "/drought", "/ready", "/rosters", "/directives"),
    *("/desk/shift", "/coldchain", "/coast", "/arrivals", "/tracing", "/api/v1/stations"),
)
STATIONS = 5000
TARGET_MS, MOST_STATEMENTS = 150, 20


def pages() -> dict[str, Any]:
    """Milliseconds and statements of each, least of three; nothing of the one before is kept, as
    if something had been written meanwhile."""
    client = Client()
    client.force_login(get_user_model().objects.get(username="lin"))
    found = {}
    for path in (*PAGES, *(f"/registers/{code}" for code in sorted(REGISTERS))):
        spans = []
        for _ in range(3):
            clock.install(FixedClock(clock.now() + timedelta(seconds=2 * FOR_S)))
            with CaptureQueriesContext(connection) as asked:
                started = time.perf_counter()
                answer = client.get(path)
                spans.append(time.perf_counter() - started)
        if answer.status_code == 200:
            found[path] = {"ms": round(min(spans) * 1000), "statements": len(asked)}
    slow = {p: row for p, row in found.items() if row["ms"] > TARGET_MS}
    return {
        "pages": len(found),
        "median_ms": round(statistics.median(row["ms"] for row in found.values())),
        "target_ms": TARGET_MS,
        "slower": dict(sorted(slow.items(), key=lambda one: -one[1]["ms"])),
        "most_statements": max(row["statements"] for row in found.values()),
        "target_statements": MOST_STATEMENTS,
    }


def rain() -> dict[str, Any]:
    """A day's rain of all gauges from what is held, against the file; and what holding it costs."""
    telemetry = store()
    keys = Series.objects.filter(element="P5").values_list("pk", flat=True)
    ends = dict.fromkeys(keys, telemetry.newest_s() or 0)
    held = Recent(telemetry)
    started = time.perf_counter()
    held.sums(ends, window_s=86400)
    first = time.perf_counter() - started
    ours = best(lambda: held.sums(ends, window_s=86400))
    theirs = best(lambda: telemetry.window_sums(ends, window_s=86400), 3)
    return {
        "gauges": len(ends),
        "first_s": round(first, 2),
        "ms": round(ours * 1000, 1),
        "times_the_file": round(theirs / ours),
    }


def first_frame() -> dict[str, Any]:
    """A reading of a station that this process has not heard yet, to its confirmation. The door
    opens when the stations are known, which is part of the start."""
    spans, intake = [], Intake()
    intake.look_again(by=SYSTEM)
    for n in range(20):
        rows = [(f"5{n:07d}", "P5", clock.now(), 1.0)]
        started = time.perf_counter()
        intake.accept(arrivals_of(rows, source="bench"), by=SYSTEM)
        spans.append(time.perf_counter() - started)
    return {"median_ms": round(statistics.median(spans) * 1000, 1), "target_ms": 50}


def ingest() -> dict[str, Any]:
    """Rounds of all series put durably into the filled file and into an empty one, and the bytes a
    day of frames every five minutes takes, raw frames with it."""
    keys, full = list(Series.objects.values_list("pk", flat=True)), store()
    last, rates = full.newest_s() or 0, {}
    empty = Store(Path(ROOM.name) / "empty.sqlite3")
    for name, telemetry in (("empty", empty), ("filled", full)):
        spans = []
        for k in range(1, 13):
            at = last + 300 * k
            rows = [Reading(key, at, float(key % 7), Quality.GOOD) for key in keys]
            began = time.process_time()
            telemetry.put(rows, received_s=float(at))
            spans.append(time.process_time() - began)
        rates[name] = len(keys) / statistics.median(spans)
    return {
        "readings_per_cpu_s": {name: round(rate) for name, rate in rates.items()},
        "kept_of_empty": round(rates["filled"] / rates["empty"], 2),
        "target_kept": 0.8,
        "mb_a_day": _mb_a_day(keys),
        "target_mb_a_day": 150,
    }


def _mb_a_day(keys: list[int]) -> int:
    """An hour of frames and readings, by the size of its file."""
    path = Path(ROOM.name) / "hour.sqlite3"
    telemetry, raw = Store(path), bytes(range(60))
    for k in range(12):
        at = 300 * k
        frames = [
            RawFrame(
                digest=f"{at:08d}{n:08d}" * 2,  # as long as one is
                station=f"5{n:07d}",
                source="tcp 10.0.0.1:5000",
                raw=raw + at.to_bytes(4, "big") + n.to_bytes(4, "big"),
                verdict="stored",
            )
            for n in range(STATIONS)
        ]
        rows = [Reading(key, at, float((key + k) % 7), Quality.GOOD) for key in keys]
        telemetry.put(rows, received_s=float(at), frames=frames)
    telemetry._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return round(path.stat().st_size * 24 / 1e6)


def main() -> dict[str, Any]:
    at = datetime.fromisoformat(json.loads((FILLED / "filled.json").read_text())["at"])
    clock.install(FixedClock(at + timedelta(seconds=30)))
    return {work.__name__: work() for work in (pages, rain, first_frame, ingest)}
