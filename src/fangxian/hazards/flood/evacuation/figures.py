"""What the situation strip says of evacuation: people that have left, of those who must."""

from fangxian.spine.command.figures import Figure, Shown
from fangxian.spine.core.rights import Seat

from .read import villages


def moving(seat: Seat) -> Shown | None:
    """Nothing while no order to leave is out."""
    rows = villages(seat=seat)
    if not rows:
        return None
    gone, people = sum(v.people_gone for v in rows), sum(v.people for v in rows)
    helped = sum(v.help for v in rows)
    left = sum(v.left for v in rows)
    below = (f"{left} 户未走", f"{left} households left")
    if helped:
        below = (f"{helped} 户要帮助", f"{helped} want help")
    return Shown(str(gone), (f"/{people} 人", f"/{people}"), below, "/evacuation", bad=bool(helped))


FIGURES = (Figure("evacuation", "名册转移", "Listed people moved", "flood", moving),)
