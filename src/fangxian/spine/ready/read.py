"""Selectors of readiness, and how far teams are."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db.models import Q, QuerySet, Sum

from fangxian.kernels.common.sphere import great_circle_km
from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.core.things import Kind, Thing
from fangxian.spine.core.things import declare as declare_things
from fangxian.spine.registry.models import Place, Site

from .models import (
    Agreement,
    Dispatch,
    Drill,
    Lot,
    Movement,
    Opening,
    Shelter,
    Shipment,
    Team,
    Training,
)
from .rules import number

# minutes by road between two points (lon, lat), where a graph of roads is loaded
ROADS: list[Callable[[tuple[float, float], tuple[float, float]], float | None]] = []
# how many people the household of a tag has, where somebody keeps a list of tags
TAGS: list[Callable[[str], int | None]] = []


@dataclass(frozen=True, slots=True)
class Apart:
    """People below a place who must not travel or stay with others when it is left: under measures,
    and cases; and where they are listed."""

    contacts: int
    cases: int
    link: str


# who must go apart below a path, where somebody keeps people under measures
APART: list[Callable[[str], Apart]] = []


def apart_below(path: str) -> list[Apart]:
    """Who must go apart when a place is left; lists with nobody are left out."""
    told = (ask(path) for ask in APART)
    return [one for one in told if one.contacts or one.cases]


def _below(seat: Seat, path: str) -> dict[str, str] | None:
    prefix = visible(seat, "register.read")
    if prefix is None:
        return None
    return {f"{path}__path__startswith": prefix} if prefix else {}


def teams(*, seat: Seat, at: datetime | None = None) -> QuerySet[Team]:
    where = _below(seat, "place")
    rows = Team.objects.select_related("place__parent", "post__organisation", "organisation")
    if where is None:
        return rows.none()
    rows = rows.filter(**where)
    return rows.filter(rows_in_force(at)) if at else rows


def lots(*, seat: Seat) -> QuerySet[Lot]:
    where = _below(seat, "site__place")
    rows = Lot.objects.select_related("site__place__parent")
    return rows.none() if where is None else rows.filter(**where)


def movements(*, seat: Seat) -> QuerySet[Movement]:
    where = _below(seat, "lot__site__place")
    rows = Movement.objects.select_related("lot__site__place")
    return rows.none() if where is None else rows.filter(**where)


def shipments(*, seat: Seat) -> QuerySet[Shipment]:
    """Goods on the road, of who sent them and of who waits for them."""
    sent, due = _below(seat, "lot__site__place"), _below(seat, "to__place")
    rows = Shipment.objects.select_related("lot__site", "to__place")
    if sent is None or due is None:
        return rows.none()
    return rows.filter(Q(**sent) | Q(**due))


def agreements(*, seat: Seat) -> QuerySet[Agreement]:
    where = _below(seat, "place")
    rows = Agreement.objects.select_related("place__parent")
    return rows.none() if where is None else rows.filter(**where)


def trainings(*, seat: Seat) -> QuerySet[Training]:
    where = _below(seat, "team__place")
    rows = Training.objects.select_related("team__place__parent")
    return rows.none() if where is None else rows.filter(**where)


def shelters(*, seat: Seat) -> QuerySet[Shelter]:
    where = _below(seat, "site__place")
    rows = Shelter.objects.select_related("site__place__parent")
    return rows.none() if where is None else rows.filter(**where)


def openings(*, seat: Seat) -> QuerySet[Opening]:
    where = _below(seat, "shelter__site__place")
    rows = Opening.objects.select_related("shelter__site__place__parent", "headquarters")
    return rows.none() if where is None else rows.filter(**where)


def drills(*, seat: Seat) -> QuerySet[Drill]:
    where = _below(seat, "headquarters__place")
    rows = Drill.objects.select_related("headquarters__place")
    return rows.none() if where is None else rows.filter(**where)


@dataclass(frozen=True, slots=True)
class Way:
    """How far a team is: kilometres, minutes with getting ready, and whether a road says so or a
    straight line."""

    team: Team
    km: float | None
    minutes: float | None
    by_road: bool


def how_far(rows: Sequence[Team], to: Place | Site) -> list[Way]:
    """The way of each team to a place or site; by road where a graph is loaded, else by distance,
    and that is told. A team or place without position has no distance."""
    found = []
    kmh = number("lorry_kmh", clock.now())
    for team in rows:
        here, there = _position(team), (to.lon, to.lat)
        if here is None or there[0] is None or there[1] is None:
            found.append(Way(team, None, None, by_road=False))
            continue
        goal = (there[0], there[1])
        road = next((m for m in (ask(here, goal) for ask in ROADS) if m is not None), None)
        a = [np.array(x) for x in (*here, *goal)]
        km = round(float(great_circle_km(lon=a[0], lat=a[1], lon2=a[2], lat2=a[3])), 1)
        minutes = (km / kmh * 60 if road is None else road) + team.ready_min
        found.append(Way(team, km, round(minutes), by_road=road is not None))
    return found


def _position(team: Team) -> tuple[float, float] | None:
    if team.lon is not None and team.lat is not None:
        return team.lon, team.lat
    place = team.place
    return (place.lon, place.lat) if place.lon is not None and place.lat is not None else None


def people_in(opening: Opening) -> int:
    """People that have checked in to a shelter and not out."""
    return int(opening.stays.filter(out_at=None).aggregate(n=Sum("people"))["n"] or 0)


def people_of(tag: str) -> int | None:
    """How many people the household of a tag has; None for a tag on no list."""
    return next((n for n in (ask(tag) for ask in TAGS) if n is not None), None)


def _look(keys: Collection[str]) -> Iterator[Thing]:
    numbers = [int(key) for key in keys if key.isdigit()]
    for one in Drill.objects.filter(pk__in=numbers).select_related("headquarters"):
        yield Thing("drill", str(one.pk), one.title, f"/drills/{one.pk}", one.headquarters.place_id)


def _look_out(keys: Collection[str]) -> Iterator[Thing]:
    numbers = [int(key) for key in keys if key.isdigit()]
    for one in Dispatch.objects.filter(pk__in=numbers).select_related("team", "place"):
        title = f"{one.team.name} → {one.place.name}"
        yield Thing("dispatch", str(one.pk), title, f"/teams/{one.team_id}", one.place_id)


declare_things(
    Kind("drill", "演练", "drill", _look),
    Kind("dispatch", "队伍出动", "team on its way", _look_out),
)
