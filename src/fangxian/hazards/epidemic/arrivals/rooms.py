"""Rooms of sites where people are held: how many there are, are taken, and will be needed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.ready.models import Shelter
from fangxian.spine.registry.models import Site

from . import models as m

STAGE = "central"


def rooms_left(site: Site) -> int | None:
    """Rooms of a site that nobody has or is on his way to; None where its rooms are not known."""
    shelter = Shelter.objects.filter(site=site).first()
    if shelter is None:
        return None
    inside = m.Holding.objects.filter(site=site, until=None).count()
    coming = m.Passenger.objects.filter(transfer__to_site=site, taken_at=None, left_at=None).count()
    return shelter.contacts - inside - coming


@dataclass(frozen=True, slots=True)
class Rooms:
    """A site and its rooms."""

    site: Site
    rooms: int
    inside: int
    coming: int

    @property
    def left(self) -> int:
        return self.rooms - self.inside - self.coming


def rooms(path: str = "") -> list[Rooms]:
    """Every site below a path with rooms for people under measures."""
    rows = Shelter.objects.filter(contacts__gt=0, site__place__path__startswith=path)
    inside = Counter(m.Holding.objects.filter(until=None).values_list("site", flat=True))
    going = m.Passenger.objects.filter(taken_at=None, left_at=None)
    coming = Counter(going.values_list("transfer__to_site", flat=True))
    return [
        Rooms(row.site, row.contacts, inside[row.site_id], coming[row.site_id])
        for row in rows.select_related("site__place").order_by("site__name")
    ]


def needed(plans: Iterable[dict[str, Any]], days: int) -> list[tuple[date, int]]:
    """How many rooms are needed on each of the next days, by the plans as they are."""
    today = clock.beijing(clock.now()).date()
    ahead = [today + timedelta(n) for n in range(days)]
    count: Counter[str] = Counter()
    for plan in plans:
        for stage in plan.get("stages", ()):
            if stage["stage"] == STAGE:
                for day in ahead:
                    text = day.isoformat()
                    count[text] += stage["from"] <= text <= stage["to"]
    return [(day, count[day.isoformat()]) for day in ahead]


WIDE, HIGH, BASE = 560, 120, 96


@dataclass(frozen=True, slots=True)
class Bar:
    """One day's need as a bar of the picture."""

    x: int
    y: int
    width: int
    height: int
    n: int
    label: str
    kind: str  # "last" where there are not enough


@dataclass(frozen=True, slots=True)
class Picture:
    """Rooms that are needed day by day, and the line of those there are."""

    bars: list[Bar]
    line_y: int
    most: int


def picture(need: list[tuple[date, int]], there: int) -> Picture:
    most = max([n for _, n in need] + [there, 1])
    step = WIDE // max(len(need), 1)
    bars = []
    for k, (day, n) in enumerate(need):
        height = round(n / most * (BASE - 12))
        bars.append(
            Bar(
                k * step + 3,
                BASE - height,
                step - 6,
                height,
                n,
                f"{day:%m-%d}",
                "last" * (n > there),
            )
        )
    return Picture(bars, BASE - round(there / most * (BASE - 12)), most)
