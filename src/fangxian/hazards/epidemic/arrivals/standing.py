"""Lines of the standing proof "no local case" about people under measures: held, tested, heard of,
and lists followed, on any day."""

from datetime import date, datetime, timedelta

from fangxian.spine.core import clock
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.cover.checks import Check, Checked

from . import models as m
from . import read
from .write.health import reported_on


def _span(day: date) -> tuple[datetime, datetime]:
    begun = datetime.combine(day, datetime.min.time(), clock.BEIJING)
    return begun, min(begun + timedelta(days=1), clock.now())


def _of_day(day: date, seat: Seat) -> list[m.Arrival]:
    """Whom somebody held on a day."""
    begun, end = _span(day)
    held = m.Holding.objects.filter(since__lt=end).exclude(until__lte=begun)
    rows = read.arrivals(seat=seat).filter(pk__in=held.values("arrival"))
    return list(rows.exclude(state=m.S.VOID))


def held(day: date, seat: Seat) -> Checked | None:
    """Whoever was here by the end of a day and not released before it: held then by somebody."""
    if visible(seat, "arrival.read") is None:
        return None
    _, end = _span(day)
    here = read.arrivals(seat=seat).filter(arrived_at__lt=end)
    ended = here.filter(state__in=m.ARRIVAL.done, state_at__lt=end)
    rows = list(here.exclude(pk__in=ended.values("pk")))
    holdings = m.Holding.objects.filter(since__lt=end).exclude(until__lt=end)
    known = set(holdings.values_list("arrival", flat=True))
    missing = tuple(str(one) for one in rows if one.pk not in known)
    return Checked(len(rows), len(rows) - len(missing), missing, "/arrivals")


def tested(day: date, seat: Seat) -> Checked | None:
    """Tests planned for a day that were sampled."""
    if visible(seat, "arrival.read") is None:
        return None
    rows = list(read.tests(seat=seat).filter(on=day).exclude(state=m.T.VOID))
    missing = tuple(str(one.arrival) for one in rows if one.sampled_at is None)
    return Checked(len(rows), len(rows) - len(missing), missing, "/registers/arrival_tests")


def heard(day: date, seat: Seat) -> Checked | None:
    """People held on a day of whom there is a health report of it."""
    if visible(seat, "arrival.read") is None:
        return None
    rows = _of_day(day, seat)
    begun, end = _span(day)
    said = reported_on([one.pk for one in rows], begun, end)
    missing = tuple(str(one) for one in rows if one.pk not in said)
    return Checked(len(rows), len(rows) - len(missing), missing, "/arrivals")


def followed(day: date, seat: Seat) -> Checked | None:
    """Checks that risk lists of before made, done by the end of a day."""
    if visible(seat, "arrival.read") is None:
        return None
    begun, end = _span(day)
    rows = list(read.checks(seat=seat).filter(made_at__lt=begun).exclude(state=m.Check.State.OFF))
    missing = tuple(str(one.arrival) for one in rows if one.ended_at is None or one.ended_at >= end)
    return Checked(len(rows), len(rows) - len(missing), missing, "/arrivals/lists")


CHECKS = (
    Check("arrivals_held", "管控对象有人负责", "People under measures held", held),
    Check("arrivals_tested", "管控检测已采样", "Tests of people under measures taken", tested),
    Check("arrivals_heard", "管控对象健康有报", "People under measures heard of", heard),
    Check("lists_followed", "风险地区清单已核查", "Risk lists followed", followed),
)
