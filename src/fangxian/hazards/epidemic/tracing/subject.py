"""Tracing: who met whom, in one graph of persons, places, carriers and goods."""

from fangxian.spine.core.things import Kind
from fangxian.spine.subject import Subject

from . import cover, registers, rules, views
from .write import days

SUBJECT = Subject(
    "tracing",
    "流调溯源",
    "Contact tracing",
    families={"epidemic": {days.ILL: ("接触者有症状", "Contact with symptoms")}},
    sets=(rules.TRACING,),
    cover=cover.RULES,
    things=(Kind("node", "流调节点", "node of tracing", registers.look),),
    registers=registers.LISTS,
    routes=views.ROUTES,
    events={
        "trace.entered": ("流调记录", "Edges entered"),
        "trace.withdrawn": ("流调撤回", "Edges withdrawn"),
        "node.case": ("认定病例", "A case"),
        "node.excluded": ("排除病例", "Excluded"),
        "contact.named": ("认定接触者", "Contact named"),
        "contact.gone": ("解除接触者认定", "Contact no more"),
        "followed.said": ("随访记录", "Follow-up"),
    },
    rights={
        "people": {"trace.read": "place", "trace.write": "place", "trace.follow": "place"},
        "command": {"trace.read": "place"},
        "field": {"trace.follow": "place"},
    },
)
