"""Quality control of one reading against dated limits, with a reason. Pure; the limits are data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .store import Quality, Reading, usable


@dataclass(frozen=True, slots=True)
class Limits:
    """What is believable for an element; None is not checked."""

    lowest: float | None = None
    highest: float | None = None
    rise_per_h: float | None = None
    change_per_day: float | None = None
    stuck_after_s: int | None = None


@dataclass(slots=True)
class Trace:
    """What is remembered of a series to judge the next reading: the newest trusted one, and one
    doubted after it."""

    valid_s: int
    value: float
    same_since_s: int
    day_s: int
    day_value: float
    doubt: tuple[int, float] | None = None


def judge(
    reading: Reading, *, limits: Limits | None, trace: Trace | None, latest_s: float
) -> list[Reading]:
    """The reading with its quality and reason, behind the doubted one before it where it bears
    that out. Already judged ones keep theirs; without limits a reading stays unchecked; later than
    ``latest_s`` it is of the future. A spike is judged by both neighbours: what comes back to the
    level before it is good, what stays confirms it."""
    if reading.value is None or reading.quality != Quality.UNCHECKED:
        return [reading]
    if reading.valid_s > latest_s:
        return [replace(reading, quality=Quality.BAD, reason="future")]
    value = reading.value
    if is_sentinel(value):
        return [replace(reading, quality=Quality.BAD, reason="sentinel")]
    if limits is None:
        return [reading]
    if reason := _out_of_range(value, limits):
        return [replace(reading, quality=Quality.BAD, reason=reason)]
    if trace is not None and reading.valid_s > trace.valid_s:
        reason = _against_past(reading.valid_s, value, limits, trace)
        doubt = trace.doubt
        borne_out = doubt and not _too_fast(value, reading.valid_s, doubt[1], doubt[0], limits)
        if reason == "rise" and doubt and borne_out and doubt[0] < reading.valid_s:
            earlier = Reading(reading.series_id, doubt[0], doubt[1], Quality.GOOD, "confirmed")
            return [earlier, replace(reading, quality=Quality.GOOD)]
        if reason:
            return [replace(reading, quality=Quality.SUSPECT, reason=reason)]
    return [replace(reading, quality=Quality.GOOD)]


def is_sentinel(value: float) -> bool:
    """Whether a value is a fill value of some device: nothing but nines, or eights below zero,
    with at least three before the point."""
    digits = f"{abs(value):.3f}".rstrip("0").rstrip(".")
    whole = digits.split(".")[0]
    same = set(digits.replace(".", ""))
    return len(whole) >= 3 and (same == {"9"} or (value < 0 and same == {"8"}))


def unlikely(
    at_s: int, value: float, *, limits: Limits | None, around: Sequence[tuple[int, float]]
) -> str:
    """Why a value that a person enters is not believable beside its neighbours; empty if it is."""
    if is_sentinel(value):
        return "sentinel"
    if limits is None:
        return ""
    if reason := _out_of_range(value, limits):
        return reason
    fast = [_too_fast(value, at_s, other, then_s, limits) for then_s, other in around]
    return "rise" if any(fast) else ""


def _out_of_range(value: float, limits: Limits) -> str:
    if limits.lowest is not None and value < limits.lowest:
        return "below_range"
    if limits.highest is not None and value > limits.highest:
        return "above_range"
    return ""


def _too_fast(value: float, at_s: int, other: float, then_s: int, limits: Limits) -> bool:
    hours = max(abs(at_s - then_s) / 3600, 1 / 12)
    return limits.rise_per_h is not None and abs(value - other) > limits.rise_per_h * hours


def _against_past(at_s: int, value: float, limits: Limits, trace: Trace) -> str:
    if _too_fast(value, at_s, trace.value, trace.valid_s, limits):
        return "rise"
    if limits.change_per_day is not None and abs(value - trace.day_value) > limits.change_per_day:
        return "day_change"
    stuck = limits.stuck_after_s is not None and value == trace.value
    if stuck and at_s - trace.same_since_s > (limits.stuck_after_s or 0):
        return "stuck"
    return ""


def follow(trace: Trace | None, reading: Reading) -> Trace | None:
    """The memory after a reading: bad and missing ones leave no trace, a doubted one only its
    doubt."""
    if not usable(reading.value, reading.quality) or reading.value is None:
        return trace
    at, value = reading.valid_s, reading.value
    if reading.quality == Quality.SUSPECT:
        if trace is not None and at > trace.valid_s:
            trace.doubt = (at, value)
        return trace
    if trace is None:
        return Trace(at, value, at, at, value)
    if at <= trace.valid_s:
        return trace
    trace.same_since_s = trace.same_since_s if value == trace.value else at
    if at - trace.day_s >= 86400:
        trace.day_s, trace.day_value = at, value
    trace.valid_s, trace.value = at, value
    if trace.doubt and trace.doubt[0] <= at:
        trace.doubt = None
    return trace


def judge_all(
    readings: list[Reading],
    *,
    limits: Mapping[int, Limits],
    traces: dict[int, Trace | None],
    latest_s: float,
) -> list[Reading]:
    """Judge a batch in order of valid time, remembering each series."""
    judged = []
    for reading in sorted(readings, key=lambda r: r.valid_s):
        key = reading.series_id
        found = judge(reading, limits=limits.get(key), trace=traces.get(key), latest_s=latest_s)
        for one in found:
            traces[key] = follow(traces.get(key), one)
        judged += found
    return judged
