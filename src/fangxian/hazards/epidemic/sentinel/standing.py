"""What was looked at on a day so that "no local case" is proved and not just said: reports due and
made, cases. Every later room adds its own line (``Subject.checks``)."""

from datetime import date, timedelta

from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.cover.checks import Check, Checked
from fangxian.spine.observe.reports.plan import dues, owed, plans
from fangxian.spine.registry.models import Site

from .models import Case, Count
from .read import cases, scanned
from .rules import close_of, syndromes

FORTNIGHT = timedelta(days=14)


def reports(day: date, seat: Seat) -> Checked | None:
    """Reports by sentinels that were due on a day, of today those due by now: how many were owed,
    made by then, and by whom not."""
    end = min(close_of(day), clock.now())
    forms = {s.form for s in syndromes(end).values()}
    prefix = visible(seat, "register.read")
    if prefix is None:
        return None
    due = made = 0
    missing: list[str] = []
    for plan in plans(end):
        last = dues(plan, end)[0]
        if plan.form_code not in forms or beijing(last).date() != day:
            continue
        for one in owed(plan, end, due=last):
            if not one.place.path.startswith(prefix):
                continue
            due += 1
            if one.report is not None and one.report.received_at < end:
                made += 1
            else:
                missing.append(f"{one.name}（{plan.name}）")
    return Checked(due, made, tuple(missing), "/reports")


def verdicts(day: date, seat: Seat) -> Checked | None:
    """Suspected cases reported by a day of which nobody has said whether they are."""
    if visible(seat, "case.read") is None:
        return None
    rows = cases(seat=seat).filter(reported_at__lt=close_of(day))
    waiting = rows.filter(status=Case.Status.SUSPECTED).values_list("number", flat=True)
    return Checked(rows.count(), rows.count() - len(waiting), tuple(waiting), "/registers/cases")


def counts(day: date, seat: Seat) -> Checked | None:
    """Counts of the day before that were judged by the detectors, of those that the fortnight
    before it had: what a silent site did not count is missing and not less to look at."""
    prefix = visible(seat, "signal.read")
    if prefix is None:
        return None
    last = day - timedelta(days=1)
    rows = Count.objects.filter(site__place__path__startswith=prefix)
    names = dict(Site.objects.filter(pk__in=rows.values("site")).values_list("pk", "name"))
    pairs = ("site_id", "syndrome")
    usual = set(rows.filter(day__lte=last, day__gt=last - FORTNIGHT).values_list(*pairs))
    done = set(rows.filter(day=last, judged=True).values_list(*pairs))
    left = sorted({names[site] for site, _ in usual - done})
    return Checked(len(usual), len(done), tuple(left), "/epidemic")


def scans(day: date, seat: Seat) -> Checked | None:
    """Syndromes counted on the day before that the scan over towns and days has looked at."""
    if visible(seat, "signal.read") is None:
        return None
    last = day - timedelta(days=1)
    counted = set(Count.objects.filter(day=last).values_list("syndrome", flat=True).distinct())
    left = {code for code in counted if not scanned(code, last)}
    known = syndromes(close_of(day))
    names = tuple(sorted(known[code].zh if code in known else code for code in left))
    return Checked(len(counted), len(counted) - len(left), names, "/epidemic")


CHECKS = (
    Check("reports", "哨点报告（应报、已报）", "Sentinel reports owed and made", reports),
    Check("counts", "前一日监测计数已判", "Counts of the day before judged", counts),
    Check("scans", "前一日时空扫描已做（症候群）", "Syndromes of the day before scanned", scans),
    Check("suspects", "疑似病例已有结论", "Suspected cases decided", verdicts),
)
