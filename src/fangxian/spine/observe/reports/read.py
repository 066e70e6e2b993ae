"""Selectors of reports: who made them, what of them is to be looked at, who still owes."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.observe.models import Form, Report, ReportPlan
from fangxian.spine.registry.models import Place

from .plan import Owed, due_moments, owed, owing, plans, slot_of


def forms() -> QuerySet[Form]:
    """Forms in force."""
    return Form.objects.filter(ended_at=None).order_by("code")


def form(code: str) -> Form:
    """Raises ``form.unknown``."""
    found = forms().filter(code=code).first()
    if found is None:
        raise Problem("form.unknown", form=code, version="—")
    return found


def reports(*, seat: Seat) -> QuerySet[Report]:
    """Reports of the seat's places, and its own."""
    prefix = visible(seat, "register.read")
    if prefix is None:
        return Report.objects.none()
    rows = Report.objects.filter(place__path__startswith=prefix, current=True)
    return rows.select_related("form", "place", "post__organisation").order_by("-received_at")


def made_by(post: int, *, since: datetime) -> list[Report]:
    """The reports of a post that stand, the newest first."""
    rows = Report.objects.filter(post_id=post, current=True, received_at__gte=since)
    return list(rows.select_related("form", "place", "post").order_by("-received_at"))


@dataclass(frozen=True, slots=True)
class Roll:
    """One plan at one place: how many of how many have reported, who has not, who was late."""

    plan: ReportPlan
    place: Place
    due_at: datetime
    made: int
    owing: int
    missing: tuple[Owed, ...]
    late: tuple[Owed, ...]


def roll_up(*, seat: Seat, at: datetime | None = None) -> list[Roll]:
    """Each plan by the places below its own: n of m, and the missing by name."""
    now = at or clock.now()
    prefix = visible(seat, "register.read")
    found: list[Roll] = []
    for plan in plans(now) if prefix is not None else ():
        if plan.place.path.startswith(prefix or "") or (prefix or "").startswith(plan.place.path):
            rows = [one for one in owed(plan, now) if one.place.path.startswith(prefix or "")]
            found += _by_place(plan, rows)
    return found


@dataclass(frozen=True, slots=True)
class Week:
    """So many due, made, and made in time in the week up to ``until``."""

    until: datetime
    due: int
    made: int
    in_time: int


def kept_by_county(
    *, seat: Seat, until: datetime, weeks: int, forms: Collection[str] = ()
) -> dict[str, list[Week]]:
    """Completeness and timeliness by county and week, the oldest week first; of a place above
    counties under its own name."""
    ends = [until - timedelta(weeks=back) for back in range(weeks - 1, -1, -1)]
    sums: dict[str, list[list[int]]] = {}
    for k, end in enumerate(ends):
        for one in kept(seat=seat, since=end - timedelta(weeks=1), until=end, forms=forms):
            place = one.place.ancestor(Place.Kind.COUNTY) or one.place
            week = sums.setdefault(place.name, [[0, 0, 0] for _ in ends])[k]
            for j, n in enumerate((one.due, one.made, one.in_time)):
                week[j] += n
    return {
        name: [Week(end, *week) for end, week in zip(ends, mine, strict=True)]
        for name, mine in sums.items()
    }


@dataclass(frozen=True, slots=True)
class Kept:
    """How one who owes a plan has kept it over a span: so many due, made, and made in time."""

    plan: ReportPlan
    name: str
    place: Place
    due: int
    made: int
    in_time: int


def kept(
    *, seat: Seat, since: datetime, until: datetime, forms: Collection[str] = ()
) -> list[Kept]:
    """Completeness and timeliness of everybody who owes now, worst first; with ``forms`` of the
    plans of these alone."""
    prefix = visible(seat, "register.read")
    found = []
    for plan in plans(until) if prefix is not None else ():
        if forms and plan.form_code not in forms:
            continue
        moments = due_moments(plan, since, until)
        rows = Report.objects.filter(plan=plan, due_at__in=moments, current=True)
        made: dict[tuple[bool, int | str | None], dict[datetime, bool]] = {}
        for report in rows:
            slot = slot_of(report.post_id, report.about_key if plan.site_kind else "")
            days = made.setdefault(slot, {})
            in_time = report.due_at is not None and not report.late
            days[report.due_at or report.at] = (
                days.get(report.due_at or report.at, False) or in_time
            )
        for post, site in owing(plan, until):
            where = site.place if site else post.place if post else plan.place
            days = made.get(slot_of(post.pk if post else 0, site.code if site else ""), {})
            if where.path.startswith(prefix or ""):
                name = str(site or post or plan)
                begun = site.valid_from if site else None
                mine = [due for due in moments if begun is None or due > begun]
                days = {due: good for due, good in days.items() if due in mine}
                found.append(Kept(plan, name, where, len(mine), len(days), sum(days.values())))
    return sorted(found, key=lambda one: (one.made - one.due, one.in_time - one.due))


def _by_place(plan: ReportPlan, rows: Iterable[Owed]) -> list[Roll]:
    groups: dict[Place, list[Owed]] = {}
    for one in rows:
        groups.setdefault(_under(one.place, plan.place), []).append(one)
    return [
        Roll(
            plan,
            place,
            mine[0].due_at,
            sum(one.report is not None for one in mine),
            len(mine),
            tuple(one for one in mine if one.report is None),
            tuple(one for one in mine if one.late),
        )
        for place, mine in groups.items()
    ]


def _under(place: Place, top: Place) -> Place:
    """The place just below ``top`` that a place is or lies in."""
    while place.parent is not None and place.parent_id != top.pk and place.pk != top.pk:
        place = place.parent
    return place
