"""What a report says of both hazards: responses and orders, directives, what was not reported and
is not covered."""

from collections.abc import Iterable

from django.db.models import Count, Q, QuerySet, Sum

from fangxian.spine.command.directives.read import items, late_items
from fangxian.spine.command.models import DONE, Order, Response
from fangxian.spine.command.read import moving, orders, responses
from fangxian.spine.core import clock
from fangxian.spine.core.hazards import hazard, of_others
from fangxian.spine.core.levels import Level
from fangxian.spine.cover.read import gaps
from fangxian.spine.observe.reports.read import roll_up

from .says import Ask, Fact, Said, Sentence, declare_sayers

NAMED = 6


def responding(ask: Ask) -> Iterable[Said]:
    """Responses in force over the place within the span, with their orders."""
    others = of_others(ask.headquarters)
    rows = responses(seat=ask.seat).filter(started_at__lt=ask.until).exclude(hazard__in=others)
    rows = rows.filter(Q(ended_at=None) | Q(ended_at__gte=ask.since))
    found = [r for r in rows.order_by("started_at", "pk") if _touches(r.place.path, ask.path)]
    sentences = [_response(r, ask) for r in found]
    if not sentences:
        sentences = [Sentence("no-response", ("目前没有启动应急响应。",))]
    sentences += _orders(ask, others)
    yield Said("response", tuple(sentences))


def _touches(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _response(one: Response, ask: Ask) -> Sentence:
    began = clock.beijing(one.started_at)
    level = Fact(
        f"response-{one.pk}",
        Level(one.level).numeral,
        int(one.level),
        (f"/command/responses/{one.pk}",),
    )
    ended = one.ended_at if one.ended_at and one.ended_at < ask.until else None
    end = f"，{clock.beijing(ended):%d日%H时%M分}结束" if ended else ""
    head = f"{one.place.name}{began:%m月%d日%H时%M分}启动{hazard(one.hazard).zh}"
    since = clock.beijing(one.level_since)
    if one.level_since > one.started_at:  # the level of the start is another one
        head += f"应急响应，{since:%d日%H时%M分}调整为"
        return Sentence(f"response-{one.pk}", (head, level, f"级{end}。"))
    return Sentence(f"response-{one.pk}", (head, level, f"级应急响应{end}。"))


def _orders_of(ask: Ask, others: list[str]) -> "QuerySet[Order]":
    rows = orders(seat=ask.seat).filter(area__path__startswith=ask.path)
    return rows.exclude(hazard__in=others).exclude(state="withdrawn")


def _orders(ask: Ask, others: list[str]) -> list[Sentence]:
    """As they stood at the end of the span."""
    rows = _orders_of(ask, others).filter(issued_at__gte=ask.since, issued_at__lt=ask.until)
    n = rows.count()
    if not n:
        return []
    reported = Q(reported_at__lt=ask.until) | Q(reported_at=None, closed_at__lt=ask.until)
    done = rows.filter(reported, state__in=DONE).count()
    late = rows.filter(deadline_at__lt=ask.until).exclude(reported)
    n_late = late.exclude(state="refused").count()
    link = ("/registers/orders",)
    parts: tuple[str | Fact, ...] = (
        "下达指令",
        Fact("orders", str(n), n, link),
        "件，已报完成",
        Fact("orders-done", str(done), done, link),
        "件",
    )
    if n_late:
        parts = (*parts, "，逾期", Fact("orders-late", str(n_late), n_late, ("/",)), "件")
    return [Sentence("orders", (*parts, "。"))]


def moved(ask: Ask) -> Iterable[Said]:
    """People moved, as the orders of the span or of its responses count them; a sum that is partly
    there says so."""
    rows = moving(seat=ask.seat, since=ask.since, until=ask.until)
    rows = rows.filter(area__path__startswith=ask.path)
    rows = rows.exclude(hazard__in=of_others(ask.headquarters))
    told = rows.aggregate(done=Sum("done"), total=Sum("total"), n=Count("pk"))
    if not told["n"]:
        return
    unsaid = rows.filter(total=0).count()
    links = tuple(f"/orders/{o.pk}" for o in rows[:NAMED])
    parts: tuple[str | Fact, ...] = (
        "应转移",
        Fact("to-move", str(told["total"] or 0), told["total"], links, live=True),
        "人，已转移",
        Fact("moved", str(told["done"] or 0), told["done"], links, live=True),
        "人",
    )
    if unsaid:
        said = Fact("to-move-unsaid", str(unsaid), unsaid, links, live=True)
        parts = (*parts, "（", said, "处尚未报应转人数）")
    yield Said("moved", (Sentence("moved", (*parts, "。")),))


def supervised(ask: Ask) -> Iterable[Said]:
    """Items of directives: assigned, closed, late."""
    both = (ask.headquarters, "")
    here = Q(post__place__path__startswith=ask.path)
    rows = items(seat=ask.seat).filter(here, headquarters__in=both)
    made = rows.filter(assigned_at__gte=ask.since, assigned_at__lt=ask.until).count()
    closed = list(rows.filter(closed_at__gte=ask.since, closed_at__lt=ask.until, state="closed"))
    late = late_items(seat=ask.seat, at=ask.until).filter(here, headquarters__in=both)
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
        if not roll.missing or not roll.place.path.startswith(ask.path):
            continue
        if roll.plan.headquarters not in {"", ask.headquarters}:
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
    stood = gaps(seat=ask.seat).filter(Q(until=None) | Q(until__gte=ask.until))
    stood = stood.filter(since__lt=ask.until, noticed_at__lt=ask.until)
    stood = stood.filter(Q(place=None) | Q(place__path__startswith=ask.path))
    of_hq = Q(owner__organisation__kind="headquarters")
    another = of_hq & ~Q(owner__organisation__headquarters=ask.headquarters)
    n = stood.exclude(pk__in=stood.filter(another).values("pk")).count()
    if n:
        told = Fact("gaps", str(n), n, ("/gaps",), live=True)
        sentences.append(Sentence("gaps", ("在册缺口", told, "处。")))
    if sentences:
        yield Said("missing", tuple(sentences))


declare_sayers("both", responding, moved, supervised, missing)
