"""A night of Meranti: every twenty minutes the desk is held against the raw data."""

import json
import os
import subprocess
import sys

HOURS = "30"  # into the hours in which most is red; ./run demo --audit goes on


def test_nothing_red_silent_overdue_or_called_for_is_missing_and_nothing_stands_that_is_over():
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FANGXIAN_")}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "fangxian.cli",
            "demo",
            *f"--headless --audit 20 --json --hours {HOURS}".split(),
        ],
        capture_output=True,
        text=True,
        env=environment,
    )
    audit = json.loads(done.stdout)["audit"]
    assert (audit["misses"], audit["leftovers"]) == ([], [])
    assert audit["desks"] == 3 * int(HOURS)
    assert audit["checks"] > 500
