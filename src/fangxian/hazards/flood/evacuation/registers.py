"""Registers of evacuation: the households that must leave, masked; and each one's way."""

from fangxian.spine.core.levels import Level
from fangxian.spine.core.registers import Column, Register, choices_of
from fangxian.spine.registry.models import Place

from . import read

STATES = {
    "waiting": ("未转移", "waiting"),
    "moved": ("已离家", "gone"),
    "nobody": ("无人在家", "nobody home"),
    "refused": ("拒绝转移", "refused"),
    "help": ("需要帮助", "wants help"),
    "arrived": ("已到避灾点", "at the shelter"),
    "returned": ("已返回", "back home"),
}


def _at(place: Place) -> str:
    return f"{place.parent.name if place.parent else ''}{place.name}"


HOUSEHOLDS = Register(
    "households_at_risk",
    "转移名册",
    "Households to move",
    "register.read",
    lambda seat: read.households(seat=seat).filter(ended_at=None),
    (
        Column("tag", "标签", "Tag", lambda h: h.tag, "tag"),
        Column("place", "村", "Village", lambda h: _at(h.place), "place__code"),
        Column("head", "户主", "Head", lambda h: h.head.name_masked, clearance=2),
        Column("people", "人数", "People", lambda h: h.people, "people", "number"),
        Column("helpless", "需帮助", "Need help", lambda h: h.helpless, "helpless", "number"),
        Column("point", "危险点", "Danger point", lambda h: h.point.name),
        Column("level", "几级转移", "Leaves at", lambda h: Level(h.level).name, "level", "level"),
        Column("shelter", "避灾点", "Shelter", lambda h: h.shelter and h.shelter.name),
    ),
    order=("place__code", "tag"),
    search=("tag", "place__name", "point__name"),
)
MOVES = Register(
    "moves",
    "转移进度",
    "Moves",
    "order.read",
    lambda seat: read.moves(seat=seat),
    (
        Column("tag", "标签", "Tag", lambda m: m.household.tag, "household__tag"),
        Column(
            "place", "村", "Village", lambda m: m.household.place.name, "household__place__code"
        ),
        Column("people", "人数", "People", lambda m: m.household.people, kind="number"),
        Column("state", "状态", "State", lambda m: m.state, "state", words=STATES.__getitem__),
        Column("at", "时间", "At", lambda m: m.at, "at", "time"),
        Column("by", "由谁", "By", lambda m: m.by or None),
        Column("by_word", "他户代答", "By word of another", lambda m: m.by_word, kind="flag"),
        Column(
            "order", "指令", "Order", lambda m: m.order_id, link=lambda m: f"/orders/{m.order_id}"
        ),
    ),
    order=("-order", "state", "household__tag"),
    search=("household__tag", "household__place__name"),
    filters=(choices_of("state", "状态", "State", STATES),),
)
LISTS = (HOUSEHOLDS, MOVES)
