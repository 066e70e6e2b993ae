"""Selectors of the sentinels."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Count as Count_
from django.db.models import Q, QuerySet, Sum

from fangxian.spine.assess.models import Signal
from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Cursor
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.core.things import Thing
from fangxian.spine.observe.models import Report
from fangxian.spine.registry.models import Place, Site

from .models import Case, Count, Inquiry
from .rules import LOCAL_CASE, Spot, close_of, stands, step_due, syndromes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def spots(below: str = "") -> dict[int, Spot]:
    """Every site that has counted, or those under a path, with the places each lies in."""
    places = {p.pk: p for p in Place.objects.only("pk", "code", "name", "parent_id")}

    def above(pk: int | None) -> Iterator[tuple[str, str, int]]:
        while pk is not None:
            place = places[pk]
            yield place.code, place.name, place.pk
            pk = place.parent_id

    sites = Site.objects.filter(pk__in=Count.objects.values("site_id").distinct())
    sites = sites.filter(place__path__startswith=below)
    return {s.pk: Spot(s.kind, s.code, s.name, s.place_id, tuple(above(s.place_id))) for s in sites}


TOWN_CODE = 9  # digits of a town's code
Positions = dict[str, tuple[float, float, str, Place]]  # by code: latitude, longitude, name, place


def positions() -> Positions:
    """Where places are, by code."""
    rows = Place.objects.exclude(lat=None).exclude(lon=None)
    return {p.code: (p.lat or 0.0, p.lon or 0.0, p.name, p) for p in rows}


def town_sums(
    code: str, day: date, *, days: int, seat: Seat
) -> dict[str, tuple[tuple[float, float, str], float]]:
    """Cases of a syndrome in the ``days`` up to a day over the seat's places, by town: (latitude,
    longitude, name), n."""
    prefix = visible(seat, "signal.read")
    if prefix is None:
        return {}
    rows = Count.objects.filter(syndrome=code, day__gt=day - timedelta(days=days), day__lte=day)
    rows = rows.filter(site__place__path__startswith=prefix)
    where = positions()
    found: dict[str, tuple[tuple[float, float, str], float]] = {}
    for place, n in rows.values_list("site__place__code").annotate(total=Sum("n")):
        town = place[:TOWN_CODE]
        if town in where:
            spot, before = found.get(town, (where[town][:3], 0.0))
            found[town] = spot, before + n
    return found


@dataclass(frozen=True)
class Table:
    """Daily counts of many series: ``keys`` (syndrome, site) by row, a column a day, NaN where
    nobody counted."""

    keys: list[tuple[str, int]]
    counts: "NDArray[np.float64]"


# one row a series with its days (since 1970) and counts as texts: a tenth of the rows' own reading
SERIES = {
    "sqlite": "group_concat(CAST(julianday(day) - 2440587.5 AS INTEGER)), group_concat(n)",
    "postgresql": "string_agg((day - DATE '1970-01-01')::text, ','), string_agg(n::text, ',')",
}


def counts_for(day: date, days: int) -> Table:
    """Counts of the ``days`` up to a day, of every series that has any."""
    import numpy as np

    first = day - timedelta(days=days - 1)
    query = (
        f"SELECT syndrome, site_id, {SERIES[connection.vendor]} FROM {Count._meta.db_table} "
        "WHERE day BETWEEN %s AND %s GROUP BY syndrome, site_id ORDER BY syndrome, site_id"
    )
    begin = (first - date(1970, 1, 1)).days
    with connection.cursor() as cursor:
        cursor.execute(query, [first.isoformat(), day.isoformat()])
        rows = cursor.fetchall()
    counts = np.full((len(rows), days), np.nan)
    for line, (_, _, when, values) in zip(counts, rows, strict=True):
        line[np.fromstring(when, sep=",", dtype=np.int64) - begin] = np.fromstring(values, sep=",")
    return Table([(code, site) for code, site, _, _ in rows], counts)


@dataclass(frozen=True, slots=True)
class DaySum:
    """What was counted on a day, and at how many sites."""

    n: float
    sites: int


def daily_sums(*, seat: Seat, until: date, days: int) -> dict[str, list[DaySum | None]]:
    """Sums of each syndrome over the seat's places in the ``days`` up to ``until``; None where
    nobody counted."""
    prefix = visible(seat, "signal.read")
    if prefix is None:
        return {}
    first = until - timedelta(days=days - 1)
    rows = Count.objects.filter(
        day__gte=first, day__lte=until, site__place__path__startswith=prefix
    )
    found: dict[str, list[DaySum | None]] = {}
    told = rows.values("syndrome", "day").annotate(total=Sum("n"), sites=Count_("pk"))
    for row in told:
        line = found.setdefault(row["syndrome"], [None] * days)
        line[(row["day"] - first).days] = DaySum(row["total"], row["sites"])
    return found


def cases(*, seat: Seat) -> QuerySet[Case]:
    """The line list as far as the seat may see it; who they are is another right."""
    prefix = visible(seat, "case.read")
    if prefix is None:
        return Case.objects.none()
    rows = Case.objects.filter(place__path__startswith=prefix)
    return rows.select_related("person", "place", "site").order_by("-reported_at", "-pk")


def stood_their_days(at: datetime) -> list[Case]:
    """Cases whose signal is up although they have stood their days."""
    up = Signal.objects.filter(family=LOCAL_CASE, cleared_at=None).values("about_key")
    long_ago = at - stands(at)
    rows = Case.objects.filter(number__in=up, reported_at__lte=long_ago)
    return list(rows.select_related("place"))


def site_of(report: Report) -> Site | None:
    """The site a report counts for: the one it is about, else the only one of the organisation
    that made it."""
    return sites_of([report])[report.pk]


def sites_of(reports: Collection[Report]) -> dict[int, Site | None]:
    """By report: the site it counts for."""
    keys = {report.about_key for report in reports if report.about_key}
    about = {(s.kind, s.code): s for s in Site.objects.filter(code__in=keys)}
    makers = {r.post.organisation_id for r in reports if r.post is not None and not r.about_key}
    own: dict[int | None, list[Site]] = {}
    for site in Site.objects.filter(organisation__in=makers):
        own.setdefault(site.organisation_id, []).append(site)

    def one(report: Report) -> Site | None:
        if report.about_key:
            return about.get((report.about_kind, report.about_key))
        mine = own.get(report.post.organisation_id, []) if report.post else []
        return mine[0] if len(mine) == 1 else None

    return {report.pk: one(report) for report in reports}


def look_cases(keys: Collection[str]) -> Iterable[Thing]:
    for case in Case.objects.filter(number__in=keys).select_related("place"):
        yield Thing(
            "case", case.number, case.number, f"/registers/cases?q={case.number}", case.place_id
        )


def look_syndromes(keys: Collection[str]) -> Iterable[Thing]:
    """What a series is called: its syndrome at its site or place."""
    known = syndromes(clock.now())
    for key in keys:
        code, kind, where = key.split(":", 2)
        zh = known[code].zh if code in known else code
        if kind == "place":
            place = Place.objects.filter(code=where).first()
            name, pk = (place.name, place.pk) if place else (where, None)
        else:
            site = Site.objects.filter(kind=kind, code=where).first()
            name, pk = (site.name, site.place_id) if site else (where, None)
        yield Thing("syndrome", key, f"{name} {zh}", "", pk)


def county_of(place: Place) -> Place:
    """The county a place lies in; the city for itself."""
    while place.kind != "county" and place.parent is not None:
        place = place.parent
    return place


SCANNED = "sentinel:scan:"  # cursors of the nightly scan, by syndrome: the newest day scanned


def scanned(code: str, day: date) -> bool:
    return Cursor.objects.filter(name=SCANNED + code, value__gte=day.toordinal()).exists()


def inquiries(*, seat: Seat) -> QuerySet[Inquiry]:
    prefix = visible(seat, "signal.read")
    if prefix is None:
        return Inquiry.objects.none()
    rows = Inquiry.objects.filter(signal__place__path__startswith=prefix)
    return rows.select_related("signal__place", "order__post__organisation")


STEPS = {"new": "check", "checked": "assess", "assessed": "close"}


def next_step(inquiry: Inquiry) -> tuple[str, datetime]:
    """The step of an open inquiry that is next, and when it is due. A case that joined after the
    risk was judged asks for it anew."""
    step = STEPS[inquiry.state]
    newest = max(one.started_at for one in inquiry.signals)
    if inquiry.assessed_at and newest > inquiry.assessed_at:
        return "assess", step_due("assess", Level(inquiry.signal.level), newest)
    since = inquiry.assessed_at or inquiry.checked_at or inquiry.opened_at
    return step, step_due(step, Level(inquiry.signal.level), since)


def inquiry_of(signal: int, *, seat: Seat) -> Inquiry:
    """The inquiry of a signal, or the one that it joined. Raises ``not_found``."""
    of_it = Q(signal_id=signal) | Q(joined=signal)
    found = inquiries(seat=seat).filter(of_it).distinct().first()
    if found is None:
        raise Problem("not_found", what=str(signal))
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """The bottom line of a day: how long there has been no local case, and which came last."""

    day: date
    last: Case | None
    days: int | None


def local_cases() -> Q:
    """Cases that are local or of which nobody knows, and not excluded."""
    return ~Q(status=Case.Status.EXCLUDED) & ~Q(origin=Case.Origin.IMPORTED)


def day_of(report: Report) -> date:
    """The day a report counts: our forms ask for the day before."""
    return beijing(report.due_at or report.at).date() - timedelta(days=1)


def no_local_case(day: date, *, seat: Seat) -> Standing:
    """As it stood over the seat's places at the end of ``day``, by what had been reported then."""
    prefix = visible(seat, "signal.read")
    rows = Case.objects.filter(local_cases(), reported_at__lt=close_of(day))
    rows = rows.filter(place__path__startswith=prefix) if prefix is not None else rows.none()
    last = rows.select_related("place").order_by("-reported_at").first()
    days = (day - beijing(last.reported_at).date()).days if last else None
    return Standing(day, last, days)
