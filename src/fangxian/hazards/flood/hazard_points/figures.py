"""What the situation strip says of danger points: how many have had rain to their limit."""

from fangxian.spine.command.figures import Figure, Shown
from fangxian.spine.core.rights import Seat

from .risk import risks


def endangered(seat: Seat) -> Shown | None:
    """Nothing where no point is on record: that is told on the page of points."""
    now = risks(seat=seat, most=0)
    if not now.n:
        return None
    zh = f"{now.near} 处近阈值，{now.unknown} 处判断不了"
    below = (zh, f"{now.near} near, {now.unknown} unknown")
    return Shown(str(now.over), ("处", ""), below, "/dangers", bad=bool(now.over))


FIGURES = (Figure("dangers", "隐患点雨量到阈值", "Points at their limit", "flood", endangered),)
