"""Selectors of reservoirs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.store import from_s, store

from .models import Dam, Race
from .rules import dispatching

RIGHT = "forecast.read"


def dams(*, seat: Seat) -> "QuerySet[Dam]":
    prefix = visible(seat, RIGHT)
    rows = Dam.objects.filter(rows_in_force(clock.now()))
    rows = rows.select_related("gauge__place__parent", "basin").order_by("gauge__code")
    return rows.none() if prefix is None else rows.filter(gauge__place__path__startswith=prefix)


def dam(code: str, *, seat: Seat) -> Dam:
    """By the code of its gauge. Raises ``not_found``."""
    one = dams(seat=seat).filter(gauge__code=code).first()
    if one is None:
        raise Problem("not_found", what=f"水库 {code}")
    return one


@dataclass(frozen=True, slots=True)
class Stands:
    """Where a reservoir stands, m; ``old`` if that was too long ago to say anything of now."""

    m: float
    at: datetime
    old: bool


def levels_now(dams: Iterable[Dam], at: datetime) -> dict[int, Stands]:
    """The newest usable level of each dam's gauge; a gauge that never spoke is not there."""
    gauges = {dam.gauge_id: dam.pk for dam in dams}
    rows = Series.objects.filter(station_id__in=gauges, element__in=("ZU", "Z"))
    series = dict(rows.values_list("pk", "station_id"))
    limit = timedelta(hours=dispatching(at)["level_old_h"])
    found: dict[int, Stands] = {}
    for key, (valid_s, value, _) in store().newest(list(series)).items():
        dam, seen = gauges[series[key]], from_s(valid_s)
        if value is not None and (dam not in found or found[dam].at < seen):
            found[dam] = Stands(value, seen, at - seen > limit)
    return found


def races(*, seat: Seat) -> "QuerySet[Race]":
    rows = Race.objects.filter(dam__in=dams(seat=seat)).select_related("dam__gauge", "issue")
    return rows.order_by("-made_at", "-pk")


def one_race(key: int, *, seat: Seat) -> Race:
    """Raises ``not_found``."""
    one = races(seat=seat).filter(pk=key).first()
    if one is None:
        raise Problem("not_found", what=f"试算 {key}")
    return one
