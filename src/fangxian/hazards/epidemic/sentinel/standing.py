"""What was looked at on a day so that "no local case" is proved and not just said: reports due and
made, cases. Every later room adds its own line (``Subject.checks``)."""

from datetime import date

from fangxian.spine.core.clock import beijing
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.cover.checks import Check, Checked
from fangxian.spine.observe.reports.plan import dues, owed, plans

from .models import Case, Count
from .read import cases, scanned
from .rules import close_of, syndromes


def reports(day: date, seat: Seat) -> Checked | None:
    """Reports by sentinels that were due on a day: how many were owed, made by then, and by whom
    not."""
    end = close_of(day)
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
    """Counts of a day that were judged by the detectors."""
    prefix = visible(seat, "signal.read")
    if prefix is None:
        return None
    rows = Count.objects.filter(day=day, site__place__path__startswith=prefix)
    n, left = rows.count(), rows.filter(judged=False).count()
    missing = (f"{left}",) if left else ()
    return Checked(n, n - left, missing, "/epidemic")


def scans(day: date, seat: Seat) -> Checked | None:
    """Syndromes counted on a day that the scan over towns and days has looked at."""
    if visible(seat, "signal.read") is None:
        return None
    counted = set(Count.objects.filter(day=day).values_list("syndrome", flat=True).distinct())
    done = {code for code in counted if scanned(code, day)}
    return Checked(len(counted), len(done), tuple(sorted(counted - done)), "/epidemic")


CHECKS = (
    Check("reports", "哨点报告（应报、已报）", "Sentinel reports owed and made", reports),
    Check("counts", "监测计数已判", "Counts judged", counts),
    Check("scans", "时空扫描已做（症候群）", "Syndromes scanned over towns and days", scans),
    Check("suspects", "疑似病例已有结论", "Suspected cases decided", verdicts),
)
