"""What comes into a drill, each feed with when its next thing is due: the storm's frames hour by
hour, and the letters of its scenario."""

import asyncio
from datetime import datetime, timedelta
from math import ceil
from typing import Protocol

from .letters import Letters
from .scenario import Scenario
from .sender import Sender
from .storm import demo_stations, make_world
from .storm_time import HOURS

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class Feed(Protocol):
    """``next_at`` is None when all has come in. ``send`` raises OSError or TimeoutError where the
    line is down; the same is then sent again."""

    @property
    def next_at(self) -> datetime | None: ...

    def send(self, until: datetime) -> None: ...


class Storm:
    """The frames of an hour leave the stations a minute after it."""

    def __init__(self, starts_at: datetime, *, hours: int, port: int, first: int = 1) -> None:
        self.starts_at, self.hours, self.hour = starts_at, min(hours, HOURS), first
        self.sender = Sender(make_world(*demo_stations()), host="127.0.0.1", port=port)

    @property
    def next_at(self) -> datetime | None:
        return due(self.starts_at, self.hour) if self.hour <= self.hours else None

    def send(self, until: datetime) -> None:
        while self.next_at is not None and self.next_at <= until:
            asyncio.run(self.sender.send_hour(self.hour, self.starts_at + self.hour * HOUR))
            self.hour += 1


def due(starts_at: datetime, hour: int) -> datetime:
    """When the readings of an hour leave the stations."""
    return starts_at + hour * HOUR + MINUTE


def first_hour(starts_at: datetime, since: datetime | None) -> int:
    """The first hour of a storm whose readings have not come in, where all before ``since`` has."""
    return 1 if since is None else max(1, ceil((since - MINUTE - starts_at) / HOUR))


def feeds_of(
    scenario: Scenario, *, hours: int, port: int, url: str, since: datetime | None = None
) -> tuple[Storm | None, Letters]:
    """The feeds of a scenario for its first ``hours``; with ``since`` what comes then or later."""
    storm = None
    if scenario.storm:
        first = first_hour(scenario.starts_at, since)
        storm = Storm(scenario.starts_at, hours=hours, port=port, first=first)
    letters = Letters(scenario, url=url, since=since)
    end = scenario.starts_at + hours * HOUR
    letters.waiting = [one for one in letters.waiting if one.at <= end]
    return storm, letters


def next_of(feeds: list[Feed]) -> datetime | None:
    """When the next thing of any feed is due."""
    return min((feed.next_at for feed in feeds if feed.next_at), default=None)
