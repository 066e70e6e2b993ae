"""What the situation strip says of people under measures."""

from fangxian.spine.command.figures import Figure, Shown
from fangxian.spine.core.rights import Seat

from . import models as m
from .read import arrivals, due_tests, today


def under_measures(seat: Seat) -> Shown | None:
    """How many are here under measures, and how many tests of today are not taken yet."""
    rows = arrivals(seat=seat)
    here = rows.filter(state__in=m.HERE).count()
    lost = rows.filter(state=m.S.LOST).count()
    cases = rows.filter(state=m.S.CASE).count()
    if not here and not lost and not cases:
        return None
    tests = due_tests(today(), seat=seat).count()
    told = [("失联", "lost", lost), ("病例", "cases", cases), ("待采样", "to sample", tests)]
    below = (
        " ".join(f"{zh} {n}" for zh, _, n in told if n) or "待采样 0",
        ", ".join(f"{n} {en}" for _, en, n in told if n) or "0 to sample",
    )
    return Shown(str(here), ("人", ""), below, "/arrivals", bad=bool(lost))


FIGURES = (Figure("arrivals", "管控中", "Under measures", "epidemic", under_measures),)
