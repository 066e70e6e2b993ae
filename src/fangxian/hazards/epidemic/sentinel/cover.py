"""Cover of the sentinels: nobody watched for, hospitals silent where it is flooded, signals that
nobody has looked into in time, counts that were not judged."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from fangxian.spine.assess.models import Signal
from fangxian.spine.core import hazards
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.levels import Level
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.observe.models import Report
from fangxian.spine.observe.reports.cover import TOLD_ELSEWHERE
from fangxian.spine.observe.reports.plan import Owed, owed, plans
from fangxian.spine.registry.read import city, headquarters_above, leader_of

from .models import Count, Inquiry
from .read import day_of, next_step, sites_of
from .rules import HEADQUARTERS, judged_within, profile, syndromes

WORDS = {"check": ("核实", "check"), "assess": ("研判", "assessment"), "close": ("结案", "closing")}


def under_water() -> list[tuple[str, str]]:
    """Places with a red or orange signal of the other headquarters now: path and what it says."""
    rows = Signal.objects.filter(cleared_at=None, level__lte=Level.II).select_related("place")
    # a signal of the whole city is over nobody, and what the weather office expects is no water yet
    rows = rows.exclude(place__kind="city").exclude(family__startswith="warning-")
    found = []
    for signal in rows:
        row = hazards.hazards().get(signal.hazard)
        if row is not None and row.headquarters != HEADQUARTERS:
            found.append((signal.place.path, str(signal)))
    return found


def cut_off(one: Owed, wet: list[tuple[str, str]]) -> str:
    """What lies over a reporter that is silent; "" where nothing does."""
    return next((told for path, told in wet if _near(one.place.path, path)), "")


def _near(one: str, other: str) -> bool:
    """Whether one place lies in the other."""
    return one.startswith(other) or other.startswith(one)


def silent_in_flood(at: datetime) -> Iterator[Judged]:
    """A reporter that is silent where it is flooded is one gap of both headquarters."""
    wet = under_water()
    lacking = {
        one.key: (one, told)
        for plan in plans(at)
        if wet
        for one in owed(plan, at)
        if one.report is None and (told := cut_off(one, wet))
    }

    def judge(key: str) -> Uncovered:
        one, told = lacking[key]
        fields = {"who": one.name, "plan": one.plan.name, "signal": told}
        fields["due"] = f"{beijing(one.due_at):%m-%d %H:%M}"
        owner = leader_of(headquarters_above(HEADQUARTERS, city().path)).pk
        return Uncovered("report", key, one.due_at, owner, one.place.pk, fields)

    return judged("silent-in-flood", "report", lacking, judge)


def _told_here(lacking: Iterable[Owed]) -> set[str]:
    wet = under_water()
    return {one.key for one in lacking if wet and cut_off(one, wet)}


TOLD_ELSEWHERE.append(_told_here)


def inquiry_late(at: datetime) -> Iterator[Judged]:
    rows = Inquiry.objects.exclude(state="closed").select_related("signal__place", "order")

    def judge(inquiry: Inquiry) -> Uncovered | None:
        step, due = next_step(inquiry)
        if due > at:
            return None
        owner = inquiry.order.post_id if inquiry.order else None
        zh, en = WORDS[step]
        told = {"signal": str(inquiry.signal), "step": zh, "step_en": en}
        told["due"] = f"{beijing(due):%m-%d %H:%M}"
        return Uncovered("inquiry", str(inquiry.pk), due, owner, inquiry.signal.place_id, told)

    return judged("inquiry-late", "inquiry", rows, judge)


def unjudged(at: datetime) -> Iterator[Judged]:
    """Days whose counts came and were not judged."""
    rows = Count.objects.filter(judged=False, report__received_at__lt=at - judged_within(at))
    rows = rows.filter(day__lt=beijing(at).date())
    days = {str(day): day for day in rows.values_list("day", flat=True).distinct()}

    def judge(key: str) -> Uncovered:
        return Uncovered("day", key, at, None, None, {"day": key})

    return judged("counts-not-judged", "day", days, judge)


def not_counted(at: datetime) -> Iterator[Judged]:
    """Reports of which a number could not be counted: about no site, or an answer that breaks its
    form's rules. They look made and are not heard."""
    known = syndromes(at)
    since = at - timedelta(days=profile(at, emergency=False).anew_days)
    found = Report.objects.filter(
        form__code__in={s.form for s in known.values()}, current=True, received_at__gte=since
    )
    rows = list(found.select_related("form", "post__organisation", "place"))
    sites = sites_of(rows)
    counted = set(
        Count.objects.filter(day__gte=since.date() - timedelta(days=2)).values_list(
            "site_id", "syndrome", "day"
        )
    )

    def judge(report: Report) -> Uncovered | None:
        site = sites[report.pk]
        day = day_of(report)
        wanted = [s for s in known.values() if s.form == report.form.code]
        lacking = [s for s in wanted if site is None or (site.pk, s.code, day) not in counted]
        if not lacking:
            return None
        told = {"by": report.by, "form": report.form.title, "day": str(day)}
        told["what"] = "、".join(s.zh for s in lacking)
        told["what_en"] = ", ".join(s.en for s in lacking)
        key, place = str(report.pk), report.place_id
        return Uncovered("report", key, report.received_at, report.post_id, place, told)

    return judged("report-not-counted", "report", rows, judge)


def no_sentinel(at: datetime) -> Iterator[Judged]:
    """Syndromes of which nobody owes a report: nothing would be heard. One gap for all of them."""
    asked = {plan.form_code for plan in plans(at)}
    silent = [s for s in syndromes(at).values() if s.form not in asked]

    def judge(key: str) -> Uncovered:
        told = {"syndromes": "、".join(s.zh for s in silent)}
        told["syndromes_en"] = ", ".join(s.en for s in silent)
        return Uncovered("syndrome", key, at, None, None, told)

    return judged("no-sentinel", "syndrome", ["any"] if silent else [], judge)


RULES = (
    CoverRule(
        "no-sentinel",
        "无人监测",
        "Nobody watches",
        "没有人报：{syndromes}；出了也听不到",
        "nobody owes a report of: {syndromes_en}",
        no_sentinel,
        every_s=600,
        door="report_plans",
    ),
    CoverRule(
        "silent-in-flood",
        "受灾失联哨点",
        "Silent under water",
        "{who} 未报“{plan}”（应于 {due}），当地有{signal}：请两个指挥部一起联系",
        "{who} has not made “{plan}” due {due}; there is {signal}: both headquarters must ask",
        silent_in_flood,
        every_s=60,
    ),
    CoverRule(
        "inquiry-late",
        "信号核实超时",
        "Signal not looked into",
        "{signal} 应于 {due} 前{step}",
        "{signal}: {step_en} was due {due}",
        inquiry_late,
        every_s=60,
    ),
    CoverRule(
        "report-not-counted",
        "报告没有计入",
        "Report not counted",
        "{by} 的“{form}”（{day}）没有计入：{what}；没有写明场所，或答案不合表单规则",
        "{by}: “{form}” of {day} not counted: {what_en}; no site, or answers against its rules",
        not_counted,
        every_s=300,
    ),
    CoverRule(
        "counts-not-judged",
        "监测数据未判",
        "Counts not judged",
        "{day} 的数据来了一小时还没有判",
        "counts of {day} came an hour ago and were not judged",
        unjudged,
        every_s=600,
    ),
)
