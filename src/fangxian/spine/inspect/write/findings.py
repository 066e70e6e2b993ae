"""Findings: found, graded, set to be rectified with five things, closed when somebody else has
looked, opened again. The work is an order; its clock, ladder and check are the order's."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from fangxian.spine.command.models import OVER, Order
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import close_order, issue_orders
from fangxian.spine.core import clock
from fangxian.spine.core.events import record, subject_pk
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.inspect.ground import place_of
from fangxian.spine.inspect.models import EXCUSE, FINDING, Excuse, Finding
from fangxian.spine.inspect.rounds import rules
from fangxian.spine.observe.models import Report
from fangxian.spine.observe.reports.xform import read_xform
from fangxian.spine.registry.models import Post

LONGEST = timedelta(days=5 * 366)
FIVE = {
    "measure": ("整改措施", "measure"),
    "money": ("资金", "money"),
    "post": ("责任人", "person"),
    "deadline_at": ("时限", "time"),
    "plan": ("应急预案", "plan"),
}


def find_by_report(report: Report, answers: Mapping[str, str]) -> Finding:
    """The finding that a report of trouble makes, or that it says anew where it corrects one."""
    number, grade = answers.get("threatens", ""), answers.get("grade", "")
    told: dict[str, Any] = {
        "what": (answers.get("trouble", "") or _ticked(report, answers) or "巡查发现隐患")[:300],
        "grade": grade if grade in rules(report.at).grades else "general",
        "threatens": int(number) if re.fullmatch(r"[0-9]{1,6}", number) else None,
    }
    earlier = Finding.objects.filter(report__instance=report.follows or "-").first()
    running = earlier is not None and earlier.state in ("found", "rectifying")
    if earlier is not None and running and earlier.finder_id == report.post_id:
        return _say_anew(earlier, report, told)
    finding = Finding(
        about_kind=report.about_kind or "place",  # which point it is was not understood
        about_key=report.about_key or report.place.code,
        place=report.place,
        **told,
        report=report,
        found_by=report.by,
        finder=report.post,
        found_at=report.at,
    )
    return enter_finding(finding, by=SYSTEM)


def _say_anew(finding: Finding, report: Report, told: dict[str, Any]) -> Finding:
    before = {name: getattr(finding, name) for name in told}
    Finding.objects.filter(pk=finding.pk).update(report=report, **told)
    finding.refresh_from_db()
    if before != told:
        by, why = SYSTEM, f"更正报告：{report.by}"[:200]
        record("finding.graded", subject=finding, by=by, before=before, after=told, reason=why)
    return finding


def _ticked(report: Report, answers: Mapping[str, str]) -> str:
    """The items ticked on the check list, in Chinese."""
    questions = read_xform(report.form.xform).questions
    words = {q.name: dict(q.choices) for q in questions}.get("items", {})
    told = [words[one] for one in answers.get("items", "").split() if one in words]
    return "、".join(next(iter(one.values()), "") for one in told)


@transaction.atomic
def enter_finding(finding: Finding, *, by: Seat) -> Finding:
    """Write a danger down. Raises ``input.invalid`` for a grade that the edition does not have."""
    require(by, "report.make_for", place=finding.place.path)
    grades = rules(finding.found_at).grades
    if finding.grade not in grades:
        raise Problem(
            "input.invalid", field="grade", why=f"{finding.grade}；有 {'、'.join(grades)}"
        )
    if not finding.what.strip():
        raise Problem("input.invalid", field="what", why="—")
    finding.what = finding.what.strip()[:300]
    finding.found_by = finding.found_by or by.label
    finding.save()
    told = {
        "about": f"{finding.about_kind}:{finding.about_key}",
        "what": finding.what,
        "grade": finding.grade,
    }
    record("finding.found", subject=finding, by=by, after=told)
    return finding


@transaction.atomic
def grade_finding(*, finding: Finding, grade: str, reason: str, by: Seat) -> Finding:
    """Another grade, with the reason."""
    require(by, "finding.manage", place=finding.place.path)
    if grade not in rules(clock.now()).grades:
        raise Problem("input.invalid", field="grade", why=grade)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    before = {"grade": finding.grade}
    Finding.objects.filter(pk=finding.pk).update(grade=grade)
    finding.refresh_from_db()
    after = {"grade": grade}
    record("finding.graded", subject=finding, by=by, before=before, after=after, reason=reason)
    return finding


@transaction.atomic
def plan_finding(
    *,
    finding: Finding,
    measure: str,
    money: str,
    post: Post | None,
    deadline_at: datetime | None,
    plan: str,
    by: Seat,
) -> Finding:
    """All five are set, and the order goes out. Raises ``finding.five`` and says which lack."""
    given = {
        "measure": measure.strip(),
        "money": money.strip(),
        "post": post,
        "deadline_at": deadline_at,
        "plan": plan.strip(),
    }
    lacking = [FIVE[name] for name, value in given.items() if not value]
    if lacking or post is None or deadline_at is None:
        zh, en = "、".join(w[0] for w in lacking), ", ".join(w[1] for w in lacking)
        raise Problem("finding.five", zh=zh, en=en)
    now = clock.now()
    if not now < deadline_at <= now + LONGEST:
        raise Problem("input.invalid", field="deadline", why="时限应晚于现在，五年之内")
    require(by, "finding.manage", place=finding.place.path)
    require(by, "order.issue", place=post.place.path)  # nobody orders whoever is above him
    held = rules(now)
    hazard = _hazard(finding)
    task = Task(
        area=finding.place,
        verb="整改",
        verb_en="rectify",
        object=f"{finding.what[:60]}（{measure.strip()}）"[:120],
        object_en=finding.what[:120],
        minutes=max(5, math.ceil((deadline_at - now).total_seconds() / 60)),
        total=1,
        post=post,
        about=("finding", str(finding.pk)),
        answer_min=held.finding["answer_min"].get(finding.grade),
    )
    level = held.level_of(finding.grade)
    order = issue_orders([task], hazard=hazard, level=level, by=by)[0]
    move(
        finding,
        "plan",
        machine=FINDING,
        by=by,
        place=finding.place.path,
        measure=measure.strip()[:300],
        money=money.strip()[:100],
        post_id=post.pk,
        deadline_at=order.deadline_at,
        plan=plan.strip()[:300],
        order_id=order.pk,
        planned_at=now,
    )
    return finding


def _hazard(finding: Finding) -> str:
    return rules(finding.found_at).hazard_of(finding.about_kind)


@transaction.atomic
def refute_finding(*, finding: Finding, reason: str, by: Seat) -> Finding:
    """It is no danger, says somebody who did not find it. An order that is out is taken back."""
    order = finding.order
    move(
        finding,
        "refute",
        machine=FINDING,
        by=by,
        reason=reason,
        place=finding.place.path,
        first=finding.finder_id,
        closed_at=clock.now(),
        closed_by=by.label,
    )
    Finding.objects.filter(pk=finding.pk).update(reason=reason[:300])
    if order is not None and order.state not in OVER:
        close_order(order=order, reason=f"隐患不成立：{reason}"[:200], by=by)
    return finding


@transaction.atomic
def reopen_finding(*, finding: Finding, reason: str, by: Seat) -> Finding:
    """It is there again, or was never gone: from the beginning, what was done stays in the log."""
    move(
        finding,
        "reopen",
        machine=FINDING,
        by=by,
        reason=reason,
        place=finding.place.path,
        closed_at=None,
        closed_by="",
        order_id=None,
    )
    return finding


def follow_again(event: Event) -> None:
    """The order goes out again, or to another post: so does the rectification."""
    order = Order.objects.filter(pk=subject_pk(event), about_kind="finding").first()
    if order is None or order.state in OVER:
        return
    held = Finding.objects.filter(order=order)
    held.update(post=order.post, deadline_at=order.deadline_at)
    if held.filter(state="rectifying").exists() or not order.about_key.isdigit():
        return
    rows = Finding.objects.filter(pk=int(order.about_key)).exclude(state="refuted")
    rows = rows.filter(Q(order=order) | Q(order=None)).exclude(measure="")
    if rows.update(
        state="rectifying",
        order=order,
        post=order.post,
        deadline_at=order.deadline_at,
        closed_at=None,
        closed_by="",
    ):
        told = {"order": order.pk}
        record(
            "finding.reopened", subject=rows.model.objects.get(order=order), by=SYSTEM, after=told
        )


def follow_order(event: Event) -> None:
    """What becomes of the order becomes of the finding: checked by somebody else it is closed,
    taken back it waits for a plan anew."""
    order = Order.objects.filter(pk=subject_pk(event), about_kind="finding").first()
    finding = Finding.objects.filter(order=order, state="rectifying").first() if order else None
    if order is None or finding is None or order.state not in OVER:
        return
    if order.state == "closed" and order.verified_at:
        move(
            finding,
            "close",
            machine=FINDING,
            by=SYSTEM,
            reason=order.close_reason,
            quiet=True,
            closed_at=order.closed_at,
            closed_by=event.actor,
        )
    else:
        move(
            finding,
            "take_back",
            machine=FINDING,
            by=SYSTEM,
            reason=order.close_reason,
            quiet=True,
            order_id=None,
        )


def follow_extension(event: Event) -> None:
    """The deadline of the order is that of the finding; the first stays with the order."""
    order = Order.objects.filter(pk=subject_pk(event), about_kind="finding").first()
    if order is not None:
        Finding.objects.filter(order=order).update(deadline_at=order.deadline_at)


@transaction.atomic
def accept_blind_spot(
    *,
    kind: str,
    key: str,
    title: str,
    reasons: Sequence[str],
    reason: str,
    until: datetime,
    by: Seat,
) -> Excuse:
    """Somebody accepts, by name, that a part of the ground is not covered, for these
    reasons, until a day; whose it is to accept is where it lies. Raises ``input.reason_missing``,
    ``input.invalid`` for one that is too long, ``not_found``."""
    place = place_of(kind, key)
    require(by, "finding.manage", place=place.path)
    now = clock.now()
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    most = rules(now).proof["excuse_days"]
    if not now < until or (until - now).days > most:
        raise Problem("input.invalid", field="until", why=f"应在 {most:g} 天内")
    Excuse.objects.filter(kind=kind, key=key, ended_at=None, until__lte=now).update(ended_at=now)
    if Excuse.objects.filter(kind=kind, key=key, ended_at=None).exists():
        raise Problem("state.changed", what=title)
    excuse = Excuse.objects.create(
        kind=kind,
        key=key,
        title=title[:120],
        place=place,
        reasons=list(reasons),
        reason=reason.strip()[:200],
        by=by.label,
        since=now,
        until=until,
    )
    told = {"until": until, "about": f"{kind}:{key}"}
    record("excuse.made", subject=excuse, by=by, after=told, reason=reason)
    return excuse


@transaction.atomic
def end_excuse(*, excuse: Excuse, reason: str, by: Seat) -> Excuse:
    """It is a blind spot again before its day."""
    move(
        excuse,
        "end",
        machine=EXCUSE,
        by=by,
        reason=reason,
        place=excuse.place.path,
        ended_at=clock.now(),
    )
    return excuse
