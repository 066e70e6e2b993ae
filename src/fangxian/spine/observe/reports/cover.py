"""Cover of reports: who owes one and has not made it; files that never came."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from fangxian.spine.core.clock import beijing
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.observe.models import Report

from .plan import Owed, owed, plans

# what another rule tells of more to the point (keys of what is owed): said by the rooms above
TOLD_ELSEWHERE: list[Callable[[Iterable[Owed]], set[str]]] = []


def not_made(at: datetime) -> Iterator[Judged]:
    lacking = {one.key: one for plan in plans(at) for one in owed(plan, at) if one.report is None}

    for told in TOLD_ELSEWHERE:
        for key in told(list(lacking.values())):
            lacking.pop(key, None)

    def judge(key: str) -> Uncovered:
        one = lacking[key]
        told = {
            "plan": one.plan.name,
            "post": one.name,
            "due": f"{beijing(one.due_at):%m-%d %H:%M}",
        }
        owner = one.post.pk if one.post else None
        return Uncovered("report", key, one.due_at, owner, one.place.pk, told)

    return judged("report-not-made", "report", lacking, judge)


def files_missing(at: datetime) -> Iterator[Judged]:
    rows = Report.objects.exclude(missing_files=[]).select_related("form")

    def judge(report: Report) -> Uncovered:
        told = {"form": report.form.title, "by": report.by, "n": len(report.missing_files)}
        return Uncovered(
            "report", str(report.pk), report.received_at, report.post_id, report.place_id, told
        )

    return judged("report-files-missing", "report", rows, judge)


RULES = (
    CoverRule(
        "report-not-made",
        "报告未报",
        "Report not made",
        "{post} 未报“{plan}”（应于 {due}）",
        "{post} has not made “{plan}”, due {due}",
        not_made,
        every_s=60,
    ),
    CoverRule(
        "report-files-missing",
        "报告附件未到",
        "Files of a report missing",
        "{by} 的“{form}”还差 {n} 个附件",
        "{by}: {n} files of “{form}” have not come",
        files_missing,
        every_s=600,
    ),
)
