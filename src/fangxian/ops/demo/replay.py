"""The demo in its own time: frames leave when the drill's clock says so, whatever its speed; the
clock stands still for what is due and has not come in."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from fangxian.spine.core import clock
from fangxian.spine.core.clock import ScenarioClock
from fangxian.spine.core.config import config
from fangxian.spine.core.models import Cursor
from fangxian.spine.core.queue import work_waits
from fangxian.spine.observe.store import store
from fangxian.wiring import SUBJECTS

from .pace import Pace
from .people import People
from .sender import Sender
from .storm import demo_stations, make_world
from .storm_time import HOURS, STARTS_AT

log = logging.getLogger("fangxian.demo")
MINUTE = timedelta(minutes=1)
RULES_MOST_S = 15.0  # a worker that is gone does not hold the storm for ever


def replay(*, hours: int, desk: bool, speed: float, progress: Callable[[int, int], None]) -> None:
    """Send every hour when it has come. A jump goes hour by hour as fast as they are taken in; a
    move back sends nothing again. With ``desk`` the desks are left to people at the screen. A
    replay that was cut off goes on with the hour whose readings are missing."""
    times = clock.current()
    if not isinstance(times, ScenarioClock):
        raise TypeError("the demo runs only in a drill's data folder")
    hour = next_hour(times, hours)
    cast = Cast(times, desk=desk, since=times.now() if times.now() > STARTS_AT else None)
    if hour == 1 and times.hold is None:
        times.release(due(hour))
        times.set(speed=speed)
    sender = Sender(make_world(*demo_stations()), host="127.0.0.1", port=config().sl651_port)
    while hour <= hours:
        cast.turn()
        if clock.now() < due(hour):
            time.sleep(0.2)
            continue
        try:
            asyncio.run(sender.send_hour(hour, STARTS_AT + timedelta(hours=hour)))
        except (OSError, TimeoutError) as error:
            log.warning("line_down hour=%s error=%s", hour, error)
            time.sleep(1)
            continue
        _wait_for_rules(times)
        progress(hour, hours)
        hour += 1
        times.release(due(hour) if hour <= hours else None)
    if times.speed > 1:
        times.set(speed=1)
    while True:  # the storm is over; the desks stay open
        cast.turn()
        time.sleep(1)


def due(hour: int) -> datetime:
    """When the readings of an hour leave the stations."""
    return STARTS_AT + timedelta(hours=hour) + MINUTE


def next_hour(times: ScenarioClock, hours: int = HOURS) -> int:
    """The first hour that has not come in: the clock is held at it."""
    if times.hold is None:
        return 1 if times.now() < due(hours) else hours + 1
    return round((times.hold - MINUTE - STARTS_AT) / timedelta(hours=1))


class Cast:
    """The people at the desks at a pace that can be watched."""

    def __init__(self, times: ScenarioClock, *, desk: bool, since: datetime | None) -> None:
        self.times, self.desk, self.pace = times, desk, Pace()
        self.people = People(pace=self.pace, since=since)
        self._told_s = 0.0

    def turn(self) -> None:
        jumps = self.times.goal is not None
        running = self.times.speed > 0 or jumps
        self.pace.turn(running=running, hurry=jumps)
        if running:
            self.people.act(self.times.now(), decide=not self.desk)
        if time.monotonic() - self._told_s > 0.9:
            self.pace.write(config().data_dir / "cast.json", desk=self.desk)
            self._told_s = time.monotonic()


def _wait_for_rules(times: ScenarioClock) -> None:
    """Until the judges have read what came in; in a jump, until all that follows is done."""
    names = [f"watch.{one.code}" for one in SUBJECTS if one.judge]
    until = time.monotonic() + RULES_MOST_S
    while time.monotonic() < until:
        read = dict(Cursor.objects.filter(name__in=names).values_list("name", "value"))
        judged = not any(store().since(read.get(name, 0), 1) for name in names)
        if judged and not (times.goal and work_waits()):
            return
        time.sleep(0.1)
    log.warning("rules_slow waited_s=%s", RULES_MOST_S)
