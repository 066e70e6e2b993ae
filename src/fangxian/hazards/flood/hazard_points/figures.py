"""What the situation strip says of danger points: how many have had rain to their limit."""

from fangxian.spine.command.figures import Figure, Shown
from fangxian.spine.core import clock
from fangxian.spine.core.rights import Seat

from .risk import risks

NEAR = 0.7


def endangered(seat: Seat) -> Shown | None:
    """Nothing where no point is on record: that is told on the page of points."""
    rows = risks(seat=seat, at=clock.now())
    if not rows:
        return None
    over = sum(r.worst >= 1 for r in rows)
    near = sum(NEAR <= r.worst < 1 for r in rows)
    unknown = sum(r.ratio is None for r in rows)
    below = (f"{near} 处近阈值，{unknown} 处判断不了", f"{near} near, {unknown} unknown")
    return Shown(str(over), ("处", ""), below, "/dangers", bad=bool(over))


FIGURES = (Figure("dangers", "隐患点雨量到阈值", "Points at their limit", "flood", endangered),)
