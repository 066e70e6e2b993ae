"""Selectors of arrivals: who is under measures, masked; what is due; how far checks of lists
are."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet

from fangxian.hazards.epidemic.regimes.models import RiskList
from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, may, visible
from fangxian.spine.core.things import Thing
from fangxian.spine.ready.read import Apart

from . import models as m


def arrivals(*, seat: Seat) -> QuerySet[m.Arrival]:
    """Everybody under measures whom a seat may know of, masked: of its places, whom its own post
    holds, and who is on his way to it."""
    rows = m.Arrival.objects.select_related("person", "place__parent", "port")
    prefix = visible(seat, "arrival.read")
    if prefix is None:
        return rows.none()
    if not prefix:
        return rows
    post = seat.post_id or 0
    held = m.Holding.objects.filter(post=post, until=None).values("arrival")
    coming = m.Passenger.objects.filter(transfer__taker=post, taken_at=None, left_at=None)
    mine = Q(pk__in=held) | Q(pk__in=coming.values("arrival"))
    return rows.filter(Q(place__path__startswith=prefix) | mine)


def arrival(key: int, *, seat: Seat) -> m.Arrival:
    """Raises ``not_found``."""
    found = arrivals(seat=seat).filter(pk=key).first()
    if found is None:
        raise Problem("not_found", what=f"管控对象 {key}")
    return found


def transfers(*, seat: Seat) -> QuerySet[m.Transfer]:
    """Transfers that a seat gives, takes, or may see by place."""
    prefix = visible(seat, "arrival.read")
    rows = m.Transfer.objects.select_related("giver", "taker", "to_site", "place")
    if prefix is None:
        return rows.none()
    own = Q(giver=seat.post_id or 0) | Q(taker=seat.post_id or 0)
    return rows.filter(Q(place__path__startswith=prefix) | own).annotate(
        people=Count("passengers"),
        taken=Count("passengers", Q(passengers__taken_at__isnull=False)),
        waiting=Count(
            "passengers", Q(passengers__taken_at__isnull=True, passengers__left_at__isnull=True)
        ),
    )


def transfer(key: int, *, seat: Seat) -> m.Transfer:
    """Raises ``not_found``."""
    found = transfers(seat=seat).filter(pk=key).first()
    if found is None:
        raise Problem("not_found", what=f"移交 {key}")
    return found


def tests(*, seat: Seat) -> QuerySet[m.Test]:
    rows = m.Test.objects.select_related("arrival__person", "arrival__place__parent")
    return rows.filter(arrival__in=arrivals(seat=seat).values("pk"))


def checks(*, seat: Seat) -> QuerySet[m.Check]:
    rows = m.Check.objects.select_related(
        "arrival__person", "arrival__place__parent", "listing__county", "order"
    )
    prefix = visible(seat, "arrival.read")
    return rows.none() if prefix is None else rows.filter(arrival__place__path__startswith=prefix)


def the_check(key: int, *, seat: Seat) -> m.Check:
    """Raises ``not_found``."""
    found = checks(seat=seat).filter(pk=key).first()
    if found is None:
        raise Problem("not_found", what=f"核查 {key}")
    return found


def the_test(key: int, *, seat: Seat) -> m.Test:
    """Raises ``not_found``."""
    found = tests(seat=seat).filter(pk=key).first()
    if found is None:
        raise Problem("not_found", what=f"检测 {key}")
    return found


@dataclass(frozen=True, slots=True)
class Closure:
    """How far the checks of one list are."""

    row: RiskList
    open: int
    done: int
    off: int

    @property
    def share(self) -> float | None:
        """Done of those to do; None where the list concerned nobody."""
        total = self.open + self.done
        return self.done / total if total else None


def closures(*, seat: Seat) -> list[Closure]:
    """Every list, the newest first, with its checks below the seat's place."""
    prefix = visible(seat, "risk.read")
    if prefix is None:
        return []
    mine = checks(seat=seat).order_by().values_list("listing__opened_by", "state")
    counts: dict[tuple[int, str], int] = {}
    for row, state, n in mine.annotate(n=Count("pk")):
        counts[row, state] = n
    return [
        Closure(row, *(counts.get((row.pk, state), 0) for state in ("open", "done", "off")))
        for row in RiskList.objects.order_by("-published_at")
    ]


def look(keys: Collection[str]) -> Iterable[Thing]:
    """People by their number; what a gap adds behind a colon is still the same person."""
    by_key = {key: key.partition(":")[0] for key in keys}
    numbers = {number for number in by_key.values() if number.isdecimal()}
    rows = m.Arrival.objects.filter(pk__in=numbers).select_related("person", "place")
    found = {str(one.pk): one for one in rows}
    for key, number in by_key.items():
        if one := found.get(number):
            yield Thing("arrival", key, str(one), f"/arrivals/{one.pk}", one.place_id)


def look_transfers(keys: Collection[str]) -> Iterable[Thing]:
    rows = m.Transfer.objects.filter(pk__in=[key for key in keys if key.isdecimal()])
    for one in rows.select_related("taker", "place"):
        title = f"移交 {one}"
        yield Thing("transfer", str(one.pk), title, f"/transfers/{one.pk}", one.place_id)


def apart(path: str) -> Apart:
    """Who below a path is under measures at home, and must travel and stay apart when all leave."""
    rows = m.Arrival.objects.filter(state__in=m.HERE, place__path__startswith=path)
    rows = rows.filter(stage__in=("home_isolation", "home_monitor", "monitor"))
    cases = m.Arrival.objects.filter(state=m.S.CASE, place__path__startswith=path)
    cases = cases.filter(holdings__until=None).distinct()
    return Apart(rows.count(), cases.count(), "/arrivals?state=managed")


def people_in_use() -> QuerySet[Any]:
    """Persons under measures now: their records are not deleted, however old."""
    return m.Arrival.objects.filter(state__in=(*m.OPEN, m.S.CASE)).values("person")


def due_tests(on: date, *, seat: Seat) -> QuerySet[m.Test]:
    """Tests of a day that are not sampled, and those of days before."""
    return tests(seat=seat).filter(state="planned", on__lte=on, arrival__state__in=m.HERE)


def may_reveal(one: m.Arrival, *, seat: Seat) -> bool:
    return may(seat, "people.reveal", place=one.place.path, sensitivity=2)


def today() -> date:
    return clock.beijing(clock.now()).date()
