"""The clocks of stations: what a sending time says against the time of receipt, and by how much the
readings are moved. Pure, but for the file of what is known."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from fangxian.spine.core.events import record
from fangxian.spine.core.health import LOOKS, Trouble
from fangxian.spine.core.rights import SYSTEM

from .intake.batch import Batch
from .models import Station, StationClock, in_use
from .rules import Bounds

State = StationClock.State
AGREE_S = 90  # sending times jitter by the length of a transmission
FEWEST = 3  # fewer say nothing of our own clock
STEADY = 3  # messages that agree are no delay


@dataclass(slots=True)
class Known:
    """A station's clock as last judged, and its newest offsets."""

    state: str = State.RIGHT
    offset_s: int = 0
    newest: deque[int] = field(default_factory=lambda: deque(maxlen=STEADY))


def offset_of(batch: Batch, received_s: float, bounds: Bounds) -> int:
    """How far the sender is ahead of us: by its sending time, else by readings of the future."""
    if batch.sent_s is not None:
        return int(batch.sent_s - received_s)
    ends = [run.at_s + max(len(run.values) - 1, 0) * run.every_s for run in batch.runs]
    ahead = int(max(ends, default=received_s) - received_s)
    return ahead if ahead > bounds.tolerance_s else 0


def judge_clock(known: Known, offset_s: int, bounds: Bounds) -> tuple[str, int]:
    """State and offset after one more message. A clock ahead shows at once; one behind may be a
    late message, until several agree; what was found stays until several say otherwise."""
    known.newest.append(offset_s)
    if offset_s < -bounds.oldest_s or offset_s > bounds.most_s:
        return State.WRONG, offset_s
    near = known.state == State.DRIFT and abs(offset_s - known.offset_s) <= AGREE_S
    if near:
        return known.state, known.offset_s
    if offset_s > bounds.tolerance_s:
        return State.DRIFT, offset_s
    if known.state == State.WRONG and abs(offset_s) <= bounds.tolerance_s:
        return State.RIGHT, 0
    steady = len(known.newest) == STEADY and max(known.newest) - min(known.newest) <= AGREE_S
    if not steady:
        return known.state, known.offset_s
    if abs(offset_s) <= bounds.tolerance_s:
        return State.RIGHT, 0
    middle = sorted(known.newest)[STEADY // 2]
    return (State.DRIFT if middle >= -bounds.most_s else State.WRONG), middle


def shift_s(state: str, offset_s: int) -> int:
    """By how much readings are moved back, in whole minutes."""
    return round(offset_s / 60) * 60 if state == State.DRIFT else 0


class Clocks:
    """What one process knows of the clocks of all stations; changes are kept and told."""

    def __init__(self) -> None:
        self._known: dict[int, Known] = {}

    def read(self) -> None:
        for row in StationClock.objects.all():
            known = self._known.setdefault(row.station_id, Known())
            known.state, known.offset_s = row.state, row.offset_s

    def take(self, station: Station, offset_s: int, at: datetime, bounds: Bounds) -> Known:
        """Judge one more message of a station; what changed is written down."""
        known = self._known.setdefault(station.pk, Known())
        state, offset_s = judge_clock(known, offset_s, bounds)
        jumped = state != State.RIGHT and abs(offset_s - known.offset_s) > AGREE_S
        if state != known.state or (jumped and state == State.DRIFT):
            _note(station, state, offset_s, at)
        known.state, known.offset_s = state, offset_s
        return known


def own_clock() -> list[Trouble]:
    """When most stations are off to the same side, it is our clock that is wrong."""
    rows = list(
        StationClock.objects.filter(in_use(path="station__")).values_list("state", "offset_s")
    )
    off = [offset for state, offset in rows if state != State.RIGHT]
    n = Station.objects.filter(in_use()).count()
    ahead = sum(offset > 0 for offset in off)
    most = max(ahead, len(off) - ahead)
    if most < FEWEST or most * 2 < n:
        return []
    side, side_en = ("慢", "behind") if ahead == most else ("快", "ahead")
    zh = f"本机时钟可能{side}了：{most} 个测站与它不合"
    return [Trouble("own-clock", 0.0, zh, f"our clock may be {side_en}: {most} stations differ")]


LOOKS.append(own_clock)


@transaction.atomic
def _note(station: Station, state: str, offset_s: int, at: datetime) -> None:
    row, _ = StationClock.objects.update_or_create(
        station=station, defaults={"state": state, "offset_s": offset_s, "since": at}
    )
    told = {"state": state, "offset_s": offset_s, "station": station.code}
    record("station.clock", subject=row, by=SYSTEM, after=told)
