"""Reminders of reports that are owed: a short text before the time, to whoever has not reported.
Who owes what is in observe/reports/plan.py."""

from datetime import timedelta

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.events import history, record
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.observe.models import Report, ReportPlan
from fangxian.spine.observe.reports.plan import next_due, owing, plans, span
from fangxian.spine.reach.write import tell
from fangxian.spine.registry.read import holders

SUBJECT = "report_plan"
LIVES = timedelta(hours=24)  # a link still works a day after the time: late is better than never


def remind(*, by: Seat) -> int:
    """Remind everybody whose time is near, once for each time; how many were."""
    require(by, "message.tell")
    now, told = clock.now(), 0
    for plan in plans(now):
        due = next_due(plan, now)
        if plan.remind_min and now >= due - timedelta(minutes=plan.remind_min):
            told += _remind(plan, by)
    return told


@transaction.atomic
def _remind(plan: ReportPlan, by: Seat) -> int:
    now = clock.now()
    _, last = span(plan, now)
    due = next_due(plan, now)
    mark = due.isoformat()
    done = history(plan).filter(kind="report.reminded").order_by("-id").first()
    if done and done.after and done.after["due"] == mark:
        return 0
    posts = owing(plan)
    rows = Report.objects.filter(form__code=plan.form_code, current=True, post__in=posts)
    made = set(rows.filter(at__gt=last, at__lte=now).values_list("post_id", flat=True))
    held = holders([post.pk for post in posts if post.pk not in made])
    told = 0
    for post in posts:
        if post.pk in held:
            planned = tell(
                subject_kind=SUBJECT,
                subject_id=f"{plan.pk}:{plan.form_code}",
                text=f"请于{beijing(due):%H:%M}前报“{plan.name}”，点链接可直接报",
                level=None,
                person=held[post.pk],
                post=post,
                channels=("sms",),
                step=int(due.timestamp()) // 60,
                expires_at=due + LIVES,
                by=by,
            )
            told += bool(planned)
    record("report.reminded", subject=plan, by=by, after={"due": mark, "told": told})
    return told
