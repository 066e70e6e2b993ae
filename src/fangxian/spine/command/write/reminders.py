"""Reminders of reports that are owed: a short text before the time, to whoever has not reported.
Who owes what is in observe/reports/plan.py."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction

from fangxian.spine.command.rules import span
from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.events import history, record
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.observe.models import ReportPlan
from fangxian.spine.observe.reports.plan import Owed, dues, owed, plans
from fangxian.spine.reach.read import link_length
from fangxian.spine.reach.telling import tell
from fangxian.spine.registry.read import holders

from .calls import MOST

SUBJECT = "report_plan"


def remind(*, by: Seat) -> int:
    """Remind everybody whose time is near, once for each time; how many were."""
    require(by, "message.tell")
    now, told = clock.now(), 0
    for plan in plans(now):
        due = dues(plan, now)[1]
        if plan.remind_min and now >= due - timedelta(minutes=plan.remind_min):
            told += _remind(plan, [one for one in owed(plan, now, due=due) if not one.report], by)
    return told


@transaction.atomic
def _remind(plan: ReportPlan, missing: Iterable[Owed], by: Seat) -> int:
    due = dues(plan, clock.now())[1]
    mark = due.isoformat()
    done = history(plan).filter(kind="report.reminded").order_by("-id").first()
    if done and done.after and done.after["due"] == mark:
        return 0
    held = holders([one.post.pk for one in missing if one.post])
    told = 0
    for one in missing:
        if one.post is None or one.post.pk not in held:
            continue
        planned = tell(
            subject_kind=SUBJECT,
            subject_id=one.mark,
            text=_text(one),
            level=None,
            person=held[one.post.pk],
            post=one.post,
            channels=("sms",),
            step=int(due.timestamp()) // 60,
            expires_at=due + span("message_lives_after_deadline", due),
            by=by,
        )
        told += bool(planned)
    record("report.reminded", subject=plan, by=by, after={"due": mark, "told": told})
    return told


def _text(one: Owed) -> str:
    """One text message with its link: the name is cut where the link needs the room."""
    head, tail = f"请于{beijing(one.due_at):%H:%M}前报“", "”，可点链接报"
    room = max(MOST - len("【演练】") - link_length() - len(head) - len(tail), 6)
    name = f"{one.site.name}{one.plan.name}" if one.site else one.plan.name
    return head + (name if len(name) <= room else f"{name[: room - 1]}…") + tail
