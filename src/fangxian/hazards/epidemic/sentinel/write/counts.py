"""Counts out of reports and tables, and their judging day by day."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import partial
from math import isnan
from typing import TYPE_CHECKING

from django.db import transaction

from fangxian.hazards.epidemic.sentinel.models import Count
from fangxian.hazards.epidemic.sentinel.read import (
    SCANNED,
    counts_for,
    day_of,
    positions,
    site_of,
    spots,
    stood_their_days,
)
from fangxian.hazards.epidemic.sentinel.rules import (
    CLUSTER,
    HEADQUARTERS,
    SYNDROME,
    Profile,
    Syndrome,
    close_of,
    profile,
    scan_hour,
    syndromes,
)
from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.rules import Finding
from fangxian.spine.assess.write import settle
from fangxian.spine.command.read import emergency_since
from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.events import Entry, named, record_many, subject_pk
from fangxian.spine.core.guard import alone
from fangxian.spine.core.models import Cursor, Event
from fangxian.spine.core.queue import move_cursor
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.observe.models import Report
from fangxian.spine.registry.models import Site
from fangxian.spine.registry.read import city_path

from .cases import settle_cases
from .feeds import report_told_days

if TYPE_CHECKING:
    from fangxian.hazards.epidemic.sentinel.judging import Node

MARKS = {"constraint", "type", "required"}  # findings that make an answer no number


@transaction.atomic
def take_report(event: Event) -> None:
    """What a report says becomes counts of its site and day. A correction changes the number and
    keeps what was said first; an answer that breaks its form's rules counts nothing."""
    report = Report.objects.select_related("form").get(pk=subject_pk(event))
    wanted = [s for s in syndromes(report.at).values() if s.form == report.form.code]
    site = site_of(report)
    if not wanted or site is None or not report.current:
        return  # that it was not counted is a gap (cover.not_counted)
    broken = {path.rsplit("/", 1)[-1] for path, kind, _ in report.findings if kind in MARKS}
    given = {path.rsplit("/", 1)[-1]: text for path, text in report.answers.items()}
    rows = [
        (one.code, float(given[one.question]), _number(given.get(one.of, "")))
        for one in wanted
        if given.get(one.question) and one.question not in broken
    ]
    day = day_of(report)
    put_counts([(site, code, day, n, of) for code, n, of in rows], report=report, by=SYSTEM)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@transaction.atomic
def put_counts(
    rows: Iterable[tuple[Site, str, date, float, float | None]], *, by: Seat, report: Report | None
) -> int:
    """Write counts down; how many are new or another than before. They are judged by the next
    round."""
    require(by, "count.put")
    given = {(site.pk, code, day): (n, of) for site, code, day, n, of in rows}
    if not given:
        return 0
    days = {day for _, _, day in given}
    stored = Count.objects.filter(day__gte=min(days), day__lte=max(days))
    stored = stored.filter(site__in={site for site, _, _ in given}).select_for_update()
    there = {(c.site_id, c.syndrome, c.day): c for c in stored}
    new, moved, told = [], [], []
    for (site, code, day), (n, of) in given.items():
        row = there.get((site, code, day))
        if row is None:
            new.append(
                Count(site_id=site, syndrome=code, day=day, n=n, of=of, first=n, report=report)
            )
        elif (row.n, row.of) != (n, of):
            before = {"n": row.n, "of": row.of}
            row.n, row.of, row.report, row.judged = n, of, report, False
            moved.append(row)
            told.append(Entry("count.corrected", named(row), before, {"n": n, "of": of}))
    Count.objects.bulk_create(new, batch_size=2000)
    Count.objects.bulk_update(moved, ["n", "of", "report", "judged"], batch_size=500)
    record_many(told, by=by)
    return len(new) + len(moved)


def posture_at(at: datetime) -> bool:
    """Whether the epidemic headquarters was in an emergency at ``at``."""
    return emergency_since(HEADQUARTERS, city_path(), at=at) is not None


def tick() -> int | None:
    """Judge every day that is over and has counts not judged yet, the oldest first, each alone;
    end the signals of cases that have stood their days."""
    today = beijing(clock.now()).date()
    waiting = Count.objects.filter(judged=False, day__lt=today).order_by("day")
    days = list(waiting.values_list("day", flat=True).distinct())
    for day in days:
        alone("sentinel:judge", day, partial(judge_day, day, by=SYSTEM))
    done = (
        len(days)
        + report_told_days(by=SYSTEM)
        + settle_cases(stood_their_days(clock.now()), by=SYSTEM)
    )
    return done + _scan_in_time() or None


