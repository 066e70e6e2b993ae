"""The demo in its own time: frames leave when the drill's clock says so, whatever its speed."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta

from fangxian.spine.core import clock
from fangxian.spine.core.clock import ScenarioClock
from fangxian.spine.core.config import config

from .people import People
from .sender import Sender
from .storm import demo_stations, make_world
from .storm_time import STARTS_AT

log = logging.getLogger("fangxian.demo")


def replay(*, hours: int, desk: bool, progress: Callable[[int, int], None]) -> None:
    """Send every hour when it has come. A jump forward sends what lies between at once; a jump
    back sends nothing again. With ``desk`` the desks are left to people at the screen."""
    world = make_world(*demo_stations())
    sender = Sender(world, host="127.0.0.1", port=config().sl651_port)
    people = People()
    hour = 1
    times = clock.current()
    while hour <= hours:
        now = clock.now()
        people.act(now, decide=not desk)
        end = STARTS_AT + timedelta(hours=hour)
        if now < end + timedelta(minutes=1):
            time.sleep(0.2)
            continue
        try:
            asyncio.run(sender.send_hour(hour, end))
        except (OSError, TimeoutError) as error:
            log.warning("line_down hour=%s error=%s", hour, error)
            time.sleep(1)
            continue
        progress(hour, hours)
        hour += 1
    if isinstance(times, ScenarioClock):
        times.set(speed=1)
    while True:  # the storm is over; the desks stay open
        people.act(clock.now(), decide=not desk)
        time.sleep(1)
