"""Outbreak for rehearsal: stochastic SEIR with importation, contact tracing, isolation and a
daily testing capacity. Not a forecast.

Source: chain-binomial SEIR, Keeling and Rohani, Modeling Infectious Diseases (2008), chapter 6;
tracing by the share of infectees who are found with their infector, Ferretti et al., Science 368
(2020) eabb6936.
"""

from dataclasses import dataclass

import numpy as np

from fangxian.kernels.epi.detector import Floats, Ints

STATES = ("susceptible", "exposed", "traced", "infectious", "isolated", "recovered")


@dataclass(frozen=True)
class Outbreak:
    """What to rehearse: scalars; days and persons; shares 0..1. Making one checks nothing and
    raises no errors; ``check`` refuses NaN. Source: Keeling and Rohani 2008; tracing Ferretti 2020.

    Args:
        population: persons at the start, all susceptible but the seeds.
        reproduction: secondary cases of one case while nothing is done.
        latent, infectious: mean days before and of infectiousness.
        seeds: exposed on day 0.
        importation: mean arrivals a day who are exposed.
        symptomatic: share that asks for a test on its own.
        test_delay: mean days until then.
        capacity: tests a day that find cases (the rest waits).
        traced: share of a found case's infectees found at once.
        isolation_day: first day on which anybody is isolated.
    """

    population: int
    reproduction: float = 3.0
    latent: float = 3.0
    infectious: float = 6.0
    seeds: int = 3
    importation: float = 0.0
    symptomatic: float = 0.6
    test_delay: float = 2.0
    capacity: float = float("inf")
    traced: float = 0.5
    isolation_day: int = 0

    def check(self) -> None:
        """Raises ValueError that names the first value that makes no sense; the isolation day may
        be any."""
        for name in ("reproduction", "importation"):
            if not (0 <= getattr(self, name) < 1e6):
                raise ValueError(f"{name} must lie within 0 .. 1e6")
        for name in ("latent", "infectious", "test_delay"):
            if not (0.1 <= getattr(self, name) <= 1e4):
                raise ValueError(f"{name} must lie within 0.1 .. 10000 days")
        for name in ("symptomatic", "traced"):
            if not (0 <= getattr(self, name) <= 1):
                raise ValueError(f"{name} must lie within 0 .. 1")
        if not 0 <= self.seeds <= self.population <= 2e9:
            raise ValueError("0 <= seeds <= population <= 2e9 is needed")
        if not self.capacity >= 0:
            raise ValueError("capacity must be >= 0")


@dataclass(frozen=True)
class Paths:
    """Courses of an outbreak, whole persons, no NaN. It checks nothing and raises no errors.
    Source: own choice.

    Attributes:
        states: (replicates, days, 6), persons in each of ``STATES`` at the end of the day.
        infections: (replicates, days), new ones of the day.
        found: (replicates, days), cases found on the day.
        arrivals: (replicates, days), persons who came exposed.
    """

    states: Ints
    infections: Ints
    found: Ints
    arrivals: Ints


def _leave(days: float) -> float:
    return float(-np.expm1(-1.0 / days))


def simulate(outbreak: Outbreak, *, days: int, replicates: int, seed: int) -> Paths:
    """``replicates`` courses of ``days`` days, arrays (replicates, days). Persons are conserved:
    the states add up to the population plus all arrivals so far. The same seed gives the same
    courses.

    Raises:
        ValueError: a value out of range or NaN, no day, no replicate.
        TypeError: a fraction of a person.

    Source: Keeling and Rohani 2008, chapter 6; tracing Ferretti 2020.
    """
    outbreak.check()
    if days < 1 or replicates < 1:
        raise ValueError("at least one day and one replicate are needed")
    rng = np.random.default_rng(seed)
    states = np.zeros((replicates, days, len(STATES)), np.int64)
    infections, found, arrivals = (np.zeros((replicates, days), np.int64) for _ in range(3))
    s = np.full(replicates, outbreak.population - outbreak.seeds)
    e = np.full(replicates, outbreak.seeds)
    traced, i, isolated, r = (np.zeros(replicates, np.int64) for _ in range(4))
    total = np.full(replicates, outbreak.population)
    beta = outbreak.reproduction / outbreak.infectious
    p_latent, p_over = _leave(outbreak.latent), _leave(outbreak.infectious)
    p_ask = outbreak.symptomatic * _leave(outbreak.test_delay)
    for day in range(days):
        came = rng.poisson(outbreak.importation, replicates)
        e, total = e + came, total + came
        force = -np.expm1(-beta * i / np.maximum(total, 1))
        new = rng.binomial(s, force)
        sick, kept = rng.binomial(e, p_latent), rng.binomial(traced, p_latent)
        over, freed = rng.binomial(i, p_over), rng.binomial(isolated, p_over)
        caught, pulled = np.zeros((2, replicates), np.int64)
        if day >= outbreak.isolation_day:
            caught = rng.binomial(i - over, p_ask)
            caught = np.minimum(caught, np.int64(min(outbreak.capacity, 2e9)))
            # each found case leads to its share of those who are infected and not yet infectious
            reach = np.where(i > 0, outbreak.traced * caught / np.maximum(i, 1), 0.0)
            pulled = rng.binomial(e - sick, np.clip(reach, 0, 1))
        s = s - new
        e = e + new - sick - pulled
        traced = traced + pulled - kept
        i = i + sick - over - caught
        isolated = isolated + caught + kept - freed
        r = r + over + freed
        states[:, day] = np.stack([s, e, traced, i, isolated, r], axis=1)
        infections[:, day], found[:, day], arrivals[:, day] = new, caught + kept, came
    return Paths(states, infections, found, arrivals)


def summary(paths: Paths) -> dict[str, Floats]:
    """Quantiles 5, 50, 95 % by day of found cases and of isolated persons (days, 3), and the share
    of courses that are over (nobody exposed, traced, infectious or isolated) by day (days,).
    ``Paths`` has no NaN. No errors of its own. Source: definition."""
    alive = paths.states[:, :, 1:5].sum(axis=2)
    levels = (0.05, 0.5, 0.95)
    return {
        "found": np.quantile(paths.found, levels, axis=0).T,
        "isolated": np.quantile(paths.states[:, :, 4], levels, axis=0).T,
        "over": (alive == 0).mean(axis=0),
    }
