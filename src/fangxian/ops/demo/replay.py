"""The demo in its own time: things come in when the drill's clock says so, whatever its speed; the
clock stands still for what is due and has not come in."""

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

from .feeds import Feed, feeds_of, next_of
from .pace import Pace
from .people import People
from .scenario import Scenario, scenario_of

log = logging.getLogger("fangxian.demo")
RULES_MOST_S = 15.0  # a worker that is gone does not hold the storm for ever


def replay(
    *, hours: int | None, desk: bool, speed: float, progress: Callable[[int, int], None]
) -> None:
    """Send everything when it is due. A jump goes step by step as fast as it is taken in; a move
    back sends nothing again. With ``desk`` the desks are left to people at the screen. A replay
    that was cut off goes on with what has not come in: the clock is held at it."""
    times = clock.current()
    if not isinstance(times, ScenarioClock):
        raise TypeError("the demo runs only in a drill's data folder")
    scenario = scenario_of(config().data_dir)
    hours = min(hours or scenario.hours, scenario.hours)
    begun = times.now() > scenario.starts_at
    cast = Cast(times, scenario, desk=desk, since=times.now() if begun else None)
    over = times.now() >= scenario.starts_at + timedelta(hours=hours)
    since = times.hold or (times.now() if over else None)
    storm, letters = feeds_of(
        scenario, hours=hours, since=since, port=config().sl651_port, url=config().url
    )
    feeds: list[Feed] = [storm, letters] if storm else [letters]
    told = -1
    if since is None:
        times.release(next_of(feeds))
        times.set(speed=speed)
    while (due := next_of(feeds)) is not None:
        cast.turn()
        if clock.now() < due:
            time.sleep(0.2)
            continue
        try:
            for feed in feeds:
                feed.send(due)
        except (OSError, TimeoutError) as error:
            log.warning("line_down due=%s error=%s", due, error)
            time.sleep(1)
            continue
        _wait_for_rules(times)
        times.release(next_of(feeds))
        hour = int((due - scenario.starts_at) / timedelta(hours=1))
        if hour != told:
            progress(hour, hours)
        told = hour
    if times.speed > 1:
        times.set(speed=1)
    while True:  # it is over; the desks stay open
        cast.turn()
        time.sleep(1)


class Cast:
    """The people at the desks at a pace that can be watched."""

    def __init__(
        self, times: ScenarioClock, scenario: Scenario, *, desk: bool, since: datetime | None
    ) -> None:
        self.times, self.desk, self.pace = times, desk, Pace()
        storm_at = scenario.starts_at if scenario.storm else None
        self.people = People(pace=self.pace, since=since, storm_at=storm_at)
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
