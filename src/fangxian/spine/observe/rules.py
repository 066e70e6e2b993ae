"""The dated numbers of observing: when silence is silence, how near a gauge should be, how long a
stranger may wait."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fangxian.spine.core import dated
from fangxian.spine.core.dated import RuleSet
from fangxian.spine.core.editions import edition

from .models import Station

DATA = Path(__file__).parent / "data"
dated.declare(RuleSet("observing", "监测口径", "Observing", DATA / "observing"))


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is believed of a clock, in seconds: below ``tolerance`` nothing is said; up to ``most``
    the readings are moved; a sending time older than ``oldest`` was never set."""

    tolerance_s: int
    most_s: int
    oldest_s: int


def observing(at: datetime) -> Mapping[str, Any]:
    """The numbers in force at ``at``."""
    return edition("observing", at).content


def clock_bounds(at: datetime) -> Bounds:
    """What is believed of the clocks of stations."""
    row = observing(at)
    return Bounds(row["clock_tolerance_s"], row["clock_moved_at_most_s"], row["live_at_most_s"])


@dataclass(frozen=True, slots=True)
class LineLimits:
    """Of telemetry lines: how many from one peer and in all, and how long one may be silent."""

    per_peer: int
    in_all: int
    idle_s: float


def line_limits(at: datetime) -> LineLimits:
    row = observing(at)
    return LineLimits(row["lines_a_peer"], row["lines_in_all"], row["line_idle_s"])


def silence_limit(station: Station, *, at: datetime) -> timedelta:
    """How long a station may be silent: part of an interval past the report that did not come."""
    return timedelta(seconds=silent_intervals(at) * station.report_every_s)


def silent_intervals(at: datetime) -> float:
    """The same in intervals, for many stations at one time."""
    return float(observing(at)["silent_after_intervals"])
