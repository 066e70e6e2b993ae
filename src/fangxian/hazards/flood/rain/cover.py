"""Cover of the rain room: rain that no rule reads is a gap."""

from collections.abc import Iterator
from datetime import datetime

from fangxian.spine.assess.read import thresholds_in_force
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.observe.elements import RAIN_FORMS
from fangxian.spine.observe.models import Series, Station, in_use
from fangxian.spine.registry.read import owners, town_of

from .watch import RAIN, Subject, step_of

UNREAD = ("PR",)  # rain of a storm, over no fixed span: no window can be filled with it


def gauges_not_judged(at: datetime) -> Iterator[Judged]:
    """Gauges whose rain comes in a form that no rule in force can read."""
    rules = list(thresholds_in_force(at, element=RAIN))
    posts = owners("station")
    series = Series.objects.filter(
        in_use(path="station__"), element__in=[*RAIN_FORMS, *UNREAD]
    ).select_related("station__place__parent__parent")
    forms: dict[Station, list[str]] = {}
    for one in series:
        forms.setdefault(one.station, []).append(one.element)

    def judge(station: Station) -> Uncovered | None:
        for form in forms[station]:
            if form in RAIN_FORMS:
                subject = Subject(station, town_of(station.place), step_of(station, form))
                if any(subject.under(rule) for rule in rules):
                    return None
        told = {"station": station.name, "code": station.code, "forms": "/".join(forms[station])}
        owner, place = posts.get(station.code), station.place_id
        return Uncovered("station", station.code, station.adopted_at, owner, place, told)

    return judged("rain-not-judged", "station", forms, judge, key=lambda s: s.code)


RULES = (
    CoverRule(
        "rain-not-judged",
        "雨量无规则判别",
        "Rain that no rule reads",
        "{station}（{code}）的雨量（{forms}）没有规则能判别",
        "{station} ({code}): no rule reads its rain ({forms})",
        gauges_not_judged,
        every_s=600,
        door="thresholds",
    ),
)
