"""What a report says of both hazards: responses and orders, directives, what was not reported and
is not covered."""

from collections.abc import Iterable

from django.db.models import Count, Sum

from fangxian.spine.command.directives.read import items, late_items
from fangxian.spine.command.models import DONE, OVER, Response
from fangxian.spine.command.read import orders, responses
from fangxian.spine.core import clock
from fangxian.spine.core.hazards import hazard, of_others
from fangxian.spine.core.levels import Level
from fangxian.spine.cover.read import open_gaps
from fangxian.spine.observe.reports.read import roll_up

from .says import Ask, Fact, Said, Sentence, declare_sayers

NAMED = 6


def responding(ask: Ask) -> Iterable[Said]:
    """Responses in force within the span, with their orders."""
    others = of_others(ask.headquarters)
    rows = responses(seat=ask.seat).filter(started_at__lt=ask.until).exclude(hazard__in=others)
    found = [r for r in rows if r.ended_at is None or r.ended_at >= ask.since]
    sentences = [_response(r) for r in sorted(found, key=lambda r: r.started_at)]
    if not sentences:
        sentences = [Sentence("no-response", ("目前没有启动应急响应。",))]
    sentences += _orders(ask, others)
    yield Said("response", tuple(sentences))


def _response(one: Response) -> Sentence:
    began = clock.beijing(one.started_at)
    level = Fact(
        f"response-{one.pk}",
        Level(one.level).numeral,
        int(one.level),
        (f"/command/responses/{one.pk}",),
    )
    end = f"，{clock.beijing(one.ended_at):%d日%H时%M分}结束" if one.ended_at else ""
    head = f"{one.place.name}{began:%m月%d日%H时%M分}启动{hazard(one.hazard).zh}"
    return Sentence(f"response-{one.pk}", (head, level, f"级应急响应{end}。"))


def _orders(ask: Ask, others: list[str]) -> list[Sentence]:
    rows = orders(seat=ask.seat).filter(issued_at__gte=ask.since, issued_at__lt=ask.until)
    rows = rows.exclude(hazard__in=others).exclude(state="withdrawn")
    n = rows.count()
    if not n:
        return []
    done = rows.filter(state__in=DONE).count()
    late = rows.filter(deadline_at__lt=ask.until).exclude(state__in=[*DONE, *OVER]).count()
    link = ("/registers/orders",)
    parts: tuple[str | Fact, ...] = (
        "下达指令",
        Fact("orders", str(n), n, link),
        "件，已报完成",
        Fact("orders-done", str(done), done, link),
        "件",
    )
    if late:
        parts = (*parts, "，逾期", Fact("orders-late", str(late), late, ("/",)), "件")
    return [Sentence("orders", (*parts, "。"))]


def moving(ask: Ask) -> Iterable[Said]:
    """People moved, as the orders count them; a sum that is partly there says so."""
    rows = orders(seat=ask.seat).filter(verb__contains="转移").exclude(state="withdrawn")
    rows = rows.filter(issued_at__lt=ask.until, responses__ended_at=None).distinct()
    told = rows.aggregate(done=Sum("done"), total=Sum("total"), n=Count("pk"))
    if not told["n"]:
        return
    unsaid = rows.filter(total=0).count()
    links = tuple(f"/orders/{o.pk}" for o in rows[:NAMED])
    parts: tuple[str | Fact, ...] = (
        "应转移",
        Fact("to-move", str(told["total"] or 0), told["total"], links),
        "人，已转移",
        Fact("moved", str(told["done"] or 0), told["done"], links),
        "人",
    )
    if unsaid:
        said = Fact("to-move-unsaid", str(unsaid), unsaid, links)
        parts = (*parts, "（", said, "处尚未报应转人数）")
    yield Said("moved", (Sentence("moved", (*parts, "。")),))


def supervised(ask: Ask) -> Iterable[Said]:
    """Items of directives: assigned, closed, late."""
    rows = items(seat=ask.seat).filter(headquarters__in=(ask.headquarters, ""))
    made = rows.filter(assigned_at__gte=ask.since, assigned_at__lt=ask.until).count()
    closed = list(rows.filter(closed_at__gte=ask.since, closed_at__lt=ask.until, state="closed"))
    late = late_items(seat=ask.seat, at=ask.until).filter(headquarters__in=(ask.headquarters, ""))
    n_late = late.count()
    if not made and not closed and not n_late:
        return
    link = ("/directives",)
    sentences = [
        Sentence(
            "items",
            (
                "批示督办新交办",
                Fact("items-made", str(made), made, link),
                "项，办结",
                Fact("items-closed", str(len(closed)), len(closed), link),
                "项，逾期",
                Fact("items-late", str(n_late), n_late, link),
                "项。",
            ),
        )
    ]
    for item in closed[:NAMED]:
        head = f"办结：{item.what.rstrip('。')[:60]}"
        owner = f"（{item.post.organisation.name}）。" if item.post else "。"
        done = Fact(f"item-{item.pk}", "已核验", "closed", (f"/items/{item.pk}",))
        sentences.append(Sentence(f"item-{item.pk}", (head, "，", done, owner)))
    yield Said("tasks", tuple(sentences))


def missing(ask: Ask) -> Iterable[Said]:
    """Who has not reported, by name, and gaps that stand: n of m is never passed off as all."""
    sentences = []
    for roll in roll_up(seat=ask.seat, at=ask.until):
        if not roll.missing:
            continue
        n = len(roll.missing)
        names = [(one.site.name if one.site else str(one.post)) for one in roll.missing]
        more = "等" if n > NAMED else ""
        code = f"roll-{roll.plan.pk}-{roll.place.pk}"
        sentences.append(
            Sentence(
                code,
                (
                    f"{roll.place.name}“{roll.plan.name}”应报",
                    Fact(f"{code}-owing", str(roll.owing), roll.owing, ("/reports",)),
                    "家，已报",
                    Fact(f"{code}-made", str(roll.made), roll.made, ("/reports",)),
                    f"家，未报：{'、'.join(names[:NAMED])}{more}。",
                ),
            )
        )
    gaps = list(open_gaps(seat=ask.seat).filter(since__lt=ask.until))
    if gaps:
        worst: dict[str, int] = {}
        for gap in gaps:
            worst[gap.rule] = worst.get(gap.rule, 0) + 1
        told = Fact("gaps", str(len(gaps)), len(gaps), ("/gaps",))
        sentences.append(Sentence("gaps", ("在册缺口", told, "处，逐项有责任岗位。")))
    if sentences:
        yield Said("missing", tuple(sentences))


declare_sayers("both", responding, moving, supervised, missing)
