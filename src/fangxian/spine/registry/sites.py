"""Kinds of site as dated data, and what sites lack. Writing them down is in write.py and by the
tables of doors/."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.dated import Complaint, Content, RuleSet, declare, rows_in_force, shipped
from fangxian.spine.core.editions import edition
from fangxian.spine.core.things import THINGS, Kind, Thing
from fangxian.spine.core.things import declare as declare_things

from .models import Duty, Place, Site
from .read import counties_outline, place_label


@dataclass(frozen=True, slots=True)
class SiteKind:
    """A kind of site: its names, its sign, who must answer for each."""

    code: str
    zh: str
    en: str
    icon: str
    duties: tuple[str, ...]


def _complaints(content: Content) -> Iterable[Complaint]:
    kinds = content.get("kind")
    if not isinstance(kinds, dict) or not kinds:
        yield "kind", "[kind.…] blocks are missing"
        return
    for code, row in kinds.items():
        for name in ("zh", "en", "icon", "duties"):
            if name not in row:
                yield f"kind.{code}", f"{name} = … is missing"
        for role in row.get("duties", ()):
            if role not in Duty.Role.values:
                yield f"kind.{code}.duties", f"{role}; known: {', '.join(Duty.Role.values)}"


SITE_KINDS = RuleSet(
    "site_kinds",
    "场所种类",
    "Kinds of site",
    Path(__file__).parent / "data/site_kinds",
    _complaints,
)
declare(SITE_KINDS)


def site_kinds(at: datetime | None = None) -> dict[str, SiteKind]:
    """The kinds in force, by code."""
    return _kinds_of(edition("site_kinds", at or clock.now()).content)


def _kinds_of(content: Mapping[str, Any]) -> dict[str, SiteKind]:
    return {
        code: SiteKind(code, row["zh"], row["en"], row["icon"], tuple(row["duties"]))
        for code, row in content["kind"].items()
    }


def kind_words(code: str) -> tuple[str, str]:
    kind = site_kinds().get(code)
    return (kind.zh, kind.en) if kind else (code, code)


def _look(kind: str, keys: Collection[str]) -> Iterator[Thing]:
    for site in Site.objects.filter(kind=kind, code__in=keys).select_related("place__parent"):
        title = f"{place_label(site.place)} {site.name}"
        yield Thing(kind, site.code, title, f"/sites/{kind}/{site.code}", site.place_id)


def declare_kinds() -> None:
    """Every shipped kind is a kind of thing; rooms that know more of one declare it after."""
    for kind in _kinds_of(shipped("site_kinds")[-1].content).values():
        look = lambda keys, code=kind.code: _look(code, keys)  # noqa: E731
        if kind.code not in THINGS:
            declare_things(Kind(kind.code, kind.zh, kind.en, look))


declare_kinds()


# what sites lack -------------------------------------------------------------------------------


def sites_without_duty(at: datetime) -> Iterator[tuple[Site, list[str]]]:
    """Sites for which nobody is written down in a role their kind must have, with these roles."""
    kinds = site_kinds(at)
    there: dict[tuple[str, str], set[str]] = {}
    duties = Duty.objects.filter(rows_in_force(at), thing_kind__in=kinds)
    for kind, key, role in duties.values_list("thing_kind", "thing_id", "role"):
        there.setdefault((kind, key), set()).add(role)
    for site in Site.objects.filter(rows_in_force(at), kind__in=kinds).select_related("place"):
        have = there.get((site.kind, site.code), set())
        lacking = [role for role in kinds[site.kind].duties if role not in have]
        if lacking:
            yield site, lacking


def sites_without_position(at: datetime) -> Iterator[Site]:
    yield from Site.objects.filter(rows_in_force(at), lon__isnull=True, shape__isnull=True)


def sites_elsewhere(at: datetime) -> Iterator[tuple[Site, str]]:
    """Sites whose position lies in another county than their place, or in none, with where."""
    import shapely

    shapes = _outlines()
    for site in Site.objects.filter(rows_in_force(at), lon__isnull=False).select_related("place"):
        own = site.place.ancestor(Place.Kind.COUNTY)
        if own is None or own.code not in shapes or site.lon is None or site.lat is None:
            continue
        if not shapely.contains_xy(shapes[own.code][1], site.lon, site.lat):
            yield site, county_at(site.lon, site.lat)


@lru_cache(1)
def _outlines() -> dict[str, tuple[str, Any]]:
    """County code → (name, shape with a margin of some 300 m: an outline is a simplified one)."""
    import shapely.geometry

    found = {}
    for feature in counties_outline()["features"]:
        shape = shapely.geometry.shape(feature["geometry"]).buffer(0.003)
        found[str(feature["properties"]["adcode"])] = (feature["properties"]["name"], shape)
    return found


def county_at(lon: float, lat: float) -> str:
    """The name of the county a point lies in; empty outside all."""
    import shapely

    inside = (name for name, shape in _outlines().values() if shapely.contains_xy(shape, lon, lat))
    return next(inside, "")
