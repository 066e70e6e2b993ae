"""Speed, measured as ratios against a peer in the same run; never a timed test."""

import time
from collections.abc import Callable
from typing import Any


def best(work: Callable[[], Any], times: int = 5) -> float:
    """The shortest of several runs, in seconds."""
    spans = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        spans.append(time.perf_counter() - started)
    return min(spans)
