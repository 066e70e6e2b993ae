"""A new risk list: whom it concerns becomes tasks of the owning towns, and what is withdrawn is
taken back with notice."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.rights import asked
from fangxian.hazards.epidemic.arrivals.rules import clocks
from fangxian.hazards.epidemic.regimes.lists import within
from fangxian.hazards.epidemic.regimes.models import Listing, RiskList
from fangxian.hazards.epidemic.regimes.read import counting, spans_of
from fangxian.hazards.epidemic.regimes.stays import look_backs
from fangxian.spine.command.models import OVER, Order
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import (
    acknowledge_order,
    close_order,
    issue_orders,
    report_done,
    set_count,
)
from fangxian.spine.core import clock
from fangxian.spine.core.events import record, subject_pk
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM, Seat, may, require
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import town_of

from .planning import replan

HEADQUARTERS = "epidemic"
FAR_S = 2**62


@transaction.atomic
def follow_list(event: Event) -> None:
    """A list was taken in: everybody it newly concerns is a check of his town, one order a town;
    whom it concerned is planned anew."""
    row = RiskList.objects.get(pk=subject_pk(event))
    fresh = make_checks(list(row.opened.filter(withdrawn_at=None).select_related("county")))
    ended = _in_counties(set(row.closed.values_list("county", flat=True)))
    concerned = {*ended, *(check.arrival_id for check in fresh)}
    _replan(concerned, f"风险地区清单 {row}")


def _in_counties(counties: set[int]) -> set[int]:
    """Open arrivals with a stay in some counties, whether a check was made of them or not."""
    found: set[int] = set()
    wanted = sorted(counties)
    for at in range(0, len(wanted), 500):
        rows = m.Stayed.objects.filter(county__in=wanted[at : at + 500])
        rows = rows.filter(arrival__state__in=m.OPEN)
        found.update(rows.values_list("arrival", flat=True))
    return found


def check_newcomers(arrivals: Sequence[m.Arrival]) -> None:
    """Who declares after a list is a check of it too."""
    keys = [one.pk for one in arrivals]
    counties: set[int] = set()
    for at in range(0, len(keys), 900):
        rows = m.Stayed.objects.filter(arrival__in=keys[at : at + 900])
        counties.update(rows.values_list("county", flat=True))
    wanted = sorted(counties)
    for at in range(0, len(wanted), 900):
        make_checks(list(counting().filter(county__in=wanted[at : at + 900])), only=keys)


@transaction.atomic
def follow_notice(event: Event) -> None:
    """A notice was entered or ends otherwise: the same for one area."""
    listing = Listing.objects.select_related("county").get(pk=subject_pk(event))
    fresh = make_checks([listing]) if listing.withdrawn_at is None else []
    there = _in_counties({listing.county_id})
    _replan({*there, *(check.arrival_id for check in fresh)}, f"风险地区通告 {listing}")


def make_checks(listings: Sequence[Listing], *, only: Sequence[int] | None = None) -> list[m.Check]:
    """Checks of open arrivals (of ``only`` these) that were in newly listed areas within the
    look-back, and the orders that ask for them."""
    there: set[tuple[int, int]] = set()
    for at in range(0, len(listings), 900):
        rows = m.Check.objects.filter(listing__in=listings[at : at + 900])
        there.update(rows.values_list("listing", "arrival"))
    now, new = clock.now(), {}
    for listing, arrival, how in concerned_by(listings, only=only):
        key = (listing.pk, arrival.pk)
        if key not in there and key not in new:
            new[key] = m.Check(listing=listing, arrival=arrival, how=how, made_at=now)
    checks = list(new.values())
    m.Check.objects.bulk_create(checks, batch_size=2000)
    _order(checks)
    return checks


def _stays_of(counties: Sequence[int], only: Sequence[int] | None) -> Iterable[m.Stayed]:
    """Stays of open arrivals (of ``only`` these) in counties."""
    rows = m.Stayed.objects.filter(arrival__state__in=m.OPEN).select_related(
        "county", "arrival__place__parent", "arrival__person"
    )
    for at in range(0, len(counties), 500):
        part = rows.filter(county__in=counties[at : at + 500])
        if only is None:
            yield from part
            continue
        for k in range(0, len(only), 900):
            yield from part.filter(arrival__in=only[k : k + 900])


def concerned_by(
    listings: Sequence[Listing], *, only: Sequence[int] | None = None
) -> Iterable[tuple[Listing, m.Arrival, str]]:
    """Open arrivals with a stay in a listed county at a time that counts, and how it lies to the
    listed part; who was elsewhere in the county, or in what is excluded, is not concerned."""
    back = look_backs()
    by_county: dict[int, list[Listing]] = defaultdict(list)
    for listing in listings:
        by_county[listing.county_id].append(listing)
    spans = dict(zip((one.pk for one in listings), spans_of(listings), strict=True))
    for row in _stays_of(sorted(by_county), only):
        for listing in by_county[row.county_id]:
            span = spans[listing.pk]
            begun = span.since - timedelta(days=back.get(span.level, 0))
            until_s = span.until.timestamp() if span.until else FAR_S
            if row.until_s < begun.timestamp() or row.since_s >= until_s:
                continue
            if not _in_hours(row, listing):
                continue
            how = within(row.part, span.area).how
            if how in ("inside", "unsure"):
                yield listing, row.arrival, how


def _in_hours(row: m.Stayed, listing: Listing) -> bool:
    """Whether a stay meets the hours of a venue; a stay of a day or more meets any."""
    if listing.hour_from is None or listing.hour_to is None:
        return True
    if row.until_s - row.since_s >= 86_000:
        return True
    begun = clock.beijing(datetime.fromtimestamp(row.since_s, UTC)).time()
    left = clock.beijing(datetime.fromtimestamp(row.until_s, UTC)).time()
    return begun <= listing.hour_to and left >= listing.hour_from


def _order(checks: Sequence[m.Check]) -> None:
    """One order a town: to find so many people by a time."""
    towns: dict[Place, list[m.Check]] = defaultdict(list)
    for check in checks:
        towns[town_of(check.arrival.place)].append(check)
    if not towns:
        return
    minutes = int(clocks(clock.now()).check.total_seconds() // 60)
    tasks = [
        Task(
            area=town,
            verb="核查",
            object=f"风险地区来漳 {len({c.arrival_id for c in mine})} 人",
            minutes=minutes,
            verb_en="find",
            object_en=f"{len({c.arrival_id for c in mine})} people from risk areas",
            total=len(mine),
        )
        for town, mine in towns.items()
    ]
    orders = issue_orders(tasks, hazard=HEADQUARTERS, level=Level.III, by=SYSTEM)
    for order, mine in zip(orders, towns.values(), strict=True):
        keys = [check.pk for check in mine]
        for at in range(0, len(keys), 900):
            m.Check.objects.filter(pk__in=keys[at : at + 900]).update(order=order)


@transaction.atomic
def finish(*, check: m.Check, found: str, by: Seat) -> m.Check:
    """A town says what it found of somebody: at home, gone, another address."""
    require(by, "arrival.check", **asked(check.arrival, by))
    rows = m.Check.objects.filter(pk=check.pk, state="open")
    changed = rows.update(
        state="done", ended_at=clock.now(), ended_by=by.label, found=found.strip()[:200]
    )
    check.refresh_from_db()
    if changed:
        record("check.done", subject=check, by=by, after={"found": check.found})
        count_checks(check.order, by)
    return check


def count_checks(order: Order | None, by: Seat) -> None:
    """n of m onto the order; when the last is done it is reported done, when none is left it is
    taken back."""
    if order is None:
        return
    order.refresh_from_db()
    if order.state in OVER:
        return
    states = list(order.checks.exclude(state="off").values_list("state", flat=True))
    done = states.count("done")
    if not states:
        close_order(order=order, reason="清单已撤回，无人需要核查", by=SYSTEM)
        return
    set_count(order=order, total=len(states), done=done, by=SYSTEM)
    if done < len(states) or order.reported_at:
        return
    order.refresh_from_db()
    if not may(by, "order.answer", posts=(order.post_id, *order.chain)):
        close_order(order=order, reason=f"{done} 人已由{by.label}核查", by=SYSTEM)
        return
    if not order.acknowledged_at:
        acknowledge_order(order=order, by=by)
        order.refresh_from_db()
    if order.state in ("acknowledged", "in_progress"):
        report_done(order=order, note=f"{done} 人已核查", by=SYSTEM)


@transaction.atomic
def unfollow(event: Event) -> None:
    """An area was listed in error: its checks are off, towns are told, plans are made anew."""
    listing = Listing.objects.get(pk=subject_pk(event))
    checks = m.Check.objects.filter(listing=listing).exclude(state="off")
    rows = list(checks.select_related("order"))
    checks.update(state="off", ended_at=clock.now(), ended_by="系统")
    for order in {check.order for check in rows if check.order}:
        count_checks(order, SYSTEM)
    concerned = {check.arrival_id for check in rows} | _in_counties({listing.county_id})
    _replan(concerned, f"撤回 {listing}")


def _replan(keys: Iterable[int], why: str) -> None:
    wanted = sorted(keys)
    for at in range(0, len(wanted), 900):
        rows = m.Arrival.objects.filter(pk__in=wanted[at : at + 900], state__in=m.OPEN)
        replan(rows.select_related("port", "person"), why=why, by=SYSTEM)
