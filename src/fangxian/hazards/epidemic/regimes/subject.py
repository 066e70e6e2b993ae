"""Regimes: the rule book of measures for people, and lists of risk areas."""

from fangxian.spine.subject import Subject

from . import book, doors, registers

SUBJECT = Subject(
    "regimes",
    "管控措施",
    "Measures",
    sets=(book.REGIMES,),
    registers=registers.LISTS,
    doors=doors.LISTS,
    events={
        "risk.listed": ("风险地区清单入库", "List of risk areas taken"),
        "risk.noticed": ("风险地区通告", "Notice of a risk area"),
        "risk.withdrawn": ("风险地区撤回", "Risk area withdrawn"),
    },
    rights={
        "people": {"risk.read": "any", "risk.list": "city"},
        "command": {"risk.read": "any", "risk.list": "city"},
    },
)
