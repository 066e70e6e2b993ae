"""What a report says of the epidemic: local cases, sentinels heard, signals looked into."""

from collections.abc import Iterable
from datetime import timedelta

from fangxian.spine.command.sitreps.says import Ask, Fact, Said, Sentence
from fangxian.spine.core.rights import visible
from fangxian.spine.observe.reports.read import roll_up

from .models import Case
from .read import inquiries, local_cases
from .rules import syndromes


def epidemic_said(ask: Ask) -> Iterable[Said]:
    prefix = visible(ask.seat, "signal.read")
    if prefix is None:
        return
    rows = Case.objects.filter(local_cases(), place__path__startswith=prefix).filter(
        place__path__startswith=ask.path
    )
    suspected = rows.filter(
        status=Case.Status.SUSPECTED, reported_at__gte=ask.since, reported_at__lt=ask.until
    ).count()
    rows = rows.exclude(status=Case.Status.SUSPECTED)
    new = rows.filter(reported_at__gte=ask.since, reported_at__lt=ask.until)
    week = rows.filter(reported_at__gte=ask.until - timedelta(days=7), reported_at__lt=ask.until)
    n, n_week = new.count(), week.count()
    link = ("/registers/cases",)
    more: tuple[str | Fact, ...] = ()
    if suspected:
        more = ("，疑似", Fact("suspected", str(suspected), suspected, link), "例")
    sentences = [
        Sentence(
            "cases",
            (
                "新增本土病例",
                Fact("cases", str(n), n, link),
                "例，近七日",
                Fact("cases-week", str(n_week), n_week, link),
                "例",
                *more,
                "。",
            ),
        )
    ]
    forms = {one.form for one in syndromes(ask.until).values()}
    rolls = [r for r in roll_up(seat=ask.seat, at=ask.until) if r.plan.form_code in forms]
    rolls = [r for r in rolls if r.place.path.startswith(ask.path)]
    owing, missing = sum(r.owing for r in rolls), sum(len(r.missing) for r in rolls)
    owes: tuple[str, ...] = ()
    if owing:
        sentences.append(
            Sentence(
                "sentinels",
                (
                    "哨点医院应报",
                    Fact("sentinels-owing", str(owing), owing, ("/epidemic",)),
                    "家，未报",
                    Fact("sentinels-missing", str(missing), missing, ("/epidemic",)),
                    "家，未报不作零计。",
                ),
            )
        )
    else:
        owes = ("哨点医院（没有报送计划）",)
    open_ = inquiries(seat=ask.seat).exclude(state="closed").count()
    told = Fact("inquiries", str(open_), open_, ("/epidemic",), live=True)
    sentences.append(Sentence("inquiries", ("正在核实信号", told, "起。")))
    yield Said("epidemic", tuple(sentences), owes=owes)
