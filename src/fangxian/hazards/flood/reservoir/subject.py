"""Reservoirs: plans raced against the ensemble, the chosen one ordered and compared with what
happened."""

from fangxian.spine.subject import Subject

from . import cover, doors, views
from .rules import DISPATCH_RULES

SUBJECT = Subject(
    "reservoir",
    "水库调度",
    "Reservoirs",
    sets=(DISPATCH_RULES,),
    cover=cover.RULES,
    doors=doors.DOORS,
    routes=views.ROUTES,
    events={
        "reservoir.raced": ("方案试算", "Plans raced"),
        "reservoir.plan_chosen": ("选定调度方案", "Plan chosen"),
    },
    problems={
        "dam.unready": (409, "{dam} 还不能试算：{zh}。", "{dam} cannot be planned yet: {en}."),
        "dam.level_old": (
            409,
            "{dam} 没有新的坝前水位，不能试算。先核对水位站。",
            "{dam} has no recent level; look after its gauge first.",
        ),
        "dam.no_forecast": (
            409,
            "{dam} 没有新的入库预报，不能试算。先登记入库流域或重算预报。",
            "{dam} has no recent inflow forecast: name its basin, or forecast it first.",
        ),
        "release.evacuation_open": (
            409,
            "{dam} 下游 {places} 等 {n} 处正在转移，不能下达泄洪。确须下达的，由您本人写明理由。",
            "{dam}: people below are being moved out ({places}; {n}). To release all the same, "
            "say why.",
        ),
        "race.chosen": (
            409,
            "{dam} 这次试算已经选定。",
            "A plan of this race of {dam} was chosen.",
        ),
        "race.old": (
            409,
            "{dam} 这次试算依据的水位和预报已经过时；先重新试算，再下达。",
            "The level and forecast this race of {dam} rests on are too old; race again first.",
        ),
    },
    rights={
        "data": {"reservoir.race": "place"},
        "command": {"reservoir.race": "place", "reservoir.decide": "place"},
    },
)
