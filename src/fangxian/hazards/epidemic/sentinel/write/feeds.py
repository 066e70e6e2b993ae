"""Counts that came from another system answer what is owed: a day that is complete is a report of
its site, made and judged like one that somebody filled in."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import partial

from fangxian.hazards.epidemic.sentinel.models import Count, Encounter
from fangxian.hazards.epidemic.sentinel.rules import Syndrome, close_of, syndromes
from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.editions import edition
from fangxian.spine.core.guard import Failed, alone
from fangxian.spine.core.rights import Seat
from fangxian.spine.observe.models import Form, ReportPlan
from fangxian.spine.observe.reports.plan import Owed, dues, owed, owed_about, plans
from fangxian.spine.observe.reports.write import accept_report, answers_by_name, xml_of
from fangxian.spine.registry.models import Site

MESSAGES = "messages"  # the door of visits and tests one by one


def report_days(days: Iterable[tuple[Site, date]], *, door: str, by: Seat) -> int:
    """Make the reports that sites owe about these days and whose every question is answered by
    stored counts; how many. Single messages go on coming after the first of the new day: their
    report waits until shortly before it is due."""
    now, made = clock.now(), 0
    wait = timedelta(days=2) if door != MESSAGES else _ready(now)
    for site, day in days:
        for one in owed_about((site.kind, site.code), now):
            here = beijing(one.due_at).date() - timedelta(days=1) == day
            if here and one.report is None and one.due_at - now <= wait:
                made += _report(site, day, one, door, by)
    return made


def report_told_days(*, by: Seat) -> int:
    """Shortly before it is due, make the report of every site that has gone on sending messages
    after the day it owes; how many. A plan that fails fails alone."""
    now, made = clock.now(), 0
    for plan in plans(now):
        due = dues(plan, now)[1]
        if plan.site_kind and due - now <= _ready(now):
            found = alone("sentinel:reports", plan.pk, partial(_report_plan, plan, due, by))
            made += 0 if isinstance(found, Failed) else found
    return made


def _report_plan(plan: ReportPlan, due: datetime, by: Seat) -> int:
    day = beijing(due).date() - timedelta(days=1)
    owing = owed(plan, clock.now(), due=due)
    sites = [one.site for one in owing if one.site and one.report is None]
    after = Encounter.objects.filter(site__in=sites, told_at__gte=close_of(day))
    told = set(after.values_list("site_id", flat=True))
    return report_days([(s, day) for s in sites if s.pk in told], door=MESSAGES, by=by)


def _ready(at: datetime) -> timedelta:
    return timedelta(minutes=edition("clinical", at).content.get("ready_min", 5))


def _report(site: Site, day: date, one: Owed, door: str, by: Seat) -> int:
    form = Form.objects.filter(code=one.plan.form_code, ended_at=None).first()
    asked = [s for s in syndromes(one.due_at).values() if s.form == one.plan.form_code]
    rows = Count.objects.filter(site=site, day=day, syndrome__in=[s.code for s in asked])
    answers = _answers(asked, {row.syndrome: row for row in rows})
    if form is None or not asked or answers is None:
        return 0
    instance = f"{door}:{site.kind}:{site.code}:{form.code}:{day}"[:80]
    raw = xml_of(form, answers_by_name(form, answers), instance=instance)
    about = (site.kind, site.code)
    return int(accept_report(raw=raw, by=by, door=door, about=about, answers=one)[1])


def _answers(asked: Iterable[Syndrome], rows: dict[str, Count]) -> dict[str, str] | None:
    """By the names of the form's questions; None where a count is missing."""
    answers: dict[str, str] = {}
    for one in asked:
        row = rows.get(one.code)
        if row is None or (one.of and row.of is None):
            return None
        answers[one.question] = f"{row.n:g}"
        if one.of:
            answers[one.of] = f"{row.of:g}"
    return answers
