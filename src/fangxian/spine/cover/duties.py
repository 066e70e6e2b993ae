"""The cover rule of duties: the registry lies below this room, so its rule is worded here."""

from collections.abc import Iterator
from datetime import datetime

from fangxian.spine.registry.cover import (
    duties_without_holder,
    holders_without_phone,
    places_without_duty,
)
from fangxian.spine.registry.models import Duty, Place
from fangxian.spine.registry.registers import ROLES

from .engine import CoverRule, Judged, Uncovered, judged


def without_holder(at: datetime) -> Iterator[Judged]:
    lacking = {duty.pk: (duty, since, why) for duty, since, why in duties_without_holder(at)}

    def judge(key: int) -> Uncovered:
        duty, since, reason = lacking[key]
        return Uncovered(
            "duty",
            str(duty.pk),
            since,
            duty.post.superior_id if duty.post else None,
            duty.place_id,
            {
                "thing": duty.thing_name,
                "role": duty.get_role_display(),
                "reason": reason,
                "post": str(duty.post or "—"),
            },
        )

    return judged("duty-without-holder", "duty", lacking, judge)


def without_phone(at: datetime) -> Iterator[Judged]:
    lacking = {term.post_id: (term, n) for term, n in holders_without_phone(at)}

    def judge(key: int) -> Uncovered:
        term, n = lacking[key]
        told = {"post": str(term.post), "person": term.person.name, "n": n}
        return Uncovered(
            "post", str(key), term.starts_at, term.post.superior_id, term.post.place_id, told
        )

    return judged("holder-unreachable", "post", lacking, judge)


def without_duty(at: datetime) -> Iterator[Judged]:
    """Places without anybody, by the place above them: a county not filled yet is one row."""
    lacking: dict[str, list[tuple[Place, list[str]]]] = {}
    above: dict[str, Place] = {}
    for place, roles in places_without_duty(at):
        parent = place.parent or place
        lacking.setdefault(parent.code, []).append((place, roles))
        above[parent.code] = parent

    def judge(code: str) -> Uncovered:
        parent, mine = above[code], lacking[code]
        words = [ROLES[role] for role in Duty.Role.values if any(role in r for _, r in mine)]
        told = {
            "place": parent.name,
            "n": len(mine),
            "first": mine[0][0].name,
            "roles": "、".join(word[0] for word in words),
            "roles_en": ", ".join(word[1] for word in words),
        }
        return Uncovered("place", code, at, None, parent.pk, told)

    return judged("place-without-duty", "place", lacking, judge)


RULES = [
    CoverRule(
        "holder-unreachable",
        "责任人无联系电话",
        "Holder cannot be reached",
        "{post}{person} 负责 {n} 项，没有可拨通的号码（无电话）",
        "{person} ({post}) answers for {n} and has no phone number",
        without_phone,
        every_s=300,
        door="people",
    ),
    CoverRule(
        "place-without-duty",
        "辖区无责任人",
        "Places without duty",
        "{place} 有 {n} 个辖区未登记{roles}（如 {first}）",
        "{place}: nobody is written down as {roles_en} for {n} places (as {first})",
        without_duty,
        every_s=3600,
        door="duties",
    ),
    CoverRule(
        "duty-without-holder",
        "责任空缺",
        "Duty without a holder",
        "{thing} {role} 无人在任（{post}）",
        "{thing}, {role}: nobody holds {post}",
        without_holder,
        every_s=600,
        door="terms",
    ),
]
