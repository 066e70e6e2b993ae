"""The one source of time, movable for a drill or a test. What the time means is left to others."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Anything that can say what time it is."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        # the one place that may ask the machine
        return datetime.now(UTC)  # noqa: TID251


class FixedClock:
    """A clock that stands where it was put."""

    def __init__(self, at: datetime) -> None:
        self.at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, **span: float) -> None:
        self.at += timedelta(**span)


class ScenarioClock:
    """A drill's clock: one small file in the drill's data folder, shared by its processes.

    The file holds the scenario time at one real instant and the speed; it is replaced whole,
    so a reader never sees half of it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = -1
        self._sim_s = self._real_s = self._speed = 0.0

    def now(self) -> datetime:
        stamp = self.path.stat().st_mtime_ns
        if stamp != self._stamp:
            state = json.loads(self.path.read_text())
            self._sim_s, self._real_s = state["sim_s"], state["real_s"]
            self._speed, self._stamp = state["speed"], stamp
        elapsed_s = (time.time() - self._real_s) * self._speed
        return datetime.fromtimestamp(self._sim_s + elapsed_s, UTC)

    @property
    def speed(self) -> float:
        self.now()
        return self._speed

    def set(self, *, at: datetime | None = None, speed: float | None = None) -> None:
        """Move the scenario to ``at`` and let it run on at ``speed`` (0 is a pause)."""
        at = at or self.now()
        speed = self.speed if speed is None else speed
        state = {"sim_s": at.timestamp(), "real_s": time.time(), "speed": speed}
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(state))
        draft.replace(self.path)
        self._stamp = -1


_process: list[Clock] = [SystemClock()]
_scoped: ContextVar[Clock | None] = ContextVar("clock", default=None)


def now() -> datetime:
    """The time of this run, aware, in UTC."""
    return (_scoped.get() or _process[0]).now()


def install(clock: Clock) -> None:
    """Set this process's clock. A process serves one data folder, real or drill, never both."""
    _process[0] = clock


def current() -> Clock:
    return _scoped.get() or _process[0]


@contextmanager
def use(clock: Clock) -> Iterator[Clock]:
    """Use another clock in this context only."""
    token = _scoped.set(clock)
    try:
        yield clock
    finally:
        _scoped.reset(token)


def beijing(at: datetime) -> datetime:
    return at.astimezone(BEIJING)
