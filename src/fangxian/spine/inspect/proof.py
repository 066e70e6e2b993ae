"""The blind-spot proof: what of the ground nobody has looked at, nobody answers for, no gauge
measures, no warning reaches; since when; and which next patrol or gauge would cover most of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from fangxian.kernels.allocate.coverage import Coverage, best_coverage
from fangxian.kernels.common.sphere import great_circle_km
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.registry.models import Place, Post

from .ground import CELL, VILLAGE, Element, Ground, ground
from .models import Excuse
from .rounds import Due, Rules, due, rules

NEVER, LATE, NO_OWNER, NO_GAUGE, NO_WARNING = "never", "late", "no_owner", "no_gauge", "no_warning"
REASONS = {
    NEVER: ("从未查过", "never visited"),
    LATE: ("本期未查", "not visited in time"),
    NO_OWNER: ("无责任人", "nobody answers"),
    NO_GAUGE: ("附近无测站", "no gauge near"),
    NO_WARNING: ("广播电话都不到", "no siren or phone reaches"),
}
UNSEEN = (NEVER, LATE)
MOST_STOPS = 1500  # the elements themselves are chosen from up to so many


@dataclass(frozen=True, slots=True)
class Blind:
    """One element that is not covered: why, and since when. ``excuse`` is who accepts it."""

    element: Element
    reasons: tuple[str, ...]
    since: datetime | None
    due: Due | None
    excuse: Excuse | None


@dataclass(frozen=True, slots=True)
class Proof:
    """The whole ground at a moment, and its complement."""

    at: datetime
    n: Counter[str]
    blind: list[Blind]
    accepted: list[Blind]

    def by_place(self) -> dict[int, list[Blind]]:
        found: dict[int, list[Blind]] = {}
        for one in self.blind:
            found.setdefault(one.element.place_id, []).append(one)
        return found


def prove(
    at: datetime,
    *,
    seat: Seat,
    path: str = "",
    cells: bool = True,
    but: tuple[str, ...] = (),
) -> Proof:
    """The complement of what is covered below a seat's place at ``at``; ``but`` leaves reasons
    out. An empty city is not proved: it has no ground, and that is told by ``n``."""
    prefix = visible(seat, "register.read")
    held = rules(at)
    if prefix is None:
        return Proof(at, Counter(), [], [])
    whole = ground(at, held, path=max(prefix, path, key=len), cells=cells)
    excuses = _excuses(at)
    blind: list[Blind] = []
    accepted: list[Blind] = []
    for element in whole.elements:
        next_due = _due(element, whole, held)
        reasons = tuple(r for r in _reasons(element, next_due, at, held) if r not in but)
        if not reasons:
            continue
        excuse = _accepted(element, excuses)
        if excuse is not None:  # what it does not name, and a storm, still count
            stormy = next_due is not None and bool(next_due.round.hazards)
            left = tuple(r for r in reasons if r not in excuse.reasons or (stormy and r in UNSEEN))
            excuse = None if left else excuse
            reasons = left or reasons
        since = next_due.at if next_due and set(reasons) & set(UNSEEN) else None
        one = Blind(element, reasons, since, next_due, excuse)
        (accepted if excuse else blind).append(one)
    blind.sort(key=lambda one: (one.element.kind == CELL, one.since is not None, one.since or at))
    return Proof(at, Counter(e.kind for e in whole.elements), blind, accepted)


def _due(element: Element, whole: Ground, held: Rules) -> Due | None:
    if element.kind in (CELL, VILLAGE):
        return None
    return due(
        held.of(element.kind),
        last=element.last,
        begun=element.begun,
        at=whole.at,
        storms=whole.over(element),
    )


def _reasons(element: Element, next_due: Due | None, at: datetime, held: Rules) -> list[str]:
    found = []
    if element.kind in (CELL, VILLAGE):
        days = held.proof["cell_days" if element.kind == CELL else "village_days"]
        if element.last is None:
            found.append(NEVER)
        elif at - element.last > timedelta(days=days):
            found.append(LATE)
    elif next_due is not None and (next_due.at is None or next_due.at < at):
        found.append(NEVER if element.last is None else LATE)
    if element.kind != CELL:  # nobody lives in a cell as such: what lies in it is asked
        if element.owner is None:
            found.append(NO_OWNER)
        if not element.held and element.siren_km > held.proof["siren_km"]:
            found.append(NO_WARNING)
    if element.gauge_km > held.proof["gauge_km"]:
        found.append(NO_GAUGE)
    return found


def _excuses(at: datetime) -> dict[tuple[str, str], Excuse]:
    rows = Excuse.objects.filter(since__lte=at, until__gt=at)
    rows = rows.select_related("place")
    return {(e.kind, e.key): e for e in rows if e.ended_at is None or e.ended_at > at}


def _accepted(element: Element, excuses: dict[tuple[str, str], Excuse]) -> Excuse | None:
    """An acceptance of the element itself."""
    return excuses.get((element.kind, element.key))


def rows_of(proof: Proof) -> list[dict[str, Any]]:
    """The complement as plain rows, for a table or a program."""
    places = Place.objects.select_related("parent").in_bulk(
        {b.element.place_id for b in proof.blind}
    )
    posts = Post.objects.select_related("organisation").in_bulk(
        {b.element.owner for b in proof.blind if b.element.owner}
    )
    return [_row(one, places, posts) for one in proof.blind]


def _row(one: Blind, places: dict[int, Place], posts: dict[int, Post]) -> dict[str, Any]:
    element = one.element
    place = places[element.place_id]
    owner = posts.get(element.owner or 0)
    return {
        "kind": element.kind,
        "key": element.key,
        "name": element.title,
        "place": place.code,
        "place_name": f"{place.parent.name if place.parent else ''}{place.name}",
        "reasons": list(one.reasons),
        "since": one.since and beijing(one.since).isoformat(),
        "last_visit": element.last and beijing(element.last).isoformat(),
        "round": one.due.round.code if one.due else None,
        "owner": str(owner) if owner else None,
        "gauge_km": _km(element.gauge_km),
        "siren_km": _km(element.siren_km),
        "lon": _number(element.lon),
        "lat": _number(element.lat),
    }


def _km(value: float) -> float | None:
    return round(value, 2) if np.isfinite(value) else None


def _number(value: float) -> float | None:
    return round(value, 6) if np.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class Stop:
    """One of the best next places, and how many it adds."""

    title: str
    lon: float
    lat: float
    adds: int


def best_next(
    proof: Proof, reasons: Sequence[str], *, reach_km: float, k: int, cells: bool = False
) -> tuple[list[Stop], Coverage]:
    """The ``k`` places from which most of what lacks for these reasons is reached, chosen exactly:
    among the elements themselves, or where these are too many among the seats of all villages."""
    wanted = [
        one.element
        for one in proof.blind
        if set(one.reasons) & set(reasons)
        and (cells or one.element.kind != CELL)
        and np.isfinite(one.element.lon)
    ]
    lon = np.array([e.lon for e in wanted], float)
    lat = np.array([e.lat for e in wanted], float)
    stops = [(e.title, e.lon, e.lat) for e in wanted]
    if len(stops) > MOST_STOPS:
        seats = Place.objects.filter(kind=VILLAGE, successor=None, lon__isnull=False)
        told = seats.values_list("name", "lon", "lat")
        stops = [(name, x or 0.0, y or 0.0) for name, x, y in told]
    at = np.array([stop[1:] for stop in stops], float).reshape(-1, 2)
    found = best_coverage(
        lon=lon,
        lat=lat,
        weight=np.ones(len(wanted)),
        at_lon=at[:, 0],
        at_lat=at[:, 1],
        reach_km=reach_km,
        k=k,
    )
    return _stops(stops, lon, lat, found, reach_km), found


def _stops(
    stops: Sequence[tuple[str, float, float]],
    lon: np.ndarray[Any, Any],
    lat: np.ndarray[Any, Any],
    found: Coverage,
    reach_km: float,
) -> list[Stop]:
    left = np.ones(len(lon), bool)
    told = []
    for j in found.chosen:
        title, x, y = stops[j]
        km = great_circle_km(lon=lon, lat=lat, lon2=np.array(x), lat2=np.array(y))
        adds = left & (km <= reach_km + 1e-6)
        left &= ~adds
        told.append(Stop(title, x, y, int(adds.sum())))
    return told
