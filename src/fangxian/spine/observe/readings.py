"""What a reading and a raw frame are, and when a reading says something."""

from dataclasses import dataclass
from enum import IntEnum


class Quality(IntEnum):
    """Unchecked is not good."""

    UNCHECKED = 0
    GOOD = 1
    SUSPECT = 2
    BAD = 3
    MISSING = 4


USABLE = (Quality.UNCHECKED, Quality.GOOD, Quality.SUSPECT)


def usable(value: float | None, quality: int) -> bool:
    """The one notion of a reading that says something of its element: it has a value, and quality
    control has not refused it."""
    return value is not None and quality <= Quality.SUSPECT


@dataclass(frozen=True, slots=True)
class Memory:
    """What a series is remembered by: its newest trusted value, since when the same one comes, the
    oldest trusted one of the day before, and the newest doubted one after it, if any."""

    valid_s: int
    value: float
    same_since_s: int
    day_s: int
    day_value: float
    doubt: tuple[int, float] | None


@dataclass(frozen=True, slots=True)
class Reading:
    """One observation: ``value`` in the series' unit, None when missing (``reason`` says why)."""

    series_id: int
    valid_s: int
    value: float | None
    quality: Quality = Quality.UNCHECKED
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RawFrame:
    """A frame as it came, with what became of it."""

    digest: str
    station: str
    source: str
    raw: bytes
    verdict: str
    told: str = ""
    form: str = "sl651"
