"""The cover rules of people: that room lies below this one, so its rules are worded here."""

from collections.abc import Iterator
from datetime import datetime

from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.people.models import Glass
from fangxian.spine.people.read import expired, glasses_to_review
from fangxian.spine.people.rules import review_within
from fangxian.spine.registry.read import city

from .engine import CoverRule, Judged, Uncovered, judged


def unreviewed(at: datetime) -> Iterator[Judged]:
    rows = glasses_to_review(seat=SYSTEM).filter(from_at__lt=at - review_within(at))

    def judge(glass: Glass) -> Uncovered:
        told = {"by": glass.by, "reason": glass.reason}
        return Uncovered("glass", str(glass.pk), glass.from_at, None, glass.person.place_id, told)

    return judged("glass-unreviewed", "glass", rows, judge)


def kept_too_long(at: datetime) -> Iterator[Judged]:
    n = sum(1 for _ in expired(at, seat=SYSTEM))

    def judge(code: str) -> Uncovered | None:
        if not n:
            return None
        return Uncovered("records", code, at, None, city().pk, {"n": n})

    return judged("records-expired", "records", ("persons",), judge, key=str)


RULES = [
    CoverRule(
        "glass-unreviewed",
        "应急查看未复核",
        "Broken glass not reviewed",
        "{by} 应急查看（{reason}）尚未复核",
        "{by} broke the glass ({reason}); nobody has reviewed it",
        unreviewed,
        every_s=3600,
    ),
    CoverRule(
        "records-expired",
        "人员资料到期未删",
        "Records kept too long",
        "{n} 份人员资料已过保存期限",
        "{n} records of persons are past their time",
        kept_too_long,
        every_s=3600,
    ),
]
