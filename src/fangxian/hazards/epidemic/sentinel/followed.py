"""What a sentinel's report did: what it counted, the signals that its day raised at its site or the
places above it, and how far these are looked into."""

from collections.abc import Collection, Iterable

from django.db.models import Q

from fangxian.spine.assess.models import Signal
from fangxian.spine.observe.models import Report
from fangxian.spine.observe.reports.followed import Words
from fangxian.spine.registry.models import Place, Site

from .models import Count, Inquiry
from .read import day_of, sites_of
from .rules import SYNDROME, VERDICTS, syndromes


def followed(reports: Collection[Report]) -> dict[int, list[Words]]:
    """By report of a sentinel's form; others have nothing."""
    found: dict[int, list[Words]] = {}
    sites = sites_of(reports)
    counted: dict[int | None, list[Count]] = {}
    for row in Count.objects.filter(report__in=reports):
        counted.setdefault(row.report_id, []).append(row)
    for report in reports:
        known = {s.code: s for s in syndromes(report.at).values() if s.form == report.form.code}
        if not known:
            continue
        mine = counted.get(report.pk, [])
        n = len(mine)
        told = [(f"计入 {n} 项", f"{n} numbers counted")] if n else [NOT_COUNTED]
        site = sites[report.pk]
        if site is not None:
            told += _signals(site, known, report)
        found[report.pk] = told
    return found


NOT_COUNTED = ("没有计入，请联系疾控", "not counted: ask the CDC")


def _signals(site: Site, known: Collection[str], report: Report) -> Iterable[Words]:
    codes = [place.code for place in _above(site.place)]
    keys = [f"{code}:{site.kind}:{site.code}" for code in known]
    keys += [f"{code}:place:{place}" for code in known for place in codes]
    rows = Signal.objects.filter(family=SYNDROME, about_key__in=keys)
    for signal in rows.filter(evidence__day=day_of(report).isoformat()).order_by("level"):
        inquiry = Inquiry.objects.filter(Q(signal=signal) | Q(joined=signal)).first()
        zh, en = VERDICTS.get(inquiry.verdict if inquiry else "", ("正在核实", "looked into"))
        told = signal.evidence
        if ":place:" in signal.about_key:  # what others counted there is not for a reporter
            told = {"zh": signal.about_name, "en": signal.about_name}
        yield f"引出信号：{told.get('zh', '')}（{zh}）", f"raised: {told.get('en', '')} ({en})"


def _above(place: Place) -> Iterable[Place]:
    one: Place | None = place
    while one is not None:
        yield one
        one = one.parent
