"""Cover of the sentinels: nobody watched for, hospitals silent where it is flooded, signals that
nobody has looked into in time, counts that were not judged."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from fangxian.spine.assess.models import Signal
from fangxian.spine.core import hazards
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.levels import Level
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.observe.reports.cover import TOLD_ELSEWHERE
from fangxian.spine.observe.reports.plan import Owed, owed, plans
from fangxian.spine.registry.read import city, headquarters_above, leader_of

from .models import Count, Inquiry
from .rules import step_due, syndromes

HEADQUARTERS = "epidemic"
STEPS = {"new": "check", "checked": "assess", "assessed": "close"}
WORDS = {"check": ("核实", "check"), "assess": ("研判", "assessment"), "close": ("结案", "closing")}
JUDGED_WITHIN = timedelta(hours=1)


def under_water() -> list[tuple[str, str]]:
    """Places with a red or orange signal of the other headquarters now: path and what it says."""
    rows = Signal.objects.filter(cleared_at=None, level__lte=Level.II).select_related("place")
    rows = rows.exclude(place__kind="city")  # a signal of the whole city is over nobody
    found = []
    for signal in rows:
        row = hazards.hazards().get(signal.hazard)
        if row is not None and row.headquarters != HEADQUARTERS:
            found.append((signal.place.path, str(signal)))
    return found


def cut_off(one: Owed, wet: list[tuple[str, str]]) -> str:
    """What lies over a reporter that is silent; "" where nothing does."""
    place = one.site.place if one.site else one.post.place if one.post else None
    if place is None:
        return ""
    return next((told for path, told in wet if _near(place.path, path)), "")


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
        place = one.site.place_id if one.site else one.post.place_id if one.post else None
        fields = {"who": one.name, "plan": one.plan.name, "signal": told}
        fields["due"] = f"{beijing(one.due_at):%m-%d %H:%M}"
        owner = leader_of(headquarters_above(HEADQUARTERS, city().path)).pk
        return Uncovered("report", key, one.due_at, owner, place, fields)

    return judged("silent-in-flood", "report", lacking, judge)


def _told_here(lacking: Iterable[Owed]) -> set[str]:
    wet = under_water()
    return {one.key for one in lacking if wet and cut_off(one, wet)}


TOLD_ELSEWHERE.append(_told_here)


def inquiry_late(at: datetime) -> Iterator[Judged]:
    rows = Inquiry.objects.exclude(state="closed").select_related("signal__place", "order")

    def judge(inquiry: Inquiry) -> Uncovered | None:
        step = STEPS[inquiry.state]
        since = inquiry.assessed_at or inquiry.checked_at or inquiry.opened_at
        due = step_due(step, Level(inquiry.signal.level), since)
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
    rows = Count.objects.filter(judged=False, report__received_at__lt=at - JUDGED_WITHIN)
    rows = rows.filter(day__lt=beijing(at).date())
    days = {str(day): day for day in rows.values_list("day", flat=True).distinct()}

    def judge(key: str) -> Uncovered:
        return Uncovered("day", key, at, None, None, {"day": key})

    return judged("counts-not-judged", "day", days, judge)


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
        "counts-not-judged",
        "监测数据未判",
        "Counts not judged",
        "{day} 的数据来了一小时还没有判",
        "counts of {day} came an hour ago and were not judged",
        unjudged,
        every_s=600,
    ),
)