def _scan_in_time() -> int:
    """The scan of yesterday from its hour on: each round one syndrome that has not been scanned, so
    that nothing waits for all of them."""
    now = beijing(clock.now())
    day = now.date() - timedelta(days=1)
    if now.hour < scan_hour(now):
        return 0
    done = Cursor.objects.filter(name__startswith=SCANNED, value__gte=day.toordinal())
    scanned = {name.removeprefix(SCANNED) for name in done.values_list("name", flat=True)}
    counted = Count.objects.filter(day=day).exclude(syndrome__in=scanned)
    code = counted.values_list("syndrome", flat=True).order_by("syndrome").first()
    if code is None:
        return 0
    scan_day(day, code, by=SYSTEM)
    return 1


def scan_day(day: date, code: str, *, by: Seat) -> list[Signal]:
    """Scan one syndrome over towns and days; the signals that rose or got worse. A cluster that is
    not found any more falls. Nothing is locked while it computes."""
    from fangxian.hazards.epidemic.sentinel.scanning import cluster

    require(by, "signal.settle")
    use = profile(close_of(day), emergency=posture_at(close_of(day)))
    known = syndromes(close_of(day)).get(code) or Syndrome(code, code, code, "", "", "")
    table = counts_for(day, use.history_days)
    one = cluster(table, spots(), positions(), known, day=day, carried=_carried(code))
    found = [one] if one else []
    with transaction.atomic():
        cursor, _ = Cursor.objects.get_or_create(name=SCANNED + code)
        move_cursor(cursor.name, cursor.value, day.toordinal())
        up = {finding.about for finding in found}
        over = [f for f in _over(up, day, CLUSTER) if f.about[1].startswith(f"{code}:")]
        over = [f for f in over if _heard(code, day, f.evidence["places"])]
        return settle([*found, *over], by=by)


def _heard(code: str, day: date, towns: Iterable[str]) -> bool:
    """Whether every town of a cluster was counted on a day: what is silent has not calmed down."""
    rows = Count.objects.filter(syndrome=code, day=day)
    return all(rows.filter(site__place__code__startswith=town).exists() for town in towns)


def _carried(code: str) -> list[str]:
    """The paths of places where a syndrome has a signal of its own."""
    rows = Signal.objects.filter(family=SYNDROME, cleared_at=None, about_key__startswith=f"{code}:")
    return list(rows.values_list("place__path", flat=True))


def series_of(day: date, use: Profile) -> "list[Node]":
    """All series judged on a day, from what is stored."""
    from fangxian.hazards.epidemic.sentinel.judging import judge_nodes, tree

    nodes = tree(counts_for(day, use.history_days), spots(), day=day, use=use)
    judge_nodes(nodes, day=day, use=use)
    return nodes


def found_on(day: date) -> list[Finding]:
    """What the detectors of the posture of that day find on it. Nothing is written."""
    from fangxian.hazards.epidemic.sentinel.judging import carriers, findings

    use = profile(close_of(day), emergency=posture_at(close_of(day)))
    nodes = series_of(day, use)
    return list(findings(carriers(nodes, use), syndromes(close_of(day)), day=day, use=use))


@transaction.atomic
def judge_day(day: date, *, by: Seat) -> list[Signal]:
    """Judge one day of all series; the signals that rose or got worse. What the newest day no
    longer says falls; what nobody counted on it stands."""
    from fangxian.hazards.epidemic.sentinel.judging import carriers, findings

    require(by, "signal.settle")
    today = beijing(clock.now()).date()
    # marked before they are read: what comes meanwhile is judged by the next round
    Count.objects.filter(judged=False, day=day).update(judged=True)
    use = profile(close_of(day), emergency=posture_at(close_of(day)))
    if day < today - timedelta(days=use.anew_days):
        return []
    nodes = series_of(day, use)
    heard = {node.key for node in nodes if not isnan(node.counts[-1])}
    found = list(findings(carriers(nodes, use), syndromes(close_of(day)), day=day, use=use))
    if not Count.objects.filter(day__gt=day, day__lt=today).exists():
        up = {finding.about for finding in found}
        found += [f for f in _over(up, day, SYNDROME) if f.about[1] in heard]
    return settle(found, by=by)


def _over(up: set[tuple[str, str]], day: date, family: str) -> Iterable[Finding]:
    """Signals of a family that nothing carries on the newest day."""
    for signal in Signal.objects.filter(family=family, cleared_at=None):
        if signal.about not in up:
            yield Finding(
                family=family,
                hazard=HEADQUARTERS,
                about=signal.about,
                name=signal.about_name,
                place_id=signal.place_id,
                at=close_of(day),
                level=None,
                kept=None,
                value=None,
                rule=signal.rule,
                group=signal.group,
                evidence={**signal.evidence, "over_on": day.isoformat()},
            )
