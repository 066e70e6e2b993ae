"""The work of every round: a new day or a new edition makes every plan anew."""

from functools import partial

from fangxian.spine.core import clock
from fangxian.spine.core.editions import stamp
from fangxian.spine.core.guard import Failed, alone
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
        part = keys[at : at + 900]
        done = _plan(part, keep=False)
        if isinstance(done, Failed):  # one of them: the others go on
            each = [_plan([key], keep=True) for key in part]
            done = sum(n for n in each if isinstance(n, int))
        changed += done
    _last = now
    return changed or None


def _plan(keys: list[int], *, keep: bool) -> int | Failed:
    rows = open_arrivals().filter(pk__in=keys)
    work = partial(replan, rows, why="新的一天或新版本", by=SYSTEM)
    return alone("arrivals:plan", keys[0], work, keep=keep)
