"""Quality control of one reading against dated limits, with a reason. Pure; the limits are data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .store import Quality, Reading

FUTURE_TOLERANCE_S = 300  # clocks of stations drift; later than this is not believed


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
    """What is remembered of a series to judge the next reading."""

    valid_s: int
    value: float
    same_since_s: int
    day_s: int
    day_value: float


def judge(reading: Reading, *, limits: Limits | None, trace: Trace | None, now_s: float) -> Reading:
    """The reading with its quality and reason. Already missing or suspect ones keep theirs;
    without limits a reading stays unchecked."""
    if reading.value is None or reading.quality != Quality.UNCHECKED:
        return reading
    if reading.valid_s > now_s + FUTURE_TOLERANCE_S:
        return replace(reading, quality=Quality.BAD, reason="future")
    if limits is None:
        return reading
    value = reading.value
    if limits.lowest is not None and value < limits.lowest:
        return replace(reading, quality=Quality.BAD, reason="below_range")
    if limits.highest is not None and value > limits.highest:
        return replace(reading, quality=Quality.BAD, reason="above_range")
    if trace is not None and reading.valid_s > trace.valid_s:
        reason = _against_past(reading.valid_s, value, limits, trace)
        if reason:
            return replace(reading, quality=Quality.SUSPECT, reason=reason)
    return replace(reading, quality=Quality.GOOD)


def _against_past(at_s: int, value: float, limits: Limits, trace: Trace) -> str:
    hours = max((at_s - trace.valid_s) / 3600, 1 / 12)
    if limits.rise_per_h is not None and abs(value - trace.value) > limits.rise_per_h * hours:
        return "rise"
    if limits.change_per_day is not None and abs(value - trace.day_value) > limits.change_per_day:
        return "day_change"
    stuck = limits.stuck_after_s is not None and value == trace.value
    if stuck and at_s - trace.same_since_s > (limits.stuck_after_s or 0):
        return "stuck"
    return ""


def follow(trace: Trace | None, reading: Reading) -> Trace | None:
    """The memory after a reading; bad and missing ones leave no trace."""
    if reading.value is None or reading.quality in {Quality.BAD, Quality.MISSING}:
        return trace
    at, value = reading.valid_s, reading.value
    if trace is None:
        return Trace(at, value, at, at, value)
    if at <= trace.valid_s:
        return trace
    trace.same_since_s = trace.same_since_s if value == trace.value else at
    if at - trace.day_s >= 86400:
        trace.day_s, trace.day_value = at, value
    trace.valid_s, trace.value = at, value
    return trace


def judge_all(
    readings: list[Reading],
    *,
    limits: Mapping[int, Limits],
    traces: dict[int, Trace | None],
    now_s: float,
) -> list[Reading]:
    """Judge a batch in order of valid time, remembering each series."""
    judged = []
    for reading in sorted(readings, key=lambda r: r.valid_s):
        key = reading.series_id
        found = judge(reading, limits=limits.get(key), trace=traces.get(key), now_s=now_s)
        traces[key] = follow(traces.get(key), found)
        judged.append(found)
    return judged
