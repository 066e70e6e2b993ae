"""Cover of tests: not taken on their day, without a result, with two that contradict."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from django.db.models import Q

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.rules import clocks, on_day
from fangxian.spine.core import clock
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged

from .owners import Owners


def unsampled(at: datetime) -> Iterator[Judged]:
    """Tests whose day is over, or nearly, and that nobody has taken; results that do not come."""
    held, today = clocks(at), clock.beijing(at).date()
    amber = on_day(at, held.amber_at)
    due = Q(state="planned", on__lt=today) | Q(state="sampled", sampled_at__lt=at - held.result)
    if at >= amber:
        due |= Q(state="planned", on=today)
    rows = m.Test.objects.filter(due, arrival__state__in=m.HERE)
    rows = rows.select_related("arrival__person", "arrival__place__parent__parent")
    answering = Owners(rows.values_list("arrival", flat=True))

    def judge(one: m.Test) -> Uncovered:
        late = one.state == "sampled" and one.sampled_at is not None
        since = one.sampled_at + held.result if late and one.sampled_at else _end(one)
        told = {
            "who": str(one.arrival),
            "on": f"{one.on:%m-%d}",
            "what_zh": "已采样，结果未出" if late else "未采样",
            "what_en": "no result yet" if late else "not sampled",
        }
        owner = answering.of(one.arrival)
        return Uncovered(
            "arrival_test", str(one.pk), min(since, at), owner, one.arrival.place_id, told
        )

    return judged("arrival-untested", "arrival_test", rows, judge)


def _end(test: m.Test) -> datetime:
    return datetime.combine(test.on + timedelta(days=1), time(0), clock.BEIJING)


def differing(at: datetime) -> Iterator[Judged]:
    """Two results of one tube that contradict each other and were not settled by another test."""
    rows = m.Test.objects.filter(state="differ", arrival__state__in=m.HERE)
    rows = rows.select_related("arrival__person", "arrival__place__parent__parent")
    answering = Owners(rows.values_list("arrival", flat=True))

    def judge(one: m.Test) -> Uncovered | None:
        later = m.Test.objects.filter(arrival=one.arrival, on__gte=one.on)
        if later.filter(state__in=("negative", "positive")).exclude(pk=one.pk).exists():
            return None
        told = {"who": str(one.arrival), "number": one.number}
        owner = answering.of(one.arrival)
        since = one.result_at or at
        return Uncovered(
            "arrival_test", f"{one.pk}:differ", since, owner, one.arrival.place_id, told
        )

    return judged("results-differ", "arrival_test", rows, judge, key=lambda one: f"{one.pk}:differ")


RULES = (
    CoverRule(
        "arrival-untested",
        "检测未完成",
        "Test not done",
        "{who} {on} 的检测：{what_zh}",
        "{who}, test of {on}: {what_en}",
        unsampled,
        every_s=300,
    ),
    CoverRule(
        "results-differ",
        "检测结果矛盾",
        "Results contradict",
        "{who} 管号 {number}：两家结果不同，需重测",
        "{who}, tube {number}: two laboratories disagree",
        differing,
        every_s=300,
    ),
)
