"""Cover of the river room: a level nobody can judge is a gap."""

from collections.abc import Iterator
from datetime import datetime

from fangxian.spine.assess.read import thresholds_in_force
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.observe.elements import LEVELS
from fangxian.spine.observe.models import Station, in_use
from fangxian.spine.registry.read import owners

from .watch import FAMILIES


def gauges_without_marks(at: datetime) -> Iterator[Judged]:
    """Gauges that send a level and have no mark for it."""
    marked = set(thresholds_in_force(at, family__in=FAMILIES).values_list("station_id", "element"))
    posts = owners("station")
    stations = Station.objects.filter(in_use(), series__element__in=LEVELS)

    def judge(station: Station) -> Uncovered | None:
        sent = {s.element for s in station.series.all() if s.element in LEVELS}
        if all((station.pk, element) in marked for element in sent):
            return None
        told = {"station": station.name, "code": station.code}
        owner, place = posts.get(station.code), station.place_id
        return Uncovered("station", station.code, station.adopted_at, owner, place, told)

    rows = stations.distinct().prefetch_related("series")
    return judged("gauge-without-marks", "station", rows, judge, key=lambda s: s.code)


RULES = (
    CoverRule(
        "gauge-without-marks",
        "水位站无特征水位",
        "Gauge without marks",
        "{station}（{code}）有水位而没有特征水位，无法判别",
        "{station} ({code}) sends a level and has no marks: it cannot be judged",
        gauges_without_marks,
        every_s=600,
        door="marks",
    ),
)
