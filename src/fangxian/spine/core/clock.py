"""The one source of time, movable for a drill or a test. What the time means is left to others."""

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
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


@dataclass(frozen=True, slots=True)
class Course:
    """What a drill's clock file says: the scenario time at one real instant and the speed."""

    sim_s: float
    real_s: float
    speed: float
    hold_s: float | None = None  # no later than this until what is due has come in
    goal_s: float | None = None  # a jump on its way
    ran: float = 1.0  # the last speed that was no pause

    def unheld_s(self, real_s: float) -> float:
        return self.sim_s + (real_s - self.real_s) * self.speed

    def sim_at_s(self, real_s: float) -> float:
        free_s = self.unheld_s(real_s)
        return free_s if self.hold_s is None else min(free_s, self.hold_s)


class ScenarioClock:
    """A drill's clock: one small file in the drill's data folder, shared by its processes.

    The file is replaced whole, so a reader never sees half of it; writers take turns by a lock.
    Where a process brings in what is due (``release``), the clock never runs ahead of it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = (-1, -1)
        self._course = Course(0.0, 0.0, 0.0)

    @property
    def course(self) -> Course:
        found = self.path.stat()
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp != self._stamp:
            self._course = Course(**json.loads(self.path.read_text()))
            self._stamp = stamp
        return self._course

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.course.sim_at_s(time.time()), UTC)

    @property
    def speed(self) -> float:
        return self.course.speed

    @property
    def hold(self) -> datetime | None:
        """When the next things are due that have not come in; None where nobody says so."""
        hold_s = self.course.hold_s
        return None if hold_s is None else datetime.fromtimestamp(hold_s, UTC)

    @property
    def goal(self) -> datetime | None:
        """Where a jump is going that waits for what lies between."""
        goal_s = self.course.goal_s
        return None if goal_s is None else datetime.fromtimestamp(goal_s, UTC)

    @property
    def waits_s(self) -> float:
        """How many real seconds the clock has stood still for what is due."""
        course = self.course
        if course.hold_s is None or course.speed == 0:
            return 0.0
        return max(0.0, (course.unheld_s(time.time()) - course.hold_s) / course.speed)

    def set(self, *, at: datetime | None = None, speed: float | None = None) -> None:
        """Move the scenario to ``at`` and let it run on at ``speed`` (0 is a pause). A move beyond
        what is due goes there step by step; a pause without ``at`` gives it up."""
        with self._turn() as (course, real_s):
            sim_s = course.sim_at_s(real_s) if at is None else at.timestamp()
            goal_s = course.goal_s if at is None and speed != 0 else None
            if course.hold_s is not None and sim_s > course.hold_s:
                sim_s, goal_s = course.hold_s, sim_s
            speed = course.speed if speed is None else speed
            ran = speed or course.ran
            self._write(Course(sim_s, real_s, speed, course.hold_s, goal_s, ran))

    def release(self, until: datetime | None) -> None:
        """What was due has come in: the clock may run to ``until``, when the next is due."""
        hold_s = None if until is None else until.timestamp()
        with self._turn() as (course, real_s):
            sim_s, goal_s = course.sim_at_s(real_s), course.goal_s
            if goal_s is not None:
                sim_s = max(sim_s, goal_s if hold_s is None else min(goal_s, hold_s))
                goal_s = None if sim_s >= goal_s else goal_s
            self._write(replace(course, sim_s=sim_s, real_s=real_s, hold_s=hold_s, goal_s=goal_s))

    @contextmanager
    def _turn(self) -> Iterator[tuple[Course, float]]:
        """Read, change and write as one: no writer's change is lost to another's."""
        with self.path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._stamp = (-1, -1)
            yield self.course, time.time()

    def _write(self, course: Course) -> None:
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(course)))
        draft.replace(self.path)
        self._stamp = (-1, -1)


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
