"""The cover rule of duties: the registry lies below this room, so its rule is worded here."""

from collections.abc import Iterator
from datetime import datetime

from fangxian.spine.registry.cover import duties_without_holder

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


RULES = [
    CoverRule(
        "duty-without-holder",
        "责任空缺",
        "Duty without a holder",
        "{thing} {role} 无人在任（{post}）",
        "{thing}, {role}: nobody holds {post}",
        without_holder,
        every_s=600,
    ),
]
