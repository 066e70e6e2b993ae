"""`./run bench sentinel`: the newest day of ten thousand daily series judged in one batch by the
vote of peace, beside the same judged series by series, as a loop over R's functions would."""

import time
from datetime import date

import numpy as np

from fangxian.kernels.epi.detector import Series
from fangxian.kernels.epi.registry import METHODS

SERIES, DAYS, ALONE = 10_000, 56, 300
MEMBERS = "ears_c2,essence_ewma,essence_regression"  # of detectors/2026.toml, peace


def judged(counts: np.ndarray) -> tuple[float, int]:
    """Seconds, and how many raise."""
    when = np.arange(DAYS) + np.datetime64(date(2026, 11, 1))
    started = time.perf_counter()
    found = METHODS["combined"].run(
        Series(counts, when, 365), np.array([DAYS - 1]), members=MEMBERS, votes=2, least=8.0
    )
    return time.perf_counter() - started, int(found.alarm.sum())


def main() -> dict[str, object]:
    rng = np.random.default_rng(12)
    counts = rng.poisson(rng.gamma(2, 3, (SERIES, 1)), (SERIES, DAYS)).astype(float)
    counts[rng.random((SERIES, DAYS)) < 0.01] = np.nan
    judged(counts[:10])  # compiled once
    batch_s, raised = min(judged(counts) for _ in range(3))
    alone_s, alone_raised = 0.0, 0
    for line in counts[:ALONE]:
        seconds, one = judged(line[None, :])
        alone_s, alone_raised = alone_s + seconds, alone_raised + one
    same = judged(counts[:ALONE])[1] == alone_raised
    each_us = 1e6 * batch_s / SERIES
    return {
        "series": SERIES,
        "batch_s": round(batch_s, 2),
        "raised": raised,
        "us_a_series_in_the_batch": round(each_us, 1),
        "us_a_series_alone": round(1e6 * alone_s / ALONE, 1),
        "times_faster": round(1e6 * alone_s / ALONE / each_us, 1),
        "same_answers": same,
    }
