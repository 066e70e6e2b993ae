"""Tip-offs that nobody has checked, and rewards that are proposed and not paid."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from fangxian.hazards.epidemic.coast import models as m
from fangxian.hazards.epidemic.coast.rules import sea
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged

from .owners import Owners


def unchecked(at: datetime) -> Iterator[Judged]:
    """Tips beyond their clock."""
    rows = m.Tip.objects.filter(state="new", told_at__lt=at - sea(at).hours("tip_h"))
    rows = rows.select_related("place__parent__parent")
    answering = Owners()

    def judge(one: m.Tip) -> Uncovered:
        owner = answering.of(None, one.place)
        return Uncovered("sea_tip", one.code, one.told_at, owner, one.place_id, {"code": one.code})

    return judged("tip-unchecked", "sea_tip", rows, judge, key=lambda one: one.code)


def unpaid(at: datetime) -> Iterator[Judged]:
    """True tips whose reward nobody fetched or paid for long."""
    limit = at - timedelta(days=sea(at)["paid_days"])
    rows = m.Tip.objects.filter(state="true", same_as=None, paid_at=None, state_at__lt=limit)
    rows = rows.select_related("place__parent__parent")
    answering = Owners()

    def judge(one: m.Tip) -> Uncovered:
        told = {
            "code": one.code,
            "zh": "已拟定未兑付" if one.reward_cny else "未拟奖",
            "en": "proposed, not paid" if one.reward_cny else "no reward proposed",
        }
        owner = answering.of(None, one.place)
        return Uncovered("sea_tip", f"{one.code}:pay", one.state_at, owner, one.place_id, told)

    return judged("tip-unpaid", "sea_tip", rows, judge, key=lambda one: f"{one.code}:pay")


RULES = (
    CoverRule(
        "tip-unchecked",
        "线索未核查",
        "Tip not checked",
        "线索 {code} 超时未核查",
        "tip {code} is not checked in time",
        unchecked,
        every_s=300,
    ),
    CoverRule(
        "tip-unpaid",
        "奖金未兑付",
        "Reward not paid",
        "线索 {code}：{zh}",
        "tip {code}: {en}",
        unpaid,
        every_s=3600,
    ),
)
