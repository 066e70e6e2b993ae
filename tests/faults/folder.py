"""A data folder and real processes over it."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

START = "import django; django.setup()\n"
READY = START + "from fangxian.ops.bootstrap import make_ready\nmake_ready()\n"
STAFFED = (
    READY
    + """
from fangxian.spine.core import clock
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.load import make_staff
make_staff(since=clock.now().replace(month=1, day=1), password="x", by=SYSTEM)
"""
)


class Folder:
    """A data folder that real processes of ours work in."""

    def __init__(self, path: Path, **settings: str) -> None:
        # nothing of the tests' own leniency goes into a real process
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith("FANGXIAN_") and k != "DJANGO_ALLOW_ASYNC_UNSAFE"
        }
        self.path = path
        self.environment = kept | {
            "FANGXIAN_DATA_DIR": str(path),
            "FANGXIAN_SECOND_FACTOR": "0",
            "FANGXIAN_SECRET_KEY": "test-only",
            "DJANGO_SETTINGS_MODULE": "fangxian.settings",
            "LANG": "en_US.UTF-8",
            "LC_ALL": "en_US.UTF-8",
            **settings,
        }
        self.children: list[subprocess.Popen[str]] = []

    def copy_to(self, path: Path, **settings: str) -> "Folder":
        shutil.copytree(self.path, path, ignore=shutil.ignore_patterns("*.lock"))
        return Folder(path, **settings)

    def ran(self, code: str) -> "subprocess.CompletedProcess[str]":
        """Run to the end, however it ends."""
        return subprocess.run(
            [sys.executable, "-c", code], env=self.environment, capture_output=True, text=True
        )

    def ran_words(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A word of the command line, run to the end."""
        return subprocess.run(
            [sys.executable, "-m", "fangxian.cli", *words],
            env=self.environment,
            capture_output=True,
            text=True,
        )

    def python(self, code: str) -> str:
        """Run to the end; what it printed."""
        done = self.ran(code)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.strip()

    def start(self, *words: str, code: str = "") -> "subprocess.Popen[str]":
        """A word of the command line, or a piece of Python, as a process that stays."""
        run = ["-c", code] if code else ["-m", "fangxian.cli", *words]
        child = subprocess.Popen(
            [sys.executable, *run],
            env=self.environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.children.append(child)
        return child

    def end(self) -> None:
        for child in self.children:
            if child.poll() is None:
                child.send_signal(signal.SIGKILL)
            child.communicate()


def make_staffed(path: Path) -> None:
    """A folder with places, rules and staff, to be made once and copied."""
    Folder(path).python(STAFFED)


def lift_triggers(db: sqlite3.Connection) -> list[str]:
    """Take off what proves the rows, as anybody can who has the file; how to put it back."""
    rows = db.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' "
        "AND (name LIKE 'evidence_%' OR name LIKE 'prove_%')"
    ).fetchall()
    for name, _ in rows:
        db.execute(f"DROP TRIGGER {name}")
    return [sql for _, sql in rows]


def until(found: Callable[[], Any], *, within_s: float = 60.0) -> Any:
    """Wait until ``found`` says something true; that."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if told := found():
            return told
        time.sleep(0.2)
    raise AssertionError(f"not within {within_s} s")
