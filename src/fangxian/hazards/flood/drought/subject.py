"""Drought and the sudden turn from drought to flood."""

from fangxian.spine.subject import Subject

from . import cover, read, ticking, views
from .judge import DROUGHT, HAZARD, TURN
from .rules import DROUGHT_RULES

SUBJECT = Subject(
    "drought",
    "旱情",
    "Drought",
    heavy=ticking.tick,
    families={HAZARD: {DROUGHT: ("旱情", "Drought"), TURN: ("旱涝急转", "Drought to flood")}},
    sets=(DROUGHT_RULES,),
    cover=cover.RULES,
    registers=(read.DROUGHTS,),
    routes=views.ROUTES,
    events={"drought.worked_out": ("旱情已计算", "Drought worked out")},
)
