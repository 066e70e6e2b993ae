"""Cover of evacuation: households without a shelter, or whose shelter cannot take them; and those
that an order moves and nobody has met."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Q, Sum

from fangxian.spine.command.models import DONE, OVER
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.ready.models import Shelter
from fangxian.spine.registry.models import Place, Site
from fangxian.spine.registry.read import owners

from .models import AtRisk, Move

UNMET = timedelta(hours=1)  # before the deadline of the order


def without_shelter(at: datetime) -> Iterator[Judged]:
    """One gap a village: households whose shelter is not named, or is no more."""
    there = set(Site.objects.filter(rows_in_force(at)).values_list("pk", flat=True))
    groups: dict[Place, list[AtRisk]] = {}
    for one in AtRisk.objects.filter(ended_at=None).select_related("place__parent"):
        if one.shelter_id not in there:
            groups.setdefault(one.place, []).append(one)
    answering = owners("place")

    def judge(place: Place) -> Uncovered:
        mine = groups[place]
        told = {"place": place.name, "n": len(mine), "people": sum(one.people for one in mine)}
        owner = answering.get(place.code) or (place.parent and answering.get(place.parent.code))
        return Uncovered("place", f"{place.code}:shelter", at, owner or None, place.pk, told)

    return judged("household-without-shelter", "place", groups, judge, key=lambda p: p.code)


def too_many(at: datetime) -> Iterator[Judged]:
    """Shelters that more people are sent to than they hold."""
    rows = AtRisk.objects.filter(ended_at=None, shelter__isnull=False)
    sums = dict(rows.values_list("shelter").annotate(n=Sum("people")))
    shelters = Shelter.objects.filter(site__in=sums).select_related("site__place")

    def judge(shelter: Shelter) -> Uncovered | None:
        n = sums[shelter.site_id]
        if n <= shelter.flood and not shelter.floods_itself:
            return None
        told = {"shelter": shelter.site.name, "n": n, "room": shelter.flood}
        owner = owners("shelter", shelter.site.code).get(shelter.site.code)
        return Uncovered("site", str(shelter.site_id), at, owner, shelter.site.place_id, told)

    return judged("shelter-too-small", "site", shelters, judge)


def unmet(at: datetime) -> Iterator[Judged]:
    """Shortly before an order's deadline, or when it is said to be done: households nobody has met,
    one gap an order."""
    said = Q(order__state__in=DONE)
    rows = Move.objects.filter(Q(order__deadline_at__lt=at + UNMET) | said, state="waiting")
    rows = rows.exclude(order__state__in=OVER).select_related("order__area", "household")
    groups: dict[int, list[Move]] = {}
    for one in rows:
        groups.setdefault(one.order_id, []).append(one)

    def judge(key: int) -> Uncovered:
        mine = groups[key]
        order = mine[0].order
        told = {
            "place": order.area.name,
            "n": len(mine),
            "tags": "、".join(one.household.tag for one in mine[:5]),
        }
        since = min(order.deadline_at - UNMET, order.reported_at or at)
        return Uncovered("order", f"{key}:households", since, order.post_id, order.area_id, told)

    return judged("household-unmet", "order", groups, judge, key=lambda key: key)


RULES = (
    CoverRule(
        "household-without-shelter",
        "转移户无避灾点",
        "Household without a shelter",
        "{place}：{n} 户 {people} 人没有指定避灾点，或避灾点已停用",
        "{place}: {n} households, {people} people, have no shelter",
        without_shelter,
        every_s=3600,
        door="households_at_risk",
    ),
    CoverRule(
        "shelter-too-small",
        "避灾点住不下",
        "Shelter too small",
        "{shelter} 要接 {n} 人，可用容量 {room}（或自身会淹）",
        "{shelter} is to take {n} people and holds {room} (or floods itself)",
        too_many,
        every_s=3600,
        door="shelters",
    ),
    CoverRule(
        "household-unmet",
        "转移户未见面",
        "Household nobody has met",
        "{place}：还有 {n} 户没有人上门（{tags}）",
        "{place}: nobody has met {n} households ({tags})",
        unmet,
        every_s=60,
    ),
)
