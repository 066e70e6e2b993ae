"""Cover of drought: a county of which nobody can say whether it is dry."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.observe.elements import RAIN_FORMS
from fangxian.spine.observe.models import Series, in_use
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import owners

from .gather import counties
from .judge import newest_rows
from .models import Drought
from .rules import drought_rules


def counties_unjudged(at: datetime) -> Iterator[Judged]:
    """Counties whose rain has too short a history, too many gaps, or no gauge. A city without any
    gauge is told by no-gauge, once."""
    gauges = Series.objects.filter(in_use(at, "station__"), element__in=RAIN_FORMS)
    paths = set(gauges.values_list("station__place__path", flat=True))
    if not paths:
        return
    rules, posts = drought_rules(at), owners("place")
    newest = newest_rows(Drought.objects.defer("days"))

    def judge(county: Place) -> Uncovered | None:
        row = newest.get(county.pk)
        why = _why(row, any(path.startswith(county.path) for path in paths), at)
        if why is None:
            return None
        told = {
            "county": county.name,
            "have": row.years if row else 0,
            "least": rules["years_least"],
            "wanted": rules["years_wanted"],
            "why": why[0],
            "why_en": why[1],
        }
        return Uncovered("place", county.code, at, posts.get(county.code), county.pk, told)

    yield from judged("drought-unjudged", "place", counties(), judge, key=lambda c: c.code)


def _why(row: Drought | None, gauged: bool, at: datetime) -> tuple[str, str] | None:
    rules = drought_rules(at)
    if not gauged:
        return "没有雨量站", "no rain gauge"
    if row is None or at.date() - row.until > timedelta(days=1 + rules["stale_days"]):
        return "尚未计算", "not worked out"
    if row.index(rules["graded_by"]) is not None:
        return None
    if row.years < rules["years_least"]:
        return "雨量资料年数不足", "too few years of rain"
    return "近几个月缺测太多", "too much of the last months is missing"


RULES = (
    CoverRule(
        "drought-unjudged",
        "旱情判不了",
        "Drought cannot be judged",
        "{county} 判不了旱情：{why}；可用 {have} 年，至少 {least} 年，宜 {wanted} 年",
        "{county}: drought cannot be judged: {why_en}; {have} years can be used, "
        "{least} are needed, {wanted} wanted",
        counties_unjudged,
        every_s=43200,
    ),
)
