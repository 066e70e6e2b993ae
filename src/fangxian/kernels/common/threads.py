"""Compiled loops over rows, shared by the cores of one machine."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def over_rows(kernel: Callable[..., None], n: int, *arguments: Any, least: int = 64) -> None:
    """Call ``kernel(first, last, *arguments)`` for contiguous parts of ``n`` rows, in threads.

    The kernel must release the GIL (``nogil=True``) and write only its own rows, so the result
    does not depend on how many threads there are. ``n`` and ``least`` (fewest rows of a part) are
    scalar counts; n = 0 calls the kernel once, on no rows. NaN and missing values are the kernel's
    business. Raises what the kernel raises, no errors of its own. Source: own choice.
    """
    parts = min(os.cpu_count() or 1, max(1, n // least))
    if parts == 1:
        kernel(0, n, *arguments)
        return
    edges = [n * k // parts for k in range(parts + 1)]
    with ThreadPoolExecutor(parts) as pool:
        jobs = [pool.submit(kernel, edges[k], edges[k + 1], *arguments) for k in range(parts)]
        for job in jobs:
            job.result()
