"""What the situation strip says of the cold chain."""

from fangxian.spine.command.figures import Figure, Shown
from fangxian.spine.core.rights import Seat

from .read import lots, positives


def cold(seat: Seat) -> Shown | None:
    """Lots on their way through the gates; sealed ones and open positives ask for work."""
    rows = lots(seat=seat)
    going = rows.exclude(state__in=("released", "divided", "destroyed", "returned")).count()
    sealed = rows.filter(seal="sealed").exclude(state__in=("destroyed", "returned")).count()
    found = positives(seat=seat).filter(state="open").count()
    if not going and not sealed and not found:
        return None
    told = [("封存", "sealed", sealed), ("阳性", "positive", found)]
    below = (
        " ".join(f"{zh} {n}" for zh, _, n in told if n) or "封存 0",
        ", ".join(f"{n} {en}" for _, en, n in told if n) or "0 sealed",
    )
    return Shown(str(going), ("批", "lots"), below, "/coldchain", bad=bool(found))


FIGURES = (Figure("coldchain", "冷链在办", "Cold chain", "epidemic", cold),)
