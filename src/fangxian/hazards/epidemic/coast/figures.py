"""What the situation strip says of the coast: for both headquarters."""

from fangxian.spine.command.figures import Figure, Shown
from fangxian.spine.core import clock
from fangxian.spine.core.rights import Seat

from .read import signals, trips


def at_sea(seat: Seat) -> Shown | None:
    """Vessels at sea by the reports, late ones and signals of the sea."""
    rows = trips(seat=seat).filter(in_at=None)
    out, late = rows.count(), rows.filter(due_at__lt=clock.now()).count()
    seen = signals(seat=seat).count()
    if not out and not seen:
        return None
    told = [("逾期", "late", late), ("信号", "signals", seen)]
    below = (
        " ".join(f"{zh} {n}" for zh, _, n in told if n) or "逾期 0",
        ", ".join(f"{n} {en}" for _, en, n in told if n) or "0 late",
    )
    return Shown(str(out), ("船", "vessels"), below, "/coast", bad=bool(late))


FIGURES = (
    Figure("coast", "在海", "At sea", "epidemic", at_sea),
    Figure("coast_flood", "在海", "At sea", "flood", at_sea),
)
