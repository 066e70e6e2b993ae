"""Cover rules of directives: sentences nobody has decided, items nobody signed for, items that are
late, reported and not verified, or that want a report again and again."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet

from fangxian.spine.command.rules import span
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged

from .models import WORKING, Directive, Item
from .rules import supervision

UNITS = {"H": timedelta(hours=1), "M": timedelta(minutes=1)}
DAYS = {"D": 1, "W": 7, "M": 31, "Y": 366}


def _told(item: Item) -> dict[str, object]:
    return {
        "title": item.directive.title,
        "n": item.number,
        "what": item.what[:60],
        "post": str(item.post or "—"),
    }


def _gap(item: Item, since: datetime, owner: int | None) -> Uncovered:
    place = item.post.place_id if item.post else item.directive.place_id
    return Uncovered("item", str(item.pk), since, owner, place, _told(item))


def _rows(rows: "QuerySet[Item]") -> "QuerySet[Item]":
    return rows.select_related("directive", "post__organisation", "post__superior")


def undecided(at: datetime) -> Iterator[Judged]:
    """Texts with sentences that are neither an item nor dropped, an hour after they came."""
    limit = at - timedelta(minutes=supervision(at)["sign_within_min"])
    rows = Directive.objects.filter(state="open", entered_at__lt=limit).order_by("pk")

    def judge(one: Directive) -> Uncovered | None:
        n = one.items.filter(state="proposed").count()
        told = {"title": one.title, "n": n}
        place = one.place_id
        return Uncovered("directive", str(one.pk), one.entered_at, None, place, told) if n else None

    return judged("directive-undecided", "directive", rows, judge)


def unsigned(at: datetime) -> Iterator[Judged]:
    rows = _rows(Item.objects.filter(state="assigned", sign_by__lt=at))

    def judge(item: Item) -> Uncovered:
        above = item.post.superior_id if item.post else None
        return _gap(item, item.sign_by or at, above or item.post_id)

    return judged("item-unsigned", "item", rows, judge)


def late(at: datetime) -> Iterator[Judged]:
    rows = _rows(Item.objects.filter(state__in=WORKING, deadline_at__lt=at))
    return judged("item-overdue", "item", rows, lambda i: _gap(i, i.deadline_at or at, i.post_id))


def unverified(at: datetime) -> Iterator[Judged]:
    limit = at - span("verify_within", at)
    rows = _rows(Item.objects.filter(state="reported", reported_at__lt=limit))
    return judged(
        "item-unverified", "item", rows, lambda i: _gap(i, i.reported_at or at, i.decided_post)
    )


def period(repeats: str) -> timedelta | None:
    """PT2H, P1D, P1W as a span."""
    match = re.fullmatch(r"P(T?)(\d{1,4})([HMDWY])", repeats)
    if match is None:
        return None
    n, unit = int(match[2]), match[3]
    return n * UNITS[unit] if match[1] else timedelta(days=n * DAYS.get(unit, 1))


def silent(at: datetime) -> Iterator[Judged]:
    """Items that want a report every so often, and had none for a period and a half."""
    rows = _rows(Item.objects.filter(state__in=WORKING, assigned_at__isnull=False)).exclude(
        repeats=""
    )

    def judge(item: Item) -> Uncovered | None:
        every = period(item.repeats)
        last = item.progressed_at or item.assigned_at
        if every is None or last is None or at - last <= every * 1.5:
            return None
        return _gap(item, last + every, item.post_id)

    return judged("item-silent", "item", rows, judge)


RULES = [
    CoverRule(
        "directive-undecided",
        "批示件未逐句定",
        "Directive not settled",
        "《{title}》还有 {n} 句没有定：立项或不立项",
        "{title}: {n} sentences are neither items nor dropped",
        undecided,
        every_s=300,
    ),
    CoverRule(
        "item-unsigned",
        "督办事项未签收",
        "Item not signed for",
        "《{title}》第 {n} 句：{post} 未签收（{what}）",
        "{title}, sentence {n}: not signed for by {post} ({what})",
        unsigned,
        every_s=60,
    ),
    CoverRule(
        "item-overdue",
        "督办事项逾期",
        "Item overdue",
        "《{title}》第 {n} 句：{post} 逾期未报结（{what}）",
        "{title}, sentence {n}: overdue at {post} ({what})",
        late,
        every_s=60,
    ),
    CoverRule(
        "item-unverified",
        "督办事项未核验",
        "Item not verified",
        "《{title}》第 {n} 句：{post} 已报结，未核验（{what}）",
        "{title}, sentence {n}: reported done by {post}, not verified ({what})",
        unverified,
        every_s=300,
    ),
    CoverRule(
        "item-silent",
        "督办事项未按期报",
        "Item without its report",
        "《{title}》第 {n} 句：{post} 未按期报进展（{what}）",
        "{title}, sentence {n}: {post} has not reported in its time ({what})",
        silent,
        every_s=60,
    ),
]
