"""Selectors of the coast: what a seat may see of vessels, trips, patrols, tips."""

from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import QuerySet

from fangxian.spine.assess.models import Signal
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.core.things import Thing
from fangxian.spine.observe.tracks import Row, tracks
from fangxian.spine.registry.read import place_label

from . import models as m
from .write.verdicts import FAMILIES


def _seen(rows: "QuerySet[Any]", seat: Seat, right: str, where: str = "place") -> "QuerySet[Any]":
    prefix = visible(seat, right)
    if prefix is None:
        return rows.none()
    return rows.filter(**{f"{where}__path__startswith": prefix}) if prefix else rows


def vessels(*, seat: Seat) -> QuerySet[m.Vessel]:
    rows = m.Vessel.objects.select_related("place", "port", "owner", "post")
    return _seen(rows, seat, "vessel.read")


def vessel(number: str, *, seat: Seat) -> m.Vessel:
    """Raises ``not_found``."""
    found = vessels(seat=seat).filter(number=number).first()
    if found is None:
        raise Problem("not_found", what=f"船 {number} / vessel")
    return found


def trips(*, seat: Seat) -> QuerySet[m.Trip]:
    rows = m.Trip.objects.select_related("vessel__place", "out_port", "in_port")
    return _seen(rows, seat, "vessel.read", "vessel__place")


def trip(key: int, *, seat: Seat) -> m.Trip:
    found = trips(seat=seat).filter(pk=key).first()
    if found is None:
        raise Problem("not_found", what=f"航次 {key} / trip")
    return found


def patrols(*, seat: Seat) -> QuerySet[m.Patrol]:
    rows = m.Patrol.objects.select_related("team", "post", "place")
    return _seen(rows, seat, "patrol.read")


def patrol(key: int, *, seat: Seat) -> m.Patrol:
    found = patrols(seat=seat).filter(pk=key).first()
    if found is None:
        raise Problem("not_found", what=f"巡查 {key} / patrol")
    return found


def tips(*, seat: Seat) -> QuerySet[m.Tip]:
    return _seen(m.Tip.objects.select_related("place", "same_as"), seat, "tip.read")


def tip(code: str, *, seat: Seat) -> m.Tip:
    found = tips(seat=seat).filter(code=code.strip().upper()).first()
    if found is None:
        raise Problem("not_found", what=f"线索 {code} / tip")
    return found


def found_people(*, seat: Seat) -> QuerySet[m.Found]:
    rows = m.Found.objects.select_related("person", "place", "vessel", "tip")
    return _seen(rows, seat, "coast.read")


def signals(*, seat: Seat) -> QuerySet[Signal]:
    """Signals of the sea that stand."""
    rows = Signal.objects.filter(family__in=FAMILIES, cleared_at=None).select_related("place")
    return _seen(rows, seat, "vessel.read")


def last_fixes(rows: Collection[m.Vessel]) -> dict[int, Row]:
    """The newest fix of vessels, by any of their transponders."""
    keys: dict[str, int] = {}
    for one in rows:
        if one.mmsi is not None:
            keys[f"ais:{one.mmsi}"] = one.pk
        if one.beidou:
            keys[f"beidou:{one.beidou}"] = one.pk
    found: dict[int, Row] = {}
    for key, row in tracks().last_of(list(keys)).items():
        pk = keys[key]
        if pk not in found or found[pk][1] < row[1]:
            found[pk] = row
    return found


def at_sea(*, seat: Seat) -> list[tuple[m.Trip, Row | None]]:
    """Who is at sea by the reports, with the last position: one list for both headquarters."""
    rows = list(trips(seat=seat).filter(in_at=None).order_by("due_at"))
    fixes = last_fixes([row.vessel for row in rows])
    return [(row, fixes.get(row.vessel_id)) for row in rows]


def look(keys: Collection[str]) -> Iterator[Thing]:
    """Vessels as things that signals and orders are about."""
    for one in m.Vessel.objects.filter(number__in=keys).select_related("place__parent"):
        title = f"{place_label(one.place)} {one}"
        yield Thing("vessel", one.number, title, f"/coast/vessels/{one.number}", one.place_id)


def look_tracks(keys: Collection[str]) -> Iterator[Thing]:
    """Tracks of nobody's vessel."""
    for key in keys:
        yield Thing("track", key, key, f"/coast/map?track={key}", None)


def crews_in_use() -> "QuerySet[Any]":
    """Persons whose records are worked with: crews of now."""
    return m.Crew.objects.filter(until=None).values("person")


def found_in_use() -> "QuerySet[Any]":
    """People found at the shore."""
    return m.Found.objects.values("person")
