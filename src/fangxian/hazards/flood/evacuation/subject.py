"""Evacuation: households at risk, their way out and back."""

from fangxian.spine.command.desk import COUNTED_ELSEWHERE
from fangxian.spine.ready.lacks import LEAVING
from fangxian.spine.ready.read import TAGS
from fangxian.spine.subject import Subject

from . import cover, doors, figures, read, registers, views, write

if read.people_leaving not in LEAVING:
    LEAVING.append(read.people_leaving)

if read.people_of not in TAGS:
    TAGS.append(read.people_of)
COUNTED_ELSEWHERE.add(read.ACTION)

SUBJECT = Subject(
    "evacuation",
    "转移避险",
    "Evacuation",
    cover=cover.RULES,
    causes={
        "order.issued": (write.open_moves,),
        "response.raised": (write.widen_moves,),
        "stay.in": (write.follow_stay,),
        "stay.out": (write.follow_stay,),
    },
    targets={"danger_villages": read.danger_villages},
    registers=registers.LISTS,
    doors=(doors.HOUSEHOLDS,),
    figures=figures.FIGURES,
    routes=views.ROUTES,
    events={
        "move.moved": ("已离家", "left home"),
        "move.nobody": ("无人在家", "nobody home"),
        "move.refused": ("拒绝转移", "refused to leave"),
        "move.help": ("转移要帮助", "wants help to leave"),
        "move.arrived": ("到避灾点", "at the shelter"),
        "move.returned": ("已返回", "back home"),
    },
    rights={
        "field": {"evacuation.scan": "place"},
        "command": {"evacuation.scan": "place"},
    },
)
