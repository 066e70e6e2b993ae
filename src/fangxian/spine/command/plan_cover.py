"""Cover of plans: actions nobody can be called for, what is missing, duties no plan names, plans
nobody has drilled. Each plan at each level is raised in thought, by itself."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from fangxian.spine.core import hazards
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.levels import Level
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.ready.lacks import Holdings, Lack, lacks
from fangxian.spine.ready.models import Drill
from fangxian.spine.ready.plans import WHATS, Plan, plan_edition, plans
from fangxian.spine.registry.models import Duty, Organisation, Place, Post
from fangxian.spine.registry.read import city, owners

from .dry import WHYS, Line, dry_run

HALF_A_DAY = 43200
PLACES = ("county", "town")  # whose A role a plan must have something for


def _headquarters(kind: str) -> Organisation | None:
    """The city's own; None where there is none, or no city yet: that is told by other rules."""
    rows = Organisation.objects.filter(headquarters=kind, place__kind=Place.Kind.CITY)
    return rows.first()


def _leader(kind: str) -> Post | None:
    hq = _headquarters(kind)
    return hq.post_set.order_by("id").first() if hq else None


def unnamed(at: datetime) -> Iterator[Judged]:
    """Actions of the worst level that nobody can be called for, one gap a place and reason."""
    groups: dict[tuple[int, str, str], list[Line]] = {}
    for hazard in hazards.responding():
        if _headquarters(hazards.hazard(hazard).headquarters) is None:
            continue  # that it lacks is another gap
        dry = dry_run(hazard=hazard, level=Level.I, place=city(), at=at, both=False)
        for line in dry.unnamed:
            groups.setdefault((line.area.pk, hazard, line.why), []).append(line)
    answering = owners("place")

    def name(key: tuple[int, str, str]) -> str:
        _, hazard, why = key
        return f"{hazard}:{groups[key][0].area.code}:{why}"[:60]

    def judge(key: tuple[int, str, str]) -> Uncovered:
        mine, (_, hazard, why) = groups[key], key
        area = mine[0].area
        told = {
            "place": area.name,
            "plan": hazards.hazard(hazard).zh,
            "plan_en": hazards.hazard(hazard).en,
            "what": "、".join(dict.fromkeys(line.zh for line in mine)),
            "what_en": ", ".join(dict.fromkeys(line.en for line in mine)),
            "n": len(mine),
            "why": WHYS[why][0],
            "why_en": WHYS[why][1],
        }
        parent = area.parent
        owner = answering.get(parent.code) if parent else None
        return Uncovered("plan", name(key), at, owner, area.pk, told)

    return judged("plan-unnamed", "plan", groups, judge, key=name)


def lacking(at: datetime) -> Iterator[Judged]:
    """What a place lacks for the worst level of a plan."""
    of = plan_edition(at)
    found: dict[str, Lack] = {}
    has = Holdings(at)
    for plan in plans(of).values():
        if _headquarters(plan.headquarters) is None:
            continue
        for lack in lacks(plan, of, level=Level.I, place=city(), at=at, has=has):
            need = lack.need
            key = f"{plan.code}:{need.what}:{need.code}:{lack.place.code}"
            if key not in found or found[key].want < lack.want:
                found[key] = lack

    def judge(key: str) -> Uncovered:
        lack = found[key]
        words = lack.need.words(at)
        told = {
            "place": lack.place.name,
            "plan": lack.plan.zh,
            "plan_en": lack.plan.en,
            "what": f"{WHATS[lack.need.what][0]} {words[0]}",
            "what_en": f"{WHATS[lack.need.what][1]} {words[1]}",
            "want": f"{lack.want:g}",
            "have": f"{lack.have:g}",
            "why": "；".join(why[0] for why in lack.why[:3]) or "—",
            "why_en": "; ".join(why[1] for why in lack.why[:3]) or "—",
        }
        return Uncovered("plan", key, at, lack.owner, lack.place.pk, told)

    return judged("plan-lacks", "plan", found, judge)


def without_action(at: datetime) -> Iterator[Judged]:
    """Places whose A role no plan has anything to do for, even at the worst level."""
    named: set[int] = set()
    for hazard in hazards.responding():
        if _headquarters(hazards.hazard(hazard).headquarters):
            dry = dry_run(hazard=hazard, level=Level.I, place=city(), at=at, both=False)
            named |= {line.area.pk for line in dry.lines}
    rows = Duty.objects.filter(rows_in_force(at), thing_kind="place", role="A")
    rows = rows.filter(place__kind__in=PLACES, place__successor=None).exclude(place__in=named)

    def judge(duty: Duty) -> Uncovered:
        told = {"place": duty.thing_name, "post": str(duty.post or "—")}
        return Uncovered("duty", str(duty.pk), at, duty.post_id, duty.place_id, told)

    return judged("duty-without-action", "duty", rows.select_related("post__organisation"), judge)


def undrilled(at: datetime) -> Iterator[Judged]:
    """Plans that nobody has drilled within their year."""
    rows = plans(plan_edition(at)).values()

    def judge(plan: Plan) -> Uncovered | None:
        hq = _headquarters(plan.headquarters)
        done = Drill.objects.filter(plan=plan.code, state="done", ended_at__lte=at, headquarters=hq)
        last = done.order_by("-ended_at").values_list("ended_at", flat=True).first()
        limit = timedelta(days=plan.drill_days)
        if hq is None or (last is not None and at - last <= limit):
            return None
        told = {
            "plan": plan.zh,
            "plan_en": plan.en,
            "last": f"{last:%Y-%m-%d}" if last else "从未",
            "last_en": f"{last:%Y-%m-%d}" if last else "never",
        }
        leader = _leader(plan.headquarters)
        since = last + limit if last else at
        owner = leader.pk if leader else None
        return Uncovered("plan", plan.code, since, owner, hq.place_id, told)

    return judged("plan-undrilled", "plan", rows, judge, key=lambda plan: plan.code)


RULES = (
    CoverRule(
        "plan-unnamed",
        "预案任务无人可叫",
        "Action of a plan without anybody",
        "{place}：{plan}预案 {n} 项任务（{what}）{why}",
        "{place}: {n} actions of the {plan_en} plan ({what_en}), {why_en}",
        unnamed,
        every_s=HALF_A_DAY,
        door="duties",
    ),
    CoverRule(
        "plan-lacks",
        "预案保障不足",
        "Plan lacks",
        "{place}：{plan}要{what} {want}，有 {have}（{why}）",
        "{place}: the {plan_en} wants {what_en} {want}, there is {have} ({why_en})",
        lacking,
        every_s=HALF_A_DAY,
        door="teams",
    ),
    CoverRule(
        "duty-without-action",
        "责任无预案任务",
        "Duty that no plan names",
        "{place}（{post}）在各预案里没有任务",
        "{place} ({post}) has nothing to do in any plan",
        without_action,
        every_s=HALF_A_DAY,
    ),
    CoverRule(
        "plan-undrilled",
        "预案未演练",
        "Plan not drilled",
        "{plan}：上次演练 {last}，超过规定期限",
        "{plan_en}: last drilled {last_en}, longer ago than it may be",
        undrilled,
        every_s=HALF_A_DAY,
    ),
)
