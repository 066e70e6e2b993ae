"""How good is a detector: simulated series with known outbreaks, and what is counted on them.

Source of the 42 scenarios and of the outbreaks: Noufaily et al., Stat Med 32 (2013) 1206,
section 3: log mean = theta + beta t + sum over j = 1..m of (gamma1 cos + gamma2 sin)(2 pi j t/52),
negative binomial with variance phi * mean (Poisson at phi = 1), 624 weeks, outbreaks with a
Poisson size of mean k sd and log-normal(0, 0.5) delays.
"""

from dataclasses import dataclass

import numpy as np

from fangxian.kernels.epi.detector import Bools, Floats

LENGTH, CURRENT, PAST = 624, 49, (312, 575)

# theta, beta, gamma1, gamma2, phi: seven settings, each with 0..2 harmonics, without and with
# trend (Noufaily 2013, table 1).
SETTINGS = (
    (0.1, 0.0025, 0.6, 0.6, 1.5),
    (-2.0, 0.005, 0.1, 0.3, 2.0),
    (1.5, 0.003, 0.2, -0.4, 1.0),
    (0.5, 0.002, 0.5, 0.5, 5.0),
    (2.5, 0.001, 1.0, 0.1, 3.0),
    (3.75, 0.001, 0.1, -0.1, 1.1),
    (5.0, 0.0001, 0.05, 0.01, 1.2),
)
SCENARIOS = tuple(
    (theta, beta if trend else 0.0, g1, g2, phi, m)
    for theta, beta, g1, g2, phi in SETTINGS
    for trend in (False, True)
    for m in (0, 1, 2)
)


@dataclass(frozen=True)
class Simulated:
    """Simulated weeks, whole cases, no NaN. It checks nothing and raises no errors. Source:
    Noufaily 2013, section 3.

    Attributes:
        counts: (n, 624), cases of each series, those of outbreaks included.
        outbreak: (n, 624), cases of outbreaks among them.
        scenario: (n,), index into ``SCENARIOS``.
    """

    counts: Floats
    outbreak: Floats
    scenario: "np.ndarray"


def _mean(theta: float, beta: float, g1: float, g2: float, m: int) -> Floats:
    t = np.arange(1, LENGTH + 1)
    log = theta + beta * t
    for j in range(1, m + 1):
        log = log + g1 * np.cos(2 * np.pi * j * t / 52) + g2 * np.sin(2 * np.pi * j * t / 52)
    return np.asarray(np.exp(log))


def _outbreak(rng: np.random.Generator, start: int, size: float, out: Floats, last: int) -> None:
    cases = rng.poisson(size)
    weeks = start + np.floor(rng.lognormal(0.0, 0.5, cases)).astype(np.int64)
    np.add.at(out, weeks[weeks < last], 1.0)


def simulate_noufaily(
    replicates: int, seed: int, *, past: int = 4, current: bool = True
) -> Simulated:
    """``replicates`` series of each scenario, with ``past`` outbreaks in the baseline and, when
    ``current``, one in the last 49 weeks; each outbreak's size factor k is drawn from 2..10.

    Counts (replicates x 42, 624), in cases a week, without missing weeks. The same seed gives the
    same series.

    Raises:
        ValueError: replicates or a seed below 0 (numpy's).

    Source: Noufaily 2013, section 3, with k drawn here from whole numbers.
    """
    rng = np.random.default_rng(seed)
    n = replicates * len(SCENARIOS)
    counts, outbreak = np.zeros((2, n, LENGTH))
    scenario = np.repeat(np.arange(len(SCENARIOS)), replicates)
    for row in range(n):
        theta, beta, g1, g2, phi, m = SCENARIOS[scenario[row]]
        mean = _mean(theta, beta, g1, g2, m)
        if phi > 1:
            counts[row] = rng.negative_binomial(mean / (phi - 1), 1 / phi)
        else:
            counts[row] = rng.poisson(mean)
        sd = np.sqrt(phi * mean)
        for _ in range(past):
            at = int(rng.integers(*PAST))
            _outbreak(rng, at, rng.integers(2, 11) * sd[at], outbreak[row], PAST[1])
        if current:
            at = int(rng.integers(LENGTH - CURRENT, LENGTH - 8))
            _outbreak(rng, at, rng.integers(2, 11) * sd[at], outbreak[row], LENGTH)
    return Simulated(counts + outbreak, outbreak, scenario)


@dataclass(frozen=True)
class Quality:
    """Scalars over the judged periods of many series; shares 0..1, and 0 where there is nothing to
    share. It checks nothing and raises no errors. Source: definition, as Noufaily 2013 has them.

    Attributes:
        false_positive_rate: alarms among periods without outbreak cases.
        detected: outbreaks with an alarm in any period that has outbreak cases.
        sensitivity: periods with outbreak cases that have an alarm.
        predictive_value: alarms that fall in an outbreak.
        delay: mean periods from its first case to its first alarm, of detected outbreaks; else NaN.
        alarms: how many.
    """

    false_positive_rate: float
    detected: float
    sensitivity: float
    predictive_value: float
    delay: float
    alarms: int


def measure(alarm: Bools, outbreak: Floats) -> Quality:
    """Alarms (bool) and outbreak cases of the same periods, both (series, time), at most one
    outbreak a series. Series without outbreak count towards the false positives only. NaN in
    ``outbreak`` counts as no case. No errors of its own: shapes that do not broadcast are numpy's
    ValueError. Source: definition."""
    inside = outbreak > 0
    with_one = inside.any(axis=1)
    hits = alarm & inside
    found = hits.any(axis=1)
    first = np.argmax(inside, axis=1)
    delay = np.argmax(hits, axis=1) - first
    quiet = max(int((~inside).sum()), 1)
    return Quality(
        false_positive_rate=float((alarm & ~inside).sum() / quiet),
        detected=float(found.sum() / max(int(with_one.sum()), 1)),
        sensitivity=float(hits.sum() / max(int(inside.sum()), 1)),
        predictive_value=float(hits.sum() / max(int(alarm.sum()), 1)),
        delay=float(delay[found].mean()) if found.any() else float("nan"),
        alarms=int(alarm.sum()),
    )
