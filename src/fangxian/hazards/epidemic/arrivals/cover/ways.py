"""Cover of what is between people: hand-overs nobody takes, who was left behind, rooms, letters,
lists that a town does not follow."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache

from django.db.models import Max

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.colours import appeal_within
from fangxian.hazards.epidemic.arrivals.rooms import rooms
from fangxian.hazards.epidemic.arrivals.rules import clocks
from fangxian.hazards.epidemic.arrivals.write.handing import holders_of
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.registry.read import owners

from .owners import Owners


def late_transfers(at: datetime) -> Iterator[Judged]:
    """A transfer that is not taken in time: the giver still holds them."""
    limit = clocks(at).handover
    rows = m.Transfer.objects.filter(state__in=("offered", "part"), planned_at__lt=at - limit)

    def judge(one: m.Transfer) -> Uncovered:
        waiting = one.passengers.filter(taken_at=None, left_at=None).count()
        told = {"transfer": str(one), "n": waiting}
        since = one.planned_at + limit
        return Uncovered("transfer", str(one.pk), since, one.taker_id, one.place_id, told)

    return judged("transfer-late", "transfer", rows.select_related("taker", "place"), judge)


AT_HOME = ("home_isolation", "home_monitor", "monitor")  # who is where he should be, if at no site


def refused(at: datetime) -> Iterator[Judged]:
    """People whom a taker refused or who were left behind, and who are on no other transfer and
    held by the same giver: they are where they should not stay."""
    rows = m.Passenger.objects.filter(left_at__isnull=False, arrival__state__in=m.HERE).exclude(
        transfer__state="off"
    )
    last: dict[int, m.Passenger] = {}
    for row in rows.select_related("arrival__person", "arrival__place__parent", "transfer__giver"):
        last[row.arrival_id] = row
    going = set(
        m.Passenger.objects.filter(arrival__in=last, taken_at=None, left_at=None).values_list(
            "arrival", flat=True
        )
    )
    taken = m.Passenger.objects.filter(arrival__in=last, taken_at__isnull=False)
    then = dict(taken.values_list("arrival").annotate(last=Max("pk")))
    held = holders_of(last)

    def judge(key: int) -> Uncovered | None:
        row, holding = last[key], held.get(key)
        later = holding is not None and holding.since > (row.left_at or at)
        later = later or then.get(key, 0) > row.pk
        stays = holding is not None and holding.site is None and row.arrival.stage in AT_HOME
        if key in going or later or stays:
            return None
        told = {"who": str(row.arrival), "why": row.why or "—"}
        since, owner = row.left_at or at, row.transfer.giver_id
        return Uncovered("arrival", f"{key}:left", since, owner, row.arrival.place_id, told)

    return judged("arrival-left", "arrival", last, judge, key=lambda key: f"{key}:left")


def unanswered_letters(at: datetime) -> Iterator[Judged]:
    """Letters to another city that it has not said to have received."""
    rows = m.Letter.objects.filter(state="sent", sent_at__lt=at - clocks(at).receipt)
    rows = rows.select_related("arrival__person", "arrival__place__parent__parent")
    answering = Owners(rows.values_list("arrival", flat=True))

    def judge(one: m.Letter) -> Uncovered:
        told = {"to": one.to, "who": str(one.arrival)}
        since, owner = one.sent_at + clocks(at).receipt, answering.of(one.arrival)
        return Uncovered("letter", str(one.pk), since, owner, one.arrival.place_id, told)

    return judged("letter-unanswered", "letter", rows, judge)


def unchecked(at: datetime) -> Iterator[Judged]:
    """Towns that have not found whom a list concerns in time: one gap a town and list."""
    rows = m.Check.objects.filter(state="open", made_at__lt=at - clocks(at).check)
    rows = rows.select_related("arrival__place__parent__parent", "listing__opened_by", "order")
    groups: dict[str, list[m.Check]] = {}
    for one in rows:
        groups.setdefault(str(one.order_id or 0), []).append(one)
    answering = Owners(())

    def judge(key: str) -> Uncovered:
        mine = groups[key]
        first = mine[0]
        place = first.order.area if first.order else first.arrival.place
        told = {"place": place.name, "n": len(mine), "list": str(first.listing.opened_by or "—")}
        owner = first.order.post_id if first.order else answering.of_place(place)
        since = first.made_at + clocks(at).check
        return Uncovered("order", f"{key}:checks", since, owner, place.pk, told)

    return judged("check-overdue", "order", groups, judge, key=lambda key: f"{key}:checks")


def full(at: datetime) -> Iterator[Judged]:
    """Sites with more people in them or on their way than rooms."""
    rows = [one for one in rooms() if one.left < 0]
    answering = cache(owners)

    def judge(key: int) -> Uncovered:
        one = next(row for row in rows if row.site.pk == key)
        told = {"site": one.site.name, "n": one.inside + one.coming, "rooms": one.rooms}
        owner = answering(one.site.kind).get(one.site.code)
        return Uncovered("site", f"{key}:rooms", at, owner, one.site.place_id, told)

    keys = [one.site.pk for one in rows]
    return judged("rooms-full", "site", keys, judge, key=lambda key: f"{key}:rooms")


def unanswered_appeals(at: datetime) -> Iterator[Judged]:
    """Appeals against a colour that nobody has answered in time."""
    limit = appeal_within(at)
    rows = m.Appeal.objects.filter(answered_at=None, made_at__lt=at - limit)
    rows = rows.select_related("arrival__person", "arrival__place__parent__parent")
    answering = Owners(rows.values_list("arrival", flat=True))

    def judge(one: m.Appeal) -> Uncovered:
        owner, place = answering.of(one.arrival), one.arrival.place_id
        told = {"who": str(one.arrival)}
        return Uncovered("appeal", str(one.pk), one.made_at + limit, owner, place, told)

    return judged("appeal-unanswered", "appeal", rows, judge)


RULES = (
    CoverRule(
        "appeal-unanswered",
        "申诉没有答复",
        "Appeal not answered",
        "{who} 对码色的申诉没有答复",
        "{who}: the appeal against the colour is not answered",
        unanswered_appeals,
        every_s=3600,
    ),
    CoverRule(
        "transfer-late",
        "移交未接收",
        "Hand-over not taken",
        "{transfer}：{n} 人还没有接收",
        "{transfer}: {n} people are not taken over",
        late_transfers,
        every_s=60,
    ),
    CoverRule(
        "arrival-left",
        "未上车、被拒收",
        "Left behind or refused",
        "{who} 留在原处：{why}",
        "{who} was left behind: {why}",
        refused,
        every_s=60,
    ),
    CoverRule(
        "letter-unanswered",
        "协查函无回执",
        "Letter without receipt",
        "发往{to}的协查函（{who}）没有回执",
        "The letter to {to} about {who} has no receipt",
        unanswered_letters,
        every_s=3600,
    ),
    CoverRule(
        "check-overdue",
        "清单核查超时",
        "List not followed in time",
        "{place}：清单 {list} 涉及的 {n} 人还没有核查",
        "{place}: {n} people of list {list} are not found yet",
        unchecked,
        every_s=300,
    ),
    CoverRule(
        "rooms-full",
        "隔离点住不下",
        "Rooms are not enough",
        "{site}：{n} 人在住或在途，只有 {rooms} 间",
        "{site}: {n} people inside or on their way, {rooms} rooms",
        full,
        every_s=300,
    ),
)
