"""What the situation strip says of rivers: how many stations are over a red or orange mark."""

from fangxian.spine.assess.read import active_signals
from fangxian.spine.command.figures import Figure, Shown
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import Seat


def over_marks(seat: Seat) -> Shown:
    rows = active_signals(seat=seat).filter(family="river", level__lte=Level.II)
    n = rows.values("about_key").distinct().count()
    return Shown(str(n), ("站", "stations"), bad=n > 0)


FIGURES = (Figure("over-marks", "超警戒", "Over warning", "flood", over_marks),)
