"""Cover of evacuation: households without a shelter, or whose shelter cannot take them; and those
that an order moves and nobody has met."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from django.db.models import Q, Sum

from fangxian.spine.command.models import DONE, OVER, Response
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.ready.models import Opening, Shelter
from fangxian.spine.ready.read import people_in
from fangxian.spine.ready.rules import number
from fangxian.spine.registry.models import Place, Site
from fangxian.spine.registry.read import owners

from .models import STILL, AtRisk, Move


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

    return judged(
        "household-without-shelter", "place", groups, judge, key=lambda p: f"{p.code}:shelter"
    )


def too_many(at: datetime) -> Iterator[Judged]:
    """Shelters that more people are sent to than they hold."""
    rows = AtRisk.objects.filter(ended_at=None, shelter__isnull=False)
    sums = dict(rows.values_list("shelter").annotate(n=Sum("people")))
    held = {s.site_id: s for s in Shelter.objects.filter(site__in=sums)}
    sites = Site.objects.filter(pk__in=sums).select_related("place")
    answering = cache(owners)

    def judge(site: Site) -> Uncovered | None:
        n, shelter = sums[site.pk], held.get(site.pk)
        room = shelter.flood if shelter and not shelter.floods_itself else 0
        if n <= room:
            return None
        told = {"shelter": site.name, "n": n, "room": room}
        owner = answering(site.kind).get(site.code) or answering("place").get(site.place.code)
        return Uncovered("site", str(site.pk), at, owner, site.place_id, told)

    return judged("shelter-too-small", "site", sites, judge)


def left_open(at: datetime) -> Iterator[Judged]:
    """Shelters that are open a day after the last response over them ended: whoever is in them is
    nobody's any more."""
    limit = timedelta(hours=number("left_open_h", at))
    rows = Opening.objects.filter(closed_at=None, opened_at__lt=at - limit)
    rows = rows.select_related("shelter__site__place", "headquarters")
    responses = Response.objects.filter(Q(ended_at=None) | Q(ended_at__gt=at - limit))
    paths = [path for (path,) in responses.values_list("place__path")]

    def judge(opening: Opening) -> Uncovered | None:
        site = opening.shelter.site
        if any(site.place.path.startswith(path) for path in paths):
            return None
        told = {"shelter": site.name, "n": people_in(opening)}
        owner = owners(site.kind, site.code).get(site.code)
        return Uncovered("site", f"{site.pk}:open", at, owner, site.place_id, told)

    return judged(
        "shelter-left-open", "site", rows, judge, key=lambda one: f"{one.shelter.site_id}:open"
    )


def unmet(at: datetime) -> Iterator[Judged]:
    """Shortly before an order's deadline, or when it is said to be done: households that have not
    left, whatever the reason; one gap an order."""
    unmet_for = timedelta(minutes=number("unmet_min", at))
    said = Q(order__state__in=DONE)
    still = Q(state__in=(*STILL, "returned"))  # who is back while it runs has not left
    late = Q(order__deadline_at__lt=at) & still
    near = Q(order__deadline_at__lt=at + unmet_for, state="waiting")
    heard = Q(state="moved", by_word=True)  # another household said so, nobody saw them
    rows = Move.objects.filter(late | near | (said & (still | heard)))
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
        since = min(order.deadline_at - unmet_for, order.reported_at or at)
        return Uncovered("order", f"{key}:households", since, order.post_id, order.area_id, told)

    return judged("household-unmet", "order", groups, judge, key=lambda key: f"{key}:households")


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
        "shelter-left-open",
        "避灾点未收",
        "Shelter left open",
        "{shelter} 响应已结束一天仍开着，还有 {n} 人",
        "{shelter} is open a day after the response ended, with {n} people in it",
        left_open,
        every_s=3600,
    ),
    CoverRule(
        "household-unmet",
        "转移户还没走",
        "Household that has not left",
        "{place}：还有 {n} 户没有走，或只听别人说走了（{tags}）",
        "{place}: {n} households have not left, or only by others' word ({tags})",
        unmet,
        every_s=60,
    ),
)
