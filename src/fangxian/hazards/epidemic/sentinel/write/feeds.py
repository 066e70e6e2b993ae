"""Counts that came from another system answer what is owed: a day that is complete is a report of
its site, made and judged like one that somebody filled in."""

from collections.abc import Iterable
from datetime import date, timedelta

from fangxian.hazards.epidemic.sentinel.models import Count
from fangxian.hazards.epidemic.sentinel.rules import Syndrome, syndromes
from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.rights import Seat
from fangxian.spine.observe.models import Form
from fangxian.spine.observe.reports.plan import Owed, owed_about
from fangxian.spine.observe.reports.write import accept_report, answers_by_name, xml_of
from fangxian.spine.registry.models import Site


def report_days(days: Iterable[tuple[Site, date]], *, door: str, by: Seat) -> int:
    """Make the reports that sites owe about these days and whose every question is answered by
    stored counts; how many."""
    now, made = clock.now(), 0
    for site, day in days:
        for one in owed_about((site.kind, site.code), now):
            if one.report is None and beijing(one.due_at).date() - timedelta(days=1) == day:
                made += _report(site, day, one, door, by)
    return made


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
