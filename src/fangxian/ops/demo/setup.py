"""Filling the demo's data folder: places, rules, staff, stations, marks."""

from datetime import timedelta

from fangxian.ops.bootstrap import make_ready
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.load import make_staff

from .storm import make_marks, make_stations
from .storm_time import STARTS_AT


def make_drill(*, password: str) -> None:
    """Fill the folder of this run, which is marked as a drill's."""
    make_ready()
    make_staff(since=STARTS_AT - timedelta(days=260), password=password, by=SYSTEM)
    _, rivers = make_stations()
    make_marks(rivers)
