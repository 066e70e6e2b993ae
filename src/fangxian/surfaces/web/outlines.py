"""A picture that needs no script: the counties with what is worst in each."""

from dataclasses import dataclass

from fangxian.spine.assess.read import active_signals
from fangxian.spine.core.hazards import of_others
from fangxian.spine.core.rights import Seat
from fangxian.spine.registry.outlines import county_outlines


@dataclass(frozen=True, slots=True)
class Shape:
    """A county as it is drawn, its name, the worst level of its signals and how many there are."""

    name: str
    paths: tuple[str, ...]
    x: float
    y: float
    level: int | None
    n: int


def shapes(*, seat: Seat, hq: str = "all") -> list[Shape]:
    """Every county with its signals, as far as the seat sees them and the headquarters answers for
    them."""
    others = [] if hq == "all" else of_others(hq)
    worst: dict[str, int] = {}
    counts: dict[str, int] = {}
    for signal in (
        active_signals(seat=seat).exclude(hazard__in=others).select_related("place__parent__parent")
    ):
        county = signal.place.ancestor("county")
        if county is None:
            continue
        counts[county.code] = counts.get(county.code, 0) + 1
        worst[county.code] = min(worst.get(county.code, 9), signal.level)
    return [
        Shape(name, line.paths, line.x, line.y, worst.get(code), counts.get(code, 0))
        for code, (name, line) in county_outlines().items()
    ]
