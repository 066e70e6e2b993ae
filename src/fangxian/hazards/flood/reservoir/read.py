"""Selectors of reservoirs."""

from django.db.models import QuerySet

from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, visible

from .models import Dam, Race

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


def races(*, seat: Seat) -> "QuerySet[Race]":
    rows = Race.objects.filter(dam__in=dams(seat=seat)).select_related("dam__gauge", "issue")
    return rows.order_by("-made_at", "-pk")


def one_race(key: int, *, seat: Seat) -> Race:
    """Raises ``not_found``."""
    one = races(seat=seat).filter(pk=key).first()
    if one is None:
        raise Problem("not_found", what=f"试算 {key}")
    return one
