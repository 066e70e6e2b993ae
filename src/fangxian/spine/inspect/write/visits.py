"""Visits, as reports of inspection bring them, and what about one is for a person to look at."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction

from fangxian.kernels.common.sphere import great_circle_km
from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.events import record, subject_pk
from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.inspect.distance import distance_m
from fangxian.spine.inspect.models import VISIT, Visit
from fangxian.spine.inspect.rounds import Rules, rules
from fangxian.spine.observe.models import Report
from fangxian.spine.observe.reports.write import answers_for, set_about, site_about
from fangxian.spine.registry.models import Place, Site

from .findings import find_by_report

FAR, CLOCK, FAST, OPPOSITE, PHOTO_OLD, PHOTO_SAME = (
    "far",
    "clock",
    "fast",
    "opposite",
    "photo_old",
    "photo_same",
)
FLAGS = {
    FAR: ("位置离点太远，不算到位", "too far from the point: does not count"),
    CLOCK: ("手机时间不对", "the phone's clock is wrong"),
    FAST: ("与上一处之间走得太快", "too fast from the visit before"),
    OPPOSITE: ("与同一点另一次巡查结论相反", "says the opposite of another visit"),
    PHOTO_OLD: ("照片不是当时拍的", "the photo was taken at another time"),
    PHOTO_SAME: ("照片与另一次巡查相同", "the same photo as of another visit"),
}


@transaction.atomic
def take_inspection(event: Event) -> None:
    """A report by a check list is a visit; one that says "trouble" is a finding too."""
    report = Report.objects.select_related("form", "post__place", "place").get(pk=subject_pk(event))
    held = rules(report.at)
    if report.form.code not in held.forms:
        return
    known = bool(report.about_kind) or _say_about(report, held)
    _replace(report)
    if not report.current:
        return  # an edit of it came first
    answers = {path.rsplit("/", 1)[-1]: text for path, text in report.answers.items()}
    if not known:  # who made it is told that it is no visit; a danger is one wherever it is
        if answers.get("result") == "trouble":
            find_by_report(report, answers)
        return
    visit = Visit(
        site=site_about((report.about_kind, report.about_key)),
        place=_place(report),
        at=report.at,
        by=report.by,
        post=report.post,
        lon=report.lon,
        lat=report.lat,
        trouble=answers.get("result") == "trouble",
        report=report,
    )
    enter_visit(visit, received_at=report.received_at, by=SYSTEM)
    if visit.trouble:
        find_by_report(report, answers)


def _say_about(report: Report, held: Rules) -> bool:
    """A phone that knows no addresses (ODK Collect) names the point by its code; whether that names
    one that is looked at and is the reporter's: his own, or in his place."""
    answers = {path.rsplit("/", 1)[-1]: text for path, text in report.answers.items()}
    code = answers.get("point", "").strip().rsplit("/", 1)[-1]
    rows = Site.objects.filter(rows_in_force(report.at), code=code, kind__in=held.kinds)
    if not (code and report.post):
        return False
    here, post = report.post.place.path, report.post
    found = [
        site
        for site in rows.select_related("place")
        if site.place.path.startswith(here) or answers_for(post, site)
    ]
    if len(found) == 1:
        set_about(report=report, site=found[0], by=SYSTEM)
    return len(found) == 1


def _place(report: Report) -> Place:
    """The place a report is about, where that is what it is about."""
    if report.about_kind == "place":
        found = Place.objects.filter(code=report.about_key).order_by("-valid_from").first()
        return found or report.place
    return report.place


def _replace(report: Report) -> None:
    """What an edit of the same post follows counts no more; nobody corrects what another said."""
    earlier = Visit.objects.filter(report__instance=report.follows or "-", counts=True)
    earlier = earlier.filter(report__post=report.post)
    for visit in earlier if report.current else ():
        Visit.objects.filter(pk=visit.pk).update(counts=False)
        record("visit.replaced", subject=visit, by=SYSTEM, after={"report": report.pk})


@transaction.atomic
def enter_visit(visit: Visit, *, by: Seat, received_at: datetime | None = None) -> Visit:
    """Write a visit down, with whether it proves that somebody was there. A visit without a
    position counts: in peace nobody is forced to give one."""
    require(by, "report.make_for", place=visit.place.path)
    limits = rules(visit.at)
    visit.far_m = distance_m(visit.site, visit.place, visit.lon, visit.lat)
    most_m = limits.visit["far_m"] if visit.site else limits.visit["town_km"] * 1000
    far = visit.far_m is not None and visit.far_m > most_m
    visit.counts = not far
    visit.flags = [FAR] if far else []
    visit.flags += _doubts(visit, received_at or visit.at, limits)
    visit.save()
    told: dict[str, Any] = {"site": visit.site_id, "counts": visit.counts, "flags": visit.flags}
    record("visit.made", subject=visit, by=by, after=told)
    return visit


def _doubts(visit: Visit, received_at: datetime, limits: Rules) -> Iterable[str]:
    """What somebody should look at; none of it takes anything away."""
    ahead = visit.at - received_at
    if ahead > timedelta(minutes=limits.visit["clock_min"]):
        yield CLOCK
    if _too_fast(visit, limits.visit["fast_kmh"]):
        yield FAST
    near = timedelta(hours=limits.visit["opposite_h"])
    others = Visit.objects.filter(site=visit.site, at__range=(visit.at - near, visit.at + near))
    if visit.site and others.filter(counts=True).exclude(trouble=visit.trouble).exists():
        yield OPPOSITE


def _too_fast(visit: Visit, most_kmh: float) -> bool:
    if visit.post_id is None or visit.lon is None or visit.lat is None:
        return False
    rows = Visit.objects.filter(post=visit.post_id, lon__isnull=False, at__lte=visit.at)
    before = rows.order_by("-at").values_list("at", "lon", "lat").first()
    if before is None:
        return False
    at, lon, lat = before
    a = [np.array(x) for x in (visit.lon, visit.lat, lon, lat)]
    km = float(great_circle_km(lon=a[0], lat=a[1], lon2=a[2], lat2=a[3]))
    hours = max((visit.at - at).total_seconds() / 3600, 1 / 60)
    return km > 1 and km / hours > most_kmh


@transaction.atomic
def look_at_visit(*, visit: Visit, note: str, counts: bool, by: Seat) -> Visit:
    """Somebody who did not make it has looked at a flagged visit, and says whether it counts; one
    that was corrected since does not."""
    counts = counts and (visit.report is None or visit.report.current)
    move(
        visit,
        "look",
        machine=VISIT,
        by=by,
        reason=note,
        place=visit.place.path,
        first=visit.post_id,
        counts=counts,
        looked_at=clock.now(),
        looked_by=by.label,
        looked_note=note[:200],
    )
    return visit
