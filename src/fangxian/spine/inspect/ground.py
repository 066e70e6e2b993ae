"""The ground that must be covered: every site of an inspected kind, every village, every cell of
the city; and for each the last visit that counts, who answers, the nearest gauge, who is warned."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
from django.db.models import OuterRef, Q, QuerySet, Subquery
from numpy.typing import NDArray

from fangxian.kernels.allocate.coverage import nearest_km
from fangxian.spine.command.models import Response
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.problems import Problem
from fangxian.spine.registry.models import Duty, Place, Site
from fangxian.spine.registry.read import counties_outline, holders, reachable
from fangxian.spine.registry.sites import site_kinds

from .models import Visit
from .rounds import Rules, Storm

CELL, VILLAGE, STATION, SIREN = "cell", "village", "station", "siren"
KM_PER_DEGREE = 111.195


@dataclass(slots=True)
class Element:
    """One piece of the ground. ``last`` is the last visit that counts; ``owner`` the post in the A
    role, ``held`` whether somebody who can be called holds it."""

    kind: str
    key: str
    title: str
    place_id: int
    path: str
    lon: float
    lat: float
    begun: datetime | None = None
    last: datetime | None = None
    owner: int | None = None
    held: bool = False
    gauge_km: float = float("inf")
    siren_km: float = float("inf")


@dataclass(slots=True)
class Ground:
    """The whole of it at a moment, with the storms over it."""

    at: datetime
    elements: list[Element]
    storms: list[Storm]

    def over(self, element: Element) -> list[Storm]:
        return [storm for storm in self.storms if element.path.startswith(storm.path)]


def ground(at: datetime, rules: Rules, *, path: str = "", cells: bool = True) -> Ground:
    """The ground below ``path`` as it was at ``at``."""
    wide = _county_of(path) if cells else path  # whose a cell is, is decided in its county
    sites = _sites(at, rules, wide)
    villages = _villages(at, wide)
    elements = [*sites, *villages]
    _owners(elements, at)
    _inside(sites, villages)
    if cells:
        elements += _cells(elements, at, rules, wide)
        elements = [e for e in elements if e.path.startswith(path)]
    _reached(elements, at)
    return Ground(at, elements, storms(at))


def _county_of(path: str) -> str:
    """The path of the county that a path lies in, or itself above counties."""
    place = Place.objects.filter(path=path).first() if path else None
    county = place.ancestor(Place.Kind.COUNTY) if place else None
    return county.path if county else path


def storms(at: datetime) -> list[Storm]:
    """Responses that had begun at ``at``; what has ended since is running then."""
    rows = Response.objects.filter(started_at__lte=at).select_related("place")
    return [
        Storm(r.hazard, r.place.path, r.started_at, r.ended_at if _past(r, at) else None)
        for r in rows
    ]


def _past(response: Response, at: datetime) -> bool:
    return response.ended_at is not None and response.ended_at <= at


def last_visit(at: datetime, column: str, outer: str) -> Subquery:
    """The last visit that counts of each row: one seek in its index a row."""
    rows = Visit.objects.filter(**{column: OuterRef(outer)}, counts=True, at__lte=at)
    return Subquery(rows.order_by("-at").values("at")[:1])


def _sites(at: datetime, rules: Rules, path: str) -> list[Element]:
    rows: QuerySet[Site] = Site.objects.filter(rows_in_force(at), kind__in=rules.kinds)
    if path:
        rows = rows.filter(place__path__startswith=path)
    rows = rows.annotate(last=last_visit(at, "site", "pk"))
    told = rows.values_list(
        "pk",
        "kind",
        "code",
        "name",
        "place_id",
        "place__path",
        "lon",
        "lat",
        "valid_from",
        "last",
    )
    return [
        Element(kind, code, name, place, where, _known(lon), _known(lat), begun, last)
        for _, kind, code, name, place, where, lon, lat, begun, last in told.iterator()
    ]


def _known(value: float | None) -> float:
    return float("nan") if value is None else value


def _villages(at: datetime, path: str) -> list[Element]:
    day = beijing(at).date()
    stands = Q(successor__isnull=True) | Q(valid_to__gt=day)  # merged since, it was there then
    rows = Place.objects.filter(stands, kind=Place.Kind.VILLAGE)
    rows = rows.filter(Q(valid_from__isnull=True) | Q(valid_from__lte=day))
    rows = rows.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day))
    if path:
        rows = rows.filter(path__startswith=path)
    rows = rows.annotate(last=last_visit(at, "place", "pk"))
    told = rows.values_list("pk", "code", "name", "path", "lon", "lat", "last")
    found = [
        Element(VILLAGE, code, name, pk, where, _known(lon), _known(lat), None, last)
        for pk, code, name, where, lon, lat, last in told
    ]
    _before_merger(found, at)
    return found


def _before_merger(villages: list[Element], at: datetime) -> None:
    """A visit to a village that was merged is a visit to what it became."""
    old = Place.objects.filter(kind=Place.Kind.VILLAGE, successor__isnull=False)
    rows = old.annotate(last=last_visit(at, "place", "pk")).filter(last__isnull=False)
    newest: dict[int, datetime] = {}
    for into, last in rows.values_list("successor_id", "last"):
        if into is not None:
            newest[into] = max(last, newest.get(into, last))
    for one in villages:
        there = newest.get(one.place_id)
        if there is not None and (one.last is None or there > one.last):
            one.last = there


def _owners(elements: Sequence[Element], at: datetime) -> None:
    """The post in the A role of each, and whether somebody who can be called holds it."""
    kinds = {*(e.kind for e in elements), "place"}
    rows = Duty.objects.filter(rows_in_force(at), thing_kind__in=kinds, role="A")
    posts = {
        (kind, key): post
        for kind, key, post in rows.values_list("thing_kind", "thing_id", "post_id")
    }
    people = holders([post for post in set(posts.values()) if post], at)
    called = {post for post, person in people.items() if reachable(person)}
    for one in elements:
        key = ("place", one.key) if one.kind == VILLAGE else (one.kind, one.key)
        one.owner = posts.get(key)
        one.held = one.owner in called


def _inside(sites: Sequence[Element], villages: Sequence[Element]) -> None:
    """Whoever looked at a thing in a village was in the village."""
    newest: dict[int, datetime] = {}
    for one in sites:
        if one.last is not None:
            newest[one.place_id] = max(one.last, newest.get(one.place_id, one.last))
    for village in villages:
        there = newest.get(village.place_id)
        if there is not None and (village.last is None or there > village.last):
            village.last = there


def _cells(elements: Sequence[Element], at: datetime, rules: Rules, path: str) -> list[Element]:
    """The cells of the city, each with the last visit to anything in it; a cell belongs to the
    place of the nearest thing that is known in its county."""
    side = rules.proof["cell_km"]
    centres, counties = cell_centres(side, path)
    known = [e for e in elements if np.isfinite(e.lon) and np.isfinite(e.lat)]
    found = []
    for (x, y), (name, _), home in zip(
        centres, counties, _homes(centres, counties, known), strict=True
    ):
        if home is None:
            continue
        found.append(
            Element(
                CELL,
                cell_key(x, y, side),
                f"{name} {y:.3f},{x:.3f}",
                home.place_id,
                home.path,
                float(x),
                float(y),
            )
        )
        found[-1].owner, found[-1].held = home.owner, home.held
    by_key = {cell.key: cell for cell in found}
    seen: dict[str, datetime] = {}
    for one in known:
        if one.last is not None and one.kind != VILLAGE:  # a village is wider than a cell
            key = cell_key(one.lon, one.lat, side)
            seen[key] = max(one.last, seen.get(key, one.last))
    free = Visit.objects.filter(counts=True, at__lte=at, site__isnull=True, lon__isnull=False)
    for x, y, moment in free.values_list("lon", "lat", "at"):
        if x is None or y is None or not (np.isfinite(x) and np.isfinite(y)):
            continue
        key = cell_key(x, y, side)
        seen[key] = max(moment, seen.get(key, moment))
    for key, moment in seen.items():
        if key in by_key:
            by_key[key].last = moment
    return found


def _homes(
    centres: NDArray[np.float64], counties: Sequence[tuple[str, str]], known: Sequence[Element]
) -> list[Element | None]:
    """The nearest thing of the same county to each cell."""
    found: list[Element | None] = [None] * len(counties)
    for county in set(counties):
        mine = [e for e in known if e.path.startswith(county[1])]
        cells = [k for k, one in enumerate(counties) if one == county]
        if not mine:
            continue
        lon, lat = (np.array([getattr(e, axis) for e in mine]) for axis in ("lon", "lat"))
        at = centres[cells]
        _, near = nearest_km(lon=at[:, 0], lat=at[:, 1], lon2=lon, lat2=lat)
        for k, which in zip(cells, near, strict=True):
            found[k] = mine[which]
    return found


def place_of(kind: str, key: str) -> Place:
    """Where an element of the ground lies; of a cell its county. Raises ``not_found``."""
    if kind == CELL:
        side = float(key.partition("-")[0] or 0) if key[:1].isdigit() else 0.0
        centres, counties = cell_centres(side, "") if side > 0.5 else (np.empty((0, 2)), [])
        for (x, y), (_, path) in zip(centres, counties, strict=True):
            if cell_key(float(x), float(y), side) == key:
                found = Place.objects.filter(path=path).first()
                if found is not None:
                    return found
    elif kind == VILLAGE:
        village = Place.objects.filter(kind=VILLAGE, code=key).order_by("-valid_from").first()
        if village is not None:
            return village
    else:
        site = Site.objects.filter(kind=kind, code=key).select_related("place").first()
        if site is not None:
            return site.place
    raise Problem("not_found", what=f"{kind} {key}"[:80])


def cell_key(lon: float, lat: float, side_km: float) -> str:
    """Which cell a point lies in. Cells are as wide as high at the city's latitude (24.5 N)."""
    step = side_km / KM_PER_DEGREE
    wide = step / float(np.cos(np.radians(24.5)))
    return f"{side_km:g}-{int(np.floor(lon / wide))}-{int(np.floor(lat / step))}"


