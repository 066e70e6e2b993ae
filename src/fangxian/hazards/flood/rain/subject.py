"""Rain: gauges against rainstorm and flash-flood rules."""

from fangxian.hazards.flood.tables import shipped_thresholds
from fangxian.spine.subject import Subject

from .cover import RULES
from .figures import FIGURES
from .said import rain_said
from .watch import RainWatch

SUBJECT = Subject(
    "rain",
    "雨情",
    "Rain",
    judge=RainWatch,
    cover=RULES,
    sayers={"flood": (rain_said,)},
    figures=FIGURES,
    families={
        "rain": {"rainstorm": ("暴雨信号", "Rain signal"), "flash-flood": ("山洪", "Flash flood")}
    },
    thresholds=shipped_thresholds,
)
