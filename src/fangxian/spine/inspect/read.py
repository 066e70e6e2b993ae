"""Selectors of inspections."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.core.things import Kind, Thing
from fangxian.spine.core.things import declare as declare_things
from fangxian.spine.observe.models import Report
from fangxian.spine.observe.reports.followed import Words, declare_followed
from fangxian.spine.registry.models import Duty, Site

from .ground import last_visit, storms
from .models import Excuse, Finding, Visit
from .rounds import due, rules

OPEN = ("found", "rectifying")


def findings(*, seat: Seat) -> QuerySet[Finding]:
    prefix = visible(seat, "register.read")
    if prefix is None:
        return Finding.objects.none()
    rows = Finding.objects.select_related("place__parent", "post__organisation", "order", "finder")
    return rows.filter(place__path__startswith=prefix) if prefix else rows


def visits(*, seat: Seat) -> QuerySet[Visit]:
    prefix = visible(seat, "register.read")
    if prefix is None:
        return Visit.objects.none()
    rows = Visit.objects.select_related("site", "place__parent", "post")
    return rows.filter(place__path__startswith=prefix) if prefix else rows


def to_look_at(*, seat: Seat) -> QuerySet[Visit]:
    """Flagged visits nobody has looked at, the oldest first."""
    return visits(seat=seat).filter(looked_at__isnull=True).exclude(flags=[]).order_by("at")


def excuses(*, seat: Seat, at: datetime) -> QuerySet[Excuse]:
    prefix = visible(seat, "register.read")
    rows = Excuse.objects.filter(ended_at=None, until__gt=at).select_related("place__parent")
    return rows.none() if prefix is None else rows.filter(place__path__startswith=prefix)


def _look(keys: Collection[str]) -> Iterator[Thing]:
    numbers = [int(key) for key in keys if key.isdigit()]
    for one in Finding.objects.filter(pk__in=numbers).select_related("place"):
        title = f"{one.place}：{one.what}"
        yield Thing("finding", str(one.pk), title, f"/findings/{one.pk}", one.place_id)


declare_things(Kind("finding", "隐患", "danger found", _look))


def followed(reports: Collection[Report]) -> dict[int, list[Words]]:
    """What a report of inspection did: counted or not, and what became of the danger."""
    found: dict[int, list[Words]] = {}
    forms = rules(clock.now()).forms
    lost = [r for r in reports if r.form.code in forms and not r.about_kind]
    found |= {
        r.pk: [("没有写明查的是哪一处，没有算", "which point it was is not said")] for r in lost
    }
    visits_by = {v.report_id: v for v in Visit.objects.filter(report__in=reports)}
    for report_pk, visit in visits_by.items():
        if report_pk is not None:
            told = (
                ("已算到位", "counted")
                if visit.counts
                else ("离点太远，没有算到位", "too far: not counted")
            )
            found[report_pk] = [told]
    for one in Finding.objects.filter(report__in=reports).select_related("post"):
        if one.report_id is not None:
            found.setdefault(one.report_id, []).append(_became(one))
    return found


def _became(one: Finding) -> Words:
    if one.state == "found":
        return ("隐患已登记，等五落实", "danger on record, no plan yet")
    if one.state == "rectifying":
        return (f"{one.post} 正在整改", f"{one.post} rectifies it")
    words = Finding.State(one.state)
    return (f"隐患{words.label}", f"danger {one.state}")


declare_followed("inspect", followed)


@dataclass(frozen=True, slots=True)
class ToVisit:
    """A site that a post looks at: the last visit, when the next is due (None: now), by which
    form."""

    site: Site
    last: datetime | None
    due_at: datetime | None
    form: str
    late: bool


def to_visit(post: int, at: datetime) -> list[ToVisit]:
    """The sites a post answers for in any role that somebody must look at, most urgent first."""
    held = rules(at)
    duties = Duty.objects.filter(rows_in_force(at), post=post, thing_kind__in=held.kinds)
    keys = set(duties.values_list("thing_kind", "thing_id"))
    wanted = Site.objects.filter(rows_in_force(at), kind__in={kind for kind, _ in keys})
    wanted = wanted.filter(code__in={code for _, code in keys}).select_related("place")
    over = storms(at)
    found = []
    for site in wanted.annotate(last=last_visit(at, "site", "pk")):
        if (site.kind, site.code) not in keys:
            continue
        last: datetime | None = site.last
        mine = [storm for storm in over if site.place.path.startswith(storm.path)]
        next_due = due(held.of(site.kind), last=last, begun=site.valid_from, at=at, storms=mine)
        if next_due is not None:
            when = next_due.at
            late = when is None or when < at
            found.append(ToVisit(site, last, when, held.form_of(site.kind), late))
    return sorted(found, key=lambda one: (one.due_at is not None, one.due_at or at))
