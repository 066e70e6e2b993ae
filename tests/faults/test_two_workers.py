"""One headquarters on a PostgreSQL server, several processes at work in it: each thing is done
once, whoever is killed, and no reader of a log misses what another wrote meanwhile."""

import json
import time
from pathlib import Path

import pytest

from tests.faults.folder import READY, STAFFED, START, Folder, until
from tests.postgresql import programs, server

DUE = 200
pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")

BUSY = f"""
from datetime import timedelta
from django.db import transaction
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import issue_orders
from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Due
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.models import Place
Due.objects.bulk_create([
    Due(kind="rows.moved", subject_kind="row", subject_id=str(k), due_at=clock.now())
    for k in range({DUE})])
towns = Place.objects.filter(kind="town", valid_to=None).order_by("path")[:60]
issue_orders([Task(town, "巡查", "山洪沟", 60) for town in towns],
             hazard="rain", level=Level.II, by=SYSTEM)
"""
LOOK = """
import json
from collections import Counter
from fangxian.spine.core.events import verify_chain
from fangxian.spine.core.evidence import audit
from fangxian.spine.core.models import Event, Job
from fangxian.spine.reach.models import Delivery
swept = Counter(Event.objects.filter(kind="rows.moved").values_list("subject_id", flat=True))
told = Counter(Event.objects.filter(kind="message.planned").values_list("subject_id", flat=True))
print(json.dumps({
    "swept": sorted(swept.values()), "told": sorted(told.values()),
    "orders": Job.objects.filter(event__kind="order.issued").count(),
    "jobs": Job.objects.exclude(state="done").count(),
    "deliveries": Delivery.objects.count(), "broken": verify_chain() + audit()}))
"""


@pytest.fixture(scope="module")
def url():
    with server() as address:
        yield address


def headquarters(url: str, name: str, room: Path, **more: str) -> Folder:
    """A host of its own: a folder beside the same database."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as db:
        if not db.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            db.execute(f"CREATE DATABASE {name}")
    address = url.replace("/postgres?", f"/{name}?")
    room.mkdir(exist_ok=True)
    return Folder(room, FANGXIAN_DATABASE_URL=address, FANGXIAN_EVIDENCE_SECRET="e", **more)


def test_two_workers_do_each_thing_once_though_one_is_killed(url, tmp_path):
    one, two = (headquarters(url, "race", tmp_path / name) for name in ("one", "two"))
    one.python(STAFFED)
    try:
        first, _ = one.start("worker"), two.start("worker")
        time.sleep(3)
        one.python(START + BUSY)
        first.kill()
        one.start("worker")
        found = until(lambda: settled(one), within_s=200)
    finally:
        one.end()
        two.end()
    assert found["swept"] == [1] * DUE
    assert found["told"] == [1] * 60
    assert found["broken"] == []


def test_rows_move_to_a_server_and_back_and_a_backup_of_it_restores(url, tmp_path):
    files = Folder(tmp_path / "files", FANGXIAN_EVIDENCE_SECRET="e")
    files.python(STAFFED)
    before = files.python(START + COUNTED)
    there = headquarters(url, "moved", files.path)
    refused = there.ran(READY)
    assert "fangxian move" in refused.stderr
    assert "rows of" in told(there, "move")
    other = Folder(tmp_path / "other", FANGXIAN_EVIDENCE_SECRET="e")
    other.python(READY)
    done = there.ran_words("move", "--from", str(other.path))
    assert done.returncode
    assert (other.path / "records.sqlite3").exists()  # another's files are not put away
    assert there.python(START + COUNTED) == before
    told(there, "backup", "create", str(tmp_path / "kept.fxb"))
    told(there, "backup", "restore", str(tmp_path / "kept.fxb"), "--into", str(tmp_path / "back"))
    back = Folder(tmp_path / "back", FANGXIAN_EVIDENCE_SECRET="e")
    assert back.python(START + COUNTED) == before


COUNTED = """
from django.apps import apps
import fangxian.wiring
from fangxian.spine.core.events import verify_chain
from fangxian.spine.core.evidence import audit
from fangxian.spine.observe.store import store
tables = [m for m in apps.get_models() if m.__module__.startswith("fangxian") and
          not m.__module__.startswith("fangxian.spine.core")]
print([(m._meta.db_table, m.objects.count()) for m in tables], verify_chain(), audit(),
      store().audit())
"""


def told(folder: Folder, *words: str) -> str:
    done = folder.ran_words(*words)
    assert done.returncode == 0, done.stderr[-1500:]
    return done.stdout + done.stderr


def settled(folder: Folder) -> dict | None:
    told = json.loads(folder.python(START + "import fangxian.wiring\n" + LOOK))
    done = len(told["swept"]) >= DUE and told["orders"] >= 60 and not told["jobs"]
    return told if done else None


WRITE = """
import sys
from fangxian.spine.observe.readings import Quality, Reading
from fangxian.spine.observe.store import store
for n in range(150):
    rows = [Reading(SERIES * 1000 + k, 60 * n, 1.0, Quality.GOOD, "") for k in range(40 + n % 30)]
    store().put(rows, received_s=1.0)
"""
READ = """
import time
from fangxian.spine.observe.store import store
seen, n, until = 0, 0, time.monotonic() + 60
while n < WANTED and time.monotonic() < until:
    rows = store().since(seen)
    n += len(rows)
    seen = rows[-1][0] if rows else seen
print(n)
"""


def test_a_reader_of_the_log_misses_nothing_of_two_intakes(url, tmp_path):
    one = headquarters(url, "intakes", tmp_path / "one")
    one.python(START + "from fangxian.ops.bootstrap import make_ready\nmake_ready()")
    wanted = 2 * sum(40 + n % 30 for n in range(150))
    try:
        for key in (1, 2):
            one.start(code=START + WRITE.replace("SERIES", str(key)))
        assert int(one.python(START + READ.replace("WANTED", str(wanted)))) == wanted
    finally:
        one.end()
    told = "from fangxian.spine.observe.store import store\nprint(store().audit())"
    assert one.python(START + told) == "[]"
