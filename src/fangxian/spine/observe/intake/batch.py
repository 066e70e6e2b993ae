"""What every format comes down to before it is judged and stored: runs of values of one element of
one station."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Run:
    """Values at ``at_s``, ``at_s + every_s`` …; None is missing. ``step_s`` is its own step,
    if it has one. ``relative``: above the station's base. ``doubted``: reasons by position."""

    station: str
    element: str
    unit: str
    at_s: int
    values: Sequence[float | None]
    every_s: int = 0
    step_s: int | None = None
    relative: bool = False
    doubted: dict[int, str] = field(default_factory=dict)
    missing: str = "sentinel"


@dataclass(frozen=True, slots=True)
class Batch:
    """One message, or one station's rows of a table, as meant. ``once``: the same bytes again are a
    repeat (a message has a serial); rows are judged by what they say. ``sent_s``: the sender's own
    clock when it sent, if it says."""

    form: str
    station: str
    runs: list[Run]
    once: bool
    sent_s: int | None = None
    password: str = ""  # the station's, where the format has one

    @property
    def n(self) -> int:
        return sum(len(run.values) for run in self.runs)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A batch as it came in, with its bytes and by what way."""

    batch: Batch
    raw: bytes
    source: str
