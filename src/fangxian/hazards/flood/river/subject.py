"""Rivers and reservoirs: levels against their marks."""

from fangxian.hazards.flood.tables import RIVER_MARKS
from fangxian.spine.subject import Subject

from .cover import RULES
from .doors import MARKS
from .figures import FIGURES
from .said import rivers_said
from .watch import StageWatch

SUBJECT = Subject(
    "river",
    "水情",
    "Rivers and reservoirs",
    judge=StageWatch,
    cover=RULES,
    sayers={"flood": (rivers_said,)},
    figures=FIGURES,
    families={
        "river": {"river": ("江河水位", "River level")},
        "reservoir": {"reservoir": ("水库汛限", "Reservoir limit")},
    },
    sets=(RIVER_MARKS,),
    doors=(MARKS,),
)
