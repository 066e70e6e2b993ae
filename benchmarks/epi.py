"""Surveillance kernels, beside R surveillance and EpiEstim where Rscript has them."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import best
from fangxian.kernels.epi import reproduction, scan
from fangxian.kernels.epi.detector import Series
from fangxian.kernels.epi.registry import detect_by_name

FLEXIBLE = {"b": 5}
R_FLEXIBLE = """
suppressMessages(library(surveillance))
x <- as.matrix(read.csv("{file}", header=FALSE))
n <- nrow(x)
s <- sts(observed=x, frequency=52, epoch=seq(as.Date("2014-01-06"), by="week", length.out=n))
con <- list(range={range}, b=5, w=3, reweight=TRUE, weightsThreshold=2.58, glmWarnings=FALSE,
  alpha=0.005, trend=TRUE, pThresholdTrend=1, limit54=c(5,4), powertrans="2/3",
  populationOffset=FALSE, noPeriods=10, pastWeeksNotIncluded=26, thresholdMethod="nbPlugin")
t <- system.time(r <- farringtonFlexible(s, con))[["elapsed"]]
write.table(r@upperbound, "{file}.out", sep=",", row.names=FALSE, col.names=FALSE)
cat(t)
"""


def weekly(n: int, length: int = 520) -> Series:
    rng = np.random.default_rng(1)
    level = np.exp(rng.uniform(-1, 3, n))[:, None]
    mean = level * np.exp(0.3 * np.sin(np.arange(length) * 2 * np.pi / 52))
    counts = rng.negative_binomial(mean / 0.5, 1 / 1.5).astype(float)
    return Series(counts, np.datetime64("2014-01-06") + 7 * np.arange(length))


def r_flexible(counts: Any, rows: str) -> tuple[float, Any] | None:
    """Seconds and thresholds of R on the same series, or None without R."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x.csv"
        np.savetxt(file, counts.T, delimiter=",", fmt="%d")
        script = R_FLEXIBLE.format(file=file, range=rows)
        done = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True)
        if done.returncode:
            return None
        upper = np.loadtxt(f"{file}.out", delimiter=",", ndmin=2, dtype=str)
        return float(done.stdout), np.where(upper == "NA", "nan", upper).astype(float).T


def farrington() -> dict[str, Any]:
    many, last = weekly(10_000), np.array([519])
    detect_by_name("farrington_flexible", many.take(slice(0, 200)), FLEXIBLE, last)
    newest = best(lambda: detect_by_name("farrington_flexible", many, FLEXIBLE, last))
    history = best(
        lambda: detect_by_name(
            "farrington_flexible", many.take(slice(0, 1000)), FLEXIBLE, np.arange(264, 520)
        ),
        1,
    )
    found = {
        "newest_10000_s": round(newest, 3),
        "target_s": 1,
        "points_per_s": round(1e4 / newest),
        "history_1000x256_s": round(history, 2),
        "history_target_s": 20,
    }
    peer = r_flexible(many.counts[:20], "520:520")
    if peer:
        seconds, upper = peer
        ours = detect_by_name("farrington_flexible", many.take(slice(0, 20)), FLEXIBLE, last)
        assert np.array_equal(ours.threshold, upper, equal_nan=True), "the same thresholds as R"
        found["r_points_per_s"] = round(20 / seconds, 1)
        found["times_r"] = round(1e4 / newest / (20 / seconds))
    return found


def simple_detectors() -> dict[str, Any]:
    rng = np.random.default_rng(2)
    counts = rng.poisson(rng.lognormal(1, 1, (10_000, 1)), (10_000, 365)).astype(float)
    series = Series(counts, np.datetime64("2024-01-01") + np.arange(365), 365)
    monthly = Series(counts, None, 52)
    found = {}
    for name in (
        "ears_c1",
        "ears_c2",
        "ears_c3",
        "cusum",
        "outbreak_p",
        "essence_ewma",
        "essence_regression",
        "essence_switch",
        "single_case",
        "linked_cases",
        "fixed_threshold",
    ):
        detect_by_name(name, series.take(slice(0, 200)))
        found[name] = round(best(lambda name=name: detect_by_name(name, series), 2), 2)
    at = np.arange(104, 365)
    for name in ("bayes", "moving_percentile", "glr_poisson", "glr_negbin"):
        detect_by_name(name, monthly.take(slice(0, 200)), None, at)
        found[name] = round(best(lambda name=name: detect_by_name(name, monthly, None, at), 1), 2)
    return {"seconds_10000x365": found, "target_s": 2}


def rt() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    cases = rng.poisson(rng.lognormal(1, 1, (3000, 1)), (3000, 365)).astype(float)
    interval, windows = reproduction.parametric_interval(5, 2, 30), reproduction.windows(365, 7)
    reproduction.cori(cases[:200], interval, *windows)
    seconds = best(lambda: reproduction.cori(cases, interval, *windows))
    return {"towns_3000x365_s": round(seconds, 3), "target_s": 1}


def space_time_scan() -> dict[str, Any]:
    rng = np.random.default_rng(4)
    n = 1000
    distance = scan.distances(24 + rng.random(n), 117 + rng.random(n))
    place, day = rng.integers(0, n, 2000), rng.integers(0, 28, 2000)
    nearest = np.argsort(distance, axis=1)
    found: dict[str, Any] = {}
    for share, most, target in ((10, 100, 10), (50, 500, 35)):
        order, sizes = np.ascontiguousarray(nearest[:, :most]), np.full(n, most)

        def go(replicates: int, order: Any = order, sizes: Any = sizes) -> Any:
            return scan.scan(
                place,
                day,
                places=n,
                order=order,
                sizes=sizes,
                windows=28,
                distance=distance,
                days=28,
                replicates=replicates,
            )

        go(16)
        found[f"circles_{share}pct_s"] = round(best(lambda go=go: go(999), 1), 2)
        found[f"target_{share}pct_s"] = target
    return found


def main() -> dict[str, Any]:
    return {w.__name__: w() for w in (farrington, simple_detectors, rt, space_time_scan)}