@lru_cache(8)
def _all_cells(side_km: float) -> tuple[NDArray[np.float64], list[tuple[str, str]]]:
    """Centres of the cells whose centre lies in a county, with its code and name."""
    import shapely
    import shapely.geometry

    step = side_km / KM_PER_DEGREE
    wide = step / float(np.cos(np.radians(24.5)))
    points, names = [], []
    for feature in counties_outline()["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        shapely.prepare(shape)
        west, south, east, north = shape.bounds
        xs = (np.arange(np.floor(west / wide), np.ceil(east / wide)) + 0.5) * wide
        ys = (np.arange(np.floor(south / step), np.ceil(north / step)) + 0.5) * step
        x, y = (grid.ravel() for grid in np.meshgrid(xs, ys))
        inside = shapely.contains_xy(shape, x, y)
        points.append(np.column_stack([x[inside], y[inside]]))
        told = (str(feature["properties"]["adcode"]), feature["properties"]["name"])
        names += [told] * int(inside.sum())
    return np.concatenate(points), names


def cell_centres(side_km: float, path: str) -> tuple[NDArray[np.float64], list[tuple[str, str]]]:
    """The centres of the cells of the counties below ``path``, and the county's name and path of
    each. Of a place below a county it is the whole county's: there are no outlines of towns."""
    centres, names = _all_cells(side_km)
    counties = Place.objects.filter(kind=Place.Kind.COUNTY)
    paths = dict(counties.values_list("code", "path"))
    keep = [
        k
        for k, (code, _) in enumerate(names)
        if not path or paths.get(code, "").startswith(path) or path.startswith(paths.get(code, "?"))
    ]
    return centres[keep], [(names[k][1], paths.get(names[k][0], "?")) for k in keep]


def _reached(elements: Sequence[Element], at: datetime) -> None:
    """Distance to the nearest gauge and the nearest siren."""
    lon = np.array([e.lon for e in elements], float)
    lat = np.array([e.lat for e in elements], float)
    there: dict[str, list[tuple[float, float]]] = defaultdict(list)
    kinds = [kind for kind in (STATION, SIREN) if kind in site_kinds(at)]
    rows = Site.objects.filter(rows_in_force(at), kind__in=kinds, lon__isnull=False)
    rows = rows.filter(lat__isnull=False)
    for kind, x, y in rows.values_list("kind", "lon", "lat"):
        there[kind].append((_known(x), _known(y)))
    for kind, name in ((STATION, "gauge_km"), (SIREN, "siren_km")):
        points = np.array(there[kind], float).reshape(-1, 2)
        km, _ = nearest_km(lon=lon, lat=lat, lon2=points[:, 0], lat2=points[:, 1])
        for one, far in zip(elements, km, strict=True):
            setattr(one, name, float(far))
