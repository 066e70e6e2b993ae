"""Cover of inspections: blind spots by town, dangers without a plan, overdue or of things that are
gone, and flagged visits nobody has looked at."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from fangxian.spine.core.clock import beijing
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.registry.models import Place, Post, Site
from fangxian.spine.registry.read import fallback_post, owners, town_of

from .ground import CELL
from .models import Finding, Visit
from .proof import REASONS, Blind, prove
from .rounds import rules

NAMED = 3
LOOKED_FOR = ("never", "late", "no_gauge")


def blind_spots(at: datetime) -> Iterator[Judged]:
    """One gap a town (of cells: a county) and reason, with how many and the first by name. That
    nobody answers or can be called is told by the rules of duties and phones."""
    proof = prove(at, seat=SYSTEM)
    places = Place.objects.in_bulk()
    for place in places.values():  # the tree by hand: a quarter of what four joins cost
        place.parent = places[place.parent_id] if place.parent_id else None
    groups: dict[tuple[str, str], list[Blind]] = {}
    homes: dict[str, Place] = {}
    for one in proof.blind:
        place = places[one.element.place_id]
        home = place.ancestor("county") or place if one.element.kind == CELL else town_of(place)
        homes[home.code] = home
        what = "cell" if one.element.kind == CELL else ""
        for reason in one.reasons:
            if reason in LOOKED_FOR:
                groups.setdefault((home.code, reason + what), []).append(one)
    answering = owners("place")

    def judge(key: tuple[str, str]) -> Uncovered:
        code, reason = key
        mine, home = groups[key], homes[code]
        zh, en = REASONS[reason.removesuffix("cell")]
        names = [one.element.title for one in mine[:NAMED]]
        told = {
            "place": home.name,
            "reason": zh,
            "reason_en": en,
            "n": len(mine),
            "names": "、".join(names) + ("等" if len(mine) > NAMED else ""),
        }
        since = min((one.since for one in mine if one.since), default=at)
        owner = answering.get(code)
        return Uncovered("place", f"{code}:{reason}", since, owner, home.pk, told)

    return judged("blind-spot", "place", groups, judge, key=lambda key: ":".join(key))


def unplanned(at: datetime) -> Iterator[Judged]:
    answering = owners("place")
    of_kind = cache(owners)
    rows = Finding.objects.filter(state="found").select_related("place__parent")
    held = rules(at)

    def judge(finding: Finding) -> Uncovered | None:
        due = finding.found_at + timedelta(hours=held.finding["first_h"].get(finding.grade, 0))
        if due > at:
            return None
        told = {
            "what": str(finding),
            "place": finding.place.name,
            "due": f"{beijing(due):%m-%d %H:%M}",
        }
        owner = of_kind(finding.about_kind).get(finding.about_key)
        owner = owner or _above(finding.place, answering)
        return Uncovered("finding", str(finding.pk), due, owner, finding.place_id, told)

    return judged("finding-unplanned", "finding", rows, judge)


def _above(place: Place, answering: dict[str, int | None]) -> int | None:
    """Who answers for a place, or for the nearest above it."""
    at: Place | None = place
    while at is not None:
        if answering.get(at.code):
            return answering[at.code]
        at = at.parent
    return None


def overdue(at: datetime) -> Iterator[Judged]:
    """The owner rises with the days: the superior, his superior, the headquarters."""
    rows = Finding.objects.filter(state="rectifying", deadline_at__lt=at)
    ladder = rules(at).finding["ladder_days"]

    def judge(finding: Finding) -> Uncovered | None:
        order, deadline = finding.order, finding.deadline_at
        if order is None or deadline is None or order.state in ("reported", "verified"):
            return None
        days = (at - deadline).days
        rung = sum(days >= step for step in ladder)
        owner = _up(finding.post, rung)
        told = {
            "what": str(finding),
            "post": str(finding.post),
            "days": days,
            "deadline": f"{beijing(deadline):%m-%d %H:%M}",
        }
        return Uncovered("finding", str(finding.pk), deadline, owner, finding.place_id, told)

    return judged(
        "finding-overdue", "finding", rows.select_related("post__superior", "order"), judge
    )


def _up(post: Post | None, rungs: int) -> int | None:
    for _ in range(rungs):
        if post is None or post.superior is None:
            top = fallback_post()
            return top.pk if top else None
        post = post.superior
    return post.pk if post else None


def of_what_is_gone(at: datetime) -> Iterator[Judged]:
    """An open danger of a site that was taken off the register: split, moved or struck off."""
    there = set(Site.objects.filter(rows_in_force(at)).values_list("kind", "code"))
    known = set(Site.objects.values_list("kind", "code"))
    rows = Finding.objects.filter(state__in=["found", "rectifying"]).select_related("place")
    answering = owners("place")

    def judge(finding: Finding) -> Uncovered | None:
        thing = (finding.about_kind, finding.about_key)
        if thing in there or thing not in known:
            return None
        told = {"what": str(finding), "key": finding.about_key, "place": finding.place.name}
        owner = finding.post_id or _above(finding.place, answering)
        return Uncovered("finding", str(finding.pk), at, owner, finding.place_id, told)

    return judged("finding-of-gone-thing", "finding", rows, judge)


def unlooked(at: datetime) -> Iterator[Judged]:
    """Flagged visits wait for a person; one gap a town."""
    within = timedelta(hours=rules(at).visit["look_h"])
    rows = Visit.objects.filter(looked_at__isnull=True, at__lt=at - within).exclude(flags=[])
    groups: dict[Place, list[Visit]] = {}
    for visit in rows.select_related("place__parent__parent__parent"):
        groups.setdefault(town_of(visit.place), []).append(visit)
    answering = owners("place")

    def judge(town: Place) -> Uncovered:
        since = min(visit.at for visit in groups[town]) + within
        told = {"place": town.name, "n": len(groups[town])}
        return Uncovered(
            "place", f"{town.code}:visits", since, _above(town, answering), town.pk, told
        )

    return judged("visit-unlooked", "place", groups, judge, key=lambda t: f"{t.code}:visits")


RULES = (
    CoverRule(
        "blind-spot",
        "巡查盲区",
        "Blind spot",
        "{place}：{n} 处{reason}（{names}）",
        "{place}: {n} {reason_en} ({names})",
        blind_spots,
        every_s=1800,
    ),
    CoverRule(
        "finding-unplanned",
        "隐患未五落实",
        "Danger without a plan",
        "{place}“{what}”到 {due} 还没有措施、资金、责任人、时限、预案",
        "{place}, “{what}”: measure, money, person, time and plan were due {due}",
        unplanned,
        every_s=600,
    ),
    CoverRule(
        "finding-overdue",
        "隐患整改逾期",
        "Rectification overdue",
        "“{what}”应于 {deadline} 整改完（{post}），已逾期 {days} 天",
        "“{what}” was due {deadline} ({post}), {days} days overdue",
        overdue,
        every_s=600,
    ),
    CoverRule(
        "finding-of-gone-thing",
        "已核销点的隐患",
        "Danger of a thing that is gone",
        "{place} {key} 已核销，隐患“{what}”还没有闭环",
        "{key} at {place} is off the register, its danger “{what}” is still open",
        of_what_is_gone,
        every_s=3600,
        door="sites",
    ),
    CoverRule(
        "visit-unlooked",
        "巡查疑点未看",
        "Flagged visits not looked at",
        "{place}：{n} 次巡查有疑点，还没有人看",
        "{place}: {n} flagged visits wait for somebody",
        unlooked,
        every_s=3600,
    ),
)
