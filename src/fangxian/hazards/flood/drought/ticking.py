"""When drought is worked out: once a day after 8 o'clock's readings are in, and the sudden turn
each hour. In the process of long work."""

from datetime import date

from fangxian.spine.core import clock
from fangxian.spine.core.models import Cursor
from fangxian.spine.core.rights import SYSTEM

from .judge import day_now
from .write import DONE, judge_turns, work_out

LOOK_EVERY_S = 60
HOUR_S = 3600
_at: dict[str, float] = {}  # when this process last looked, by what for


def tick() -> int | None:
    """One round."""
    now = clock.now()
    now_s = now.timestamp()
    if 0 <= now_s - _at.get("look", 0) < LOOK_EVERY_S:
        return None
    _at["look"] = now_s
    n = 0
    day = day_now(now)
    if not Cursor.objects.filter(name=DONE, value__gte=day).exists():
        n += work_out(day=date.fromordinal(day), by=SYSTEM)
    if now_s // HOUR_S != _at.get("hour"):
        n += judge_turns(at=now, by=SYSTEM)
        _at["hour"] = now_s // HOUR_S
    return n or None
