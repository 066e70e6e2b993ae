"""The records and the readings on a PostgreSQL server: the tests of the rooms that write most run
there too. `./run test --on-postgresql` runs the whole suite so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgresql import programs

ROOT = Path(__file__).parents[2]
ROOMS = (
    *("core", "reach", "observe/test_store_and_intake.py", "observe/test_archive.py"),
    *("command/test_orders.py", "cover"),
)


@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
@pytest.mark.parametrize("room", ROOMS)
def test_a_room_works_on_a_server(room):
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("FANGXIAN_", "PYTEST_", "DJANGO_SETTINGS"))
    }
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/{room}"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.postgresql", *words],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
