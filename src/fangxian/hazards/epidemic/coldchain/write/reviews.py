"""A round over old stock: what was imported in a span of days is tested again."""

from datetime import date, timedelta

from django.db import transaction

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.rules import clocks
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import issue_orders
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.registry.models import Place, Site
from fangxian.spine.registry.read import town_of

from .lots import sample_again


def stock_of(place: Place, since: date, until: date) -> list[m.Lot]:
    """Lots in stock below a place that came into the country in a span of days; those whose day
    nobody knows as well."""
    rows = m.Lot.objects.filter(place__path__startswith=place.path).exclude(state__in=m.DONE)
    rows = rows.exclude(state__in=("announced", "appointed", "papers"))
    known = rows.filter(entered_on__range=(since, until))
    unknown = rows.filter(entered_on=None, imported=True)
    return list((known | unknown).select_related("site__place", "place").order_by("number"))


@transaction.atomic
def start_review(
    *, place: Place, since: date, until: date, why: str, by: Seat, hours: float | None = None
) -> m.Review:
    """Start a round: each site gets one order with its lots."""
    require(by, "cold.manage", place=place.path)
    if until < since:
        raise Problem("input.invalid", field="until", why=f"{since} > {until}")
    if not why.strip():
        raise Problem("input.reason_missing", field="why")
    now = clock.now()
    limit = timedelta(hours=hours) if hours else clocks(now).review
    found = stock_of(place, since, until)
    review = m.Review.objects.create(
        place=place,
        since=since,
        until=until,
        why=why.strip()[:200],
        by_at=now + limit,
        at=now,
        by=by.label,
        lots=[lot.number for lot in found],
    )
    sample_again(
        lots=[lot for lot in found if lot.state != m.Lot.State.UNLOADED],
        reason=f"库存复检：{why.strip()}",
        by=by,
    )
    sites: dict[int, tuple[Site, int]] = {}
    for lot in found:
        if lot.site is not None:
            site, n = sites.get(lot.site.pk, (lot.site, 0))
            sites[site.pk] = (site, n + 1)
    issue_orders(
        [
            Task(
                area=town_of(site.place),
                verb="库存复检",
                object=f"{site.name} {n} 批（{since} 至 {until} 入境）",
                verb_en="test the stock again of",
                object_en=f"{site.name}: {n} lots",
                minutes=int(limit.total_seconds() // 60),
                total=n,
                about=(site.kind, site.code),
            )
            for site, n in sites.values()
        ],
        hazard="epidemic",
        level=Level.III,
        by=by,
    )
    record("cold_review.started", subject=review, by=by, after={"lots": len(found)}, reason=why)
    return review
