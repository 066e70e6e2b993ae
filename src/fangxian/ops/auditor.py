"""The dead-man's switch: a process of its own that looks only at what the others leave behind. It
names every step that is late; its own silence is said by every page; and another headquarters can
be told each minute that we live."""

import json
import logging
import time
from collections.abc import Callable
from datetime import timedelta

from fangxian.spine.core import clock
from fangxian.spine.core.config import config
from fangxian.spine.core.guard import BEAT_EVERY_S, Loop
from fangxian.spine.core.health import SISTER
from fangxian.spine.core.models import Cursor, Due, Event, Heartbeat, Job
from fangxian.spine.core.operating import operating
from fangxian.spine.reach.channels import post_signed
from fangxian.spine.reach.models import Delivery

from . import anchors

log = logging.getLogger("fangxian.auditor")
LOOK_EVERY_S = 5.0
AGAIN_S = 30.0
SISTER_EVERY_S = 60.0
LOOP_SILENT_S = 60.0
OWN = frozenset({"auditor", "late", "sister"})
UPKEEP_LOOPS_S = (
    900.0  # large files are copied, long sums done, and such loops wait for one another
)
UPKEEP = frozenset({"anchor", "evidence", "backup"})


class LateError(RuntimeError):
    """Steps of the machine are late."""

    told = True


def late_steps() -> list[str]:
    """Each kind of step that is late, how many and since when: a sentence each."""
    now, most = clock.now(), operating("late")
    pace = max(1.0, float(getattr(clock.current(), "speed", 1.0)))  # a drill's minutes are shorter

    def before(name: str) -> dict[str, object]:
        return {"due_at__lt": now - timedelta(seconds=most[name] * pace)}

    waiting = [Job.State.READY, Job.State.CLAIMED]
    found = [
        _told("job", Job.objects.filter(state__in=waiting, **before("job")), "due_at"),
        _told("moment", Due.objects.filter(**before("moment")), "due_at"),
        _told(
            "delivery",
            Delivery.objects.filter(
                state=Delivery.State.PLANNED, lease_until_s__lt=time.time(), **before("delivery")
            ),
            "due_at",
        ),
        _told("event not fanned out", _unread(now, most["event"] * pace), "at"),
        *_silent_loops(),
    ]
    return [text for text in found if text]


def _unread(now: object, most_s: float) -> object:
    cursor = Cursor.objects.filter(name="fan_out").values_list("value", flat=True).first() or 0
    return Event.objects.filter(pk__gt=cursor, at__lt=now - timedelta(seconds=most_s))  # type: ignore[operator]


def _told(what: str, rows: "object", column: str) -> str:
    oldest = rows.order_by(column).values_list(column, flat=True).first()  # type: ignore[attr-defined]
    if oldest is None:
        return ""
    n = rows.count()  # type: ignore[attr-defined]
    return f"{n} × {what}, the oldest since {clock.beijing(oldest):%m-%d %H:%M:%S}"


def _silent_loops() -> list[str]:
    """Loops that neither beat nor fail; who fails says so himself."""
    found = []
    for beat in Heartbeat.objects.exclude(name__in=OWN).exclude(name__startswith=SISTER):
        long = beat.name.startswith(("upkeep", "compute")) or beat.name in UPKEEP
        most_s = UPKEEP_LOOPS_S if long else LOOP_SILENT_S
        if beat.silent_s() > most_s and not beat.failures:
            found.append(f"loop {beat.name} silent for {beat.silent_s():.0f} s")
    return found


def look() -> int:
    """Raises LateError, which the guard counts, tells on every page and makes a gap."""
    late = late_steps()
    if late:
        raise LateError("; ".join(late))
    return 0


def tell_sister() -> int:
    """Tell another headquarters that we live, where our log stands and what is late; signed."""
    if not config().sister_url or config().drill:
        return 0
    told = {"name": config().sister_name, "at": clock.now().isoformat(), "late": late_steps()}
    body = json.dumps(told | {"anchor": anchors.now().line()}, ensure_ascii=False).encode()
    post_signed(config().sister_url, config().sister_secret, body)
    return 1


class Timed:
    """Work that is done every so many seconds; in between it says that it was not due."""

    def __init__(self, every_s: Callable[[], float], work: Callable[[], int]) -> None:
        self.every_s, self.work = every_s, work
        self.next_s = 0.0

    def __call__(self) -> int | None:
        if time.monotonic() < self.next_s:
            return None
        self.next_s = time.monotonic() + self.every_s()
        try:
            return self.work()
        except Exception:
            self.next_s = time.monotonic() + AGAIN_S  # what fails is looked at again soon
            raise


def loops() -> list[Loop]:
    return [
        Loop("auditor", lambda: 0, BEAT_EVERY_S),
        Loop("late", Timed(lambda: LOOK_EVERY_S, look), BEAT_EVERY_S),
        Loop("sister", Timed(lambda: SISTER_EVERY_S, tell_sister), SISTER_EVERY_S),
    ]
