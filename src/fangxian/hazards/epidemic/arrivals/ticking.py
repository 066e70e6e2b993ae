"""The work of every round: a new day or a new edition makes every plan anew."""

from functools import partial

from fangxian.spine.core import clock
from fangxian.spine.core.editions import stamp
from fangxian.spine.core.guard import alone
from fangxian.spine.core.rights import SYSTEM

from .write.planning import open_arrivals, replan

_last: tuple[object, ...] = ()


def tick() -> int | None:
    """Once for each day and each edition: what is the same stays as it is."""
    global _last
    now = (clock.beijing(clock.now()).date(), stamp())
    if now == _last:
        return None
    changed = 0
    keys = list(open_arrivals().values_list("pk", flat=True))
    for at in range(0, len(keys), 900):
        rows = open_arrivals().filter(pk__in=keys[at : at + 900])
        done = alone(
            "arrivals:plan", keys[at], partial(replan, rows, why="新的一天或新版本", by=SYSTEM)
        )
        changed += done if isinstance(done, int) else 0
    _last = now
    return changed or None
