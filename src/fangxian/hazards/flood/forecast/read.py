"""Selectors of forecasts: basins, issues, what is expected, by the seat that asks."""

from collections.abc import Collection, Iterator

from django.db.models import QuerySet

from fangxian.hazards.flood.tables import marks_on
from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, visible
from fangxian.spine.core.things import Thing

from .models import Basin, Expected, Issue, Search

RIGHT = "forecast.read"


def basins(*, seat: Seat) -> "QuerySet[Basin]":
    prefix = visible(seat, RIGHT)
    rows = Basin.objects.select_related("outlet__place__parent")
    return rows.none() if prefix is None else rows.filter(outlet__place__path__startswith=prefix)


def basin(code: str, *, seat: Seat) -> Basin:
    """Raises ``not_found``."""
    one = basins(seat=seat).filter(code=code).first()
    if one is None:
        raise Problem("not_found", what=f"流域 {code}")
    return one


def issues(*, seat: Seat) -> "QuerySet[Issue]":
    rows = Issue.objects.filter(basin__in=basins(seat=seat))
    return rows.select_related("basin__outlet", "parameters").order_by("-at", "-pk")


def issue(key: int, *, seat: Seat) -> Issue:
    """Raises ``not_found``."""
    one = issues(seat=seat).filter(pk=key).first()
    if one is None:
        raise Problem("not_found", what=f"预报 {key}")
    return one


def expected(*, seat: Seat) -> "QuerySet[Expected]":
    rows = Expected.objects.filter(basin__in=basins(seat=seat))
    return rows.select_related("basin__outlet", "first").order_by("-first_at", "-pk")


def searches(*, seat: Seat) -> "QuerySet[Search]":
    return Search.objects.filter(basin__in=basins(seat=seat)).select_related("basin", "taken")


def search(key: int, *, seat: Seat) -> Search:
    """Raises ``not_found``."""
    one = searches(seat=seat).filter(pk=key).first()
    if one is None:
        raise Problem("not_found", what=f"率定 {key}")
    return one


def mark_words(code: str) -> tuple[str, str]:
    row = marks_on(clock.now()).get(code)
    return (row["zh"], row["en"]) if row else (code, code)


def look(keys: Collection[str]) -> Iterator[Thing]:
    """Basins as things that gaps are about."""
    for b in basins(seat=SYSTEM).filter(code__in=keys):
        yield Thing("basin", b.code, b.name, f"/forecast/{b.code}", b.outlet.place_id)
